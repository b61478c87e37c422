"""What the rows of a table say about a message, place by place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.model.verdict import Outcome


@dataclass(frozen=True)
class RowJudgement:
    """What one row says about one place of a message or data set."""

    row: str
    outcome: Outcome
    path: str
    expected: str = ""
    received: str = ""


def summed_up(judgements: Iterable[RowJudgement]) -> Iterator[RowJudgement]:
    """Of one row's judgements each that is not fine, or else one that sums the row up."""
    found = list(judgements)
    bad = [one for one in found if one.outcome in (Outcome.VIOLATED, Outcome.UNDECIDED)]
    met = [one for one in found if one.outcome is Outcome.MET]
    yield from bad or met[:1] or found[:1]
