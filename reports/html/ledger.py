"""The identifiers of a play as a matrix: one row for each value, one column for each step it was seen in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.model.run import LedgerEntry, PlayResult
from reports.printable import printable
from reports.wording import break_words, exchange_anchor, first_breaks, href

ROW_LIMIT = 60
_CELLS = 6


@dataclass(frozen=True)
class Cell:
    """A sighting: a link to its exchange, and the place in words. `first`: here its identifier broke first."""

    href: str
    title: str
    broken: bool
    first: bool = False


@dataclass(frozen=True)
class Place:
    """A step that a value was seen in, or was carried past: `track` is where the line of the value runs here."""

    cells: tuple[Cell, ...]
    track: str


@dataclass(frozen=True)
class LedgerRow:
    """One value of one identifier; `first` when the row above is of another identifier.

    `changed`: a copy of the identifier is broken. Several values alone are no fault: a study has many instances.
    """

    name: str
    value: str
    first: bool
    changed: bool
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Ledger:
    """The matrix; `omitted` rows are counted, not shown. `breaks`: where each identifier broke first, with a link."""

    steps: tuple[str, ...]
    rows: tuple[LedgerRow, ...]
    omitted: int
    breaks: tuple[tuple[str, str], ...]


def ledger_of(play: PlayResult) -> Ledger | None:
    """The matrix of a play; None when no identifier was seen."""
    if not play.ledger:
        return None
    order: dict[str, int] = {step.step: index for index, step in enumerate(play.steps)}
    seen = dict.fromkeys(_step(entry) for entry in play.ledger)
    steps = sorted(seen, key=lambda name: order.get(name, len(order)))
    values: dict[str, dict[str, list[LedgerEntry]]] = {}
    for entry in play.ledger:
        values.setdefault(entry.name, {}).setdefault(entry.value, []).append(entry)
    broken = {entry.name for entry in play.ledger if entry.broken}
    rows = [
        LedgerRow(
            printable(name, 60),
            printable(value, 80) or "(empty)",
            index == 0,
            name in broken,
            _places(entries, steps, first_breaks(play)),
        )
        for name, by_value in values.items()
        for index, (value, entries) in enumerate(by_value.items())
    ]
    return Ledger(
        tuple(printable(step, 30) for step in steps),
        tuple(rows[:ROW_LIMIT]),
        max(len(rows) - ROW_LIMIT, 0),
        tuple((break_words(entry), href(exchange_anchor(entry.exchange))) for entry in first_breaks(play)),
    )


def _places(entries: Sequence[LedgerEntry], steps: Sequence[str], firsts: Sequence[LedgerEntry]) -> tuple[Place, ...]:
    """The steps in order, with the line of the value from where it was seen first to where it was seen last."""
    seen = {_step(entry) for entry in entries}
    held = [place for place, step in enumerate(steps) if step in seen]
    first, last = held[0], held[-1]
    tracks = {first: "from", last: "to"} if first != last else {}
    return tuple(
        Place(
            tuple(_cell(entry, entry in firsts) for entry in entries if _step(entry) == step)[:_CELLS],
            tracks.get(place, "through" if first < place < last else ""),
        )
        for place, step in enumerate(steps)
    )


def _step(entry: LedgerEntry) -> str:
    return entry.place.partition(":")[0]


def _cell(entry: LedgerEntry, first: bool) -> Cell:
    title = f"exchange {entry.exchange}, {printable(entry.place, 120)}, by {printable(entry.actor, 40)}"
    if entry.first:
        title += ", seen first here"
    if entry.charged:
        title += f"; broken by {printable(entry.charged, 40)}: {printable(entry.requirement or '', 120)}"
    return Cell(href(exchange_anchor(entry.exchange)), title, entry.broken, first)
