"""Who answers how fast, as a table with a small distribution for each row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.model.names import HARNESS, ExchangeId
from harness.model.run import Run
from reports.latency import Answering, Timing, answering, stall_words
from reports.printable import printable
from reports.wording import exchange_anchor, player_words

ROW_LIMIT = 200
_NOTE = 2000


@dataclass(frozen=True, kw_only=True)
class TimingRow:
    """One player, actor and transaction. Times are in words; `bins` are heights of 0 to 20, fast answers first."""

    player: str
    ours: bool
    actor: str
    transaction: str
    count: int
    median: str
    ninth: str
    longest: str
    slowest: str
    bins: tuple[int, ...]


@dataclass(frozen=True)
class TimingTable:
    """The rows, and what has to be said about some of them."""

    rows: tuple[TimingRow, ...]
    notes: tuple[tuple[str, str], ...]


def timing_table(run: Run, timings: Mapping[ExchangeId, Timing]) -> TimingTable:
    """The table of a run; empty where nothing was answered."""
    found = answering(run, timings)
    notes = tuple((player_words(player), printable(text, _NOTE)) for player, text in stall_words(found))
    return TimingTable(tuple(_row(row) for row in found[:ROW_LIMIT]), notes)


def _row(row: Answering) -> TimingRow:
    return TimingRow(
        player=player_words(row.player),
        ours=row.player == HARNESS,
        actor=printable(row.actor, 60),
        transaction=printable(row.transaction, 20),
        count=row.count,
        median=seconds_words(row.median),
        ninth=seconds_words(row.ninth),
        longest=seconds_words(row.longest),
        slowest=exchange_anchor(row.slowest),
        bins=tuple(-(-20 * count // max(row.bins)) for count in row.bins),
    )


def seconds_words(seconds: float) -> str:
    """A short time in milliseconds, a longer one in seconds."""
    if seconds < 1:
        milliseconds = seconds * 1000
        return f"{milliseconds:.1f} ms" if milliseconds < 10 else f"{milliseconds:.0f} ms"
    return f"{seconds:.2f} s"
