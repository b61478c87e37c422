"""How long responders took in two runs. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from statistics import median

from harness.comparing.pairing import Recorded
from harness.comparing.verdicts import Pairs
from harness.model.comparison import Latency, Timing
from harness.model.names import HARNESS, ActorName, ExchangeId, LegId, PlayerName, PlayId, TransactionId

_Key = tuple[TransactionId, LegId, ActorName, PlayerName]
_FACTOR, _SECONDS, _ENOUGH = 1.5, 0.02, 3
"""What is no noise: half as much again, by more than so many seconds, in so many exchanges."""


def timings(before: Recorded, after: Recorded) -> tuple[Timing, ...]:
    """The latency of each responder in each leg that both runs have; of simulated ones where no system takes part."""
    then, now = _seconds(before), _seconds(after)
    return tuple(_timing(key, then[key], now[key]) for key in then if key in now)


def play_seconds(before: Recorded, after: Recorded, pairs: Pairs) -> dict[PlayId, tuple[float, float]]:
    """How long each play took that both runs have."""
    now = {play.play: play.seconds for play in after.run.plays}
    return {pairs[play.play]: (play.seconds, now[pairs[play.play]]) for play in before.run.plays if play.play in pairs}


def _seconds(recorded: Recorded) -> dict[_Key, list[float]]:
    systems = bool(recorded.run.plan.systems)
    exchanges = recorded.exchanges()
    found: dict[_Key, list[float]] = defaultdict(list)
    for key, number in _answered(recorded):
        exchange = exchanges.get(number)
        if exchange is not None and exchange.final is not None and (key[3] != HARNESS or not systems):
            found[key].append(max(0.0, exchange.final.time - exchange.request.time))
    return found


def _answered(recorded: Recorded) -> Iterator[tuple[_Key, ExchangeId]]:
    for play in recorded.run.plays:
        for step in play.steps:
            for leg in step.legs:
                key = step.transaction, leg.leg, leg.responder, leg.responder_player
                yield from ((key, number) for number in leg.exchanges)


def _timing(key: _Key, then: list[float], now: list[float]) -> Timing:
    before, after = _latency(then), _latency(now)
    return Timing(
        transaction=key[0],
        leg=key[1],
        responder=key[2],
        player=key[3],
        before=before,
        after=after,
        slower=_is_slower(before, after),
        faster=_is_slower(after, before),
    )


def _is_slower(one: Latency, other: Latency) -> bool:
    enough = min(one.count, other.count) >= _ENOUGH
    return enough and other.median > one.median * _FACTOR and other.median - one.median > _SECONDS


def _latency(seconds: list[float]) -> Latency:
    ordered = sorted(seconds)
    return Latency(
        count=len(ordered),
        median=median(ordered),
        high=ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))],
        longest=ordered[-1],
    )
