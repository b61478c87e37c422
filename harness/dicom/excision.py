"""Taking the large values out of an encoded data set, so that what is left can be decoded in memory (PS3.5 7).

Walks the data set by its lengths and reads nothing else. Knows the data set's own elements; what lies in the items of
sequences is only stepped over.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from pydicom.datadict import dictionary_VR
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from harness.dicom.bulk import Bulk
from harness.errors import RecordingError

LARGE_VALUE = 1 << 20
"""Bytes above which a value is taken out."""

_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXEL_DATA = 0x7FE00010
_LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_DEEPEST = 48


@dataclass(frozen=True)
class LargeValue:
    """A value that was taken out. `encapsulated`: it is a sequence of fragments, without its delimiter (PS3.5 A.4)."""

    tag: int
    vr: str
    value: Bulk
    encapsulated: bool


@dataclass(frozen=True)
class _Head:
    """The head of a data element: where its value begins, and its length."""

    tag: int
    vr: bytes
    value: int
    length: int


class _Walk:
    """Steps over elements and items by their lengths."""

    def __init__(self, content: Bulk, transfer_syntax: str) -> None:
        self._content = content
        self._order = ">" if transfer_syntax == ExplicitVRBigEndian else "<"
        self.implicit = transfer_syntax in ("", ImplicitVRLittleEndian)

    def head(self, place: int, *, implicit: bool) -> _Head:
        raw = self._content.read(place, 12)
        if len(raw) < 8:
            raise RecordingError(f"{len(raw)} bytes at {place} are too few for a data element")
        group, number = struct.unpack_from(f"{self._order}HH", raw)
        tag, vr = group << 16 | number, raw[4:6]
        if implicit or group == 0xFFFE:
            return _Head(tag, b"", place + 8, struct.unpack_from(f"{self._order}L", raw, 4)[0])
        if vr not in _LONG:
            return _Head(tag, vr, place + 8, struct.unpack_from(f"{self._order}H", raw, 6)[0])
        if len(raw) < 12:
            raise RecordingError(f"the element at {place} ends before its length")
        return _Head(tag, vr, place + 12, struct.unpack_from(f"{self._order}L", raw, 8)[0])

    def end(self, head: _Head, *, implicit: bool, depth: int = 0) -> int:
        """Where the next element begins."""
        if head.length != _UNDEFINED:
            return head.value + head.length
        if depth > _DEEPEST:
            raise RecordingError(f"sequences are nested deeper than {_DEEPEST}")
        implicit = implicit or head.vr == b"UN"
        place = head.value
        while True:
            item = self.head(place, implicit=True)
            if item.tag == _SEQUENCE_END:
                return item.value
            if item.tag != _ITEM:
                raise RecordingError(f"no item at {place}, where one has to begin")
            place = item.value + item.length
            if item.length == _UNDEFINED:
                place = self._item_end(item.value, implicit=implicit, depth=depth)

    def _item_end(self, place: int, *, implicit: bool, depth: int) -> int:
        while True:
            element = self.head(place, implicit=implicit)
            if element.tag == _ITEM_END:
                return element.value
            place = self.end(element, implicit=implicit, depth=depth + 1)


def without_large_values(content: Bulk, transfer_syntax: str) -> tuple[bytes, tuple[LargeValue, ...]]:
    """The data set without its large values, and these; RecordingError when it cannot be walked to its end."""
    walk = _Walk(content, transfer_syntax)
    kept: list[Bulk] = []
    taken: list[LargeValue] = []
    place = begin = 0
    while place < len(content):
        head = walk.head(place, implicit=walk.implicit)
        end = walk.end(head, implicit=walk.implicit)
        if end > len(content):
            raise RecordingError(f"the element at {place} announces more bytes than there are")
        if end - head.value > LARGE_VALUE and _is_value(head):
            undefined = head.length == _UNDEFINED
            value = content.part(head.value, end - 8 if undefined else end)
            vr = head.vr.decode("latin-1") or _known_vr(head.tag)
            taken.append(LargeValue(head.tag, "OW" if vr == "OB or OW" else vr, value, undefined))
            kept.append(content.part(begin, place))
            begin = end
        place = end
    kept.append(content.part(begin, place))
    return b"".join(block for part in kept for block in part.blocks()), tuple(taken)


def _is_value(head: _Head) -> bool:
    """Whether it is a value and no sequence of items."""
    if head.length == _UNDEFINED:
        return head.vr in (b"OB", b"OW") or (not head.vr and head.tag == _PIXEL_DATA)
    return (head.vr.decode("latin-1") or _known_vr(head.tag)) != "SQ"


def _known_vr(tag: int) -> str:
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"


def head_of(tag: int, vr: str, length: int | None, transfer_syntax: str) -> bytes:
    """The head of an element with a long length; `length` None is an undefined one (PS3.5 7.1)."""
    order = ">" if transfer_syntax == ExplicitVRBigEndian else "<"
    size = _UNDEFINED if length is None else length
    begin = struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF)
    if transfer_syntax in ("", ImplicitVRLittleEndian):
        return begin + struct.pack(f"{order}L", size)
    return begin + vr.encode("ascii") + struct.pack(f"{order}HL", 0, size)


def fragments_end(transfer_syntax: str) -> bytes:
    """The delimiter of a sequence of fragments (PS3.5 A.4)."""
    return struct.pack(">HHL" if transfer_syntax == ExplicitVRBigEndian else "<HHL", 0xFFFE, 0xE0DD, 0)
