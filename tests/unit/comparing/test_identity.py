"""Each run's own identifiers and times are no difference; another identifier than the one that stands for it is."""

from __future__ import annotations

from datetime import date

import pytest

from harness.comparing.identity import Days, Difference, Renaming, Votes
from harness.comparing.leaves import Kind, Leaf

DAYS = Days(date(2026, 1, 31), date(2026, 2, 20))


def number(value: str, domain: str = "accession") -> Leaf:
    return Leaf(value, Kind.IDENTIFIER, domain)


def moment(value: str) -> Leaf:
    return Leaf(value, Kind.TIME)


def known(*pairs: tuple[Leaf, Leaf], days: Days = DAYS) -> Renaming:
    votes = Votes()
    for one, other in pairs:
        votes.add(one, other)
    return votes.renaming(days)


def test_an_identifier_stands_for_another_throughout() -> None:
    found = known((number("A1"), number("B1")), (number("A1"), number("B1")), (number("A2"), number("B2")))
    assert found.difference(number("A1"), number("B1")) is None
    assert found.difference(number("A2"), number("B2")) is None
    assert found.renamed == 2


def test_the_place_that_departs_is_the_difference_and_not_the_many_that_agree() -> None:
    found = known(*[(number("A1"), number("B1"))] * 5, (number("A1"), number("WRONG")))
    assert found.difference(number("A1"), number("B1")) is None
    assert found.difference(number("A1"), number("WRONG")) is Difference.RELATION


def test_one_identifier_where_there_were_two_is_a_difference() -> None:
    found = known((number("A1"), number("B1")), (number("A1"), number("B1")), (number("A2"), number("B1")))
    assert found.difference(number("A2"), number("B1")) is Difference.RELATION


def test_with_the_same_seed_an_identifier_stands_for_itself() -> None:
    found = known((number("A1"), number("A1")), (number("A1"), number("WRONG")))
    assert found.difference(number("A1"), number("A1")) is None
    assert found.difference(number("A1"), number("WRONG")) is Difference.RELATION


def test_equal_numbers_of_different_kinds_do_not_meet() -> None:
    found = known((number("1", "study"), number("2", "study")), (number("1", "step"), number("3", "step")))
    assert found.difference(number("1", "study"), number("2", "study")) is None
    assert found.difference(number("1", "step"), number("3", "step")) is None


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [
        ("20260131101500", "20260220093011", None),
        ("20260131101500.123", "20260220093011.987654", None),
        ("20260131", "20260221", None),
        ("101500", "093011.5", Difference.FORM),
        ("101500", "093011", None),
        ("20260131101500", "202602200930", Difference.FORM),
        ("20260131101500", "20260227093011", Difference.OTHER),
        ("19700101", "19700101", None),
        ("19700101", "19700102", Difference.OTHER),
        ("20260131", "19700102", Difference.OTHER),
        ("20260131101500+0100", "20260220093011", Difference.FORM),
        ("20261399", "20260220", Difference.OTHER),
    ],
)
def test_times_are_compared_by_their_form_and_by_their_distance_from_the_run(
    before: str, after: str, difference: Difference | None
) -> None:
    assert known().difference(moment(before), moment(after)) is difference


def test_numbers_that_a_message_has_for_itself_are_not_compared() -> None:
    one, other = Leaf("17", Kind.NUMBERED), Leaf("OP00001", Kind.NUMBERED)
    assert known().difference(one, other) is None


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("order A1 is unknown", "order B1 is unknown", True),
        ("order A1 is unknown", "order B2 is unknown", False),
        ("order A1 is unknown", "order A1 is known", False),
        ("(A1)", "[B1]", False),
        ("A1^HOSP", "B1^HOSP", True),
        ("A1^HOSP", "B1", False),
        ("seen 20260131 twice", "seen 20260220 twice", True),
        ("4 instances", "3 instances", False),
        ("", "", True),
        ("x", "", False),
    ],
)
def test_identifiers_within_texts_are_seen(before: str, after: str, same: bool) -> None:
    assert known((number("A1"), number("B1"))).same_text(before, after) is same


def test_a_long_text_of_nothing_in_particular_takes_no_time() -> None:
    assert not known().same_text("." * 200_000, "-" * 200_000)
    assert known().same_text("a" * 200_000, "a" * 200_000)
    assert not known().same_text("a." * 100_000, "a-" * 100_000)
