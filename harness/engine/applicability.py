"""Which scenarios a system can be tested with: what follows from its claims of profiles, actors, options and HL7 forms.

A reason is a sentence for the user; an empty one means that the scenario applies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.engine.characters import lacking
from harness.engine.claims import claimed_forms
from harness.engine.legs import legs_of
from harness.engine.roles import Roles, claimed_transactions
from harness.engine.versions import declared
from harness.model.character_sets import CharacterSets, common
from harness.model.names import ActorName, TransactionId
from harness.model.profile import Leg, LinkKind
from harness.model.scenario import Case, Scenario
from harness.model.system import Claim
from harness.profiles import Knowledge


@dataclass(frozen=True, kw_only=True)
class Applicability:
    """Decides for groups of systems, from what the profiles say."""

    knowledge: Knowledge
    cases: Mapping[str, Case] = field(default_factory=dict)

    def why_not(self, roles: Roles, scenario: Scenario, form: str) -> str:
        """Why the scenario in that form says nothing about the group; empty when it applies, or without a system."""
        if not roles.systems:
            return ""
        return (
            self._without_part(roles, scenario)
            or self._without_option(roles, scenario, form)
            or self._without_form(roles, scenario, form)
            or self._without_characters(roles, scenario)
        )

    def taking_part(self, roles: Roles, scenario: Scenario) -> tuple[ActorName, ...]:
        """The actors under test that the scenario involves by what they claim in a profile that it cites."""
        parts = set(self._parts(scenario))
        return tuple(
            actor
            for actor, claims in roles.claims.items()
            if any((actor, one) in parts for claim in claims for one in self._cited(claim, actor, scenario))
        )

    # taking part

    def _parts(self, scenario: Scenario) -> Iterator[tuple[ActorName, TransactionId]]:
        for transaction, leg in self._legs(scenario):
            yield leg.initiator, transaction
            yield leg.responder, transaction

    def _legs(self, scenario: Scenario) -> Iterator[tuple[TransactionId, Leg]]:
        for step in scenario.steps:
            for leg in legs_of(step, self.knowledge.transactions[step.transaction]):
                yield step.transaction, leg

    def _claimed(self, claim: Claim, actor: ActorName) -> Sequence[TransactionId]:
        return claimed_transactions(claim, actor, self.knowledge)

    def _cited(self, claim: Claim, actor: ActorName, scenario: Scenario) -> Sequence[TransactionId]:
        return claimed_transactions(claim, actor, self.knowledge) if claim.profile in scenario.citation else ()

    def _without_part(self, roles: Roles, scenario: Scenario) -> str:
        if self.taking_part(roles, scenario):
            return ""
        under_test = _listed(roles.claims)
        if any(part in roles.claimed for part in self._parts(scenario)):
            profiles = dict.fromkeys(claim.profile for claims in roles.claims.values() for claim in claims)
            return (
                f"it is a scenario of {_listed(scenario.citation)}, and {under_test} is claimed in {_listed(profiles)}"
            )
        return f"{under_test} takes no part in it with what is claimed"

    # options

    def _without_option(self, roles: Roles, scenario: Scenario, form: str) -> str:
        for actor, option in scenario.options.items():
            claims = [claim for claim in roles.claims.get(actor, ()) if claim.profile in scenario.citation]
            fitting = [claim for claim in claims if form in claimed_forms(self.knowledge, claim)] or claims
            if actor in roles.claims and not any(self._includes(claim, actor, option) for claim in fitting):
                return f"{actor} does not claim the option {option}"
        return ""

    def _includes(self, claim: Claim, actor: ActorName, option: str) -> bool:
        """Whether a claim includes an option; what a profile does not list as one is a part of it for everybody, as far
        as the transactions go that the option adds elsewhere."""
        listed = self.knowledge.profiles[claim.profile].options.get(option)
        if listed is not None and actor in listed.actors:
            return option in claim.options
        elsewhere = (profile.options.get(option) for profile in self.knowledge.profiles.values())
        added = {transaction for one in elsewhere if one and actor in one.actors for transaction in one.transactions}
        return added <= set(claimed_transactions(claim, actor, self.knowledge))

    # forms

    def _without_form(self, roles: Roles, scenario: Scenario, form: str) -> str:
        speakers = {
            (actor, transaction)
            for transaction, leg in self._legs(scenario)
            if leg.required and leg.link is LinkKind.MLLP and any(message.version == form for message in leg.messages)
            for actor in (leg.initiator, leg.responder)
            if (actor, transaction) in roles.claimed and not declared(roles, actor, transaction)
        }
        for actor, transaction in sorted(speakers):
            claims = roles.claims[actor]
            forms = self._forms([one for one in claims if transaction in self._claimed(one, actor)])
            if form not in forms:
                where = f" in {transaction}" if form in self._forms(claims) else ""
                return f"{actor} is claimed with HL7 {_listed(sorted(forms))}, not with {form}{where}"
        if speakers:
            return ""
        claimed = {version for claims in roles.claims.values() for version in self._forms(claims)}
        wanted = [one for one in scenario.forms if one in claimed] or scenario.forms[:1]
        return "" if form in wanted else f"its claims are of HL7 {_listed(sorted(claimed))}, not of {form}"

    # character sets

    def _without_characters(self, roles: Roles, scenario: Scenario) -> str:
        """Which of the scenario's patients cannot be written of in what the systems declare to support."""
        declared = common(system.character_sets for system in roles.systems)
        case = self.cases.get(scenario.case)
        if declared == CharacterSets() or case is None:
            return ""
        for step in scenario.steps:
            for leg in legs_of(step, self.knowledge.transactions[step.transaction]):
                if not {(leg.initiator, step.transaction), (leg.responder, step.transaction)} & set(roles.claimed):
                    continue
                for patient in filter(None, (step.patient, step.prior)):
                    missing = lacking(case, patient, declared, leg.link)
                    if missing:
                        return _undeclared(roles, patient, missing, declared, leg.link)
        return ""

    def _forms(self, claims: Sequence[Claim]) -> frozenset[str]:
        """The HL7 versions that an actor is claimed with. A profile that goes with either version decides nothing where
        another claim of the actor does."""
        forms = [claimed_forms(self.knowledge, claim) for claim in claims]
        definite = [
            versions
            for claim, versions in zip(claims, forms, strict=True)
            if len(self.knowledge.profiles[claim.profile].hl7_versions) == 1
        ]
        return frozenset().union(*(definite or forms))


def _undeclared(roles: Roles, patient: str, missing: str, declared: CharacterSets, kind: LinkKind) -> str:
    names = _listed(system.name for system in roles.systems if system.character_sets != CharacterSets())
    protocol, sets = ("HL7", declared.hl7) if kind is LinkKind.MLLP else ("DICOM", declared.dicom)
    return (
        f"the patient `{patient}` of its case needs another character set of {protocol} ({missing}) than "
        f"{names} declares: {_listed(sets)}"
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
