"""For which procedure the answers of a query stand: the codes under which its filler announced a service last.

What a filler makes of an ordered service is its own affair, so that its own messages (RAD-4, RAD-13) say what the
worklist and the archive have to show from then on (RAD TF-2: 4.4, 4.13).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from harness.checks.attribute_tables import pending
from harness.checks.carriers import Carrier, requests
from harness.checks.dimse_reply import accepted, final_evidence
from harness.checks.expecting import (
    NOT_TOLD,
    decided,
    inapplicable,
    patient_of,
    shower,
    told,
    top_queries,
    undecided,
)
from harness.checks.given import never_given
from harness.checks.recording import LegView, PlayView
from harness.dicom.paths import first, values
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.plan import PlannedStep
from harness.model.scenario import Step
from harness.model.transcript import Half

_ANNOUNCING = ("RAD-4", "RAD-13")
_ACCEPTING = frozenset({"AA", "CA"})
_WORKLIST = "RAD-5"
_REQUESTED = "RequestedProcedureCodeSequence[*].CodeValue"
_PROTOCOL = "ScheduledProcedureStepSequence[*].ScheduledProtocolCodeSequence[*].CodeValue"
_PERFORMED = "ProcedureCodeSequence[*].CodeValue"
_DESCRIPTION = "StudyDescription"


@dataclass(frozen=True)
class _Announced:
    """What one message says of a procedure: its code and text, and the codes of its protocols."""

    code: str
    text: str
    protocols: frozenset[str]


def codes(step: PlannedStep, legs: Sequence[LegView], play: PlayView) -> Iterator[Finding]:
    """An entry or study that the last query returns for the patient is of the service."""
    wanted = step.step.expect.service
    patient, queries = patient_of(step, play), top_queries(legs)
    if wanted is None or patient is None or not queries:
        return
    view, exchange = queries[-1]
    worklist = view.step.transaction.id == _WORKLIST
    path = _REQUESTED if worklist else _PERFORMED
    where = path.replace("[*]", "[0]")
    here = exchange.evidence(where)
    announced = _announced(play, wanted, exchange.exchange.request.seq)
    if announced is None or not (announced.code or announced.protocols):
        yield undecided(view, "service", here, wanted, "no message that was seen announces it")
        return
    expected = announced.code or min(announced.protocols)
    if not told(step, view, play, lambda earlier: _tells(earlier, wanted, play)) and not worklist:
        yield inapplicable(view, "service", here, expected, NOT_TOLD)
        return
    own = [(index, entry) for index, entry in pending(exchange) if first(entry, "PatientID").strip() == patient.id]
    if not own:
        counted = step.step.expect.matches is not None or never_given(patient, view, play)
        if counted or not accepted(exchange.status) or any(True for _ in pending(exchange)):
            yield undecided(view, "service", here, expected, "nothing of the patient")
        else:
            yield decided(
                view, "service", False, final_evidence(exchange), expected, "nothing of the patient", shower(view)
            )
        return
    shown = [(index, _of_entry(entry, announced) if worklist else _of_study(entry, announced)) for index, entry in own]
    index, holds = next(((index, True) for index, one in shown if one), shown[-1])
    if worklist and not holds:
        near = [index for index, entry in own if _is_of_procedure(entry, announced)]
        index = near[-1] if near else index
        if near:
            path, expected = _PROTOCOL, " | ".join(sorted(announced.protocols))
    evidence = exchange.evidence(path.replace("[*]", "[0]"), Half.RESPONSE, index)
    if holds is None:
        yield undecided(view, "service", evidence, expected, "neither code nor description")
        return
    received = " | ".join(one.value for one in values(dict(own)[index], path)) or first(dict(own)[index], _DESCRIPTION)
    yield decided(view, "service", holds, evidence, expected, received or "absent", shower(view))


def _announced(play: PlayView, service: str, before: int) -> _Announced | None:
    """What the last message about the service says, among those that were sent before the query."""
    carriers = [
        carrier
        for view in play.legs
        if _tells(view.step.step, service, play)
        for carrier in requests(view)
        if carrier.seq < before and _taken(carrier)
    ]
    last = max(carriers, key=lambda one: one.seq, default=None)
    message = last.content if last is not None else None
    if not isinstance(message, Message):
        return None
    protocols = {hit.value.strip() for path in ("IPC-6.1", "OBR-4.4") for hit in message.all(path)} - {""}
    return _Announced(message.first("OBR-44.1").strip(), message.first("OBR-44.2").strip(), frozenset(protocols))


def _taken(carrier: Carrier) -> bool:
    answer = carrier.exchange.answer_message
    return answer is not None and answer.first("MSA-1") in _ACCEPTING


def _tells(step: Step, service: str, play: PlayView) -> bool:
    return step.transaction in _ANNOUNCING and (step.service or play.play.case.order.service) == service


def _of_entry(entry: Dataset, announced: _Announced) -> bool:
    """Whether a worklist entry has the procedure's code, and protocol codes of it and no others."""
    procedure = {one.value.strip() for one in values(entry, _REQUESTED)}
    protocols = {one.value.strip() for one in values(entry, _PROTOCOL)}
    of_procedure = not announced.code or not procedure or announced.code in procedure
    of_protocol = not announced.protocols or not protocols or protocols <= announced.protocols
    return of_procedure and of_protocol and bool(procedure or protocols)


def _is_of_procedure(entry: Dataset, announced: _Announced) -> bool:
    """Whether a worklist entry has the procedure's code, so that what is wrong with it are its protocols."""
    return bool(announced.code) and announced.code in {one.value.strip() for one in values(entry, _REQUESTED)}


def _of_study(study: Dataset, announced: _Announced) -> bool | None:
    """Whether a study has the procedure's code, or else its text; None where it shows neither."""
    shown = {one.value.strip() for one in values(study, _PERFORMED)} - {""}
    if shown and announced.code:
        return announced.code in shown
    description = first(study, _DESCRIPTION).strip()
    if description and announced.text:
        return description == announced.text
    return None
