"""Edits of one message, in bytes: what is done to fields and attributes.

Owns how content is changed. It must not know a recording.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from pydicom.dataset import Dataset

from harness.dicom import edit as attributes
from harness.dicom.encoding import decode_payload, encode, unwrap_payload, wrap_payload
from harness.hl7 import Message
from harness.hl7 import edit as fields
from harness.model.transcript import Capture

_UNDECLARED = b"\xe9"
"""A character outside ASCII, by itself in no Unicode encoding."""


class Operation(Enum):
    """What is done to a message."""

    SET = "set"
    REMOVE = "remove"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    REPEAT_REST = "repeat the rest"
    """Everything from the last segment of that name on, once more."""
    LINE_ENDS = "line ends"
    """Every segment ends with CR LF."""
    SEPARATORS = "separators"
    """Another escape character is declared, and used."""
    CHARACTERS = "characters"
    """A character that MSH-18 does not announce, behind the value at the path."""


@dataclass(frozen=True)
class Edit:
    """One change to one message."""

    operation: Operation
    path: str
    value: str = ""


def edit_fields(message: bytes, edits: tuple[Edit, ...]) -> bytes:
    """An HL7 message after some edits; ValueError when one cannot be made."""
    for one in edits:
        message = _FIELD_OPERATIONS[one.operation](message, one)
    return message


def edit_attributes(payload: bytes, edits: tuple[Edit, ...], capture: Capture) -> bytes:
    """A payload after some edits of its data set; ValueError or RecordingError when one cannot be made."""
    dataset = decode_payload(payload)
    if dataset is None or capture.command is None:
        raise ValueError("the data set cannot be read")
    for one in edits:
        dataset = _ATTRIBUTE_OPERATIONS[one.operation](dataset, one)
    _, syntax = unwrap_payload(payload)
    command = capture.command
    return wrap_payload(encode(dataset, syntax), syntax, command.sop_class, command.sop_instance)


def _with_rest_again(message: bytes, one: Edit) -> bytes:
    found = [segment for segment in Message.parse(message).segments if segment.name == one.path]
    if not found:
        raise ValueError(f"the message has no {one.path}")
    rest = message[found[-1].start :]
    return message + (b"" if message.endswith(b"\r") else b"\r") + rest


def _undeclared(message: bytes, one: Edit) -> bytes:
    marked = fields.set_value(message, one.path, "\x02")
    return marked.replace(b"\x02", _UNDECLARED)


_FIELD_OPERATIONS: Mapping[Operation, Callable[[bytes, Edit], bytes]] = MappingProxyType(
    {
        Operation.SET: lambda message, one: fields.set_value(message, one.path, one.value),
        Operation.REMOVE: lambda message, one: fields.remove(message, one.path),
        Operation.DUPLICATE: lambda message, one: fields.duplicate(message, one.path),
        Operation.REORDER: lambda message, one: fields.reorder(message, one.path),
        Operation.REPEAT_REST: _with_rest_again,
        Operation.LINE_ENDS: lambda message, one: message.replace(b"\r", b"\r\n"),
        Operation.SEPARATORS: lambda message, one: message.replace(b"^~\\&", b"^~$&", 1),
        Operation.CHARACTERS: _undeclared,
    }
)
_ATTRIBUTE_OPERATIONS: Mapping[Operation, Callable[[Dataset, Edit], Dataset]] = MappingProxyType(
    {
        Operation.SET: lambda dataset, one: attributes.set_value(dataset, one.path, one.value),
        Operation.REMOVE: lambda dataset, one: attributes.remove(dataset, one.path),
        Operation.DUPLICATE: lambda dataset, one: attributes.duplicate(dataset, one.path),
        Operation.REORDER: lambda dataset, one: attributes.reorder(dataset, one.path),
    }
)
