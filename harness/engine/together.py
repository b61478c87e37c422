"""Files of one case: which messages belong together, and which of the findings on them may be told.

Messages are joined by what is unique everywhere, or by an order's number with the patient's. Nothing is told against
a message for what is not among the files: only a contradiction between two that speak of the same thing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.checks.carriers import Carrier, answers, requests
from harness.checks.registry import is_partial
from harness.engine.placing import PlacedRecording
from harness.engine.recognising import Loose, Reading, as_exchange
from harness.engine.unscripted import unscripted_play
from harness.hl7 import Message
from harness.model.finding import Evidence
from harness.model.names import TransactionId
from harness.model.profile import Service
from harness.model.run import JudgedFinding
from harness.model.transcript import Half
from harness.model.verdict import Outcome, Verdict
from harness.profiles import Knowledge

_UNIQUE = ("study", "series", "instance", "mpps", "transaction")
_WITH_PATIENT = ("placer", "filler", "accession", "procedure", "step")
_OF_ORDER = ("step", "procedure", "placer", "filler", "accession", "study")
"""Identifiers that say which order or step something is of."""

_MANY = frozenset({"instance", "series", "mpps", "transaction"})
"""Identifiers of which one order may have any number."""

_LISTED = frozenset({"ReferencedSOPInstanceUID", "SeriesInstanceUID"})
"""Attributes by which lists name objects."""

QUERIES = frozenset({Service.C_FIND, Service.C_MOVE, Service.C_GET})
"""Services whose messages look alike in several transactions."""
_STEPS = frozenset({Service.N_CREATE, Service.N_SET})
_CONTROL_IDS = "hl7.control-ids"
_CONSISTENCY = "consistency"


@dataclass(frozen=True)
class Member:
    """One message with what it is read as; `number` is the caller's name for it."""

    number: int
    loose: Loose
    reading: Reading


@dataclass(frozen=True)
class Case:
    """Messages that belong together, in the order of the workflow; exchange n of their play is the n-th member."""

    members: tuple[Member, ...]
    carriers: tuple[Carrier, ...]
    patient: str

    def holder(self, judged: JudgedFinding) -> Member | None:
        """The member that a finding is about; None when it must not be told."""
        finding = judged.finding
        if finding.evidence is None or not is_partial(finding.check, finding.requirement):
            return None
        member = self.members[finding.evidence.exchange - 1]
        if finding.evidence.half is not member.reading.half:
            return None
        if finding.outcome is Outcome.MET:
            return member
        sure = finding.outcome is Outcome.VIOLATED and self._is_sure(finding.check, finding.evidence)
        return member if sure else None

    def _is_sure(self, check: str, evidence: Evidence) -> bool:
        """Whether a contradiction is one: the message speaks of nothing that the others do not know."""
        carrier = self.carriers[evidence.exchange - 1]
        others = [one for one in self.carriers if one is not carrier]
        if check == _CONTROL_IDS:
            return any(_same_parties(carrier, one) for one in others)
        if check != _CONSISTENCY:
            return True
        own = carrier.kinds_at(evidence.path)
        orders = [one for one in others if isinstance(one.content, Message)]
        listed = evidence.path.rpartition(".")[2] in _LISTED
        if listed or own & _MANY or ("step" in own and not orders):
            return False  # there may be others, which are not among the files; of steps only an order lists all
        beside = carrier.beside(evidence.path)
        steps = {one.instance for one in self.carriers if _service(one) in _STEPS}
        if not {one.value for one in carrier.identifiers if one.kind == "mpps"} <= steps:
            return False  # the step that it is of is not among the files
        objects = _identifiers(others).get("instance", set())
        if (
            "[" in evidence.path
            and _service(carrier) is not Service.C_STORE
            and not beside.get("instance", set()) <= objects
        ):
            return False  # the object that it speaks of is not among the files
        known = _identifiers(_announcing(others))
        return all(
            beside[kind] <= known[kind] for kind in _OF_ORDER if kind in beside and kind not in own and known.get(kind)
        )


def unless_changed(judged: JudgedFinding) -> JudgedFinding:
    """A contradiction between two files is none if a message that is not among them changed the value in between."""
    if judged.finding.check != _CONSISTENCY or judged.finding.outcome is not Outcome.VIOLATED:
        return judged
    received = f"{judged.finding.received}, unless it was changed in between"
    finding = replace(judged.finding, outcome=Outcome.UNDECIDED, received=received)
    verdict = Verdict.INCONCLUSIVE if judged.verdict is Verdict.FAIL else judged.verdict
    return replace(judged, finding=finding, verdict=verdict, warning=False)


def _service(carrier: Carrier) -> Service | None:
    command = carrier.exchange.exchange.request.command
    return command.service if command is not None else None


def _same_parties(one: Carrier, other: Carrier) -> bool:
    if not isinstance(one.content, Message) or not isinstance(other.content, Message):
        return False
    fields = ("MSH-10", "MSH-3", "MSH-4", "MSH-5", "MSH-6")
    return all(one.content.first(field) == other.content.first(field) for field in fields)


