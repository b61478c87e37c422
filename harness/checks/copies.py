"""Values that one of our actors only passed on: absent or wrong already where it had them from (RAD TF-2x: A).

Follows the edges of the consistency table one step upstream. Nothing is judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from harness.checks.carriers import Carrier, Seen
from harness.checks.chart import Chart, places
from harness.checks.compare import equal, is_empty
from harness.checks.recording import LegView, PlayView
from harness.hl7 import Message
from harness.model.finding import Evidence
from harness.model.names import HARNESS, ActorName
from harness.model.tables import Comparison, Edge, Place


@dataclass(frozen=True)
class Origin:
    """The place that a value was copied from."""

    transaction: str
    evidence: Evidence

    def __str__(self) -> str:
        return f"{self.transaction} {self.evidence.path}"


class Copies:
    """The copied values of one play."""

    def __init__(self, play: PlayView) -> None:
        self._play = play

    @cached_property
    def _chart(self) -> Chart:
        return self._play.once(Chart)

    def source_of(self, view: LegView, actor: ActorName, evidence: Evidence) -> Origin | None:
        """Where the actor had a value from that stands there as it stood before; None when it made it itself."""
        for edge in self._edges(view, actor, evidence):
            for carrier in self._chart.carriers(edge.target, actor):
                if (carrier.exchange.exchange.id, carrier.half) != (evidence.exchange, evidence.half):
                    continue
                for seen in _at(carrier, edge, evidence.path):
                    origin = self._passed_on(edge, carrier, seen)
                    if origin is not None:
                        return origin
        return self._same_field(view, evidence)

    def _same_field(self, view: LegView, evidence: Evidence) -> Origin | None:
        """An earlier message of a system that has the same, or nothing, in the same field: patient, visit, order."""
        here = next((one for one in view.exchanges if one.exchange.id == evidence.exchange), None)
        if here is None or here.request_message is None or not _handed_on(evidence.path):
            return None
        value = here.request_message.first(_bare(evidence.path))
        for leg in self._play.legs:
            if leg.planned.initiator == HARNESS or leg.step.transaction.id == view.step.transaction.id:
                continue
            for exchange in leg.exchanges:
                message = exchange.request_message
                earlier = exchange.exchange.request.seq < here.exchange.request.seq
                if message is None or not earlier or evidence.path[:3] not in message.segment_names():
                    continue
                if message.first(_bare(evidence.path)) == value:
                    return Origin(leg.step.transaction.id, exchange.evidence(_bare(evidence.path)))
        return None

    def _edges(self, view: LegView, actor: ActorName, evidence: Evidence) -> Iterator[Edge]:
        """The edges that end at a place, or at the sequence or field that it is a part of."""
        wanted = _bare(evidence.path)
        for edge in self._play.knowledge.edges:
            place = edge.target
            here = (place.transaction, place.half) == (view.step.transaction.id, evidence.half)
            if edge.by != actor or not here or place.leg not in (None, view.planned.leg.id):
                continue
            for path in place.paths:
                bare = _bare(path)
                if bare == wanted or bare.startswith(f"{wanted}.") or ("-" in bare and wanted.startswith(f"{bare}.")):
                    yield edge
                elif wanted.startswith(f"{bare}."):
                    yield _within(edge, path, wanted.removeprefix(bare))

    def _passed_on(self, edge: Edge, carrier: Carrier, seen: Seen) -> Origin | None:
        cases = self._chart.cases(carrier)
        for source in self._chart.candidates(edge, cases, carrier, seen):
            both_empty = is_empty(edge.compare, source.seen.term) and is_empty(edge.compare, seen.term)
            if source.carrier.seq < carrier.seq and (both_empty or equal(edge.compare, source.seen.term, seen.term)):
                return Origin(source.carrier.transaction, source.carrier.evidence(source.seen.path))
        return None


_HANDED_ON = ("PID-", "PV1-", "OBR-4", "OBR-12", "OBR-13", "OBR-16", "OBR-31", "ORC-10", "ORC-12", "ORC-17", "TQ1-7")
"""Fields that registration, order and schedule hand on under the same name (RAD TF-2: 4.1, 4.2, 4.4)."""


def _handed_on(path: str) -> bool:
    bare = _bare(path)
    return any(bare == one or bare.startswith(one if one.endswith("-") else f"{one}.") for one in _HANDED_ON)


def _at(carrier: Carrier, edge: Edge, path: str) -> Iterator[Seen]:
    """What the edge sees of the very place: an item has its own, a field is seen by any of its components."""
    for seen in places(carrier, edge.target, edge.compare):
        if isinstance(carrier.content, Message) or seen.path == path:
            yield seen


def _within(edge: Edge, path: str, rest: str) -> Edge:
    """The edge of a part of what an edge is about: the same attribute of the items at both ends."""
    source = tuple(f"{one}[*]{rest}" for one in edge.source_place.paths if "-" not in one)
    return replace(
        edge,
        id=f"{edge.id}{rest}",
        compare=Comparison.TEXT,
        source_place=_with_paths(edge.source_place, source),
        target=_with_paths(edge.target, (f"{path}[*]{rest}",)),
    )


def _with_paths(place: Place, paths: tuple[str, ...]) -> Place:
    return replace(place, paths=paths)


def _bare(path: str) -> str:
    """A path without its indices."""
    return "".join(part.partition("]")[2] if index else part for index, part in enumerate(path.split("[")))
