"""What is known to survive, and why: the checked-in file and its agreement with what really survives.

Owns the form of `survivors.yaml`. An entry that no longer stands for anything is drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from harness.model.names import RequirementId
from harness.model.proof import Broken, Expected, Survivor, SurvivorReason, Trial
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
    """The file. `collateral` is what breaks beside, although it has nothing to do with the change."""

    survivors: tuple[SurvivorEntry, ...] = ()
    unproved: tuple[UnprovedEntry, ...] = ()
    collateral: tuple[SurvivorEntry, ...] = ()

    def unexplained(self, trial: Trial) -> Trial:
        """A trial with the collateral that the file gives no reason for."""
        left = tuple(one for one in trial.collateral if not any(_hits(entry, trial, one) for entry in self.collateral))
        return trial if left == trial.collateral else replace(trial, collateral=left)

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

    def drift(
        self, trials: Iterable[Trial], survivors: Iterable[Survivor], unproved: Iterable[RequirementId]
    ) -> tuple[str, ...]:
        """The entries that stand for nothing; `trials` with all their collateral."""
        surviving, left = tuple(survivors), tuple(unproved)
        hit = [trial for trial in trials if trial.collateral]
        idle = [
            f"survivors: {entry.mutant} ({entry.requirement})"
            for entry in self.survivors
            if not any(_fits(entry, one.trial, one.expected) for one in surviving)
        ]
        idle += [
            f"collateral: {entry.mutant} ({entry.requirement})"
            for entry in self.collateral
            if not any(_hits(entry, trial, one) for trial in hit for one in trial.collateral)
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


def _hits(entry: SurvivorEntry, trial: Trial, broken: Broken) -> bool:
    return fnmatchcase(trial.name, entry.mutant) and fnmatchcase(broken.requirement, entry.requirement)


def known_survivors(path: Path | Traversable | None = None) -> KnownSurvivors:
    """Read the file (the shipped one); SourceError lists every fault with its place."""
    return load(path if path is not None else files("harness.selftest") / "survivors.yaml", KnownSurvivors)
