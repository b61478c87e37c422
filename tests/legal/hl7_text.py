"""HL7 messages as fields of text, to be changed and written again. Knows encoding, and nothing of what is legal.

Fields are kept with the recommended delimiters; field n of a segment is `fields[n]`, of MSH too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from harness.hl7 import Message

RECOMMENDED = "|^~\\&"

Fields = tuple[str, ...]


@dataclass(frozen=True)
class Text:
    """A message: its segments, the delimiters it is written with, and the character set of its bytes."""

    segments: tuple[Fields, ...]
    delimiters: str = RECOMMENDED
    encoding: str = "ascii"

    @classmethod
    def of(cls, raw: bytes) -> Text:
        """A message with the recommended delimiters."""
        segments = []
        for line in raw.decode("ascii").split("\r"):
            if line:
                name, *fields = line.split("|")
                segments.append((name, "|", *fields) if name == "MSH" else (name, *fields))
        return cls(tuple(segments))

    def __str__(self) -> str:
        return self.written().replace("\r", "\n")

    def written(self) -> str:
        """The message as text, with its own delimiters."""
        lines = []
        for segment in self.segments:
            fields = (segment[0], *segment[2:]) if segment[0] == "MSH" else segment
            lines.append("|".join(fields))
        text = "".join(f"{line}\r" for line in lines)
        return text.translate(str.maketrans(RECOMMENDED, self.delimiters))

    def bytes(self) -> bytes:
        """The message as it is sent."""
        return self.written().encode(self.encoding)

    def message(self) -> Message:
        """The message as the harness reads it."""
        return Message.parse(self.bytes())

    @property
    def version(self) -> str:
        """MSH-12, its first component."""
        return self.value(0, 12).split("^")[0]

    @property
    def structure(self) -> str:
        """MSH-9, its third component; empty where it is not given."""
        return (*self.value(0, 9).split("^"), "", "")[2]

    def places(self, name: str) -> list[int]:
        """Where the segments of a name stand."""
        return [place for place, segment in enumerate(self.segments) if segment[0] == name]

    def value(self, place: int, number: int) -> str:
        """A field; empty where the segment ends before it."""
        segment = self.segments[place]
        return segment[number] if number < len(segment) else ""

    def with_value(self, place: int, number: int, value: str) -> Text:
        """The message with another value in one field."""
        segment = list(self.segments[place])
        segment += [""] * (number + 1 - len(segment))
        segment[number] = value
        return self._with(place, tuple(segment))

    def with_segment(self, place: int, line: str) -> Text:
        """The message with one more segment."""
        added = tuple(line.split("|"))
        return replace(self, segments=(*self.segments[:place], added, *self.segments[place:]))

    def valued(self) -> Iterator[tuple[int, int, str]]:
        """Every field with a value, but for the delimiters: segment, number, and value."""
        for place, segment in enumerate(self.segments):
            for number, value in enumerate(segment):
                if value and number > (2 if segment[0] == "MSH" else 0):
                    yield place, number, value

    def _with(self, place: int, fields: Fields) -> Text:
        return replace(self, segments=(*self.segments[:place], fields, *self.segments[place + 1 :]))
