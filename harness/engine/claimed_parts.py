"""What a run shows of each claim: of an actor of a profile, and of each of its options, by transaction.

Which legs say something of a claim is decided here; what they amount to, in `harness.model.claimed`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.engine.claims import by_actor, speaks_for, why_not
from harness.engine.roles import claimed_transactions
from harness.model.claimed import ClaimedPart, ClaimedTransaction, Showing
from harness.model.failing import counts, finding_failure, leg_failures
from harness.model.known import Standing
from harness.model.names import ActorName, PlayerName, PlayId, TransactionId
from harness.model.plan import Plan
from harness.model.profile import Citation, Need, Option, Profile
from harness.model.run import JudgedFinding, LegResult, PlayResult, StepResult
from harness.model.scenario import Scenario
from harness.model.system import Claim, System
from harness.model.verdict import Confidence, Outcome, Verdict, worst
from harness.profiles import Knowledge

_DECIDED = (Outcome.MET, Outcome.VIOLATED)


@dataclass(frozen=True)
class _Seen:
    """One leg in which a system played an actor."""

    play: PlayResult
    step: StepResult
    leg: LegResult


def claimed_parts(
    plan: Plan, plays: Sequence[PlayResult], knowledge: Knowledge, silent: Collection[PlayerName] = ()
) -> tuple[ClaimedPart, ...]:
    """What was shown of every claim of every system, the options behind their actor; at the end of each system what it
    was seen to be and does not claim. What the plan claims for a `silent` system was made of what was seen of it."""
    scenarios = {play.id: play.scenario for assignment in plan.assignments for play in assignment.plays}
    return tuple(
        part
        for system in plan.systems
        for part in _System(system, plays, scenarios, knowledge, silent=system.name in silent).parts()
    )


def silent_systems(told: Plan, judged: Plan) -> frozenset[PlayerName]:
    """The systems that claim something in a plan as it is judged, and nothing in it as it was told."""
    claiming = {system.name for system in told.systems if system.claims}
    return frozenset(system.name for system in judged.systems) - claiming


class _System:
    """Finds what one system showed."""

    def __init__(
        self,
        system: System,
        plays: Sequence[PlayResult],
        scenarios: Mapping[PlayId, Scenario],
        knowledge: Knowledge,
        *,
        silent: bool,
    ) -> None:
        self._system = system
        self._silent = silent
        self._plays = plays
        self._scenarios = scenarios
        self._knowledge = knowledge
        self._told: dict[int, Showing] = {}

    def parts(self) -> Iterator[ClaimedPart]:
        claimed = by_actor(self._system.claims)
        for (profile, actor), claims in claimed.items():
            told = self._knowledge.profiles[profile]
            seen = self._seen(actor)
            if self._silent:
                if not any(actor in self._actors_of(play) for play in self._plays):
                    whole = [_widened(claim, told, actor) for claim in claims]
                    yield replace(self._actor(told, actor, whole, seen), claimed=False)
                continue
            yield self._actor(told, actor, claims, seen)
            for name in dict.fromkeys(name for claim in claims for name in claim.options):
                option = told.options.get(name)
                if option is not None and actor in option.actors:
                    own = [claim for claim in claims if name in claim.options]
                    yield self._option(told, actor, name, option, own, seen)
        yield from self._unclaimed(set() if self._silent else {actor for _, actor in claimed})

    def _actors_of(self, play: PlayResult) -> Collection[ActorName]:
        """The actors of the play's profile."""
        profile = self._knowledge.profiles.get(play.profile)
        return profile.actors if profile is not None else ()

    def _seen(self, actor: ActorName) -> list[_Seen]:
        """The legs of plays in which the system plays the actor."""
        return [
            _Seen(play, step, leg)
            for play in self._plays
            if play.roles.get(actor) == self._system.name
            for step in play.steps
            for leg in step.legs
            if actor in (leg.initiator, leg.responder)
        ]

    # an actor

    def _actor(self, profile: Profile, actor: ActorName, claims: Sequence[Claim], seen: list[_Seen]) -> ClaimedPart:
        of_claims: dict[TransactionId, list[Claim]] = {}
        for claim in claims:
            for transaction in _own(claim, profile, actor, self._knowledge):
                of_claims.setdefault(transaction, []).append(claim)
        required = profile.transactions_of(actor)
        return replace(
            self._part(profile, actor, profile.citation),
            means=profile.title,
            forms=tuple(sorted({form for claim in claims for form in profile.forms_of(claim.options)})),
            transactions=tuple(
                self._transaction(
                    profile,
                    actor,
                    transaction,
                    [one for one in seen if self._says(one, profile, own, transaction)],
                    seen,
                )
                for transaction, own in of_claims.items()
            ),
            missing=tuple(one for one in required if one not in of_claims),
            reason=why_not(self._system, actor),
        )

    def _says(self, one: _Seen, profile: Profile, claims: Iterable[Claim], transaction: TransactionId) -> bool:
        forms = {form for claim in claims for form in profile.forms_of(claim.options)}
        return one.step.transaction == transaction and speaks_for(one.play, one.leg, forms)

    def _part(self, profile: Profile, actor: ActorName, citation: Citation) -> ClaimedPart:
        return ClaimedPart(
            system=self._system.name,
            version=self._system.version,
            profile=profile.id,
            profile_title=profile.title,
            actor=actor,
            citation=citation,
        )

    # an option

    def _option(
        self,
        profile: Profile,
        actor: ActorName,
        name: str,
        option: Option,
        claims: Sequence[Claim],
        seen: list[_Seen],
    ) -> ClaimedPart:
        claimed = {one for claim in claims for one in claimed_transactions(claim, actor, self._knowledge)}
        of_option = [one for one in seen if one.step.transaction in claimed]
        forms = {form for claim in claims for form in profile.forms_of(claim.options)}
        whole = [
            one
            for one in of_option
            if speaks_for(one.play, one.leg, forms) and self._is_of(one, profile, actor, name, option)
        ]
        told = {id(one.leg) for one in whole}
        partly = [
            (one, found)
            for one in of_option
            if option.requirements and id(one.leg) not in told
            if (found := self._of_requirements(one.leg, profile, actor, name))
        ]
        order = [one for one in profile.actors[actor] if one in claimed]
        named = set(option.transactions) | {one.step.transaction for one in (*whole, *(pair[0] for pair in partly))}
        return replace(
            self._part(profile, actor, option.citation),
            option=name,
            means=option.means,
            forms=option.forms,
            transactions=tuple(
                self._transaction(
                    profile,
                    actor,
                    transaction,
                    [one for one in whole if one.step.transaction == transaction],
                    seen,
                    [pair for pair in partly if pair[0].step.transaction == transaction],
                )
                for transaction in order
                if transaction in named
            ),
            reason=why_not(self._system, actor),
        )

    def _is_of(self, one: _Seen, profile: Profile, actor: ActorName, name: str, option: Option) -> bool:
        """Whether a leg is of an option: of a transaction or an HL7 version that it adds; where it adds neither, of a
        scenario of it."""
        if option.transactions or option.forms:
            return one.step.transaction in option.transactions or one.leg.version in option.forms
        scenario = self._scenarios.get(one.play.play)
        return scenario is not None and scenario.options.get(actor) == name and profile.id in scenario.citation

    def _of_requirements(
        self, leg: LegResult, profile: Profile, actor: ActorName, name: str
    ) -> tuple[JudgedFinding, ...]:
        """What was decided about the system on a leg by requirements of an option."""
        return tuple(
            judged
            for judged in leg.findings
            if judged.player == self._system.name and judged.finding.outcome in _DECIDED
            if name in self._knowledge.options_of(profile.id, actor, judged.requirement.id)
        )

    # what is not claimed

    def _unclaimed(self, claimed: set[ActorName]) -> Iterator[ClaimedPart]:
        """What the system was seen to be, in the profile of the play, and claims in none."""
        found = dict.fromkeys(
            (play.profile, actor)
            for play in self._plays
            for actor, player in play.roles.items()
            if player == self._system.name and actor not in claimed and actor in self._actors_of(play)
        )
        for name, actor in found:
            profile = self._knowledge.profiles[name]
            seen = [one for one in self._seen(actor) if one.play.profile == name]
            shown = {one.step.transaction for one in seen}
            required = profile.transactions_of(actor)
            yield replace(
                self._part(profile, actor, profile.citation),
                claimed=False,
                means=profile.title,
                transactions=tuple(
                    self._transaction(profile, actor, one, [leg for leg in seen if leg.step.transaction == one], seen)
                    for one in profile.actors[actor]
                    if one in shown or one in required
                ),
            )

    # what was shown

    def _transaction(
        self,
        profile: Profile,
        actor: ActorName,
        transaction: TransactionId,
        legs: Iterable[_Seen],
        seen: Iterable[_Seen],
        partly: Iterable[tuple[_Seen, Sequence[JudgedFinding]]] = (),
    ) -> ClaimedTransaction:
        showings = [self._showing(one, actor) for one in legs if self._judged(one.leg, actor)]
        for one, found in partly:
            if self._judged(one.leg, actor):
                showings.append(_of_findings(self._showing(one, actor), found))
        told = [one.leg.reason for one in seen if one.step.transaction == transaction and one.leg.reason]
        known = self._knowledge.transactions.get(transaction)
        return ClaimedTransaction(
            transaction=transaction,
            title=known.title if known is not None else "",
            need=profile.actors[actor].get(transaction, Need.OPTIONAL),
            showings=tuple(showings),
            reason="" if showings else next(iter(told), ""),
        )

    def _judged(self, leg: LegResult, actor: ActorName) -> bool:
        """Whether a leg says something of the system; what passes inside a product has no other end."""
        inside = _counterpart(leg, actor) == self._system.name
        return leg.verdicts.get(self._system.name, Verdict.NONE) is not Verdict.NONE and not inside

    def _showing(self, one: _Seen, actor: ActorName) -> Showing:
        """The leg as it is told of every claim; made once."""
        held = self._told.get(id(one.leg))
        if held is None:
            held = self._told[id(one.leg)] = _showing(one, self._system.name, _counterpart(one.leg, actor))
        return held


