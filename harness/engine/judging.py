"""Judgement: plan and transcript in, a finished run out. Pure, and repeatable from disk.

Findings come from the checks; this module places them at legs, names their owner, takes verdicts from the one table,
and rolls them up. A planned leg on which nothing was decided never passes.
"""

from __future__ import annotations

import gc
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from harness.checks import consistency
from harness.checks.delivery import left_out, without_left_out
from harness.checks.expecting import cut_off
from harness.checks.identifiers import ledger
from harness.checks.recording import LegView, PlayView, ReadPayload
from harness.checks.registry import leg_checks, play_checks
from harness.engine.attribution import Learnt
from harness.engine.blame import Blame, player_of
from harness.engine.breaks import Breaks
from harness.engine.claimed_parts import claimed_parts, silent_systems
from harness.engine.claims import claim_results, exit_code
from harness.engine.gating import gated
from harness.engine.overriding import Overruling
from harness.engine.placing import PlacedRecording
from harness.engine.reasons import first_reason, unshown, why_not_due
from harness.engine.seen import Seen, see
from harness.engine.seen_proof import Proof
from harness.model.finding import Evidence, Finding
from harness.model.names import (
    HARNESS,
    ActorName,
    CheckName,
    ExchangeId,
    LegId,
    PlayerName,
    PlayId,
    RequirementId,
    StepId,
)
from harness.model.plan import Assignment, LegState, Plan, PlannedStep, Play
from harness.model.profile import Requirement
from harness.model.question import told_of
from harness.model.run import JudgedFinding, LegResult, PlayResult, Run, StepResult
from harness.model.transcript import Event, EventKind, Transcript
from harness.model.verdict import Confidence, Outcome, Owner, Verdict, verdict_of, worst
from harness.profiles import Knowledge

SCHEMA = "swf-run/1"
_DECIDED = (Outcome.MET, Outcome.VIOLATED)
_ON_ANSWERS = frozenset({CheckName("hl7.ack")})
"""What can be decided although the request has no end; an association may be ended instead of an answer."""
_JUDGED_STATES = (LegState.LIVE, LegState.NOT_OFFERED)


@dataclass(frozen=True, kw_only=True)
class Strictness:
    """How severe the judgement is: whether a violated SHOULD fails, and the weakest confidence that may fail."""

    strict: bool = False
    least: Confidence = Confidence.BELIEVED


