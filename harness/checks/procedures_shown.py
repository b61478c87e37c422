"""Procedure updates: the worklist shows a procedure as its filler changed it, and nobody starts what was cancelled.

RAD TF-2: 4.13. A message about a step is found by study and step; the last one that was taken before a query counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydicom.dataset import Dataset

from harness.checks.carriers import Carrier, Seen, answers, requests
from harness.checks.chart import places
from harness.checks.compare import equal, is_empty
from harness.checks.recording import LegView, PlayView
from harness.checks.registry import Scope, play_check
from harness.dicom.paths import first
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.names import ActorName
from harness.model.profile import Service
from harness.model.tables import Edge
from harness.model.verdict import Confidence, Outcome

CHECK = "procedures.shown"
CHANGED = "updates/worklist-shows-procedure"
STARTED = "updates/cancelled-not-started"

_UPDATE, _WORKLIST, _STARTING = "RAD-13", "RAD-5", "RAD-6"
_TELLING = ("RAD-4", _UPDATE)
_CANCELLING = ("CA", "DC")
_ACCEPTING = frozenset({"AA", "CA"})


@play_check(CHECK, rules=(CHANGED, STARTED), scope=Scope.PLAY)
def check(play: PlayView) -> Iterator[Finding]:
    """Every worklist entry that came after a change, every performed step that came after a cancel."""
    told = [
        carrier
        for view in play.legs
        if view.step.transaction.id in _TELLING
        for carrier in requests(view)
        if _taken(carrier)
    ]
    if any(carrier.transaction == _UPDATE for carrier in told):
        yield from _shown(play, told)
        yield from _started(play, told)


def _taken(carrier: Carrier) -> bool:
    answer = carrier.exchange.answer_message
    return isinstance(carrier.content, Message) and answer is not None and answer.first("MSA-1") in _ACCEPTING


def _shown(play: PlayView, told: Sequence[Carrier]) -> Iterator[Finding]:
    """The entries of the last answer to each query step, where the last word on them was a change."""
    edges = [
        edge
        for edge in play.knowledge.edges
        if (edge.source_place.transaction, edge.target.transaction) == (_UPDATE, _WORKLIST)
        and edge.confidence is not Confidence.UNSURE
    ]
    for view in play.of(_WORKLIST):
        found = answers(view)
        last = max((carrier.exchange.exchange.request.seq for carrier in found), default=0)
        for entry in found:
            asked = entry.exchange.exchange.request.seq
            update = _last(told, view.responder, entry, asked) if asked == last else None
            if update is not None and update.transaction == _UPDATE and _control(update) == "XO":
                yield from _compared(play, view, entry, update, edges)


def _compared(
    play: PlayView, view: LegView, entry: Carrier, update: Carrier, edges: Sequence[Edge]
) -> Iterator[Finding]:
    """The entry against what the update says of its step; one contradiction is enough."""
    wrong: Finding | None = None
    compared = False
    for edge in edges:
        terms = [seen.term for seen in _of_step(update, edge, entry) if not is_empty(edge.compare, seen.term)]
        for seen in places(entry, edge.target, edge.compare) if terms else ():
            if is_empty(edge.compare, seen.term):
                continue
            compared = True
            if wrong is None and not any(equal(edge.compare, term, seen.term) for term in terms):
                text = " | ".join(dict.fromkeys(term.text for term in terms))
                wrong = next(_ruled(play, view, entry, seen, text), None)
    if wrong is not None:
        yield wrong
    elif compared:
        yield from play.ruled(CHANGED, view, Outcome.MET, view.responder, entry.evidence())


def _ruled(play: PlayView, view: LegView, entry: Carrier, seen: Seen, expected: str) -> Iterator[Finding]:
    yield from play.ruled(
        CHANGED,
        view,
        Outcome.VIOLATED,
        view.responder,
        entry.evidence(seen.path),
        expected=expected,
        received=seen.term.text,
        origin=f"ORC-1 XO in {_UPDATE}",
    )


def _of_step(update: Carrier, edge: Edge, entry: Carrier) -> Iterator[Seen]:
    """What the update says at the edge's place, in the groups of the entry's step."""
    steps = _values(entry, "step")
    for seen in places(update, edge.source_place, edge.compare):
        beside = update.beside(seen.path).get("step", frozenset())
        if not beside or beside & steps:
            yield seen


def _started(play: PlayView, told: Sequence[Carrier]) -> Iterator[Finding]:
    """What a modality starts is not cancelled, as far as the modality could see: its last query did not show it."""
    for view in play.of(_STARTING):
        if view.planned.leg.reaction:
            continue
        for carrier in requests(view):
            command = carrier.exchange.exchange.request.command
            if command is None or command.service is not Service.N_CREATE:
                continue
            word = _last_of(told, carrier)
            if word is None:
                continue
            cancelled = _control(word) in _CANCELLING
            if cancelled and not _seen_gone(play, view.initiator, carrier, word.seq):
                continue
            study = next(iter(sorted(_values(word, "study"))), "")
            yield from play.ruled(
                STARTED,
                view,
                Outcome.VIOLATED if cancelled else Outcome.MET,
                view.initiator,
                carrier.evidence("ScheduledStepAttributesSequence[0].ScheduledProcedureStepID"),
                expected="a step that the worklist shows" if cancelled else "",
                received=f"a cancelled step of study {study}" if cancelled else "",
                origin=f"ORC-1 {_control(word)} in {_UPDATE}" if cancelled else "",
            )


def _seen_gone(play: PlayView, modality: ActorName, started: Carrier, cancelled: int) -> bool:
    """Whether the modality asked for the patient after the cancel, and saw no entry of the step."""
    patient = first(started.content, "PatientID").strip() if isinstance(started.content, Dataset) else ""
    asked = [
        exchange
        for view in play.of(_WORKLIST)
        if view.initiator == modality
        for exchange in view.exchanges
        if cancelled < exchange.exchange.request.seq < started.seq
        and exchange.request_dataset is not None
        and first(exchange.request_dataset, "PatientID").strip() == patient != ""
    ]
    if not asked:
        return False
    last = max(asked, key=lambda one: one.exchange.request.seq)
    steps = _values(started, "step")
    entries = [carrier for view in play.of(_WORKLIST) for carrier in answers(view) if carrier.exchange is last]
    return not any(_values(entry, "step") & steps for entry in entries)


def _last(told: Sequence[Carrier], filler: ActorName, entry: Carrier, before: int) -> Carrier | None:
    """The filler's last message about an entry's step."""
    own = [one for one in told if one.leg.initiator == filler and one.seq < before]
    return _last_of(own, entry)


def _last_of(told: Sequence[Carrier], about: Carrier) -> Carrier | None:
    """The last message before another one that is about its study and step."""
    studies, steps = _values(about, "study"), _values(about, "step")
    found = [
        one for one in told if one.seq < about.seq and _values(one, "study") & studies and _values(one, "step") & steps
    ]
    return max(found, key=lambda one: one.seq, default=None)


def _values(carrier: Carrier, kind: str) -> frozenset[str]:
    return frozenset(one.value for one in carrier.identifiers if one.kind == kind)


def _control(carrier: Carrier) -> str:
    """ORC-1 of a message; nothing where its orders have several."""
    if not isinstance(carrier.content, Message):
        return ""
    controls = {one.value for one in carrier.content.all("ORC-1")}
    return controls.pop() if len(controls) == 1 else ""
