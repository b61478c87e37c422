"""Objects that many look at: what was worked out about one is kept with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, TypeVar

from harness.model.record import Record

_T = TypeVar("_T")


@dataclass(frozen=True)
class Remembering(Record):
    """Something read-only: what was worked out about it once is there for the next one that asks."""

    @cached_property
    def _worked_out(self) -> dict[object, Any]:
        return {}

    def once(self, work_out: Callable[[Self], _T]) -> _T:
        """What the function says about it; the function is called the first time only."""
        known = self._worked_out
        if work_out not in known:
            known[work_out] = work_out(self)
        found: _T = known[work_out]
        return found
