"""The plan: scenarios bound to systems. Who plays whom, which legs cross a link of ours, and what is lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from harness.engine.applicability import Applicability
from harness.engine.legs import ends, legs_of
from harness.engine.roles import Roles, role_groups
from harness.engine.tls_planning import is_about_tls, tests_tls, why_not_secured
from harness.engine.versions import spoken, unshown
from harness.errors import NotApplicable
from harness.identifiers import Identifiers
from harness.model.applicable import Applicable
from harness.model.character_sets import common
from harness.model.deviation import MISUSES
from harness.model.names import HARNESS, ActorName, PlayerName, PlayId, TransactionId
from harness.model.plan import Assignment, LegState, Plan, PlannedLeg, PlannedStep, Play
from harness.model.profile import Leg, LinkKind, Profile, Transaction
from harness.model.scenario import Answer, Case, Scenario, Step
from harness.model.system import DepartmentActor, DimseAddress, Hl7Address, Party, System, Times, TransactionTimes
from harness.model.tls import TlsMode
from harness.profiles import Knowledge


class Planner:
    """Builds plans from what the profiles say."""

    def __init__(self, knowledge: Knowledge, cases: Mapping[str, Case], seed: int) -> None:
        self._knowledge = knowledge
        self._cases = cases
        self._applicability = Applicability(knowledge=knowledge, cases=cases)
        self._identifiers = Identifiers(seed, "plan")
        self._identities: dict[PlayId, Case] = {}

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
        named: bool = False,
    ) -> Plan:
        """Bind the scenarios to the systems; NotApplicable when nothing would be tested.

        `named`: the user asked for each of the scenarios, so that one which does not apply is one too.
        """
        groups = tuple(role_groups(systems, self._knowledge))
        assignments = tuple(
            assignment for roles in groups if (assignment := self._assignment(roles, scenarios)) is not None
        )
        self._must_apply(assignments, groups, scenarios, named)
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

    def applicable(self, scenarios: Sequence[Scenario], systems: Sequence[System]) -> Iterator[Applicable]:
        """For each scenario, role and form whether it is played, and what it tests, or why it is not."""
        groups = tuple(role_groups(systems, self._knowledge))
        for scenario in scenarios:
            for roles in groups:
                for actor in roles.claims:
                    yield from (self._cell(roles, scenario, form, actor) for form in scenario.forms)

    def _cell(self, roles: Roles, scenario: Scenario, form: str, actor: ActorName) -> Applicable:
        why = self.applies(roles, scenario, form)
        player = roles.actors.get(actor, roles.systems[0].name)
        tested = tuple(
            dict.fromkeys(
                planned.transaction.id
                for planned in self._play(roles, scenario, form).steps
                for leg in planned.legs
                if _is_asked(leg) and (actor in ends(leg.leg)) and (actor, planned.transaction.id) in roles.claimed
            )
        )
        if not why and not tested:
            why = f"{actor} takes no part in it with what is claimed"
        return Applicable(
            scenario=scenario.id,
            system=player,
            role=actor,
            form=form,
            applies=not why,
            why=why,
            tested=() if why else tested,
        )

    def applies(self, roles: Roles, scenario: Scenario, form: str) -> str:
        """Why a scenario in that form is not played with the group; empty when it is."""
        return self._applicability.why_not(roles, scenario, form) or _without_question(
            self._play(roles, scenario, form), roles
        )

    def _must_apply(
        self, assignments: Sequence[Assignment], groups: Sequence[Roles], scenarios: Sequence[Scenario], named: bool
    ) -> None:
        played = {play.scenario.id for assignment in assignments for play in assignment.plays}
        missing = [scenario for scenario in scenarios if scenario.id not in played]
        if named and missing:
            raise NotApplicable("\n".join(self._why_nowhere(scenario, groups) for scenario in missing))
        if not played:
            raise NotApplicable(
                "none of the scenarios applies to what the systems claim; `swf list --sut` says why not"
            )

    def _why_nowhere(self, scenario: Scenario, groups: Sequence[Roles]) -> str:
        reasons = dict.fromkeys(self.applies(roles, scenario, form) for roles in groups for form in scenario.forms)
        return f"{scenario.id} does not apply: {'; '.join(reasons)}"

    # what is played

    def _assignment(self, roles: Roles, scenarios: Sequence[Scenario]) -> Assignment | None:
        plays = tuple(
            play
            for scenario in scenarios
            for form in scenario.forms
            if not self._applicability.why_not(roles, scenario, form)
            if not _without_question(play := self._play(roles, scenario, form), roles)
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
            character_sets=common(system.character_sets for system in roles.systems),
        )

    def _play(self, roles: Roles, scenario: Scenario, form: str) -> Play:
        profile = self._profile_for(scenario, form)
        suffix = f"[{roles.id}]" if roles.id else ""
        play = PlayId(f"{scenario.id}@{form}{suffix}")
        return Play(
            id=play,
            scenario=scenario,
            form=form,
            profile=profile.id,
            case=self._identified(self._cases[scenario.case], play),
            steps=tuple(self._planned_step(roles, step, form) for step in scenario.steps),
            roles=roles.actors,
        )

    def _profile_for(self, scenario: Scenario, form: str) -> Profile:
        profiles = [self._knowledge.profiles[name] for name in scenario.citation]
        fitting = [profile for profile in profiles if form in profile.hl7_versions]
        return (fitting or profiles)[0]

    def _identified(self, case: Case, play: PlayId) -> Case:
        """Fill in a play's identifiers: entries of one person share the person's identifier."""
        if play in self._identities:
            return self._identities[play]
        drawn = self._identifiers.stream(play)
        persons = dict.fromkeys(patient.person for patient in case.patients.values())
        numbers = {person: drawn.number("P", 8) for person in persons}
        patients = {
            key: replace(patient, id=patient.id or numbers[patient.person], authority=patient.authority or "HOSP")
            for key, patient in case.patients.items()
        }
        visit = replace(case.visit, number=case.visit.number or drawn.number("V", 8))
        visits = {name: replace(later, number=later.number or visit.number) for name, later in case.visits.items()}
        return self._identities.setdefault(play, replace(case, patients=patients, visit=visit, visits=visits))

    def _planned_step(self, roles: Roles, step: Step, form: str) -> PlannedStep:
        transaction = self._knowledge.transactions[step.transaction]
        legs = tuple(self._planned_leg(roles, transaction.id, leg, form) for leg in legs_of(step, transaction))
        legs = tuple(_without_ignorance(roles, transaction, leg) for leg in legs)
        legs = tuple(_securable(roles, step, leg) for leg in legs)
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

    def _planned_leg(self, roles: Roles, transaction: TransactionId, leg: Leg, form: str) -> PlannedLeg:
        version = spoken(roles, transaction, leg, form)
        why = unshown(roles, self._knowledge, transaction, leg, form)
        planned = _planned_leg(roles, transaction, leg, version)
        return replace(planned, unshown=why if planned.state is LegState.LIVE else "")

    def _ours(self, roles: Roles, plays: Sequence[Play]) -> Iterator[Party]:
        actors = {
            actor
            for play in plays
            for planned in play.steps
            for bound in planned.legs
            if bound.leg.required
            for actor in ends(bound.leg)
        } | {step.initiator for play in plays for step in play.scenario.steps}
        yield from (our_party(roles.systems, actor) for actor in sorted(actors))


def our_party(systems: Sequence[System], actor: ActorName) -> Party:
    """Our simulated actor, where and as the first of the systems that was told of it knows it."""
    system = next((one for one in systems if actor in one.department), None)
    told = system.department[actor] if system is not None else DepartmentActor()
    title = ae_title(actor)
    files = system.tls if system is not None and told.tls is not TlsMode.NONE else None
    return Party(
        actor=actor,
        player=HARNESS,
        bind=told.bind,
        dimse=DimseAddress(
            ae_title=told.ae_title or title, host=told.advertise, port=told.port, tls=told.tls, tls_files=files
        ),
        hl7=Hl7Address(
            application=told.application or title,
            facility=told.facility or "SWF",
            host=told.advertise,
            port=told.hl7_port,
            tls=told.tls,
            tls_files=files,
        ),
    )


def ae_title(actor: ActorName) -> str:
    """The AE title and HL7 application name of our simulated actor, at most 16 characters: `SWF_ORDER_FILLER`."""
    words = actor.upper().split()
    name = f"SWF_{'_'.join(words)}"
    return name if len(name) <= 16 else f"SWF_{'_'.join(word[:4] for word in words)}"[:16]


def _without_question(play: Play, roles: Roles) -> str:
    """Why nothing would be asked of the group in a play; empty when something is, or without a system. A scenario about
    TLS is played only where some link that it tests has that."""
    if is_about_tls(play.scenario):
        legs = [leg for planned in play.steps for leg in planned.legs if tests_tls(planned.step, leg.leg)]
        asked = any(leg.state is LegState.LIVE and (leg.systems or not roles.systems) for leg in legs)
    else:
        legs = [leg for planned in play.steps for leg in planned.legs]
        asked = not roles.systems or any(_is_asked(leg) for leg in legs)
    if asked:
        return ""
    own = [leg for leg in legs if set(ends(leg.leg)) & set(roles.actors)]
    reasons = dict.fromkeys(leg.reason for leg in own or legs if leg.reason)
    of_whom = f"asked of {', '.join(roles.actors)}" if roles.systems else "tested"
    return f"nothing of it can be {of_whom}: {'; '.join(reasons) or 'no leg of it is live'}"


def _is_asked(leg: PlannedLeg) -> bool:
    """Whether a leg says something about a system."""
    return leg.state is LegState.NOT_OFFERED or (leg.state is LegState.LIVE and bool(leg.systems))


def _theirs(roles: Roles) -> Iterator[Party]:
    """The systems' parties for the actors that are under test here."""
    for system in roles.systems:
        for actor in dict.fromkeys((*system.actors, *roles.actors)):
            party = system.party(actor) if roles.actors.get(actor) == system.name else None
            if party is not None:
                yield party


