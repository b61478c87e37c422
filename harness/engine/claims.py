"""Roll-up: verdicts per system, profile and actor, and the exit code of a run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from harness.engine.roles import claimed_transactions
from harness.model.failing import failures_of
from harness.model.known import Standing
from harness.model.names import HARNESS, ActorName, PlayerName, RequirementId, TransactionId
from harness.model.plan import Plan
from harness.model.run import ClaimResult, LegResult, PlayResult
from harness.model.system import PPS_MANAGER, SIMULATED, Claim, System
from harness.model.verdict import Outcome, Verdict, worst
from harness.profiles import Knowledge

_DECIDED = (Outcome.MET, Outcome.VIOLATED)
EXIT_PASS, EXIT_FAIL, EXIT_UNDECIDED, EXIT_UNUSABLE = 0, 1, 2, 3


def claim_results(plan: Plan, plays: Sequence[PlayResult], knowledge: Knowledge) -> tuple[ClaimResult, ...]:
    """One result for each actor of each profile that a system claims, in however many claims; NONE where no play
    judged it."""
    results = []
    for system in plan.systems:
        for (profile, actor), claims in by_actor(system.claims).items():
            legs = [
                (step.transaction, leg)
                for play in plays
                for step in play.steps
                for leg in step.legs
                if actor in (leg.initiator, leg.responder)
                if plays_as(system.name, actor, play, leg, watched=plan.watching is not None)
                if any(
                    (plan.watching is not None or speaks_for(play, leg, claimed_forms(knowledge, claim)))
                    and step.transaction in claimed_transactions(claim, actor, knowledge)
                    for claim in claims
                )
            ]
            result = _result(system.name, profile, actor, legs)
            results.append(replace(result, reason=why_not(system, actor)))
    return tuple(results)


def plays_as(system: PlayerName, actor: ActorName, play: PlayResult, leg: LegResult, *, watched: bool) -> bool:
    """Whether a system plays the actor; of several that were watched doing so, on this very leg."""
    if not watched:
        return play.roles.get(actor) == system
    ends = ((leg.initiator, leg.initiator_player), (leg.responder, leg.responder_player))
    return (actor, system) in ends


def by_actor(claims: Iterable[Claim]) -> Mapping[tuple[str, ActorName], Sequence[Claim]]:
    """The claims of each actor of each profile; a system may claim one with several options, each for itself."""
    found: dict[tuple[str, ActorName], list[Claim]] = defaultdict(list)
    for claim in claims:
        for actor in claim.actors:
            found[claim.profile, actor].append(claim)
    return found


def why_not(system: System, actor: ActorName) -> str:
    """Why the system file wants an actor not to be tested; empty when it does not."""
    off = actor == PPS_MANAGER and system.pps_manager == SIMULATED
    return "it is switched off: `pps_manager` in the system file" if off else ""


def claimed_forms(knowledge: Knowledge, claim: Claim) -> frozenset[str]:
    """The HL7 versions of a claim: its profile's, and those that its options add."""
    return knowledge.profiles[claim.profile].forms_of(claim.options)


def speaks_for(play: PlayResult, leg: LegResult, forms: Collection[str]) -> bool:
    """Whether a leg says something of a claim: the play is of one of its forms, or a link that speaks one of them."""
    return play.form in forms or (leg.version in forms and not leg.unshown)


class Unclaimed:
    """What no claim of a system includes, because it belongs to an option that is not claimed."""

    def __init__(self, plan: Plan, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._claims = {system.name: system.claims for system in plan.systems}

    def option(self, player: PlayerName, actor: ActorName, requirement: RequirementId) -> str:
        """The option without which the requirement does not hold for that player; empty when it holds.

        It holds for our own actors, and where one claim of the actor includes it.
        """
        missing = ""
        for claim in self._claims.get(player, ()):
            if actor in claim.actors:
                options = self._knowledge.options_of(claim.profile, actor, requirement)
                if not options or set(options) & set(claim.options):
                    return ""
                missing = options[0]
        return missing


def _result(
    system: PlayerName, profile: str, actor: ActorName, legs: Iterable[tuple[TransactionId, LegResult]]
) -> ClaimResult:
    transactions: dict[TransactionId, list[Verdict]] = defaultdict(list)
    partners: dict[TransactionId, dict[PlayerName, None]] = defaultdict(dict)
    checks = 0
    for transaction, leg in legs:
        if leg.exchanges:
            others = {leg.initiator_player, leg.responder_player} - {system, HARNESS}
            partners[transaction].update(dict.fromkeys(sorted(others)))
        if system in leg.verdicts:
            transactions[transaction].append(leg.verdicts[system])
        checks += sum(finding.player == system and finding.finding.outcome in _DECIDED for finding in leg.findings)
    return ClaimResult(
        system=system,
        profile=profile,
        actor=actor,
        verdict=worst(verdict for verdicts in transactions.values() for verdict in verdicts),
        transactions={transaction: worst(verdicts) for transaction, verdicts in sorted(transactions.items())},
        checks=checks,
        partners={transaction: tuple(found) for transaction, found in sorted(partners.items()) if found},
    )


def exit_code(plays: Iterable[PlayResult]) -> int:
    """Any ERROR of ours 2; else any FAIL 1; else any INCONCLUSIVE, an interruption or nothing judged 2; else 0.

    A known deviation counts as neither FAIL nor INCONCLUSIVE until it expires, and an ERROR is never known.
    """
    plays = tuple(plays)
    ours = [play.verdicts.get(HARNESS, Verdict.NONE) for play in plays]
    if Verdict.ERROR in ours:
        return EXIT_UNDECIDED
    news = {verdict for play in plays for verdict in _news(play)}
    if Verdict.FAIL in news:
        return EXIT_FAIL
    if Verdict.INCONCLUSIVE in news or any(play.interrupted for play in plays):
        return EXIT_UNDECIDED
    if not {Verdict.PASS, Verdict.FAIL} & {verdict for play in plays for verdict in play.verdicts.values()}:
        return EXIT_UNDECIDED
    return EXIT_PASS


def _news(play: PlayResult) -> Iterable[Verdict]:
    """The verdicts of a play, those apart that are known."""
    failures = tuple(failures_of(play))
    if not any(failure.known for failure in failures):
        return play.verdicts.values()
    return [failure.verdict for failure in failures if failure.standing is not Standing.KNOWN]
