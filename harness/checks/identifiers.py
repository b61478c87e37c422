"""The ledger of a play: each identifier, and where it was seen, in order. Judges nothing itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from harness.checks import consistency
from harness.checks.carriers import Carrier, of_play
from harness.checks.recording import PlayView
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.names import ActorName
from harness.model.profile import Service
from harness.model.run import LedgerEntry
from harness.model.transcript import Half
from harness.model.verdict import Outcome

_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "patient": "Patient ID",
        "placer": "Placer Order Number",
        "filler": "Filler Order Number",
        "accession": "Accession Number",
        "procedure": "Requested Procedure ID",
        "step": "Scheduled Procedure Step ID",
        "study": "Study Instance UID",
        "mpps": "MPPS SOP Instance UID",
        "series": "Series Instance UID",
        "instance": "SOP Instance UID",
        "transaction": "Transaction UID",
    }
)
"""The identifiers of the ledger in the order of the workflow."""

_MANY = frozenset({"series", "instance"})
_QUERIES = frozenset({Service.C_FIND, Service.C_MOVE, Service.C_GET})


def ledger(play: PlayView, findings: Iterable[Finding] | None = None) -> tuple[LedgerEntry, ...]:
    """Every identifier of the play with each place it was seen at, grouped by identifier.

    `findings` are the consistency findings of the play; they are decided here when not given. Of series and instances
    the first and the last are listed.
    """
    judged = consistency.check(play) if findings is None else findings
    broken = {
        (finding.evidence.exchange, finding.evidence.half, finding.evidence.response, finding.evidence.path)
        for finding in judged
        if finding.outcome is Outcome.VIOLATED and finding.evidence is not None
    }
    entries: dict[tuple[str, str], dict[tuple[str, bool], LedgerEntry]] = {}
    for carrier in of_play(play):
        if not _of_interest(play, carrier):
            continue
        for one in carrier.identifiers:
            evidence = carrier.evidence(one.path)
            key = (evidence.exchange, evidence.half, evidence.response, evidence.path)
            entry = LedgerEntry(
                name=_NAMES[one.kind],
                value=one.value,
                place=_place(carrier, one.path),
                exchange=evidence.exchange,
                actor=_writer(carrier),
                broken=key in broken,
            )
            entries.setdefault((one.kind, one.value), {}).setdefault((entry.place, entry.broken), entry)
    return tuple(_ordered(entries))


def _ordered(
    entries: Mapping[tuple[str, str], Mapping[tuple[str, bool], LedgerEntry]],
) -> Iterator[LedgerEntry]:
    for kind in _NAMES:
        values = [value for of, value in entries if of == kind]
        if kind in _MANY and len(values) > 2:
            shown = {values[0], values[-1]}
            values = [
                value
                for value in values
                if value in shown or any(entry.broken for entry in entries[kind, value].values())
            ]
        for value in values:
            yield from entries[kind, value].values()


def _of_interest(play: PlayView, carrier: Carrier) -> bool:
    """Requests, queries aside; answers of queries for the play's patients, and HL7 answers that carry identifiers."""
    command = carrier.exchange.exchange.request.command
    if command is None:
        return True
    if carrier.half is Half.REQUEST:
        return command.service not in _QUERIES
    patients = {patient.id for patient in play.play.case.patients.values()}
    named = {one.value for one in carrier.identifiers if one.kind == "patient"}
    return command.service is Service.C_FIND and (not named or bool(named & patients))


def _place(carrier: Carrier, path: str) -> str:
    """`step: message path`."""
    if isinstance(carrier.content, Message):
        return f"{carrier.step}: {carrier.content.type} {path}"
    command = carrier.exchange.exchange.request.command
    service = command.service.value if command is not None else ""
    answer = " response" if carrier.half is Half.RESPONSE else ""
    return f"{carrier.step}: {service}{answer} {path}"


def _writer(carrier: Carrier) -> ActorName:
    leg = carrier.leg
    return leg.initiator if carrier.half is Half.REQUEST else leg.responder
