"""What is wrong with bytes as an HL7 message: header, separators, segment ends, names, characters, escapes.

Bounded in number and length whatever the bytes; quotes nothing of the message but single bytes and short
names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from harness.hl7.charset import Charset
from harness.hl7.delimiters import Delimiters
from harness.hl7.escapes import stray_escape

_LIMIT = 100
SEGMENT_LIMIT = 100_000
REPETITION_LIMIT = 10_000
_LEGAL_NAME = re.compile(r"[A-Z][A-Z0-9]{2}", re.ASCII)
_BLANK = re.compile(rb"(?:\A|\r\n|\r(?!\n)|(?<!\r)\n)(?=[\r\n])")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CONTROL_ESCAPED = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]")


@dataclass(frozen=True)
class Fault:
    """One thing wrong with the bytes, at an offset of `Message.raw`."""

    offset: int
    text: str


def message_faults(
    raw: bytes,
    shadow: bytes,
    header: int,
    delimiters: Delimiters,
    charset: Charset,
    declared: Sequence[str],
    segments: Sequence[tuple[str, int, int]],
) -> tuple[Fault, ...]:
    """The faults in order of their offsets, the first hundred."""
    if not raw:
        return (Fault(0, "the message is empty"),)
    found = [Fault(max(header, 0), text) for text in declared]
    found += islice(_framing(raw, header), _LIMIT)
    found += _bounds(raw, delimiters, segments)
    found += islice(_names(segments, delimiters), _LIMIT)
    found += islice(_characters(raw, charset, segments), _LIMIT)
    if delimiters.escape and delimiters.escape in raw:
        found += islice(_escapes(shadow, delimiters, segments), _LIMIT)
    return tuple(sorted(found, key=lambda fault: fault.offset)[:_LIMIT])


def _framing(raw: bytes, header: int) -> Iterator[Fault]:
    if raw.startswith(b"\xef\xbb\xbf"):
        yield Fault(0, "the message begins with a byte order mark")
    if header < 0:
        yield Fault(0, "there is no MSH segment")
    elif header > 0 and not (header == 3 and raw.startswith(b"\xef\xbb\xbf")):
        yield Fault(0, "the message does not begin with MSH")
    if b"\n" in raw:
        if b"\r\n" in raw:
            yield Fault(raw.find(b"\r\n"), "a segment ends with CR LF instead of CR alone")
        alone = re.search(rb"(?<!\r)\n", raw)
        if alone:
            yield Fault(alone.start(), "a line feed ends a segment instead of CR, or stands bare in text")
    blank = _BLANK.search(raw)
    if blank:
        yield Fault(blank.end(), "there is a blank segment")
    if not raw.endswith((b"\r", b"\n")):
        yield Fault(len(raw), "the last segment has no end")


def _bounds(raw: bytes, delimiters: Delimiters, segments: Sequence[tuple[str, int, int]]) -> Iterator[Fault]:
    """What the reader leaves unread."""
    if len(segments) >= SEGMENT_LIMIT:
        yield Fault(segments[-1][2], f"more than {SEGMENT_LIMIT} segments; the rest is not read")
    if delimiters.repetition and raw.count(delimiters.repetition) > REPETITION_LIMIT:
        yield Fault(0, f"more than {REPETITION_LIMIT} repetition separators; some repetitions may not be read")


def _names(segments: Sequence[tuple[str, int, int]], delimiters: Delimiters) -> Iterator[Fault]:
    headers = 0
    for name, start, end in segments:
        if _LEGAL_NAME.fullmatch(name) is None:
            yield Fault(start, f"{name!a} is no segment name")
        elif end == start + 3:
            yield Fault(start, f"segment {name} has no field")
        headers += name == "MSH"
        if name == "MSH" and headers > 1:
            yield Fault(start, "there is a second MSH segment")


def _characters(raw: bytes, charset: Charset, segments: Sequence[tuple[str, int, int]]) -> Iterator[Fault]:
    for name in charset.unknown:
        yield Fault(0, f"MSH-18 names {name!a}, which is not in table 0211 or not supported")
    control = _CONTROL_ESCAPED if charset.escaped else _CONTROL
    for found in control.finditer(raw):
        yield Fault(found.start(), f"control character 0x{found.group()[0]:02X} in text")
    if raw.isascii() and b"\x1b" not in raw:
        return
    for _, start, end in segments:
        offset = charset.first_undecodable(raw[start:end])
        if offset is not None:
            name = " ".join(charset.names) or "ASCII, for MSH-18 declares nothing else"
            yield Fault(start + offset, f"byte 0x{raw[start + offset]:02X} cannot be decoded as {name}")


def _escapes(shadow: bytes, delimiters: Delimiters, segments: Sequence[tuple[str, int, int]]) -> Iterator[Fault]:
    """Escape characters that begin no escape sequence, the first of each segment."""
    separator = re.compile(b"[" + b"".join(map(re.escape, _marks(delimiters))) + b"]")
    for name, start, end in segments:
        position = start
        if name in ("MSH", "BHS", "FHS"):
            position = max(shadow.find(delimiters.field, start + 4, end), start)
        while (position := shadow.find(delimiters.escape, position, end)) >= 0:
            following = separator.search(shadow, position, end)
            leaf_end = following.start() if following else end
            stray = stray_escape(shadow[position:leaf_end].decode("latin-1"), delimiters)
            if stray is not None:
                yield Fault(position + stray, "an escape character begins no escape sequence")
                break
            position = max(leaf_end, position + 1)


def _marks(delimiters: Delimiters) -> tuple[bytes, ...]:
    marks = (delimiters.field, delimiters.component, delimiters.repetition, delimiters.subcomponent)
    return tuple(mark for mark in marks if mark)
