"""Image objects: valid by an independent checker, and different from each other."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from actors.modality.images import shares
from actors.modality.kinds import kind_of
from actors.modality.pixels import phantom
from harness.dicom.encoding import decode_payload

DCIODVFY = Path("/usr/bin/dciodvfy")


def written(department, entry, folder, modality):
    made = entry(protocols=2)
    made.ScheduledProcedureStepSequence[0].Modality = modality
    department.peer.entries = [made]
    department.examine("RAD-5", "RAD-6")
    department.modality.feed(department.action(department.modality, "RAD-8", instances=4), folder)
    return sorted(folder.iterdir())


@pytest.mark.product
@pytest.mark.skipif(not DCIODVFY.exists(), reason="dicom3tools is not installed")
@pytest.mark.parametrize("modality", ["CT", "MR", "DX", "CR", "US"])
def test_images_satisfy_dciodvfy(department, entry, tmp_path, modality):
    files = written(department, entry, tmp_path, modality)
    for file in files:
        checked = subprocess.run([str(DCIODVFY), "-new", str(file)], capture_output=True, text=True, check=False)
        faults = [line for line in checked.stderr.splitlines() if line.startswith(("Error", "Warning"))]
        assert faults == []
    assert len(files) == 4


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
