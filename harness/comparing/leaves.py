"""A message taken apart into places with values, and what kind of value stands at each. Reads bytes, compares nothing.

What a place is known to hold follows from its data type (HL7) or value representation (DICOM), and for a few
identifiers that their standards carry as plain text, from the place itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from harness.dicom.bulk import Bulk
from harness.dicom.encoding import decode_payload
from harness.dicom.uids import keyword_of
from harness.errors import RecordingError
from harness.hl7 import Message, Segment
from harness.hl7.standard import Definition, field_definition
from harness.model.transcript import Capture, PayloadKind

LEAVES: Final = 20_000
"""Places of one message that are looked at."""

LARGEST: Final = 32 << 20
"""Bytes of a payload above which only its size is compared."""

THERE: Final = "(there)"
"""The value of a segment: that it is there."""

_LATEST = "2.5.1"
_DEEPEST = 12


class Kind(Enum):
    """What stands at a place."""

    TEXT = "text"
    IDENTIFIER = "identifier"
    """Each run has its own."""
    TIME = "time"
    NUMBERED = "numbered"
    """A number that a message has for itself: that it is there is all that can be compared."""
    BYTES = "bytes"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value with what it is. `domain` says of an identifier of what kind it is: within one, equal means the same."""

    value: str
    kind: Kind = Kind.TEXT
    domain: str = ""


Leaves = Mapping[str, Leaf]
"""The values of a message by their places."""

_UID = "UID"
_TIMES = frozenset({"TS", "DTM", "DT", "TM"})
_IDENTIFIERS = frozenset({"EI", "CX"})
_NUMBERED = frozenset({("MSH", 10), ("MSA", 2)})
_HL7_DOMAINS = MappingProxyType(
    {
        ("PID", 2): "patient",
        ("PID", 3): "patient",
        ("MRG", 1): "patient",
        ("ORC", 2): "placer order",
        ("OBR", 2): "placer order",
        ("ORC", 3): "filler order",
        ("OBR", 3): "filler order",
        ("OBR", 18): "accession",
        ("IPC", 1): "accession",
        ("OBR", 19): "requested procedure",
        ("IPC", 2): "requested procedure",
        ("OBR", 20): "scheduled step",
        ("IPC", 4): "scheduled step",
        ("IPC", 3): _UID,
        ("ZDS", 1): _UID,
    }
)
_DICOM_DOMAINS = MappingProxyType(
    {
        "PatientID": "patient",
        "OtherPatientIDs": "patient",
        "PlacerOrderNumberImagingServiceRequest": "placer order",
        "FillerOrderNumberImagingServiceRequest": "filler order",
        "AccessionNumber": "accession",
        "RequestedProcedureID": "requested procedure",
        "ScheduledProcedureStepID": "scheduled step",
        "PerformedProcedureStepID": "performed step",
        "StudyID": "study number",
        "AdmissionID": "admission",
        "ServiceEpisodeID": "episode",
    }
)
_DICOM_TIMES = frozenset({"DA", "TM", "DT"})


def leaves_of(capture: Capture, content: bytes | None) -> Leaves:
    """The places of a message: of its command, and of its content, if it was read."""
    found = dict(_command_leaves(capture))
    if capture.payload is None:
        return found
    if content is None:
        found["size"] = Leaf(str(capture.payload.size))
    elif capture.payload.kind is PayloadKind.HL7:
        found |= _first(_hl7_leaves(Message.parse(content)))
    elif capture.payload.kind is PayloadKind.DICOM:
        found |= _dicom(content)
    else:
        found["bytes"] = _bytes_leaf(content)
    return found


def _command_leaves(capture: Capture) -> Iterator[tuple[str, Leaf]]:
    command = capture.command
    if command is None:
        return
    if command.status is not None:
        yield "Status", Leaf(f"{command.status:04X}")
    for name, uid in (("SOPClass", command.sop_class), ("TransferSyntax", command.transfer_syntax)):
        if uid:
            yield name, Leaf(keyword_of(uid))
    if command.sop_instance:
        yield "SOPInstance", _uid_leaf(command.sop_instance)
    for name, text in command.fields.items():
        yield name, Leaf(text)


def _first(leaves: Iterator[tuple[str, Leaf]]) -> dict[str, Leaf]:
    found: dict[str, Leaf] = {}
    for path, leaf in leaves:
        found[path] = leaf
        if len(found) >= LEAVES:
            break
    return found


def _bytes_leaf(content: bytes) -> Leaf:
    digest = hashlib.sha256(content).hexdigest()[:12]
    return Leaf(f"({len(content)} bytes, sha256 {digest})", Kind.BYTES)


def _uid_leaf(value: str) -> Leaf:
    keyword = keyword_of(value)
    return Leaf(keyword) if keyword != value else Leaf(value, Kind.IDENTIFIER, _UID)


