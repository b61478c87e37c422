"""Plans: what will happen, who plays whom, which checks apply, and what is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from harness.model.character_sets import CharacterSets
from harness.model.hop import Watching
from harness.model.known import KnownDeviations
from harness.model.names import HARNESS, ActorName, PlayerName, PlayId, StepId, TransactionId
from harness.model.override import Overrides
from harness.model.profile import Leg, Transaction
from harness.model.record import Record
from harness.model.scenario import Case, ProcedurePlan, Scenario, Step
from harness.model.system import Party, System, Times


@dataclass(frozen=True)
class StepRef(Record):
    """Which step of which play."""

    play: PlayId
    step: StepId

    def __str__(self) -> str:
        return f"{self.play}/{self.step}"


class LegState(Enum):
    """What the plan expects of a leg."""

    LIVE = "live"
    """It crosses a link of ours and is judged."""
    NOT_OBSERVABLE = "not observable"
    """It stays inside a product, or passes between products."""
    NOT_OFFERED = "not offered"
    """Claimed, but the product does not have it: fails without a connection."""
    NOT_APPLICABLE = "not applicable"
    """The leg does not exist in this HL7 version, or the system under test would have to misbehave."""


@dataclass(frozen=True, kw_only=True)
class PlannedLeg(Record):
    """A leg bound to players.

    `initiator`, `responder` are who plays the two sides (a stand-in is HARNESS). `claimed_by` is the system that
    claims the side that we have to play because it does not offer it. `fed`: a hook carries what our stand-in knows
    into the responding product before the leg. `version` is the HL7 version that is spoken, empty on an association;
    where it is not that of the play, `unshown` says what of a claim cannot be shown so.
    """

    leg: Leg
    state: LegState
    initiator: PlayerName
    responder: PlayerName
    reason: str = ""
    claimed_by: PlayerName | None = None
    at_fault: ActorName | None = None
    fed: bool = False
    version: str = ""
    unshown: str = ""

    @property
    def systems(self) -> frozenset[PlayerName]:
        """The systems under test that take part."""
        return frozenset({self.initiator, self.responder}) - {HARNESS}


@dataclass(frozen=True, kw_only=True)
class PlannedStep(Record):
    """A step with its legs. `triggered` says that a hook or the product itself must start it."""

    step: Step
    transaction: Transaction
    legs: tuple[PlannedLeg, ...]
    initiator: PlayerName

    @property
    def systems(self) -> frozenset[PlayerName]:
        """The systems under test that take part in any leg, or claim one that they do not offer."""
        claiming = {leg.claimed_by for leg in self.legs if leg.claimed_by is not None}
        return frozenset().union(*(leg.systems for leg in self.legs)) | claiming


@dataclass(frozen=True, kw_only=True)
class Play(Record):
    """One scenario in one form, bound to players: the unit that is run and judged.

    `roles` says which actors are under test, and by which system. `case` has its patients' identifiers filled in.
    """

    id: PlayId
    scenario: Scenario
    form: str
    profile: str
    case: Case
    steps: tuple[PlannedStep, ...]
    roles: Mapping[ActorName, PlayerName] = field(default_factory=dict)

    def step(self, step_id: StepId) -> PlannedStep:
        """The planned step of that name; KeyError when there is none."""
        return {planned.step.id: planned for planned in self.steps}[step_id]


@dataclass(frozen=True, kw_only=True)
class Assignment(Record):
    """Who plays whom for a group of plays that share one simulated department.

    `ours` are the parties of our simulated actors, `theirs` those of the systems. `serves` maps each actor and
    transaction that a system plays to that system; everything else is ours. `character_sets` are
    those that every system of the group supports.
    """

    id: str
    ours: Mapping[ActorName, Party]
    theirs: tuple[Party, ...]
    serves: Mapping[ActorName, Mapping[TransactionId, PlayerName]]
    plays: tuple[Play, ...]
    times: Times = field(default_factory=Times)
    character_sets: CharacterSets = field(default_factory=CharacterSets)

    def player(self, actor: ActorName, transaction: TransactionId) -> PlayerName:
        """Who plays the actor in the transaction."""
        return self.serves.get(actor, {}).get(transaction, HARNESS)

    def party(self, actor: ActorName, player: PlayerName) -> Party | None:
        """The addresses of the actor as that player plays it."""
        if player == HARNESS:
            return self.ours.get(actor)
        return next((party for party in self.theirs if party.actor == actor and party.player == player), None)


@dataclass(frozen=True, kw_only=True)
class Plan(Record):
    """Everything a run will do, and everything that judging it again needs besides the transcript.

    `rule_set` is the digest of the shipped rules; `overrides` and `known` deviations are a site's, with digests of
    their own. `procedures` is the procedure plan, where it is not the shipped one. `watching`: no scenario drives the
    run, and its plays are found in its transcript when it is judged; the assignment then has none.
    """

    run: str
    seed: int
    started: str
    harness_version: str
    rule_set: str
    systems: tuple[System, ...]
    assignments: tuple[Assignment, ...]
    defect: str = ""
    lost: tuple[str, ...] = ()
    overrides: Overrides = field(default_factory=Overrides)
    procedures: ProcedurePlan | None = None
    known: KnownDeviations = field(default_factory=KnownDeviations)
    watching: Watching | None = None


def scenarios_of(plan: Plan) -> tuple[Scenario, ...]:
    """The scenarios that a plan plays, each once."""
    played = {play.scenario.id: play.scenario for assignment in plan.assignments for play in assignment.plays}
    return tuple(played.values())
