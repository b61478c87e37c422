"""Which messages of a record belong together, where no scenario says so: one thread for each patient.

Messages are joined by patient and by what is unique everywhere. A patient's number counts with its assigning authority
where two authorities use the same number; numbers of orders and appointments, which two systems may both use, join only
what says no patient, and only to the one thread that knows them. Two patients that were merged are one thread. What is
about several patients joins nothing: a broad query belongs to each patient whom its answers name, in part.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from harness.checks.recording import ExchangeView
from harness.dicom.paths import first, values
from harness.engine.keys import Key, answer_keys, request_keys
from harness.hl7 import Message
from harness.model.names import ExchangeId, LinkId
from harness.model.profile import Service

_ASKING = frozenset({Service.C_FIND, Service.C_MOVE, Service.C_GET})
_ABOUT_MANY = frozenset({*_ASKING, Service.N_ACTION, Service.N_EVENT_REPORT, Service.C_CANCEL})
"""Services whose messages may be about several patients."""
_PATIENT_FIELDS = ("PID-3", "MRG-1")
_NUMBERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "placer": ("ORC-2", "OBR-2", "SCH-26"),
        "filler": ("ORC-3", "OBR-3", "SCH-27"),
        "placer appointment": ("SCH-1",),
        "filler appointment": ("SCH-2",),
    }
)
"""Fields with numbers of orders and appointments."""
_STUDY = "StudyInstanceUID"


@dataclass(frozen=True)
class Part:
    """An exchange in a thread; `responses` are the answers that are about it, None where all of them are."""

    view: ExchangeView
    responses: frozenset[int] | None = None


@dataclass
class Thread:
    """What is about one patient, in order; `patients` are the identifiers.

    A thread of `asking` has no patient: it is of somebody's queries about many, or about nobody whom the record knows.
    """

    parts: list[Part] = field(default_factory=list)
    patients: dict[str, None] = field(default_factory=dict)
    asking: bool = False


class _Joined:
    """Sets of nodes, joined."""

    def __init__(self) -> None:
        self._parent: dict[Hashable, Hashable] = {}

    def root(self, node: Hashable) -> Hashable:
        """The name of the set that a node is in."""
        parent = self._parent
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    def join(self, nodes: Iterable[Hashable]) -> None:
        """All these nodes are in one set from now on."""
        roots = [self.root(node) for node in nodes]
        for other in roots[1:]:
            self._parent[self.root(other)] = self.root(roots[0])

    def known(self, node: Hashable) -> Hashable | None:
        """The set of a node that was joined with something, or stood alone; None when it was never seen."""
        return self.root(node) if node in self._parent else None


def threads_of(views: Sequence[ExchangeView], asker: Mapping[ExchangeId, str]) -> list[Thread]:
    """The threads of a record in the order in which they begin; `asker` names who asks, of a query about many."""
    return _Sorter(views, asker).threads()


class _Sorter:
    def __init__(self, views: Sequence[ExchangeView], asker: Mapping[ExchangeId, str]) -> None:
        self._views = sorted(views, key=lambda view: view.exchange.request.seq)
        self._asker = asker
        self._authorities: dict[str, set[str]] = defaultdict(set)
        self._joined = _Joined()
        self._threads: dict[Hashable, Thread] = {}
        for view in self._views:
            for number, authority in view.once(_patients):
                if authority:
                    self._authorities[number].add(authority)

    def threads(self) -> list[Thread]:
        """The threads, put together."""
        telling = [view for view in self._views if _service(view) not in _ABOUT_MANY]
        nodes = {view.exchange.id: self._nodes(view) for view in telling}
        for found in nodes.values():
            self._joined.join(found)
        self._join_requests()
        numbers = self._numbers(telling, nodes)
        answered: dict[tuple[LinkId, int], list[tuple[Hashable, Part]]] = {}
        reported: dict[str, list[Hashable]] = {}
        for view in self._views:
            service = _service(view)
            if service not in _ABOUT_MANY:
                places = [(self._place(view, nodes[view.exchange.id], numbers), Part(view))]
            elif service is Service.C_CANCEL:
                places = [(place, Part(view)) for place, _ in answered.get(_name(view), ())]
            else:
                places = self._of_many(view, reported)
                answered[_name(view)] = places
            for place, part in places:
                self._add(place, part)
        return list(self._threads.values())

    # what joins

    def _nodes(self, view: ExchangeView) -> list[Hashable]:
        """What a message is about: its patients, and what is unique everywhere."""
        found: list[Hashable] = [node for one in view.once(_patients) if (node := self._patient(*one)) is not None]
        return found + [key for key in request_keys(view) if key[0] == "uid"]

    def _patient(self, number: str, authority: str) -> Hashable | None:
        """A patient by number; with the authority where several use it, and nobody where it is not said then."""
        several = len(self._authorities.get(number, ())) > 1
        if several and not authority:
            return None
        return ("patient", number, authority if several else "")

    def _join_requests(self) -> None:
        """What asks for one study, or for the commitment of instances of one thread, is of it."""
        for view in self._views:
            service = _service(view)
            if service in (Service.N_ACTION, Service.C_MOVE, Service.C_GET):
                uids = [key for key in request_keys(view) if key[0] == "uid"]
                known = {root for key in uids if (root := self._joined.known(key)) is not None}
                if len(known) <= 1 and uids and (service is Service.N_ACTION or len(_studies(view)) == 1):
                    self._joined.join([*known, *uids])

    def _numbers(
        self, telling: Iterable[ExchangeView], nodes: Mapping[ExchangeId, list[Hashable]]
    ) -> Mapping[Hashable, set[Hashable]]:
        """The threads that know the number of an order or an appointment."""
        found: dict[Hashable, set[Hashable]] = defaultdict(set)
        for view in telling:
            own = nodes[view.exchange.id]
            for number in view.once(_order_numbers) if own else ():
                found[number].add(self._joined.root(own[0]))
        return found

    # where things belong

    def _place(
        self, view: ExchangeView, nodes: Sequence[Hashable], numbers: Mapping[Hashable, set[Hashable]]
    ) -> Hashable:
        if nodes:
            return self._joined.root(nodes[0])
        known = {root for number in view.once(_order_numbers) for root in numbers.get(number, ())}
        return known.pop() if len(known) == 1 else ("alone", view.exchange.id)

    def _of_many(self, view: ExchangeView, reported: dict[str, list[Hashable]]) -> list[tuple[Hashable, Part]]:
        service = _service(view)
        if service is Service.C_FIND:
            return list(self._of_query(view))
        transaction = _transaction(view)
        if service is Service.N_EVENT_REPORT and transaction in reported:
            places = reported[transaction]
        else:
            places = self._roots(request_keys(view)) or [("alone", view.exchange.id)]
        if service is Service.N_ACTION and transaction:
            reported.setdefault(transaction, places)
        return [(place, Part(view)) for place in places]

    def _of_query(self, view: ExchangeView) -> Iterator[tuple[Hashable, Part]]:
        """A query belongs to whom it asks for and whom its answers name; as a whole to the one thread that all of them
        are about, else to who asks."""
        asked = self._roots(request_keys(view))
        about: dict[Hashable, set[int]] = {root: set() for root in asked}
        strangers = False
        for index, keys in enumerate(_answers(view)):
            roots = self._roots(keys) if keys else []
            strangers |= bool(keys) and not roots and not asked
            for root in roots or (asked if len(asked) == 1 else ()):
                about.setdefault(root, set()).add(index)
        if len(about) == 1 and not strangers:
            yield next(iter(about)), Part(view)
            return
        yield ("asking", self._asker.get(view.exchange.id, "")), Part(view)
        for root, own in about.items():
            if own:
                yield root, Part(view, frozenset(own))

    def _roots(self, keys: Iterable[Key]) -> list[Hashable]:
        """The known threads that keys name, patients and unique things alone."""
        found: dict[Hashable, None] = {}
        for kind, value in sorted(keys):
            node: Hashable | None = (kind, value) if kind == "uid" else None
            if kind == "patient":
                node = self._patient(value, "")
            root = self._joined.known(node) if node is not None else None
            if root is not None:
                found[root] = None
        return list(found)

    def _add(self, place: Hashable, part: Part) -> None:
        thread = self._threads.setdefault(place, Thread(asking=isinstance(place, tuple) and place[0] == "asking"))
        thread.parts.append(part)
        if _service(part.view) not in _ABOUT_MANY:
            thread.patients.update(dict.fromkeys(number for number, _ in part.view.once(_patients)))


def _service(view: ExchangeView) -> Service | None:
    command = view.exchange.request.command
    return command.service if command is not None else None


def _name(view: ExchangeView) -> tuple[LinkId, int]:
    command = view.exchange.request.command
    return view.exchange.link.id, command.message_id if command is not None else 0


def _transaction(view: ExchangeView) -> str:
    dataset = view.request_dataset
    return first(dataset, "TransactionUID") if dataset is not None else ""


def _studies(view: ExchangeView) -> frozenset[str]:
    dataset = view.request_dataset
    return frozenset(one for one in first(dataset, _STUDY).split("\\") if one) if dataset is not None else frozenset()


def _answers(view: ExchangeView) -> Iterator[frozenset[Key]]:
    """The keys of each response in its place; nothing for one without a data set."""
    found = iter(answer_keys(view))
    for dataset in view.response_datasets:
        yield next(found) if dataset is not None else frozenset()


def _patients(view: ExchangeView) -> tuple[tuple[str, str], ...]:
    """Number and authority of each patient whom a request names."""
    message, dataset = view.request_message, view.request_dataset
    if message is not None:
        return tuple(dict.fromkeys(_of_message(message)))
    if dataset is None:
        return ()
    issuers = [one.value.strip() for one in values(dataset, "IssuerOfPatientID")]
    numbers = (one.value.strip() for one in values(dataset, "PatientID"))
    return tuple((number, issuers[0] if issuers else "") for number in numbers if number)


def _of_message(message: Message) -> Iterator[tuple[str, str]]:
    for path in _PATIENT_FIELDS:
        for number, authority in zip(message.all(f"{path}.1"), message.all(f"{path}.4.1"), strict=False):
            if number.value.strip():
                yield number.value.strip(), authority.value.strip()


def _order_numbers(view: ExchangeView) -> frozenset[tuple[str, str, str]]:
    """Numbers of orders and appointments with their namespace, and what they are numbers of."""
    message = view.request_message
    if message is None:
        return frozenset()
    return frozenset(
        (kind, number.value.strip(), message.first(f"{path}.2").strip())
        for kind, paths in _NUMBERS.items()
        for path in paths
        for number in message.all(f"{path}.1")
        if number.value.strip()
    )
