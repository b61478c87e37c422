from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.checks import performed_steps
from harness.dicom.uids import uid_of
from harness.model.profile import Service

_REASON = "PerformedProcedureStepDiscontinuationReasonCodeSequence"


class Department:
    """Records performed procedure steps and their images."""

    def __init__(self, recording: Any, tools: Any) -> None:
        self.rec = recording()
        self.tools = tools
        self.path = "a.scenario.yaml"

    def start(self, mpps: str, *steps: str, identifier: str = "PPS1", study: str = "1.2", station: str = "CT1") -> None:
        make = self.tools.dataset
        items = [
            make(StudyInstanceUID=study, RequestedProcedureID="RP1", ScheduledProcedureStepID=step)
            for step in steps or ("SPS1",)
        ]
        content = make(
            ScheduledStepAttributesSequence=items,
            PerformedProcedureStepID=identifier,
            PerformedStationAETitle=station,
            PerformedProcedureStepStartDate="20240102",
            PerformedProcedureStepStartTime="235900",
            PerformedProcedureStepStatus="IN PROGRESS",
        )
        leg = self.rec.leg("RAD-6", "to-pps-manager", f"started-{mpps}")
        self.rec.dimse(leg, Service.N_CREATE, content, instance=mpps)

    def end(
        self,
        mpps: str,
        *series: str,
        ending: str = "COMPLETED",
        at: tuple[str, str] = ("20240103", "000100"),
        answer: int = 0,
        reason: str = "",
        **step: Any,
    ) -> None:
        make = self.tools.dataset
        why = {_REASON: [make(CodeValue=reason)]} if reason else {}
        content = make(
            PerformedProcedureStepStatus=ending,
            PerformedProcedureStepEndDate=at[0],
            PerformedProcedureStepEndTime=at[1],
            PerformedSeriesSequence=[make(SeriesInstanceUID=uid) for uid in series],
            **why,
        )
        leg = self.rec.leg("RAD-7", "to-pps-manager", f"ended-{mpps}", **step)
        self.rec.dimse(leg, Service.N_SET, content, [(answer, None)], instance=mpps)

    def image(self, uid: str, mpps: str, *steps: str) -> None:
        make = self.tools.dataset
        image = make(
            SOPInstanceUID=uid,
            ReferencedPerformedProcedureStepSequence=[make(ReferencedSOPInstanceUID=mpps)],
            RequestAttributesSequence=[
                make(RequestedProcedureID="RP1", ScheduledProcedureStepID=step) for step in steps
            ],
        )
        known = next((one for one in self.rec.legs if one.leg == "store"), None)
        leg = known or self.rec.leg("RAD-8", "store", "stored")
        self.rec.dimse(leg, Service.C_STORE, image, sop_class=uid_of("CTImageStorage"), instance=uid)

    def broken(self) -> set[str]:
        play = self.rec.play()
        scenario = replace(play.play.scenario, path=self.path)
        view = replace(play, play=replace(play.play, scenario=scenario))
        return {
            one.requirement.partition("/")[2] for one in performed_steps.check(view) if one.outcome.value == "violated"
        }


@pytest.fixture
def department(recording: Callable[..., Any], tools: Any) -> Department:
    return Department(recording, tools)


def test_two_steps_that_share_nothing_keep_every_rule(department: Department) -> None:
    department.start("1.9.1", identifier="PPS1")
    department.end("1.9.1", "1.2.1", "1.2.2")
    department.start("1.9.2", identifier="PPS2")
    department.end("1.9.2", "1.2.3")
    assert department.broken() == set()


@pytest.mark.parametrize(
    ("second", "broken"),
    [
        ({"identifier": "PPS1"}, {"step-id-unique"}),
        ({"identifier": "PPS1", "study": "1.3"}, set()),
        ({"identifier": "PPS1", "station": "CT2"}, set()),
    ],
)
def test_a_step_id_is_used_once_in_a_study(department: Department, second: dict[str, str], broken: set[str]) -> None:
    department.start("1.9.1", identifier="PPS0")
    department.start("1.9.2", identifier="PPS1")
    department.start("1.9.3", **second)
    assert department.broken() == broken


def test_a_series_belongs_to_one_step(department: Department) -> None:
    for mpps, own in (("1.9.1", ("1.2.1",)), ("1.9.2", ("1.2.2", "1.2.1"))):
        department.start(mpps, identifier=mpps)
        department.end(mpps, *own)
    assert department.broken() == {"series-of-one-step"}


@pytest.mark.parametrize(
    ("at", "broken"),
    [
        (("20240102", "235859"), {"end-not-before-start"}),
        (("20240102", "235900"), set()),
        (("20240102", "2359"), set()),
        (("20240102", "235900.5"), set()),
        (("20240101", "235959"), {"end-not-before-start"}),
    ],
)
def test_a_step_does_not_end_before_it_started(department: Department, at: tuple[str, str], broken: set[str]) -> None:
    department.start("1.9.1")
    department.end("1.9.1", "1.2.1", at=at)
    assert department.broken() == broken


