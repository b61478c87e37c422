"""The registry of checks.

A check on a leg is called once for each planned leg that names it and has exchanges; a check on a play is called once
for each play; a leg may name it, too, and it then looks at the legs that do. Both yield findings and raise nothing for
whatever was on the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from fnmatch import fnmatchcase

from harness.checks.recording import LegView, PlayView
from harness.model.finding import Finding
from harness.model.names import CheckName, RequirementId

LegCheck = Callable[[LegView], Iterator[Finding]]
PlayCheck = Callable[[PlayView], Iterator[Finding]]


class Scope(Enum):
    """What a check needs to see before it can decide."""

    MESSAGE = "message"
    """One message alone."""
    EXCHANGE = "exchange"
    """A request with its answer."""
    PLAY = "play"
    """Several messages of a play."""


_LEG_CHECKS: dict[CheckName, LegCheck] = {}
_PLAY_CHECKS: dict[CheckName, PlayCheck] = {}
_ROWS: dict[CheckName, tuple[str, ...]] = {}
_SCOPES: dict[CheckName, Scope] = {}
_PARTIAL: dict[CheckName, tuple[str, ...]] = {}


def leg_check(
    name: str, rows: tuple[str, ...] = (), *, scope: Scope = Scope.EXCHANGE
) -> Callable[[LegCheck], LegCheck]:
    """Register a check that judges the exchanges of one leg; `rows` are the leg rules it can decide."""

    def add(function: LegCheck) -> LegCheck:
        _refuse_second(name)
        _LEG_CHECKS[CheckName(name)] = function
        _ROWS[CheckName(name)] = rows
        _SCOPES[CheckName(name)] = scope
        return function

    return add


def play_check(
    name: str, rules: tuple[str, ...] = (), *, scope: Scope = Scope.PLAY, partial: tuple[str, ...] = ()
) -> Callable[[PlayCheck], PlayCheck]:
    """Register a check that judges a whole play; `rules` are the play rules it can decide.

    `partial` are those, by ids or patterns, that it decides from whatever part of a play is there, in any order.
    """

    def add(function: PlayCheck) -> PlayCheck:
        _refuse_second(name)
        _PLAY_CHECKS[CheckName(name)] = function
        _ROWS[CheckName(name)] = rules
        _SCOPES[CheckName(name)] = scope
        _PARTIAL[CheckName(name)] = partial
        return function

    return add


def _refuse_second(name: str) -> None:
    if name in _LEG_CHECKS or name in _PLAY_CHECKS:
        raise ValueError(f"two checks are called {name}")


def leg_checks() -> Mapping[CheckName, LegCheck]:
    """Every check on a leg."""
    return dict(_LEG_CHECKS)


def play_checks() -> Mapping[CheckName, PlayCheck]:
    """Every check on a play."""
    return dict(_PLAY_CHECKS)


def rows() -> Mapping[CheckName, tuple[str, ...]]:
    """The rule rows that each check can decide."""
    return dict(_ROWS)


def scopes() -> Mapping[CheckName, Scope]:
    """What each check needs to see."""
    return dict(_SCOPES)


def decides_in_part(check: CheckName) -> bool:
    """Whether a check on a play decides something from part of a play, too."""
    return bool(_PARTIAL.get(check))


def is_partial(check: CheckName, requirement: RequirementId) -> bool:
    """Whether a check on a play decides a requirement rightly from part of the play, too."""
    return any(fnmatchcase(requirement, pattern) for pattern in _PARTIAL.get(check, ()))
