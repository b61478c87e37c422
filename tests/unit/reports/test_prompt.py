"""The question at the terminal: what it shows, and what is typed into it."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from harness.model.names import ActorName, PlayerName, PlayId, StepId, TransactionId
from harness.model.question import Question, Reply, Said
from harness.model.system import DimseAddress, Party
from reports.console import ConsoleProgress
from reports.prompt import TerminalDesk, clock_words, question_panel, read_line

QUESTION = Question(
    number=1,
    play=PlayId("swf.scheduled@2.5.1"),
    step=StepId("stored"),
    transaction=TransactionId("RAD-8"),
    title="Modality Images Stored",
    system=PlayerName("Our CT"),
    actor=ActorName("Modality"),
    text="Send the images\x1b[2J",
    patient_name="DOE^JANE",
    patient_id="P1",
    service="CT-CHEST",
    peers=(
        Party(
            actor=ActorName("Image Manager"),
            player=PlayerName("harness"),
            dimse=DimseAddress(ae_title="SWF_PACS", port=11403),
        ),
    ),
    act=20,
    patience=60,
)


class Fingers:
    """A keyboard that a test types on."""

    def __init__(self) -> None:
        self.listening = False

    def listen(self, heard: Callable[[str], None], tick: Callable[[], None]) -> None:
        """Remember who listens."""
        self.type, self.tick, self.listening = heard, tick, True

    def stop(self) -> None:
        """Nobody listens."""
        self.listening = False


def screen() -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(file=stream, width=100, color_system=None), stream


@pytest.mark.parametrize(
    ("typed", "reply"),
    [
        ("d", Reply(said=Said.DONE)),
        ("Done", Reply(said=Said.DONE)),
        ("c: the tube is cold", Reply(said=Said.CANNOT, comment="the tube is cold")),
        (" skip  no contrast ", Reply(said=Said.SKIP, comment="no contrast")),
        ("x", None),
        ("", None),
        (": d", None),
        ("don't", None),
    ],
)
def test_a_key_or_a_word_answers_and_a_comment_may_follow(typed: str, reply: Reply | None) -> None:
    assert read_line(typed) == reply


def test_the_panel_says_what_for_whom_and_where_to() -> None:
    console, stream = screen()
    console.print(question_panel(QUESTION))
    text = stream.getvalue()
    for part in (
        "Send the images",
        "Modality Images Stored [RAD-8]",
        "DOE^JANE, ID P1",
        "AE title SWF_PACS, host 127.0.0.1, port 11403",
        "20 s",
    ):
        assert part in text
    assert "\x1b" not in text


def test_what_is_typed_is_the_answer_and_what_is_none_is_said() -> None:
    console, stream = screen()
    fingers, woken = Fingers(), []
    desk = TerminalDesk(ConsoleProgress(console), fingers)
    desk.open(lambda: woken.append(True))
    desk.put(QUESTION)
    fingers.type("what?\r")
    assert desk.answer(QUESTION) is None
    fingers.type("x\x15sx\x7f later\x1b[A")
    fingers.type("\n")
    assert desk.answer(QUESTION) == Reply(said=Said.SKIP, comment="later")
    assert woken == [True]
    assert not fingers.listening
    assert "skip: later" in stream.getvalue()


def test_a_question_that_is_withdrawn_listens_no_more() -> None:
    console, stream = screen()
    fingers = Fingers()
    desk = TerminalDesk(ConsoleProgress(console), fingers)
    desk.put(QUESTION)
    desk.withdraw(QUESTION, "the message is there already")
    assert not fingers.listening
    assert "no answer is needed any more: the message is there already" in stream.getvalue()


def test_time_is_told_as_a_clock_shows_it() -> None:
    assert [clock_words(seconds) for seconds in (7.2, 299.0, 3900.0)] == ["0:07", "4:59", "1:05:00"]
