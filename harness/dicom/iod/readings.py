"""Elements as the rules see them: present or not, valued or not, the texts of their values, and their number.

Reads both what pydicom has converted and what it has not; pixel data and other bulk are never touched. Judges nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from pydicom.datadict import get_entry, keyword_for_tag
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

from harness.dicom.bulk import Bulk
from harness.dicom.encoding import quiet
from harness.dicom.iod.values import CHECKS, OF_CHARACTER_SET, SINGLE, SIZES

_UNPACKED: Mapping[str, str] = MappingProxyType({"US": "H", "SS": "h", "UL": "L", "SL": "l", "AT": "HH"})
_SHORT = 64


class Reading(NamedTuple):
    """One element: its VR (as sent, or of the dictionary), whether it has a value, texts, number of values.

    `number` is -1 where nothing is to be counted. `garbled`: the value did not fit the VR it was sent with.
    """

    vr: str
    valued: bool
    texts: tuple[str, ...] = ()
    number: int = -1
    garbled: bool = False


class Entry(NamedTuple):
    """What the dictionary says of an attribute (PS3.6 6): its VRs, and how many values; `most` 0: no limit."""

    vrs: frozenset[str]
    first_vr: str
    keyword: str
    least: int
    most: int
    step: int


@cache
def entry_of(tag: int) -> Entry | None:
    """The dictionary's entry; None for an attribute that it does not know, which is nobody's fault."""
    try:
        vr, vm, *_ = get_entry(tag)
    except KeyError:
        return None
    low, _, high = vm.partition("-")
    least = int(low) if low.isdigit() else 1
    if not high:
        most, step = least, 1
    elif high.endswith("n"):
        most, step = 0, int(high[:-1] or "1")
    else:
        most, step = (int(high), 1) if high.isdigit() else (0, 1)
    vrs = frozenset(part for one in vr.split(" or ") for part in (one, vr))
    return Entry(vrs, vr.split(" or ")[0] if vr != "US or SS" else vr, keyword_for_tag(tag), least, most, step)


def read(ds: Dataset, tag: BaseTag, element: DataElement | RawDataElement) -> Reading:
    """One element of a data set that is no sequence."""
    if isinstance(element, RawDataElement):
        return _read_raw(ds, tag, element)
    value: object = element.value
    vr = element.VR
    if value is None:
        return Reading(vr, False, (), 0)
    if isinstance(value, Bulk):
        return Reading(vr, len(value) > 0)
    if isinstance(value, bytes):
        entry = entry_of(tag)
        if vr == "UN" and entry is not None and entry.first_vr != "UN":
            return _read_bytes(entry.first_vr, value, "<")
        return _read_bytes(vr, value, "<")
    if isinstance(value, str):
        return _texts(vr, value)
    if isinstance(value, (MultiValue, list, tuple)):
        return _many(vr, value)
    text = _text_of(value)
    return Reading(vr, bool(text), (text,), 1)


def _many(vr: str, values: MultiValue[object] | list[object] | tuple[object, ...]) -> Reading:
    if vr in CHECKS or len(values) <= _SHORT:
        texts = tuple(_text_of(one).strip(" \0") for one in values)
        return Reading(vr, any(texts), texts, len(values))
    return Reading(vr, True, (), len(values))


def _text_of(value: object) -> str:
    if isinstance(value, BaseTag):
        return entry.keyword if (entry := entry_of(value)) else f"({value.group:04X},{value.element:04X})"
    original = getattr(value, "original_string", None)
    return original if isinstance(original, str) else "" if value is None else str(value)


def _texts(vr: str, value: str) -> Reading:
    plain = value.rstrip(" \0")
    if not plain:
        return Reading(vr, False, (), 0)
    if vr in SINGLE or "\\" not in plain:
        return Reading(vr, True, (plain,), 1)
    parts = tuple(part.strip(" \0") for part in plain.split("\\"))
    return Reading(vr, any(parts), parts, len(parts))


def _read_raw(ds: Dataset, tag: BaseTag, element: RawDataElement) -> Reading:
    entry = entry_of(tag)
    vr = element.VR if element.VR not in (None, "UN") else entry.first_vr if entry is not None else "UN"
    value = element.value or b""
    if vr in OF_CHARACTER_SET and not (value.isascii() and b"\x1b" not in value):
        with quiet():
            return read(ds, tag, ds[tag])
    return _read_bytes(str(vr), value, "<" if element.is_little_endian else ">")


def _read_bytes(vr: str, value: bytes, order: str) -> Reading:
    if vr in CHECKS:
        reading = _texts(vr, value.decode("latin-1"))
        return reading if vr in OF_CHARACTER_SET or value.isascii() else reading._replace(garbled=True)
    size = SIZES.get(vr)
    if size is None:
        return Reading(vr, bool(value))
    if len(value) % size:
        return Reading(vr, True, (), -1, garbled=True)
    code = _UNPACKED.get(vr)
    if code is None or len(value) > _SHORT:
        return Reading(vr, bool(value), (), len(value) // size)
    numbers = struct.unpack(f"{order}{len(value) // size * len(code)}{code[0]}", value)
    if vr == "AT":
        tags = (BaseTag(high << 16 | low) for high, low in zip(numbers[::2], numbers[1::2], strict=True))
        return Reading(vr, bool(value), tuple(map(_text_of, tags)), len(numbers) // 2)
    return Reading(vr, bool(value), tuple(map(str, numbers)), len(numbers))
