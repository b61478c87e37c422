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
    """The catalogue. Those from `never` on change behaviour; those from `unterminated` on misuse a link of their own
    before the message is sent as it should be."""

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
    TRUNCATE = "truncate"
    """End the message, or the data set, in its middle."""
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
    UNTERMINATED = "unterminated"
    """Send the message in a block without end, and close."""
    WRONG_CALLED_AE = "wrong called AE"
    """Request an association with an AE title that nobody has."""
    UNKNOWN_SYNTAX = "unknown abstract syntax"
    """Propose an abstract syntax that nobody offers."""
    ABORT = "abort"
    """Abort the association in the middle of a data set."""
    OVERSIZED_PDU = "oversized PDU"
    """Announce a PDU of 2 GiB."""
    HALF_OPEN = "half open"
    """Begin an association request, and leave it so while the message is sent."""


MISUSES = frozenset(
    {
        Change.UNTERMINATED,
        Change.WRONG_CALLED_AE,
        Change.UNKNOWN_SYNTAX,
        Change.ABORT,
        Change.OVERSIZED_PDU,
        Change.HALF_OPEN,
    }
)
"""The changes that misuse a link of their own."""


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
        if self.change in MISUSES and self.part is not Part.REQUEST:
            raise ValueError(f"`{self.change.value}` is about a request: leave `part` out")


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
