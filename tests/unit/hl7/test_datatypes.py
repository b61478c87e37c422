"""Lexical forms."""

from __future__ import annotations

from typing import Any

import pytest

from harness.hl7 import datatype_fault, field_definition
from harness.hl7.datatypes import composite_fault


@pytest.mark.parametrize(
    ("datatype", "value", "version"),
    [
        ("TS", "2024", "2.3.1"),
        ("TS", "202401", "2.3.1"),
        ("TS", "20240229", "2.3.1"),
        ("TS", "202401021015", "2.3.1"),
        ("TS", "20240102101500.1234+0100", "2.3.1"),
        ("TS", "2024010210", "2.5.1"),
        ("DTM", "20240102101500-0500", "2.5.1"),
        ("DT", "19700101", "2.3.1"),
        ("TM", "1015", "2.3.1"),
        ("TM", "235959.9", "2.5.1"),
        ("TM", "10", "2.5.1"),
        ("NM", "-12.50", "2.3.1"),
        ("NM", "+.5", "2.3.1"),
        ("SI", "1", "2.3.1"),
        ("ID", "UNICODE UTF-8", "2.5.1"),
        ("UID", "1.2.840.10008.0", "2.5.1"),
        ("UID", "1." + "2" * 62, "2.5.1"),
        ("ST", "anything at all", "2.5.1"),
        ("TS", "", "2.5.1"),
        ("NM", '""', "2.5.1"),
    ],
)
def test_good_values(datatype: str, value: str, version: str) -> None:
    assert datatype_fault(datatype, value, version) is None


@pytest.mark.parametrize(
    ("datatype", "value", "version", "fault"),
    [
        ("TS", "1970-03-15", "2.3.1", "not of the form YYYYMMDDHHMMSS or a part of it"),
        ("TS", "2024010210", "2.3.1", "not of the form YYYYMMDDHHMMSS or a part of it"),
        ("TS", "20240230", "2.3.1", "20240230 is no date"),
        ("TS", "00000101", "2.3.1", "00000101 is no date"),
        ("TS", "202413", "2.5.1", "202413 is no date"),
        ("TS", "202401022400", "2.5.1", "hour 24 does not exist"),
        ("TS", "20240102+9900", "2.5.1", "zone 9900 does not exist"),
        ("TS", "٢٠٢٤", "2.5.1", "not of the form YYYYMMDDHHMMSS or a part of it"),
        ("DT", "197001011200", "2.3.1", "not of the form YYYYMMDD"),
        ("TM", "10", "2.3.1", "not of the form HHMMSS or a part of it"),
        ("TM", "1060", "2.5.1", "minute 60 does not exist"),
        ("NM", "1,5", "2.3.1", "not a number"),
        ("SI", "12345", "2.3.1", "not a sequence number of at most four digits"),
        ("ID", " AA", "2.3.1", "a code has blanks around it or control characters in it"),
        ("UID", "1.02.3", "2.5.1", "not digits and dots without leading zeros"),
        ("UID", "1.2.", "2.5.1", "not digits and dots without leading zeros"),
        ("UID", "1." + "2" * 63, "2.5.1", "longer than 64 characters"),
    ],
)
def test_bad_values(datatype: str, value: str, version: str, fault: str) -> None:
    assert datatype_fault(datatype, value, version) == fault


@pytest.mark.parametrize(
    ("segment", "number", "value", "fault"),
    [
        ("PID", 3, ("1", "", "", "NS"), ""),
        ("PID", 3, ("1", "", "", ("NS", "1.2", "ISO")), ""),
        ("PID", 3, ("1", "", "", ("", "1.2")), "component 4, Assigning Authority: a universal ID without its type"),
        ("PID", 3, ("", "", "", "NS"), "an authority, but no identifier"),
        ("PID", 3, ("1", "", "", "NS", "MR", "", "tomorrow"), "component 7, Effective Date: not of the form YYYYMMDD"),
        ("ORC", 2, ("A1", "OP", "1.2.3", "ISO"), ""),
        ("ORC", 2, ("A1", "OP", "one", "ISO"), "one is no OID"),
        ("ORC", 2, ("A1", "OP", "one.example", "DNS"), ""),
        ("MSH", 3, ("", "1.2"), "a universal ID without its type"),
        ("ORC", 7, ("1", "", "", "202401021100"), ""),
        (
            "ORC",
            7,
            ("1", "", "", "noon"),
            "component 4, Start Date/Time: not of the form YYYYMMDDHHMMSS or a part of it",
        ),
        ("PID", 5, ("", "ASTA"), ""),
        ("OBR", 4, ("CT-CHEST",), ""),
    ],
)
def test_parts_of_composite_values(segment: str, number: int, value: tuple[Any, ...], fault: str) -> None:
    definition = field_definition(segment, number, "2.5.1")
    assert definition is not None
    assert (composite_fault(definition, value, "2.5.1") or "") == fault


def test_an_identifier_may_be_left_to_its_own_row() -> None:
    definition = field_definition("PID", 3, "2.5.1")
    assert definition is not None
    assert composite_fault(definition, ("", "", "", "NS"), "2.5.1", judged=[True]) is None
    assert composite_fault(definition, ("", "", "", "NS"), "2.5.1", judged=[False]) is not None


def test_a_component_may_be_left_to_its_own_row() -> None:
    definition = field_definition("ORC", 7, "2.5.1")
    assert definition is not None
    timing = ("1", "", "", "noon")
    assert composite_fault(definition, timing, "2.5.1", judged=[False, False, False, True]) is None
    assert composite_fault(definition, timing, "2.5.1", judged=[True]) is not None
