"""A finished run: the one read-only record that every report renders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from harness.model.claimed import ClaimedPart
from harness.model.finding import Finding
from harness.model.known import Gate, KnownAs
from harness.model.names import (
    ActorName,
    CheckName,
    ExchangeId,
    LegId,
    PlayerName,
    PlayId,
    RequirementId,
    StepId,
    TransactionId,
)
from harness.model.override import OverrideUse, Overruled
from harness.model.plan import Plan
from harness.model.profile import Requirement
from harness.model.record import Record, plentiful
from harness.model.transcript import Transcript
from harness.model.verdict import Confidence, Outcome, Owner, Reason, Verdict, worst


@dataclass(frozen=True, kw_only=True)
class Why(Record):
    """Why a finding is whose it is: the reason, who else is behind it, and where that began."""

    reason: Reason = Reason.OWN_DOING
    player: PlayerName | None = None
    exchange: ExchangeId | None = None
    path: str = ""
    requirement: RequirementId | None = None


@plentiful
class JudgedFinding(Record):
    """A finding with its requirement resolved, its owner named and its verdict taken from the table.

    `player` plays the charged actor; `owner` says whose the fact is all the same, and `why`.
    `declared`: a violation that the scenario commits on purpose. `warning`: a violated SHOULD, or one of an unsure
    requirement, that changes no verdict. `overruled`: an override changed it, and what it was.
    `known`: the known deviation that it is.
    """

    finding: Finding
    requirement: Requirement
    player: PlayerName
    owner: Owner
    why: Why
    verdict: Verdict
    declared: bool = False
    warning: bool = False
    overruled: Overruled | None = None
    known: KnownAs | None = None

    @property
    def consequence(self) -> bool:
        """Whether it is a violation that follows from a fault charged elsewhere."""
        excused = self.why.reason in (Reason.AFTER_FAULT_OF, Reason.COPIED_FROM) and self.verdict is Verdict.NONE
        return excused and self.finding.outcome is Outcome.VIOLATED

    @property
    def quiet(self) -> bool:
        """Whether it is a violation that changes no verdict."""
        return self.warning or self.declared or self.consequence

    @property
    def is_known(self) -> bool:
        """Whether it is a known deviation that has not expired."""
        return self.known is not None and not self.known.expired


@dataclass(frozen=True, kw_only=True)
class LegResult(Record):
    """One leg of a step: what crossed the wire and what was decided about it. `version` is the HL7 version it was
    planned in, empty on an association; `unshown` what that keeps from being shown of a claim.

    What no finding explains: `undecided` are core checks that decided nothing, `not_offered` is the system that claims
    the leg and does not offer it; `known` is the known deviation that it is.
    """

    leg: LegId
    title: str
    verdict: Verdict
    verdicts: Mapping[PlayerName, Verdict] = field(default_factory=dict)
    reason: str = ""
    exchanges: tuple[ExchangeId, ...] = ()
    findings: tuple[JudgedFinding, ...] = ()
    initiator: ActorName
    responder: ActorName
    initiator_player: PlayerName
    responder_player: PlayerName
    version: str = ""
    unshown: str = ""
    undecided: tuple[CheckName, ...] = ()
    not_offered: PlayerName | None = None
    known: KnownAs | None = None

    @cached_property
    def exchange_verdicts(self) -> Mapping[ExchangeId, Verdict] | None:
        """The worst verdict of a finding on each exchange; None where they do not explain that of the leg."""
        found: dict[ExchangeId, Verdict] = {}
        for judged in self.findings:
            if judged.finding.evidence is not None:
                exchange = judged.finding.evidence.exchange
                found[exchange] = worst([found.get(exchange, Verdict.NONE), judged.verdict])
        return found if self.verdict is worst(found.values()) else None


@dataclass(frozen=True, kw_only=True)
class StepResult(Record):
    """A transaction verdict. `verdicts` is kept per player, so that an error of ours never hides their failure.

    `operator`: what a person was asked to do, and what the person answered, in words.
    """

    step: StepId
    transaction: TransactionId
    title: str
    verdict: Verdict
    verdicts: Mapping[PlayerName, Verdict] = field(default_factory=dict)
    reason: str = ""
    legs: tuple[LegResult, ...] = ()
    checks: int = 0
    seconds: float = 0.0
    line: int = 0
    operator: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LedgerEntry(Record):
    """One identifier seen in a play: where it appeared, in order. A place is `step: message path`.

    `first`: the value appeared here first. `broken`: it is not the one that had to be copied; `requirement` is the edge
    that breaks here, and `charged` the actor that copies along it. A value that had to be there and is not is empty.
    """

    name: str
    value: str
    place: str
    exchange: ExchangeId
    actor: ActorName
    first: bool = False
    broken: bool = False
    requirement: RequirementId | None = None
    charged: ActorName | None = None


@dataclass(frozen=True, kw_only=True)
class PlayResult(Record):
    """A scenario in one form: its step results and the identifiers that travelled through it."""

    play: PlayId
    title: str
    form: str
    profile: str
    scenario_path: str
    verdict: Verdict
    verdicts: Mapping[PlayerName, Verdict] = field(default_factory=dict)
    roles: Mapping[ActorName, PlayerName] = field(default_factory=dict)
    steps: tuple[StepResult, ...] = ()
    ledger: tuple[LedgerEntry, ...] = ()
    reason: str = ""
    seconds: float = 0.0
    interrupted: bool = False


@dataclass(frozen=True, kw_only=True)
class ClaimResult(Record):
    """Roll-up to profile x actor of one system. `reason`: why it is not tested, where the system file wants it so.

    `partners` are the systems that were on the other side of each transaction; our simulated actors are none.
    """

    system: PlayerName
    profile: str
    actor: ActorName
    verdict: Verdict
    transactions: Mapping[TransactionId, Verdict] = field(default_factory=dict)
    checks: int = 0
    reason: str = ""
    partners: Mapping[TransactionId, tuple[PlayerName, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Run(Record):
    """Judgement of a whole run. `orphans` are exchanges that fit no leg; `late` came after their play was sealed.

    `rule_set` is the digest of the rules that it was judged by; `strict` and `least` say how severely.

    `claims` is the roll-up to profile and actor, `claimed` what was shown of each actor and option, by transaction.
    """

    schema: str
    plan: Plan
    plays: tuple[PlayResult, ...]
    claims: tuple[ClaimResult, ...]
    verdict: Verdict
    exit_code: int
    checks: int
    believed: int
    interrupted: bool
    orphans: tuple[ExchangeId, ...] = ()
    late: tuple[ExchangeId, ...] = ()
    overrides: tuple[OverrideUse, ...] = ()
    rules_used: Mapping[RequirementId, int] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    transcript: Transcript | None = None
    gate: Gate = field(default_factory=Gate)
    rule_set: str = ""
    strict: bool = False
    least: Confidence = Confidence.BELIEVED
    claimed: tuple[ClaimedPart, ...] = ()
