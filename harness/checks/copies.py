"""Values that one of our actors only passed on: absent or wrong already where it had them from (RAD TF-2x: A).

Follows the edges of the consistency table one step upstream. Nothing is judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from harness.checks.carriers import Carrier, Seen
from harness.checks.chart import Chart, places
from harness.checks.compare import equal, is_empty
from harness.checks.recording import LegView, PlayView
from harness.hl7 import Message
from harness.model.finding import Evidence
from harness.model.names import ActorName
from harness.model.tables import Comparison, Edge, Place


class Copies:
    """The copied values of one play."""

    def __init__(self, play: PlayView) -> None:
        self._play = play

    @cached_property
    def _chart(self) -> Chart:
        return Chart(self._play)

    def source_of(self, view: LegView, actor: ActorName, evidence: Evidence) -> str:
        """Where the actor had a value from that stands there as it stood before; empty when it made it itself."""
        for edge in self._edges(view, actor, evidence):
            for carrier in self._chart.carriers(edge.target, actor):
                if (carrier.exchange.exchange.id, carrier.half) != (evidence.exchange, evidence.half):
                    continue
                for seen in _at(carrier, edge, evidence.path):
                    origin = self._passed_on(edge, carrier, seen)
                    if origin:
                        return origin
        return ""

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
                if bare == wanted or bare.startswith(f"{wanted}."):
                    yield edge
                elif wanted.startswith(f"{bare}."):
                    yield _within(edge, path, wanted.removeprefix(bare))

    def _passed_on(self, edge: Edge, carrier: Carrier, seen: Seen) -> str:
        cases = self._chart.acquisitions.of(carrier)
        for source in self._chart.candidates(edge, cases, carrier, seen):
            both_empty = is_empty(edge.compare, source.seen.term) and is_empty(edge.compare, seen.term)
            if source.carrier.seq < carrier.seq and (both_empty or equal(edge.compare, source.seen.term, seen.term)):
                return f"{source.carrier.transaction} {source.seen.path}"
        return ""


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
