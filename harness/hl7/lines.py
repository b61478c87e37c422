"""The lines of a message, whatever ends them: CR as the standard has it, CR LF or LF as some send it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.hl7.message_faults import SEGMENT_LIMIT

# A line feed inside text is text; one before what looks like a segment ends the segment before it.
_LINE_ENDS = re.compile(rb"\r\n|\r|\n(?=[A-Z][A-Z0-9]{2}(?:[^A-Za-z0-9 ]|\r|\n|\Z)|\r|\n|\Z)")


def lines(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Offset and bytes of each line, read with any of the line ends in use."""
    start = 3 if raw.startswith(b"\xef\xbb\xbf") else 0
    if b"\n" not in raw:
        for line in raw[start:].split(b"\r", SEGMENT_LIMIT):
            yield start, line
            start += len(line) + 1
        return
    for found in _LINE_ENDS.finditer(raw, start):
        yield start, raw[start : found.start()]
        start = found.end()
    yield start, raw[start:]
