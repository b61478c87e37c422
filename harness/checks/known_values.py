"""Required if known (R2, RE, CE): a value that the sender is known to hold has to be sent (RAD TF-2: 2.3).

A receiver may ignore what a field says, so that being told a value is no proof of holding it. A sender holds

* what its case gave it, as the originator;
* what stands in the message that it answers, or that it hands on: the same event, with the same content;
* of what it was told earlier in the play, in the same field and for the same patient, visit or order, by a message that
  it accepted and on a link that was seen: what every receiver keeps, and what it has sent on itself since.

A later null takes a value back; a merge, and a cancelled or moved visit, leave open what is held. Where the play shows
nothing, nothing is decided. What a message says of its own entry (ORC-10, ORC-14) is never carried over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from harness.checks.conditions import holds
from harness.checks.hl7_groups import Groups
from harness.checks.hl7_table import CHECK as TABLE
from harness.checks.hl7_table import NULL, answer_table, at_occurrence, blanks_of
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.checks.registry import Scope, play_check
from harness.hl7 import Message, Segment, parse_path
from harness.model.finding import Finding
from harness.model.names import ActorName, PlayerName, RequirementId
from harness.model.plan import LegState
from harness.model.scenario import Patient
from harness.model.tables import Hl7Row, Usage
from harness.model.transcript import Half
from harness.model.verdict import Outcome
from harness.profiles import Knowledge

CHECK = "hl7.known-values"

_IF_KNOWN = (Usage.REQUIRED_IF_KNOWN, Usage.REQUIRED_MAY_BE_EMPTY, Usage.CONDITIONAL_MAY_BE_EMPTY)
_ACCEPTING = frozenset({"AA", "CA"})
_UNSETTLING = frozenset({"ADT^A11", "ADT^A12", "ADT^A13", "ADT^A38", "ADT^A40"})
"""After these, what was told of the patient's visit, or of the patient, may no longer hold."""
_KEPT = frozenset({"PID-7", "ORC-2", "OBR-2"})
"""What every receiver keeps: by it a patient is told from another, and an order is named to its placer."""
_HEADER = "MSH"
"""Each sender has its own."""
_OF_PATIENT = ("PID", "PV1")
_OF_ORDER = ("OBR",)
_PLACER, _FILLER = "ORC-2", "ORC-3"
_VISIT = ("PV1-19.1", "PID-18.1")
_OF_CASE: Mapping[str, Callable[[Patient], str]] = MappingProxyType(
    {
        "PID-7": lambda patient: patient.birth_date,
        "PID-10": lambda patient: patient.race,
        "PID-11": lambda patient: "^".join(patient.address),
    }
)

Key = tuple[str, ...]
"""What a value is about: a patient, a visit or an order."""


@dataclass(frozen=True)
class _Told:
    """A value, and where it was told."""

    value: str
    where: str


@dataclass
class _Memory:
    """What one actor, as one player plays it, was told."""

    of: dict[Key, dict[str, _Told]] = field(default_factory=dict)
    sent: set[tuple[Key, str]] = field(default_factory=set)
    """What it has said itself."""
    last: dict[tuple[Key, str], _Sent] = field(default_factory=dict)
    """The last message of each type about a patient."""

    def note(self, key: Key, path: str, told: _Told | None) -> None:
        held = self.of.setdefault(key, {})
        if told is None:
            held.pop(path, None)
            self.sent.discard((key, path))
        else:
            held[path] = told

    def held(self, key: Key, path: str) -> _Told | None:
        """What it was told, where that is what it keeps, or what it has said itself."""
        kept = path in _KEPT or (key, path) in self.sent
        return self.of.get(key, {}).get(path) if kept else None

    def forget(self, key: Key) -> None:
        """Nothing is known any more of a patient, or of his visits."""
        for known in [one for one in self.of if one[: len(key)] == key]:
            del self.of[known]
        for about in [one for one in self.last if one[0][: len(key)] == key]:
            del self.last[about]


@dataclass(frozen=True, eq=False)
class _Sent:
    """A message that has a table, or one that an actor received; `seq` is its place in the recording."""

    seq: int
    view: LegView
    exchange: ExchangeView
    message: Message
    half: Half
    table: str

    @property
    def sender(self) -> tuple[ActorName, PlayerName]:
        ends = self.view.planned
        request = self.half is Half.REQUEST
        return (self.view.initiator, ends.initiator) if request else (self.view.responder, ends.responder)

    @property
    def receiver(self) -> tuple[ActorName, PlayerName]:
        ends = self.view.planned
        request = self.half is Half.REQUEST
        return (self.view.responder, ends.responder) if request else (self.view.initiator, ends.initiator)

    @property
    def answered(self) -> _Sent | None:
        """Of an answer the message that it answers."""
        message = self.exchange.request_message
        seq = self.exchange.exchange.request.seq
        return _Sent(seq, self.view, self.exchange, message, Half.REQUEST, "") if message is not None else None


