"""DIMSE command sets to bytes and back (PS3.7 6.3.1, 9.3, 10.3, Annex E). No socket, no data sets."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword

from harness.model.profile import Service

COMMAND_FIELDS: Mapping[Service, int] = MappingProxyType(
    {
        Service.C_STORE: 0x0001,
        Service.C_GET: 0x0010,
        Service.C_FIND: 0x0020,
        Service.C_MOVE: 0x0021,
        Service.C_ECHO: 0x0030,
        Service.N_EVENT_REPORT: 0x0100,
        Service.N_GET: 0x0110,
        Service.N_SET: 0x0120,
        Service.N_ACTION: 0x0130,
        Service.N_CREATE: 0x0140,
        Service.N_DELETE: 0x0150,
    }
)
"""Command Field of a request; the response has bit 8000H set besides (PS3.7 E.1)."""

C_CANCEL = 0x0FFF
"""Command Field of a C-CANCEL request (PS3.7 9.3.2.3)."""

NO_DATA_SET = 0x0101
"""Command Data Set Type: no data set present (PS3.7 E.1)."""

_SERVICES = MappingProxyType({code: service for service, code in COMMAND_FIELDS.items()})
_REQUESTED = frozenset({Service.N_GET, Service.N_SET, Service.N_ACTION, Service.N_DELETE})
_PRIORITY = frozenset({Service.C_STORE, Service.C_GET, Service.C_FIND, Service.C_MOVE})
_ITSELF = frozenset(
    {
        "AffectedSOPClassUID",
        "AffectedSOPInstanceUID",
        "CommandDataSetType",
        "CommandField",
        "CommandGroupLength",
        "MessageID",
        "MessageIDBeingRespondedTo",
        "RequestedSOPClassUID",
        "RequestedSOPInstanceUID",
        "Status",
    }
)


class CommandError(ValueError):
    """The bytes are no command set."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command set. `service` None is a C-CANCEL request; `status` None is a request.

    `message_id` is the Message ID of a request, and of the request that a response or C-CANCEL is about. `fields`
    holds what has no place of its own, by keyword: numbers in decimal, several values joined by a backslash.
    """

    service: Service | None
    message_id: int
    sop_class: str = ""
    sop_instance: str = ""
    status: int | None = None
    has_dataset: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)


def encode_command(command: Command) -> bytes:
    """The command set in Implicit VR Little Endian, group length first (PS3.7 6.3.1); ValueError for a bad field."""
    elements: dict[str, str] = dict(command.fields)
    response = command.status is not None
    requested = command.service in _REQUESTED and not response
    prefix = "Requested" if requested else "Affected"
    if command.sop_class:
        elements[f"{prefix}SOPClassUID"] = command.sop_class
    if command.sop_instance:
        elements[f"{prefix}SOPInstanceUID"] = command.sop_instance
    code = C_CANCEL if command.service is None else COMMAND_FIELDS[command.service]
    elements["CommandField"] = str(code | (0x8000 if response else 0))
    about = response or command.service is None
    elements["MessageIDBeingRespondedTo" if about else "MessageID"] = str(command.message_id)
    elements["CommandDataSetType"] = str(0x0001 if command.has_dataset else NO_DATA_SET)
    if command.status is not None:
        elements["Status"] = str(command.status)
    elif command.service in _PRIORITY:
        elements.setdefault("Priority", "0")
    tags = {keyword: _tag_of(keyword) for keyword in elements}
    encoded = b"".join(
        _encode_element(tags[keyword], elements[keyword]) for keyword in sorted(tags, key=tags.__getitem__)
    )
    return struct.pack("<HHLL", 0, 0, 4, len(encoded)) + encoded


def _tag_of(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    if tag is None or tag >> 16:
        raise ValueError(f"{keyword!r} is no command element")
    return tag


def _encode_element(tag: int, text: str) -> bytes:
    vr = dictionary_VR(tag)
    values = text.split("\\")
    if vr == "US":
        value = b"".join(struct.pack("<H", int(one)) for one in values)
    elif vr == "AT":
        value = b"".join(struct.pack("<HH", int(one[1:5], 16), int(one[6:10], 16)) for one in values)
    else:
        value = text.encode("latin-1", "replace")
        value += (b"\0" if vr == "UI" else b" ") * (len(value) % 2)
    return struct.pack("<HHL", 0, tag, len(value)) + value


def decode_command(content: bytes) -> Command:
    """The command set that the bytes hold; CommandError when they hold none."""
    try:
        found = dict(_elements(content))
        code = int(found["CommandField"])
        service = None if code == C_CANCEL else _SERVICES[code & 0x7FFF]
        response = bool(code & 0x8000)
        about = response or service is None
        return Command(
            service=service,
            message_id=int(found["MessageIDBeingRespondedTo" if about else "MessageID"]),
            sop_class=found.get("AffectedSOPClassUID") or found.get("RequestedSOPClassUID", ""),
            sop_instance=found.get("AffectedSOPInstanceUID") or found.get("RequestedSOPInstanceUID", ""),
            status=int(found["Status"]) if response else None,
            has_dataset=int(found["CommandDataSetType"]) != NO_DATA_SET,
            fields={keyword: value for keyword, value in found.items() if keyword not in _ITSELF},
        )
    except (KeyError, ValueError, struct.error) as fault:
        raise CommandError(f"command set of {len(content)} bytes: {fault!r}") from fault


def _elements(content: bytes) -> Iterator[tuple[str, str]]:
    offset = 0
    while offset < len(content):
        group, number, length = struct.unpack_from("<HHL", content, offset)
        value = content[offset + 8 : offset + 8 + length]
        if group or len(value) != length:
            raise CommandError(f"element ({group:04X},{number:04X}) at byte {offset} is out of place")
        offset += 8 + length
        keyword = keyword_for_tag(number)
        if keyword:
            yield keyword, _decode_value(dictionary_VR(number), value)


def _decode_value(vr: str, value: bytes) -> str:
    if vr in ("US", "UL"):
        code = "<H" if vr == "US" else "<L"
        return "\\".join(str(number) for (number,) in struct.iter_unpack(code, value))
    if vr == "AT":
        return "\\".join(f"({group:04X},{element:04X})" for group, element in struct.iter_unpack("<HH", value))
    return value.rstrip(b"\0 ").decode("latin-1")
