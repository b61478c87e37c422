"""Whether an entity satisfies the matching keys of a query (PS3.4 C.2.2.2). Knows identifiers only, no exchanges."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from harness.dicom.paths import element_of, elements, first, name_of, value_text
from harness.model.tables import KeyRow, KeyTable

NOT_KEYS = frozenset(
    Tag(number)
    for number in (
        "SpecificCharacterSet",
        "TimezoneOffsetFromUTC",
        "QueryRetrieveLevel",
        "RetrieveAETitle",
        "InstanceAvailability",
    )
)
"""Attributes of an identifier that select nothing."""

_WILD = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
_RANGES = frozenset({"DA", "TM", "DT"})
_STEP_START: Mapping[BaseTag, BaseTag] = MappingProxyType(
    {Tag("ScheduledProcedureStepStartDate"): Tag("ScheduledProcedureStepStartTime")}
)
"""Date and time that a worklist query combines into one range (PS3.4 K.4.1.1.3.1)."""


@dataclass(frozen=True)
class Mismatch:
    """A key whose value an entity contradicts."""

    path: str
    key: str
    value: str


def mismatches(identifier: Dataset, entity: Dataset, *, combined: bool = False) -> tuple[Mismatch, ...]:
    """The keys that an entity contradicts; an attribute that it lacks contradicts nothing.

    `combined`: date and time of the scheduled start form one range, as in a worklist query.
    """
    return tuple(_mismatches(identifier, entity, "", combined))


def excused(one: Mismatch, keys: KeyTable | None, *, loose: bool) -> bool:
    """Whether nobody has to match that key so: the key is optional and the answer says so (FF01), or this kind of
    matching is not required for it."""
    row = _key_row(one.path, keys)
    if row is None or not row.matching:
        return loose
    return not any(kind in row.matching for kind in _kinds_of_matching(one.key))


def surely_matches(
    identifier: Dataset, valued: Sequence[tuple[str, DataElement]], entity: Dataset, keys: KeyTable | None
) -> bool:
    """Whether every SCP has to return the entity: each key with a value is one that it holds, and is satisfied letter
    by letter, by a kind of matching that the key table requires. A single value always selects (PS3.4 C.2.2.2.1).

    `valued` are the `valued_keys` of the identifier.
    """
    if not all(_surely(path, key, entity, keys) for path, key in valued):
        return False
    return not mismatches(identifier, entity, combined=True)


def valued_keys(identifier: Dataset, prefix: str = "") -> Iterator[tuple[str, DataElement]]:
    """The keys of a query that have a value, with their paths."""
    for element in elements(identifier):
        path = f"{prefix}{name_of(element.tag)}"
        if element.VR == "SQ":
            for item in element.value[:1]:
                yield from valued_keys(item, f"{path}[0].")
        elif element.tag not in NOT_KEYS and value_text(element).strip(" \0"):
            yield path, element


def _surely(path: str, key: DataElement, entity: Dataset, keys: KeyTable | None) -> bool:
    wanted, held = value_text(key).strip(" \0"), first(entity, path).strip(" \0")
    kinds = _kinds_of_matching(wanted)
    if "single" in kinds:
        return _bare(wanted) == _bare(held) if key.VR == "PN" else wanted == held
    row = _key_row(path, keys)
    if row is None or not any(kind in row.matching for kind in kinds):
        return False
    return bool(held) and ("wildcard" not in kinds or _wildcard(wanted, held))


def _key_row(path: str, keys: KeyTable | None) -> KeyRow | None:
    bare = re.sub(r"\[(\d+|\*)\]", "", path)
    for name, row in keys.rows.items() if keys is not None else ():
        if re.sub(r"\[(\d+|\*)\]", "", name) == bare:
            return row
    return None


def _kinds_of_matching(key: str) -> tuple[str, ...]:
    if set(key) & {"*", "?"}:
        return ("wildcard",)
    if re.fullmatch(r"[0-9.: ]*-[0-9.: -]*", key):
        return ("range",)
    if "\\" in key:
        return ("list",)
    return ("single", "sequence", "list", "wildcard", "universal")


def _mismatches(identifier: Dataset, entity: Dataset, prefix: str, combined: bool) -> Iterator[Mismatch]:
    done: set[BaseTag] = set()
    if combined:
        for date, time in _STEP_START.items():
            if date in identifier and time in identifier and date in entity and time in entity:
                yield from _start_mismatch(identifier, entity, (date, time), prefix, done)
    for element in elements(identifier):
        tag, sequence = element.tag, element.VR == "SQ"
        if not sequence and not value_text(element).strip(" \0"):
            continue
        found = element_of(entity, tag) if tag not in NOT_KEYS and tag not in done and not tag.is_private else None
        if found is None:
            continue
        if sequence:
            yield from _sequence_mismatch(element, found, prefix, combined)
        elif not value_matches(element, found):
            yield Mismatch(f"{prefix}{name_of(tag)}", value_text(element), value_text(found))


def _sequence_mismatch(key: DataElement, found: DataElement, prefix: str, combined: bool) -> Iterator[Mismatch]:
    """Sequence matching: at least one item satisfies the keys of the one item in the request (PS3.4 C.2.2.2.6)."""
    if not key.value or found.VR != "SQ" or not _selects(key.value[0]):
        return
    here = f"{prefix}{name_of(key.tag)}"
    if not found.value:
        yield Mismatch(here, "an item", "")
        return
    faults = [
        tuple(_mismatches(key.value[0], item, f"{here}[{index}].", combined)) for index, item in enumerate(found.value)
    ]
    if all(faults):
        yield from faults[0]


def _selects(item: Dataset) -> bool:
    """Whether any key of a request's item has a value."""
    return any(
        _selects(element.value[0]) if element.VR == "SQ" and element.value else bool(value_text(element))
        for element in elements(item)
    )


