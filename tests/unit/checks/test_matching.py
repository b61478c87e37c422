from __future__ import annotations

from typing import Any

import pytest

from harness.checks.matching import Mismatch, excused, mismatches
from harness.model.tables import KeyRow, KeyTable
from harness.model.verdict import Confidence


def wrong(tools: Any, key: dict[str, object], value: dict[str, object], combined: bool = False) -> list[str]:
    found = mismatches(tools.dataset(**key), tools.dataset(**value), combined=combined)
    return [one.path for one in found]


@pytest.mark.parametrize(
    ("keyword", "key", "value", "matches"),
    [
        ("PatientID", "P1", "P1", True),
        ("PatientID", "P1", "P10", False),
        ("PatientID", "P1", "p1", False),
        ("PatientID", "", "P1", True),
        ("PatientID", "*", "P1", True),
        ("PatientID", "P*", "P1", True),
        ("PatientID", "P?", "P12", False),
        ("PatientID", "P1", "", False),
        ("PatientName", "doe^j*", "DOE^JANE", True),
        ("PatientName", "DOE^JANE", "DOE^JANE^^^", True),
        ("PatientName", "DOE^JANE", "DOE^JANET", False),
        ("PatientName", "MULLER", "M\u00dcLLER", True),
        ("PatientName", "\u5c71\u7530*", "Yamada^Tarou=\u5c71\u7530^\u592a\u90ce", True),
        ("StudyInstanceUID", "1.2\\1.3", "1.3", True),
        ("StudyInstanceUID", "1.2\\1.3", "1.4", False),
        ("StudyDate", "20240101-20240131", "20240115", True),
        ("StudyDate", "20240101-", "20231231", False),
        ("StudyDate", "-20240131", "20240101", True),
        ("StudyDate", "20240115", "20240116", False),
        ("StudyTime", "1000-1100", "105959", True),
        ("StudyTime", "1000-1100", "110059.9", True),
        ("StudyTime", "1000-1059", "110000", False),
        ("InstanceNumber", "1", "01", True),
        ("ModalitiesInStudy", "CT", "MR\\CT", True),
        ("ModalitiesInStudy", "MR\\CT", "CT", True),
    ],
)
def test_a_value_satisfies_a_key_or_contradicts_it(
    keyword: str, key: str, value: str, matches: bool, tools: Any
) -> None:
    assert wrong(tools, {keyword: key}, {keyword: value}) == ([] if matches else [keyword])


def test_a_missing_attribute_contradicts_nothing_and_some_attributes_are_no_keys(tools: Any) -> None:
    assert wrong(tools, {"PatientID": "P1"}, {}) == []
    assert wrong(tools, {"SpecificCharacterSet": "ISO_IR 100"}, {"SpecificCharacterSet": "ISO_IR 192"}) == []


def test_one_item_of_a_sequence_has_to_satisfy_the_keys(tools: Any) -> None:
    def steps(*modalities: str) -> dict[str, object]:
        return {"ScheduledProcedureStepSequence": [tools.dataset(Modality=modality) for modality in modalities]}

    assert wrong(tools, steps("CT"), steps("MR", "CT")) == []
    assert wrong(tools, steps("CT"), steps("MR")) == ["ScheduledProcedureStepSequence[0].Modality"]
    assert wrong(tools, steps(""), {"ScheduledProcedureStepSequence": []}) == []
    assert wrong(tools, steps("CT"), {"ScheduledProcedureStepSequence": []}) == ["ScheduledProcedureStepSequence"]


def test_a_worklist_query_combines_date_and_time_of_the_start(tools: Any) -> None:
    def start(date: str, clock: str) -> dict[str, object]:
        item = tools.dataset(ScheduledProcedureStepStartDate=date, ScheduledProcedureStepStartTime=clock)
        return {"ScheduledProcedureStepSequence": [item]}

    key = start("20240101-20240103", "1000-1100")
    assert wrong(tools, key, start("20240102", "230000"), combined=True) == []
    assert wrong(tools, key, start("20240103", "110100"), combined=True) != []
    assert wrong(tools, key, start("20240102", "230000")) != []
    assert wrong(tools, start("-20240102", "235959-"), start("20240102", "235959.5"), combined=True) == []
    assert wrong(tools, start("-20240102", "1000-1100"), start("20231231", "0900"), combined=True) == []
    assert wrong(tools, start("-20240102", "1000-1100"), start("20240102", "1200"), combined=True) != []


def test_hostile_wildcards_come_to_an_end(tools: Any) -> None:
    assert wrong(tools, {"PatientComments": "*a" * 2000 + "b"}, {"PatientComments": "a" * 4000}) != []


@pytest.mark.parametrize(
    ("matching", "key", "loose", "free"),
    [
        ("single value", "P1", True, False),
        ("single value", "P*", False, True),
        ("single value, wildcard", "P*", False, False),
        ("single value", "20240101-20240102", False, True),
        ("", "P1", False, False),
        ("", "P1", True, True),
    ],
)
def test_matching_that_nobody_has_to_support_is_excused(matching: str, key: str, loose: bool, free: bool) -> None:
    rows = {"A[*].PatientID": KeyRow(matching=matching, type="1", confidence=Confidence.VERIFIED)}
    keys = KeyTable(citation="PS3.4", rows=rows)
    assert excused(Mismatch("A[0].PatientID", key, "X"), keys, loose=loose) is free


def test_a_key_without_a_row_is_optional() -> None:
    assert excused(Mismatch("PatientID", "P1", "X"), None, loose=True)
    assert not excused(Mismatch("PatientID", "P1", "X"), None, loose=False)
