"""The proof of the rules, as a record: what was changed, what broke, and which requirements never broke."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from harness.model.names import RequirementId
from harness.model.record import Record

LEAST_RATE = 0.98
"""Share of what has to be noticed that a complete proof notices."""


class Mutation(Enum):
    """How a recording was changed."""

    REMOVED = "removed"
    EMPTIED = "emptied"
    NULLED = "HL7 null"
    CONDITION = "removed while its condition holds"
    OUTSIDE = "value outside the set"
    WRONG_VALUE = "wrong value"
    WRONG_IDENTIFIER = "wrong identifier"
    WRONG_TYPE = "wrong type"
    FORBIDDEN = "forbidden value"
    REPEATED = "repeated"
    REORDERED = "out of order"
    SURPLUS_ITEM = "surplus item"
    MISSING_ITEM = "missing item"
    ENCODING = "encoding"
    WRONG_CODE = "wrong answer code"
    WRONG_STATUS = "wrong status"
    WRONG_COMMAND = "wrong command"
    NO_ANSWER = "no answer"
    MISSING_RESPONSE = "missing response"
    SURPLUS_RESPONSE = "surplus response"
    MISSING_EXCHANGE = "missing exchange"
    SURPLUS_EXCHANGE = "surplus exchange"
    ILLEGAL_STATE = "illegal state"
    LATE = "late"
    LET_IN = "bad caller let in"
    SENT_TO_BAD = "sent to a bad listener"


class SurvivorReason(Enum):
    """Why a change that a rule should notice goes unnoticed, or a requirement is not proved: the closed list."""

    EQUIVALENT = "equivalent message"
    ALTERNATIVE = "alternative source is legal"
    LIVE = "needs a live system"
    UNSURE = "unsure requirement"
    NOT_RECORDED = "not in a recording"
    ELSEWHERE = "judged elsewhere"
    OPTIONAL = "optional, so that its absence is legal"
    CANNOT_FAIL = "decided, and cannot fail"
    """A weakness of the check or its data."""
    GAP = "a known gap"
    """A weakness of the check: what it says is wrong."""


class Standing(Enum):
    """What the proof says of a requirement."""

    PROVED = "proved"
    """Some change broke it."""
    UNPROVED = "unproved"
    """A base recording decides it, and no change broke it."""
    NEVER_DECIDED = "never decided"
    """No base recording decides it."""
    UNTESTABLE = "untestable"
    """It has no check."""


@dataclass(frozen=True)
class Broken(Record):
    """A requirement that a change broke, and where."""

    requirement: RequirementId
    where: str = ""


@dataclass(frozen=True)
class Expected(Record):
    """What has to break: one of these requirements. `kind` is the kind of rule."""

    kind: str
    requirements: tuple[RequirementId, ...]


@dataclass(frozen=True, kw_only=True)
class Trial(Record):
    """One mutant and what became of it.

    `place` is the same in every recording: `RAD-4/to-image-manager request IPC-3`. `survived` are the expectations
    that did not come true, `collateral` what broke and has nothing to do with the change, `crash` what a check raised.
    """

    base: str
    place: str
    mutation: Mutation
    expected: tuple[Expected, ...] = ()
    survived: tuple[Expected, ...] = ()
    broken: tuple[Broken, ...] = ()
    collateral: tuple[Broken, ...] = ()
    crash: str = ""

    @property
    def name(self) -> str:
        """What was changed, and how."""
        return f"{self.place}: {self.mutation.value}"


@dataclass(frozen=True, kw_only=True)
class Survivor(Record):
    """An expectation that did not come true; `reason` is None where nobody gave one."""

    trial: Trial
    expected: Expected
    reason: SurvivorReason | None = None


@dataclass(frozen=True, kw_only=True)
class KindResult(Record):
    """Kill rate of one kind of rule."""

    kind: str
    killed: int
    total: int

    @property
    def rate(self) -> float:
        """Killed of all, 1.0 when there was nothing to kill."""
        return self.killed / self.total if self.total else 1.0


@dataclass(frozen=True, kw_only=True)
class Proof(Record):
    """The whole proof.

    `refused` are recordings that were no base, with what speaks against each; `unproved` the requirements that are
    decided and never broke, with the reason where the file gives one; `drift` what the file of survivors gives a
    reason for although it does not survive.
    """

    bases: tuple[str, ...]
    trials: tuple[Trial, ...]
    kinds: tuple[KindResult, ...]
    survivors: tuple[Survivor, ...]
    standings: Mapping[RequirementId, Standing]
    unproved: Mapping[RequirementId, SurvivorReason | None] = field(default_factory=dict)
    refused: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    drift: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def collateral(self) -> tuple[Trial, ...]:
        """Trials that broke what has nothing to do with them."""
        return tuple(trial for trial in self.trials if trial.collateral)

    @property
    def crashes(self) -> tuple[Trial, ...]:
        """Trials in which a check raised."""
        return tuple(trial for trial in self.trials if trial.crash)

    @property
    def total(self) -> int:
        """How many expectations there were."""
        return sum(kind.total for kind in self.kinds)

    @property
    def rate(self) -> float:
        """Kill rate over all kinds."""
        return sum(kind.killed for kind in self.kinds) / self.total if self.total else 1.0

    @property
    def unexplained(self) -> tuple[Survivor, ...]:
        """Survivors without a reason."""
        return tuple(survivor for survivor in self.survivors if survivor.reason is None)

    @property
    def holds(self) -> bool:
        """Whether the proof is complete: enough was noticed, the rest is explained, and nothing unrelated broke."""
        unexplained = self.unexplained or any(reason is None for reason in self.unproved.values())
        return self.rate >= LEAST_RATE and not (unexplained or self.collateral or self.crashes or self.drift)
