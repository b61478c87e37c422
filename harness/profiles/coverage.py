"""Coverage: for each profile, actor and option, what becomes of each requirement.

Tested by a check in a scenario, by a check that so far only specimens exercise, attested by a person, or not testable
with the reason. Computed from the data files; it must not know a run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property

from harness.model.names import ActorName, RequirementId, ScenarioId, TransactionId
from harness.model.profile import Need, Profile, Requirement
from harness.model.record import Record
from harness.model.scenario import Scenario
from harness.model.system import Attestation, Claim
from harness.profiles.exercise import Exercises
from harness.profiles.knowledge import Knowledge
from harness.yaml_source import fits

BASE = ""
"""The option of an area that holds what the profile itself requires."""
FURTHER = "optional transactions"
"""The option of an area that holds the optional transactions that no option of the profile names."""


class Status(Enum):
    """What becomes of a requirement."""

    SCENARIO = "scenario"
    """Its check decides it in at least one scenario."""
    SPECIMEN = "specimen"
    """It has a check, which no scenario reaches yet: proved by specimens only."""
    ATTESTED = "attested"
    """No recording can show it; a person states that it is met."""
    UNTESTABLE = "not testable"
    """No recording can show it, and nobody attests it."""


@dataclass(frozen=True, kw_only=True)
class Covered(Record):
    """One requirement with what becomes of it."""

    requirement: Requirement
    status: Status
    scenarios: tuple[ScenarioId, ...] = ()
    attestation: Attestation | None = None


@dataclass(frozen=True, kw_only=True)
class Area(Record):
    """The requirements of an actor in a profile, or what one option adds to them."""

    profile: str
    actor: ActorName
    option: str = BASE
    covered: tuple[Covered, ...] = ()

    @cached_property
    def counts(self) -> Mapping[Status, int]:
        """How many requirements have each status."""
        counted = Counter(one.status for one in self.covered)
        return {status: counted[status] for status in Status}

    def only(self, status: Status) -> Area:
        """The area with the requirements of that status alone."""
        return replace(self, covered=tuple(one for one in self.covered if one.status is status))


def coverage(
    knowledge: Knowledge, scenarios: Sequence[Scenario], attestations: Iterable[Attestation] = ()
) -> tuple[Area, ...]:
    """Every area of every profile."""
    survey = _Survey(knowledge, scenarios, tuple(attestations))
    return tuple(area for profile in knowledge.profiles.values() for area in survey.profile(profile))


def claimed_coverage(
    knowledge: Knowledge, scenarios: Sequence[Scenario], claims: Iterable[Claim], attestations: Iterable[Attestation]
) -> tuple[Area, ...]:
    """One area for each actor of each claim, its options included."""
    survey = _Survey(knowledge, scenarios, tuple(attestations))
    return tuple(survey.claimed(claim, actor) for claim in claims for actor in claim.actors)


class _Survey:
    def __init__(
        self, knowledge: Knowledge, scenarios: Sequence[Scenario], attestations: tuple[Attestation, ...]
    ) -> None:
        self._knowledge = knowledge
        self._attestations = attestations
        exercises = Exercises(knowledge)
        self._by_form = {
            (scenario.id, form): exercises.of(scenario, form) for scenario in scenarios for form in scenario.forms
        }

    def profile(self, profile: Profile) -> Iterator[Area]:
        """The areas of a profile, actor by actor."""
        for actor, needs in profile.actors.items():
            base = frozenset(profile.transactions_of(actor))
            yield self._area(profile, actor, BASE, self._covered(profile, actor, base, profile.hl7_versions))
            further = {transaction for transaction, need in needs.items() if need is Need.OPTIONAL}
            for name, option in profile.options.items():
                if actor in option.actors:
                    added = frozenset(option.transactions) & frozenset(needs)
                    further -= added
                    yield self._area(profile, actor, name, self._added(profile, actor, name, base, added))
            if further:
                yield self._area(profile, actor, FURTHER, self._covered(profile, actor, further, profile.hl7_versions))

    def claimed(self, claim: Claim, actor: ActorName) -> Area:
        """The area of a claimed actor."""
        profile = self._knowledge.profiles[claim.profile]
        transactions = claim.transactions or profile.transactions_of(actor, claim.options)
        covered = self._covered(profile, actor, transactions, profile.forms_of(claim.options), claim.options)
        return self._area(profile, actor, ", ".join(claim.options), covered)

    @staticmethod
    def _area(profile: Profile, actor: ActorName, option: str, covered: Iterable[Covered]) -> Area:
        return Area(profile=profile.id, actor=actor, option=option, covered=tuple(covered))

    def _added(
        self,
        profile: Profile,
        actor: ActorName,
        option: str,
        base: frozenset[TransactionId],
        added: frozenset[TransactionId],
    ) -> Iterator[Covered]:
        """What an option adds: its transactions, its forms of every transaction, and what holds with it alone."""
        forms = profile.forms_of([option])
        new = forms.difference(profile.hl7_versions)
        for one in self._covered(profile, actor, base | added, forms, [option]):
            own = option in self._knowledge.options_of(profile.id, actor, one.requirement.id)
            if own or one.requirement.transaction in added - base or self._version(one.requirement) in new:
                yield one

    def _covered(
        self,
        profile: Profile,
        actor: ActorName,
        transactions: Collection[TransactionId],
        forms: Collection[str],
        options: Collection[str] = (),
    ) -> Iterator[Covered]:
        for requirement in self._knowledge.requirements():
            version = self._version(requirement)
            needed = self._knowledge.options_of(profile.id, actor, requirement.id)
            mine = requirement.actor == actor and requirement.transaction in transactions
            if mine and (not version or version in forms) and (not needed or set(needed) & set(options)):
                yield self._status(requirement, forms)

    def _version(self, requirement: Requirement) -> str:
        """The form that a requirement is about; empty when it is about none.

        A message in a version that is no form of a profile (2.4) goes with the form below it.
        """
        table = self._knowledge.hl7_tables.get(requirement.id.partition("/")[0])
        if table is None:
            return ""
        return max((form for form in self._forms if form <= table.version), default=table.version)

    @cached_property
    def _forms(self) -> frozenset[str]:
        profiles = self._knowledge.profiles.values()
        return frozenset(form for profile in profiles for form in profile.forms_of(profile.options))

    def _status(self, requirement: Requirement, forms: Collection[str]) -> Covered:
        if requirement.untestable is not None:
            stated = next((one for one in self._attestations if fits(requirement.id, one.requirement)), None)
            status = Status.UNTESTABLE if stated is None else Status.ATTESTED
            return Covered(requirement=requirement, status=status, attestation=stated)
        scenarios = self._scenarios(requirement.id, forms)
        status = Status.SCENARIO if scenarios else Status.SPECIMEN
        return Covered(requirement=requirement, status=status, scenarios=scenarios)

    def _scenarios(self, requirement: RequirementId, forms: Collection[str]) -> tuple[ScenarioId, ...]:
        return tuple(
            dict.fromkeys(
                scenario
                for (scenario, form), exercised in self._by_form.items()
                if form in forms and requirement in exercised
            )
        )
