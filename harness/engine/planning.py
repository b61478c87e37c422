"""The plan: scenarios bound to systems. Who plays whom, which legs cross a link of ours, and what is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.engine.claims import claimed_forms
from harness.errors import InputError
from harness.identifiers import Identifiers
from harness.model.names import HARNESS, ActorName, PlayerName, PlayId, TransactionId
from harness.model.plan import Assignment, LegState, Plan, PlannedLeg, PlannedStep, Play
from harness.model.profile import Leg, LinkKind, Profile, Service, Transaction
from harness.model.scenario import Answer, Case, Scenario, Step
from harness.model.system import Binding, DimseAddress, Hl7Address, Party, System, Times
from harness.profiles import Knowledge


@dataclass(frozen=True, kw_only=True)
class Roles:
    """What a group of systems claims and plays.

    `claimed` maps actor and transaction to the claiming system; `served` to the system that really offers it.
    """

    id: str
    systems: tuple[System, ...]
    claimed: Mapping[tuple[ActorName, TransactionId], PlayerName]
    served: Mapping[tuple[ActorName, TransactionId], PlayerName]

    @property
    def actors(self) -> Mapping[ActorName, PlayerName]:
        """Actors under test, by system."""
        return {actor: player for (actor, _), player in self.claimed.items()}


class Planner:
    """Builds plans from what the profiles say."""

    def __init__(self, knowledge: Knowledge, cases: Mapping[str, Case], seed: int) -> None:
        self._knowledge = knowledge
        self._cases = cases
        self._identifiers = Identifiers(seed, "plan")

    def plan(
        self,
        *,
        run: str,
        seed: int,
        started: str,
        version: str,
        scenarios: Sequence[Scenario],
        systems: Sequence[System],
        defect: str = "",
    ) -> Plan:
        """Bind the scenarios to the systems; InputError when nothing would be tested."""
        assignments = tuple(
            assignment
            for roles in self._role_groups(systems)
            if (assignment := self._assignment(roles, scenarios)) is not None
        )
        if not assignments:
            raise InputError("none of the scenarios involves an actor that the systems claim; see `swf list`")
        return Plan(
            run=run,
            seed=seed,
            started=started,
            harness_version=version,
            rule_set=self._knowledge.rule_set,
            systems=tuple(systems),
            assignments=assignments,
            defect=defect,
            lost=tuple(dict.fromkeys(_lost(assignments))),
        )

    # who plays whom

    def _role_groups(self, systems: Sequence[System]) -> Iterator[Roles]:
        together = [system for system in systems if system.binding is Binding.TOGETHER]
        if together or not systems:
            yield self._roles(together, None, "")
        each = [
            (system, actor)
            for system in systems
            if system.binding is Binding.EACH
            for actor in dict.fromkeys(actor for claim in system.claims for actor in claim.actors)
        ]
        players = Counter(actor for _, actor in each)
        for system, actor in each:
            yield self._roles([system], actor, actor if players[actor] == 1 else f"{actor} of {system.name}")

    def _roles(self, systems: Sequence[System], only: ActorName | None, name: str) -> Roles:
        claimed: dict[tuple[ActorName, TransactionId], PlayerName] = {}
        served: dict[tuple[ActorName, TransactionId], PlayerName] = {}
        for system in systems:
            for actor, transaction in self._claims(system):
                if only in (None, actor):
                    other = claimed.setdefault((actor, transaction), system.name)
                    if other != system.name:
                        raise InputError(f"{other} and {system.name} both claim {actor} in {transaction}")
                    offers = system.actors[actor].offers if actor in system.actors else ()
                    if not offers or transaction in offers:
                        served[actor, transaction] = system.name
        return Roles(id=name, systems=tuple(systems), claimed=claimed, served=served)

    def _claims(self, system: System) -> Iterator[tuple[ActorName, TransactionId]]:
        for claim in system.claims:
            profile = self._knowledge.profiles[claim.profile]
            for actor in claim.actors:
                included = profile.transactions_of(actor, claim.options)
                for transaction in profile.actors.get(actor, {}):
                    if transaction in (claim.transactions or included):
                        yield actor, transaction

    # what is played

    def _assignment(self, roles: Roles, scenarios: Sequence[Scenario]) -> Assignment | None:
        plays = tuple(
            self._play(roles, scenario, form)
            for scenario in scenarios
            if self._involves(roles, scenario)
            for form in self._forms(roles, scenario)
        )
        if not plays:
            return None
        serves: dict[ActorName, dict[TransactionId, PlayerName]] = {}
        for (actor, transaction), player in roles.served.items():
            serves.setdefault(actor, {})[transaction] = player
        return Assignment(
            id=roles.id,
            ours={party.actor: party for party in self._ours(roles, plays)},
            theirs=tuple(_theirs(roles)),
            serves=serves,
            plays=plays,
            times=_longest_times(roles.systems),
        )

    def _involves(self, roles: Roles, scenario: Scenario) -> bool:
        if not roles.systems:
            return True
        return any(
            (actor, step.transaction) in roles.claimed
            for step in scenario.steps
            for leg in legs_of(step, self._knowledge.transactions[step.transaction])
            for actor in _ends(leg)
        )

    def _forms(self, roles: Roles, scenario: Scenario) -> tuple[str, ...]:
        if not roles.systems:
            return scenario.forms
        versions = {
            version
            for system in roles.systems
            for claim in system.claims
            if set(claim.actors) & set(roles.actors)
            for version in claimed_forms(self._knowledge, claim)
        }
        return tuple(form for form in scenario.forms if form in versions) or scenario.forms[:1]

    def _play(self, roles: Roles, scenario: Scenario, form: str) -> Play:
        profile = self._profile_for(scenario, form)
        suffix = f"[{roles.id}]" if roles.id else ""
        return Play(
            id=PlayId(f"{scenario.id}@{form}{suffix}"),
            scenario=scenario,
            form=form,
            profile=profile.id,
            case=self._identified(self._cases[scenario.case]),
            steps=tuple(self._planned_step(roles, step, form) for step in scenario.steps),
            roles=roles.actors,
        )

    def _profile_for(self, scenario: Scenario, form: str) -> Profile:
        profiles = [self._knowledge.profiles[name] for name in scenario.citation]
        fitting = [profile for profile in profiles if form in profile.hl7_versions]
        return (fitting or profiles)[0]

    def _identified(self, case: Case) -> Case:
        """Fill in identifiers: entries of one person share the person's identifier."""
        persons = dict.fromkeys(patient.person for patient in case.patients.values())
        numbers = {person: self._identifiers.number("P", 8) for person in persons}
        patients = {
            key: replace(patient, id=patient.id or numbers[patient.person], authority=patient.authority or "HOSP")
            for key, patient in case.patients.items()
        }
        visit = replace(case.visit, number=case.visit.number or self._identifiers.number("V", 8))
        visits = {name: replace(later, number=later.number or visit.number) for name, later in case.visits.items()}
        return replace(case, patients=patients, visit=visit, visits=visits)

    def _planned_step(self, roles: Roles, step: Step, form: str) -> PlannedStep:
        transaction = self._knowledge.transactions[step.transaction]
        legs = tuple(_planned_leg(roles, transaction.id, leg, form) for leg in legs_of(step, transaction))
        legs = tuple(_without_ignorance(roles, transaction, leg) for leg in legs)
        culprit = _asked_to_misbehave(roles, step)
        if culprit is not None:
            reason = f"{culprit} would have to misbehave, which a system under test is never asked to"
            legs = tuple(replace(leg, state=LegState.NOT_APPLICABLE, reason=reason) for leg in legs)
        return PlannedStep(
            step=step,
            transaction=transaction,
            legs=legs,
            initiator=roles.served.get((step.initiator, transaction.id), HARNESS),
        )

    def _ours(self, roles: Roles, plays: Sequence[Play]) -> Iterator[Party]:
        actors = {
            actor
            for play in plays
            for planned in play.steps
            for bound in planned.legs
            if bound.leg.required
            for actor in _ends(bound.leg)
        } | {step.initiator for play in plays for step in play.scenario.steps}
        for actor in sorted(actors):
            told = next((system.department[actor] for system in roles.systems if actor in system.department), None)
            title = ae_title(actor)
            yield Party(
                actor=actor,
                player=HARNESS,
                bind=told.bind if told else "127.0.0.1",
                dimse=DimseAddress(
                    ae_title=(told.ae_title if told else "") or title,
                    host=told.advertise if told else "127.0.0.1",
                    port=told.port if told else 0,
                ),
                hl7=Hl7Address(
                    application=(told.application if told else "") or title,
                    facility=(told.facility if told else "") or "SWF",
                    host=told.advertise if told else "127.0.0.1",
                    port=told.hl7_port if told else 0,
                ),
            )