def _announcing(carriers: Sequence[Carrier]) -> Sequence[Carrier]:
    """The messages that say what there is to do: orders and worklist entries, else the steps in progress."""
    named = [one for one in carriers if isinstance(one.content, Message) or one.half is Half.RESPONSE]
    return named if any(_identifiers(named).get(kind) for kind in _OF_ORDER) else carriers


def _identifiers(carriers: Iterable[Carrier]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for carrier in carriers:
        for one in carrier.identifiers:
            found[one.kind].add(one.value)
    return found


def cases_of(members: Iterable[Member], knowledge: Knowledge) -> Iterator[Case]:
    """The cases of two messages or more, each in the order of the workflow."""
    ranks = _ranks(knowledge)
    able = sorted(
        (member for member in members if _tells(member)),
        key=lambda member: (ranks[member.reading.transaction.id], member.number),
    )
    carried = _carriers(able, knowledge)
    for group in _groups(carried):
        if len(group) > 1:
            inside = tuple(able[index] for index in group)
            patients = [value for index in group for value in _patients(carried[index])]
            yield Case(inside, tuple(carried[index] for index in group), patients[0] if patients else "")


def _tells(member: Member) -> bool:
    """Whether a message says something of a case: a query does not, and what an archive returns is its own matter."""
    command = member.reading.command
    if command is None or command.service not in QUERIES:
        return True
    return member.reading.half is Half.RESPONSE and "Worklist" in str(member.reading.leg.dimse)


def _carriers(members: Sequence[Member], knowledge: Knowledge) -> dict[int, Carrier]:
    """The content of each member, by its place; those that cannot be read are left out."""
    plan, transcript, read = unscripted_play([as_exchange(one.loose, one.reading) for one in members], knowledge)
    recording = PlacedRecording(plan, transcript, read, knowledge)
    assignment = plan.assignments[0]
    found: dict[int, Carrier] = {}
    for view in recording.view(assignment, assignment.plays[0]).legs:
        for carrier in (*requests(view), *answers(view)):
            place = carrier.exchange.exchange.id - 1
            if carrier.half is members[place].reading.half:
                found[place] = carrier
    return found


def _patients(carrier: Carrier) -> list[str]:
    return [one.value for one in carrier.identifiers if one.kind == "patient"]


def _groups(carriers: Mapping[int, Carrier]) -> Iterator[list[int]]:
    """Places that belong together. What names a patient and nothing else belongs to every case of the patient."""
    joined: dict[tuple[str, ...], list[int]] = defaultdict(list)
    loose: dict[str, list[int]] = defaultdict(list)
    for place, carrier in carriers.items():
        keys = set(_keys(carrier))
        for key in keys:
            joined[key].append(place)
        if not keys:
            for patient in _patients(carrier):
                loose[patient].append(place)
    parent = {place: place for place in carriers}
    for places in joined.values():
        for place in places[1:]:
            parent[_root(parent, place)] = _root(parent, places[0])
    groups: dict[int, list[int]] = defaultdict(list)
    for place, carrier in carriers.items():
        if any(True for _ in _keys(carrier)):
            groups[_root(parent, place)].append(place)
    served: set[str] = set()
    for group in groups.values():
        patients = dict.fromkeys(patient for place in group for patient in _patients(carriers[place]))
        served |= set(patients)
        yield sorted({*group, *(place for patient in patients for place in loose.get(patient, ()))})
    yield from (places for patient, places in loose.items() if patient not in served)


def _root(parent: dict[int, int], place: int) -> int:
    while parent[place] != place:
        parent[place] = parent[parent[place]]
        place = parent[place]
    return place


def _keys(carrier: Carrier) -> Iterator[tuple[str, ...]]:
    patients = _patients(carrier)
    for one in carrier.identifiers:
        if one.kind in _UNIQUE:
            yield "uid", one.value
        elif one.kind in _WITH_PATIENT:
            yield from ((one.kind, one.value, patient) for patient in patients)


def _ranks(knowledge: Knowledge) -> Mapping[TransactionId, int]:
    """The order of the workflow: a transaction comes after those that its values are copied from."""
    before: dict[TransactionId, set[TransactionId]] = {name: set() for name in knowledge.transactions}
    for edge in knowledge.edges:
        source, target = edge.source_place.transaction, edge.target.transaction
        if source != target and source in before and target in before:
            before[target].add(source)
    waiting = sorted(before, key=_number)
    ranks: dict[TransactionId, int] = {}
    while waiting:
        ready = next((name for name in waiting if not before[name] & set(waiting) - {name}), waiting[0])
        ranks[ready] = len(ranks)
        waiting.remove(ready)
    return ranks


def _number(name: TransactionId) -> tuple[str, int]:
    head, _, number = name.rpartition("-")
    return head, int(number) if number.isdigit() else 0
