"""Conditions have three values."""

from __future__ import annotations

import pytest

from harness.dicom.iod.expressions import parse, tag_of
from harness.dicom.iod.readings import Reading

HERE = {
    tag_of("Modality"): Reading("CS", True, ("CT",), 1),
    tag_of("ImageType"): Reading("CS", True, ("ORIGINAL", "PRIMARY"), 2),
    tag_of("SamplesPerPixel"): Reading("US", True, ("3",), 1),
    tag_of("PatientSex"): Reading("CS", False, (), 0),
}
ROOT = {tag_of("PatientID"): Reading("LO", True, ("P1",), 1)}


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("Modality = MR, CT", True),
        ("Modality != MR", True),
        ("ImageType = PRIMARY", True),
        ("ImageType[1] = PRIMARY", False),
        ("SamplesPerPixel > 1", True),
        ("NumberOfFrames > 1", False),
        ("BodyPartExamined = HEAD", False),
        ("BodyPartExamined != HEAD", None),
        ("PatientSex present", True),
        ("PatientSex valued", False),
        ("PatientSex absent", False),
        ("PatientID present", False),
        ("/PatientID present", True),
        ("never", False),
        ("Modality = MR and BodyPartExamined != HEAD", False),
        ("Modality = CT and BodyPartExamined != HEAD", None),
        ("Modality = CT or BodyPartExamined != HEAD", True),
        ("Modality = MR or BodyPartExamined != HEAD", None),
    ],
)
def test_a_condition_holds_or_not_or_is_unknown(text: str, outcome: bool | None) -> None:
    assert parse(text)(HERE, ROOT) is outcome


@pytest.mark.parametrize("text", ["Modalty = CT", "Modality is CT", "Modality ="])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Modal"):
        parse(text)


def test_overlays_are_known_by_their_first_group() -> None:
    assert tag_of("OverlayRows") == 0x60000010