def ae_title(actor: ActorName) -> str:
    """The AE title and HL7 application name of our simulated actor, at most 16 characters: `SWF_ORDER_FILLER`."""
    words = actor.upper().split()
    name = f"SWF_{'_'.join(words)}"
    return name if len(name) <= 16 else f"SWF_{'_'.join(word[:4] for word in words)}"[:16]


def legs_of(step: Step, transaction: Transaction) -> tuple[Leg, ...]:
    """The legs of the transaction that belong to a step: of repositories only the one that is asked (`at`), and of
    a transaction that is begun by an actor that else only passes it on, its own."""
    legs = tuple(leg for leg in transaction.legs if step.at is None or step.at in _ends(leg))
    if step.at is not None:
        return tuple(replace(leg, required=True) for leg in legs)
    begun = [leg for leg in legs if leg.initiator == step.initiator]
    if begun and all(leg.reaction for leg in begun):
        return tuple(replace(leg, reaction=False) for leg in begun)
    unasked = {leg.responder for leg in begun if not leg.required and _asks(leg)}
    return tuple(leg for leg in legs if unasked.isdisjoint(_ends(leg)))


def _asks(leg: Leg) -> bool:
    return leg.dimse is not None and leg.dimse.service in (Service.C_FIND, Service.C_MOVE, Service.C_GET)


