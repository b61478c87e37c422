"""What a hook is told of the wire: what its own actor, or its product, could have read there, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.checks.recording import PlayView
from harness.engine.department import Department
from harness.engine.facts import fact_name, hook_facts, newest, seen_before
from harness.engine.placing import PlacedRecording
from harness.engine.unrecorded import Unrecorded
from harness.identifiers import FixedClock
from harness.model.names import HARNESS, ActorName, PlayerName, StepId, TransactionId
from harness.model.profile import Service
from harness.model.scenario import Code, PlannedProcedure, ProcedurePlan
from harness.model.system import Claim, DimseAddress, Endpoints, Hl7Address, SystemActor

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


CODE = Code(value="71250", scheme="C4", meaning="CT thorax")
PROCEDURES = ProcedurePlan(
    id="ours",
    services={"GENERAL": PlannedProcedure(service=CODE, procedure=CODE, description="", steps=())},
    default="GENERAL",
)


def test_a_hook_is_told_the_addresses_and_the_version_of_its_transaction(build: Build, tmp_path: Path) -> None:
    filler = ActorName("Order Filler")
    own = SystemActor(
        dimse=DimseAddress(ae_title="RIS", port=104),
        hl7=Hl7Address(application="RIS", facility="RAD", port=2575),
        links={
            TransactionId("RAD-5"): Endpoints(dimse=DimseAddress(ae_title="RIS_MWL", port=105)),
            TransactionId("RAD-4"): Endpoints(
                hl7=Hl7Address(application="RIS", facility="RAD", port=2576, version="2.3.1")
            ),
        },
    )
    system = replace(
        build.system("RIS", "Order Filler"), actors={filler: own}, claims=(Claim(profile="SWF.b", actors=(filler,)),)
    )
    steps = (build.step("scheduled", "RAD-4", "Order Filler"), build.step("worklist", "RAD-5", "Modality"))
    (assignment,) = build.plan([build.scenario(*steps, forms=("2.5.1",))], [system]).assignments
    (play,) = assignment.plays
    department = Department(
        assignment,
        knowledge=build.knowledge,
        recorder=Unrecorded(),
        clock=FixedClock(datetime(2024, 5, 17)),
        seed=1,
        procedures=PROCEDURES,
    )
    so_far = PlayView(play=play, legs=(), events=(), knowledge=build.knowledge)
    scheduled, worklist = (
        json.loads(json.dumps(hook_facts(department, so_far, play.step(StepId(name)), ActorName(actor), tmp_path)))
        for name, actor in (("scheduled", "Order Filler"), ("worklist", "Modality"))
    )
    assert scheduled["code"] == {"value": "71250", "scheme": "C4", "meaning": "CT thorax"}
    assert (scheduled["form"], scheduled["own"]["hl7"]["port"]) == ("2.3.1", 2576)
    assert scheduled["own"]["hl7"]["version"] == "2.3.1"
    assert scheduled["own"]["dimse"]["ae_title"] == "RIS"
    assert (worklist["form"], worklist["peers"]["Order Filler"]["dimse"]["ae_title"]) == ("2.5.1", "RIS_MWL")
    assert worklist["peers"]["Order Filler"]["hl7"]["port"] == 2575
    for told in (scheduled["own"], worklist["peers"]["Order Filler"]):
        assert "links" not in told
        assert "tls_files" not in told["dimse"]
        assert "tls_files" not in told["hl7"]
