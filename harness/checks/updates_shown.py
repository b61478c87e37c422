"""Patient and procedure updates: what an actor shows after it took one, or made one, is the new state.

RAD TF-2: 4.12 and 4.13. Whom a step expects is for the expectations to judge, whom it shows beside is judged here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from pydicom.dataset import Dataset

from harness.checks.attribute_tables import pending
from harness.checks.carriers import Carrier, requests
from harness.checks.compare import Syntax, Term, equal, is_empty
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.checks.registry import Scope, play_check
from harness.dicom.paths import elements, first, value_text, values
from harness.hl7 import Message
from harness.model.finding import Evidence, Finding
from harness.model.names import HARNESS, ActorName, PlayerName
from harness.model.profile import Service
from harness.model.tables import Comparison
from harness.model.transcript import Half
from harness.model.verdict import Outcome

CHECK = "updates.shown"
WORKLIST = "updates/worklist-shows-patient"
QUERY = "updates/query-shows-patient"
RETRIEVED = "updates/retrieve-shows-patient"
CANCELLED = "updates/worklist-without-cancelled"
ISSUED = "updates/report-shows-patient"
EXPORTED = "updates/export-shows-patient"

_ACCEPTING = frozenset({"AA", "CA"})
_RULES = {
    "RAD-5": WORKLIST,
    "RAD-11": QUERY,
    "RAD-14": QUERY,
    "RAD-16": RETRIEVED,
    "RAD-25": ISSUED,
    "RAD-28": EXPORTED,
}
_MADE = ("RAD-25", "RAD-28")
"""Transactions in which a report is handed on unasked."""
_DEMOGRAPHICS = (
    ("PatientName", "PID-5", Comparison.NAME),
    ("PatientBirthDate", "PID-7", Comparison.DATE),
    ("PatientSex", "PID-8", Comparison.SEX),
)
_REPETITIONS = 20
"""How many patient identifiers of a message are looked at."""
_STEP_ID = "ScheduledProcedureStepSequence[*].ScheduledProcedureStepID"


@dataclass(frozen=True)
class _Shown:
    """One entry, object or result that shows a patient, and since when its shower was asked."""

    view: LegView
    actor: ActorName
    evidence: Evidence
    content: Dataset | Message
    asked: int

    @property
    def player(self) -> PlayerName:
        """Who plays the actor that shows it."""
        planned = self.view.planned
        return planned.initiator if self.actor == self.view.initiator else planned.responder

    @property
    def dataset(self) -> Dataset:
        """What is shown, unless it is a result of HL7."""
        return Dataset() if isinstance(self.content, Message) else self.content

    @property
    def identifier(self) -> str:
        """The patient's ID."""
        if isinstance(self.content, Message):
            return self.content.first("PID-3.1").strip()
        return first(self.content, "PatientID").strip()

    def at(self, path: str, field_path: str) -> tuple[str, Term]:
        """Where a value stands, an attribute or a field, and what is there."""
        if isinstance(self.content, Message):
            return field_path, Term(self.content.first(field_path), Syntax.HL7)
        return path, Term(first(self.content, path), Syntax.DICOM)


@dataclass
class _Known:
    """What an actor was told of patients: who was dissolved into whom, and the messages about each since its update."""

    merged: dict[str, str] = field(default_factory=dict)
    told: dict[str, list[Message]] = field(default_factory=dict)


@play_check(CHECK, rules=(WORKLIST, QUERY, RETRIEVED, CANCELLED, ISSUED, EXPORTED), scope=Scope.PLAY)
def check(play: PlayView) -> Iterator[Finding]:
    """Every worklist entry, query answer and retrieved object that came after an update."""
    known: dict[tuple[ActorName, PlayerName, int], _Known] = {}
    for shown in _shown(play):
        moment = shown.actor, shown.player, shown.asked
        if moment not in known:
            known[moment] = _known(_messages(play, shown))
        yield from _patient(play, shown, known[moment])
        if shown.view.step.transaction.id == "RAD-5":
            yield from _cancelled(play, shown)


def _shown(play: PlayView) -> Iterator[_Shown]:
    """The answers to the last query for each step and set of keys, and what retrieves deliver."""
    for view in play.legs:
        if view.step.transaction.id not in _RULES:
            continue
        if view.step.transaction.id in _MADE:
            for carrier in requests(view):
                path = "PID-3" if isinstance(carrier.content, Message) else "PatientID"
                yield _Shown(view, view.initiator, carrier.evidence(path), carrier.content, carrier.seq)
            continue
        for exchange in _last_queries(view):
            for index, entry in pending(exchange):
                where = exchange.evidence("PatientID", Half.RESPONSE, index)
                yield _Shown(view, view.responder, where, entry, exchange.exchange.request.seq)
        if view.planned.leg.reaction:
            asked = [
                exchange.exchange.request.seq
                for leg in play.legs
                if leg.step is view.step and not leg.planned.leg.reaction
                for exchange in leg.exchanges
            ]
            for carrier in requests(view):
                if asked and isinstance(carrier.content, Dataset):
                    yield _Shown(view, view.initiator, carrier.evidence("PatientID"), carrier.content, min(asked))


