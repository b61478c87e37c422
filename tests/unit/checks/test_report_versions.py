from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pydicom.dataset import Dataset

from harness.checks import report_versions
from harness.dicom import edit
from harness.dicom.uids import uid_of
from harness.model.names import PlayerName
from harness.model.profile import Service

CT, SR = uid_of("CTImageStorage"), uid_of("BasicTextSRStorage")
EVIDENCE = "CurrentRequestedProcedureEvidenceSequence[0]"


class Reading:
    """Records two images, reports on them, and what becomes of the reports."""

    def __init__(self, recording: Any, tools: Any) -> None:
        self.rec = recording()
        self.tools = tools
        self.manager: PlayerName | None = None
        for uid in ("1.7.1", "1.7.2"):
            image = tools.dataset(SOPClassUID=CT, SOPInstanceUID=uid, StudyInstanceUID="1.2", SeriesInstanceUID="1.2.1")
            self.store("RAD-8", "store", image)

    def report(self, uid: str = "1.8.1", **more: object) -> Dataset:
        make = self.tools.dataset
        references = [make(ReferencedSOPClassUID=CT, ReferencedSOPInstanceUID=one) for one in ("1.7.1", "1.7.2")]
        series = make(SeriesInstanceUID="1.2.1", ReferencedSOPSequence=references)
        evidence = make(StudyInstanceUID="1.2", ReferencedSeriesSequence=[series])
        values: dict[str, object] = {
            "SOPClassUID": SR,
            "SOPInstanceUID": uid,
            "StudyInstanceUID": "1.2",
            "PatientName": "LINDGREN^ASTA",
            "CompletionFlag": "COMPLETE",
            "VerificationFlag": "VERIFIED",
            "VerifyingObserverSequence": [make(VerifyingObserverName="READER^RITA")],
            "CurrentRequestedProcedureEvidenceSequence": [evidence],
        }
        return make(**{**values, **more})

    def replacing(self, uid: str, old: str, **more: object) -> Dataset:
        make = self.tools.dataset
        reference = make(ReferencedSOPClassUID=SR, ReferencedSOPInstanceUID=old)
        series = make(SeriesInstanceUID="1.8", ReferencedSOPSequence=[reference])
        predecessor = make(StudyInstanceUID="1.2", ReferencedSeriesSequence=[series])
        return self.report(uid, PredecessorDocumentsSequence=[predecessor], **more)

    def store(self, transaction: str, leg: str, content: Dataset, step: str = "", **of_step: Any) -> None:
        name = step or transaction.lower()
        known = next((one for one in self.rec.legs if one.step.id == name), None)
        opened = known or self.rec.leg(transaction, leg, name, **of_step)
        sop_class, uid = str(content.SOPClassUID), str(content.SOPInstanceUID)
        self.rec.dimse(opened, Service.C_STORE, content, sop_class=sop_class, instance=uid)

    def broken(self) -> set[str]:
        play = self.rec.play()
        if self.manager is not None:
            legs = tuple(
                replace(leg, planned=replace(leg.planned, initiator=self.manager))
                if leg.step.transaction.id == "RAD-25"
                else leg
                for leg in play.legs
            )
            play = replace(play, legs=legs)
        found = report_versions.check(play)
        return {one.requirement.partition("/")[2] for one in found if one.outcome.value == "violated"}


@pytest.fixture
def reading(recording: Callable[..., Any], tools: Any) -> Reading:
    return Reading(recording, tools)


def test_a_report_that_is_passed_on_and_one_that_is_replaced(reading: Reading) -> None:
    reading.store("RAD-24", "submit", reading.report())
    reading.store("RAD-25", "issue", reading.report())
    reading.store("RAD-25", "issue", reading.replacing("1.8.2", "1.8.1", PatientComments="amended"), "amended")
    assert reading.broken() == set()


def test_a_version_does_not_change(reading: Reading) -> None:
    reading.store("RAD-24", "submit", reading.report())
    reading.store("RAD-25", "issue", reading.report(PatientName="OAKES^ASTA"))
    assert reading.broken() == {"version-unchanged"}


def test_after_an_update_the_patient_of_a_version_may_change(reading: Reading) -> None:
    reading.store("RAD-24", "submit", reading.report())
    raw = "MSH|^~\\&|OF|S|RM|S|2024||ADT^A08|9|P|2.3.1\rPID|||P1001||OAKES^ASTA\r"
    reading.rec.hl7(reading.rec.leg("RAD-12", "to-image-manager", "renamed"), raw.encode())
    reading.store("RAD-25", "issue", reading.report(PatientName="OAKES^ASTA"))
    assert reading.broken() == set()


@pytest.mark.parametrize("old", ["", "1.8.9"])
def test_a_new_version_names_the_old(reading: Reading, old: str) -> None:
    reading.store("RAD-24", "submit", reading.report())
    reading.store("RAD-25", "issue", reading.replacing("1.8.2", old) if old else reading.report("1.8.2"))
    assert reading.broken() == {"new-version-names-predecessor"}


@pytest.mark.parametrize(
    "change",
    [
        {"CompletionFlag": "PARTIAL"},
        {"VerificationFlag": "UNVERIFIED"},
        {"VerifyingObserverSequence": []},
    ],
)
def test_what_is_not_final_is_held_against_the_creator_when_our_manager_cannot_verify(
    reading: Reading, change: dict[str, object]
) -> None:
    reading.store("RAD-24", "submit", reading.report("1.8.0"))
    reading.store("RAD-24", "submit", reading.report(**change))
    reading.rec.leg("RAD-25", "issue", "issued")
    assert reading.broken() == {"submitted-is-final"}
    reading.manager = PlayerName("SYSTEM")
    assert reading.broken() == set()


