"""Attribute matching of C-FIND (PS3.4 C.2.2.2): single value, list of UID, universal, wildcard, range, sequence.

Pure functions on data sets. Names are compared without regard to case, everything else with it.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from harness.dicom.paths import value_text

FIRST_TIME, LAST_TIME = "000000.000000", "235959.999999"
"""The ends of a day."""

_WILDCARD_VRS = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})


def matches(
    keys: Iterable[DataElement],
    candidate: Dataset,
    *,
    lacking_matches: bool,
    ignoring: frozenset[str] = frozenset(),
) -> bool:
    """Whether the candidate meets every key; an empty key is met by everything (PS3.4 C.2.2.2.3).

    `lacking_matches`: whether a candidate that has no such attribute meets a key with a value. `ignoring` are keywords
    that are no keys, at any depth.
    """
    return all(
        _meets(key, candidate, lacking_matches=lacking_matches, ignoring=ignoring)
        for key in keys
        if key.keyword not in ignoring
    )


def _meets(key: DataElement, candidate: Dataset, *, lacking_matches: bool, ignoring: frozenset[str]) -> bool:
    if _is_universal(key):
        return True
    stored: DataElement | None = candidate.get(key.tag)
    if stored is None and lacking_matches:
        return True
    if key.VR != "SQ":
        return _value_meets(key.VR, _text(key), _text(stored) if stored is not None else "")
    if stored is None or stored.VR != "SQ":
        return False
    asked = [element for item in key.value for element in item]
    return any(matches(asked, item, lacking_matches=lacking_matches, ignoring=ignoring) for item in stored.value)


def _is_universal(key: DataElement) -> bool:
    if key.VR == "SQ":
        return all(_is_universal(element) for item in key.value for element in item)
    return not _text(key)


def _text(element: DataElement) -> str:
    return value_text(element).strip(" \0")


def _value_meets(vr: str, wanted: str, found: str) -> bool:
    if vr in ("DA", "DT"):
        return _in_range(wanted, found)
    if vr == "TM":
        return _time_in_range(wanted, found)
    if vr == "PN":
        return any(wildcard_matches(_name(wanted), name) for name in (_name(found), *map(_name, found.split("="))))
    values = [value.strip() for value in found.split("\\")]
    return any(_one_meets(vr, one.strip(), value) for one in wanted.split("\\") for value in values)


def _one_meets(vr: str, wanted: str, found: str) -> bool:
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


# dates and times: both ends included, a range open on one side ends nowhere (PS3.4 C.2.2.2.5)


def ends(wanted: str) -> tuple[str, str]:
    """Both ends of a range, empty where it is open; a single value is both."""
    low, is_range, high = wanted.partition("-")
    return (low, high) if is_range else (low, low)


def _in_range(wanted: str, found: str) -> bool:
    low, high = ends(wanted)
    return bool(found) and (not low or found >= low) and (not high or found <= high)


def _time_in_range(wanted: str, found: str) -> bool:
    low, high = ends(wanted)
    return bool(found) and padded(low, FIRST_TIME) <= padded(found, FIRST_TIME) <= padded(high, LAST_TIME)


def padded(time: str, filling: str) -> str:
    """A time with every digit, missing ones taken from `filling`, so that times compare as text."""
    whole, _, fraction = time.replace(":", "").strip().partition(".")
    full, _, rest = filling.partition(".")
    if len(whole) < len(full):
        fraction = ""
    return f"{whole[: len(full)]}{full[len(whole) :]}.{fraction[: len(rest)]}{rest[len(fraction) :]}"
