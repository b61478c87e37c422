from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks import unscheduled_steps
from harness.dicom.uids import uid_of
from harness.model.profile import Service

STEP, IMAGES = "unscheduled-names-no-step", "unscheduled-images-name-no-step"


class Room:
    """Records one performed step and its images."""

    def __init__(self, recording: Any, tools: Any) -> None:
        self.rec = recording(form="2.3.1")
        self.make = tools.dataset

    def order(self, accession: str) -> None:
        raw = (
            "MSH|^~\\&|OF|S|IM|S|2024||ORM^O01|9|P|2.3.1\rPID|||P1001\rORC|NW|A1|F1\r"
            f"OBR|1|A1|F1|||||||||||||||{accession}|RP1|SPS1\rZDS|1.9\r"
        )
        self.rec.hl7(self.rec.leg("RAD-4", "to-image-manager", "scheduled"), raw.encode())

    def start(self, said: dict[str, Any] | None = None, **step: Any) -> None:
        item = self.make(StudyInstanceUID="1.2", **(said or {}))
        content = self.make(PatientID="P1001", ScheduledStepAttributesSequence=[item])
        self.rec.dimse(
            self.rec.leg("RAD-6", "to-pps-manager", "started", **step), Service.N_CREATE, content, instance="1.6"
        )

    def image(self, **more: Any) -> None:
        named = [self.make(ReferencedSOPInstanceUID="1.6")]
        image = self.make(SOPInstanceUID="1.7", ReferencedPerformedProcedureStepSequence=named, **more)
        leg = self.rec.leg("RAD-8", "store", "stored")
        self.rec.dimse(leg, Service.C_STORE, image, sop_class=uid_of("CTImageStorage"), instance="1.7")

    def found(self) -> dict[str, str]:
        return {
            one.requirement.partition("/")[2]: one.outcome.value for one in unscheduled_steps.check(self.rec.play())
        }


@pytest.fixture
def room(recording: Callable[..., Any], tools: Any) -> Room:
    return Room(recording, tools)


def test_a_study_of_its_own_and_nothing_else(room: Room) -> None:
    room.start({"AccessionNumber": "", "RequestedProcedureID": ""}, unscheduled=True)
    room.image(AccessionNumber="")
    assert room.found() == {STEP: "met", IMAGES: "met"}


@pytest.mark.parametrize(
    "keyword", ["RequestedProcedureID", "ScheduledProcedureStepID", "RequestedProcedureDescription"]
)
def test_nothing_of_a_schedule_is_made_up(room: Room, keyword: str) -> None:
    room.start({keyword: "X1"}, unscheduled=True)
    assert room.found() == {STEP: "violated"}


def test_an_accession_number_is_invented_unless_somebody_had_said_it(room: Room) -> None:
    room.start({"AccessionNumber": "ACC9"}, unscheduled=True)
    room.image(AccessionNumber="ACC9")
    assert room.found() == {STEP: "violated", IMAGES: "violated"}


def test_a_known_accession_number_may_be_typed(room: Room) -> None:
    room.order("ACC1")
    room.start({"AccessionNumber": "ACC1"}, unscheduled=True)
    room.image(AccessionNumber="ACC1")
    assert room.found() == {STEP: "met", IMAGES: "met"}


def test_an_empty_identifier_in_an_image_is_none_and_may_not_stand_there(room: Room) -> None:
    room.start(unscheduled=True)
    room.image(RequestAttributesSequence=[room.make(ScheduledProcedureStepID="")])
    assert room.found()[IMAGES] == "violated"


def test_what_names_no_step_and_had_no_entry_is_unscheduled_without_being_said_so(room: Room) -> None:
    room.start({"AccessionNumber": "ACC9"})
    assert room.found() == {STEP: "violated"}


def test_a_scheduled_step_is_left_alone(room: Room) -> None:
    room.start({"RequestedProcedureID": "RP1", "ScheduledProcedureStepID": "SPS1", "AccessionNumber": "ACC1"})
    room.image(AccessionNumber="ACC1")
    assert room.found() == {}
