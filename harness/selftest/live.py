"""The live proof: each defect of the reference system, run for real, and what the judgement made of it.

A defect is run twice: once in the system under test, where it has to be noticed, and once in our own actors while the
system plays all others, where nobody but us may be blamed. How a run is made is the caller's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from typing import Protocol

from harness.errors import NotApplicable
from harness.model.deviation import Defect
from harness.model.live_proof import LiveTrial, Noticed
from harness.model.names import HARNESS, ActorName
from harness.model.run import Run
from harness.model.scenario import Scenario
from harness.model.system import Binding, System
from harness.model.verdict import Verdict


class Play(Protocol):
    """Runs one scenario: with a system that has a defect, or with a defect of our own actors."""

    def __call__(
        self, scenario: Scenario, system: System, forms: Sequence[str], *, theirs: str = "", ours: str = ""
    ) -> tuple[Run, bool]:
        """The judged run, and whether the defect changed nothing in it."""


def trial(defect: Defect, scenario: Scenario, reference: System, play: Play) -> LiveTrial:
    """Run a defect on both sides: in the newest form, and in an older one if it is not noticed or not claimed there."""
    begun = monotonic()
    mine = LiveTrial(defect=defect, idle=True)
    for form in reversed(scenario.forms):
        with suppress(NotApplicable):
            mine = _trial(defect, scenario, reference, play, (form,))
        if mine.noticed:
            break
    return replace(mine, seconds=monotonic() - begun)


def _trial(defect: Defect, scenario: Scenario, reference: System, play: Play, forms: Sequence[str]) -> LiveTrial:
    culprits = {deviation.actor for deviation in defect.deviations}
    run, idle = play(scenario, playing(reference, culprits), forms, theirs=defect.id)
    box: tuple[Noticed, ...] = ()
    with suppress(NotApplicable):  # nothing of the scenario is asked of the others: nobody can be blamed
        others = playing(reference, _actors(reference) - culprits, Binding.TOGETHER)
        box = tuple(dict.fromkeys(failed(play(scenario, others, forms, ours=defect.id)[0])))
    return LiveTrial(
        defect=defect,
        system=tuple(dict.fromkeys(failed(run))),
        box=box,
        errors=tuple(play.play for play in run.plays if play.verdicts.get(HARNESS) is Verdict.ERROR),
        idle=idle,
    )


def faultless(scenario: Scenario, actors: Iterable[ActorName], reference: System, play: Play) -> tuple[str, ...]:
    """What fails or stays open in a scenario without any defect, the system in each of the roles."""
    run, _ = play(scenario, playing(reference, actors), scenario.forms)
    return tuple(f"{one.play}: {one.verdict.value}" for one in run.plays if one.verdict is not Verdict.PASS)


def failed(run: Run) -> Iterator[Noticed]:
    """What failed a system."""
    for play in run.plays:
        for step in play.steps:
            for leg in step.legs:
                for judged in leg.findings:
                    if judged.verdict is Verdict.FAIL:
                        yield Noticed(step.step, judged.requirement.id, judged.finding.actor)


def playing(system: System, actors: Iterable[ActorName], binding: Binding = Binding.EACH) -> System:
    """The system as it claims those actors alone."""
    wanted = frozenset(actors)
    claims = (
        replace(claim, actors=tuple(actor for actor in claim.actors if actor in wanted)) for claim in system.claims
    )
    return replace(system, claims=tuple(claim for claim in claims if claim.actors), binding=binding)


def _actors(system: System) -> frozenset[ActorName]:
    return frozenset(actor for claim in system.claims for actor in claim.actors)
