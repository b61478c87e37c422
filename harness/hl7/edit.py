"""Changes to a message's bytes: what a deviation commits. Every byte outside the touched span stays as it is.

Values are text as it stands on the wire, in the message's own separators and character set; nothing is
escaped. A path without occurrence means the first segment of that name. ValueError when a path names nothing
that is there.
"""

from __future__ import annotations

from dataclasses import replace

from harness.hl7.field_path import FieldPath, parse_path
from harness.hl7.message import Message
from harness.hl7.segment import HEADERS, Segment, Span


def set_value(message: bytes, path: str, value: str) -> bytes:
    """The message with another value at the path; positions that the segment does not reach are added to
    it."""
    parsed, target = Message.parse(message), parse_path(path)
    span, padding = _place(parsed, target)
    return _splice(message, span, padding + parsed.charset.encode(value))


def remove(message: bytes, path: str) -> bytes:
    """The message without a segment or numbered repetition, or with a field, component or subcomponent
    emptied."""
    parsed, target = Message.parse(message), parse_path(path)
    start, end = _existing(parsed, target)
    if not target.field:
        return _splice(message, (start, _after_end(message, end)), b"")
    if target.repetition and not target.component:
        field, _ = _place(parsed, replace(target, repetition=0))
        if end < field[1]:
            end += 1
        elif start > field[0]:
            start -= 1
    return _splice(message, (start, end), b"")


def duplicate(message: bytes, path: str) -> bytes:
    """The message with a segment, or the first or numbered repetition of a field, a second time behind
    itself."""
    parsed, target = Message.parse(message), parse_path(path)
    if not target.field:
        start, end = _existing(parsed, target)
        after = _after_end(message, end)
        line = message[start:after]
        return _splice(message, (after, after), line if after > end else b"\r" + line)
    mark = parsed.delimiters.repetition
    if target.component or not mark or _is_verbatim(target):
        raise ValueError(f"{path} cannot be repeated")
    start, end = _existing(parsed, replace(target, repetition=target.repetition or 1))
    return _splice(message, (end, end), mark + message[start:end])


def reorder(message: bytes, path: str) -> bytes:
    """The message with a segment, field, numbered repetition or component exchanged with its successor."""
    parsed, target = Message.parse(message), parse_path(path)
    first = _existing(parsed, target)
    if not target.field:
        second = next(((s.start, s.end) for s in parsed.segments if s.start > first[0]), None)
        if second is None:
            raise ValueError(f"{path}: no segment follows")
    else:
        second = _existing(parsed, _successor(target))
    between = message[first[1] : second[0]]
    swapped = message[second[0] : second[1]] + between + message[first[0] : first[1]]
    return _splice(message, (first[0], second[1]), swapped)


def _successor(target: FieldPath) -> FieldPath:
    if target.subcomponent:
        return replace(target, subcomponent=target.subcomponent + 1)
    if target.component:
        return replace(target, component=target.component + 1)
    if target.repetition:
        return replace(target, repetition=target.repetition + 1)
    return replace(target, field=target.field + 1)


def _existing(parsed: Message, target: FieldPath) -> Span:
    span, padding = _place(parsed, target)
    if padding:
        raise ValueError(f"the message has no {target}")
    return span


def _place(parsed: Message, target: FieldPath) -> tuple[Span, bytes]:
    """Where the target stands, or where it would, with the separators that must be written before it."""
    segment = _segment(parsed, target)
    if not target.field:
        return (segment.start, segment.end), b""
    marks = parsed.delimiters
    span = segment.span(target.field)
    padding = b""
    if span is None:
        count = segment.field_count or (1 if segment.name in HEADERS else 0)
        span, padding = (segment.end, segment.end), marks.field * (target.field - count)
    if _is_verbatim(target):
        return span, padding
    repetition = target.repetition or (1 if target.component else 0)
    for number, mark in (
        (repetition, marks.repetition),
        (target.component, marks.component),
        (target.subcomponent, marks.subcomponent),
    ):
        if not number:
            continue
        parts = parsed.split(*span, mark)
        if number <= len(parts):
            span = parts[number - 1]
        elif not mark:
            raise ValueError(f"{target}: the message declares no separator for it")
        else:
            span, padding = (span[1], span[1]), padding + mark * (number - len(parts))
    return span, padding


def _is_verbatim(target: FieldPath) -> bool:
    """MSH-1 and MSH-2 have no parts."""
    if target.segment not in HEADERS or target.field not in (1, 2):
        return False
    if max(target.repetition, target.component, target.subcomponent) > 1:
        raise ValueError(f"{target}: the field has no parts")
    return True


def _segment(parsed: Message, target: FieldPath) -> Segment:
    for segment in parsed.segments:
        if segment.name == target.segment and target.occurrence in (0, segment.occurrence):
            return segment
    raise ValueError(f"the message has no segment {target.segment}[{target.occurrence or 1}]")


def _splice(message: bytes, span: Span, text: bytes) -> bytes:
    return message[: span[0]] + text + message[span[1] :]


def _after_end(message: bytes, end: int) -> int:
    """Where a segment's end is over: behind CR, CR LF or LF."""
    if message.startswith(b"\r\n", end):
        return end + 2
    return end + 1 if message[end : end + 1] in (b"\r", b"\n") else end
