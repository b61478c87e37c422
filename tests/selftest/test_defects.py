"""The tester is tested: each defect of the reference system is noticed where its file says, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import pytest

from harness.model.deviation import Defect
from harness.model.names import HARNESS
from harness.model.run import PlayResult, Run
from harness.model.verdict import Verdict
from harness.wiring import workshop

FAULTLESS: Mapping[str, str] = MappingProxyType(
    {
        "commits-unstored": "Modality",
        "nset-after-completed": "Order Placer",
        "obr2-differs": "Order Filler",
        "second-image-wrong-study": "Image Manager",
        "worklist-contradicts-key": "Image Display",
    }
)
"""For each defect a role of the same process that has no part in it."""

DEFECTS = tuple(FAULTLESS)


def defect(name: str) -> Defect:
    return workshop().defect(name)


def failed(play: PlayResult) -> set[tuple[str, str, str]]:
    """Step, requirement and actor of what failed the system."""
    return {
        (step.step, judged.requirement.id, judged.finding.actor)
        for step in play.steps
        for leg in step.legs
        for judged in leg.findings
        if judged.verdict is Verdict.FAIL
    }


def test_every_shipped_defect_is_tested_here() -> None:
    assert {found.id for found in workshop().files.defects()} == set(DEFECTS)


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_noticed_where_its_file_says(name: str, play: Callable[..., Run]) -> None:
    described = defect(name)
    culprits = list(dict.fromkeys(deviation.actor for deviation in described.deviations))
    run = play(described.detection.scenario, roles=[*culprits, FAULTLESS[name]], defect=name)
    assert run.exit_code == 1
    assert run.plan.defect == name
    verdicts = {role: play.verdicts for play in run.plays for role in play.roles}
    for role, found in verdicts.items():
        assert found.get(HARNESS) is not Verdict.ERROR
        assert found["reference"] is (Verdict.PASS if role == FAULTLESS[name] else Verdict.FAIL), role
    for result in run.plays:
        (role,) = result.roles
        noticed = failed(result)
        assert {actor for _, _, actor in noticed} <= {role}
        assert {step for step, _, _ in noticed} <= _steps_of(result, described)
    wanted = (described.detection.step, described.detection.requirement)
    assert wanted in {(step, requirement) for result in run.plays for step, requirement, _ in failed(result)}


def _steps_of(result: PlayResult, described: Defect) -> set[str]:
    """The step that the file names, and others of its transaction."""
    named = next(step for step in result.steps if step.step == described.detection.step)
    return {step.step for step in result.steps if step.transaction == named.transaction}


@pytest.mark.parametrize("profile", ["SWF", "SWF.b"])
def test_without_a_defect_the_same_roles_pass(profile: str, play: Callable[..., Run]) -> None:
    run = play("swf.scheduled", roles=["Order Placer", "Modality"], profile=profile)
    assert run.exit_code == 0
    assert {play.verdict for play in run.plays} == {Verdict.PASS}
