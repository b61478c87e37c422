"""Deviations: violations committed on purpose, by a scenario's step or by a defective system.

A deviation names who deviates, in which transaction, and one change from a closed catalogue. Changes to messages are
made between an actor and its transport; changes to behaviour are made where the actor asks for a decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from harness.model.names import ActorName, LegId, RequirementId, ScenarioId, StepId, TransactionId
from harness.model.record import Record


class Change(Enum):
    """The catalogue. The first five change a message, the others behaviour."""

    REMOVE = "remove"
    """Leave the field, segment or attribute out."""
    SET = "set"
    """Give it another value."""
    DUPLICATE = "duplicate"
    """Repeat the segment, repetition or sequence item."""
    REORDER = "reorder"
    """Exchange it with its successor."""
    WRONG_IDENTIFIER = "wrong identifier"
    """Replace the identifier by a well-formed one that nobody assigned."""
    NEVER = "never"
    """Do not send."""
    LATE = "late"
    """Send after `seconds`."""
    TWICE = "twice"
    """Send the same bytes a second time."""
    WRONG_ANSWER = "wrong answer"
    """Answer with `value`: an acknowledgement code or a DIMSE status in hexadecimal."""
    SILENCE = "silence"
    """Take the message and do not answer."""
    DECIDE = "decide"
    """Let the actor's decision `decision` come out as `value`."""


class Part(Enum):
    """Which half of an exchange."""

    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True, kw_only=True)
class Deviation(Record):
    """One violation.

    `path` is an HL7 field path (`OBR-2.1`) or an attribute path (`ReferencedSOPSequence[0].ReferencedSOPInstanceUID`).
    `occurrence` counts the messages it applies to within one scenario from 1; 0 means each.
    """

    actor: ActorName
    change: Change
    transaction: TransactionId | None = None
    leg: LegId | None = None
    part: Part = Part.REQUEST
    occurrence: int = 0
    path: str = ""
    value: str = ""
    decision: str = ""
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.change in (Change.WRONG_ANSWER, Change.SILENCE) and self.part is not Part.RESPONSE:
            raise ValueError(f"`{self.change.value}` is about an answer: write `part: response`")


@dataclass(frozen=True, kw_only=True)
class Detection(Record):
    """Where a defect has to be noticed."""

    scenario: ScenarioId
    step: StepId
    requirement: RequirementId


@dataclass(frozen=True, kw_only=True)
class Defect(Record):
    """A named fault of the reference system."""

    id: str
    title: str
    deviations: tuple[Deviation, ...]
    detection: Detection