def _ends(leg: Leg) -> tuple[ActorName, ActorName]:
    return leg.initiator, leg.responder


def _theirs(roles: Roles) -> Iterator[Party]:
    """The systems' parties for the actors that are under test here."""
    for system in roles.systems:
        for actor, described in system.actors.items():
            if roles.actors.get(actor) != system.name:
                continue
            yield Party(actor=actor, player=system.name, dimse=described.dimse, hl7=described.hl7)


def _longest_times(systems: Sequence[System]) -> Times:
    if not systems:
        return Times()
    return Times(
        answer=max(system.times.answer for system in systems),
        act=max(system.times.act for system in systems),
        show=max(system.times.show for system in systems),
        settle=max(system.times.settle for system in systems),
    )


def _planned_leg(roles: Roles, transaction: TransactionId, leg: Leg, form: str) -> PlannedLeg:
    players = {actor: roles.served.get((actor, transaction), HARNESS) for actor in _ends(leg)}
    missing = next(
        (actor for actor in _ends(leg) if (actor, transaction) in roles.claimed and players[actor] == HARNESS),
        None,
    )
    initiator, responder = players[leg.initiator], players[leg.responder]
    state, reason = LegState.LIVE, ""
    if leg.link is LinkKind.MLLP and all(message.version != form for message in leg.messages):
        state, reason = LegState.NOT_APPLICABLE, f"{transaction} {leg.id} has no HL7 {form} form"
    elif HARNESS not in (initiator, responder):
        state = LegState.NOT_OBSERVABLE
        reason = f"inside {initiator}" if initiator == responder else f"between {initiator} and {responder}"
    elif missing is not None:
        state = LegState.NOT_OFFERED
        reason = f"{roles.claimed[missing, transaction]} claims {missing} and does not offer {transaction}"
    else:
        reason = _unclaimed(roles, transaction, leg)
    return PlannedLeg(
        leg=leg,
        state=state,
        initiator=initiator,
        responder=responder,
        reason=reason,
        claimed_by=roles.claimed[missing, transaction] if missing and state is LegState.NOT_OFFERED else None,
        at_fault=missing if state is LegState.NOT_OFFERED else None,
        fed=_is_fed(roles, transaction, leg),
    )


def _unclaimed(roles: Roles, transaction: TransactionId, leg: Leg) -> str:
    """Which part of an actor under test its product does not claim: we play it, and nothing of it is tested."""
    parts = [
        f"{roles.actors[actor]} does not claim {transaction} of {actor}"
        for actor in _ends(leg)
        if actor in roles.actors and (actor, transaction) not in roles.claimed
    ]
    return f"{'; '.join(parts)}: not tested, a stand-in plays it" if parts else ""


def _is_fed(roles: Roles, transaction: TransactionId, leg: Leg) -> bool:
    player = roles.served.get((leg.responder, transaction), HARNESS)
    return any(
        system.name == player and leg.responder in system.actors and transaction in system.actors[leg.responder].feeds
        for system in roles.systems
    )


def _without_ignorance(roles: Roles, transaction: Transaction, planned: PlannedLeg) -> PlannedLeg:
    """A leg that our stand-in would have to play without having seen what a product saw is not applicable."""
    ends = {planned.leg.initiator: planned.initiator, planned.leg.responder: planned.responder}
    for actor, player in ends.items():
        for source in transaction.knows_from.get(actor, ()):
            system = roles.served.get((actor, source))
            if player == HARNESS and system is not None and planned.state is LegState.LIVE:
                reason = f"our stand-in {actor} never saw what {system} took in {source}"
                return replace(planned, state=LegState.NOT_APPLICABLE, reason=reason)
    return planned


def _asked_to_misbehave(roles: Roles, step: Step) -> ActorName | None:
    """The actor under test that the step wants to deviate, if any."""
    culprits = [step.deviation.actor] if step.deviation else []
    if step.illegal or step.unstored or step.expect.answer in (Answer.REFUSED, Answer.OBJECTED):
        culprits.append(step.initiator)
    return next((actor for actor in culprits if (actor, step.transaction) in roles.claimed), None)


def _lost(assignments: Iterable[Assignment]) -> Iterator[str]:
    for assignment in assignments:
        for play in assignment.plays:
            for planned in play.steps:
                for leg in planned.legs:
                    if leg.state is LegState.NOT_OBSERVABLE:
                        yield (
                            f"{planned.transaction.id} {leg.leg.initiator} -> {leg.leg.responder}: "
                            f"not observable, {leg.reason}"
                        )
