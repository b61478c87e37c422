"""What a hook is told of the wire: what its own actor, or its product, could have read there, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.checks.recording import PlayView
from harness.engine.facts import fact_name, newest, seen_before
from harness.engine.placing import PlacedRecording
from harness.model.names import HARNESS, ActorName, PlayerName, StepId
from harness.model.profile import Service

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Build, Say, Wire

WORKLIST, MPPS = "ModalityWorklistInformationModelFind", "ModalityPerformedProcedureStep"
CT = PlayerName("CT")


@pytest.fixture
def view(build: Build, wire: Wire, say: Say) -> PlayView:
    """An order passes from the filler to the archive; the CT asks the worklist, begins a step and is to store."""
    steps = (
        build.step("scheduled", "RAD-4", "Order Filler"),
        build.step("worklist", "RAD-5", "Modality"),
        build.step("started", "RAD-6", "Modality"),
        build.step("stored", "RAD-8", "Modality"),
    )
    plan = build.plan([build.scenario(*steps)], [build.system("CT", "Modality")])
    ((assignment, play),) = [(one, play) for one in plan.assignments for play in one.plays]
    patient = play.case.patients["main"].id
    wire.begin(play)
    cause = wire.begin_step(play, "scheduled")
    order = say.orm(patient, placer="PL1", filler="FI1", study="1.2.3")
    wire.hl7(order, "Order Filler", "Image Manager", cause=cause)
    wire.end_step(cause)
    cause = wire.begin_step(play, "worklist")
    entry = say.dataset(PatientID=patient, StudyInstanceUID="1.2.3", AccessionNumber="A17", RequestedProcedureID="RP1")
    asked = say.dataset(PatientID=patient)
    answers = [(0xFF00, entry), (0x0000, None)]
    wire.dimse(Service.C_FIND, WORKLIST, "Order Filler", "Modality", request=asked, responses=answers, sent=False)
    wire.end_step(cause)
    cause = wire.begin_step(play, "started")
    step = say.mpps(patient, "1.2.3")
    wire.dimse(Service.N_CREATE, MPPS, "PPS Manager", "Modality", request=step, instance="1.2.9", sent=False)
    wire.end_step(cause)
    wire.begin_step(play, "stored")
    placed = PlacedRecording(plan, wire.transcript(), wire.recorder.read, build.knowledge)
    return placed.view(assignment, play)


def names(view: PlayView, now: str, actor: str, player: PlayerName) -> dict[str, tuple[str, str, str]]:
    """Name to value, transaction and step."""
    found = seen_before(view, StepId(now), ActorName(actor), player)
    return {fact_name(one): (one.value, one.transaction, one.step) for one in found}


def test_a_modality_knows_what_the_worklist_showed_and_what_it_made_itself(view: PlayView) -> None:
    seen = names(view, "stored", "Modality", CT)
    assert seen.pop("patient_id")[1:] == ("RAD-5", "worklist")
    assert seen == {
        "accession_number": ("A17", "RAD-5", "worklist"),
        "study_instance_uid": ("1.2.3", "RAD-5", "worklist"),
        "requested_procedure_id": ("RP1", "RAD-5", "worklist"),
        "mpps_sop_instance_uid": ("1.2.9", "RAD-6", "started"),
    }


def test_the_order_between_others_is_not_shown_to_a_modality(view: PlayView) -> None:
    assert "placer_order_number" not in names(view, "stored", "Modality", CT)
    assert names(view, "stored", "Image Manager", HARNESS)["placer_order_number"] == ("PL1", "RAD-4", "scheduled")


def test_the_step_itself_shows_nothing_yet(view: PlayView) -> None:
    assert "mpps_sop_instance_uid" not in names(view, "started", "Modality", CT)


def test_what_stands_beside_another_patient_is_not_meant(view: PlayView) -> None:
    seen = seen_before(view, StepId("stored"), ActorName("Modality"), CT)
    mine = view.play.case.patients["main"]
    assert newest(seen, mine)["accession_number"] == "A17"
    assert newest(seen, replace(mine, id="P999")) == {}


def test_a_display_has_seen_nothing(view: PlayView) -> None:
    assert names(view, "stored", "Image Display", PlayerName("Viewer")) == {}
