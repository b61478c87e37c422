"""A lossless reader of HL7 v2 messages: the bytes stay, everything else is looked up in them on demand.

Any bytes can be read; what is wrong with them is in `faults`. Segments are found on first use, the fields of
a segment when one of them is asked for, and text is decoded and unescaped at the leaf. Knows nothing of
profiles or transports.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice

from harness.hl7.charset import Charset, charset_of
from harness.hl7.delimiters import Delimiters, read_delimiters
from harness.hl7.escapes import unescape
from harness.hl7.field_path import FieldPath, parse_path
from harness.hl7.field_value import FieldValue
from harness.hl7.lines import lines
from harness.hl7.message_faults import REPETITION_LIMIT, SEGMENT_LIMIT, Fault, message_faults
from harness.hl7.segment import HEADERS, Located, Segment, Span
from harness.model.remembering import Remembering

_START = re.compile(rb"(?:\A|[\r\n]|\A\xef\xbb\xbf)MSH")
_DECLARATION = b"MSH|^~\\&|"
_NAME_LIMIT = 16
_REMEMBERED = 100


class Message(Remembering):
    """An HL7 v2 message as received. Compares by its bytes."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._firsts: dict[str, str] = {}
        self._hits: dict[str, tuple[Located, ...]] = {}

    @classmethod
    def parse(cls, raw: bytes) -> Message:
        """The message in any bytes; never raises."""
        return cls(bytes(raw))

    def __eq__(self, other: object) -> bool:
        return self.raw == other.raw if isinstance(other, Message) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return f"<Message {self.type[:16]!r} {self.control_id[:32]!r}, {len(self.raw)} bytes>"

    @cached_property
    def header(self) -> int:
        """Offset of the MSH segment; -1 when there is none."""
        if self.raw.startswith(b"MSH"):
            return 0
        found = _START.search(self.raw)
        return found.end() - 3 if found else -1

    @cached_property
    def _declared(self) -> tuple[Delimiters, tuple[str, ...]]:
        return read_delimiters(self.raw, self.header)

    @cached_property
    def delimiters(self) -> Delimiters:
        """The separators in force."""
        return self._declared[0]

    @cached_property
    def charset(self) -> Charset:
        """The character set that MSH-18 declares."""
        if self.header < 0:
            return charset_of(b"", b"")
        line = re.split(rb"[\r\n]", self.raw[self.header : self.header + 65536], maxsplit=1)[0]
        parts = line.split(self.delimiters.field)
        return charset_of(parts[17] if len(parts) > 17 else b"", self.delimiters.repetition)

    @cached_property
    def shadow(self) -> bytes:
        """Bytes as long as `raw`, to be searched for separators: multi-byte characters are blotted out."""
        raw = self.raw
        return raw if raw.isascii() and b"\x1b" not in raw else self.charset.mask(raw)

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """Every segment in order; blank lines are none."""
        separator = self.delimiters.field
        counts: dict[str, int] = {}
        segments: list[Segment] = []
        for start, line in islice(lines(self.raw), SEGMENT_LIMIT):
            if not line:
                continue
            name = line[:3]
            if line[3:4] != separator and len(line) != 3:
                name = line.split(separator, 1)[0][:_NAME_LIMIT]
            text = name.decode("latin-1")
            counts[text] = occurrence = counts.get(text, 0) + 1
            segments.append(Segment(self, text, occurrence, start, start + len(line)))
        return tuple(segments)

    @cached_property
    def _by_name(self) -> dict[str, list[Segment]]:
        index: dict[str, list[Segment]] = {}
        for segment in self.segments:
            index.setdefault(segment.name, []).append(segment)
        return index

    def _named(self, target: FieldPath) -> Sequence[Segment]:
        named = self._by_name.get(target.segment, ())
        return named[target.occurrence - 1 : target.occurrence] if target.occurrence else named

    @cached_property
    def faults(self) -> tuple[Fault, ...]:
        """What is wrong with the bytes as an HL7 message, whatever its structure; bounded in number."""
        return message_faults(
            self.raw,
            self.shadow,
            self.header,
            self.delimiters,
            self.charset,
            self._declared[1],
            tuple((segment.name, segment.start, segment.end) for segment in self.segments),
        )

    @cached_property
    def type(self) -> str:
        """MSH-9.1 and MSH-9.2 as `ORM^O01`; `ACK` when there is no trigger event."""
        kind, event = self.first("MSH-9.1"), self.first("MSH-9.2")
        return f"{kind}^{event}" if event else kind

    @property
    def structure(self) -> str:
        """MSH-9.3."""
        return self.first("MSH-9.3")

    @cached_property
    def version(self) -> str:
        """MSH-12.1."""
        return self.first("MSH-12.1")

    @cached_property
    def control_id(self) -> str:
        """MSH-10."""
        return self.first("MSH-10")

    def segment_names(self) -> tuple[str, ...]:
        """The names of the segments in order."""
        return self._names

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(segment.name for segment in self.segments)

    def first(self, path: str) -> str:
        """The value of the first hit, `""` when there is none; ValueError on a path that is none."""
        found = self._firsts.get(path)
        if found is None:
            found = self._firsts[path] = self._first(parse_path(path))
        return found

    def _first(self, target: FieldPath) -> str:
        alone = self._alone(target)
        if alone:
            return alone[0].value
        for segment in self._named(target):
            spans = self._spans(segment, target)
            if spans:
                return self._text(target, *spans[0][1:])
        return ""

    def has(self, path: str) -> bool:
        """Whether some hit has a value: more than separators and blanks. The HL7 null `""` is a value."""
        target = parse_path(path)
        verbatim = _verbatim(target)
        nothing = b" " if verbatim else b" " + b"".join(self._separators)
        for segment in self._named(target):
            for _, start, end in self._spans(segment, target):
                if end > start and self.shadow[start:end].translate(None, nothing):
                    return True
        return False

    def all(self, path: str) -> tuple[Located, ...]:
        """Every hit over segments and repetitions. In a field that is there, a component not written is an
        empty hit."""
        return self.located(parse_path(path))

    def located(self, target: FieldPath) -> tuple[Located, ...]:
        """The hits of a parsed path; remembered, unless they are many."""
        found = self._hits.get(target.text)
        if found is None:
            found = self._alone(target) or tuple(self._locate(target))
            if len(found) <= _REMEMBERED:
                self._hits[target.text] = found
        return found

    def _alone(self, target: FieldPath) -> tuple[Located, ...]:
        """The one hit of a field that neither repeats nor has its segment repeated; none where that is not so."""
        named = self._by_name.get(target.segment, ())
        if len(named) != 1 or target.occurrence > 1 or target.repetition > 1 or not target.field:
            return ()
        if target.field < 3 and _verbatim(target):
            return ()
        span, mark = named[0].span(target.field), self.delimiters.repetition
        if span is None or (self._repeating and mark in self.shadow[span[0] : span[1]]):
            return ()
        start, end = self._within(target, *span) if target.component else span
        text = self._text(target, start, end)
        return (Located(target.at(0, 0).text, text, self.raw[start:end], start, end),)

    def _locate(self, target: FieldPath) -> Iterator[Located]:
        alone = len(self._by_name.get(target.segment, ())) == 1
        for segment in self._named(target):
            occurrence = 0 if alone else segment.occurrence
            hits = self._spans(segment, target)
            count = len(hits) if not target.repetition else self._repetition_count(segment, target)
            for repetition, start, end in hits:
                path = target.at(occurrence, repetition if count > 1 else 0)
                yield Located(path.text, self._text(target, start, end), self.raw[start:end], start, end)

    def field_value(self, path: str) -> FieldValue:
        """The first hit in its parts, as `compose` takes it: all repetitions when the path is a field
        alone."""
        target = parse_path(path)
        if not target.field:
            raise ValueError(f"{path} names no field")
        for segment in self._named(target):
            spans = [(start, end) for _, start, end in self._spans(segment, target)]
            if not spans:
                continue
            if target.component or _verbatim(target):
                return self._parts(*spans[0], target.component != 0)
            values = [self._parts(start, end, False) for start, end in spans]
            return values if len(values) > 1 else values[0]
        return ""

    def parts(self, hit: Located) -> FieldValue:
        """The components of a repetition that a path of a field alone hit."""
        component, subcomponent = (
            self.delimiters.component.decode("latin-1"),
            self.delimiters.subcomponent.decode("latin-1"),
        )
        if self._in_ascii is None or self._escaping or not component or not subcomponent:
            return self._parts(hit.start, hit.end, False)
        texts = hit.value.split(component, REPETITION_LIMIT)[:REPETITION_LIMIT]
        values = tuple(
            tuple(text.split(subcomponent, REPETITION_LIMIT)[:REPETITION_LIMIT]) if subcomponent in text else text
            for text in texts
        )
        return values if len(values) > 1 or isinstance(values[0], tuple) else values[0]

    def split(self, start: int, end: int, separator: bytes) -> list[Span]:
        """The spans between separators, the first ten thousand; the whole when the separator is undeclared."""
        if not separator:
            return [(start, end)]
        spans: list[Span] = []
        for part in self.shadow[start:end].split(separator, REPETITION_LIMIT)[:REPETITION_LIMIT]:
            spans.append((start, start + len(part)))
            start += len(part) + 1
        return spans

    @cached_property
    def _separators(self) -> tuple[bytes, ...]:
        marks = self.delimiters
        return tuple(mark for mark in (marks.component, marks.repetition, marks.subcomponent) if mark)

    def _repetition_count(self, segment: Segment, target: FieldPath) -> int:
        span = segment.span(target.field)
        return 0 if span is None else len(self.split(*span, self.delimiters.repetition))

    def _spans(self, segment: Segment, target: FieldPath) -> list[tuple[int, int, int]]:
        """Repetition, start and end of each hit in one segment."""
        if not target.field:
            return [(1, segment.start, segment.end)]
        span = segment.span(target.field)
        if span is None:
            return []
        if target.field < 3 and _verbatim(target):
            whole = target.repetition < 2 and target.component < 2 and target.subcomponent < 2
            return [(1, *span)] if whole else []
        mark = self.delimiters.repetition
        if self._repeating and mark in self.shadow[span[0] : span[1]]:
            repetitions = list(enumerate(self.split(*span, mark), 1))
        else:
            if not target.component and target.repetition < 2:
                return [(1, *span)]
            repetitions = [(1, span)]
        if target.repetition:
            repetitions = repetitions[target.repetition - 1 : target.repetition]
        if not target.component:
            return [(repetition, start, end) for repetition, (start, end) in repetitions]
        return [(repetition, *self._within(target, start, end)) for repetition, (start, end) in repetitions]

    def _within(self, target: FieldPath, start: int, end: int) -> Span:
        """The component of one repetition, or the subcomponent of it."""
        start, end = self._part(start, end, self.delimiters.component, target.component)
        if target.subcomponent:
            return self._part(start, end, self.delimiters.subcomponent, target.subcomponent)
        return start, end

    def _part(self, start: int, end: int, separator: bytes, number: int) -> Span:
        """The span of one component, empty at the end of the field when it is not written."""
        if start == end:
            return end, end
        parts = self.shadow[start:end].split(separator, number) if separator else [self.shadow[start:end]]
        if number > len(parts):
            return end, end
        start += sum(map(len, parts[: number - 1])) + number - 1
        return start, start + len(parts[number - 1])

    def _parts(self, start: int, end: int, within_component: bool) -> FieldValue:
        delimiters = self.delimiters
        separator = delimiters.subcomponent if within_component else delimiters.component
        spans = self.split(start, end, separator)
        if within_component:
            return tuple(map(self._leaf, spans)) if len(spans) > 1 else self._leaf(spans[0])
        values = tuple(self._parts(*span, True) for span in spans)
        return values if len(values) > 1 or isinstance(values[0], tuple) else values[0]

    def _leaf(self, span: Span) -> str:
        return unescape(self.charset.decode(self.raw[span[0] : span[1]]), self.delimiters, self.charset)

    def _text(self, target: FieldPath, start: int, end: int) -> str:
        whole = self._in_ascii
        if whole is not None and not self._escaping:
            return whole[start:end]
        raw = self.raw[start:end]
        text = raw.decode("ascii") if raw.isascii() and b"\x1b" not in raw else self.charset.decode(raw)
        if self.delimiters.escape not in raw or not target.field or _verbatim(target):
            return text
        if any(mark in self.shadow[start:end] for mark in self._separators):
            return text
        return unescape(text, self.delimiters, self.charset)

    @cached_property
    def _in_ascii(self) -> str | None:
        """The whole text, where every byte of it is one of ASCII."""
        raw = self.raw
        return raw.decode("ascii") if raw.isascii() and b"\x1b" not in raw else None

    @cached_property
    def _repeating(self) -> bool:
        """Whether some field repeats."""
        return bool(self.delimiters.repetition) and self._beyond_declaration(self.delimiters.repetition)

    @cached_property
    def _escaping(self) -> bool:
        """Whether there may be an escape sequence."""
        return self._beyond_declaration(self.delimiters.escape)

    def _beyond_declaration(self, mark: bytes) -> bool:
        """Whether a separator stands anywhere but where MSH-2 declares it."""
        return self.shadow.find(mark, len(_DECLARATION) if self.raw.startswith(_DECLARATION) else 0) >= 0


def _verbatim(target: FieldPath) -> bool:
    """The fields that declare the separators are never split or unescaped."""
    return target.field in (1, 2) and target.segment in HEADERS
