"""Exchanges on the page: in full, with every judged place marked, where something is to be seen; else as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.model.names import ExchangeId
from harness.model.run import PlayResult, Run
from harness.model.transcript import Exchange
from harness.model.verdict import Verdict
from reports import ReadPayload
from reports.compact import compact_text
from reports.exchanges import ExchangeView, Headline, Marks, exchange_view, route
from reports.wording import exchange_anchor

FULL_EXCHANGES = 120
"""Exchanges that are shown in full."""

COMPACT_EXCHANGES = 4000
"""Exchanges that are shown as text; the others are listed."""


@dataclass(frozen=True)
class CompactExchange:
    """An exchange as plain text; no text when it is only listed."""

    id: ExchangeId
    anchor: str
    title: str
    answer: str
    route: str
    text: str


Shown = ExchangeView | CompactExchange


def exchanges_of(
    run: Run,
    recorded: Mapping[ExchangeId, Exchange],
    headlines: Mapping[ExchangeId, Headline],
    marks: Marks,
    payload: ReadPayload,
    start: float,
) -> tuple[Shown, ...]:
    """Every exchange of the recording, in order."""
    full = set(_of_interest(run, recorded, marks)[:FULL_EXCHANGES])
    shown: list[Shown] = []
    for number, exchange in recorded.items():
        if number in full:
            shown.append(exchange_view(exchange, payload, marks.get(number, ()), start, headlines[number]))
        else:
            text = compact_text(exchange, payload, start) if len(shown) < COMPACT_EXCHANGES else ""
            headline = headlines[number]
            anchor = exchange_anchor(number)
            shown.append(CompactExchange(number, anchor, headline.title, headline.answer, route(exchange), text))
    return tuple(shown)


def _of_interest(run: Run, recorded: Mapping[ExchangeId, Exchange], marks: Marks) -> list[ExchangeId]:
    """The exchanges, those that a reader looks for first at the front."""
    violated = (number for number in recorded if any(mark.violated for mark in marks.get(number, ())))
    failing = [play for play in run.plays if play.verdict.rank > Verdict.PASS.rank]
    order = [
        *violated,
        *_of_plays(failing, only_failing=True),
        *run.orphans,
        *run.late,
        *_of_plays(failing, only_failing=False),
        *recorded,
    ]
    return [number for number in dict.fromkeys(order) if number in recorded]


def _of_plays(plays: Iterable[PlayResult], *, only_failing: bool) -> Iterable[ExchangeId]:
    """Exchanges of the plays; `only_failing`: of steps that did not pass."""
    return (
        number
        for play in plays
        for step in play.steps
        if not only_failing or step.verdict.rank > Verdict.PASS.rank
        for leg in step.legs
        for number in leg.exchanges
    )
