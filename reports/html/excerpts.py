"""The lines of a message around a judged place, for a card: what a reader would look for in the message first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from harness.model.names import ExchangeId
from harness.model.run import JudgedFinding
from harness.model.transcript import Exchange
from reports import ReadPayload
from reports.exchanges import ExchangeView, exchange_view
from reports.marking import MarkedRow, Marks

_AROUND: Final = 2
_VIEWS: Final = 64
LIMIT: Final = 200
"""Excerpts of one page."""


@dataclass(frozen=True)
class Line:
    """One line: `here` is the judged place, `skipped` says that lines of the message are left out before it."""

    row: MarkedRow
    here: bool
    skipped: bool


@dataclass
class Excerpts:
    """Makes excerpts for one page; a place without a line of its own has none."""

    exchanges: Mapping[ExchangeId, Exchange]
    payload: ReadPayload
    marks: Marks
    left: int = LIMIT
    _views: dict[ExchangeId, ExchangeView] = field(default_factory=dict)

    def of(self, judged: JudgedFinding) -> tuple[Line, ...]:
        """The lines around the place of a finding; none where it names none, or where the page has enough."""
        evidence = judged.finding.evidence
        if evidence is None or not evidence.path or evidence.exchange not in self.exchanges or self.left <= 0:
            return ()
        for message in self._view(evidence.exchange).messages:
            at = next((at for at, row in enumerate(message.rows) if is_at(row, judged)), None)
            if at is not None:
                self.left -= 1
                return around(message.rows, at)
        return ()

    def _view(self, number: ExchangeId) -> ExchangeView:
        if number not in self._views:
            if len(self._views) >= _VIEWS:
                del self._views[next(iter(self._views))]
            self._views[number] = exchange_view(self.exchanges[number], self.payload, self.marks.get(number, ()))
        return self._views[number]


def is_at(row: MarkedRow, judged: JudgedFinding) -> bool:
    """Whether a finding was decided at a row."""
    return any(mark.judged is judged for mark in row.marks)


def around(rows: Sequence[MarkedRow], at: int) -> tuple[Line, ...]:
    """The place, its neighbours in the same segment or item, and the headings that contain it."""
    depth = rows[at].row.depth
    chosen = {at, *_neighbours(rows, at, -1), *_neighbours(rows, at, 1)}
    for above in range(at - 1, -1, -1):
        if rows[above].row.depth < depth:
            chosen.add(above)
            depth = rows[above].row.depth
        if depth == 0:
            break
    lines, before = [], min(chosen)
    for one in sorted(chosen):
        lines.append(Line(rows[one], here=one == at, skipped=one - before > 1))
        before = one
    return tuple(lines)


def _neighbours(rows: Sequence[MarkedRow], at: int, way: int) -> list[int]:
    """Up to two lines before or behind, as long as they stand in the same segment or item."""
    found: list[int] = []
    depth, place = rows[at].row.depth, at + way
    while 0 <= place < len(rows) and rows[place].row.depth >= depth and len(found) < _AROUND:
        if rows[place].row.depth == depth:
            found.append(place)
        if rows[place].row.heading and depth == 0:
            break
        place += way
    return found
