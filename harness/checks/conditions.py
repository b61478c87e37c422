"""The `when` of a table row: `PATH = A, B`, `PATH valued` or `PATH absent`. Knows no messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
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
    """A parsed condition; `values` only with ONE_OF."""

    path: str
    test: Test
    values: tuple[str, ...] = ()

    def holds(self, found: Iterable[str]) -> bool:
        """Whether it holds for the values found at the path; an empty text is no value."""
        values = [value for value in found if value]
        if self.test is Test.ONE_OF:
            return any(value in self.values for value in values)
        return bool(values) is (self.test is Test.VALUED)


_FORM = re.compile(r"\s*(?P<path>\S+)\s+(?:(?P<word>valued|absent)|=\s*(?P<values>.+?))\s*\Z")


@lru_cache(maxsize=1024)
def parse_condition(text: str) -> Condition | None:
    """The condition that a text states; None when it is prose."""
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
        return condition.holds(found(condition.path))
    except ValueError:
        return None