def _longest_times(systems: Sequence[System]) -> Times:
    """Of each declared time the longest of any system, in each transaction of which any says something, too."""
    every = [system.times for system in systems]
    named = dict.fromkeys(transaction for times in every for transaction in times.transactions)
    longest = _longest(every)
    own = {transaction: _longest([times.of(transaction) for times in every]) for transaction in named}
    return replace(
        longest,
        transactions={
            transaction: TransactionTimes(answer=times.answer, act=times.act, show=times.show)
            for transaction, times in own.items()
        },
    )


def _longest(every: Sequence[Times]) -> Times:
    if not every:
        return Times()
    return Times(
        answer=max(times.answer for times in every),
        act=max(times.act for times in every),
        show=max(times.show for times in every),
        settle=max(times.settle for times in every),
    )


def _planned_leg(roles: Roles, transaction: TransactionId, leg: Leg, version: str) -> PlannedLeg:
    players = {actor: roles.served.get((actor, transaction), HARNESS) for actor in ends(leg)}
    missing = next(
        (actor for actor in ends(leg) if (actor, transaction) in roles.claimed and players[actor] == HARNESS),
        None,
    )
    initiator, responder = players[leg.initiator], players[leg.responder]
    state, reason = LegState.LIVE, ""
    if leg.link is LinkKind.MLLP and all(message.version != version for message in leg.messages):
        state, reason = LegState.NOT_APPLICABLE, f"{transaction} {leg.id} has no HL7 {version} form"
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
        version=version,
    )


def _unclaimed(roles: Roles, transaction: TransactionId, leg: Leg) -> str:
    """Which part of an actor under test its product does not claim: we play it, and nothing of it is tested."""
    parts = [
        f"{roles.actors[actor]} does not claim {transaction} of {actor}"
        for actor in ends(leg)
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


def _securable(roles: Roles, step: Step, planned: PlannedLeg) -> PlannedLeg:
    """The leg; not applicable where the step would test TLS on a link that has none."""
    reason = why_not_secured(roles, step, planned) if planned.state is LegState.LIVE else ""
    return replace(planned, state=LegState.NOT_APPLICABLE, reason=reason) if reason else planned


def _asked_to_misbehave(roles: Roles, step: Step) -> ActorName | None:
    """The actor under test that the step wants to deviate, if any; a misused link is left out for a system."""
    culprits = [step.deviation.actor] if step.deviation and step.deviation.change not in MISUSES else []
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
