"""Lines, verdict words and tables on a console: plain columns when it is not a terminal, never markup."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.model.verdict import Verdict

STYLES = {
    Verdict.NONE: "dim",
    Verdict.PASS: "green",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.FAIL: "bold red",
    Verdict.ERROR: "bold magenta",
}
_GAP = 3
_EDGES = 2

Row = Sequence[Text]


def badge(verdict: Verdict, *, pad: bool = False) -> Text:
    """The verdict as a coloured word."""
    word = verdict.value.upper()
    return Text(word.ljust(12) if pad else word, STYLES[verdict])


def line(console: Console, text: str, style: str = "") -> None:
    """One line of text, which is never wrapped or cut."""
    console.print(Text(text, style), soft_wrap=True)


def table(console: Console, title: str, heads: Sequence[str], rows: Sequence[Row]) -> None:
    """A table with a title; a line break in a head makes it taller."""
    line(console, title, "bold")
    if console.is_terminal:
        shown = Table(*heads, box=SIMPLE_HEAD, pad_edge=False)
        for row in rows:
            shown.add_row(*row)
        console.print(shown)
    else:
        _plain(console, heads, rows)
    line(console, "")


def columns_that_fit(console: Console, heads: Sequence[str], rows: Sequence[Row]) -> Sequence[range]:
    """The columns behind the first in runs that fit the terminal beside it; one run where nothing is cut."""
    if not console.is_terminal:
        return (range(1, len(heads)),)
    widths = _widths(heads, rows)
    runs: list[range] = []
    start, used = 1, widths[0]
    for column in range(1, len(heads)):
        used += widths[column] + _GAP
        if used > console.width - _EDGES and column > start:
            runs.append(range(start, column))
            start, used = column, widths[0] + widths[column] + _GAP
    return (*runs, range(start, len(heads)))


def _widths(heads: Sequence[str], rows: Sequence[Row]) -> list[int]:
    texts = [[*head.split("\n"), *(row[column].plain for row in rows)] for column, head in enumerate(heads)]
    return [max(cell_len(text) for text in column) for column in texts]


def _plain(console: Console, heads: Sequence[str], rows: Sequence[Row]) -> None:
    """Padded columns of any width: a log has no edge to wrap at."""
    widths = _widths(heads, rows)
    upward = zip_longest(*(reversed(head.split("\n")) for head in heads), fillvalue="")
    for cells in [*reversed(list(upward)), *(tuple(cell.plain for cell in row) for row in rows)]:
        padded = (text + " " * (width - cell_len(text)) for text, width in zip(cells, widths, strict=True))
        line(console, "  " + "  ".join(padded).rstrip())
