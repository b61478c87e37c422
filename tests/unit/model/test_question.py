"""What a person is asked and answers, as events hold it."""

from __future__ import annotations

from dataclasses import replace

from harness.model.names import ActorName, PlayerName, PlayId, StepId, TransactionId
from harness.model.plan import StepRef
from harness.model.question import BY, SAID, Question, Said, done, reason, skipped, told_of, undone
from harness.model.transcript import Event, EventKind

PLAY = PlayId("swf.test@2.5.1")


def answered(seq: int, step: str, said: str, comment: str = "") -> Event:
    return Event(
        seq=seq,
        time=float(seq),
        kind=EventKind.ANSWERED,
        text=comment,
        step=StepRef(PLAY, StepId(step)),
        play=PLAY,
        facts={SAID: said},
    )


def question(text: str = "", *, feeds: bool = False) -> Question:
    return Question(
        number=1,
        play=PLAY,
        step=StepId("stored"),
        transaction=TransactionId("RAD-8"),
        title="Images Stored",
        system=PlayerName("Our CT"),
        actor=ActorName("Modality"),
        feeds=feeds,
        text=text,
        act=20,
        patience=60,
    )


def test_each_step_has_its_last_answer() -> None:
    events = (
        answered(1, "order", "skip", "not today"),
        answered(2, "stored", "cannot"),
        answered(3, "order", "done"),
        answered(4, "found", "perhaps"),
    )
    assert skipped(events) == {}
    assert undone(events) == {"stored": "the operator cannot do it"}
    assert done(events) == {"order"}


def test_what_was_asked_and_answered_is_told_in_lines() -> None:
    asked = replace(answered(1, "stored", ""), kind=EventKind.ASKED, text="Send the images")
    reply = replace(answered(2, "stored", "done", "4 images"), facts={SAID: "done", BY: "HIS team"})
    spared = replace(answered(3, "stored", ""), kind=EventKind.NOT_NEEDED, text="it is there")
    assert told_of((asked, reply, spared)) == (
        "asked: Send the images",
        "answered: done (HIS team): 4 images",
        "no answer was needed: it is there",
    )


def test_the_comment_is_the_reason() -> None:
    assert reason(Said.SKIP, "no contrast") == "skipped by the operator: no contrast"
    assert reason(Said.DONE, "") == "done by the operator"


def test_the_instruction_is_the_files_own_else_the_transactions() -> None:
    assert question("Scan the patient").instruction == "Scan the patient"
    assert question().instruction == "Have Our CT do Images Stored [RAD-8]"
    assert question(feeds=True).instruction == "Enter into Our CT what it needs to answer Images Stored [RAD-8]"
