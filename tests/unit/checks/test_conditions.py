from __future__ import annotations

import pytest

from harness.checks.conditions import Condition, Test, holds, parse_condition


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("ORC-1 = NW, CA", Condition("ORC-1", Test.ONE_OF, ("NW", "CA"))),
        ("A.B = IN PROGRESS", Condition("A.B", Test.ONE_OF, ("IN PROGRESS",))),
        ("PV1-19 valued", Condition("PV1-19", Test.VALUED)),
        ("PV1-19 absent", Condition("PV1-19", Test.ABSENT)),
        (
            "A = X, Y and B valued",
            Condition("A", Test.ONE_OF, ("X", "Y"), also=(Condition("B", Test.VALUED),)),
        ),
        ("A = X and whenever it pleases", None),
        ("if the order is a group", None),
        ("", None),
    ],
)
def test_a_condition_is_read_or_is_prose(text: str, condition: Condition | None) -> None:
    assert parse_condition(text) == condition


@pytest.mark.parametrize(
    ("text", "found", "answer"),
    [
        ("X = A", ["B", "A"], True),
        ("X = A", ["B"], False),
        ("X = A", [], False),
        ("X valued", [""], False),
        ("X valued", ["0"], True),
        ("X absent", [""], True),
        ("X absent", ["0"], False),
        ("prose that nobody can evaluate here", ["A"], None),
    ],
)
def test_a_condition_holds_for_what_is_found(text: str, found: list[str], answer: bool | None) -> None:
    assert holds(text, lambda _: found) is answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("A = 1 and B valued", True),
        ("A = 1 and B absent", False),
        ("A = 2 and B valued", False),
        ("A = 1 and B =", None),
    ],
)
def test_conditions_that_are_joined_all_have_to_hold(text: str, answer: bool | None) -> None:
    found = {"A": ["1"], "B": ["2"]}
    assert holds(text, lambda path: found[path]) is answer


def test_a_path_that_cannot_be_read_leaves_the_condition_open() -> None:
    def refuse(path: str) -> list[str]:
        raise ValueError(path)

    assert holds("??? valued", refuse) is None
