"""Two runs held against each other: which verdicts moved, which findings came and went, how messages and times differ.

Identifiers and times that each run has of its own are no difference. What stands here was decided; nothing of it is
words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from harness.model.names import (
    ActorName,
    ExchangeId,
    LegId,
    PlayerName,
    PlayId,
    RequirementId,
    StepId,
    TransactionId,
)
from harness.model.profile import Requirement
from harness.model.record import Record
from harness.model.transcript import Half
from harness.model.verdict import Outcome, Verdict


class Level(Enum):
    """What a verdict is of."""

    RUN = "run"
    CLAIM = "claim"
    PLAY = "scenario"
    STEP = "step"


class News(Enum):
    """What a change means to who waits for it."""

    NEW = "new"
    """It is graver than before, or it is bad and was not there before."""
    FIXED = "fixed"
    """It was bad, was decided again, and is not bad any more."""
    CHANGED = "changed"
    """It is another one, and neither better nor worse for it; or only less grave."""
    GONE = "gone"
    """It was there before, and now nothing was decided about it: neither fixed nor failing."""


@dataclass(frozen=True, kw_only=True)
class Side(Record):
    """One of the two runs: how the user called it, and what it was."""

    name: str
    run: str
    started: str
    seed: int
    harness_version: str
    rule_set: str
    systems: tuple[str, ...]
    verdict: Verdict
    exit_code: int
    plays: int
    interrupted: bool = False
    watched: bool = False


@dataclass(frozen=True, kw_only=True)
class Moved(Record):
    """A verdict that is not the same in both runs; None where the run has no such thing."""

    level: Level
    id: str
    news: News
    before: Verdict | None
    after: Verdict | None
    transaction: TransactionId | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Said(Record):
    """What one run says at a place of a requirement: the gravest finding there, and how many are violated."""

    outcome: Outcome
    verdict: Verdict
    violated: int
    expected: str = ""
    received: str = ""
    exchange: ExchangeId | None = None
    known: bool = False


@dataclass(frozen=True, kw_only=True)
class FindingChange(Record):
    """A requirement that is decided otherwise at one place of one leg. `path` has `[*]` for any item or repetition."""

    news: News
    play: PlayId
    step: StepId
    leg: LegId
    transaction: TransactionId
    requirement: Requirement
    actor: ActorName
    player: PlayerName
    path: str
    before: Said | None
    after: Said | None


class Way(Enum):
    """How a place of a message differs."""

    OTHER = "other value"
    ABSENT = "not there any more"
    ADDED = "there now"
    RELATION = "another identifier than before"
    """Each run has identifiers of its own; here stands not the one that stood here before."""
    FORM = "written in another form"


@dataclass(frozen=True, kw_only=True)
class Place(Record):
    """Where a difference is seen: the step, and the exchange of each run."""

    play: PlayId
    step: StepId
    before: ExchangeId
    after: ExchangeId


@dataclass(frozen=True, kw_only=True)
class FieldChange(Record):
    """A place of a kind of message that differs, with its first values and all places where it does so.

    `message` is the message type or the DIMSE service, `sender` the actor that sent this half. `same_as` says, of an
    identifier that is another one than before, what it was the same as.
    """

    transaction: TransactionId
    leg: LegId
    message: str
    half: Half
    sender: ActorName
    receiver: ActorName
    path: str
    name: str
    way: Way
    before: str
    after: str
    same_as: str = ""
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Count(Record):
    """How many exchanges, or responses, of a kind a leg has in each run, where that is not the same."""

    play: PlayId
    step: StepId
    leg: LegId
    transaction: TransactionId
    what: str
    before: int
    after: int


@dataclass(frozen=True, kw_only=True)
class Latency(Record):
    """Seconds from a request to its last response: how many, the median, the 95th percentile and the longest."""

    count: int
    median: float
    high: float
    longest: float


@dataclass(frozen=True, kw_only=True)
class Timing(Record):
    """How long a responder took, in each run. `slower`: by half as much again, and by more than noise."""

    transaction: TransactionId
    leg: LegId
    responder: ActorName
    player: PlayerName
    before: Latency
    after: Latency
    slower: bool = False
    faster: bool = False


@dataclass(frozen=True, kw_only=True)
class RuleChange(Record):
    """A requirement that the two judgements do not have in common, or not in the same words; None: not used there."""

    before: Requirement | None
    after: Requirement | None
    what: tuple[str, ...] = ()

    @property
    def id(self) -> RequirementId:
        """The requirement."""
        one = self.after or self.before
        return one.id if one is not None else RequirementId("")


@dataclass(frozen=True, kw_only=True)
class Comparison(Record):
    """The first run held against the second one.

    `compared` counts the messages that were, `renamed` the identifiers of the first run that others stand for in the
    second one; `seconds` are those of the plays. `notes` say what the reader has to know of how it was done.
    """

    before: Side
    after: Side
    verdicts: tuple[Moved, ...]
    findings: tuple[FindingChange, ...]
    rules: tuple[RuleChange, ...] = ()
    fields: tuple[FieldChange, ...] = ()
    counts: tuple[Count, ...] = ()
    timings: tuple[Timing, ...] = ()
    compared: int = 0
    renamed: int = 0
    seconds: Mapping[PlayId, tuple[float, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def same_verdicts(self) -> bool:
        """Whether every verdict and every finding is the same."""
        return not self.verdicts and not self.findings

    def of(self, news: News) -> tuple[FindingChange, ...]:
        """The findings of one kind of news."""
        return tuple(one for one in self.findings if one.news is news)
