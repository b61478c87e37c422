"""What run.json says once and refers to by name: requirements, and what a plan repeats.

Takes a dumped plan apart and puts it together again; knows nothing of findings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from harness.errors import RecordingError

_T = TypeVar("_T")


class Table(Generic[_T]):
    """Values by name. Two values that claim one name are both kept, the later one behind a `~2`."""

    def __init__(self) -> None:
        self.entries: dict[str, _T] = {}

    def add(self, name: str, value: _T) -> str:
        """The name under which the value stands in the table."""
        key, number = name, 1
        while (held := self.entries.setdefault(key, value)) is not value and held != value:
            number += 1
            key = f"{name}~{number}"
        return key


def shrink_plan(plan: dict[str, Any]) -> dict[str, Any]:
    """The tables of a dumped plan; in the plan, what they hold is replaced by its name."""
    scenarios: Table[dict[str, Any]] = Table()
    transactions: Table[dict[str, Any]] = Table()
    for assignment in plan["assignments"]:
        for play in assignment["plays"]:
            steps = _by_id(play["scenario"]["steps"])
            for planned in play["steps"]:
                _refer(planned, "step", steps)
                legs = _by_id(planned["transaction"]["legs"])
                for leg in planned["legs"]:
                    _refer(leg, "leg", legs)
                planned["transaction"] = transactions.add(planned["transaction"]["id"], planned["transaction"])
            play["scenario"] = scenarios.add(play["scenario"]["id"], play["scenario"])
    return {"scenarios": scenarios.entries, "transactions": transactions.entries}


def expand_plan(plan: dict[str, Any], tables: Mapping[str, Any]) -> None:
    """Put back what `shrink_plan` took out; RecordingError when a name is not in its table."""
    for assignment in plan["assignments"]:
        for play in assignment["plays"]:
            play["scenario"] = entry(tables["scenarios"], play["scenario"])
            steps = _by_id(play["scenario"]["steps"])
            for planned in play["steps"]:
                planned["transaction"] = entry(tables["transactions"], planned["transaction"])
                legs = _by_id(planned["transaction"]["legs"])
                planned["step"] = entry(steps, planned["step"])
                for leg in planned["legs"]:
                    leg["leg"] = entry(legs, leg["leg"])


def entry(table: Mapping[str, Any], value: Any) -> Any:
    """What a name stands for; a value that is no name stands for itself."""
    if not isinstance(value, str):
        return value
    if value not in table:
        raise RecordingError(f"run.json refers to {value!r}, which is in none of its tables")
    return table[value]


def _by_id(entries: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in entries}


def _refer(holder: dict[str, Any], key: str, table: Mapping[str, Any]) -> None:
    value = holder[key]
    if table.get(value["id"]) == value:
        holder[key] = value["id"]
