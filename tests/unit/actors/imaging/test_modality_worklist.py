"""The worklist query's keys and the choice of an entry."""

from __future__ import annotations

from datetime import datetime

import pytest
from pydicom.dataset import Dataset

from actors.modality.worklist import Known, entries_for, next_entry, query, step_key
from harness.actor import Bedside, CannotAct
from harness.dicom.paths import first, has, present
from harness.model.scenario import KeyMatch, PersonName

RETURN_KEYS = [
    "AccessionNumber",
    "ReferringPhysicianName",
    "PatientBirthDate",
    "PatientSex",
    "IssuerOfPatientID",
    "StudyInstanceUID",
    "RequestedProcedureID",
    "RequestedProcedureDescription",
    "ReferencedStudySequence[0].ReferencedSOPClassUID",
    "ReferencedStudySequence[0].ReferencedSOPInstanceUID",
    "RequestedProcedureCodeSequence[0].CodeValue",
    "RequestedProcedureCodeSequence[0].CodingSchemeDesignator",
    "RequestedProcedureCodeSequence[0].CodeMeaning",
    "ScheduledProcedureStepSequence[0].ScheduledStationAETitle",
    "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate",
    "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartTime",
    "ScheduledProcedureStepSequence[0].Modality",
    "ScheduledProcedureStepSequence[0].ScheduledProcedureStepDescription",
    "ScheduledProcedureStepSequence[0].ScheduledProcedureStepID",
    "ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence[0].CodeValue",
    "ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence[0].CodingSchemeDesignator",
    "ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence[0].CodeMeaning",
]
"""Rows of RAD TF-2: 4.5 that a modality has to request (R+, R+*)."""


STEP = "ScheduledProcedureStepSequence[0]"


def bedside(entry=None, **name):
    who = Bedside(name=PersonName(**name), patient_id="P1", authority="HOSP", service="CTCHEST")
    return Known(bedside=who, entry=entry or Dataset(), station="CT1", modality="CT", today=datetime(2024, 3, 1))


def test_query_is_patient_based():
    made = query(bedside(family="DOE", given="JANE", prefix="DR", suffix="III"))
    assert (first(made, "PatientID"), first(made, "PatientName")) == ("P1", "DOE^JANE^^DR^III")
    assert not present(made, "QueryRetrieveLevel")
    assert not present(made, "SpecificCharacterSet")


@pytest.mark.parametrize("path", RETURN_KEYS)
def test_query_requests(path):
    made = query(bedside(family="DOE"))
    assert present(made, path)
    assert not has(made, path)


def test_query_names_its_character_set_when_it_needs_one():
    assert query(bedside(family="Müller")).SpecificCharacterSet == "ISO_IR 192"


def code(entry, value):
    entry.RequestedProcedureCodeSequence[0].CodeValue = value
    return entry


def test_entries_of_the_ordered_service_come_first(department, entry):
    plan = department.world("Modality").procedures
    answers = [code(entry(step_id="A"), "OTHER"), entry(step_id="B")]
    chosen = entries_for(answers, plan.procedure("CTCHEST"))
    assert [step_key(each)[2] for each in chosen] == ["B"]


def test_any_entry_of_the_patient_serves_when_none_has_the_code(department, entry):
    plan = department.world("Modality").procedures
    chosen = entries_for([code(entry(), "OTHER")], plan.procedure("CTCHEST"))
    assert len(chosen) == 1


def test_next_entry_goes_through_the_steps_and_then_appends(entry):
    one, two = entry(step_id="A"), entry(step_id="B")
    assert next_entry((one, two), []) is one
    assert next_entry((one, two), [step_key(one)]) is two
    assert next_entry((one, two), [step_key(one), step_key(two)]) is two
    assert next_entry((), []) is None


def test_entry_without_a_step_can_be_told_apart():
    assert step_key(Dataset()) == ("", "", "")


@pytest.mark.parametrize(
    ("keyword", "match", "path", "value"),
    [
        ("PatientName", KeyMatch.WILDCARD, "PatientName", "LIND*"),
        ("PatientName", KeyMatch.NOTHING, "PatientName", "NOBODY^OF^THAT^NAME"),
        ("PatientID", KeyMatch.VALUE, "PatientID", "P1"),
        ("AccessionNumber", KeyMatch.NOTHING, "AccessionNumber", "SWF-NOBODY"),
        ("Modality", KeyMatch.VALUE, f"{STEP}.Modality", "CT"),
        ("ScheduledStationAETitle", KeyMatch.VALUE, f"{STEP}.ScheduledStationAETitle", "CT1"),
        ("ScheduledProcedureStepStartDate", KeyMatch.VALUE, f"{STEP}.ScheduledProcedureStepStartDate", "20240301"),
        (
            "ScheduledProcedureStepStartDate",
            KeyMatch.RANGE,
            f"{STEP}.ScheduledProcedureStepStartDate",
            "20240229-20240301",
        ),
    ],
)
def test_a_step_chooses_the_one_key_that_is_asked_with(keyword, match, path, value):
    made = query(bedside(family="LINDGREN", given="ASTA"), {keyword: match})
    asked = {key for key in ("PatientName", "PatientID", "AccessionNumber", "RequestedProcedureID") if has(made, key)}
    assert asked == ({keyword} & set(made.dir()))
    assert first(made, path) == value


def test_numbers_are_asked_for_once_an_entry_showed_them(entry):
    made = query(bedside(entry(), family="DOE"), {"AccessionNumber": KeyMatch.VALUE})
    assert first(made, "AccessionNumber") == first(entry(), "AccessionNumber")
    with pytest.raises(CannotAct, match="no earlier query showed a AccessionNumber"):
        query(bedside(family="DOE"), {"AccessionNumber": KeyMatch.VALUE})
