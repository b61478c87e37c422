"""The tester is tested: each defect is noticed where its file says and charged to its actor, and to nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.model.live_proof import LiveProof
from harness.model.run import Run
from harness.model.verdict import Verdict
from harness.proofs import LiveRequest, prove_live
from harness.wiring import workshop


@pytest.fixture(scope="module")
def proof() -> LiveProof:
    return prove_live(LiveRequest())


def test_every_shipped_defect_is_tried(proof: LiveProof) -> None:
    assert {trial.defect.id for trial in proof.trials} == {defect.id for defect in workshop().files.defects()}


def test_every_defect_is_noticed_and_nobody_else_is_blamed(proof: LiveProof) -> None:
    failed = [trial for trial in proof.trials if not trial.holds]
    assert [(one.defect.id, one.system, one.misplaced, one.errors, one.idle) for one in failed] == []


def test_nothing_is_noticed_without_a_defect(proof: LiveProof) -> None:
    assert proof.faultless == ()


@pytest.mark.parametrize("profile", ["SWF", "SWF.b"])
def test_without_a_defect_the_same_roles_pass(profile: str, play: Callable[..., Run]) -> None:
    run = play("swf.scheduled", roles=["Order Placer", "Modality"], profile=profile)
    assert run.exit_code == 0
    assert {play.verdict for play in run.plays} == {Verdict.PASS}