@pytest.mark.parametrize(
    ("status", "step", "broken"),
    [
        ("DISCONTINUED", {}, {"ends-as-meant"}),
        ("COMPLETED", {"status": "DISCONTINUED 110514"}, {"ends-as-meant"}),
        ("DISCONTINUED", {"status": "DISCONTINUED 110514"}, {"wrong-entry-says-so"}),
        ("DISCONTINUED", {"status": "DISCONTINUED 110514", "reason": "110513"}, {"wrong-entry-says-so"}),
        ("DISCONTINUED", {"status": "DISCONTINUED 110514", "reason": "110514"}, set()),
        ("DISCONTINUED", {"status": "DISCONTINUED 110501"}, set()),
        ("COMPLETED", {"status": "IN PROGRESS"}, set()),
        ("DISCONTINUED", {"illegal": True}, set()),
    ],
)
def test_a_step_ends_as_the_scenario_means_it(
    department: Department, status: str, step: dict[str, Any], broken: set[str]
) -> None:
    department.start("1.9.1")
    department.end("1.9.1", "1.2.1", ending=status, **step)
    assert department.broken() == broken


def test_without_a_scenario_any_end_is_meant(department: Department) -> None:
    department.path = ""
    department.start("1.9.1")
    department.end("1.9.1", "1.2.1", ending="DISCONTINUED")
    assert department.broken() == set()


def test_what_was_refused_ends_nothing(department: Department) -> None:
    department.start("1.9.1")
    department.end("1.9.1", "1.2.1", ending="DISCONTINUED", answer=0x0110)
    assert department.broken() == set()


def test_images_of_a_group_name_every_step(department: Department) -> None:
    department.start("1.9.1", "SPS1", "SPS2")
    department.image("1.7.1", "1.9.1", "SPS1", "SPS2")
    assert department.broken() == set()
    department.image("1.7.2", "1.9.1", "SPS1")
    assert department.broken() == {"images-name-every-step"}


def test_images_of_one_step_are_the_consistency_s_business(department: Department) -> None:
    department.start("1.9.1", "SPS1")
    department.image("1.7.1", "1.9.1", "SPS9")
    assert department.broken() == set()


def test_a_scheduled_step_is_one_item(department: Department) -> None:
    department.start("1.9.1", "SPS1", "SPS2", "SPS2")
    assert department.broken() == {"one-item-per-scheduled-step"}


@pytest.mark.filterwarnings("ignore:Invalid value")
@pytest.mark.parametrize("at", [("2024-01-01", "000100"), ("20240101", "25:99"), ("20241399", "0001")])
def test_an_end_that_is_no_date_or_time_is_not_compared(department: Department, at: tuple[str, str]) -> None:
    department.start("1.9.1")
    department.end("1.9.1", "1.2.1", at=at)
    assert department.broken() == set()


def test_steps_of_two_orders_may_have_the_same_ids(department: Department) -> None:
    department.start("1.9.1", "SPS1", "SPS1")
    assert department.broken() == {"one-item-per-scheduled-step"}
    items = department.rec.legs[-1].exchanges[-1].request_dataset.ScheduledStepAttributesSequence
    items[0].AccessionNumber, items[1].AccessionNumber = "ACC1", "ACC2"
    assert department.broken() == set()


def test_copies_in_the_study_of_each_procedure_name_what_is_of_it(department: Department) -> None:
    department.start("1.9.1", "SPS1", "SPS2")
    department.image("1.7.1", "1.9.1", "SPS1")
    department.image("1.7.2", "1.9.1", "SPS2")
    assert department.broken() == {"images-name-every-step"}
    items = department.rec.legs[0].exchanges[0].request_dataset.ScheduledStepAttributesSequence
    images = [one.request_dataset for one in department.rec.legs[-1].exchanges]
    for study, item, image in zip(("1.2", "1.3"), items, images, strict=True):
        item.StudyInstanceUID = image.StudyInstanceUID = study
    assert department.broken() == set()
    images[1].RequestAttributesSequence[0].ScheduledProcedureStepID = "SPS1"
    assert department.broken() == {"images-name-every-step"}


def test_an_image_names_its_step_with_the_class_of_steps(department: Department) -> None:
    department.start("1.9.1")
    department.image("1.7.1", "1.9.1", "SPS1")
    item = department.rec.legs[-1].exchanges[-1].request_dataset.ReferencedPerformedProcedureStepSequence[0]
    item.ReferencedSOPClassUID = uid_of("ModalityPerformedProcedureStep")
    assert department.broken() == set()
    item.ReferencedSOPClassUID = uid_of("StudyComponentManagement")
    assert department.broken() == {"images-name-step-class"}