def _widened(claim: Claim, profile: Profile, actor: ActorName) -> Claim:
    """A claim that was made of what was seen, with what the profile requires besides."""
    wanted = {*claim.transactions, *profile.transactions_of(actor)}
    return replace(claim, transactions=tuple(one for one in profile.actors.get(actor, {}) if one in wanted))


def _own(claim: Claim, profile: Profile, actor: ActorName, knowledge: Knowledge) -> Iterator[TransactionId]:
    """The transactions of a claim of an actor that are not those of an option alone."""
    added = {
        transaction
        for name in claim.options
        if name in profile.options and actor in profile.options[name].actors
        for transaction in profile.options[name].transactions
    }
    required = set(profile.transactions_of(actor))
    for transaction in claimed_transactions(claim, actor, knowledge):
        if transaction in required or transaction not in added:
            yield transaction


def _counterpart(leg: LegResult, actor: ActorName) -> PlayerName:
    return leg.responder_player if leg.initiator == actor else leg.initiator_player


def _showing(one: _Seen, system: PlayerName, counterpart: PlayerName) -> Showing:
    decided = [judged for judged in one.leg.findings if judged.player == system and judged.finding.outcome in _DECIDED]
    failures = [
        finding_failure(one.play, one.step, one.leg, judged)
        for judged in one.leg.findings
        if judged.player == system and judged.verdict is Verdict.FAIL and counts(one.leg, judged)
    ]
    failures += [failure for failure in leg_failures(one.play, one.step, one.leg) if failure.player == system]
    pointed = [judged.finding.evidence for judged in one.leg.findings if judged.verdict.rank > Verdict.PASS.rank]
    exchanges = [evidence.exchange for evidence in pointed if evidence is not None]
    return Showing(
        play=one.play.play,
        step=one.step.step,
        leg=one.leg.leg,
        counterpart=counterpart,
        verdict=one.leg.verdicts[system],
        exchange=next(iter((*exchanges, *one.leg.exchanges)), None),
        checks=len(decided),
        believed=_believed(decided),
        known=bool(failures) and all(failure.standing is Standing.KNOWN for failure in failures),
    )


def _of_findings(showing: Showing, found: Sequence[JudgedFinding]) -> Showing:
    """What some findings of a leg show, whatever else was found on it."""
    pointed = [judged.finding.evidence for judged in found if judged.finding.evidence is not None]
    return replace(
        showing,
        verdict=worst(judged.verdict for judged in found),
        exchange=pointed[0].exchange if pointed else showing.exchange,
        checks=len(found),
        believed=_believed(found),
        known=showing.known and any(judged.is_known for judged in found),
    )


def _believed(found: Iterable[JudgedFinding]) -> int:
    return sum(judged.requirement.citation.confidence is Confidence.BELIEVED for judged in found)
