"""Reactions that a record shows to be missing: a performed step not passed on, a commitment that was not reported.

Only where the record has the way that a reaction takes, because another one took it, and went on for longer than the
reaction may take. That nobody has declared how long that is, is for the proof to say. Nothing here judges.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from harness.checks.dimse_reply import accepted
from harness.engine.seen_steps import Met, SeenStep
from harness.model.names import LegId, PlayerName, TransactionId
from harness.model.plan import LegState, PlannedLeg
from harness.model.profile import Leg, Service
from harness.model.system import Times

_FOLLOW = frozenset({Service.N_CREATE, Service.N_SET, Service.N_EVENT_REPORT})
"""Services by which somebody reacts without being asked for it; what a retrieve sends is counted elsewhere."""

Way = tuple[PlayerName, PlayerName]


class Reactions:
    """The ways that reactions took in a record that ended at a time, and the steps that lack one."""

    def __init__(self, steps: Iterable[SeenStep], times: Times, ends: float) -> None:
        self._times = times
        self._ends = ends
        self._ways: dict[tuple[TransactionId, LegId], set[Way]] = defaultdict(set)
        for step in steps:
            for leg, met in step.legs.items():
                if met[0].leg.reaction:
                    self._ways[step.transaction.id, leg].update(one.players for one in met)

    def missing(self, step: SeenStep) -> tuple[PlannedLeg, ...]:
        """The reactions that had to follow in a step, had their time, and did not come."""
        return tuple(self._missing(step)) if not step.partial else ()

    def _missing(self, step: SeenStep) -> Iterator[PlannedLeg]:
        for leg in step.transaction.legs:
            if not leg.reaction or leg.id in step.legs or leg.dimse is None or leg.dimse.service not in _FOLLOW:
                continue
            causes = [one for own in step.legs.values() for one in own if _causes(one, leg)]
            late = [one for one in causes if self._had_time(step, one)]
            ways = {
                way
                for way in self._ways.get((step.transaction.id, leg.id), ())
                for one in late
                if way[0] == one.players[1] and (leg.responder != one.leg.initiator or way[1] == one.players[0])
            }
            if len(ways) == 1:
                initiator, responder = ways.pop()
                yield PlannedLeg(leg=leg, state=LegState.LIVE, initiator=initiator, responder=responder)

    def _had_time(self, step: SeenStep, cause: Met) -> bool:
        exchange = cause.view.exchange
        end = max(capture.time for capture in (exchange.request, *exchange.responses))
        return self._ends - end >= self._times.of(step.transaction.id).act


def _causes(met: Met, leg: Leg) -> bool:
    """Whether a leg has to follow from a message that was accepted."""
    return not met.leg.reaction and met.leg.responder == leg.initiator and accepted(met.view.status)
