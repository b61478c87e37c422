"""DIMSE status codes with their names and classes (PS3.7 Annex C, PS3.4 B.2.3, C.4, J.3, K.4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from harness.model.profile import Service


class StatusClass(Enum):
    """The status classes of PS3.7 C.1."""

    SUCCESS = "success"
    PENDING = "pending"
    WARNING = "warning"
    FAILURE = "failure"
    CANCEL = "cancel"


@dataclass(frozen=True)
class Status:
    """One status code of a service."""

    code: int
    name: str
    status_class: StatusClass
    citation: str


_GENERAL: tuple[tuple[int, str, StatusClass], ...] = (
    (0x0000, "Success", StatusClass.SUCCESS),
    (0x0001, "Requested optional attributes are not supported", StatusClass.WARNING),
    (0x0105, "No such attribute", StatusClass.FAILURE),
    (0x0106, "Invalid attribute value", StatusClass.FAILURE),
    (0x0107, "Attribute list error", StatusClass.WARNING),
    (0x0110, "Processing failure", StatusClass.FAILURE),
    (0x0111, "Duplicate SOP instance", StatusClass.FAILURE),
    (0x0112, "No such SOP instance", StatusClass.FAILURE),
    (0x0113, "No such event type", StatusClass.FAILURE),
    (0x0114, "No such argument", StatusClass.FAILURE),
    (0x0115, "Invalid argument value", StatusClass.FAILURE),
    (0x0116, "Attribute value out of range", StatusClass.WARNING),
    (0x0117, "Invalid SOP instance", StatusClass.FAILURE),
    (0x0118, "No such SOP class", StatusClass.FAILURE),
    (0x0119, "Class-instance conflict", StatusClass.FAILURE),
    (0x0120, "Missing attribute", StatusClass.FAILURE),
    (0x0121, "Missing attribute value", StatusClass.FAILURE),
    (0x0122, "SOP class not supported", StatusClass.FAILURE),
    (0x0123, "No such action", StatusClass.FAILURE),
    (0x0124, "Not authorized", StatusClass.FAILURE),
    (0x0210, "Duplicate invocation", StatusClass.FAILURE),
    (0x0211, "Unrecognized operation", StatusClass.FAILURE),
    (0x0212, "Mistyped argument", StatusClass.FAILURE),
    (0x0213, "Resource limitation", StatusClass.FAILURE),
    (0xFE00, "Cancel", StatusClass.CANCEL),
)

_STORE: tuple[tuple[int, str, StatusClass], ...] = (
    (0xA700, "Refused: out of resources", StatusClass.FAILURE),
    (0xA900, "Error: data set does not match SOP class", StatusClass.FAILURE),
    (0xB000, "Coercion of data elements", StatusClass.WARNING),
    (0xB006, "Elements discarded", StatusClass.WARNING),
    (0xB007, "Data set does not match SOP class", StatusClass.WARNING),
    (0xC000, "Error: cannot understand", StatusClass.FAILURE),
)

_FIND: tuple[tuple[int, str, StatusClass], ...] = (
    (0xA700, "Refused: out of resources", StatusClass.FAILURE),
    (0xA900, "Identifier does not match SOP class", StatusClass.FAILURE),
    (0xC000, "Unable to process", StatusClass.FAILURE),
    (0xFF00, "Pending", StatusClass.PENDING),
    (0xFF01, "Pending: optional keys not supported", StatusClass.PENDING),
)

_RETRIEVE: tuple[tuple[int, str, StatusClass], ...] = (
    (0xA701, "Refused: unable to calculate number of matches", StatusClass.FAILURE),
    (0xA702, "Refused: unable to perform sub-operations", StatusClass.FAILURE),
    (0xA900, "Identifier does not match SOP class", StatusClass.FAILURE),
    (0xB000, "Sub-operations complete, one or more failures or warnings", StatusClass.WARNING),
    (0xC000, "Unable to process", StatusClass.FAILURE),
    (0xFF00, "Pending", StatusClass.PENDING),
)

_MOVE = ((0xA801, "Refused: move destination unknown", StatusClass.FAILURE), *_RETRIEVE)


def _table(rows: tuple[tuple[int, str, StatusClass], ...], citation: str) -> dict[int, Status]:
    return {code: Status(code, name, status_class, citation) for code, name, status_class in rows}


_BASE = _table(_GENERAL, "PS3.7 Annex C")

STATUSES: Mapping[Service, Mapping[int, Status]] = MappingProxyType(
    {
        **dict.fromkeys(Service, _BASE),
        Service.C_STORE: {**_BASE, **_table(_STORE, "PS3.4 B.2.3")},
        Service.C_FIND: {**_BASE, **_table(_FIND, "PS3.4 C.4.1.1.4, K.4.1.1.4")},
        Service.C_MOVE: {**_BASE, **_table(_MOVE, "PS3.4 C.4.2.1.5")},
        Service.C_GET: {**_BASE, **_table(_RETRIEVE, "PS3.4 C.4.3.1.4")},
    }
)
"""The status codes by service; ranges such as Cxxx are listed by their first code."""

_RANGES: Mapping[Service, tuple[int, ...]] = MappingProxyType(
    {
        Service.C_STORE: (0xA700, 0xA900, 0xC000),
        Service.C_FIND: (0xC000,),
        Service.C_MOVE: (0xC000,),
        Service.C_GET: (0xC000,),
    }
)


def status_class(status: int) -> StatusClass:
    """The class of any code (PS3.7 C.1 to C.5); unknown codes are failures."""
    if status == 0x0000:
        return StatusClass.SUCCESS
    if status in (0xFF00, 0xFF01):
        return StatusClass.PENDING
    if status == 0xFE00:
        return StatusClass.CANCEL
    if status in (0x0001, 0x0107, 0x0116) or status & 0xF000 == 0xB000:
        return StatusClass.WARNING
    return StatusClass.FAILURE


def is_success(status: int) -> bool:
    """Whether the code is of class success."""
    return status_class(status) is StatusClass.SUCCESS


def is_pending(status: int) -> bool:
    """Whether the code is of class pending."""
    return status_class(status) is StatusClass.PENDING


def is_warning(status: int) -> bool:
    """Whether the code is of class warning."""
    return status_class(status) is StatusClass.WARNING


def is_failure(status: int) -> bool:
    """Whether the code is of class failure."""
    return status_class(status) is StatusClass.FAILURE


def lookup(status: int, service: Service) -> Status | None:
    """The entry of a code in a service, ranges included; None when the service does not define it."""
    table = STATUSES[service]
    if status in table:
        return table[status]
    for start in _RANGES.get(service, ()):
        last = start | (0x0FFF if start == 0xC000 else 0x00FF)
        if start <= status <= last:
            return table[start]
    return None


def name(status: int, service: Service | None = None) -> str:
    """The code's name in the service, or in the first that defines it; hexadecimal when unknown."""
    for candidate in (service,) if service else Service:
        entry = lookup(status, candidate)
        if entry is not None:
            return entry.name
    return f"{status:04X}H"
