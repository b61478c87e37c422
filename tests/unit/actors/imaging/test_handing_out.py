"""Objects leave the archive as they were kept, unless a decision comes out otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from actors.image_manager.handing_out import handed_out
from actors.modality import encodings
from actors.modality.kinds import Shot, kind_of
from harness.dicom.bulk import Bulk
from harness.dicom.encoding import decode_payload, encode_large, wrap_large
from harness.model.scenario import TransferSyntax


def image(number: int = 2, frames: int = 3, matrix: int = 16) -> Dataset:
    made, kind = Dataset(), kind_of("US", frames)
    made.SOPClassUID, made.SOPInstanceUID = kind.sop_class, "1.2.3"
    shot = Shot(number=number, frame_of_reference="1.2.4", date="", time="", frames=frames, rows=matrix, columns=matrix)
    kind.describe(made, shot)
    return made


def payload(dataset: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes | Bulk:
    return wrap_large(encode_large(dataset, syntax), syntax, dataset.SOPClassUID, dataset.SOPInstanceUID)


def turning(decision: str):
    return lambda name, answer: answer if name != decision else not answer


def out(dataset: Dataset, decision: str, syntax: str = ExplicitVRLittleEndian) -> Dataset:
    found = decode_payload(handed_out(payload(dataset, syntax), turning(decision)))
    assert found is not None
    return found


def test_what_is_kept_is_what_leaves() -> None:
    kept = payload(image())
    assert handed_out(kept, lambda name, answer: answer) is kept
    assert handed_out(Path("anywhere"), lambda name, answer: answer) == Path("anywhere")


def test_the_last_frame_is_lost() -> None:
    before, after = image(), out(image(), "every-frame-is-kept")
    assert after.NumberOfFrames == 2
    assert after.PixelData == before.PixelData[: 2 * 16 * 16]


@pytest.mark.parametrize(("number", "changed"), [(1, 0), (2, 1)])
def test_one_pixel_changes_in_all_but_the_first_image(number: int, changed: int) -> None:
    before, after = image(number), out(image(number), "every-pixel-is-kept")
    assert len(before.PixelData) == len(after.PixelData)
    assert sum(one != like for one, like in zip(before.PixelData, after.PixelData, strict=True)) == changed


def test_decimal_strings_become_texts() -> None:
    after = out(image(), "representation-is-kept")
    assert (after["WindowCenter"].VR, after.WindowCenter) == ("LO", "128")
    assert after.PixelData == image().PixelData


def test_a_large_image_changes_without_being_read() -> None:
    before = image(frames=600, matrix=128)
    after = out(before, "every-pixel-is-kept")
    assert isinstance(after.PixelData, Bulk)
    assert after.PixelData != before.PixelData
    assert out(before, "every-frame-is-kept").PixelData == before.PixelData.part(0, 599 * 128 * 128)


@pytest.mark.parametrize("decision", ["every-frame-is-kept", "every-pixel-is-kept"])
def test_compressed_pixels_are_left_alone(decision: str) -> None:
    compressed = encodings.encoded(image(), TransferSyntax.RLE, lambda sop_class, syntax: True)
    assert out(compressed, decision, RLELossless).PixelData == compressed.PixelData
