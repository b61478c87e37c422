"""Where the places of the consistency table are in a play, and which source values belong to a target value.

A place that was not observed is replaced by the nearest observed one upstream. Nothing is judged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from harness.checks.acquisition import Acquisitions, acquisitions
from harness.checks.carriers import KINDS, Carrier, Seen, answers, requests
from harness.checks.compare import Term, is_empty
from harness.checks.items import requested
from harness.checks.recording import LegView, PlayView
from harness.dicom.paths import present
from harness.hl7 import Message
from harness.model.names import ActorName, LegId, TransactionId
from harness.model.profile import Service
from harness.model.tables import Comparison, Edge, Place
from harness.model.transcript import Half
from harness.profiles import Knowledge

_WEAK = ("step", "procedure", "accession", "placer", "filler")
"""Identifiers that two departments may both use: one of them alone joins nothing."""


_OBJECTS = ("study", "series", "instance")
"""Identifiers that are unique everywhere."""


class Source(NamedTuple):
    """One value that may have been copied."""

    carrier: Carrier
    seen: Seen


class Joined(NamedTuple):
    """Values that belong to a target, and the kind of identifier that they share; empty when they share none."""

    kind: str
    sources: list[Source]


class Pool:
    """The values at a source place, found again by the identifiers that stand beside them."""

    def __init__(self, values: Iterable[Source]) -> None:
        self.values = tuple(values)
        self._by_kind: dict[str, Mapping[str, Sequence[Source]]] = {}

    def _beside(self, kind: str) -> Mapping[str, Sequence[Source]]:
        """The values by an identifier that stands beside them."""
        if kind not in self._by_kind:
            index: dict[str, list[Source]] = {}
            for source in self.values:
                for value in source.carrier.beside(source.seen.path).get(kind, ()):
                    index.setdefault(value, []).append(source)
            self._by_kind[kind] = index
        return self._by_kind[kind]

    def for_target(self, carrier: Carrier, seen: Seen) -> Joined:
        """The values that belong to a target: those that share its most specific identifier, else all earlier ones.

        The identifier that is being compared joins nothing. A shared patient joins earlier values only. What shares the
        procedure belongs together with what shares its study: one of the two may be what was copied wrongly.
        """
        beside = carrier.beside(seen.path)
        own = carrier.kinds_at(seen.path)
        for kind in KINDS:
            if kind in own or kind not in beside:
                continue
            hits = self._hits(kind, beside[kind])
            if hits and kind == "procedure" and "study" not in own:
                known = set(map(id, hits))
                hits += [source for source in self._hits("study", beside.get("study", ())) if id(source) not in known]
            if kind == "patient":
                hits = [source for source in hits if source.carrier.seq < carrier.seq]
            if hits:
                return Joined(kind, hits)
        return Joined("", [source for source in self.values if source.carrier.seq < carrier.seq])

    def _hits(self, kind: str, values: Iterable[str]) -> list[Source]:
        index = self._beside(kind)
        return [source for value in values for source in index.get(value, ())]

    def of_instance(self, instance: str) -> Pool:
        """The values in messages about one SOP instance."""
        return Pool(source for source in self.values if source.carrier.instance == instance)


class Pools:
    """The values at the observed places that a target may have a value from; several where they stand for another.

    To each place a target is joined by itself: an update of the patient names no study, and yet it is as much a source
    of what was scheduled as the order that does.
    """

    def __init__(self, pools: Iterable[Pool]) -> None:
        self._pools = tuple({id(pool): pool for pool in pools}.values())

    @property
    def values(self) -> Iterator[Source]:
        """All the values."""
        return (source for pool in self._pools for source in pool.values)

    def for_target(self, carrier: Carrier, seen: Seen) -> list[Source]:
        """The values that belong to a target; of a place that shares less with it, those that could not share more."""
        joined = [pool.for_target(carrier, seen) for pool in self._pools]
        best = next((kind for kind in KINDS if any(one.kind == kind for one in joined)), "")
        alike = (best, "study") if best == "procedure" else (best,)
        own, beside = carrier.kinds_at(seen.path), carrier.beside(seen.path)
        known = {kind: beside[kind] for kind in (*alike, "patient") if kind in beside and kind not in own}
        return [
            source for one in joined for source in one.sources if one.kind in alike or not _is_of_another(source, known)
        ]

    def of_instance(self, instance: str) -> Pools:
        """The values in messages about one SOP instance."""
        return Pools(pool.of_instance(instance) for pool in self._pools)


def _is_of_another(source: Source, known: Mapping[str, frozenset[str]]) -> bool:
    """Whether a value stands beside another patient, or another of what the best source shares with a target."""
    beside = source.carrier.beside(source.seen.path)
    return any(kind in beside and values.isdisjoint(beside[kind]) for kind, values in known.items())


class Chart:
    """The places of one play."""

    def __init__(self, play: PlayView) -> None:
        self._play = play
        self._carriers: dict[tuple[object, ...], tuple[Carrier, ...]] = {}
        self._relevant: dict[Carrier, bool] = {}
        self._taking_part: dict[tuple[TransactionId, LegId | None, ActorName], list[LegView]] = {}
        self._cases: dict[Carrier, frozenset[str]] = {}
        self._series: dict[Carrier, str] = {}
        self._upstream: dict[tuple[str, frozenset[str]], tuple[Edge, ...]] = {}
        self._pools: dict[tuple[str, frozenset[str]], Pools] = {}
        self._parts: dict[tuple[str, frozenset[str], str], Pools] = {}
        self._at: dict[tuple[Place, ActorName, Comparison], Pool] = {}

    @cached_property
    def acquisitions(self) -> Acquisitions:
        """The acquisition cases of the play."""
        return self._play.once(acquisitions)

    def cases(self, carrier: Carrier) -> frozenset[str]:
        """The acquisition cases that a message may be judged under."""
        if carrier not in self._cases:
            self._cases[carrier] = self.acquisitions.of(carrier)
        return self._cases[carrier]

    def carriers(self, place: Place, by: ActorName) -> tuple[Carrier, ...]:
        """The messages at a place, seen from the actor that copies."""
        key = (place.transaction, place.leg, place.half is Half.REQUEST, by)
        if key not in self._carriers:
            side = requests if place.half is Half.REQUEST else answers
            found = [carrier for view in self._legs(place, by) for carrier in side(view)]
            self._carriers[key] = tuple(sorted(found, key=lambda carrier: carrier.seq))
        return self._carriers[key]

    def _legs(self, place: Place, by: ActorName) -> list[LegView]:
        """Legs with exchanges: the named one, else those that the copying actor takes part in, first hops first."""
        key = (place.transaction, place.leg, by)
        if key not in self._taking_part:
            self._taking_part[key] = self._observed_legs(place, by)
        return self._taking_part[key]

    def _observed_legs(self, place: Place, by: ActorName) -> list[LegView]:
        views = [view for view in self._play.of(place.transaction, place.leg) if view.exchanges]
        if place.leg is not None:
            return views
        own = [view for view in views if by in (view.planned.leg.initiator, view.planned.leg.responder)]
        for tier in (own, views):
            for reaction in (False, True):
                found = [view for view in tier if view.planned.leg.reaction is reaction]
                if found:
                    return found
        return []

    def relevant(self, carrier: Carrier) -> bool:
        """Whether an answer is about this play: by patient or study, or by two of the weaker numbers.

        An archive may hold older studies of the patient: among its answers the patient counts as a weak number.
        """
        if carrier.half is Half.REQUEST:
            return True
        if carrier not in self._relevant:
            self._relevant[carrier] = self._is_relevant(carrier)
        return self._relevant[carrier]

    def _is_relevant(self, carrier: Carrier) -> bool:
        known, of_archive, numbers, said = self._known, _of_archive(carrier), set(), False
        for one in carrier.identifiers:
            said = True
            if one.value not in known.get(one.kind, ()):
                continue
            if one.kind in _OBJECTS or (one.kind == "patient" and not of_archive):
                return True
            if one.kind == "patient" or one.kind in _WEAK:
                numbers.add(one.kind)
        return not said or len(numbers) > 1

    @cached_property
    def _known(self) -> Mapping[str, set[str]]:
        """The identifiers that the play's own messages hold, queries aside."""
        known: dict[str, set[str]] = defaultdict(set)
        known["patient"] = {patient.id for patient in self._play.play.case.patients.values() if patient.id}
        for view in self._play.legs:
            for carrier in requests(view):
                command = carrier.exchange.exchange.request.command
                if command is None or command.service not in (Service.C_FIND, Service.C_MOVE, Service.C_GET):
                    for one in carrier.identifiers:
                        known[one.kind].add(one.value)
        return known

    def pools(self, edge: Edge, cases: frozenset[str]) -> Pools:
        """The values that an edge's target may have been copied from."""
        key = (edge.id, cases)
        if key not in self._pools:
            self._pools[key] = Pools(self._observed(edge, cases, (edge.id,)))
        return self._pools[key]

    def _observed(self, edge: Edge, cases: frozenset[str], trail: tuple[str, ...]) -> Iterator[Pool]:
        """The pool where an edge begins; where that was not observed, those of the nearest observed places upstream."""
        if self._legs(edge.source_place, edge.by):
            key = (edge.source_place, edge.by, edge.compare)
            if key not in self._at:
                self._at[key] = Pool(self._sources(edge))
            yield self._at[key]
            return
        for up in self.upstream(edge, cases):
            if up.id not in trail:
                yield from self._observed(up, cases, (*trail, up.id))

    def _sources(self, edge: Edge) -> Iterator[Source]:
        for carrier in self.carriers(edge.source_place, edge.by):
            if self.relevant(carrier):
                for seen in places(carrier, edge.source_place, edge.compare) or _lacking(carrier, edge.source_place):
                    yield Source(carrier, seen)

    def candidates(self, edge: Edge, cases: frozenset[str], carrier: Carrier, seen: Seen) -> list[Source]:
        """The values that a target may have under an edge; of several MPPS the one whose series the target lies in.

        What stands for a place that was not observed came before the target: the copy was made by way of that place.
        """
        mpps = self._mpps(carrier)
        found = self._of_step(edge, cases, mpps).for_target(carrier, seen) if mpps else []
        found = found or self.pools(edge, cases).for_target(carrier, seen)
        if not self._legs(edge.source_place, edge.by):
            found = [source for source in found if source.carrier.seq < carrier.seq]
        return found

    def _of_step(self, edge: Edge, cases: frozenset[str], mpps: str) -> Pools:
        """The part of an edge's pools that is of one performed step."""
        key = (edge.id, cases, mpps)
        if key not in self._parts:
            self._parts[key] = self.pools(edge, cases).of_instance(mpps)
        return self._parts[key]

    def _mpps(self, carrier: Carrier) -> str:
        """The MPPS whose series an instance lies in."""
        if carrier not in self._series:
            self._series[carrier] = self.acquisitions.by_series(carrier)
        return self._series[carrier]

    def upstream(self, edge: Edge, cases: frozenset[str]) -> tuple[Edge, ...]:
        """The edges that end where an edge begins."""
        key = (edge.id, cases)
        if key not in self._upstream:
            place = edge.source_place
            ending = self._play.knowledge.once(_by_target).get(place.transaction, ())
            self._upstream[key] = tuple(
                up for up in ending if not cases.isdisjoint(up.cases) and _overlap(up.target, place)
            )
        return self._upstream[key]

    def ancestors(self, edge: Edge, cases: frozenset[str]) -> Iterator[tuple[Edge, Pools]]:
        """The edges above an edge, nearest first, each with the values where it begins."""
        waiting: list[Edge] = list(self.upstream(edge, cases))
        done = {edge.id}
        while waiting:
            up = waiting.pop(0)
            if up.id in done:
                continue
            done.add(up.id)
            yield up, self.pools(up, cases)
            waiting.extend(self.upstream(up, cases))


