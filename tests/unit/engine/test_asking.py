"""Operator steps: a question is put, an answer is kept, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from harness.engine.asking import Operators, Skipped, must_be_asked, operator_steps
from harness.engine.recording import TranscriptRecorder
from harness.errors import CannotAct, InputError
from harness.identifiers import SystemClock
from harness.model.names import ActorName, PlayerName, PlayId, StepId, TransactionId
from harness.model.plan import StepRef
from harness.model.question import Question, Reply, Said
from harness.model.system import DimseAddress, Hook, SystemActor
from harness.model.transcript import EventKind

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Build

REF = StepRef(PlayId("swf.test@2.5.1"), StepId("stored"))
QUESTION = Question(
    number=0,
    play=REF.play,
    step=REF.step,
    transaction=TransactionId("RAD-8"),
    title="Images Stored",
    system=PlayerName("Our CT"),
    actor=ActorName("Modality"),
    act=20,
    patience=0.3,
)


@dataclass
class Clerk:
    """A desk that answers at once."""

    reply: Reply | None = None
    asked: list[Question] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)

    def open(self, wake: Callable[[], None]) -> None:
        """Begin."""

    def put(self, question: Question) -> None:
        """Remember it."""
        self.asked.append(question)

    def answer(self, question: Question) -> Reply | None:
        """The answer that the test gave."""
        return self.reply

    def withdraw(self, question: Question, why: str) -> None:
        """Remember why."""
        self.withdrawn.append(why)

    def close(self) -> None:
        """End."""


@pytest.fixture
def recorder() -> TranscriptRecorder:
    return TranscriptRecorder(SystemClock(), None)


def nothing() -> str:
    return ""


def test_done_is_an_event_with_who_and_why(recorder: TranscriptRecorder) -> None:
    clerk = Clerk(Reply(said=Said.DONE, comment="4 images"))
    Operators(clerk, recorder, name="HIS team", asked=2).ask(QUESTION, REF, nothing)
    asked, answered = recorder.events()
    assert (asked.kind, asked.text, asked.step) == (EventKind.ASKED, "Have Our CT do Images Stored [RAD-8]", REF)
    assert (answered.kind, answered.text) == (EventKind.ANSWERED, "4 images")
    assert answered.facts == {"said": "done", "by": "HIS team", "question": "3"}


def test_cannot_and_skip_end_the_step_with_the_reason(recorder: TranscriptRecorder) -> None:
    with pytest.raises(CannotAct, match="the operator cannot do it: no tube"):
        Operators(Clerk(Reply(said=Said.CANNOT, comment="no tube")), recorder).ask(QUESTION, REF, nothing)
    with pytest.raises(Skipped, match="skipped by the operator"):
        Operators(Clerk(Reply(said=Said.SKIP)), recorder).ask(QUESTION, REF, nothing)


def test_nobody_answers_in_time(recorder: TranscriptRecorder) -> None:
    clerk = Clerk()
    with pytest.raises(CannotAct, match=r"gave no answer within 0\.3 s"):
        Operators(clerk, recorder).ask(QUESTION, REF, nothing)
    assert clerk.withdrawn == ["no answer in time"]


def test_a_message_that_is_there_needs_no_answer(recorder: TranscriptRecorder) -> None:
    clerk = Clerk()
    Operators(clerk, recorder).ask(QUESTION, REF, lambda: "it is there")
    assert clerk.asked == []
    Operators(clerk, recorder).ask(QUESTION, REF, lambda: "it came" if clerk.asked else "")
    assert clerk.withdrawn == ["it came"]
    assert [event.kind for event in recorder.events()] == [EventKind.NOT_NEEDED, EventKind.ASKED, EventKind.NOT_NEEDED]


def test_without_a_desk_nobody_can_be_asked(recorder: TranscriptRecorder) -> None:
    with pytest.raises(CannotAct, match="nobody can be asked"):
        Operators(None, recorder).ask(QUESTION, REF, nothing)


def test_a_hook_is_of_one_kind() -> None:
    assert Hook(operator="").seconds == 3600.0
    assert Hook(command=("a",)).seconds == 60.0
    assert Hook(operator="", timeout=5.0).seconds == 5.0
    with pytest.raises(ValueError, match="exactly one"):
        Hook(operator="", http="http://127.0.0.1")
    with pytest.raises(ValueError, match="exactly one"):
        Hook()


def test_the_operator_steps_of_a_plan_are_counted(build: Build) -> None:
    modality = SystemActor(
        dimse=DimseAddress(ae_title="CT"), acts={TransactionId("RAD-8"): Hook(operator="Send the images")}
    )
    system = build.system("Our CT", "Modality", actors={ActorName("Modality"): modality})
    scenario = build.scenario(build.step("asked", "RAD-5", "Modality"), build.step("stored", "RAD-8", "Modality"))
    plan = build.plan([scenario], [system])
    assert [str(step) for step in operator_steps(plan)] == ["swf.test@2.3.1/stored"]
    with pytest.raises(InputError, match="needed in 1 step of this run, the first swf"):
        must_be_asked(plan, False)
    must_be_asked(plan, True)
