"""One segment of a message: where it stands, and where its fields stand in it. Knows nothing of what is in a field."""

from __future__ import annotations

from itertools import accumulate
from typing import NamedTuple, Protocol

from harness.hl7.delimiters import Delimiters
from harness.hl7.field_path import FieldPath

Span = tuple[int, int]

HEADERS = frozenset({"MSH", "BHS", "FHS"})
_FIELD_LIMIT = 1000


class Located(NamedTuple):
    """A value and where it stands. `path` names it and nothing else; `raw` is `Message.raw[start:end]`."""

    path: str
    value: str
    raw: bytes
    start: int
    end: int


class Whole(Protocol):
    """The message that a segment is of."""

    raw: bytes

    @property
    def shadow(self) -> bytes:
        """Bytes as long as `raw`, to be searched for separators."""

    @property
    def delimiters(self) -> Delimiters:
        """The separators in force."""

    def located(self, target: FieldPath) -> tuple[Located, ...]:
        """The hits of a parsed path."""


class Segment:
    """One segment: `occurrence` counts from 1 among those of its name, the span leaves the segment end
    out."""

    __slots__ = ("_bounds", "_fields", "_message", "end", "header", "name", "occurrence", "start")

    def __init__(self, message: Whole, name: str, occurrence: int, start: int, end: int) -> None:
        self._message = message
        self._bounds: list[int] | None = None
        self._fields: list[bytes] = []
        self.header = name in HEADERS
        self.name = name
        self.occurrence = occurrence
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return f"<Segment {self.name}[{self.occurrence}] {self.start}:{self.end}>"

    @property
    def raw(self) -> bytes:
        """The bytes of the segment without its end."""
        return self._message.raw[self.start : self.end]

    @property
    def field_count(self) -> int:
        """The number of the last field position written."""
        count = len(self._ends()) - 2
        return count + 1 if count and self.header else count

    def span(self, number: int) -> Span | None:
        """Where field `number` stands, repetitions included; None beyond the end of the segment."""
        if number < 1:
            return None
        if self.header:
            if number == 1:
                return (self.start + 3, self.start + 4) if self.end > self.start + 3 else None
            number -= 1
        ends = self._bounds or self._ends()
        if number > len(ends) - 2:
            return None
        return ends[number] + number, ends[number + 1] + number

    def written(self, number: int) -> bytes:
        """What stands in field `number`, multi-byte characters blotted out; nothing beyond the end of the segment."""
        if self.header:
            span = self.span(number)
            return self._message.shadow[span[0] : span[1]] if span is not None else b""
        if self._bounds is None:
            self._ends()
        fields = self._fields
        return fields[number] if 0 < number < len(fields) else b""

    def field(self, number: int) -> tuple[Located, ...]:
        """The repetitions of field `number`; nothing beyond the end of the segment."""
        path = FieldPath(self.name, self.occurrence, number)
        return tuple(self._message.located(path)) if number > 0 else ()

    def _ends(self) -> list[int]:
        """Running ends of the fields as if the separators had no width."""
        bounds = self._bounds
        if bounds is None:
            message = self._message
            self._fields = parts = message.shadow[self.start : self.end].split(message.delimiters.field, _FIELD_LIMIT)
            bounds = self._bounds = list(accumulate(map(len, parts), initial=self.start))
        return bounds
