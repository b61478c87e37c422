"""Overrides: what a site decides about a requirement for its systems, with a reason, an author and an end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from harness.model.names import PlayerName, RequirementId
from harness.model.record import Record
from harness.model.verdict import Outcome, Verdict


class Effect(Enum):
    """What an override does to a requirement."""

    OFF = "off"
    """It does not apply."""
    WEAKEN = "weaken"
    """A SHALL is judged as a SHOULD: a violation warns."""
    CHANGE = "change"
    """A row of a table demands something else."""


@dataclass(frozen=True, kw_only=True)
class RowChange(Record):
    """What a row demands instead; what is None stays as it is.

    `use` is the usage code of an HL7 field; `type` the data type of a field, or the type of an attribute.
    """

    use: str | None = None
    type: str | None = None
    values: tuple[str, ...] | None = None
    when: str | None = None


@dataclass(frozen=True, kw_only=True)
class Override(Record):
    """One entry of an overrides file.

    `requirement` is an id, or a pattern in which `*` stands for any text. `path` limits the override to a place in the
    message, `systems` to systems under test; `to` says what a changed row demands. `expires` is the last day on which
    it applies, YYYY-MM-DD. `place` is the entry's file and line.
    """

    requirement: str
    effect: Effect
    reason: str
    author: str
    expires: str
    path: str = ""
    to: RowChange | None = None
    citation: str = ""
    systems: tuple[PlayerName, ...] = ()
    place: str = ""


@dataclass(frozen=True, kw_only=True)
class Overrides(Record):
    """The overrides of a run in the order in which they are tried: the first that fits a finding applies.

    `named` maps the place of each to the requirements that it names. `sha256` is the digest over their files, `day` the
    day of the run, on which those that have expired do not apply.
    """

    entries: tuple[Override, ...] = ()
    named: Mapping[str, tuple[RequirementId, ...]] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    sha256: str = ""
    day: str = ""

    def has_expired(self, entry: Override) -> bool:
        """Whether the last day of an entry is over."""
        return entry.expires < self.day


@dataclass(frozen=True, kw_only=True)
class Overruled(Record):
    """What the shipped rules make of a finding that an override changed. `override` is the place of the entry."""

    override: str
    outcome: Outcome
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class VerdictChange(Record):
    """So many findings have one verdict by the shipped rules, and another one by an override."""

    before: Verdict
    after: Verdict
    count: int


@dataclass(frozen=True, kw_only=True)
class OverrideUse(Record):
    """What became of one override in a run: `findings` are those it applied to, `changes` how it changed verdicts."""

    override: Override
    expired: bool
    findings: int = 0
    changes: tuple[VerdictChange, ...] = ()
