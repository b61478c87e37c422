"""Whether two images have the same pixels, whatever transfer syntax each came in (PS3.5 8). Knows no exchanges."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from itertools import zip_longest

import numpy as np
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.tag import Tag
from pydicom.uid import UID, AllTransferSyntaxes, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from harness.dicom.bulk import Bulk
from harness.dicom.encoding import quiet
from harness.dicom.paths import first

_LOSSLESS = frozenset(
    {
        "1.2.840.10008.1.2.5",
        "1.2.840.10008.1.2.4.57",
        "1.2.840.10008.1.2.4.70",
        "1.2.840.10008.1.2.4.80",
        "1.2.840.10008.1.2.4.90",
        "1.2.840.10008.1.2.4.201",
        "1.2.840.10008.1.2.4.202",
    }
)
"""RLE, JPEG Lossless, JPEG-LS Lossless, JPEG 2000 Lossless, HTJ2K Lossless (PS3.5 8.2)."""

_PLAIN = frozenset({ImplicitVRLittleEndian, ExplicitVRLittleEndian})
"""Transfer syntaxes in which the same pixels are the same bytes."""

_PIXEL_DATA = Tag("PixelData")
_UNREADABLE = (ArithmeticError, AttributeError, LookupError, NotImplementedError, RuntimeError, TypeError, ValueError)


def is_native(transfer_syntax: str) -> bool:
    """Whether pixels are uncompressed in that transfer syntax."""
    syntax = UID(transfer_syntax)
    return syntax in AllTransferSyntaxes and not syntax.is_compressed


def same_pixels(one: Dataset, first_syntax: str, other: Dataset, second_syntax: str) -> bool | None:
    """Whether the decoded pixels are equal; None where that cannot be told: lossy, or no decoder at hand."""
    if first(one, "PhotometricInterpretation") != first(other, "PhotometricInterpretation"):
        return None
    if _is_large(one) or _is_large(other):
        return _same_frames(one, first_syntax, other, second_syntax)
    left, right = _decoded(one, first_syntax), _decoded(other, second_syntax)
    return None if left is None or right is None else bool(np.array_equal(left, right))


def _is_large(ds: Dataset) -> bool:
    return isinstance(ds["PixelData"].value, Bulk) if "PixelData" in ds else False


def _same_frames(one: Dataset, first_syntax: str, other: Dataset, second_syntax: str) -> bool | None:
    """The same of images that are too large for memory, one frame at a time."""
    if {first_syntax, second_syntax} <= _PLAIN:
        return bool(Bulk(one["PixelData"].value) == Bulk(other["PixelData"].value))
    if not (_is_decodable(first_syntax) and _is_decodable(second_syntax)):
        return None
    try:
        with quiet(), closing(_frames(one, first_syntax)) as left, closing(_frames(other, second_syntax)) as right:
            return all(a is not None and b is not None and np.array_equal(a, b) for a, b in zip_longest(left, right))
    except _UNREADABLE:
        return None


def _frames(ds: Dataset, transfer_syntax: str) -> Generator[np.ndarray, None, None]:
    """The decoded frames of an image in their order."""
    light = Dataset()
    light.update({tag: element for tag, element in ds.items() if tag != _PIXEL_DATA})
    with Bulk(ds["PixelData"].value).open() as pixels:
        light[_PIXEL_DATA] = DataElement(_PIXEL_DATA, ds["PixelData"].VR, pixels, already_converted=True)
        light["PixelData"].is_undefined_length = not is_native(transfer_syntax)
        for array, _ in get_decoder(UID(transfer_syntax)).iter_array(light, raw=True):
            yield array


def _is_decodable(transfer_syntax: str) -> bool:
    if not is_native(transfer_syntax) and transfer_syntax not in _LOSSLESS:
        return False
    try:
        return bool(get_decoder(UID(transfer_syntax)).is_available)
    except NotImplementedError:
        return False


def _decoded(ds: Dataset, transfer_syntax: str) -> np.ndarray | None:
    if not _is_decodable(transfer_syntax):
        return None
    try:
        with quiet():
            array, _ = get_decoder(UID(transfer_syntax)).as_array(ds, raw=True)
    except _UNREADABLE:
        return None
    return array
