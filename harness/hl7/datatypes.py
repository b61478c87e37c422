"""Lexical forms of data types, and of the parts of composite ones (HL7 v2.5.1 2.A; v2.3.1 2.8)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from harness.hl7.field_value import FieldValue
from harness.hl7.standard import Definition

_ZONE = r"(?:[+-](?P<zone>[0-9]{4}))?"
_FRACTION = r"(?:\.[0-9]{1,4})?"
# From v2.5 the hour may stand alone; before, hour and minute come together.
_STAMP_MINUTES = re.compile(
    rf"(?P<year>[0-9]{{4}})(?:(?P<month>[0-9]{{2}})(?:(?P<day>[0-9]{{2}})"
    rf"(?:(?P<hour>[0-9]{{2}})(?P<minute>[0-9]{{2}})(?:(?P<second>[0-9]{{2}}){_FRACTION})?)?)?)?{_ZONE}"
)
_STAMP = re.compile(
    rf"(?P<year>[0-9]{{4}})(?:(?P<month>[0-9]{{2}})(?:(?P<day>[0-9]{{2}})"
    rf"(?:(?P<hour>[0-9]{{2}})(?:(?P<minute>[0-9]{{2}})(?:(?P<second>[0-9]{{2}}){_FRACTION})?)?)?)?)?{_ZONE}"
)
_DAY = re.compile(r"(?P<year>[0-9]{4})(?:(?P<month>[0-9]{2})(?P<day>[0-9]{2})?)?")
_CLOCK_MINUTES = re.compile(rf"(?P<hour>[0-9]{{2}})(?P<minute>[0-9]{{2}})(?:(?P<second>[0-9]{{2}}){_FRACTION})?{_ZONE}")
_CLOCK = re.compile(rf"(?P<hour>[0-9]{{2}})(?:(?P<minute>[0-9]{{2}})(?:(?P<second>[0-9]{{2}}){_FRACTION})?)?{_ZONE}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_SEQUENCE = re.compile(r"[0-9]{1,4}")
_UID = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*")
_UID_LENGTH = 64
_TIMES = frozenset({"TS", "DTM", "DT", "TM", "SI"})
"""Data types of components whose text is judged; numbers are left to local custom (telephone numbers)."""
_LIMITS = (("hour", 23), ("minute", 59), ("second", 59))


def datatype_fault(datatype: str, value: str, version: str) -> str | None:
    """What is wrong with a value's form; None when nothing is, or when the type has no form of its own.

    Knows TS, DTM, DT, TM, NM, SI, ID, IS, and UID for identifiers of DICOM. `value` is the leaf's text, for
    TS its first component; no value and the null `""` are of any type.
    """
    if value in ("", '""'):
        return None
    if datatype in ("TS", "DTM"):
        pattern = _STAMP if _hour_alone(version) else _STAMP_MINUTES
        return _moment(pattern, value, "YYYYMMDDHHMMSS or a part of it")
    if datatype == "DT":
        return _moment(_DAY, value, "YYYYMMDD")
    if datatype == "TM":
        return _moment(_CLOCK if _hour_alone(version) else _CLOCK_MINUTES, value, "HHMMSS or a part of it")
    if datatype == "NM":
        return None if _NUMBER.fullmatch(value) else "not a number"
    if datatype == "SI":
        return None if _SEQUENCE.fullmatch(value) else "not a sequence number of at most four digits"
    if datatype in ("ID", "IS"):
        return "a code has blanks around it or control characters in it" if _unclean(value) else None
    if datatype == "UID":
        if len(value) > _UID_LENGTH:
            return "longer than 64 characters"
        return None if _UID.fullmatch(value) else "not digits and dots without leading zeros"
    return None


def composite_fault(
    definition: Definition, value: FieldValue, version: str, *, judged: Sequence[bool] = ()
) -> str | None:
    """What is wrong with the parts of a composite value: times and sequence numbers within it, and identifiers that
    say whose they are but not what. None when nothing is, or when the type demands nothing.

    Knows CX, EI and HD, within other types too. `judged` says of each component whether it is judged elsewhere.
    """
    parts = tuple(value) if isinstance(value, tuple) else (value,)
    first = bool(judged) and judged[0]
    if definition.datatype in ("CX", "EI") and not first and not _leaf(parts[0]) and any(map(_leaf, parts)):
        return "an authority, but no identifier"
    if definition.datatype == "HD":
        return _designator(parts)
    if definition.datatype == "EI":
        return _designator(parts[1:])
    for number, (component, part) in enumerate(zip(definition.components, parts, strict=False), 1):
        if number <= len(judged) and judged[number - 1]:
            continue
        fault = _component_fault(component, part, version)
        if fault is not None:
            return f"component {number}, {component.name}: {fault}"
    return None


def _component_fault(component: Definition, part: FieldValue, version: str) -> str | None:
    if component.datatype in _TIMES:
        return datatype_fault(component.datatype, _leaf(part), version)
    if component.datatype in ("HD", "EI") and isinstance(part, tuple):
        return _designator(part if component.datatype == "HD" else part[1:])
    return None


def _designator(parts: tuple[FieldValue, ...]) -> str | None:
    """Of a hierarchic designator: namespace, universal ID and the type of the latter."""
    universal = _leaf(parts[1]) if len(parts) > 1 else ""
    kind = _leaf(parts[2]) if len(parts) > 2 else ""
    if universal and not kind:
        return "a universal ID without its type"
    if universal and kind == "ISO" and _UID.fullmatch(universal) is None:
        return f"{universal[:_UID_LENGTH]} is no OID"
    return None


def _leaf(part: FieldValue) -> str:
    """The text of a part, of its own first part when it has several."""
    while not isinstance(part, str):
        if not part:
            return ""
        part = part[0]
    return part.strip()


def _moment(pattern: re.Pattern[str], value: str, form: str) -> str | None:
    found = pattern.fullmatch(value)
    if found is None:
        return f"not of the form {form}"
    parts = found.groupdict()
    for name, highest in _LIMITS:
        if parts.get(name) and int(parts[name]) > highest:
            return f"{name} {parts[name]} does not exist"
    zone = parts.get("zone")
    if zone and (int(zone[:2]) > 15 or int(zone[2:]) > 59):
        return f"zone {zone} does not exist"
    if parts.get("year") is None:
        return None
    try:
        date(int(parts["year"]), int(parts.get("month") or 1), int(parts.get("day") or 1))
    except ValueError:
        return f"{value[:8]} is no date"
    return None


def _hour_alone(version: str) -> bool:
    return not version.startswith(("2.1", "2.2", "2.3", "2.4"))


def _unclean(value: str) -> bool:
    return value != value.strip() or any(ord(character) < 0x20 for character in value)
