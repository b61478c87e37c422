"""How two values are compared across HL7 and DICOM. Knows values only, nothing of messages.

A code is written as HL7 writes it, `value^meaning^scheme`, whichever protocol it came from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from harness.model.tables import Comparison


class Syntax(Enum):
    """How a value was written."""

    DICOM = "DICOM"
    HL7 = "HL7"
    XCN = "HL7 XCN"
    """An HL7 name behind an identifier."""


class Term(NamedTuple):
    """A value as it stood in a message, decoded."""

    text: str
    syntax: Syntax = Syntax.DICOM


def equal(kind: Comparison, left: Term, right: Term) -> bool:
    """Whether two values are the same under a comparison."""
    if kind is Comparison.NAME:
        return _same_name(left, right)
    if kind is Comparison.TIME:
        return _same_time(left, right)
    if kind is Comparison.CODE:
        return _same_code(left, right)
    normal = _NORMAL[kind]
    return normal(left) == normal(right)


def is_empty(kind: Comparison, term: Term) -> bool:
    """Whether a value says nothing under a comparison; the HL7 null `""` says nothing."""
    if kind is Comparison.NAME:
        return not any(_name_groups(term))
    if kind is Comparison.TIME:
        return not _clock(term)
    if kind is Comparison.CODE:
        return not _code(term)[0]
    return not _NORMAL[kind](term)


def _text(term: Term) -> str:
    text = term.text.strip(" \0")
    return "" if text == '""' else text


def _date(term: Term) -> str:
    return re.sub(r"[^0-9]", "", _text(term).replace(".", ""))[:8]


def _sex(term: Term) -> str:
    value = _text(term).upper()
    return "" if value in {"U", "A", "N"} else value


_NORMAL: Mapping[Comparison, Callable[[Term], str]] = MappingProxyType(
    {Comparison.TEXT: _text, Comparison.UID: _text, Comparison.DATE: _date, Comparison.SEX: _sex}
)


def _name_groups(term: Term) -> tuple[tuple[str, ...], ...]:
    """Component groups of a name, each as family, given, middle, prefix, suffix without trailing empty parts."""
    text = _text(term)
    if term.syntax is Syntax.DICOM:
        groups = [_trimmed(group.split("^")) for group in text.split("=")]
        while groups and not groups[-1]:
            groups.pop()
        return tuple(groups)
    parts = text.split("^")[1 if term.syntax is Syntax.XCN else 0 :][:5]
    parts = [part.split("&")[0] for part in parts] + [""] * (5 - len(parts))
    family, given, middle, suffix, prefix = parts
    name = _trimmed([family, given, middle, prefix, suffix])
    return (name,) if name else ()


def _trimmed(parts: list[str]) -> tuple[str, ...]:
    clean = ["" if part == '""' else part.strip() for part in parts]
    while clean and not clean[-1]:
        clean.pop()
    return tuple(clean)


def _same_name(left: Term, right: Term) -> bool:
    one, other = _name_groups(left), _name_groups(right)
    if (left.syntax is Syntax.DICOM) == (right.syntax is Syntax.DICOM):
        return one == other
    single, groups = (one, other) if right.syntax is Syntax.DICOM else (other, one)
    return not any(groups) if not single else single[0] in groups


def _clock(term: Term) -> str:
    """The digits of a time of day, fraction included; of an HL7 time stamp the part behind the date."""
    text = re.split(r"[+-]", _text(term))[0].split("^")[0].replace(":", "")
    whole, _, fraction = text.partition(".")
    if term.syntax is not Syntax.DICOM and len(whole) >= 8:
        whole = whole[8:]
    return whole + fraction if len(whole) == 6 else whole


def _same_time(left: Term, right: Term) -> bool:
    one, other = _clock(left), _clock(right)
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter] if shorter else one == other


def _code(term: Term) -> tuple[str, str]:
    parts = [part.strip() for part in _text(term).split("^")] + ["", ""]
    return ("" if parts[0] == '""' else parts[0], parts[2])


def _same_code(left: Term, right: Term) -> bool:
    (value, scheme), (other_value, other_scheme) = _code(left), _code(right)
    return value == other_value and (not scheme or not other_scheme or scheme == other_scheme)
