"""Image objects: valid by an independent checker, and different from each other."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from actors.modality.images import shares
from actors.modality.kinds import Shot, kind_of
from actors.modality.pixels import phantom
from harness.dicom.bulk import Bulk
from harness.dicom.encoding import decode_payload
from harness.dicom.uids import keyword_of
from harness.model.scenario import ObjectKind

DCIODVFY = Path("/usr/bin/dciodvfy")


KINDS = [
    ("CT", 1, "CTImageStorage"),
    ("MR", 1, "MRImageStorage"),
    ("DX", 1, "DigitalXRayImageStorageForPresentation"),
    ("CR", 1, "ComputedRadiographyImageStorage"),
    ("MG", 1, "DigitalMammographyXRayImageStorageForPresentation"),
    ("US", 1, "UltrasoundImageStorage"),
    ("US", 6, "UltrasoundMultiFrameImageStorage"),
    ("XA", 1, "XRayAngiographicImageStorage"),
    ("XA", 5, "XRayAngiographicImageStorage"),
    ("NM", 1, "NuclearMedicineImageStorage"),
    ("NM", 2, "NuclearMedicineImageStorage"),
    ("OT", 1, "SecondaryCaptureImageStorage"),
    ("OT", 3, "MultiFrameGrayscaleByteSecondaryCaptureImageStorage"),
]


def written(department, entry, folder, modality, **step):
    made = entry(protocols=2)
    made.ScheduledProcedureStepSequence[0].Modality = modality
    department.peer.entries = [made]
    department.examine("RAD-5", "RAD-6")
    department.modality.feed(department.action(department.modality, "RAD-8", instances=4, **step), folder)
    return sorted(folder.iterdir())


def faults_of(file):
    checked = subprocess.run([str(DCIODVFY), "-new", str(file)], capture_output=True, text=True, check=False)
    return [line for line in checked.stderr.splitlines() if line.startswith(("Error", "Warning"))]


@pytest.mark.product
@pytest.mark.skipif(not DCIODVFY.exists(), reason="dicom3tools is not installed")
@pytest.mark.parametrize(("modality", "frames", "sop_class"), KINDS)
def test_images_satisfy_dciodvfy(department, entry, tmp_path, modality, frames, sop_class):
    files = written(department, entry, tmp_path, modality, frames=frames)
    assert [fault for file in files for fault in faults_of(file)] == []
    assert len(files) == 4


@pytest.mark.product
@pytest.mark.skipif(not DCIODVFY.exists(), reason="dicom3tools is not installed")
def test_objects_beside_the_images_satisfy_dciodvfy(department, entry, tmp_path):
    files = written(department, entry, tmp_path, "CT", objects=tuple(ObjectKind))
    assert [fault for file in files for fault in faults_of(file) if fault.startswith("Error")] == []
    assert len(files) == 7


def test_objects_beside_the_images_refer_to_them(department, entry, tmp_path):
    files = written(department, entry, tmp_path, "CT", objects=tuple(ObjectKind))
    made = {ds.Modality: ds for ds in (decode_payload(file) for file in files)}
    images = [ds for ds in (decode_payload(file) for file in files) if ds.Modality == "CT"]
    uids = {ds.SOPInstanceUID for ds in images}
    assert set(made) == {"CT", "PR", "KO", "SR"}
    state, key, document = made["PR"], made["KO"], made["SR"]
    first_series = [ds.SOPInstanceUID for ds in images if ds.SeriesInstanceUID == images[0].SeriesInstanceUID]
    shown = state.ReferencedSeriesSequence[0].ReferencedImageSequence
    assert [item.ReferencedSOPInstanceUID for item in shown] == first_series
    for one in (key, document):
        study = one.CurrentRequestedProcedureEvidenceSequence[0]
        named = {
            ref.ReferencedSOPInstanceUID
            for part in study.ReferencedSeriesSequence
            for ref in part.ReferencedSOPSequence
        }
        assert named
        assert named <= uids
    assert len({ds.SeriesInstanceUID for ds in made.values()}) == 4


@pytest.mark.parametrize(("modality", "frames", "sop_class"), KINDS)
def test_each_modality_type_has_its_sop_class_and_as_many_pixels_as_it_says(modality, frames, sop_class):
    kind = kind_of(modality, frames)
    assert keyword_of(kind.sop_class) == sop_class
    made = Dataset()
    kind.describe(
        made, Shot(number=1, frame_of_reference="1.2.3", date="", time="", frames=frames, rows=16, columns=32)
    )
    assert len(made.PixelData) == 16 * 32 * frames * made.BitsAllocated // 8
    size = len(made.PixelData) // frames
    assert len({made.PixelData[size * place : size * (place + 1)] for place in range(frames)}) == frames


def test_an_image_of_many_frames_is_computed_when_it_is_read():
    made = Dataset()
    shot = Shot(number=1, frame_of_reference="1.2.3", date="", time="", frames=4000, rows=512, columns=512)
    kind_of("US", 4000).describe(made, shot)
    assert isinstance(made.PixelData, Bulk)
    assert len(made.PixelData) == 4000 * 512 * 512
    assert made.PixelData.read(3999 * 512 * 512, 10) == made.PixelData.read(0, 10)
    assert made.PixelData.read(4000 * 512 * 512 - 4, 4) == (3999).to_bytes(4, "big")


def test_a_modality_type_without_a_class_of_frames_makes_none():
    with pytest.raises(ValueError, match="an image of CT has one frame, not 2"):
        kind_of("CT", 2)


@pytest.mark.parametrize("modality", ["CT", "MR", "DX", "CR", "US"])
def test_every_image_of_a_step_is_another(department, entry, tmp_path, modality):
    images = [decode_payload(file.read_bytes()) for file in written(department, entry, tmp_path, modality)]
    assert len({image.SOPInstanceUID for image in images}) == 4
    assert len({image.SeriesInstanceUID for image in images}) == 2
    assert {image.Modality for image in images} == {modality}
    by_series = {}
    for image in images:
        by_series.setdefault(image.SeriesInstanceUID, []).append(image.PixelData)
    assert all(len(set(pixels)) == len(pixels) for pixels in by_series.values())
    assert {len(image.PixelData) for image in images} == {64 * 64 * images[0].BitsAllocated // 8}


def test_modalities_without_an_iod_of_their_own_make_secondary_captures():
    assert kind_of("XYZ").sop_class == "1.2.840.10008.5.1.4.1.1.7"


@pytest.mark.parametrize(
    ("images", "series", "each"),
    [(4, 1, [4]), (4, 2, [2, 2]), (4, 3, [2, 1, 1]), (1, 3, [1, 1, 1]), (0, 1, [1])],
)
def test_shares(images, series, each):
    assert shares(images, series) == each


@pytest.mark.parametrize("number", [1, 2, 63, 64, 500])
def test_phantom_stays_in_range(number):
    made = phantom(number, 4095)
    assert made.shape == (64, 64)
    assert made.max() <= 4095
