"""What the rows of a table say about a message, place by place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from harness.model.verdict import Outcome


class RowJudgement(NamedTuple):
    """What one row says about one place of a message or data set."""

    row: str
    outcome: Outcome
    path: str
    expected: str = ""
    received: str = ""


_TEMPLATE_VARIABLE = re.compile(r"\$[A-Z][A-Z0-9_]+\$|\$\{[A-Za-z][\w.]*\}|\{\{ ?[A-Za-z][\w.]* ?\}\}")


def is_unfilled(value: str) -> bool:
    """Whether what stands there is the name of a template's variable, and not a value: `$ACCESSION_NUMBER$`."""
    return value[:1] in ("$", "{") and _TEMPLATE_VARIABLE.fullmatch(value) is not None


def summed_up(judgements: Iterable[RowJudgement]) -> Iterator[RowJudgement]:
    """Of one row's judgements each that is not fine, or else one that sums the row up."""
    found = list(judgements)
    bad = [one for one in found if one.outcome in (Outcome.VIOLATED, Outcome.UNDECIDED)]
    met = [one for one in found if one.outcome is Outcome.MET]
    yield from bad or met[:1] or found[:1]
