"""The notations of the data files."""

from __future__ import annotations

import re

import pytest

from harness.model.transcript import Half
from harness.profiles.notation import (
    Condition,
    check_attribute_path,
    check_citation,
    check_hl7_path,
    check_path,
    parse_condition,
    parse_place,
)

CLAUSES = {"RAD TF-2: 4.5": "worklist", "RAD TF-2x: A": "consistency"}


@pytest.mark.parametrize("path", ["PID-3", "PID-3.4.1", "OBR[2]-18", "PID-3[2].4.1", "TQ1-7", "ZDS-1.1"])
def test_hl7_paths(path: str) -> None:
    check_hl7_path(path)
    check_path(path)


@pytest.mark.parametrize("path", ["PID", "PID.3", "pid-3", "PID-", "PID-3.", "PID-3.1.2.3", "PID-3[*]", "PÏD-3"])
def test_bad_hl7_paths(path: str) -> None:
    with pytest.raises(ValueError, match="is not an HL7 field path"):
        check_hl7_path(path)


@pytest.mark.parametrize(
    "path",
    ["PatientID", "ScheduledStepAttributesSequence[*].StudyInstanceUID", "ReferencedSOPSequence[0]", "EventTypeID"],
)
def test_attribute_paths(path: str) -> None:
    check_attribute_path(path)
    check_path(path)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("StudyInstanceUlD", "unknown DICOM keyword `StudyInstanceUlD`; did you mean `StudyInstanceUID`?"),
        ("PatientsName", "did you mean `PatientName`?"),
        ("PatiеntID", "is not a keyword"),  # the е is Cyrillic
        ("PatientID[0]", "`PatientID` in `PatientID\\[0\\]` is not a sequence"),
        ("PatientID.StudyInstanceUID", "is not a sequence"),
        ("ReferencedSOPSequence[x]", "is not a keyword"),
        ("", "is not a keyword"),
    ],
)
def test_bad_attribute_paths(path: str, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        check_attribute_path(path)


def test_conditions() -> None:
    assert parse_condition("PV1-19 absent") == Condition("PV1-19", absent=True)
    assert parse_condition("OBX-5 valued") == Condition("OBX-5", valued=True)
    assert parse_condition("PV1-19 absent and OBX-5 valued") == Condition(
        "PV1-19", absent=True, also=(Condition("OBX-5", valued=True),)
    )
    assert parse_condition("PerformedProcedureStepStatus = COMPLETED, DISCONTINUED") == Condition(
        "PerformedProcedureStepStatus", values=("COMPLETED", "DISCONTINUED")
    )


@pytest.mark.parametrize("text", ["", "PV1-19", "PV1-19 is there", "PV1 valued", "PatientID =", "Patient valued"])
def test_bad_conditions(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a condition|is not an HL7 field path|unknown DICOM keyword"):
        parse_condition(text)


def test_places() -> None:
    place = parse_place("RAD-4 IPC-3.1 | ZDS-1.1")
    assert (place.transaction, place.leg, place.half, place.paths) == (
        "RAD-4",
        None,
        Half.REQUEST,
        ("IPC-3.1", "ZDS-1.1"),
    )
    place = parse_place("RAD-6/to-pps-manager request.PatientID")
    assert (place.leg, place.half, place.paths) == ("to-pps-manager", Half.REQUEST, ("PatientID",))
    assert parse_place("RAD-3 response.ORC-2.1").half is Half.RESPONSE


@pytest.mark.parametrize("text", ["IPC-3", "RAD-4", "RAD 4 IPC-3", "RAD-5 answer.PatientID", "RAD-4 IPC-3 | zds"])
def test_bad_places(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a place|keyword"):
        parse_place(text)


@pytest.mark.parametrize(
    "text",
    ["RAD TF-2: 4.5", "RAD TF-2: 4.5; PS3.4 Table K.6-1", "PS3.7", "PS3.4 C.4.2", "HL7 v2.5.1 2.14.8"],
)
def test_citations(text: str) -> None:
    check_citation(text, CLAUSES)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a citation is missing"),
        ("RAD TF-2: 4.5.4.1", "`RAD TF-2: 4.5.4.1` is not on the list of known clauses; did you mean `RAD TF-2: 4.5`?"),
        ("ITI TF-2: 3.20", "not on the list"),
        ("chapter 4", "is not a citation such as"),
        ("PS3.4 K.6; see there", "is not a citation such as"),
    ],
)
def test_bad_citations(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        check_citation(text, CLAUSES)
