"""What a person is asked to do with a product in a step, and what the person answers.

Both become events of the transcript, as text facts: judging again needs the answer, and nothing of the terminal, the
file or the page on which it was given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from harness.model.names import ActorName, PlayerName, PlayId, StepId, TransactionId
from harness.model.record import Record
from harness.model.system import Party
from harness.model.transcript import Event, EventKind

COMMENT_LENGTH = 2000
"""Characters that a comment may have."""

NAME_LENGTH = 100
"""Characters that the name of the answering person may have."""

SAID = "said"
"""Fact of an answer's event: one of `Said`. `BY` is who gave it, `QUESTION` the number of the question."""
BY = "by"
QUESTION = "question"


class Said(Enum):
    """What a person may answer."""

    DONE = "done"
    """It is done: from now on the product's declared time runs."""
    CANNOT = "cannot"
    """It cannot be done: the step stays undecided, with the comment as the reason."""
    SKIP = "skip"
    """It is not to be done: the step is not tested, with the comment as the reason."""


@dataclass(frozen=True, kw_only=True)
class Question(Record):
    """One thing that a person is asked to do. `number` counts from 1 in a run.

    `peers` are our actors to which the product talks in the transaction. `seen` are values that have been on the wire
    already. `act`: seconds that the product has from "done" on; `patience`: seconds in which an answer is awaited.
    `folder` holds files that our stand-in wrote for the product, if it wrote any.
    """

    number: int
    play: PlayId
    step: StepId
    transaction: TransactionId
    title: str
    system: PlayerName
    actor: ActorName
    feeds: bool = False
    text: str = ""
    patient_name: str = ""
    patient_id: str = ""
    service: str = ""
    peers: tuple[Party, ...] = ()
    seen: Mapping[str, str] = field(default_factory=dict)
    act: float
    patience: float
    folder: str = ""

    @property
    def instruction(self) -> str:
        """What to do, in one sentence: the system file's, or what the transaction is called."""
        if self.text:
            return self.text
        if self.feeds:
            return f"Enter into {self.system} what it needs to answer {self.title} [{self.transaction}]"
        return f"Have {self.system} do {self.title} [{self.transaction}]"


@dataclass(frozen=True, kw_only=True)
class Reply(Record):
    """What the person answered. `by` may be empty."""

    said: Said
    comment: str = ""
    by: str = ""


def undone(events: Iterable[Event]) -> Mapping[StepId, str]:
    """The steps that a person did not have done (skipped, or could not), each with the reason."""
    return _said(events, (Said.SKIP, Said.CANNOT))


def skipped(events: Iterable[Event]) -> Mapping[StepId, str]:
    """The steps that a person wanted left out, each with the reason."""
    return _said(events, (Said.SKIP,))


def done(events: Iterable[Event]) -> frozenset[StepId]:
    """The steps of which a person said that they are done."""
    return frozenset(_said(events, (Said.DONE,)))


def told_of(events: Iterable[Event]) -> tuple[str, ...]:
    """What a person was asked and answered in a step, a line each."""
    return tuple(line for event in events if (line := _line(event)))


def _line(event: Event) -> str:
    if event.kind is EventKind.ASKED:
        return f"asked: {event.text}"
    if event.kind is EventKind.NOT_NEEDED:
        return f"no answer was needed: {event.text}"
    if event.kind is EventKind.ANSWERED:
        who = f" ({event.facts[BY]})" if event.facts.get(BY) else ""
        return f"answered: {event.facts.get(SAID, '')}{who}{f': {event.text}' if event.text else ''}"
    return ""


def reason(said: Said, comment: str) -> str:
    """An answer as the reason of what follows from it."""
    words = {
        Said.DONE: "done by the operator",
        Said.CANNOT: "the operator cannot do it",
        Said.SKIP: "skipped by the operator",
    }[said]
    return f"{words}: {comment}" if comment else words


def _said(events: Iterable[Event], wanted: tuple[Said, ...]) -> dict[StepId, str]:
    """A step that is asked again has its last answer."""
    found: dict[StepId, tuple[str, str]] = {}
    for event in events:
        if event.kind is EventKind.ANSWERED and event.step is not None:
            found[event.step.step] = (event.facts.get(SAID, ""), event.text)
    by_word = {said.value: said for said in wanted}
    return {step: reason(by_word[said], text) for step, (said, text) in found.items() if said in by_word}