# HL7


def _hl7_leaves(message: Message) -> Iterator[tuple[str, Leaf]]:
    for segment in message.segments:
        place = f"{segment.name}[{segment.occurrence}]"
        yield place, Leaf(THERE)
        for number in range(1, segment.field_count + 1):
            yield from _field_leaves(message, segment, place, number)


def _field_leaves(message: Message, segment: Segment, place: str, number: int) -> Iterator[tuple[str, Leaf]]:
    version = message.version
    definition = field_definition(segment.name, number, version) or field_definition(segment.name, number, _LATEST)
    found = segment.field(number)
    for repetition, hit in enumerate(found, start=1):
        if not hit.value:
            continue
        path = f"{place}-{number}[{repetition}]"
        if segment.header and number <= 2:
            yield path, Leaf(hit.value)
            continue
        parts = message.parts(hit)
        composed = definition is not None and bool(definition.components)
        for component, part in enumerate(parts if isinstance(parts, tuple) else (parts,), start=1):
            at = f"{path}.{component}" if composed or isinstance(parts, tuple) else path
            for within, text in enumerate(part if isinstance(part, tuple) else (part,), start=1):
                if isinstance(text, str) and text:
                    where = f"{at}.{within}" if isinstance(part, tuple) else at
                    yield where, _hl7_leaf(segment.name, number, component, within, definition, text)


def _hl7_leaf(segment: str, number: int, component: int, within: int, definition: Definition | None, text: str) -> Leaf:
    if (segment, number) in _NUMBERED:
        return Leaf(text, Kind.NUMBERED)
    domain = _HL7_DOMAINS.get((segment, number), "")
    if _looks_like_uid(text) or (domain == _UID and component == 1):
        return _uid_leaf(text)
    if domain and component == 1:
        return Leaf(text, Kind.IDENTIFIER, domain)
    types = list(_types(definition, component, within))
    if types and types[-1] in _TIMES:
        return Leaf(text, Kind.TIME)
    if any(kind in _IDENTIFIERS for kind in types) and (component if types[0] in _IDENTIFIERS else within) == 1:
        return Leaf(text, Kind.IDENTIFIER, f"{segment}-{number}")
    if types and types[0] == "TS":
        return Leaf(text, Kind.TIME)
    return Leaf(text)


def _types(definition: Definition | None, component: int, within: int) -> Iterator[str]:
    """The data types of a field, of its component and of the part within."""
    for index in (component, within):
        if definition is None:
            return
        yield definition.datatype
        definition = definition.components[index - 1] if index <= len(definition.components) else None
    if definition is not None:
        yield definition.datatype


def _looks_like_uid(text: str) -> bool:
    parts = text.split(".")
    return len(parts) > 3 and len(text) > 10 and all(part.isascii() and part.isdigit() for part in parts)


# DICOM


def _dicom(content: bytes) -> dict[str, Leaf]:
    try:
        dataset = decode_payload(content)
    except RecordingError:
        dataset = None
    return _first(_dataset_leaves(dataset, "", 0)) if dataset is not None else {"bytes": _bytes_leaf(content)}


def _dataset_leaves(dataset: Dataset, parent: str, depth: int) -> Iterator[tuple[str, Leaf]]:
    for tag in sorted(dataset.keys()):
        element = dataset[tag]
        path = parent + (element.keyword or f"{tag.group:04X}{tag.element:04X}")
        if element.VR != "SQ":
            yield path, _element_leaf(element)
            continue
        items = list(element.value or ())
        yield path, Leaf(f"({len(items)} item{'' if len(items) == 1 else 's'})")
        for index, item in enumerate(items if depth < _DEEPEST else ()):
            yield from _dataset_leaves(item, f"{path}[{index}].", depth + 1)


def _element_leaf(element: DataElement) -> Leaf:
    value = element.value
    if isinstance(value, Bulk):
        return Leaf(f"({len(value)} bytes)", Kind.BYTES)
    if isinstance(value, bytes):
        pixels = element.keyword == "PixelData"
        return Leaf(f"({len(value)} bytes)", Kind.BYTES) if pixels else _bytes_leaf(value)
    parts = [] if value is None else value if isinstance(value, list | tuple) or element.VM > 1 else [value]
    texts = [str(part) for part in parts]
    text = "\\".join(texts)
    if element.VR == "UI" and len(texts) == 1:
        return _uid_leaf(text)
    if element.VR in _DICOM_TIMES:
        return Leaf(text, Kind.TIME)
    domain = _DICOM_DOMAINS.get(element.keyword, "")
    return Leaf(text, Kind.IDENTIFIER, domain) if domain and text else Leaf(text)
