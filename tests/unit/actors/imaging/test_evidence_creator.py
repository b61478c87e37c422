"""The Evidence Creator: what it makes from images, and what it says of it."""

from __future__ import annotations

from array import array

import pytest
from pydicom.dataset import Dataset

from actors.evidence_creator.derived import derive, derived_series
from harness.actor import CannotAct
from harness.dicom.paths import first
from harness.identifiers import FixedClock

COPIED = ("PatientName", "PatientID", "StudyInstanceUID", "AccessionNumber", "StudyID", "StudyDate", "StudyTime")


@pytest.fixture
def full(department):
    department.examine("RAD-5", "RAD-6", "RAD-8", "RAD-7")
    department.act(department.creator, "RAD-14")
    department.act(department.creator, "RAD-16")
    department.sources = department.wire.of("C_STORE")[:4]
    department.wire.calls.clear()
    return department


def work(department, *transactions: str) -> None:
    for transaction in transactions:
        department.act(department.creator, transaction)


def test_derived_images_lie_in_the_source_study_in_a_series_of_their_own(full) -> None:
    work(full, "RAD-18")
    source, made = full.sources[0].dataset, [call.dataset for call in full.wire.of("C_STORE")]
    assert len(made) == 2
    assert all(first(one, keyword) == first(source, keyword) for one in made for keyword in COPIED)
    (series,) = {one.SeriesInstanceUID for one in made}
    assert series != source.SeriesInstanceUID
    assert made[0].SeriesNumber == source.SeriesNumber + 1
    assert made[0].ImageType[:2] == ["DERIVED", "SECONDARY"]
    stored = {call.dataset.SOPInstanceUID for call in full.sources}
    assert {one.ReferencedSOPInstanceUID for one in made[0].SourceImageSequence} < stored
    assert made[0].RequestAttributesSequence == source.RequestAttributesSequence
    assert not {one.SOPInstanceUID for one in made} & stored


def test_without_a_step_of_its_own_an_image_names_none(full) -> None:
    work(full, "RAD-18")
    made = full.wire.last("C_STORE")
    assert "ReferencedPerformedProcedureStepSequence" not in made
    assert "PerformedProcedureStepID" not in made


def test_its_own_performed_step_is_for_the_request_of_the_sources_and_lists_what_was_made(full) -> None:
    work(full, "RAD-20", "RAD-18", "RAD-21")
    (created,), (changed,) = full.wire.of("N_CREATE"), full.wire.of("N_SET")
    (item,) = created.dataset.ScheduledStepAttributesSequence
    assert (item.StudyInstanceUID, item.AccessionNumber, item.RequestedProcedureID, item.ScheduledProcedureStepID) == (
        "1.2.826.0.1.99.4711.1001",
        "ACC1",
        "RP1",
        "SPS1",
    )
    made = [call.dataset for call in full.wire.of("C_STORE")]
    (series,) = changed.dataset.PerformedSeriesSequence
    listed = [one.ReferencedSOPInstanceUID for one in series.ReferencedImageSequence]
    assert listed == [one.SOPInstanceUID for one in made]
    (step,) = made[0].ReferencedPerformedProcedureStepSequence
    assert step.ReferencedSOPInstanceUID == created.sop_instance == changed.sop_instance


def test_what_was_made_is_to_be_committed(full) -> None:
    work(full, "RAD-18", "RAD-10")
    asked = {one.ReferencedSOPInstanceUID for one in full.wire.last("N_ACTION").ReferencedSOPSequence}
    assert asked == {call.sop_instance for call in full.wire.of("C_STORE")}


@pytest.mark.parametrize("transaction", ["RAD-16", "RAD-18", "RAD-20", "RAD-21", "RAD-10"])
def test_nothing_comes_from_nothing(department, transaction: str) -> None:
    with pytest.raises(CannotAct):
        department.act(department.creator, transaction)


def test_samples_are_averaged(department) -> None:
    def image(*samples: int) -> Dataset:
        made = Dataset()
        made.SOPClassUID, made.SOPInstanceUID, made.ImageType = "1.2", f"1.2.{abs(samples[0])}", ["ORIGINAL", "PRIMARY"]
        made.BitsAllocated, made.PixelRepresentation = 16, 1
        made.PixelData = array("h", samples).tobytes()
        return made

    clock: FixedClock = department.clock
    series = derived_series(image(1), 2, "1.9")
    made = derive((image(-4, 10), image(2, 20)), series, None, uid="1.2.3", number=1, now=clock.now())
    assert list(array("h", made.dataset.PixelData)) == [-1, 15]
