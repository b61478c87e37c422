"""The shipped consistency table: what renames and archives may do, and what they may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks import consistency
from harness.hl7 import compose, edit
from harness.model.profile import Service
from harness.model.verdict import Outcome

FIND = "StudyRootQueryRetrieveInformationModelFind"
IMAGE = {
    "PatientName": "LINDGREN^ASTA",
    "PatientID": "P1001",
    "PatientBirthDate": "19580714",
    "PatientSex": "F",
    "AccessionNumber": "ACC1",
    "StudyInstanceUID": "1.2",
}
WRONG = {
    "PatientName": "WRONG^NAME",
    "PatientID": "P9",
    "PatientBirthDate": "19990101",
    "PatientSex": "M",
    "AccessionNumber": "ACC9",
    "StudyInstanceUID": "1.9",
}


class Hospital:
    """Records what an archive stored, what it was told since, and what it answers."""

    def __init__(self, recording: Any, tools: Any) -> None:
        self.rec = recording()
        self.tools = tools

    def stored(self, uid: str = "1.7.1", **other: str) -> None:
        image = self.tools.dataset(SOPInstanceUID=uid, SeriesInstanceUID="1.2.1", **{**IMAGE, **other})
        leg = self.rec.leg("RAD-8", "store", f"stored-{uid}")
        self.rec.dimse(leg, Service.C_STORE, image, sop_class="CTImageStorage", instance=uid)

    def update(self, leg: str = "to-image-manager", name: str = "OAKES^ASTA", sex: str = "F") -> None:
        family, given = name.split("^")
        message = compose(
            [
                ("MSH", {3: "OF", 9: ("ADT", "A08", "ADT_A01"), 10: "9", 12: "2.5.1"}),
                ("PID", {3: ("P1001", "", "", "SWF"), 5: (family, given), 7: "19580714", 8: sex}),
            ]
        )
        self.rec.hl7(self.rec.leg("RAD-12", leg, f"renamed-{leg}"), message)

    def answer(self, **shown: str) -> None:
        make = self.tools.dataset
        keys = make(QueryRetrieveLevel="STUDY", **dict.fromkeys(IMAGE, ""))
        entry = make(QueryRetrieveLevel="STUDY", **shown)
        leg = self.rec.leg("RAD-14", "query", f"found-{len(self.rec.legs)}")
        self.rec.dimse(leg, Service.C_FIND, keys, [(0xFF00, entry), (0, None)], sop_class=FIND)

    def violated(self) -> list[tuple[str, str, str]]:
        return [
            (one.requirement, one.actor, one.received)
            for one in consistency.check(self.rec.play())
            if one.outcome is Outcome.VIOLATED
        ]

    def met(self) -> set[str]:
        found = consistency.check(self.rec.play())
        return {one.requirement for one in found if one.outcome is Outcome.MET}


@pytest.fixture
def hospital(recording: Callable[..., Any], tools: Any) -> Hospital:
    return Hospital(recording, tools)


def test_an_archive_answers_with_what_was_stored(hospital: Hospital) -> None:
    hospital.stored()
    hospital.answer(**IMAGE)
    assert hospital.violated() == []
    assert {one.partition(".")[2] for one in hospital.met()} == {"rad-8-to-rad-14"}
    assert len(hospital.met()) == len(IMAGE)


@pytest.mark.parametrize("keyword", list(IMAGE))
def test_an_answer_with_another_value_is_charged_to_the_archive(keyword: str, hospital: Hospital) -> None:
    hospital.stored()
    hospital.answer(**{**IMAGE, keyword: WRONG[keyword]})
    ((requirement, actor, received),) = hospital.violated()
    assert requirement.endswith(".rad-8-to-rad-14")
    assert (actor, received) == ("Image Manager", WRONG[keyword])


@pytest.mark.parametrize("keyword", list(IMAGE))
@pytest.mark.parametrize("change", ["empty", "absent"])
def test_an_answer_may_leave_out_what_it_does_not_support(keyword: str, change: str, hospital: Hospital) -> None:
    hospital.stored()
    answer = {name: value for name, value in IMAGE.items() if name != keyword}
    hospital.answer(**answer, **({keyword: ""} if change == "empty" else {}))
    assert hospital.violated() == []


def test_a_study_of_before_is_not_of_this_play(hospital: Hospital) -> None:
    hospital.stored()
    hospital.answer(**{**IMAGE, "StudyInstanceUID": "1.3", "AccessionNumber": "OLD", "PatientName": "LINDGREN^A"})
    assert hospital.violated() == []


@pytest.mark.parametrize(("name", "broken"), [("OAKES^ASTA", False), ("LINDGREN^ASTA", False), ("WRONG^NAME", True)])
def test_after_a_rename_the_archive_shows_one_of_the_names_it_was_told(
    name: str, broken: bool, hospital: Hospital
) -> None:
    hospital.stored()
    hospital.update()
    hospital.answer(**{**IMAGE, "PatientName": name})
    assert bool(hospital.violated()) is broken


def test_the_archive_may_show_what_a_late_order_says(hospital: Hospital, workflow: Any, real: Any) -> None:
    hospital.stored(AccessionNumber="", PatientName="DOE^J")
    raw = workflow.Workflow(hospital.tools, real, "2.5.1", {}).scheduled()
    hospital.rec.hl7(hospital.rec.leg("RAD-4", "to-image-manager", "scheduled"), edit.set_value(raw, "IPC-3", "1.2"))
    hospital.answer(**IMAGE)
    assert [one for one in hospital.violated() if one[1] == "Image Manager"] == []


@pytest.mark.parametrize("form", ["2.3.1", "2.5.1"])
def test_a_rename_between_order_and_worklist_charges_nobody(form: str, workflow: Any, tools: Any, real: Any) -> None:
    def renamed(message: Any) -> Any:
        if isinstance(message, bytes):
            return edit.set_value(edit.set_value(message, "PID-5", "OAKES^ASTA"), "PID-8", "O")
        message.PatientName, message.PatientSex = "OAKES^ASTA", "O"
        return message

    class Renamed(workflow.Workflow):  # type: ignore[misc]
        def _send(self, transaction: str, leg: str, name: str, message: bytes) -> None:
            if name == "scheduled":
                hospital = Hospital(lambda: self.recording, tools)
                hospital.update("to-order-filler", sex="O")
            super()._send(transaction, leg, name, message)

    changes = dict.fromkeys(("scheduled", "entry", "started", "image.1", "image.2"), renamed)
    play = Renamed(tools, real, form, changes).record().play()
    found = list(consistency.check(play))
    assert [one.requirement for one in found if one.outcome is Outcome.VIOLATED] == []
    assert {one.requirement for one in found if one.outcome is Outcome.MET} >= {
        "consistency/patient-name.rad-12-to-rad-4",
        "consistency/patient-name.rad-4-to-rad-5",
    }


def test_a_name_that_nobody_announced_is_charged_to_the_filler(workflow: Any, tools: Any, real: Any) -> None:
    changes = {"scheduled": lambda message: edit.set_value(message, "PID-5", "WRONG^NAME")}
    found = consistency.check(workflow.Workflow(tools, real, "2.5.1", changes).record().play())
    assert "consistency/patient-name.rad-2-to-rad-4" in {
        one.requirement for one in found if one.outcome is Outcome.VIOLATED and one.actor == "Order Filler"
    }