@play_check(CHECK, scope=Scope.PLAY)
def check(play: PlayView) -> Iterator[Finding]:
    """Each message of the play against what its sender was told before."""
    paths = play.knowledge.once(_paths)
    memories: dict[tuple[ActorName, PlayerName], _Memory] = {}
    for sent in sorted(_messages(play), key=lambda one: one.seq):
        own = memories.setdefault(sent.sender, _Memory())
        if sent.table:
            yield from _judged(play, sent, own)
        said = tuple(_said(sent.message, paths))
        own.sent |= {(key, path) for key, path, text in said if text.strip() != NULL}
        if _accepted(sent):
            _learn(memories.setdefault(sent.receiver, _Memory()), sent, said)


def _paths(knowledge: Knowledge) -> tuple[str, ...]:
    """Every field that some table requires if known."""
    found = {
        path for table in knowledge.hl7_tables.values() for path, row in table.rows.items() if row.use in _IF_KNOWN
    }
    return tuple(sorted(path for path in found if path[:3] in (*_OF_PATIENT, *_OF_ORDER) or path == _PLACER))


def _messages(play: PlayView) -> Iterator[_Sent]:
    for view in play.legs:
        if view.planned.state is not LegState.LIVE:
            continue
        for exchange in view.exchanges:
            message, answer = exchange.request_message, exchange.answer_message
            if message is None:
                continue
            form = view.message_form(message)
            table = form.table if form is not None and form.table in view.knowledge.hl7_tables else ""
            yield _Sent(exchange.exchange.request.seq, view, exchange, message, Half.REQUEST, table)
            if answer is not None and answer.has("MSA-1"):
                name = answer_table(view, message, answer)
                yield _Sent(exchange.exchange.responses[0].seq, view, exchange, answer, Half.RESPONSE, name)


def _accepted(sent: _Sent) -> bool:
    """Whether the receiver took the message; an answer is taken."""
    if sent.half is Half.RESPONSE:
        return sent.message.first("MSA-1") in _ACCEPTING
    answer = sent.exchange.answer_message
    return answer is not None and answer.first("MSA-1") in _ACCEPTING


def _learn(memory: _Memory, sent: _Sent, said: tuple[tuple[Key, str, str], ...]) -> None:
    message = sent.message
    for key in message.once(_all_patients):
        if message.type in _UNSETTLING:
            memory.forget(key)
        memory.last[key, message.type] = sent
    if message.type in _UNSETTLING:
        return
    where = f"{sent.view.step.transaction.id} {sent.view.step.step.id}"
    first: dict[tuple[Key, str], str] = {}
    for key, path, text in said:
        once = first.setdefault((key, path), text) == text
        told = _Told(text, f"{where} {path}") if once and text.strip() != NULL else None
        memory.note(key, path, told)


def _said(message: Message, paths: tuple[str, ...]) -> Iterator[tuple[Key, str, str]]:
    """What a message says at each path, and of what."""
    subjects, blanks = message.once(_Subjects), message.once(blanks_of)
    for path in paths:
        target = parse_path(path)
        for segment in subjects.groups.of(target.segment):
            if segment.written(target.field):
                hits = message.located(subjects.groups.bound(target, segment.occurrence))
                text = next((hit.value for hit in hits if hit.value.strip(blanks)), "")
                for key in subjects.of(segment) if text else ():
                    yield key, path, text


def _judged(play: PlayView, sent: _Sent, memory: _Memory) -> Iterator[Finding]:
    table = play.knowledge.hl7_tables[sent.table]
    message, subjects, blanks = sent.message, sent.message.once(_Subjects), sent.message.once(blanks_of)
    for path, row in table.rows.items():
        target = parse_path(path)
        if row.use not in _IF_KNOWN or target.segment == _HEADER or not _applies(message, row):
            continue
        for segment in subjects.groups.of(target.segment):
            told = _held(memory, sent, subjects.of(segment), path) or _given(play, sent, subjects.patients, path)
            if told is None:
                continue
            bound = subjects.groups.bound(target, segment.occurrence)
            hits = message.located(bound)
            sends = [hit for hit in hits if hit.value.strip(blanks)]
            yield _finding(sent, f"{sent.table}/{path}", str(bound), told, sends[0].value if sends else "")


def _finding(sent: _Sent, requirement: str, path: str, told: _Told, value: str) -> Finding:
    response = 0 if sent.half is Half.REQUEST else len(sent.exchange.exchange.responses) - 1
    return sent.view.finding(
        TABLE,
        RequirementId(requirement),
        Outcome.MET if value else Outcome.VIOLATED,
        sent.sender[0],
        sent.exchange.evidence(path, sent.half, response),
        expected=f"a value, for the sender knows {told.value}",
        received=value or "absent",
        origin="" if value else told.where,
    )


