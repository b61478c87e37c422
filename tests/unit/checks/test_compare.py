from __future__ import annotations

import pytest

from harness.checks.compare import Syntax, Term, equal, is_empty
from harness.model.tables import Comparison

HL7, XCN, DICOM = Syntax.HL7, Syntax.XCN, Syntax.DICOM


@pytest.mark.parametrize(
    ("kind", "left", "right", "same"),
    [
        (Comparison.TEXT, Term("ACC1 "), Term("ACC1"), True),
        (Comparison.TEXT, Term("ACC1"), Term("acc1"), False),
        (Comparison.UID, Term("1.2.3"), Term("1.2.3\0"), True),
        (Comparison.UID, Term("1.2.3"), Term("1.2.30"), False),
        (Comparison.NAME, Term("DOE^JANE^M^JR^DR", HL7), Term("DOE^JANE^M^DR^JR"), True),
        (Comparison.NAME, Term("DOE^JANE^M^JR^DR", HL7), Term("DOE^JANE^M^JR^DR"), False),
        (Comparison.NAME, Term("77^DOE^JANE", XCN), Term("DOE^JANE^^^"), True),
        (Comparison.NAME, Term("DOE&VAN^JANE", HL7), Term("DOE^JANE"), True),
        (Comparison.NAME, Term("Yamada^Tarou"), Term("Yamada^Tarou=\u5c71\u7530^\u592a\u90ce="), False),
        (Comparison.NAME, Term("\u5c71\u7530^\u592a\u90ce", HL7), Term("Yamada^Tarou=\u5c71\u7530^\u592a\u90ce"), True),
        (Comparison.DATE, Term("20240102101500", HL7), Term("20240102"), True),
        (Comparison.DATE, Term("20240102", HL7), Term("20240103"), False),
        (Comparison.DATE, Term("20240102", HL7), Term("2024.01.02"), True),
        (Comparison.TIME, Term("202401021100", HL7), Term("110000"), True),
        (Comparison.TIME, Term("110000.5"), Term("110000.50"), True),
        (Comparison.TIME, Term("110000"), Term("110001"), False),
        (Comparison.TIME, Term("20240102110000-0500", HL7), Term("11:00"), True),
        (Comparison.SEX, Term("U", HL7), Term(""), True),
        (Comparison.SEX, Term("F", HL7), Term("M"), False),
        (Comparison.CODE, Term("P1^CT chest^99SWF", HL7), Term("P1^another meaning^99SWF"), True),
        (Comparison.CODE, Term("P1^CT chest^99SWF", HL7), Term("P1^CT chest^LN"), False),
        (Comparison.CODE, Term("P1", HL7), Term("P1^CT chest^LN"), True),
    ],
)
def test_values_are_compared_as_their_kind_says(kind: Comparison, left: Term, right: Term, same: bool) -> None:
    assert equal(kind, left, right) is same
    assert equal(kind, right, left) is same


@pytest.mark.parametrize(
    ("kind", "term", "empty"),
    [
        (Comparison.TEXT, Term('""', HL7), True),
        (Comparison.TEXT, Term("0"), False),
        (Comparison.NAME, Term("^^", HL7), True),
        (Comparison.NAME, Term("=Yamada"), False),
        (Comparison.TIME, Term("20240102", HL7), True),
        (Comparison.SEX, Term("U", HL7), True),
        (Comparison.CODE, Term("^text^99SWF", HL7), True),
        (Comparison.DATE, Term(""), True),
    ],
)
def test_a_value_that_says_nothing_is_empty(kind: Comparison, term: Term, empty: bool) -> None:
    assert is_empty(kind, term) is empty
