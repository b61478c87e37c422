"""Pixels that stay in files are compared frame by frame, in whatever transfer syntax each side is."""

from __future__ import annotations

import pytest
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from actors.modality import encodings
from actors.modality.kinds import Shot, kind_of
from harness.checks.likeness import difference
from harness.dicom.bulk import Bulk
from harness.dicom.iod.pixels import pixel_faults
from harness.dicom.iod.readings import read
from harness.dicom.pixel_values import same_pixels
from harness.model.scenario import TransferSyntax

FRAMES = 5


def image(modality: str = "NM") -> Dataset:
    made, kind = Dataset(), kind_of(modality, FRAMES)
    made.SOPClassUID, made.SOPInstanceUID = kind.sop_class, "1.2.3"
    shot = Shot(number=1, frame_of_reference="1.2.4", date="", time="", frames=FRAMES, rows=32, columns=32)
    kind.describe(made, shot)
    return made


def large(ds: Dataset, changed: int | None = None) -> Dataset:
    """The same with pixels that are not in memory, one byte of them changed."""
    pixels = ds["PixelData"]
    content = Bulk(pixels.value)
    if changed is not None:
        other = bytes((content.read(changed, 1)[0] ^ 1,))
        content = Bulk(content.part(0, changed), other, content.part(changed + 1, len(content)))
    made = Dataset()
    made.update({element.tag: element for element in ds})
    made["PixelData"] = DataElement(pixels.tag, pixels.VR, content, already_converted=True)
    made["PixelData"].is_undefined_length = pixels.is_undefined_length
    return made


def compressed(ds: Dataset) -> Dataset:
    return encodings.encoded(ds, TransferSyntax.RLE, lambda sop_class, syntax: True)


@pytest.mark.parametrize("modality", ["NM", "US"])
@pytest.mark.parametrize("place", [None, 0, 32 * 32 * FRAMES - 1])
def test_frames_are_compared_with_compressed_ones(modality: str, place: int | None) -> None:
    made = image(modality)
    same = place is None
    assert same_pixels(large(made, place), ExplicitVRLittleEndian, large(compressed(made)), RLELossless) is same
    assert same_pixels(large(compressed(made)), RLELossless, large(made, place), ImplicitVRLittleEndian) is same


@pytest.mark.parametrize("place", [None, 7])
def test_the_same_bytes_need_no_decoder(place: int | None) -> None:
    made = image()
    found = same_pixels(large(made), ImplicitVRLittleEndian, large(made, place), ExplicitVRLittleEndian)
    assert found is (place is None)
    assert same_pixels(made, ImplicitVRLittleEndian, large(made, place), ExplicitVRLittleEndian) is (place is None)


def test_fewer_frames_are_other_pixels() -> None:
    made, fewer = image(), large(image())
    fewer.NumberOfFrames = FRAMES - 1
    fewer["PixelData"] = DataElement("PixelData", "OW", Bulk(made.PixelData[: 32 * 32 * 2 * 4]), already_converted=True)
    assert same_pixels(large(compressed(made)), RLELossless, fewer, ExplicitVRLittleEndian) is False


def test_lossy_pixels_are_not_compared() -> None:
    assert same_pixels(large(image()), "1.2.840.10008.1.2.4.50", large(image()), ExplicitVRLittleEndian) is None


def test_big_endian_pixels_are_compared_by_value() -> None:
    made, big = image(), image()
    swapped = bytearray(made.PixelData)
    swapped[::2], swapped[1::2] = made.PixelData[1::2], made.PixelData[::2]
    big["PixelData"] = DataElement("PixelData", "OW", bytes(swapped), already_converted=True)
    assert same_pixels(large(made), ExplicitVRLittleEndian, large(big), ExplicitVRBigEndian) is True


@pytest.mark.parametrize(("place", "told"), [(None, None), (100, ("PixelData", "10240 bytes", "10240 other bytes"))])
def test_a_difference_in_large_values_is_told(place: int | None, told: tuple[str, str, str] | None) -> None:
    assert difference(image(), large(image(), place)) == told
    assert difference(large(image()), large(image(), place)) == told


@pytest.mark.parametrize(("frames", "faults"), [(FRAMES, 0), (FRAMES + 1, 1)])
def test_the_length_of_large_pixels_is_judged(frames: int, faults: int) -> None:
    made = large(image())
    made.NumberOfFrames = frames
    here = {int(tag): read(made, tag, element) for tag, element in made.items() if element.VR != "SQ"}
    found = [fault for fault in pixel_faults(made, here, ExplicitVRLittleEndian) if fault.path == "PixelData"]
    assert len(found) == faults
