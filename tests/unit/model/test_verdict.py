"""The verdict table, transcribed a second time by hand, and the one combining function."""

from __future__ import annotations

from itertools import permutations, product

import pytest

from harness.model.verdict import Confidence, Outcome, Owner, Strength, Verdict, verdict_of, worst

# One line for each outcome, strength and `--strict`: the verdict when the fact is the system's under test, our own
# actor's, the environment's, undecided, another system's, the scenario's; and, whosever it is, when it is excused.
TABLE = """
outcome        strength strict  SYSTEM       HARNESS      ENVIRONMENT  UNDECIDED    OTHER_SYSTEM SCENARIO     excused
met            SHALL    no      pass         pass         pass         pass         pass         pass         pass
met            SHALL    yes     pass         pass         pass         pass         pass         pass         pass
met            SHOULD   no      pass         pass         pass         pass         pass         pass         pass
met            SHOULD   yes     pass         pass         pass         pass         pass         pass         pass
met            MAY      no      pass         pass         pass         pass         pass         pass         pass
met            MAY      yes     pass         pass         pass         pass         pass         pass         pass
violated       SHALL    no      fail         error        inconclusive inconclusive none         none         none
violated       SHALL    yes     fail         error        inconclusive inconclusive none         none         none
violated       SHOULD   no      pass         pass         pass         pass         none         none         none
violated       SHOULD   yes     fail         error        inconclusive inconclusive none         none         none
violated       MAY      no      pass         pass         pass         pass         none         none         none
violated       MAY      yes     pass         pass         pass         pass         none         none         none
undecided      SHALL    no      inconclusive inconclusive inconclusive inconclusive inconclusive inconclusive inconclusive
undecided      SHALL    yes     inconclusive inconclusive inconclusive inconclusive inconclusive inconclusive inconclusive
undecided      SHOULD   no      none         none         none         none         none         none         none
undecided      SHOULD   yes     none         none         none         none         none         none         none
undecided      MAY      no      none         none         none         none         none         none         none
undecided      MAY      yes     none         none         none         none         none         none         none
not-applicable SHALL    no      none         none         none         none         none         none         none
not-applicable SHALL    yes     none         none         none         none         none         none         none
not-applicable SHOULD   no      none         none         none         none         none         none         none
not-applicable SHOULD   yes     none         none         none         none         none         none         none
not-applicable MAY      no      none         none         none         none         none         none         none
not-applicable MAY      yes     none         none         none         none         none         none         none
"""

# Which confidence may fail a system, for each `--confidence`: an unsure requirement only ever informs.
GATES = {
    (Confidence.VERIFIED, Confidence.VERIFIED): True,
    (Confidence.VERIFIED, Confidence.BELIEVED): True,
    (Confidence.VERIFIED, Confidence.UNSURE): True,
    (Confidence.BELIEVED, Confidence.VERIFIED): False,
    (Confidence.BELIEVED, Confidence.BELIEVED): True,
    (Confidence.BELIEVED, Confidence.UNSURE): True,
    (Confidence.UNSURE, Confidence.VERIFIED): False,
    (Confidence.UNSURE, Confidence.BELIEVED): False,
    (Confidence.UNSURE, Confidence.UNSURE): False,
}

Cell = tuple[Outcome, Strength, bool, Owner, bool]


def _transcribed() -> dict[Cell, Verdict]:
    """The table above by cell."""
    head, *lines = TABLE.strip().splitlines()
    columns = head.split()[3:]
    cells: dict[Cell, Verdict] = {}
    for line in lines:
        outcome_word, strength_word, strict_word, *verdicts = line.split()
        outcome, strength = Outcome(outcome_word.replace("-", " ")), Strength(strength_word)
        strict = {"yes": True, "no": False}[strict_word]
        row = {column: Verdict(word) for column, word in zip(columns, verdicts, strict=True)}
        for owner in Owner:
            cells[outcome, strength, strict, owner, False] = row[owner.name]
            cells[outcome, strength, strict, owner, True] = row["excused"]
    return cells


def test_both_transcriptions_of_the_table_agree() -> None:
    expected = _transcribed()
    cells = list(product(Outcome, Strength, (False, True), Owner, (False, True), Confidence, Confidence))
    assert len(cells) == 4 * 3 * 2 * 6 * 2 * 3 * 3
    wrong = []
    for outcome, strength, strict, owner, excused, confidence, least in cells:
        wanted = expected[outcome, strength, strict, owner, excused]
        if not GATES[confidence, least]:
            wanted = Verdict.NONE
        got = verdict_of(outcome, strength, confidence, owner, excused=excused, strict=strict, least=least)
        if got is not wanted:
            wrong.append((outcome, strength, strict, owner, excused, confidence, least, got, wanted))
    assert wrong == []


def test_the_second_transcription_leaves_no_cell_out() -> None:
    assert set(_transcribed()) == set(product(Outcome, Strength, (False, True), Owner, (False, True)))


def test_the_defaults_are_lenient_and_believe_what_is_believed() -> None:
    believed, unsure = Confidence.BELIEVED, Confidence.UNSURE
    system = Owner.SYSTEM
    assert verdict_of(Outcome.VIOLATED, Strength.SHALL, believed, system) is Verdict.FAIL
    assert verdict_of(Outcome.VIOLATED, Strength.SHOULD, believed, system) is Verdict.PASS
    assert verdict_of(Outcome.VIOLATED, Strength.SHALL, unsure, system) is Verdict.NONE


def test_the_order_of_the_verdicts() -> None:
    order = [Verdict.NONE, Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL, Verdict.ERROR]
    assert sorted(Verdict, key=lambda verdict: verdict.rank) == order
    assert [verdict.rank for verdict in order] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("verdicts", "gravest"),
    [
        ([], Verdict.NONE),
        ([Verdict.NONE], Verdict.NONE),
        ([Verdict.NONE, Verdict.PASS], Verdict.PASS),
        ([Verdict.PASS, Verdict.INCONCLUSIVE], Verdict.INCONCLUSIVE),
        ([Verdict.INCONCLUSIVE, Verdict.FAIL, Verdict.PASS], Verdict.FAIL),
        ([Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE], Verdict.ERROR),
    ],
)
def test_the_worst_wins_whatever_the_order(verdicts: list[Verdict], gravest: Verdict) -> None:
    assert {worst(arranged) for arranged in permutations(verdicts)} == {gravest}


def test_worst_takes_an_iterator_and_may_be_nested() -> None:
    for first, second, third in product(Verdict, repeat=3):
        assert worst(iter((first, worst((second, third))))) is worst((worst((first, second)), third))
