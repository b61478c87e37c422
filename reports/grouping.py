"""Findings that say the same thing, told once: one requirement, one step, whatever the scenario, form or response."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.model.known import KnownAs
from harness.model.names import ActorName, ExchangeId, PlayId, RequirementId, StepId, TransactionId
from harness.model.run import JudgedFinding, PlayResult, Run, StepResult
from harness.model.verdict import Verdict

Placed = tuple[PlayResult, StepResult, JudgedFinding]
_Key = tuple[StepId, TransactionId, RequirementId, ActorName, Verdict, bool, bool, bool, KnownAs | None]


@dataclass(frozen=True)
class Group:
    """Findings of one requirement at one step, in the order of the run."""

    members: tuple[Placed, ...]

    @property
    def play(self) -> PlayResult:
        """The play of the first finding."""
        return self.members[0][0]

    @property
    def step(self) -> StepResult:
        """The step of the first finding."""
        return self.members[0][1]

    @property
    def judged(self) -> JudgedFinding:
        """The first finding: the one that is told in full."""
        return self.members[0][2]

    @property
    def count(self) -> int:
        """How many findings there are."""
        return len(self.members)

    @property
    def places(self) -> tuple[tuple[tuple[PlayId, ExchangeId | None], int], ...]:
        """Plays and exchanges of all findings, with how many each has."""
        found = Counter(
            (play.play, judged.finding.evidence.exchange if judged.finding.evidence else None)
            for play, _, judged in self.members
        )
        return tuple(found.items())


@dataclass(frozen=True)
class ReasonGroup:
    """Steps of one verdict that give one reason."""

    verdict: Verdict
    reasons: tuple[str, ...]
    members: tuple[tuple[PlayResult, StepResult], ...]


def scenario_of(play: PlayResult) -> str:
    """The play's scenario, whatever its form and roles."""
    return play.play.partition("@")[0]


def groups(findings: Iterable[Placed]) -> tuple[Group, ...]:
    """The findings in groups, gravest first and what is known after what is not, otherwise in their order."""
    found: dict[_Key, list[Placed]] = {}
    for play, step, judged in findings:
        key = (
            step.step,
            step.transaction,
            judged.requirement.id,
            judged.finding.actor,
            judged.verdict,
            judged.warning,
            judged.declared,
            judged.consequence,
            judged.known,
        )
        found.setdefault(key, []).append((play, step, judged))
    ranked = sorted(found.values(), key=lambda members: (-members[0][2].verdict.rank, members[0][2].is_known))
    return tuple(Group(tuple(members)) for members in ranked)


def all_findings(run: Run) -> Iterator[Placed]:
    """Every finding of a run with its play and step."""
    for play in run.plays:
        for step in play.steps:
            for leg in step.legs:
                for judged in leg.findings:
                    yield play, step, judged


def complaints(run: Run) -> tuple[Group, ...]:
    """What keeps steps from passing, in groups."""
    return groups(
        placed for placed in all_findings(run) if placed[2].verdict.rank > Verdict.PASS.rank and not placed[2].declared
    )


def warnings(run: Run) -> tuple[Group, ...]:
    """What was violated without changing a verdict: a SHOULD, or a requirement that may only inform."""
    return groups(placed for placed in all_findings(run) if placed[2].warning)
