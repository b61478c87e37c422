"""Where a recording was interrupted, and where it was gone on with: what breaks in between breaks because of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.model.names import PlayId
from harness.model.transcript import Event, EventKind


@dataclass
class Breaks:
    """`end` is the number of the record with which the run was interrupted for good, infinite when it was not.

    `resumed` are the numbers at which it was gone on with; `abandoned` is, of a play that was begun anew, where that
    was last, and `attempts` are the spans of its earlier attempts.
    """

    end: float = float("inf")
    resumed: list[int] = field(default_factory=list)
    abandoned: dict[PlayId, int] = field(default_factory=dict)
    attempts: list[tuple[int, int]] = field(default_factory=list)
    _gaps: list[tuple[int, int]] = field(default_factory=list)

    @classmethod
    def of(cls, events: Iterable[Event]) -> Breaks:
        """The breaks of a recording; events in order."""
        found = cls()
        started: dict[PlayId, int] = {}
        for event in events:
            if event.kind is EventKind.INTERRUPTED and event.seq < found.end:
                found.end = event.seq
            elif event.kind is EventKind.RESUMED:
                found._gaps.append((int(min(found.end, event.seq)), event.seq))
                found.resumed.append(event.seq)
                found.end = float("inf")
            elif event.kind is EventKind.PLAY_STARTED and event.play is not None:
                started[event.play] = event.seq
            elif event.kind is EventKind.PLAY_ABANDONED and event.play is not None:
                found.abandoned[event.play] = event.seq
                found.attempts.append((started.get(event.play, event.seq), event.seq))
        return found

    def apart(self, seq: int) -> bool:
        """Whether a record is of the time between an interruption and its end."""
        return any(begin <= seq <= end for begin, end in self._gaps)

    def cut_short(self, seq: int, sealed: int | None) -> bool:
        """Whether the run was gone on with after that record and before its play was sealed."""
        return any(seq < resumed and (sealed is None or resumed < sealed) for resumed in self.resumed)

    def of_earlier_attempt(self, seq: int) -> bool:
        """Whether a record is of the time of an attempt that was begun anew."""
        return any(begin <= seq <= end for begin, end in self.attempts)
