"""Two runs held against each other: what differs by itself is not told, and what does not is told once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.comparing import Recorded, compare
from harness.model.comparison import Comparison, Level, News, Way
from harness.model.names import TransactionId
from harness.model.verdict import Outcome, Verdict
from tests.unit.comparing.conftest import RAD_2, RAD_5, Made, without

if TYPE_CHECKING:
    Make = Callable[..., Made]


def held(before: Made | Recorded, after: Made | Recorded) -> Comparison:
    """The first against the second."""
    one, other = (each.done() if isinstance(each, Made) else each for each in (before, after))
    return compare(one, other, ("first", "second"))


def differences(found: Comparison) -> list[tuple[str, Way, str, str]]:
    return [(one.path, one.way, one.before, one.after) for one in found.fields]


# messages


def test_two_runs_with_identifiers_and_times_of_their_own_do_not_differ(made: Make) -> None:
    before, after = made(), made(started="2026-02-20T09:30:00")
    for number in range(3):
        before.order(f"A{number}")
        after.order(f"B{number}", at="20260220093000")
    before.query(("ACC1", "chest"), ("ACC2", "head"))
    after.query(("X9", "chest"), ("X8", "head"))
    found = held(before, after)
    assert differences(found) == []
    assert (found.compared, found.renamed) == (10, 5)
    assert found.same_verdicts


def test_a_number_that_is_not_copied_any_more_is_told_with_what_it_was(made: Make) -> None:
    before, after = made(), made()
    for number in range(3):
        before.order(f"A{number}")
        after.order(f"B{number}", again=f"WRONG{number}" if number == 1 else "")
    (one,) = held(before, after).fields
    assert (one.path, one.way, one.before, one.after) == ("OBR-2.1", Way.RELATION, "A1", "WRONG1")
    assert one.name == "Placer Order Number, Entity Identifier"
    assert one.same_as == "ORC-2.1 of OMG^O19 in exchange 2"
    assert [(place.before, place.after) for place in one.places] == [(2, 2)]


def test_a_value_that_is_another_one_in_every_message_is_told_once(made: Make) -> None:
    before, after = made(), made()
    for number in range(20):
        before.order(f"A{number}")
        after.order(f"B{number}", code="MR")
    (one,) = held(before, after).fields
    assert (one.path, one.way, one.before, one.after) == ("OBR-4.1", Way.OTHER, "CT", "MR")
    assert len(one.places) == 20


def test_a_place_with_many_different_values_is_told_once_as_well(made: Make) -> None:
    before, after = made(), made()
    for number in range(20):
        before.order("A", code=f"CT{number}")
        after.order("A", code=f"MR{number}")
    (one,) = held(before, after).fields
    assert (one.before, one.after, len(one.places)) == ("CT0", "MR0", 20)


def test_answers_are_held_against_those_that_say_the_same(made: Make) -> None:
    before, after = made(), made()
    before.order("A1")
    after.order("B1")
    before.query(("1", "chest"), ("2", "head"), ("3", "foot"))
    after.query(("9", "foot"), ("8", "chest"), ("7", "hand"))
    found = held(before, after)
    assert differences(found) == [("RequestedProcedureDescription", Way.OTHER, "head", "hand")]


def test_answers_about_somebody_else_are_not_held_against_ours(made: Make) -> None:
    before, after = made(), made()
    before.order("A1")
    after.order("B1")
    before.query(("1", "chest"))
    after.query(("8", "chest"))
    before.query(*((f"foreign-{number}", "head") for number in range(90)), ("1", "chest"))
    after.query(*((f"other-{number}", "foot") for number in range(70)), ("8", "spine"))
    found = held(before, after)
    assert differences(found) == [("RequestedProcedureDescription", Way.OTHER, "chest", "spine")]
    assert [(one.what, one.before, one.after) for one in found.counts] == [("responses to a C-FIND", 92, 72)]


def test_how_often_was_asked_until_something_came_is_no_difference(made: Make) -> None:
    before, after = made(), made()
    for _ in range(4):
        before.query()
    before.query(("1", "chest"))
    after.query(("2", "chest"))
    found = held(before, after)
    assert differences(found) == []
    assert found.counts == ()


def test_more_answers_and_more_messages_are_counted(made: Make) -> None:
    before, after = made(), made()
    before.query(("1", "chest"))
    after.query(("1", "chest"), ("2", "head"))
    before.order("A1")
    after.order("B1")
    after.order("B2")
    found = held(before, after)
    assert [(one.what, one.before, one.after) for one in found.counts] == [
        ("responses to a C-FIND", 2, 3),
        ("OMG^O19", 1, 2),
    ]


def test_what_is_not_there_any_more_is_told_without_what_is_in_it(made: Make) -> None:
    before, after = made(), made()
    before.order("A1")
    after.order("A1")
    number, payload = next((one, after.contents[one]) for one in after.contents if b"OBR|" in after.contents[one])
    after.contents[number] = payload[: payload.index(b"OBR|")]
    found = held(before, after)
    assert [(path, way) for path, way, *_ in differences(found)] == [("OBR", Way.ABSENT)]


def test_a_payload_that_cannot_be_read_does_not_end_it(made: Make) -> None:
    before, after = made(), made()
    before.order("A1")
    after.order("A1")
    recorded = replace(after.done(), read=before.read)
    assert held(before, recorded).compared == 2


# verdicts


@pytest.mark.parametrize(
    ("before", "after", "news"),
    [
        (Outcome.MET, Outcome.VIOLATED, News.NEW),
        (Outcome.VIOLATED, Outcome.MET, News.FIXED),
        (Outcome.VIOLATED, Outcome.NOT_APPLICABLE, News.GONE),
        (Outcome.VIOLATED, None, News.GONE),
        (None, Outcome.VIOLATED, News.NEW),
        (Outcome.UNDECIDED, Outcome.VIOLATED, News.NEW),
        (Outcome.VIOLATED, Outcome.UNDECIDED, News.GONE),
        (Outcome.MET, Outcome.UNDECIDED, News.NEW),
        (Outcome.MET, None, None),
        (None, Outcome.MET, None),
        (Outcome.MET, Outcome.MET, None),
        (Outcome.VIOLATED, Outcome.VIOLATED, None),
    ],
)
def test_what_a_finding_that_moved_means(
    made: Make, before: Outcome | None, after: Outcome | None, news: News | None
) -> None:
    runs = []
    for outcome in (before, after):
        run = made()
        run.order("A1")
        if outcome is not None:
            run.judged(RAD_2, "rad-2/OBR-2", outcome)
        runs.append(run)
    assert [one.news for one in held(*runs).findings] == ([news] if news else [])


def test_a_failure_with_other_identifiers_is_the_same_failure(made: Make) -> None:
    before, after = made(), made()
    before.order("A1")
    after.order("B1")
    before.judged(RAD_2, "rad-2/x", Outcome.VIOLATED, received="order A1 unknown")
    after.judged(RAD_2, "rad-2/x", Outcome.VIOLATED, received="order B1 unknown")
    assert held(before, after).same_verdicts
    after.findings.clear()
    after.judged(RAD_2, "rad-2/x", Outcome.VIOLATED, received="order refused")
    assert [one.news for one in held(before, after).findings] == [News.CHANGED]


def test_items_of_a_sequence_are_one_place(made: Make) -> None:
    before, after = made(), made()
    for run, items in ((before, 1), (after, 3)):
        run.order("A1")
        for item in range(items):
            run.judged(RAD_2, "rad-2/x", Outcome.VIOLATED, path=f"Sequence[{item}].Code")
    assert held(before, after).same_verdicts


def test_a_warning_that_came_is_a_change_and_nothing_new(made: Make) -> None:
    before, after = made(), made()
    for run, outcome in ((before, Outcome.MET), (after, Outcome.VIOLATED)):
        run.order("A1")
        run.judged(RAD_2, "rad-2/x", outcome, verdict=Verdict.PASS)
    assert [one.news for one in held(before, after).findings] == [News.CHANGED]


def test_verdicts_that_moved_are_told_at_each_level(made: Make) -> None:
    before, after = made(), made()
    for run, outcome in ((before, Outcome.MET), (after, Outcome.VIOLATED)):
        run.order("A1")
        run.query()
        run.judged(RAD_2, "rad-2/x", outcome)
    found = held(before, after)
    assert [(one.level, one.id, one.news) for one in found.verdicts] == [
        (Level.RUN, "run", News.NEW),
        (Level.PLAY, "swf.scheduled@2.5.1", News.NEW),
        (Level.STEP, "swf.scheduled@2.5.1/rad-2", News.NEW),
    ]


def test_a_scenario_that_was_not_played_again_is_gone(made: Make) -> None:
    before = made()
    before.order("A1")
    found = held(before, without(before.done()))
    assert [(one.id, one.news, one.after) for one in found.verdicts] == [
        ("swf.scheduled@2.5.1", News.GONE, None),
        ("swf.other@2.5.1", News.CHANGED, Verdict.PASS),
    ]
    assert found.compared == 0


def test_rules_are_compared_only_where_they_are_others(made: Make) -> None:
    before, after = made(), made()
    for run, text in ((before, "old"), (after, "new")):
        run.order("A1")
        run.judged(RAD_2, "rad-2/x", Outcome.MET, text=text)
    after.judged(RAD_2, "rad-2/added", Outcome.MET)
    assert held(before, after).rules == ()
    after.rule_set = "b" * 64
    assert [(one.id, one.what) for one in held(before, after).rules] == [
        ("rad-2/added", ()),
        ("rad-2/x", ("text",)),
    ]


# times


@pytest.mark.parametrize(
    ("before", "after", "slower", "faster"),
    [(0.01, 0.2, True, False), (0.2, 0.01, False, True), (0.01, 0.012, False, False), (0.001, 0.01, False, False)],
)
def test_a_responder_that_takes_longer_is_told(
    made: Make, before: float, after: float, slower: bool, faster: bool
) -> None:
    runs = []
    for seconds in (before, after):
        run = made()
        for _ in range(3):
            run.query(seconds=seconds)
        runs.append(run)
    (one,) = held(*runs).timings
    assert (one.transaction, one.slower, one.faster) == (RAD_5, slower, faster)
    assert one.after.median == pytest.approx(after)


def test_two_exchanges_are_not_enough_to_call_it_slower(made: Make) -> None:
    before, after = made(), made()
    for _ in range(2):
        before.query(seconds=0.01)
        after.query(seconds=1.0)
    (one,) = held(before, after).timings
    assert one.transaction == TransactionId("RAD-5")
    assert not one.slower