@contextmanager
def uncollected() -> Iterator[None]:
    """Judging keeps what it makes: to look for garbage meanwhile finds nothing, and takes a quarter of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _keep() -> None:
    """What is said of a whole run is kept to its end: it counts as old, so that no look for young garbage goes through
    it."""
    gc.freeze()
    gc.unfreeze()


@uncollected()
def judge(
    plan: Plan,
    transcript: Transcript,
    read: ReadPayload,
    knowledge: Knowledge,
    *,
    strictness: Strictness | None = None,
    environment: Mapping[str, str] | None = None,
    only: PlayId | None = None,
    wanted: Callable[[CheckName], bool] | None = None,
    learnt: Learnt | None = None,
) -> Run:
    """Judge a recording. `only` limits the results to one play; messages are attributed among all of them.

    Of a part of a recording, `learnt` is what the rest has shown of the other plays.

    `wanted` says which checks are called; all of them, when it is not given. The plays of a run that no scenario drove
    are found in its transcript first.
    """
    seen = see(plan, transcript, read, knowledge) if plan.watching is not None else None
    told, plan = plan, seen.plan if seen is not None else plan
    recording = PlacedRecording(plan, transcript, read, knowledge, learnt, seen)
    overruling, strictness = Overruling(plan, knowledge), strictness or Strictness()
    judge_ = _Judge(recording, knowledge, strictness, overruling, wanted, seen)
    plays = tuple(
        judge_.play(assignment, play)
        for assignment in plan.assignments
        for play in assignment.plays
        if only in (None, play.id)
    )
    plays, gate = gated(plan.known, plays)
    findings = [finding for result in plays for step in result.steps for leg in step.legs for finding in leg.findings]
    decided = [finding for finding in findings if finding.finding.outcome in _DECIDED]
    interrupted = Breaks.of(transcript.events).end < float("inf")
    interrupted |= any(result.interrupted for result in plays)
    verdict = worst(result.verdict for result in plays)
    if only is None and wanted is None:
        _keep()
    return Run(
        schema=SCHEMA,
        plan=plan,
        plays=plays,
        claims=claim_results(plan, plays, knowledge),
        claimed=claimed_parts(plan, plays, knowledge, silent_systems(told, plan)),
        verdict=verdict,
        exit_code=exit_code(plays),
        checks=len(decided),
        believed=sum(finding.requirement.citation.confidence is Confidence.BELIEVED for finding in decided),
        interrupted=interrupted,
        orphans=tuple(recording.orphans),
        late=tuple(recording.late),
        overrides=overruling.record(findings),
        rules_used=Counter(finding.finding.requirement for finding in decided),
        environment=dict(environment or {}),
        transcript=transcript,
        gate=gate,
        rule_set=knowledge.rule_set,
        strict=strictness.strict,
        least=strictness.least,
    )


class _Judge:
    def __init__(
        self,
        recording: PlacedRecording,
        knowledge: Knowledge,
        strictness: Strictness,
        overruling: Overruling,
        wanted: Callable[[CheckName], bool] | None,
        seen: Seen | None = None,
    ) -> None:
        self._proof = Proof(seen) if seen is not None else None
        self._recording = recording
        self._knowledge = knowledge
        self._strictness = strictness
        self._overruling = overruling
        self._wanted = wanted or (lambda name: True)
        self._met: dict[tuple[RequirementId, ActorName, PlayerName], JudgedFinding] = {}

    def play(self, assignment: Assignment, play: Play) -> PlayResult:
        """Judge one play."""
        view = self._recording.view(assignment, play)
        by_leg = self._overruling.findings(view, self._findings)
        blame = Blame(view, by_leg, self._knowledge)
        steps = tuple(self._step(view, planned, by_leg, blame) for planned in play.steps)
        verdicts = _merge(step.verdicts for step in steps)
        started, sealed = self._recording.span(play)
        internal = [
            event.text for event in view.events if event.kind is EventKind.INTERNAL_ERROR and event.step is None
        ]
        if internal:
            verdicts = _merge([verdicts, {HARNESS: Verdict.ERROR}])
        return PlayResult(
            play=play.id,
            title=play.scenario.title,
            form=play.form,
            profile=play.profile,
            scenario_path=play.scenario.path,
            verdict=worst(verdicts.values()),
            verdicts=verdicts,
            roles=play.roles,
            steps=steps,
            ledger=ledger(view, (one for found in by_leg.values() for one in found if one.check == consistency.CHECK)),
            reason=internal[0].strip().splitlines()[-1] if internal else "",
            seconds=max(0.0, sealed - started),
            interrupted=view.interrupted,
        )

    # findings

    def _findings(self, view: PlayView) -> Mapping[tuple[StepId, LegId], list[Finding]]:
        placed: dict[tuple[StepId, LegId], list[Finding]] = defaultdict(list)
        exchange_legs = {
            exchange.exchange.id: (leg.step.step.id, leg.planned.leg.id)
            for leg in view.legs
            for exchange in leg.exchanges
        }
        on_legs, on_plays = leg_checks(), play_checks()
        for leg in view.legs:
            for name in leg.planned.leg.checks:
                judged = leg.exchanges and leg.planned.state in _JUDGED_STATES
                if name in on_legs and judged and self._wanted(name):
                    placed[leg.step.step.id, leg.planned.leg.id].extend(self._told(view, name, on_legs[name](leg)))
        for name, check in on_plays.items():
            for finding in self._told(view, name, check(view)) if self._wanted(name) else ():
                place = _place_of(finding, exchange_legs)
                if place is not None:
                    placed[place].append(finding)
        for leg, orphan in self._recording.orphan_legs(view):
            placed[leg.step.step.id, leg.planned.leg.id].append(
                leg.finding(
                    "delivery",
                    leg.requirement("delivered"),
                    Outcome.UNDECIDED,
                    leg.initiator,
                    Evidence(exchange=orphan),
                    expected="a message that names this play's patient, order or study",
                    received="a message that fits no play",
                )
            )
        return without_left_out(view, placed)

    def _told(self, view: PlayView, name: CheckName, findings: Iterable[Finding]) -> Iterable[Finding]:
        """The findings of a check; of a record that no scenario drove, those that it does not prove are undecided."""
        return findings if self._proof is None else self._proof.told(view, name, findings)

    # results

    def _step(
        self,
        view: PlayView,
        planned: PlannedStep,
        by_leg: Mapping[tuple[StepId, LegId], list[Finding]],
        blame: Blame,
    ) -> StepResult:
        views = {leg.planned.leg.id: leg for leg in view.legs if leg.step is planned}
        left = view.once(left_out).get(planned.step.id, "")
        legs = tuple(
            self._leg(views[leg.leg.id], by_leg.get((planned.step.id, leg.leg.id), []), blame, left)
            for leg in planned.legs
        )
        verdicts = _merge(leg.verdicts for leg in legs)
        events = view.events_of(planned.step.id)
        internal = [event.text for event in events if event.kind is EventKind.INTERNAL_ERROR]
        if internal:
            verdicts = _merge([verdicts, {HARNESS: Verdict.ERROR}])
        reason = internal[0].strip().splitlines()[-1] if internal else first_reason(legs)
        return StepResult(
            step=planned.step.id,
            transaction=planned.transaction.id,
            title=planned.transaction.title,
            verdict=worst(verdicts.values()),
            verdicts=verdicts,
            reason=reason,
            legs=legs,
            checks=sum(finding.finding.outcome in _DECIDED for leg in legs for finding in leg.findings),
            seconds=_duration(events),
            operator=told_of(events),
            line=planned.step.line,
        )

    def _leg(self, view: LegView, findings: Sequence[Finding], blame: Blame, left: str) -> LegResult:
        planned = view.planned
        judged = tuple(self._ruled(view, findings, blame))
        verdicts: dict[PlayerName, Verdict] = {}
        undecided: tuple[CheckName, ...] = ()
        reason = planned.reason if planned.state is not LegState.LIVE else left if not view.exchanges else ""
        if planned.state in _JUDGED_STATES:
            for finding in judged:
                known = verdicts.get(finding.player)
                if known is None or (finding.verdict is not known and finding.verdict.rank >= known.rank):
                    verdicts[finding.player] = finding.verdict
            undecided = tuple(_undecided_core(view, judged)) if view.exchanges else ()
            if undecided:
                reason = reason or f"nothing was decided by {', '.join(undecided)}"
                for player in planned.systems or {HARNESS}:
                    verdicts[player] = worst([verdicts.get(player, Verdict.NONE), Verdict.INCONCLUSIVE])
            elif not view.exchanges:
                reason = reason or why_not_due(planned, judged)
        if planned.claimed_by is not None:
            verdicts[planned.claimed_by] = Verdict.FAIL
        another = unshown(view)
        if another:
            for player in planned.systems:
                verdicts[player] = worst([verdicts.get(player, Verdict.NONE), Verdict.INCONCLUSIVE])
            reason = reason or another
        if worst(verdicts.values()) in (Verdict.NONE, Verdict.PASS):
            reason = reason or planned.reason
        return LegResult(
            leg=planned.leg.id,
            title=f"{planned.leg.initiator} -> {planned.leg.responder}",
            verdict=worst(verdicts.values()),
            verdicts=verdicts,
            reason=reason,
            exchanges=tuple(exchange.exchange.id for exchange in view.exchanges),
            findings=judged,
            initiator=planned.leg.initiator,
            responder=planned.leg.responder,
            initiator_player=planned.initiator,
            responder_player=planned.responder,
            version=planned.version,
            unshown=another,
            undecided=undecided,
            not_offered=planned.claimed_by,
        )

    def _ruled(self, view: LegView, findings: Iterable[Finding], blame: Blame) -> Iterator[JudgedFinding]:
        """The findings judged. What is said of one that is met holds for all of its requirement that one player meets,
        unless an override looks at them one by one."""

        def rule(finding: Finding, requirement: Requirement) -> JudgedFinding:
            return self._judged(view, finding, requirement, blame)

        players: dict[ActorName, PlayerName] = {}
        for finding in findings:
            if finding.outcome is not Outcome.MET or self._overruling.concerns(finding.requirement):
                yield self._overruling.ruled(view, finding, rule)
                continue
            actor = finding.actor
            player = players.get(actor) or players.setdefault(actor, player_of(view, actor))
            like = self._met.get((finding.requirement, actor, player))
            if like is None:
                like = self._overruling.ruled(view, finding, rule)
                if like.finding is finding:
                    self._met[finding.requirement, actor, player] = like
                yield like
            else:
                yield JudgedFinding(finding, like.requirement, player, like.owner, like.why, like.verdict)

    def _judged(self, view: LegView, finding: Finding, requirement: Requirement, blame: Blame) -> JudgedFinding:
        charge = blame.charge(view, finding)
        verdict = verdict_of(
            finding.outcome,
            requirement.strength,
            requirement.citation.confidence,
            charge.owner,
            excused=charge.excused,
            strict=self._strictness.strict,
            least=self._strictness.least,
        )
        violated = finding.outcome is Outcome.VIOLATED
        return JudgedFinding(
            finding=finding,
            requirement=requirement,
            player=charge.player,
            owner=charge.owner,
            why=charge.why,
            verdict=verdict,
            declared=violated and charge.owner is Owner.SCENARIO,
            warning=violated and not charge.excused and verdict in (Verdict.PASS, Verdict.NONE),
        )


def _place_of(
    finding: Finding, exchange_legs: Mapping[ExchangeId, tuple[StepId, LegId]]
) -> tuple[StepId, LegId] | None:
    if finding.step is not None and finding.leg:
        return finding.step, LegId(finding.leg)
    if finding.evidence is not None:
        return exchange_legs.get(finding.evidence.exchange)
    return next((place for place in exchange_legs.values() if place[0] == finding.step), None)


def _undecided_core(view: LegView, findings: Iterable[JudgedFinding]) -> list[CheckName]:
    """Core checks without a decision on their own; one that rests on an unsure requirement is none, and what follows
    from another's fault says nothing about a system."""
    core = [name for name in view.planned.leg.core if name in _ON_ANSWERS or not cut_off(view.step, view.planned)]
    decided = {
        judged.finding.check
        for judged in findings
        if judged.finding.check in core
        and _decided(judged.finding)
        and judged.requirement.citation.confidence is not Confidence.UNSURE
        and not (judged.consequence and judged.player != HARNESS)
    }
    return [name for name in core if name not in decided]


def _decided(finding: Finding) -> bool:
    return finding.outcome in _DECIDED


def _merge(maps: Iterable[Mapping[PlayerName, Verdict]]) -> dict[PlayerName, Verdict]:
    merged: dict[PlayerName, Verdict] = {}
    for verdicts in maps:
        for player, verdict in verdicts.items():
            merged[player] = worst([merged.get(player, Verdict.NONE), verdict])
    return merged


def _duration(events: Sequence[Event]) -> float:
    times = [event.time for event in events if event.kind in (EventKind.STEP_STARTED, EventKind.STEP_ENDED)]
    return max(times) - min(times) if times else 0.0