def _last_queries(view: LegView) -> Sequence[ExchangeView]:
    last: dict[object, ExchangeView] = {}
    for exchange in view.exchanges:
        command, identifier = exchange.exchange.request.command, exchange.request_dataset
        if command is not None and command.service is Service.C_FIND and identifier is not None:
            last[frozenset((element.tag, value_text(element)) for element in elements(identifier))] = exchange
    return tuple(last.values())


def _messages(play: PlayView, shown: _Shown) -> list[tuple[Carrier, Message]]:
    """What whoever shows something was told and took before it was asked, in order.

    What another player of its actor was told counts where a hook carries it over.
    """
    found = []
    players = {shown.player, HARNESS} if shown.view.planned.fed else {shown.player}
    for view in play.legs:
        if view.responder != shown.actor or not players & {view.planned.responder, view.planned.claimed_by}:
            continue
        for carrier in requests(view):
            answer = carrier.exchange.answer_message
            if not isinstance(carrier.content, Message) or answer is None or answer.first("MSA-1") not in _ACCEPTING:
                continue
            if max(one.seq for one in carrier.exchange.exchange.responses) < shown.asked:
                found.append((carrier, carrier.content))
    return sorted(found, key=lambda one: one[0].seq)


def _known(messages: Sequence[tuple[Carrier, Message]]) -> _Known:
    known = _Known()
    for carrier, message in messages:
        identifiers = [one.value for one in message.all("PID-3.1") if one.value]
        dissolved = message.first("MRG-1.1")
        update = carrier.transaction == "RAD-12" and message.type in ("ADT^A08", "ADT^A40")
        surviving = _surviving(message) if message.type == "ADT^A40" else ""
        if update and dissolved and surviving and dissolved not in identifiers:
            known.merged[dissolved] = surviving
        for identifier in identifiers:
            known.merged.pop(identifier, None)
            if update:
                known.told[identifier] = [message]
            elif identifier in known.told:
                known.told[identifier].append(message)
    return known


def _surviving(message: Message) -> str:
    """The identifier in PID-3 that an A40 merges into; nothing where it is of another authority than MRG-1."""
    authority = message.first("MRG-1.4.1")
    found = ((message.first(f"PID-3[{n}].1"), message.first(f"PID-3[{n}].4.1")) for n in range(1, _REPETITIONS))
    return next((one for one, of in found if one and (not of or not authority or of == authority)), "")


def _patient(play: PlayView, shown: _Shown, known: _Known) -> Iterator[Finding]:
    expected = play.play.case.patients.get(shown.view.step.step.expect.patient or "")
    identifier = shown.identifier
    if expected is not None and identifier == expected.id:
        return
    where, _ = shown.at("PatientID", "PID-3")
    if identifier in known.merged:
        yield from _ruled(play, shown, where, known.merged[identifier], identifier)
        return
    told = known.told.get(identifier, [])
    if not told:
        return
    for attribute, field_path, kind in _DEMOGRAPHICS:
        path, value = shown.at(attribute, field_path)
        terms = [Term(message.first(field_path), Syntax.HL7) for message in told]
        wanted = [term for term in terms if not is_empty(kind, term)]
        if wanted and not is_empty(kind, value) and not any(equal(kind, term, value) for term in wanted):
            yield from _ruled(play, shown, path, wanted[-1].text, value.text)
            return
    yield from _ruled(play, shown, where, "", "")


def _ruled(play: PlayView, shown: _Shown, path: str, expected: str, received: str) -> Iterator[Finding]:
    yield from play.ruled(
        _RULES[shown.view.step.transaction.id],
        shown.view,
        Outcome.VIOLATED if expected else Outcome.MET,
        shown.actor,
        replace(shown.evidence, path=path),
        expected=expected,
        received=received,
        origin="updated in RAD-12" if expected else "",
    )


def _cancelled(play: PlayView, shown: _Shown) -> Iterator[Finding]:
    """A scheduled step that its filler cancelled (RAD-13 CA or DC) is not in the worklist."""
    if shown.view.step.step.expect.matches is not None:
        return
    study = first(shown.dataset, "StudyInstanceUID").strip()
    steps = {one.value.strip() for one in values(shown.dataset, _STEP_ID)}
    told = [
        carrier
        for view in play.legs
        if view.initiator == shown.actor and view.step.transaction.id in ("RAD-4", "RAD-13")
        for carrier in requests(view)
        if carrier.seq < shown.asked
    ]
    last = ""
    for carrier in sorted(told, key=lambda one: one.seq):
        own = {(one.kind, one.value) for one in carrier.identifiers}
        if ("study", study) in own and any(("step", step) in own for step in steps):
            last = _control(carrier)
    if last:
        yield from play.ruled(
            CANCELLED,
            shown.view,
            Outcome.VIOLATED if last in ("CA", "DC") else Outcome.MET,
            shown.actor,
            shown.evidence,
            expected="no entry" if last in ("CA", "DC") else "",
            received=f"an entry of study {study}" if last in ("CA", "DC") else "",
            origin=f"ORC-1 {last} in RAD-13" if last in ("CA", "DC") else "",
        )


def _control(carrier: Carrier) -> str:
    """ORC-1 of a message; nothing where its orders have several."""
    if not isinstance(carrier.content, Message):
        return ""
    controls = {one.value for one in carrier.content.all("ORC-1")}
    return controls.pop() if len(controls) == 1 else ""
