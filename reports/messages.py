"""A recorded message as rows to look at: HL7 segments with named fields, a DICOM data set as a named tree.

Reads the bytes as recorded and never changes them. Whatever the bytes are, it ends in rows and notes, not in
an exception; how many rows and characters are shown is bounded.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from harness.dicom.bulk import Bulk
from harness.dicom.encoding import decode_payload, unwrap_payload
from harness.dicom.uids import keyword_of
from harness.errors import RecordingError
from harness.hl7 import Message, Segment
from harness.hl7.names import component_name, field_name, path_name, segment_name
from harness.model.transcript import PayloadKind
from reports.printable import printable

ROW_LIMIT = 400
"""Rows of one message that a report shows."""

_FIELD_LIMIT = 120
_COMPONENT_LIMIT = 24
_DELIMITERS = frozenset({("MSH", 1), ("MSH", 2)})
_DEPTH_LIMIT = 12
_VALUE_LIMIT = 160
_UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    NotImplementedError,
    OverflowError,
    struct.error,
)
"""What pydicom raises when it converts a value that is not what its VR says."""

_HL7_PLACE = re.compile(r"([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?(?:-(\d+)(?:\[(\d+)\])?(?:\.(\d+).*)?)?")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A segment, field, attribute or sequence item. `key` is what evidence paths compare to."""

    depth: int
    place: str
    name: str
    value: str = ""
    key: str = ""
    heading: bool = False


@dataclass(frozen=True)
class Rows:
    """The rows of a message, and what has to be said about reading it.

    `complete`: what has no row is not in the message.
    """

    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    complete: bool = True


def rows_of(content: bytes, kind: PayloadKind) -> Rows:
    """The message as rows; bytes that are no message give a note alone."""
    if kind is PayloadKind.HL7:
        return _hl7_rows(content)
    if kind is PayloadKind.DICOM:
        return _dicom_rows(content)
    return Rows((), ("not decoded: bytes outside a message, or of no known kind",), complete=False)


def place_key(path: str) -> str:
    """An evidence path in the form of `Row.key`, which goes to an HL7 component or an attribute."""
    hl7 = _HL7_PLACE.fullmatch(path)
    if hl7 is None:
        return path.replace("[*]", "[0]")
    segment, occurrence, number, repetition, component = hl7.groups()
    key = f"{segment}[{occurrence or 1}]"
    if number:
        key += f"-{number}[{repetition or 1}]"
    return f"{key}.{component}" if component else key


def absent_name(path: str) -> str:
    """The name of an HL7 place that a message does not have; a DICOM path speaks for itself."""
    try:
        return path_name(path, "") if _HL7_PLACE.fullmatch(path) else ""
    except ValueError:
        return ""


def wire_bytes(content: bytes, kind: PayloadKind) -> bytes:
    """What was on the wire: of a DICOM file its data set, everything else as it is."""
    try:
        return unwrap_payload(content)[0] if kind is PayloadKind.DICOM else content
    except RecordingError:
        return content


def _bounded(rows: Iterator[Row], notes: tuple[str, ...] = ()) -> Rows:
    shown = tuple(islice(rows, ROW_LIMIT + 1))
    if len(shown) > ROW_LIMIT:
        return Rows(shown[:ROW_LIMIT], (*notes, f"only the first {ROW_LIMIT} rows are shown"), complete=False)
    return Rows(shown, notes)


def _hl7_rows(content: bytes) -> Rows:
    message = Message.parse(content)
    faults = tuple(f"offset {fault.offset}: {printable(fault.text)}" for fault in message.faults[:10])
    return _bounded(_segment_rows(message), faults)