def value_matches(key: DataElement, found: DataElement) -> bool:
    """Whether a returned attribute satisfies one key: universal, single value, wildcard, range or list of UIDs."""
    wanted = value_text(key).strip(" \0")
    if not wanted or (key.VR in _WILD and set(wanted) == {"*"}):
        return True
    have = value_text(found).strip(" \0")
    if not have:
        return False
    values = [value.strip(" \0") for value in have.split("\\")]
    if key.VR in _RANGES:
        return any(_in_range(key.VR, wanted, value) for value in values)
    return any(_single(key.VR, one.strip(" \0"), value) for one in wanted.split("\\") for value in values)


def _single(vr: str, wanted: str, value: str) -> bool:
    if not wanted:
        return True
    if vr == "PN":
        return _name_matches(wanted, value)
    if vr in _WILD and set(wanted) & {"*", "?"}:
        return _wildcard(wanted, value)
    if vr in {"IS", "DS"}:
        return _number(wanted) == _number(value)
    return wanted == value


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _wildcard(pattern: str, value: str) -> bool:
    """`*` stands for any text, `?` for one character; in time proportional to both lengths."""
    at = here = 0
    star, resume = -1, 0
    while here < len(value):
        if at < len(pattern) and pattern[at] == "*":
            star, resume = at, here
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", value[here]):
            at, here = at + 1, here + 1
        elif star >= 0:
            resume += 1
            at, here = star + 1, resume
        else:
            return False
    return not pattern[at:].strip("*")


def _name_matches(wanted: str, value: str) -> bool:
    """Names may be matched without regard to case, accents and component groups (PS3.4 C.2.2.2.1)."""
    pattern, name = _folded(wanted), _folded(value)
    groups = [_bare(group) for group in name.split("=")]
    patterns = [_bare(group) for group in pattern.split("=") if _bare(group)]
    if len(patterns) > 1 and _wildcard(_bare(pattern), _bare(name)):
        return True
    return all(any(_wildcard(one, group) for group in (*groups, name)) for one in patterns)


def _bare(group: str) -> str:
    return group.strip(" ").rstrip("^ ") or group.strip("^ ")


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).casefold()


def _in_range(vr: str, wanted: str, value: str) -> bool:
    low, high = bounds(wanted)
    return _low(vr, low) <= _low(vr, value) <= _high(vr, high)


def bounds(wanted: str) -> tuple[str, str]:
    """Lower and upper end of a range key; a single value is both (PS3.4 C.2.2.2.5)."""
    match = re.fullmatch(r"([0-9.:]*)-([0-9.:]*)", wanted.strip())
    return (match[1], match[2]) if match else (wanted, wanted)


def _low(vr: str, text: str) -> str:
    return _plain(text).ljust(_WIDTH[vr], "0")


def _high(vr: str, text: str) -> str:
    plain = _plain(text)
    if not plain:
        return "9" * _WIDTH[vr]
    return plain.ljust(_WIDTH[vr], "9")


_WIDTH: Mapping[str, int] = MappingProxyType({"DA": 8, "TM": 12, "DT": 20})


def _plain(text: str) -> str:
    return re.sub(r"[.:]", "", text.strip(" \0"))


def _start_mismatch(
    identifier: Dataset, entity: Dataset, tags: tuple[BaseTag, BaseTag], prefix: str, done: set[BaseTag]
) -> Iterator[Mismatch]:
    """A date range and a time range mean one span, from first date and time to last (PS3.4 K.4.1.1.3.1)."""
    date, time = tags
    wanted_date, wanted_time = value_text(identifier[date]), value_text(identifier[time])
    if "-" not in wanted_date or "-" not in wanted_time:
        return
    done.update(tags)
    value = value_text(entity[date]), value_text(entity[time])
    (first_day, last_day), (first_time, last_time) = bounds(wanted_date), bounds(wanted_time)
    low = _low("DA", first_day) + _low("TM", first_time)
    high = _high("DA", last_day) + _high("TM", last_time)
    if not low <= _low("DA", value[0]) + _low("TM", value[1]) <= high:
        yield Mismatch(f"{prefix}{name_of(date)}", f"{wanted_date} {wanted_time}", " ".join(value))
