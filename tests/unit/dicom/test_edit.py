from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from harness.dicom.edit import duplicate, remove, reorder, set_value
from harness.dicom.encoding import decode, encode
from harness.dicom.paths import first, present, values
from harness.dicom.uids import uid_of

EXPLICIT, IMPLICIT = uid_of("ExplicitVRLittleEndian"), uid_of("ImplicitVRLittleEndian")


def performed_step() -> Dataset:
    items = [Dataset(), Dataset()]
    items[0].StudyInstanceUID = "2.25.1"
    items[1].StudyInstanceUID = "2.25.2"
    ds = Dataset()
    ds.PatientID = "SYN-1"
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.InstanceNumber = 4
    ds.Rows = 2
    ds.ScheduledStepAttributesSequence = items
    return ds


def studies(ds: Dataset) -> list[str]:
    return [hit.value for hit in values(ds, "ScheduledStepAttributesSequence.StudyInstanceUID")]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("PatientID", "OTHER"),
        ("PatientID", "x" * 200),
        ("PatientID", ""),
        ("StudyDate", "yesterday"),
        ("InstanceNumber", "7"),
        ("InstanceNumber", "seven"),
        ("Rows", "512"),
        ("Rows", ""),
        ("ImageType", "A\\B\\C"),
        ("SOPInstanceUID", "not a UID"),
        ("ScheduledStepAttributesSequence[1].AccessionNumber", "A1"),
        ("RequestAttributesSequence[0].ScheduledProtocolCodeSequence[0].CodeValue", "C"),
        ("(0009,1001)", "private"),
    ],
)
def test_a_value_is_set_and_goes_out(path: str, value: str) -> None:
    changed = set_value(performed_step(), path, value)
    assert first(changed, path) == value
    assert first(decode(encode(changed, IMPLICIT), IMPLICIT), path) == value
    assert first(decode(encode(changed, EXPLICIT), EXPLICIT), path) == value


def test_every_item_is_set_without_an_index() -> None:
    assert studies(set_value(performed_step(), "ScheduledStepAttributesSequence.StudyInstanceUID", "1")) == ["1", "1"]


def test_a_sequence_becomes_empty() -> None:
    changed = set_value(performed_step(), "ScheduledStepAttributesSequence", "")
    assert present(changed, "ScheduledStepAttributesSequence")
    assert studies(changed) == []
    with pytest.raises(ValueError, match="takes no value"):
        set_value(performed_step(), "ScheduledStepAttributesSequence", "x")


def test_attributes_and_items_are_removed() -> None:
    assert not present(remove(performed_step(), "PatientID"), "PatientID")
    assert studies(remove(performed_step(), "ScheduledStepAttributesSequence[0]")) == ["2.25.2"]
    assert studies(remove(performed_step(), "ScheduledStepAttributesSequence[1].StudyInstanceUID")) == ["2.25.1"]
    assert remove(performed_step(), "ScheduledStepAttributesSequence[7]") == performed_step()
    assert remove(performed_step(), "StudyDate") == performed_step()


def test_items_and_values_are_repeated() -> None:
    changed = duplicate(performed_step(), "ScheduledStepAttributesSequence[0]")
    assert studies(changed) == ["2.25.1", "2.25.1", "2.25.2"]
    assert first(duplicate(performed_step(), "PatientID"), "PatientID") == "SYN-1\\SYN-1"


def test_items_and_values_change_places() -> None:
    assert studies(reorder(performed_step(), "ScheduledStepAttributesSequence")) == ["2.25.2", "2.25.1"]
    assert first(reorder(performed_step(), "ImageType"), "ImageType") == "PRIMARY\\ORIGINAL"
    assert reorder(performed_step(), "ScheduledStepAttributesSequence[1]") == performed_step()
    assert reorder(performed_step(), "PatientID") == performed_step()


@pytest.mark.parametrize("change", [remove, duplicate, reorder])
def test_the_original_is_left_alone(change: object) -> None:
    ds = performed_step()
    change(ds, "ScheduledStepAttributesSequence[0]")  # type: ignore[operator]
    set_value(ds, "ScheduledStepAttributesSequence[0].StudyInstanceUID", "1")
    assert ds == performed_step()