def test_what_is_issued_is_final_whoever_wrote_it(reading: Reading) -> None:
    reading.store("RAD-24", "submit", reading.report(VerificationFlag="UNVERIFIED"))
    reading.store("RAD-25", "issue", reading.report(VerificationFlag="UNVERIFIED"))
    reading.manager = PlayerName("SYSTEM")
    assert reading.broken() == {"issued-is-final"}


def test_a_draft_that_is_meant_as_one_is_no_fault(reading: Reading) -> None:
    reading.store("RAD-24", "submit", reading.report(CompletionFlag="PARTIAL"), "draft", status="PARTIAL")
    reading.rec.leg("RAD-25", "issue", "issued")
    assert reading.broken() == set()


def test_a_draft_before_the_final_report_is_no_fault(reading: Reading) -> None:
    reading.store("RAD-24", "submit", reading.report(CompletionFlag="PARTIAL"), "draft")
    reading.store("RAD-24", "submit", reading.replacing("1.8.2", "1.8.1"), "final")
    reading.store("RAD-25", "issue", reading.replacing("1.8.2", "1.8.1"))
    assert reading.broken() == set()


@pytest.mark.parametrize(
    "path",
    [
        f"{EVIDENCE}.StudyInstanceUID",
        f"{EVIDENCE}.ReferencedSeriesSequence[0].SeriesInstanceUID",
        f"{EVIDENCE}.ReferencedSeriesSequence[0].ReferencedSOPSequence[1].ReferencedSOPClassUID",
    ],
)
def test_evidence_is_listed_in_its_place(reading: Reading, path: str) -> None:
    reading.store("RAD-24", "submit", edit.set_value(reading.report(), path, "9.9"))
    assert reading.broken() == {"evidence-in-its-place"}


def test_a_version_of_a_version(recording: Callable[..., Any], tools: Any) -> None:
    reading = Reading(recording, tools)
    reading.store("RAD-24", "submit", reading.report())
    reading.store("RAD-25", "issue", reading.replacing("1.8.2", "1.8.1"))
    reading.store("RAD-25", "issue", reading.replacing("1.8.3", "1.8.2"))
    assert reading.broken() == set()


def test_a_report_on_another_study_replaces_nothing(recording: Callable[..., Any], tools: Any) -> None:
    reading = Reading(recording, tools)
    reading.store("RAD-24", "submit", reading.report())
    reading.store("RAD-25", "issue", reading.report("1.8.2", StudyInstanceUID="1.3"))
    assert reading.broken() == set()
    reading.store("RAD-25", "issue", reading.report("1.8.3"))
    assert reading.broken() == {"new-version-names-predecessor"}


# one maker's versions


def test_a_final_report_names_the_draft_that_it_completes(reading: Reading) -> None:
    reading.store("RAD-24", "submit", reading.report("1.8.1", CompletionFlag="PARTIAL"), "draft", status="PARTIAL")
    reading.store("RAD-24", "submit", reading.replacing("1.8.2", "1.8.1"), "final")
    assert reading.broken() == set()


@pytest.mark.parametrize("old", ["", "1.8.9"])
def test_a_final_report_that_names_no_draft(reading: Reading, old: str) -> None:
    reading.store("RAD-24", "submit", reading.report("1.8.1", CompletionFlag="PARTIAL"), "draft", status="PARTIAL")
    final = reading.replacing("1.8.2", old) if old else reading.report("1.8.2")
    reading.store("RAD-24", "submit", final, "final")
    assert reading.broken() == {"submitted-names-predecessor"}


def test_an_addendum_that_names_no_report(reading: Reading) -> None:
    reading.store("RAD-24", "submit", reading.report("1.8.1"))
    reading.store("RAD-24", "submit", reading.report("1.8.2"), "added", addendum=True)
    assert reading.broken() == {"submitted-names-predecessor"}


def test_a_second_report_on_a_study_that_is_no_addendum_need_not_name_the_first(reading: Reading) -> None:
    reading.store("RAD-24", "submit", reading.report("1.8.1"))
    reading.store("RAD-24", "submit", reading.report("1.8.2"), "second")
    assert reading.broken() == set()


def test_a_report_with_other_content_is_another_instance(reading: Reading) -> None:
    reading.store("RAD-24", "submit", reading.report("1.8.1"))
    reading.store("RAD-24", "submit", reading.report("1.8.1", PatientComments="amended"), "second")
    assert reading.broken() == {"version-is-new-instance"}


def test_a_report_that_is_sent_again_is_the_same(reading: Reading) -> None:
    reading.store("RAD-24", "submit", reading.report("1.8.1"))
    reading.store("RAD-24", "submit", reading.report("1.8.1"), "again")
    assert reading.broken() == set()


def test_what_was_issued_is_held_against_what_was_submitted_before(reading: Reading) -> None:
    reading.store("RAD-24", "submit", reading.report("1.8.1"))
    reading.store("RAD-25", "issue", reading.report("1.8.1"))
    reading.store("RAD-24", "submit", reading.report("1.8.1", PatientComments="amended"), "second")
    assert reading.broken() == {"version-is-new-instance"}


@pytest.mark.parametrize("study", ["", "1.3"])
def test_a_report_that_lies_in_the_wrong_study_may_be_named_as_predecessor(reading: Reading, study: str) -> None:
    draft = {"CompletionFlag": "PARTIAL"}
    reading.store(
        "RAD-24", "submit", reading.report("1.8.0", **draft, StudyInstanceUID=study), "first", status="PARTIAL"
    )
    reading.store("RAD-24", "submit", reading.report("1.8.1", **draft), "draft", status="PARTIAL")
    reading.store("RAD-24", "submit", reading.replacing("1.8.2", "1.8.0"), "final")
    assert reading.broken() == set()
