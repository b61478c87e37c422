"""Pixels of two images, compared in whatever transfer syntax they came."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders import RLELosslessEncoder
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    RLELossless,
)

from harness.dicom.encoding import decode, encode
from harness.dicom.pixel_values import is_native, same_pixels

VALUES = np.arange(12, dtype="<u2").reshape(3, 4) * 257


def image(values: np.ndarray = VALUES) -> Dataset:
    ds = Dataset()
    ds.Rows, ds.Columns, ds.SamplesPerPixel = 3, 4, 1
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.PixelData = values.tobytes()
    ds["PixelData"].VR = "OW"
    return ds


def through(syntax: str, values: np.ndarray = VALUES) -> Dataset:
    """The image as it is read from a transfer syntax."""
    ds = image(values)
    if syntax == ExplicitVRBigEndian:
        ds.PixelData = values.astype(">u2").tobytes()
    if syntax == RLELossless:
        frame = RLELosslessEncoder.encode(
            values.tobytes(),
            rows=3,
            columns=4,
            samples_per_pixel=1,
            number_of_frames=1,
            bits_allocated=16,
            bits_stored=16,
            pixel_representation=0,
            photometric_interpretation="MONOCHROME2",
        )
        ds.PixelData = encapsulate([frame])
        ds["PixelData"].VR = "OB"
        ds["PixelData"].is_undefined_length = True
        return ds
    return decode(encode(ds, syntax), syntax)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless])
def test_the_same_pixels_in_another_syntax(syntax: str) -> None:
    original = through(ExplicitVRLittleEndian)
    assert same_pixels(original, ExplicitVRLittleEndian, through(syntax), syntax) is True
    changed = VALUES.copy()
    changed[2, 3] ^= 1
    assert same_pixels(original, ExplicitVRLittleEndian, through(syntax, changed), syntax) is False


def test_what_cannot_be_told() -> None:
    original = through(ExplicitVRLittleEndian)
    assert same_pixels(original, ExplicitVRLittleEndian, image(), JPEGBaseline8Bit) is None
    assert same_pixels(original, ExplicitVRLittleEndian, Dataset(), ImplicitVRLittleEndian) is None
    assert same_pixels(original, ExplicitVRLittleEndian, image(), "1.2.3.4") is None
    inverted = image()
    inverted.PhotometricInterpretation = "MONOCHROME1"
    assert same_pixels(original, ExplicitVRLittleEndian, inverted, ExplicitVRLittleEndian) is None


def test_native_syntaxes() -> None:
    assert is_native(ImplicitVRLittleEndian)
    assert is_native("1.2.840.10008.1.2.1.99")
    assert not is_native(RLELossless)
    assert not is_native("1.2.3.4")
