"""The tester is tested: each defect is noticed where its file says and charged to its actor, and to nobody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from harness.model.live_proof import DefectKind, LiveProof, LiveTrial
from harness.model.names import ActorName
from harness.model.run import Run
from harness.model.verdict import Verdict
from harness.proofs import LiveRequest, prove_live
from harness.wiring import REFERENCE, workshop

DEFECTS = workshop().files.defects()


def chosen() -> tuple[str, ...]:
    """For each actor and kind of defect the first one; `swf selftest --live` runs them all."""
    found: dict[tuple[ActorName, DefectKind], str] = {}
    for defect in DEFECTS:
        trial = LiveTrial(defect=defect)
        for actor in trial.actors:
            found.setdefault((actor, trial.kind), defect.id)
    return tuple(dict.fromkeys(found.values()))


@pytest.fixture(scope="module")
def proof() -> LiveProof:
    return prove_live(LiveRequest(defects=chosen(), jobs=4))


def test_there_are_defects_of_every_actor_and_kind() -> None:
    trials = [LiveTrial(defect=defect) for defect in DEFECTS]
    counts = Counter(actor for trial in trials for actor in trial.actors)
    played = {actor for claim in workshop().files.system(REFERENCE).claims for actor in claim.actors}
    assert set(counts) == played
    assert {actor: count for actor, count in counts.items() if count < 6} == {}
    assert len(DEFECTS) >= 60
    assert sum(trial.kind is DefectKind.BEHAVIOUR for trial in trials) >= 25
    assert sum(trial.later for trial in trials) >= 10


def test_every_chosen_defect_is_tried(proof: LiveProof) -> None:
    assert {trial.defect.id for trial in proof.trials} == set(chosen())
    assert {actor for trial in proof.trials for actor in trial.actors} >= {
        actor for defect in DEFECTS for actor in LiveTrial(defect=defect).actors
    }


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
