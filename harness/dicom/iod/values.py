"""Whether a value keeps to its value representation (PS3.5 6.2). Pure: text in, faults out.

Form (VR) and limits (length, repertoire) are told apart: a value of the wrong form cannot be read, one that is too
long mostly can.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from harness.dicom.iod.faults import Kind

Complaint = tuple[Kind, str]
"""What is wrong with one value, and what was expected."""

_CONTROL = re.compile(r"[\x00-\x1a\x1c-\x1f\x7f]")
_CONTROL_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_CS = re.compile(r"[A-Z0-9 _]*\Z")
_UI = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*\Z")
_AS = re.compile(r"[0-9]{3}[DWMY]\Z")
_DA = re.compile(r"[0-9]{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])\Z")
_TM = re.compile(r"(?:[01][0-9]|2[0-3])(?:[0-5][0-9](?:(?:[0-5][0-9]|60)(?:\.[0-9]{1,6})?)?)?\Z")
_DT = re.compile(
    r"[0-9]{4}(?:(?:0[1-9]|1[0-2])(?:(?:0[1-9]|[12][0-9]|3[01])(?:(?:[01][0-9]|2[0-3])(?:[0-5][0-9]"
    r"(?:(?:[0-5][0-9]|60)(?:\.[0-9]{1,6})?)?)?)?)?)?(?:[+-](?:0[0-9]|1[0-4])[0-5][0-9])?\Z"
)
_DS = re.compile(r" *[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)? *\Z")
_IS = re.compile(r" *[+-]?[0-9]+ *\Z")


def _formed(pattern: re.Pattern[str], what: str, longest: int = 0) -> Callable[[str], Complaint | None]:
    def check(value: str) -> Complaint | None:
        if pattern.match(value) is None:
            return Kind.VR, what
        return (Kind.LIMITS, f"at most {longest} characters") if longest and len(value) > longest else None

    return check


def _text(longest: int, control: re.Pattern[str] = _CONTROL) -> Callable[[str], Complaint | None]:
    def check(value: str) -> Complaint | None:
        if longest and len(value) > longest:
            return Kind.LIMITS, f"at most {longest} characters"
        return (Kind.LIMITS, "no control characters") if control.search(value) else None

    return check


def _code_string(value: str) -> Complaint | None:
    if len(value) > 16:
        return Kind.LIMITS, "at most 16 characters"
    return None if _CS.match(value) else (Kind.LIMITS, "upper case letters, digits, space and underscore")


def _integer_string(value: str) -> Complaint | None:
    if _IS.match(value) is None:
        return Kind.VR, "an integer (IS)"
    if len(value) > 12:
        return Kind.LIMITS, "at most 12 characters"
    return None if -(2**31) <= int(value) < 2**31 else (Kind.VR, "an integer of 32 bits (IS)")


def _name(value: str) -> Complaint | None:
    groups = value.split("=")
    if len(groups) > 3:
        return Kind.VR, "at most three component groups (PN)"
    for group in groups:
        if len(group) > 64:
            return Kind.LIMITS, "at most 64 characters in a component group"
        if group.count("^") > 4:
            return Kind.VR, "at most five components (PN)"
    return (Kind.LIMITS, "no control characters") if _CONTROL.search(value) else None


def _entity(value: str) -> Complaint | None:
    if len(value.strip(" ")) > 16:
        return Kind.LIMITS, "at most 16 characters"
    if _CONTROL.search(value) or not value.isascii():
        return Kind.LIMITS, "no control characters"
    return None


CHECKS: Mapping[str, Callable[[str], Complaint | None]] = MappingProxyType(
    {
        "AE": _entity,
        "AS": _formed(_AS, "nnnD, nnnW, nnnM or nnnY (AS)"),
        "CS": _code_string,
        "DA": _formed(_DA, "YYYYMMDD (DA)"),
        "DS": _formed(_DS, "a decimal number (DS)", 16),
        "DT": _formed(_DT, "YYYYMMDDHHMMSS.FFFFFF&ZZXX (DT)"),
        "IS": _integer_string,
        "LO": _text(64),
        "LT": _text(10240, _CONTROL_IN_TEXT),
        "PN": _name,
        "SH": _text(16),
        "ST": _text(1024, _CONTROL_IN_TEXT),
        "TM": _formed(_TM, "HHMMSS.FFFFFF (TM)"),
        "UC": _text(0),
        "UI": _formed(_UI, "a UID (UI)", 64),
        "UR": _text(0),
        "UT": _text(0, _CONTROL_IN_TEXT),
    }
)
"""For each VR of text what is wrong with one value that is not empty; trailing padding is already gone."""

SIZES: Mapping[str, int] = MappingProxyType(
    {"US": 2, "SS": 2, "US or SS": 2, "UL": 4, "SL": 4, "FL": 4, "FD": 8, "AT": 4, "UV": 8, "SV": 8}
)
"""Bytes of one value of each binary VR that has a multiplicity."""

SINGLE = frozenset({"LT", "ST", "UT", "UR"})
"""Texts in which a backslash is a character: one value always."""
OF_CHARACTER_SET = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
"""Texts that Specific Character Set governs (PS3.5 6.1.2.3)."""
