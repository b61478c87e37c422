"""C-FIND matching and the answer to it (PS3.4 C.2.2.2, K.4.1.1): pure, on data sets.

Supports single value, list of UID, universal, wildcard, range and sequence matching. Step start date and time ranges
are taken together (PS3.4 K.6-1), and an optional key that the entry does not have matches everything.
"""

from __future__ import annotations

import copy
import fnmatch
import re
from collections.abc import Sequence

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from harness.dicom.paths import first, value_text

_START_DATE, _START_TIME = "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"
_FIRST_TIME, _LAST_TIME = "000000.000000", "235959.999999"
_NOT_KEYS = frozenset({"SpecificCharacterSet", "TimezoneOffsetFromUTC", "QueryRetrieveLevel"})
_RANGES = frozenset({"DA", "TM", "DT"})


def matches(keys: Dataset, entry: Dataset) -> bool:
    """Whether the entry meets every matching key of the identifier."""
    combined = _combined_range(keys, entry)
    skipped = {_START_DATE, _START_TIME} if combined is not None else set()
    return combined is not False and all(_meets(key, entry) for key in keys if key.keyword not in skipped | _NOT_KEYS)


def answer(keys: Dataset, entry: Dataset) -> Dataset:
    """The requested attributes that the entry has, and no others (PS3.4 K.4.1.1.3.2)."""
    response = Dataset()
    for key in keys:
        if key.tag not in entry or key.keyword in _NOT_KEYS:
            continue
        element = entry[key.tag]
        if key.VR == "SQ" and element.VR == "SQ":
            items = [_answer_item(key.value, item) for item in element.value]
            response[key.tag] = DataElement(key.tag, "SQ", items)
        else:
            response[key.tag] = copy.deepcopy(element)
    return response


def unsupported(keys: Dataset, entry: Dataset) -> bool:
    """Whether the identifier asks for an attribute that entries never have: the responses then say so (FF01)."""
    for key in keys:
        if key.keyword in _NOT_KEYS:
            continue
        if key.tag not in entry:
            return True
        if key.keyword == "ScheduledProcedureStepSequence" and any(
            unsupported(asked, item) for asked in key.value for item in entry[key.tag].value
        ):
            return True
    return False


def _answer_item(asked: Sequence[Dataset], item: Dataset) -> Dataset:
    """One item with the attributes asked for; an empty item, or none, asks for all (PS3.4 C.2.2.2.6)."""
    return answer(asked[0], item) if asked and len(asked[0]) else copy.deepcopy(item)


def _meets(key: DataElement, entry: Dataset) -> bool:
    if key.tag not in entry:
        return True
    element = entry[key.tag]
    if key.VR == "SQ":
        asked = [item for item in key.value if _constrains(item)]
        if not asked or element.VR != "SQ":
            return True
        return any(matches(asked[0], item) for item in element.value)
    wanted, value = value_text(key).strip(), value_text(element).strip()
    if not wanted:
        return True
    if key.VR == "UI":
        return value in wanted.split("\\")
    if key.VR in _RANGES:
        return _in_range(value, wanted, key.VR)
    if key.VR == "PN":
        return _name_matches(value, wanted)
    return _text_matches(value, wanted)


def _constrains(item: Dataset) -> bool:
    """Whether an item of a sequence key holds any value."""
    return any(
        any(_constrains(nested) for nested in key.value) if key.VR == "SQ" else bool(value_text(key).strip())
        for key in item
    )


# text and names


def _text_matches(value: str, wanted: str) -> bool:
    if "*" in wanted or "?" in wanted:
        return _glob(wanted).fullmatch(value) is not None
    return value == wanted


def _name_matches(value: str, wanted: str) -> bool:
    """Names match without regard to case, in any component group (PS3.4 C.2.2.2.1, C.2.2.2.4)."""
    candidates = {_plain_name(value), *(_plain_name(group) for group in value.split("="))} - {""}
    return any(_text_matches(candidate, _plain_name(wanted)) for candidate in candidates)


def _plain_name(name: str) -> str:
    return "=".join(group.strip().rstrip("^").strip() for group in name.casefold().split("=")).rstrip("=")


def _glob(pattern: str) -> re.Pattern[str]:
    """`*` any characters, `?` one; the translation does not backtrack, whatever the pattern."""
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]")))


# dates and times


def _in_range(value: str, wanted: str, vr: str) -> bool:
    """Single value or range; a range open on one side ends nowhere. A time is as precise as it is written."""
    if not value:
        return False
    low, is_range, high = wanted.partition("-")
    if vr == "TM":
        return _time_in_range(value, low, high, is_range=bool(is_range))
    if not is_range:
        return value == wanted
    return (not low or value >= low) and (not high or value <= high)


def _time_in_range(value: str, low: str, high: str, *, is_range: bool) -> bool:
    earliest, latest = _padded(low, _FIRST_TIME), _padded(high if is_range else low, _LAST_TIME)
    return earliest <= _padded(value, _FIRST_TIME) <= latest


def _padded(time: str, filling: str) -> str:
    """A time with every digit, missing ones taken from `filling`, so that times compare as text."""
    whole, _, fraction = time.replace(":", "").strip().partition(".")
    full, _, rest = filling.partition(".")
    if len(whole) < len(full):
        fraction = ""
    return f"{whole[: len(full)]}{full[len(whole) :]}.{fraction[: len(rest)]}{rest[len(fraction) :]}"


def _combined_range(keys: Dataset, entry: Dataset) -> bool | None:
    """Whether the start lies between date1 time1 and date2 time2; None when the keys ask for no such range."""
    date, time = first(keys, _START_DATE).strip(), first(keys, _START_TIME).strip()
    if not date or not time or "-" not in date + time:
        return None
    start = first(entry, _START_DATE) + _padded(first(entry, _START_TIME), _FIRST_TIME)
    from_date, until_date = _ends(date)
    from_time, until_time = _ends(time)
    earliest = from_date + _padded(from_time, _FIRST_TIME) if from_date else ""
    latest = until_date + _padded(until_time, _LAST_TIME) if until_date else ""
    return (not earliest or start >= earliest) and (not latest or start <= latest)


def _ends(wanted: str) -> tuple[str, str]:
    low, is_range, high = wanted.partition("-")
    return (low, high) if is_range else (low, low)