def _segment_rows(message: Message) -> Iterator[Row]:
    names = Counter(message.segment_names())
    for segment in message.segments:
        shown = f"{segment.name}[{segment.occurrence}]" if names[segment.name] > 1 else segment.name
        key = f"{segment.name}[{segment.occurrence}]"
        title = segment_name(segment.name)
        yield Row(depth=0, place=printable(shown, 20), name=title, key=key, heading=True)
        if not _HL7_PLACE.fullmatch(segment.name):
            continue
        for number in range(1, min(segment.field_count, _FIELD_LIMIT) + 1):
            yield from _field_rows(message, segment, shown, number)


def _field_rows(message: Message, segment: Segment, shown: str, number: int) -> Iterator[Row]:
    found = segment.field(number)
    for repetition, located in enumerate(found, start=1):
        if not located.value:
            continue
        place = f"{shown}-{number}" + (f"[{repetition}]" if len(found) > 1 else "")
        key = f"{segment.name}[{segment.occurrence}]-{number}[{repetition}]"
        name = field_name(segment.name, number, message.version)
        yield Row(depth=1, place=place, name=name, value=printable(located.value, _VALUE_LIMIT), key=key)
        if message.delimiters.component in located.raw and (segment.name, number) not in _DELIMITERS:
            yield from _component_rows(message, segment.name, number, place, key)


def _component_rows(message: Message, segment: str, number: int, place: str, key: str) -> Iterator[Row]:
    for component in range(1, _COMPONENT_LIMIT + 1):
        value = message.first(f"{key}.{component}")
        if value:
            name = component_name(segment, number, component, message.version)
            shown = printable(value, _VALUE_LIMIT)
            yield Row(depth=2, place=f"{place}.{component}", name=name, value=shown, key=f"{key}.{component}")


def _dicom_rows(content: bytes) -> Rows:
    dataset = decode_payload(content)
    if dataset is None:
        return Rows((), ("the data set cannot be decoded",), complete=False)
    return _bounded(_attribute_rows(dataset, 0, ""))


def _attribute_rows(dataset: Dataset, depth: int, parent: str) -> Iterator[Row]:
    for tag in sorted(dataset.keys()):
        place = f"({tag.group:04x},{tag.element:04x})"
        try:
            element = dataset[tag]
            keyword = element.keyword or _private_name(element)
            nested = element.VR == "SQ"
            value = "" if nested else _value_words(element)
        except _UNREADABLE:
            yield Row(depth=depth, place=place, name=_keyword(tag), value="(not readable as its VR)")
            continue
        key = f"{parent}{keyword}"
        if not nested:
            yield Row(depth=depth, place=place, name=printable(keyword, 80), value=value, key=key)
            continue
        yield from _sequence_rows(element, place, keyword, depth, key)


def _sequence_rows(element: DataElement, place: str, keyword: str, depth: int, key: str) -> Iterator[Row]:
    items = list(element.value or ())
    count = f"{len(items)} item{'' if len(items) == 1 else 's'}"
    yield Row(depth=depth, place=place, name=printable(keyword, 80), value=count, key=key, heading=True)
    for index, item in enumerate(items):
        path = f"{key}[{index}]"
        if len(items) > 1:
            yield Row(depth=depth + 1, place="", name=f"item [{index}]", key=path, heading=True)
        if depth < _DEPTH_LIMIT:
            yield from _attribute_rows(item, depth + 1, f"{path}.")


def _keyword(tag: BaseTag) -> str:
    return "private" if tag.is_private else "unreadable"


def _private_name(element: DataElement) -> str:
    return f"{element.tag.group:04X}{element.tag.element:04X}"


def _value_words(element: DataElement) -> str:
    value = element.value
    if isinstance(value, (bytes, Bulk)):
        return f"({len(value)} bytes)"
    if value is None or value == "":
        return ""
    parts = value if isinstance(value, (list, tuple)) or element.VM > 1 else [value]
    text = "\\".join(str(part) for part in islice(parts, 64))
    keyword = keyword_of(text) if element.VR == "UI" else text
    shown = printable(text, _VALUE_LIMIT)
    return shown if keyword == text else f"{shown} ({keyword})"
