"""The live proof: what is asked of a run, and what counts as noticed, misplaced or idle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from harness.model.deviation import Change, Defect, Detection, Deviation
from harness.model.live_proof import DefectKind, LiveProof, LiveTrial, Noticed
from harness.model.names import ActorName, PlayerName, RequirementId, ScenarioId, StepId
from harness.model.run import Run
from harness.model.scenario import Scenario
from harness.model.system import Binding, Claim, System
from harness.selftest import live

MODALITY, PLACER, FILLER = ActorName("Modality"), ActorName("Order Placer"), ActorName("Order Filler")
DETECTION = Detection(scenario=ScenarioId("a.b"), step=StepId("stored"), requirement=RequirementId("c/d"))
SCENARIO = Scenario(id=ScenarioId("a.b"), title="", citation={}, forms=("2.3.1", "2.5.1"), case="c", steps=())
HERE = Noticed(DETECTION.step, DETECTION.requirement, MODALITY)
SYSTEM = System(
    name=PlayerName("reference"),
    claims=(
        Claim(profile="SWF", actors=(MODALITY, PLACER, FILLER)),
        Claim(profile="PIR", actors=(FILLER,)),
    ),
)


def defect(*deviations: Deviation) -> Defect:
    return Defect(id="x", title="X", deviations=deviations, detection=DETECTION)


def deviation(change: Change = Change.SET, **values: Any) -> Deviation:
    return Deviation(actor=MODALITY, change=change, **values)


NOTICED = LiveTrial(defect=defect(deviation(path="PatientID", value="1")), system=(HERE,))


def test_noticed_and_blamed_right() -> None:
    assert NOTICED.holds
    assert LiveProof(trials=(NOTICED,)).holds


@pytest.mark.parametrize(
    "trial",
    [
        replace(NOTICED, system=()),
        replace(NOTICED, system=(replace(HERE, step=StepId("other")),)),
        replace(NOTICED, system=(replace(HERE, requirement=RequirementId("e/f")),)),
        replace(NOTICED, system=(replace(HERE, actor=FILLER),)),
        replace(NOTICED, system=(HERE, replace(HERE, actor=FILLER))),
        replace(NOTICED, box=(HERE,)),
        replace(NOTICED, errors=("a.b@2.3.1",)),
        replace(NOTICED, idle=True),
    ],
    ids=["nothing", "another step", "another rule", "another actor", "more actors", "our fault", "error", "idle"],
)
def test_what_does_not_prove_a_defect(trial: LiveTrial) -> None:
    assert not trial.holds
    assert not LiveProof(trials=(NOTICED, trial)).holds


def test_a_failure_without_a_defect_spoils_the_proof() -> None:
    assert not LiveProof(trials=(NOTICED,), faultless=("a.b@2.3.1: fail",)).holds


@pytest.mark.parametrize(
    ("change", "kind"),
    [(Change.REMOVE, DefectKind.CONTENT), (Change.LATE, DefectKind.BEHAVIOUR), (Change.DECIDE, DefectKind.BEHAVIOUR)],
)
def test_content_and_behaviour(change: Change, kind: DefectKind) -> None:
    assert LiveTrial(defect=defect(deviation(change, path="PatientID", decision="d"))).kind is kind


@pytest.mark.parametrize(
    ("values", "later"),
    [
        ({"path": "PatientID"}, False),
        ({"path": "PatientID", "occurrence": 1}, False),
        ({"path": "PatientID", "occurrence": 2}, True),
        ({"path": "ScheduledStepAttributesSequence[0].StudyInstanceUID"}, False),
        ({"path": "ScheduledStepAttributesSequence[1].StudyInstanceUID"}, True),
        ({"path": "A[0].B[1].C"}, True),
        ({"path": "OBR[1]-2.1"}, False),
        ({"path": "OBR[2]"}, True),
        ({"path": "PID-3[2].1"}, True),
        ({"path": "PID-3[1].1"}, False),
    ],
)
def test_an_item_that_is_not_the_first(values: dict[str, Any], later: bool) -> None:
    assert LiveTrial(defect=defect(deviation(**values))).later is later


def test_a_system_claims_the_wanted_actors_alone() -> None:
    narrowed = live.playing(SYSTEM, {MODALITY}, Binding.TOGETHER)
    assert narrowed.claims == (Claim(profile="SWF", actors=(MODALITY,)),)
    assert narrowed.binding is Binding.TOGETHER


def test_a_defect_is_run_in_the_system_and_in_the_box_in_one_form_after_the_other() -> None:
    asked: list[tuple[tuple[ActorName, ...], Binding, tuple[str, ...], str, str]] = []
    empty = cast(Run, _Run())

    def play(
        scenario: Scenario, system: System, forms: Sequence[str], *, theirs: str = "", ours: str = ""
    ) -> tuple[Run, bool]:
        actors = tuple(actor for claim in system.claims for actor in claim.actors)
        asked.append((actors, system.binding, tuple(forms), theirs, ours))
        return empty, bool(theirs)

    trial = live.trial(NOTICED.defect, SCENARIO, SYSTEM, play)
    innocent = (PLACER, FILLER, FILLER)
    assert asked == [
        ((MODALITY,), Binding.EACH, ("2.5.1",), "x", ""),
        (innocent, Binding.TOGETHER, ("2.5.1",), "", "x"),
        ((MODALITY,), Binding.EACH, ("2.3.1",), "x", ""),
        (innocent, Binding.TOGETHER, ("2.3.1",), "", "x"),
    ]
    assert trial.idle
    assert not trial.noticed


class _Run:
    """A run without plays."""

    plays = ()
