"""Violations on purpose: each change of the catalogue, counted for each thread, and gone when its step is over."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset

from harness.dicom import paths
from harness.dicom.encoding import encode
from harness.dicom.scan import skeleton
from harness.engine.deviations import DeviationBook, behaviour, changes_message
from harness.hl7 import Message, compose
from harness.identifiers import Identifiers
from harness.model.deviation import MISUSES, TLS_CHANGES, TLS_OF_LISTENERS, Change, Deviation, Part
from harness.model.names import ActorName, LegId, PlayId, StepId, TransactionId
from harness.model.plan import StepRef

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Say

PLACER, FILLER = ActorName("Order Placer"), ActorName("Order Filler")
RAD_2, RAD_4 = TransactionId("RAD-2"), TransactionId("RAD-4")
LEG = (RAD_2, LegId("to-order-filler"))

ORDER = compose(
    [
        ("MSH", {9: ("ORM", "O01"), 10: "M1", 12: "2.3.1"}),
        ("PID", {3: ("P1", "", "", "HOSP")}),
        ("ORC", {1: "NW", 2: ("PLACER1", "OP")}),
        ("OBR", {2: ("PLACER1", "OP"), 18: "ACC1"}),
    ]
)

Book = Callable[..., DeviationBook]


def _deviation(change: Change, **parameters: object) -> Deviation:
    if change in (Change.WRONG_ANSWER, Change.SILENCE):
        parameters.setdefault("part", Part.RESPONSE)
    return Deviation(actor=PLACER, change=change, **parameters)  # type: ignore[arg-type]


def _book(*deviations: Deviation) -> DeviationBook:
    return DeviationBook(deviations, Identifiers(1, "test"))


def _met(
    book: DeviationBook, *, thread: str = "P1", part: Part = Part.REQUEST, actor: ActorName = PLACER
) -> tuple[Deviation, ...]:
    return book.meeting(actor, [LEG], part, thread)


def _segments(message: bytes) -> list[str]:
    return [line.split("|")[0] for line in message.decode().split("\r") if line]


@pytest.mark.parametrize("change", [Change.WRONG_ANSWER, Change.SILENCE])
def test_a_change_of_an_answer_says_so(change: Change) -> None:
    with pytest.raises(ValueError, match="part: response"):
        Deviation(actor=PLACER, change=change, part=Part.REQUEST)


# changes to an HL7 message


def test_remove_leaves_a_field_out_and_touches_nothing_else() -> None:
    changed = _book().amend_message(ORDER, [_deviation(Change.REMOVE, path="OBR-18")])
    assert not Message.parse(changed).has("OBR-18")
    assert Message.parse(changed).first("OBR-2.1") == "PLACER1"
    assert changed.split(b"OBR")[0] == ORDER.split(b"OBR")[0]


def test_remove_leaves_a_segment_out() -> None:
    assert _segments(_book().amend_message(ORDER, [_deviation(Change.REMOVE, path="ORC")])) == ["MSH", "PID", "OBR"]


def test_set_gives_another_value() -> None:
    changed = _book().amend_message(ORDER, [_deviation(Change.SET, path="OBR-2.1", value="OTHER")])
    assert Message.parse(changed).first("OBR-2.1") == "OTHER"
    assert Message.parse(changed).first("ORC-2.1") == "PLACER1"


def test_duplicate_repeats_a_segment() -> None:
    changed = _book().amend_message(ORDER, [_deviation(Change.DUPLICATE, path="OBR")])
    assert _segments(changed) == ["MSH", "PID", "ORC", "OBR", "OBR"]


def test_reorder_exchanges_a_segment_with_its_successor() -> None:
    changed = _book().amend_message(ORDER, [_deviation(Change.REORDER, path="ORC")])
    assert _segments(changed) == ["MSH", "PID", "OBR", "ORC"]


def test_a_wrong_identifier_is_well_formed_and_nobodys() -> None:
    book = _book()
    deviation = [_deviation(Change.WRONG_IDENTIFIER, path="ORC-2.1")]
    numbers = {Message.parse(book.amend_message(ORDER, deviation)).first("ORC-2.1") for _ in range(5)}
    assert len(numbers) == 5
    assert all(number.startswith("WRONG") and len(number) <= 16 for number in numbers)


def test_changes_are_made_one_after_the_other() -> None:
    changed = _book().amend_message(
        ORDER,
        [
            _deviation(Change.DUPLICATE, path="OBR"),
            _deviation(Change.SET, path="OBR[2]-2.1", value="SECOND"),
        ],
    )
    assert [located.value for located in Message.parse(changed).all("OBR-2.1")] == ["PLACER1", "SECOND"]


@pytest.mark.parametrize("change", [change for change in Change if not changes_message(_deviation(change))])
def test_a_change_of_behaviour_leaves_every_byte_as_it_was(change: Change, say: Say) -> None:
    deviation = [_deviation(change, path="OBR-18", value="0110")]
    assert _book().amend_message(ORDER, deviation) == ORDER
    dataset = say.entry("P1", "1.2.3")
    assert _book().amend_dataset(dataset, deviation) == dataset


def test_the_first_of_the_catalogue_change_a_message() -> None:
    changing = [change.name for change in Change if changes_message(_deviation(change))]
    assert changing == ["REMOVE", "SET", "DUPLICATE", "REORDER", "WRONG_IDENTIFIER", "TRUNCATE"]


# changes to a data set


@pytest.fixture
def dataset(say: Say) -> Dataset:
    """Two referenced instances and a patient."""
    return say.dataset(
        PatientID="P1",
        TransactionUID="2.25.1",
        ReferencedSOPSequence=[{"ReferencedSOPInstanceUID": "2.25.2"}, {"ReferencedSOPInstanceUID": "2.25.3"}],
    )


def _instances(dataset: Dataset) -> list[str]:
    return [located.value for located in paths.values(dataset, "ReferencedSOPSequence[*].ReferencedSOPInstanceUID")]


@pytest.mark.parametrize(
    ("change", "path", "value", "instances"),
    [
        (Change.REMOVE, "ReferencedSOPSequence[0]", "", ["2.25.3"]),
        (Change.SET, "ReferencedSOPSequence[1].ReferencedSOPInstanceUID", "2.25.9", ["2.25.2", "2.25.9"]),
        (Change.DUPLICATE, "ReferencedSOPSequence[0]", "", ["2.25.2", "2.25.2", "2.25.3"]),
        (Change.REORDER, "ReferencedSOPSequence[0]", "", ["2.25.3", "2.25.2"]),
    ],
)
def test_each_change_to_a_data_set_leaves_the_given_one_alone(
    dataset: Dataset, change: Change, path: str, value: str, instances: list[str]
) -> None:
    before = dataset.to_json()
    changed = _book().amend_dataset(dataset, [_deviation(change, path=path, value=value)])
    assert _instances(changed) == instances
    assert dataset.to_json() == before


def test_a_wrong_identifier_is_a_uid_where_a_uid_stands_and_a_number_elsewhere(dataset: Dataset) -> None:
    book = _book()
    uid = book.amend_dataset(dataset, [_deviation(Change.WRONG_IDENTIFIER, path="TransactionUID")]).TransactionUID
    number = book.amend_dataset(dataset, [_deviation(Change.WRONG_IDENTIFIER, path="PatientID")]).PatientID
    assert uid.startswith("2.25.")
    assert uid != "2.25.1"
    assert number.startswith("W")
    assert len(number) <= 16


def test_without_a_deviation_the_very_same_object_goes_out(dataset: Dataset) -> None:
    assert _book().amend_dataset(dataset, []) is dataset
    assert _book().amend_message(ORDER, []) is ORDER


# where a deviation applies


def test_a_deviation_applies_to_its_actor_part_transaction_and_leg_alone() -> None:
    set_ = _deviation(Change.SET, path="OBR-18", value="X", transaction=RAD_2, leg=LEG[1])
    book = _book(set_)
    assert _met(book) == (set_,)
    assert _met(book, actor=FILLER) == ()
    assert _met(book, part=Part.RESPONSE) == ()
    assert book.meeting(PLACER, [(RAD_4, LegId("to-image-manager"))], Part.REQUEST, "P1") == ()
    assert book.meeting(PLACER, [(RAD_2, LegId("elsewhere"))], Part.REQUEST, "P1") == ()
    assert book.meeting(PLACER, [(RAD_4, LegId("to-image-manager")), LEG], Part.REQUEST, "P1") == (set_,)


def test_a_deviation_that_names_no_transaction_applies_to_each() -> None:
    remove = _deviation(Change.REMOVE, path="OBR-18")
    book = _book(remove)
    assert book.meeting(PLACER, [(RAD_4, LegId("to-image-manager"))], Part.REQUEST, "P1") == (remove,)
    assert book.meeting(PLACER, [], Part.REQUEST, "P1") == ()


def test_an_occurrence_is_counted_for_each_thread_from_one() -> None:
    second = _deviation(Change.TWICE, occurrence=2)
    book = _book(second)
    assert [bool(_met(book, thread="P1")) for _ in range(4)] == [False, True, False, False]
    assert [bool(_met(book, thread="P2")) for _ in range(3)] == [False, True, False]


def test_a_message_that_the_deviation_does_not_concern_is_not_counted() -> None:
    book = _book(_deviation(Change.TWICE, occurrence=1, transaction=RAD_2))
    assert book.meeting(PLACER, [(RAD_4, LegId("to-image-manager"))], Part.REQUEST, "P1") == ()
    assert _met(book, part=Part.RESPONSE) == ()
    assert len(_met(book)) == 1


def test_occurrence_nought_means_each_message() -> None:
    book = _book(_deviation(Change.TWICE))
    assert [len(_met(book)) for _ in range(3)] == [1, 1, 1]


def test_two_deviations_count_apart() -> None:
    first, second = _deviation(Change.NEVER, occurrence=1), _deviation(Change.LATE, occurrence=2)
    book = _book(first, second)
    assert [_met(book) for _ in range(3)] == [(first,), (second,), ()]


def test_exactly_one_of_many_threads_meets_the_first_occurrence() -> None:
    book = _book(_deviation(Change.TWICE, occurrence=1))
    with ThreadPoolExecutor(8) as pool:
        met = list(pool.map(lambda _: len(_met(book)), range(200)))
    assert sum(met) == 1


# while a step runs


def test_a_steps_deviation_is_in_force_while_the_step_runs_and_not_after() -> None:
    book, late = _book(), _deviation(Change.LATE, seconds=1.0)
    with book.during(late):
        assert _met(book) == (late,)
    assert _met(book) == ()


def test_a_step_that_fails_takes_its_deviation_with_it() -> None:
    book = _book()
    with pytest.raises(RuntimeError, match="the step failed"), book.during(_deviation(Change.LATE)):
        raise RuntimeError("the step failed")
    assert _met(book) == ()


def test_a_step_without_a_deviation_changes_nothing() -> None:
    never = _deviation(Change.NEVER)
    book = _book(never)
    with book.during(None):
        assert _met(book) == (never,)


def test_the_same_step_of_two_plays_at_once_deviates_once_and_until_both_are_over() -> None:
    each, second = _deviation(Change.DUPLICATE, path="OBR"), _deviation(Change.TWICE, occurrence=2)
    book = _book()
    with book.during(each), book.during(second):
        with book.during(each), book.during(second):
            assert [_met(book, thread="P1") for _ in range(3)] == [(each,), (each, second), (each,)]
        assert _met(book, thread="P1") == (each,)
    assert _met(book, thread="P1") == ()


# decisions


@pytest.mark.parametrize(("value", "decided"), [("true", True), ("True", True), ("false", False), ("", False)])
@pytest.mark.parametrize("answer", [True, False])
def test_a_decision_comes_out_as_the_deviation_has_it(value: str, decided: bool, answer: bool) -> None:
    book = _book(_deviation(Change.DECIDE, decision="commit", value=value))
    assert book.decide(PLACER, "commit", answer) is decided


@pytest.mark.parametrize("answer", [True, False])
def test_a_decision_that_no_deviation_names_is_the_actors_own(answer: bool) -> None:
    book = _book(_deviation(Change.DECIDE, decision="commit", value=str(not answer)))
    assert book.decide(FILLER, "commit", answer) is answer
    assert book.decide(PLACER, "relay", answer) is answer
    assert _book().decide(PLACER, "commit", answer) is answer


def test_a_decision_is_no_message() -> None:
    book = _book(_deviation(Change.DECIDE, decision="commit", value="true"))
    assert _met(book) == ()


def test_behaviour_finds_the_first_of_its_kind() -> None:
    early, late = _deviation(Change.LATE, seconds=1.0), _deviation(Change.LATE, seconds=2.0)
    assert behaviour([_deviation(Change.TWICE), early, late], Change.LATE) is early
    assert behaviour([early], Change.SILENCE) is None


# what never took effect


def test_a_deviation_is_idle_until_it_changes_something() -> None:
    absent, present = _deviation(Change.REMOVE, path="OBR-44"), _deviation(Change.REMOVE, path="OBR-18")
    book = _book(absent, present)
    book.amend_message(ORDER, _met(book))
    assert book.idle() == (absent,)


def test_a_change_of_a_data_set_that_has_no_such_attribute_is_idle() -> None:
    dataset = Dataset()
    dataset.PatientID = "P1"
    absent, present = _deviation(Change.REMOVE, path="StudyID"), _deviation(Change.SET, path="PatientID", value="P2")
    book = _book(absent, present)
    book.amend_dataset(dataset, _met(book))
    assert book.idle() == (absent,)


def test_behaviour_takes_effect_when_it_is_met_and_a_decision_when_it_changes_one() -> None:
    never = _deviation(Change.NEVER)
    decide = _deviation(Change.DECIDE, decision="stored", value="true")
    book = _book(never, decide)
    book.decide(PLACER, "stored", True)
    assert book.idle() == (never, decide)
    _met(book)
    book.decide(PLACER, "stored", False)
    assert book.idle() == ()


# whose a deviation is


def test_a_steps_deviation_meets_the_messages_of_its_own_play_alone() -> None:
    book = _book()
    with book.during(_deviation(Change.TWICE), PlayId("one")):
        assert book.meeting(PLACER, [LEG], Part.REQUEST, "", PlayId("two")) == ()
        assert book.meeting(PLACER, [LEG], Part.REQUEST, "") == ()
        assert len(book.meeting(PLACER, [LEG], Part.REQUEST, "", PlayId("one"))) == 1
    assert book.meeting(PLACER, [LEG], Part.REQUEST, "", PlayId("one")) == ()


def test_a_decision_is_turned_in_the_play_of_the_step_alone() -> None:
    book = _book()
    with book.during(_deviation(Change.DECIDE, decision="it-is", value="false"), PlayId("one")):
        assert book.decide(PLACER, "it-is", True, PlayId("one")) is False
        assert book.decide(PLACER, "it-is", True, PlayId("two")) is True


def test_messages_are_counted_for_each_play() -> None:
    book = _book(_deviation(Change.TWICE, occurrence=2))
    plays = [PlayId("one"), PlayId("two"), PlayId("one"), PlayId("two"), PlayId("one")]
    assert [len(book.meeting(PLACER, [LEG], Part.REQUEST, "", play)) for play in plays] == [0, 0, 1, 1, 0]


def test_the_same_step_of_two_plays_deviates_in_both() -> None:
    book = _book()
    twice = _deviation(Change.TWICE)
    with book.during(twice, PlayId("one")):
        with book.during(twice, PlayId("two")):
            pass
        assert book.meeting(PLACER, [LEG], Part.REQUEST, "", PlayId("two")) == ()
        assert book.meeting(PLACER, [LEG], Part.REQUEST, "", PlayId("one")) == (twice,)


# misused links


@pytest.mark.parametrize("change", sorted(MISUSES, key=lambda change: change.value))
def test_a_misuse_meets_no_message_and_is_asked_for_by_itself(change: Change) -> None:
    deviation = Deviation(actor=ActorName("ADT"), transaction=TransactionId("RAD-1"), change=change)
    book = DeviationBook([deviation], Identifiers(1, "test"))
    legs = ((TransactionId("RAD-1"), LegId("to-order-filler")),)
    assert book.meeting(ActorName("ADT"), legs, Part.REQUEST, "") == ()
    assert book.idle() == (deviation,)
    assert book.misuse(ActorName("ADT"), legs, "") == deviation
    assert book.idle() == ()
    assert book.misuse(ActorName("Order Placer"), legs, "") is None


def test_a_misuse_is_about_a_request() -> None:
    with pytest.raises(ValueError, match="about a request"):
        Deviation(actor=ActorName("ADT"), change=Change.ABORT, part=Part.RESPONSE)


def test_a_truncated_data_set_cannot_be_read(dataset: Dataset) -> None:
    cut = _book().amend_dataset(dataset, [_deviation(Change.TRUNCATE)])
    syntax = "1.2.840.10008.1.2.1"
    content = encode(cut, syntax)
    assert encode(dataset, syntax).startswith(content)
    assert skeleton(content, syntax).text


# what a listener shows on purpose

FILLER_SHOWS = Deviation(
    actor=ActorName("Order Filler"),
    transaction=TransactionId("RAD-1"),
    change=Change.EXPIRED_CERTIFICATE,
    part=Part.RESPONSE,
)


def test_a_listener_shows_something_bad_while_its_step_runs() -> None:
    book = DeviationBook([], Identifiers(1, "test"))
    step = StepRef(PlayId("one"), StepId("bad"))
    assert book.shown_by(ActorName("Order Filler")) is None
    with book.during(FILLER_SHOWS, PlayId("one"), step):
        assert book.shown_by(ActorName("Order Filler")) == (Change.EXPIRED_CERTIFICATE, step)
        assert book.shown_by(ActorName("Image Manager")) is None
    assert book.shown_by(ActorName("Order Filler")) is None


def test_what_a_caller_shows_is_not_what_its_listeners_show() -> None:
    book = DeviationBook([], Identifiers(1, "test"))
    calls = Deviation(actor=ActorName("ADT"), change=Change.EXPIRED_CERTIFICATE)
    with book.during(calls, PlayId("one"), StepRef(PlayId("one"), StepId("bad"))):
        assert book.shown_by(ActorName("ADT")) is None


def test_what_a_listener_shows_is_no_misuse_of_its_own_calls() -> None:
    book = DeviationBook([], Identifiers(1, "test"))
    legs = ((TransactionId("RAD-1"), LegId("to-order-filler")),)
    with book.during(FILLER_SHOWS, PlayId("one"), StepRef(PlayId("one"), StepId("bad"))):
        assert book.misuse(ActorName("Order Filler"), legs, "", PlayId("one")) is None


@pytest.mark.parametrize("change", [Change.NO_CERTIFICATE, Change.IN_THE_CLEAR])
def test_a_listener_always_has_a_certificate_and_tls(change: Change) -> None:
    with pytest.raises(ValueError, match="about a request"):
        Deviation(actor=ActorName("Order Filler"), change=change, part=Part.RESPONSE)


def test_each_change_about_tls_puts_one_rule_to_the_test() -> None:
    callers = [Deviation(actor=ActorName("ADT"), change=change).tls_rule for change in TLS_CHANGES]
    shown = [
        Deviation(actor=ActorName("ADT"), change=change, part=Part.RESPONSE).tls_rule for change in TLS_OF_LISTENERS
    ]
    assert len({*callers, *shown} - {""}) == len(TLS_CHANGES) + len(TLS_OF_LISTENERS)
    assert Deviation(actor=ActorName("ADT"), change=Change.ABORT).tls_rule == ""