def _applies(message: Message, row: Hl7Row) -> bool:
    """A condition that is prose, or that does not hold, leaves nothing to prove."""
    if row.condition or (row.use is Usage.CONDITIONAL_MAY_BE_EMPTY and not row.when):
        return False
    return not row.when or holds(row.when, lambda path: [hit.value.strip() for hit in message.all(path)]) is True


def _held(memory: _Memory, sent: _Sent, keys: tuple[Key, ...], path: str) -> _Told | None:
    """What the sender holds under these keys, if it is one thing only."""
    if sent.half is Half.RESPONSE:
        return _repeated(sent.answered, keys, path)
    if sent.view.planned.leg.reaction:
        sources = {memory.last.get((key, sent.message.type)) for key in sent.message.once(_Subjects).patients} - {None}
        return _repeated(sources.pop(), keys, path) if len(sources) == 1 else None
    found = {told.value: told for key in keys if (told := memory.held(key, path)) is not None}
    return next(iter(found.values())) if len(found) == 1 else None


def _repeated(source: _Sent | None, keys: tuple[Key, ...], path: str) -> _Told | None:
    """What the message that is answered or handed on says at the path, if it is one thing only."""
    if source is None:
        return None
    found = {text for key, _, text in _said(source.message, (path,)) if key in keys}
    where = f"{source.view.step.transaction.id} {source.view.step.step.id} {path}"
    return _Told(found.pop(), where) if len(found) == 1 and NULL not in found else None


# what a value is about


class _Subjects:
    """What the segments of one message are about."""

    def __init__(self, message: Message) -> None:
        self._message = message
        self._found: dict[Segment, tuple[Key, ...]] = {}
        self.groups = message.once(Groups)
        self.patients = _patients(message)

    def of(self, segment: Segment) -> tuple[Key, ...]:
        """What one segment is about."""
        if segment not in self._found:
            keys = _keys(self._message, self.groups, segment.name, segment.occurrence, self.patients)
            self._found[segment] = keys
        return self._found[segment]


def _patients(message: Message) -> tuple[Key, ...]:
    """The patient by each identifier; none when the message is about several, or says nobody."""
    if message.segment_names().count("PID") != 1:
        return ()
    return message.once(_all_patients)


def _all_patients(message: Message) -> tuple[Key, ...]:
    keys = []
    for path in ("PID-3", "MRG-1"):
        numbers = message.all(f"{path}.1")
        names, universals = message.all(f"{path}.4.1"), message.all(f"{path}.4.2")
        for number, name, universal in zip(numbers, names, universals, strict=False):
            authority = name.value.strip() or universal.value.strip()
            if number.value.strip() and authority:
                keys.append(("patient", number.value.strip(), authority))
    return tuple(dict.fromkeys(keys))


def _keys(
    message: Message, groups: Groups, segment: str, occurrence: int, patients: tuple[Key, ...]
) -> tuple[Key, ...]:
    if segment == "PID":
        return patients
    if segment == "PV1":
        visit = tuple(message.first(path) for path in _VISIT)
        return tuple((*patient, *visit) for patient in patients) if any(visit) else ()
    return _orders(message, groups, segment, occurrence)


def _orders(message: Message, groups: Groups, segment: str, occurrence: int) -> tuple[Key, ...]:
    """The order by its numbers."""
    beside = [occurrence] if segment == "ORC" else list(groups.beside(segment, occurrence, "ORC"))
    if len(beside) != 1:
        return ()
    keys = []
    for path in (_PLACER, _FILLER):
        target = parse_path(path)
        number = message.first(str(at_occurrence(target, beside[0])) + ".1").strip()
        if number and number != NULL:
            keys.append((path, number, message.first(str(at_occurrence(target, beside[0])) + ".2").strip()))
    return tuple(keys)


# what the originator was given


def _given(play: PlayView, sent: _Sent, patients: tuple[Key, ...], path: str) -> _Told | None:
    """What the case gave the originator of a patient, or of an order, in the step that is played."""
    if sent.half is not Half.REQUEST:
        return None
    case = play.play.case
    value = ""
    if sent.view.initiator == "ADT":
        patient = case.patients.get(sent.view.step.step.patient)
        if patient is not None and patient.id and any(key[1] == patient.id for key in patients):
            value = _OF_CASE[path](patient) if path in _OF_CASE else ""
    elif sent.view.step.transaction.id == "RAD-2":
        value = case.order.reason if path == "OBR-31" else case.order.transport if path == "OBR-30" else ""
    return _Told(value, f"case {case.id}") if value.strip("^") else None
