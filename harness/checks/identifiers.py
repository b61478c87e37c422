"""The identifiers of a play: where each was seen, in order; their ledger. Judges nothing itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from harness.checks import consistency
from harness.checks.carriers import Carrier, of_play
from harness.checks.recording import PlayView
from harness.hl7 import Message
from harness.model.finding import Evidence, Finding
from harness.model.names import ActorName, StepId, TransactionId
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
        finding.evidence: finding
        for finding in judged
        if finding.outcome is Outcome.VIOLATED and finding.evidence is not None
    }
    entries: _Entries = {}
    for carrier in of_play(play):
        if not _of_interest(play, carrier):
            continue
        places = {carrier.evidence(one.path): one for one in carrier.identifiers}
        for evidence, one in places.items():
            _add(entries, carrier, one.kind, one.value, evidence, broken.get(evidence))
        missing = [one for one in broken if one not in places and replace(one, path="") == carrier.evidence()]
        for evidence in missing:
            for kind in sorted(carrier.kinds_at(evidence.path)):
                _add(entries, carrier, kind, "", evidence, broken[evidence])
    return tuple(_ordered(entries))


class Sighting(NamedTuple):
    """An identifier where a play shows it first; `patients` are those that stand beside it, if any."""

    name: str
    value: str
    transaction: TransactionId
    step: StepId
    path: str
    patients: frozenset[str]


def sightings(play: PlayView) -> Iterator[Sighting]:
    """Each identifier of a play once, in the order in which they appear."""
    known: set[tuple[str, str]] = set()
    for carrier in of_play(play):
        for one in carrier.identifiers if _of_interest(play, carrier) else ():
            if one.value and (one.kind, one.value) not in known:
                known.add((one.kind, one.value))
                patients = carrier.beside(one.path).get("patient", frozenset())
                transaction = carrier.leg.step.transaction.id
                yield Sighting(_NAMES[one.kind], one.value, transaction, carrier.step, one.path, patients)


_Entries = dict[tuple[str, str], dict[tuple[str, bool], LedgerEntry]]


def _add(
    entries: _Entries, carrier: Carrier, kind: str, value: str, evidence: Evidence, finding: Finding | None
) -> None:
    seen = entries.setdefault((kind, value), {})
    entry = LedgerEntry(
        name=_NAMES[kind],
        value=value,
        place=_place(carrier, evidence.path),
        exchange=evidence.exchange,
        actor=_writer(carrier),
        first=not seen,
        broken=finding is not None,
        requirement=finding.requirement if finding is not None else None,
        charged=finding.actor if finding is not None else None,
    )
    seen.setdefault((entry.place, entry.broken), entry)


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
