"""The `when` of a table row: `PATH = A, B`, `PATH valued` or `PATH absent`, joined by `and`. Knows no messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache


class Test(Enum):
    """What a condition asks of a path."""

    ONE_OF = "="
    VALUED = "valued"
    ABSENT = "absent"

    __test__ = False


@dataclass(frozen=True)
class Condition:
    """A parsed condition; `values` only with ONE_OF, `also` what has to hold besides."""

    path: str
    test: Test
    values: tuple[str, ...] = ()
    also: tuple[Condition, ...] = ()

    def holds(self, found: Iterable[str]) -> bool:
        """Whether it holds for the values found at the path, apart from `also`; an empty text is no value."""
        values = [value for value in found if value]
        if self.test is Test.ONE_OF:
            return any(value in self.values for value in values)
        return bool(values) is (self.test is Test.VALUED)


_FORM = re.compile(r"\s*(?P<path>\S+)\s+(?:(?P<word>valued|absent)|=\s*(?P<values>.+?))\s*\Z")


@lru_cache(maxsize=1024)
def parse_condition(text: str) -> Condition | None:
    """The condition that a text states; None when it is prose."""
    terms = [_term(part) for part in text.split(" and ")]
    known = [term for term in terms if term is not None]
    return replace(known[0], also=tuple(known[1:])) if len(known) == len(terms) else None


def _term(text: str) -> Condition | None:
    found = _FORM.match(text)
    if found is None:
        return None
    if found["word"]:
        return Condition(found["path"], Test(found["word"]))
    return Condition(found["path"], Test.ONE_OF, tuple(value.strip() for value in found["values"].split(",")))


def holds(text: str, found: Callable[[str], Iterable[str]]) -> bool | None:
    """Whether a condition holds; `found` gives the values at a path. None when the condition cannot be evaluated."""
    condition = parse_condition(text)
    if condition is None:
        return None
    try:
        return all(term.holds(found(term.path)) for term in (condition, *condition.also))
    except ValueError:
        return None
