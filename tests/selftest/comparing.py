"""What two runs of the same plays have in common when nothing but the time they took differs."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.matrix import core_decisions
from harness.model.names import PlayerName
from harness.model.run import PlayResult, Run
from harness.model.system import Strain, System
from harness.proofs import Unheard
from harness.wiring import REFERENCE, RunRequest, execute, workshop

Facts = Mapping[str, object]


def facts(run: Run) -> Mapping[str, Facts]:
    """For each play and step its verdict, what was decided about whom, and how many core checks decided in the play.

    A decision counts once for a leg: a probe that had to be repeated says the same more often, and a broad query says
    it of each foreign entry.
    """
    plays = {play.id: play for assignment in run.plan.assignments for play in assignment.plays}
    return {result.play: {"core": core_decisions(plays[result.play], result), **_steps(result)} for result in run.plays}


def _steps(result: PlayResult) -> Facts:
    return {
        step.step: (
            step.verdict,
            frozenset(
                (leg.leg, judged.requirement.id, judged.finding.outcome, judged.finding.actor, judged.verdict)
                for leg in step.legs
                for judged in leg.findings
            ),
        )
        for step in result.steps
    }


def difference(one: Mapping[str, Facts], other: Mapping[str, Facts]) -> list[str]:
    """What two runs do not have in common, a line for each step."""
    found = [f"{play} was played in one of them" for play in sorted(set(one) ^ set(other))]
    for play in sorted(set(one) & set(other)):
        for step, fact in one[play].items():
            if fact != other[play][step]:
                found.append(f"{play} {step}: {_told(fact, other[play][step])}")
    return found


def _told(one: object, other: object) -> str:
    if not (isinstance(one, tuple) and isinstance(other, tuple)):
        return f"{one} and {other}"
    apart = sorted(map(str, one[1] ^ other[1]))[:5]
    return f"{one[0].value} and {other[0].value}; {'; '.join(apart)}"


def reference(actors: Sequence[str], strain: Strain | None = None) -> System:
    """The reference system in those of its roles, perhaps a difficult one."""
    shipped = workshop().files.system(REFERENCE)
    claims = tuple(
        replace(claim, actors=kept)
        for claim in shipped.claims
        if (kept := tuple(actor for actor in claim.actors if actor in actors))
    )
    patient = replace(shipped.times, answer=30.0, act=30.0, show=30.0)
    return replace(shipped, name=PlayerName("reference"), claims=claims, times=patient, strain=strain or Strain())


def shuffled(scenarios: Sequence[str], seed: int) -> tuple[str, ...]:
    """The scenarios in another order."""
    found = list(scenarios)
    random.Random(seed).shuffle(found)
    return tuple(found)


def played(system: System, scenarios: Sequence[str], jobs: int, out: Path) -> Run:
    """Run them against the system."""
    request = RunRequest(systems=(system,), scenarios=scenarios, jobs=jobs, out=out, seed=5)
    return execute(request, Unheard()).run
