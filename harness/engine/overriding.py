"""Overrides at work: which findings an override changes, and the record of what it changed.

An override concerns systems under test alone. A simulated actor is judged by the shipped rules, so that no override
hides an error of ours; and what is switched off does not apply, so that it counts as decided nowhere.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from harness.checks.recording import LegView, PlayView
from harness.engine.blame import player_of
from harness.engine.claims import Unclaimed
from harness.model.finding import Finding
from harness.model.names import HARNESS, LegId, PlayerName, RequirementId, StepId
from harness.model.override import Effect, Override, Overrides, OverrideUse, Overruled, VerdictChange
from harness.model.plan import Plan
from harness.model.profile import Requirement
from harness.model.run import JudgedFinding
from harness.model.verdict import Outcome, Strength, Verdict
from harness.profiles import Knowledge
from harness.profiles.overriding import changed_knowledge
from harness.yaml_source import fits

Placed = Mapping[tuple[StepId, LegId], list[Finding]]
Find = Callable[[PlayView], Placed]
Rule = Callable[[Finding, Requirement], JudgedFinding]


class Overruling:
    """The overrides of one run, and what its systems do not claim."""

    def __init__(self, plan: Plan, knowledge: Knowledge) -> None:
        overrides = plan.overrides
        self._overrides = overrides
        self._unclaimed = Unclaimed(plan, knowledge)
        self._knowledge = knowledge
        self._changed = changed_knowledge(knowledge, overrides)
        self._live: dict[RequirementId, list[Override]] = defaultdict(list)
        for entry in overrides.entries:
            if not overrides.has_expired(entry):
                for requirement in overrides.named.get(entry.place, ()):
                    self._live[requirement].append(entry)
        self._before: dict[Finding, Finding] = {}

    def findings(self, view: PlayView, find: Find) -> Placed:
        """The findings of a play: by the shipped rules, but those on a system by the rows that are changed for it."""
        shipped = find(view)
        if self._changed is self._knowledge:
            return shipped
        legs = {(leg.step.step.id, leg.planned.leg.id): leg for leg in view.legs}
        changed = find(_with(view, self._changed))
        return {
            place: list(self._merged(legs[place], shipped.get(place, ()), changed.get(place, ())))
            for place in dict.fromkeys([*shipped, *changed])
        }

    def concerns(self, requirement: RequirementId) -> bool:
        """Whether some override may change a finding on the requirement."""
        return requirement in self._live

    def ruled(self, view: LegView, finding: Finding, rule: Rule) -> JudgedFinding:
        """The judgement of a finding, with what the shipped rules make of it where an override changed it.

        What belongs to an option that the system does not claim does not apply.
        """
        requirement = self._knowledge.requirement(finding.requirement)
        player = player_of(view, finding.actor)
        option = self._unclaimed.option(player, finding.actor, finding.requirement)
        if option:
            says = f"option {option} is not claimed"
            return rule(replace(finding, outcome=Outcome.NOT_APPLICABLE, received=says), requirement)
        entry = self._entry(finding, player)
        if entry is None:
            return rule(finding, requirement)
        before = rule(self._before.get(finding, finding), requirement)
        if entry.effect is Effect.OFF:
            after = rule(replace(finding, outcome=Outcome.NOT_APPLICABLE), requirement)
        elif entry.effect is Effect.WEAKEN:
            after = rule(finding, replace(requirement, strength=Strength.SHOULD))
        else:
            after = rule(finding, self._changed.requirement(finding.requirement))
        told = Overruled(override=entry.place, outcome=before.finding.outcome, verdict=before.verdict)
        return replace(after, overruled=told)

    def record(self, findings: Iterable[JudgedFinding]) -> tuple[OverrideUse, ...]:
        """What became of each override."""
        return overrides_used(self._overrides, findings)

    def _entry(self, finding: Finding, player: PlayerName) -> Override | None:
        """The first override that fits a finding; none fits one about an actor of ours."""
        if player == HARNESS or not self._live:
            return None
        path = finding.evidence.path if finding.evidence is not None else ""
        for entry in self._live.get(finding.requirement, ()):
            if (not entry.systems or player in entry.systems) and (not entry.path or fits(path, entry.path)):
                return entry
        return None

    def _merged(self, leg: LegView, shipped: Sequence[Finding], changed: Sequence[Finding]) -> Iterator[Finding]:
        """Where a row was changed, its findings by the changed row; one that it no longer has does not apply."""
        instead: dict[tuple[object, ...], list[Finding]] = defaultdict(list)
        for finding in changed:
            if self._is_changed(leg, finding):
                instead[_spot(finding)].append(finding)
        for finding in shipped:
            if not self._is_changed(leg, finding):
                yield finding
                continue
            waiting = instead[_spot(finding)]
            new = waiting.pop(0) if waiting else replace(finding, outcome=Outcome.NOT_APPLICABLE)
            self._before.setdefault(new, finding)
            yield new
        for rest in instead.values():
            for finding in rest:
                self._before.setdefault(finding, replace(finding, outcome=Outcome.NOT_APPLICABLE))
                yield finding

    def _is_changed(self, leg: LegView, finding: Finding) -> bool:
        entry = self._entry(finding, player_of(leg, finding.actor))
        return entry is not None and entry.effect is Effect.CHANGE


def overrides_used(overrides: Overrides, findings: Iterable[JudgedFinding]) -> tuple[OverrideUse, ...]:
    """What became of each override, those that expired and those that changed nothing included."""
    used: dict[str, list[tuple[Verdict, Verdict]]] = defaultdict(list)
    for judged in findings:
        if judged.overruled is not None:
            used[judged.overruled.override].append((judged.overruled.verdict, judged.verdict))
    return tuple(
        OverrideUse(
            override=entry,
            expired=overrides.has_expired(entry),
            findings=len(used[entry.place]),
            changes=tuple(
                VerdictChange(before=before, after=after, count=count)
                for (before, after), count in Counter(used[entry.place]).items()
                if before is not after
            ),
        )
        for entry in overrides.entries
    )


def _with(view: PlayView, knowledge: Knowledge) -> PlayView:
    legs = tuple(replace(leg, knowledge=knowledge) for leg in view.legs)
    return replace(view, knowledge=knowledge, legs=legs)


def _spot(finding: Finding) -> tuple[object, ...]:
    """What two judgements of one row have in common: the message that they are about."""
    evidence = finding.evidence
    where = (evidence.exchange, evidence.half, evidence.response) if evidence is not None else ()
    return finding.requirement, finding.actor, where
