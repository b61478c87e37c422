from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from harness.dicom.paths import all_paths, first, has, parse_path, present, values


def worklist_entry() -> Dataset:
    protocols = [Dataset(), Dataset()]
    protocols[0].CodeValue = "A"
    protocols[1].CodeValue = "B"
    step = Dataset()
    step.Modality = "CT"
    step.ScheduledProtocolCodeSequence = protocols
    ds = Dataset()
    ds.PatientID = "SYN-1"
    ds.AccessionNumber = ""
    ds.PatientName = "Muster^Anna"
    ds.OtherPatientIDsSequence = []
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.Rows = 512
    ds.FrameIncrementPointer = 0x00181063
    ds.ScheduledProcedureStepSequence = [step]
    ds.add_new(0x00091001, "LO", "private")
    return ds


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("PatientID", "SYN-1"),
        ("PatientName", "Muster^Anna"),
        ("ImageType", "ORIGINAL\\PRIMARY"),
        ("Rows", "512"),
        ("FrameIncrementPointer", "(0018,1063)"),
        ("(0009,1001)", "private"),
        ("AccessionNumber", ""),
        ("StudyDate", ""),
        ("ScheduledProcedureStepSequence", ""),
        ("ScheduledProcedureStepSequence.Modality", "CT"),
        ("ScheduledProcedureStepSequence[0].Modality", "CT"),
        ("ScheduledProcedureStepSequence[1].Modality", ""),
        ("ScheduledProcedureStepSequence[*].ScheduledProtocolCodeSequence[1].CodeValue", "B"),
        ("PatientID.CodeValue", ""),
    ],
)
def test_first(path: str, expected: str) -> None:
    assert first(worklist_entry(), path) == expected


def test_every_item_is_hit_with_its_index() -> None:
    hits = values(worklist_entry(), "ScheduledProcedureStepSequence.ScheduledProtocolCodeSequence[*].CodeValue")
    prefix = "ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence"
    assert [(hit.path, hit.value) for hit in hits] == [
        (f"{prefix}[0].CodeValue", "A"),
        (f"{prefix}[1].CodeValue", "B"),
    ]
    assert hits[0].element.keyword == "CodeValue"


@pytest.mark.parametrize(
    ("path", "is_present", "has_value"),
    [
        ("PatientID", True, True),
        ("AccessionNumber", True, False),
        ("StudyDate", False, False),
        ("OtherPatientIDsSequence", True, False),
        ("ScheduledProcedureStepSequence", True, True),
        ("ScheduledProcedureStepSequence[0]", True, True),
        ("ScheduledProcedureStepSequence[3]", False, False),
    ],
)
def test_present_and_has(path: str, is_present: bool, has_value: bool) -> None:
    assert present(worklist_entry(), path) is is_present
    assert has(worklist_entry(), path) is has_value


@pytest.mark.parametrize("path", ["", "Patient ID", "PatientID[", "PatientID[x]", ".PatientID", "A..B", "(0010)"])
def test_a_bad_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="attribute path"):
        parse_path(path)


def test_an_unknown_keyword_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean StudyInstanceUID"):
        parse_path("ScheduledStepAttributesSequence[0].StudyInstanceUid")


def test_all_paths_of_a_data_set() -> None:
    paths = list(all_paths(worklist_entry()))
    assert "(0009,1001)" in paths
    assert "ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence[1].CodeValue" in paths
    assert all(present(worklist_entry(), path) for path in paths)
