"""Attribute matching of C-FIND (PS3.4 C.2.2.2): single value, list of UID, universal, wildcard, range, sequence.

Pure functions on data sets. Names are compared without regard to case, everything else with it.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from harness.dicom.paths import value_text

_WILDCARD_VRS = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
_LOWEST_TIME = "000000000000"
_HIGHEST_TIME = "235959999999"


def matches(keys: Iterable[DataElement], candidate: Dataset) -> bool:
    """Whether the candidate matches every key; an empty key matches everything (PS3.4 C.2.2.2.3)."""
    return all(element_matches(key, candidate) for key in keys)


def element_matches(key: DataElement, candidate: Dataset) -> bool:
    """Whether the candidate's attribute matches one key."""
    stored: DataElement | None = candidate.get(key.tag)
    if key.VR == "SQ":
        return _sequence_matches(key, stored)
    wanted = value_text(key).strip(" \0")
    if not wanted:
        return True
    found = value_text(stored).strip(" \0") if stored is not None else ""
    if wanted == "*" and key.VR in _WILDCARD_VRS:
        return True
    return _text_matches(key.VR, wanted, found)


def _sequence_matches(key: DataElement, stored: DataElement | None) -> bool:
    """An item of the candidate has to match all keys of the key's one item (PS3.4 C.2.2.2.6)."""
    keys = [element for item in key.value for element in item]
    if all(_is_universal(element) for element in keys):
        return True
    if stored is None or stored.VR != "SQ":
        return False
    return any(matches(keys, item) for item in stored.value)


def _is_universal(key: DataElement) -> bool:
    if key.VR == "SQ":
        return all(_is_universal(element) for item in key.value for element in item)
    return value_text(key).strip(" \0") == ""


def _text_matches(vr: str, wanted: str, found: str) -> bool:
    if vr == "DA":
        return range_matches(wanted, found, "00000000", "99999999")
    if vr == "TM":
        return range_matches(wanted.replace(".", ""), found.replace(".", ""), _LOWEST_TIME, _HIGHEST_TIME)
    if vr == "PN":
        return any(wildcard_matches(_name(wanted), name) for name in (_name(found), *map(_name, found.split("="))))
    values = [value.strip() for value in found.split("\\")]
    return any(_one_matches(vr, one.strip(), value) for one in wanted.split("\\") for value in values)


def _one_matches(vr: str, wanted: str, found: str) -> bool:
    if vr in _WILDCARD_VRS:
        return wildcard_matches(wanted, found)
    if vr in ("IS", "DS"):
        return _number(wanted) == _number(found)
    return wanted == found


def _name(text: str) -> str:
    """A person name, or one component group of it, without trailing empty parts and without case."""
    return "=".join(group.strip().rstrip("^ ") for group in text.split("=")).rstrip("=").casefold()


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def wildcard_matches(pattern: str, text: str) -> bool:
    """`*` stands for any characters, `?` for one (PS3.4 C.2.2.2.4); time is bounded by the product of the lengths."""
    at, place, star, retry = 0, 0, -1, 0
    while place < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, retry = at, place
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[place]):
            at, place = at + 1, place + 1
        elif star >= 0:
            retry += 1
            at, place = star + 1, retry
        else:
            return False
    return all(character == "*" for character in pattern[at:])


def range_matches(wanted: str, found: str, lowest: str, highest: str) -> bool:
    """Single value or range `a-b`, `a-`, `-b` with both ends included, to the precision given (PS3.4 C.2.2.2.5)."""
    if not found:
        return False
    if "-" not in wanted:
        return found.startswith(wanted)
    start, _, end = wanted.partition("-")
    padded = found.ljust(len(lowest), "0")
    return start + lowest[len(start) :] <= padded <= end + highest[len(end) :]
