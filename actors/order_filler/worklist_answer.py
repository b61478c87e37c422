"""Worklist matching and the answer to a query (PS3.4 K.4.1.1): pure, on data sets.

Step start date and time ranges are taken together (PS3.4 K.6-1), and an optional key that the entry does not have
matches everything.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from actors.objects import matching
from actors.objects.matching import FIRST_TIME, LAST_TIME, ends, padded
from harness.dicom.paths import first

_START_DATE, _START_TIME = "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"
_NOT_KEYS = frozenset({"SpecificCharacterSet", "TimezoneOffsetFromUTC", "QueryRetrieveLevel"})


def matches(keys: Dataset, entry: Dataset) -> bool:
    """Whether the entry meets every matching key of the identifier."""
    combined = _in_combined_range(keys, entry)
    if combined is False:
        return False
    ignored = _NOT_KEYS if combined is None else _NOT_KEYS | {_START_DATE, _START_TIME}
    return matching.matches(keys, entry, lacking_matches=True, ignoring=ignored)


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


def _in_combined_range(keys: Dataset, entry: Dataset) -> bool | None:
    """Whether the start lies between date1 time1 and date2 time2; None when the keys ask for no such range."""
    date, time = _of_step(keys, _START_DATE), _of_step(keys, _START_TIME)
    if not date or not time or "-" not in date + time:
        return None
    start = _of_step(entry, _START_DATE) + padded(_of_step(entry, _START_TIME), FIRST_TIME)
    from_date, until_date = ends(date)
    from_time, until_time = ends(time)
    earliest = from_date + padded(from_time, FIRST_TIME) if from_date else ""
    latest = until_date + padded(until_time, LAST_TIME) if until_date else ""
    return (not earliest or start >= earliest) and (not latest or start <= latest)


def _of_step(dataset: Dataset, keyword: str) -> str:
    return first(dataset, f"ScheduledProcedureStepSequence[0].{keyword}").strip()