def closest(carrier: Carrier, seen: Seen, sources: Sequence[Source]) -> Sequence[Source]:
    """Of some values those that share the most specific identifiers with a target."""
    own, beside = carrier.kinds_at(seen.path), carrier.beside(seen.path)
    kinds = [kind for kind in KINDS if kind in beside and kind not in own]

    def shared(source: Source) -> tuple[bool, ...]:
        there = source.carrier.beside(source.seen.path)
        return tuple(not beside[kind].isdisjoint(there.get(kind, ())) for kind in kinds)

    most = max(map(shared, sources), default=())
    return [source for source in sources if shared(source) == most]


def _lacking(carrier: Carrier, place: Place) -> Sequence[Seen]:
    """What an answer without a whole sequence has at a place in it, if it was asked for."""
    identifier = carrier.exchange.request_dataset
    if carrier.half is Half.REQUEST or isinstance(carrier.content, Message) or identifier is None:
        return ()
    return [
        Seen(path.replace("[*]", "[0]"), Term(""), present=False)
        for path in place.paths[:1]
        if "." in path and requested(identifier, path.replace("[*]", "[0]"))
    ]


def _of_archive(carrier: Carrier) -> bool:
    """Whether an answer is to a query at patient, study, series or image level (PS3.4 C.4.1)."""
    identifier = carrier.exchange.request_dataset
    return identifier is not None and present(identifier, "QueryRetrieveLevel")


def _by_target(knowledge: Knowledge) -> Mapping[TransactionId, Sequence[Edge]]:
    ending: dict[TransactionId, list[Edge]] = defaultdict(list)
    for edge in knowledge.edges:
        ending[edge.target.transaction].append(edge)
    return ending


def _overlap(one: Place, other: Place) -> bool:
    return (
        one.transaction == other.transaction
        and one.half is other.half
        and (one.leg == other.leg or None in (one.leg, other.leg))
        and bool(_bare(one.paths) & _bare(other.paths))
    )


def _bare(paths: Iterable[str]) -> set[str]:
    return {path.replace("[*]", "") for path in paths}


def places(carrier: Carrier, place: Place, compare: Comparison) -> Sequence[Seen]:
    """What a message has at a place: the first alternative that has a value, else the first that can have one."""
    empty: Sequence[Seen] = ()
    for path in place.paths:
        found = carrier.seen(path, code=compare is Comparison.CODE)
        if any(not is_empty(compare, seen.term) for seen in found):
            return found
        empty = empty or found
    return empty
