"""What is known to survive, and why: the checked-in file and its agreement with what really survives.

Owns the form of `survivors.yaml`. An entry that no longer stands for anything is drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from harness.model.names import RequirementId
from harness.model.proof import Expected, Survivor, SurvivorReason, Trial
from harness.model.record import Record
from harness.yaml_source import load


@dataclass(frozen=True, kw_only=True)
class SurvivorEntry(Record):
    """A change that goes unnoticed. `mutant` and `requirement` may be patterns of `fnmatch`."""

    mutant: str
    requirement: str = "*"
    reason: SurvivorReason
    why: str


@dataclass(frozen=True, kw_only=True)
class UnprovedEntry(Record):
    """Requirements that recordings decide and no change breaks; `requirement` may be a pattern."""

    requirement: str
    reason: SurvivorReason
    why: str


@dataclass(frozen=True, kw_only=True)
class KnownSurvivors(Record):
    """The file."""

    survivors: tuple[SurvivorEntry, ...] = ()
    unproved: tuple[UnprovedEntry, ...] = ()

    def explained(self, trial: Trial, expected: Expected) -> Survivor:
        """A survivor, with its reason where the file has one."""
        entry = next((one for one in self.survivors if _fits(one, trial, expected)), None)
        return Survivor(trial=trial, expected=expected, reason=entry.reason if entry is not None else None)

    def of_unproved(self, requirements: Iterable[RequirementId]) -> Mapping[RequirementId, SurvivorReason | None]:
        """The reason for each requirement that is not proved."""
        return {
            one: next((entry.reason for entry in self.unproved if fnmatchcase(one, entry.requirement)), None)
            for one in requirements
        }

    def drift(self, survivors: Iterable[Survivor], unproved: Iterable[RequirementId]) -> tuple[str, ...]:
        """The entries that stand for nothing."""
        surviving, left = tuple(survivors), tuple(unproved)
        idle = [
            f"survivors: {entry.mutant} ({entry.requirement})"
            for entry in self.survivors
            if not any(_fits(entry, one.trial, one.expected) for one in surviving)
        ]
        return (
            *idle,
            *(
                f"unproved: {entry.requirement}"
                for entry in self.unproved
                if not any(fnmatchcase(one, entry.requirement) for one in left)
            ),
        )


def _fits(entry: SurvivorEntry, trial: Trial, expected: Expected) -> bool:
    named = any(fnmatchcase(one, entry.requirement) for one in expected.requirements)
    return named and fnmatchcase(trial.name, entry.mutant)


def known_survivors(path: Path | Traversable | None = None) -> KnownSurvivors:
    """Read the file (the shipped one); SourceError lists every fault with its place."""
    return load(path if path is not None else files("harness.selftest") / "survivors.yaml", KnownSurvivors)
