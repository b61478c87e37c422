"""The skeleton of an encoded data set: tags, lengths and items, walked without decoding a value (PS3.5 7).

Says where the bytes stop being a data set, which a decoder that takes what it can get does not tell.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

DEEPEST = 48
"""Sequences within sequences that are followed."""

_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXEL_DATA = 0x7FE00010
_LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_SHORT = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL"}
    | {b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
)
VRS = _LONG | _SHORT
"""Every value representation (PS3.5 6.2)."""


@dataclass(frozen=True)
class Skeleton:
    """What a walk found. `pixels` is where (7FE0,0010) of the data set itself begins; None without one.

    `offset` and `text` say where and why the walk broke off; `text` is empty when it came to the end.
    """

    elements: int
    pixels: int | None = None
    offset: int = 0
    text: str = ""


@dataclass(frozen=True)
class _Level:
    """What is being walked: a data set, or the items of a sequence, up to `end` (None: up to its delimiter)."""

    items: bool
    end: int | None
    implicit: bool
    fragments: bool = False


@dataclass
class _Walk:
    content: bytes
    big: bool
    levels: list[_Level] = field(default_factory=list)
    position: int = 0
    elements: int = 0
    pixels: int | None = None

    def run(self) -> str:
        """Walk to the end; why it broke off, empty when it did not."""
        while self.levels:
            level = self.levels[-1]
            end = len(self.content) if level.end is None else level.end
            if self.position >= end:
                if level.end is None and len(self.levels) > 1:
                    return "the data set ends within a sequence of undefined length"
                self.levels.pop()
                continue
            if end - self.position < 8:
                return f"{end - self.position} bytes are left, too few for a data element"
            fault = self._item(level) if level.items else self._element(level)
            if fault:
                return fault
        return ""

    def _tag(self) -> int:
        group, element = struct.unpack_from(">HH" if self.big else "<HH", self.content, self.position)
        return int(group) << 16 | int(element)

    def _length(self, place: int) -> int:
        return int(struct.unpack_from(">L" if self.big else "<L", self.content, place)[0])

    def _item(self, level: _Level) -> str:
        tag, length = self._tag(), self._length(self.position + 4)
        if tag == _SEQUENCE_END:
            self.position += 8
            self.levels.pop()
            return ""
        if tag != _ITEM:
            return f"{_named(tag)} where an item of a sequence has to begin"
        if level.fragments:
            return self._skip(tag, 8, length)
        if length != _UNDEFINED and not self._fits(8 + length):
            return self._too_long(tag, 8, length)
        self.position += 8
        return self._descend(_Level(False, None if length == _UNDEFINED else self.position + length, level.implicit))

    def _element(self, level: _Level) -> str:
        tag = self._tag()
        if tag == _ITEM_END:
            self.position += 8
            self.levels.pop()
            return "" if self.levels else "an item delimitation without an item"
        if tag >> 16 == 0xFFFE:
            return f"{_named(tag)} where a data element has to begin"
        self.elements += 1
        if tag == _PIXEL_DATA and len(self.levels) == 1:
            self.pixels = self.position
        if level.implicit:
            return self._value(level, tag, b"", 8, self._length(self.position + 4))
        vr = self.content[self.position + 4 : self.position + 6]
        if vr in _SHORT:
            length = struct.unpack_from(">H" if self.big else "<H", self.content, self.position + 6)[0]
            return self._skip(tag, 8, int(length))
        if vr not in _LONG:
            return f"{_named(tag)} has no value representation: {vr.hex(' ')}"
        if not self._fits(12):
            return f"{_named(tag)} ends before its length"
        return self._value(level, tag, vr, 12, self._length(self.position + 8))

    def _value(self, level: _Level, tag: int, vr: bytes, head: int, length: int) -> str:
        if length == _UNDEFINED:
            self.position += head
            fragments = vr in (b"OB", b"OW") or (level.implicit and tag == _PIXEL_DATA)
            return self._descend(_Level(True, None, level.implicit or vr == b"UN", fragments))
        if vr == b"SQ":
            if not self._fits(head + length):
                return self._too_long(tag, head, length)
            self.position += head
            return self._descend(_Level(True, self.position + length, level.implicit))
        return self._skip(tag, head, length)

    def _descend(self, level: _Level) -> str:
        if len(self.levels) > 2 * DEEPEST:
            return f"sequences are nested deeper than {DEEPEST}"
        self.levels.append(level)
        return ""

    def _skip(self, tag: int, head: int, length: int) -> str:
        if length == _UNDEFINED or not self._fits(head + length):
            return self._too_long(tag, head, length)
        self.position += head + length
        return ""

    def _fits(self, size: int) -> bool:
        return self.position + size <= (self._end() or len(self.content))

    def _end(self) -> int | None:
        return next((level.end for level in reversed(self.levels) if level.end is not None), None)

    def _too_long(self, tag: int, head: int, length: int) -> str:
        left = (self._end() or len(self.content)) - self.position - head
        if length == _UNDEFINED:
            return f"{_named(tag)} has an undefined length, which it may not have"
        return f"{_named(tag)} announces {length} bytes, of which {max(left, 0)} are there"


def _named(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def skeleton(content: bytes, transfer_syntax: str) -> Skeleton:
    """Walk an encoded data set that is not deflated."""
    walk = _Walk(content, transfer_syntax == ExplicitVRBigEndian)
    walk.levels.append(_Level(False, None, transfer_syntax in ("", ImplicitVRLittleEndian)))
    text = walk.run()
    return Skeleton(walk.elements, walk.pixels, walk.position, text)
