"""How the attributes of the pixel data agree with each other, and with its length (PS3.3 C.7.6.3, PS3.5 8).

Nothing is decoded: only the number of bytes is looked at, and that for uncompressed transfer syntaxes alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
)

from harness.dicom.bulk import Bulk
from harness.dicom.iod.expressions import Readings, tag_of
from harness.dicom.iod.faults import IodFault, Kind
from harness.model.verdict import Outcome

_NATIVE = frozenset(
    {ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}
)
_LOSSY = frozenset({JPEGBaseline8Bit, JPEGExtended12Bit})
_SAMPLES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"), "1"),
        **dict.fromkeys(("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT"), "3"),
    }
)
"""Samples per pixel of each photometric interpretation (PS3.3 C.7.6.3.1.2)."""

_MODULE = "image-pixel (PS3.3 C.7.6.3)"
_PIXEL_DATA = tag_of("PixelData")
_NAMES = ("SamplesPerPixel", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "NumberOfFrames")
_TAGS: Mapping[str, int] = MappingProxyType({name: tag_of(name) for name in _NAMES})
_PHOTOMETRIC = tag_of("PhotometricInterpretation")
_LOSSY_COMPRESSION = tag_of("LossyImageCompression")
_CENTER, _WIDTH = tag_of("WindowCenter"), tag_of("WindowWidth")


def pixel_faults(dataset: Dataset, here: Readings, transfer_syntax: str) -> Iterator[IodFault]:
    """The disagreements of one image; nothing for an object without pixel data."""
    if _PIXEL_DATA not in here:
        return
    number = {name: value for name in _NAMES if (value := _number(here, _TAGS[name])) is not None}
    yield from _bits(number)
    photometric = _text(here, _PHOTOMETRIC)
    samples = _SAMPLES.get(photometric)
    if samples is not None and "SamplesPerPixel" in number and number["SamplesPerPixel"] != int(samples):
        yield _fault("SamplesPerPixel", f"{samples} for {photometric}", str(number["SamplesPerPixel"]), "C.7.6.3.1.2")
    if transfer_syntax in _LOSSY and _text(here, _LOSSY_COMPRESSION) == "00":
        yield _fault("LossyImageCompression", "01", "00 in a lossy transfer syntax", "C.7.6.1.1.5")
    if transfer_syntax in _NATIVE:
        yield from _length(dataset, number, photometric)
    if _CENTER in here and _WIDTH in here and here[_CENTER].number != here[_WIDTH].number:
        yield _fault("WindowWidth", f"{here[_CENTER].number} values", f"{here[_WIDTH].number} values", "C.11.2.1.2")


def _bits(number: Mapping[str, int]) -> Iterator[IodFault]:
    allocated, stored, high = (number.get(name) for name in ("BitsAllocated", "BitsStored", "HighBit"))
    if allocated is not None and allocated != 1 and allocated % 8:
        yield _fault("BitsAllocated", "1 or a multiple of 8", str(allocated), "C.7.6.3.1", "PS3.5 8.1.1")
    if allocated is not None and stored is not None and not 0 < stored <= allocated:
        yield _fault("BitsStored", f"at most {allocated} (BitsAllocated)", str(stored), "C.7.6.3", "PS3.5 8.1.1")
    if stored is not None and high is not None and high != stored - 1:
        yield _fault("HighBit", f"{stored - 1} (BitsStored - 1)", str(high), "C.7.6.3", "PS3.5 8.1.1")


def _length(dataset: Dataset, number: Mapping[str, int], photometric: str) -> Iterator[IodFault]:
    """Rows x Columns x samples x bits x frames, padded to an even number of bytes."""
    if not {"SamplesPerPixel", "Rows", "Columns", "BitsAllocated"} <= set(number):
        return
    samples: float = number["SamplesPerPixel"]
    if photometric == "YBR_FULL_422":
        samples = 2
    elif photometric == "YBR_PARTIAL_420":
        samples = 1.5
    bits = number["Rows"] * number["Columns"] * samples * number["BitsAllocated"] * number.get("NumberOfFrames", 1)
    wanted = -(-int(bits) // 8)
    wanted += wanted % 2
    element: DataElement | RawDataElement = dataset.get_item("PixelData")
    value = element.value
    if isinstance(value, (bytes, Bulk)) and len(value) + len(value) % 2 != wanted:
        yield _fault("PixelData", f"{wanted} bytes", f"{len(value)} bytes", "C.7.6.3.1.4", "PS3.5 8.1.1")


def _fault(keyword: str, expected: str, received: str, section: str, citation: str = "") -> IodFault:
    return IodFault(Kind.PIXELS, keyword, Outcome.VIOLATED, expected, received, _MODULE, citation or f"PS3.3 {section}")


def _number(here: Readings, tag: int) -> int | None:
    text = _text(here, tag)
    return int(text) if text.isdigit() else None


def _text(here: Readings, tag: int) -> str:
    found = here.get(tag)
    return found.texts[0] if found is not None and found.texts else ""
