"""How long answers took: by exchange, for each part of the way where a relay recorded both, and by who answers.

Also sees the stall of Nagle's algorithm that meets delayed acknowledgement: answers that take 40 ms (or 200 ms)
whatever they hold. It shows timing and decides nothing.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from harness.model.names import HARNESS, ActorName, ExchangeId, PlayerName, TransactionId
from harness.model.run import Run
from harness.model.transcript import Capture, Direction, Exchange, Half, Transcript

STALLS: Final = ((0.038, 0.060), (0.195, 0.240))
"""Seconds of a stall: delayed acknowledgement after 40 ms on one kind of system, after 200 ms on the other."""

_LEAST: Final = 8
_SHARE: Final = 0.5
_BINS: Final = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Upper bounds, in seconds, of the bins of a distribution; what is slower falls in one more."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """When the messages of an exchange passed us, in seconds since the epoch; a relay sees each of them twice.

    `passed_on` and `given_back` are the request and the last response as a relay sent them on.
    """

    asked: float
    passed_on: float | None = None
    answered: float | None = None
    ended: float | None = None
    given_back: float | None = None

    @property
    def waited(self) -> float | None:
        """Seconds until the first response, as seen where the request went out last."""
        return None if self.answered is None else self.answered - (self.passed_on or self.asked)

    @property
    def marks(self) -> tuple[tuple[str, float], ...]:
        """Each instant with what happened then, in seconds since the request."""
        found = (
            ("request", self.asked),
            ("request passed on", self.passed_on),
            ("first response", self.answered),
            ("last response", self.ended if self.ended != self.answered else None),
            ("response passed on", self.given_back),
        )
        return tuple((name, time - self.asked) for name, time in found if time is not None)


@dataclass(frozen=True, kw_only=True)
class Answering:
    """How fast one player answers as one actor in one transaction. Times are in seconds."""

    player: PlayerName
    actor: ActorName
    transaction: TransactionId
    times: tuple[float, ...]
    slowest: ExchangeId

    @property
    def count(self) -> int:
        """How many answers there were."""
        return len(self.times)

    @property
    def median(self) -> float:
        """The time that half of the answers keep."""
        return statistics.median(self.times)

    @property
    def ninth(self) -> float:
        """The time that nine of ten answers keep."""
        return sorted(self.times)[max(-(-9 * len(self.times) // 10) - 1, 0)]

    @property
    def longest(self) -> float:
        """The slowest answer."""
        return max(self.times)

    @property
    def bins(self) -> tuple[int, ...]:
        """How many answers fall below each bound of the distribution, and above the last one."""
        counts = [0] * (len(_BINS) + 1)
        for time in self.times:
            counts[next((at for at, bound in enumerate(_BINS) if time < bound), len(_BINS))] += 1
        return tuple(counts)

    @property
    def stalled(self) -> int:
        """How many answers took as long as a stall; 0 where that shows no pattern."""
        return stalled(self.times)


def timings_of(transcript: Transcript) -> Mapping[ExchangeId, Timing]:
    """The timing of every exchange of a recording."""
    passed: dict[ExchangeId, list[Capture]] = defaultdict(list)
    hops = {link.id for link in transcript.links if link.hop}
    for capture in transcript.captures:
        if capture.link in hops and capture.direction is Direction.SENT:
            passed[capture.exchange].append(capture)
    return {one.id: _timing(one, passed.get(one.id, ())) for one in transcript.exchanges}


def _timing(exchange: Exchange, passed: Sequence[Capture]) -> Timing:
    on = [capture.time for capture in passed if capture.half is Half.REQUEST]
    back = [capture.time for capture in passed if capture.half is Half.RESPONSE]
    return Timing(
        asked=exchange.request.time,
        passed_on=on[0] if on else None,
        answered=exchange.responses[0].time if exchange.responses else None,
        ended=exchange.responses[-1].time if exchange.responses else None,
        given_back=back[-1] if back else None,
    )


def stalled(times: Sequence[float]) -> int:
    """How many answers took as long as a stall, where these are the most; 0 where that shows no pattern."""
    for low, high in STALLS:
        found = sum(low <= time <= high for time in times)
        if found >= _LEAST and found > _SHARE * len(times):
            return found
    return 0


def answering(run: Run, timings: Mapping[ExchangeId, Timing]) -> tuple[Answering, ...]:
    """Who answers how fast, the systems first; what our own actors answered is there to be compared with."""
    exchanges = {one.id: one for one in run.transcript.exchanges} if run.transcript else {}
    found: dict[tuple[PlayerName, ActorName, TransactionId], dict[ExchangeId, float]] = defaultdict(dict)
    for play in run.plays:
        for step in play.steps:
            for leg in step.legs:
                key = (leg.responder_player, leg.responder, step.transaction)
                for number in leg.exchanges:
                    timing = timings.get(number)
                    if timing is not None and timing.waited is not None and _is_outside(exchanges[number], key[0]):
                        found[key][number] = timing.waited
    rows = [_answering(*key, times) for key, times in found.items() if times]
    return tuple(sorted(rows, key=lambda row: (row.player == HARNESS, row.player, row.actor, _number(row))))


def _is_outside(exchange: Exchange, responder: PlayerName) -> bool:
    """Whether the time is that of the responder as its initiator sees it: not our own for what a system asked."""
    return responder == HARNESS or exchange.sent or bool(exchange.link.hop)


def _answering(
    player: PlayerName, actor: ActorName, transaction: TransactionId, times: Mapping[ExchangeId, float]
) -> Answering:
    return Answering(
        player=player,
        actor=actor,
        transaction=transaction,
        times=tuple(times.values()),
        slowest=max(times, key=lambda number: times[number]),
    )


def _number(row: Answering) -> tuple[str, int]:
    head, _, number = row.transaction.rpartition("-")
    return head, int(number) if number.isascii() and number.isdigit() and len(number) < 10 else -1


def stall_words(rows: Iterable[Answering]) -> tuple[tuple[PlayerName, str], ...]:
    """Which systems show the stall, in which transactions, in words."""
    found: dict[PlayerName, list[str]] = defaultdict(list)
    for row in rows:
        if row.player != HARNESS and row.stalled:
            times = f"{row.stalled} of {row.count} answers of {row.transaction} take about {row.median * 1000:.0f} ms"
            found[row.player].append(times)
    return tuple(
        (
            player,
            f"{', '.join(times)}, whatever they hold. So looks Nagle's algorithm that meets delayed acknowledgement: "
            "one side writes a message in pieces, and waits for an acknowledgement in between. Setting TCP_NODELAY on "
            "the sockets of that side ends it.",
        )
        for player, times in found.items()
    )
