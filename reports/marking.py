"""What was judged at which place of a message: its rows with the findings that were decided at them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from harness.model.names import ExchangeId
from harness.model.run import JudgedFinding
from harness.model.verdict import Verdict
from reports.messages import Row, Rows, absent_name, place_key
from reports.printable import printable
from reports.wording import verdict_words


@dataclass(frozen=True)
class Mark:
    """A judged finding with the anchor of its card, and the step it was decided for in words."""

    judged: JudgedFinding
    anchor: str = ""
    place: str = ""

    @property
    def violated(self) -> bool:
        """Whether the place deserves attention: more than met, or met only by declaration."""
        return self.judged.verdict.rank > Verdict.PASS.rank or self.quiet

    @property
    def quiet(self) -> bool:
        """Whether it changes no verdict: a warning, a declared deviation, or a consequence."""
        return self.judged.quiet

    @property
    def tone(self) -> str:
        """How grave it looks: a verdict word, or `note`."""
        return "note" if self.quiet else self.judged.verdict.value

    @property
    def words(self) -> str:
        """The verdict in words, with what was expected."""
        expected = printable(self.judged.finding.expected)
        word = verdict_words(self.judged).lower()
        return f"{word}: expected {expected}" if expected else word


Marks = Mapping[ExchangeId, tuple[Mark, ...]]


@dataclass(frozen=True, kw_only=True)
class MarkedRow:
    """A row with the findings that were decided at it. `absent`: judged, and not in the message."""

    row: Row
    marks: tuple[Mark, ...] = ()
    absent: bool = False

    @property
    def tone(self) -> str:
        """The gravest tone of the findings at the row; empty when none of them is a complaint."""
        return gravest_tone(self.marks)


def gravest_tone(marks: Iterable[Mark]) -> str:
    """The gravest tone of the violated marks; empty when there is none."""
    tones = sorted((mark.quiet, -mark.judged.verdict.rank, mark.tone) for mark in marks if mark.violated)
    return tones[0][2] if tones else ""


def marked_rows(rows: Rows, marks: Iterable[Mark]) -> tuple[MarkedRow, ...]:
    """The rows of a message with the findings at them; a complaint about what is not there gets a row of its own."""
    by_key: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks:
        if mark.judged.finding.evidence and mark.judged.finding.evidence.path:
            by_key[place_key(mark.judged.finding.evidence.path)].append(mark)
    keys = {row.key for row in rows.rows}
    for key in [key for key in by_key if key not in keys and key.removesuffix(".1") in keys]:
        by_key[key.removesuffix(".1")] += by_key.pop(key)
    marked = [MarkedRow(row=row, marks=tuple(by_key.pop(row.key, ()))) for row in rows.rows]
    for key, missing in by_key.items():
        if any(mark.violated for mark in missing):
            evidence = missing[0].judged.finding.evidence
            path = printable(evidence.path if evidence else key)
            row = Row(
                depth=0, place=path, name=absent_name(path), value="" if rows.complete else "(not shown)", key=path
            )
            _insert(marked, key, MarkedRow(row=row, marks=tuple(missing), absent=rows.complete))
    return tuple(marked)


def _insert(rows: list[MarkedRow], key: str, absent: MarkedRow) -> None:
    """Put the missing place behind what stands in the same segment or item, else at the end."""
    for container in (key.rpartition(".")[0], key.rpartition("-")[0]):
        inside = [place for place, marked in enumerate(rows) if container and marked.row.key.startswith(container)]
        if inside:
            depth = min((rows[at].row.depth for at in inside if rows[at].row.key != container), default=1)
            rows.insert(inside[-1] + 1, replace(absent, row=replace(absent.row, depth=depth)))
            return
    rows.append(absent)
