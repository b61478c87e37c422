"""Whether two values say the same, each run's own identifiers and times apart.

An identifier of the first run stands for the one of the second run that is found in its place most often. Where another
one stands, that is a difference: the workflow is not the same any more. Nothing here knows messages.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from harness.comparing.leaves import Kind, Leaf

_TOKEN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_DATED = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_DIGITS = re.compile(r"\d+")
_CLOCK = re.compile(r"\d{2}:?\d{2}(:?\d{2}(\.\d{1,6})?)?|\d{8,14}(\.\d{1,6})?([+-]\d{4})?")
_DAYS_BEFORE, _DAYS_AFTER = 3, 400
_SLACK = 1
"""Days that a date may differ by: a run may pass midnight, or cross the zone of a server."""


class Difference(Enum):
    """How two values differ."""

    OTHER = "other"
    RELATION = "relation"
    FORM = "form"


@dataclass(frozen=True)
class Days:
    """The days on which the two runs began; None where that is not known."""

    before: date | None
    after: date | None


@dataclass
class Votes:
    """How often each identifier of the second run stood where one of the first run did."""

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, before: Leaf, after: Leaf) -> None:
        """Take a pair of values at one place in."""
        if before.kind is Kind.IDENTIFIER and after.kind is Kind.IDENTIFIER:
            self.counts[before.domain, before.value, after.value] += 1

    def renaming(self, days: Days) -> Renaming:
        """Which stands for which: the most frequent pairs first, each identifier once within its domain."""
        forth: dict[tuple[str, str], str] = {}
        back: dict[tuple[str, str], str] = {}
        ranked = sorted(self.counts.items(), key=lambda item: (-item[1], item[0][1] != item[0][2]))
        for (domain, before, after), _ in ranked:
            if (domain, before) not in forth and (domain, after) not in back:
                forth[domain, before] = after
                back[domain, after] = before
        return Renaming(forth=forth, back=back, days=days)


@dataclass(frozen=True, kw_only=True)
class Renaming:
    """Identifiers of the first run by their domain, with those that stand for them in the second one, and back."""

    forth: Mapping[tuple[str, str], str]
    back: Mapping[tuple[str, str], str]
    days: Days
    words: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for (_, before), after in self.forth.items():
            self.words.setdefault(before, set()).add(after)

    @property
    def renamed(self) -> int:
        """How many identifiers are not the same in both runs."""
        return sum(before != after for (_, before), after in self.forth.items())

    def difference(self, before: Leaf, after: Leaf) -> Difference | None:
        """How the values at one place differ; None when they say the same."""
        if before.value == after.value and before.kind is not Kind.IDENTIFIER:
            return None
        if Kind.NUMBERED in (before.kind, after.kind):
            return None
        if before.kind is Kind.IDENTIFIER and after.kind is Kind.IDENTIFIER:
            return self._of_identifiers(before, after)
        if before.kind is Kind.TIME and after.kind is Kind.TIME:
            return self._of_times(before.value, after.value)
        return None if self.same_text(before.value, after.value) else Difference.OTHER

    def _of_identifiers(self, before: Leaf, after: Leaf) -> Difference | None:
        meant = self.forth.get((before.domain, before.value))
        known = self.back.get((after.domain, after.value))
        if meant == after.value and known == before.value:
            return None
        return Difference.RELATION if meant is not None or known is not None else Difference.OTHER

    def _of_times(self, before: str, after: str) -> Difference | None:
        """Times of the runs themselves have to be of one form, and dates as far from the run's day."""
        days = _offset(before, self.days.before), _offset(after, self.days.after)
        if None in days:
            clock = _dated(before) is None and _dated(after) is None
            if not clock:
                return Difference.OTHER
        elif abs((days[0] or 0) - (days[1] or 0)) > _SLACK:
            return Difference.OTHER
        return None if _form(before) == _form(after) else Difference.FORM

    def same_text(self, before: str, after: str) -> bool:
        """Whether two texts are the same when the identifiers and the times within them are taken away."""
        if before == after:
            return True
        ends = [found.span() for found in _TOKEN.finditer(before)]
        others = [found.span() for found in _TOKEN.finditer(after)]
        if len(ends) != len(others) or _between(before, ends) != _between(after, others):
            return False
        pairs = zip(ends, others, strict=True)
        return all(self._same_token(before[slice(*one)], after[slice(*other)]) for one, other in pairs)

    def _same_token(self, before: str, after: str) -> bool:
        if before == after or after in self.words.get(before, ()):
            return True
        both = _CLOCK.fullmatch(before) and _CLOCK.fullmatch(after)
        dated = _dated(before) is not None and _dated(after) is not None
        return bool(both and dated and self._of_times(before, after) is None)


def _between(text: str, spans: Iterable[tuple[int, int]]) -> list[str]:
    """What stands between the spans."""
    found, at = [], 0
    for start, end in spans:
        found.append(text[at:start])
        at = end
    return [*found, text[at:]]


def _dated(text: str) -> date | None:
    found = _DATED.match(text)
    try:
        return date(*map(int, found.groups())) if found is not None else None
    except ValueError:
        return None


def _offset(text: str, day: date | None) -> int | None:
    """Days from the run's own to the one at which a time begins; None when it has none, or lies far from the run."""
    found = _dated(text)
    if found is None or day is None:
        return None
    offset = (found - day).days
    return offset if -_DAYS_BEFORE <= offset <= _DAYS_AFTER else None


def _form(text: str) -> str:
    """The text with a 9 for each digit before a decimal point, and one for all after it."""
    whole, point, rest = text.partition(".")
    return _DIGITS.sub(lambda found: "9" * len(found.group()), whole) + point + _DIGITS.sub("9", rest)
