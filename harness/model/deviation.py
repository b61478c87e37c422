"""Deviations: violations committed on purpose, by a scenario's step or by a defective system.

A deviation names who deviates, in which transaction, and one change from a closed catalogue. Changes to messages are
made between an actor and its transport; changes to behaviour are made where the actor asks for a decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from harness.model.names import ActorName, LegId, RequirementId, ScenarioId, StepId, TransactionId
from harness.model.record import Record


class Change(Enum):
    """The catalogue. Those from `never` on change behaviour; those from `unterminated` on misuse a link of their own
    before the message is sent as it should be; those from `expired certificate` on are about TLS."""

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
    EXPIRED_CERTIFICATE = "expired certificate"
    """Show a certificate that has expired."""
    FUTURE_CERTIFICATE = "certificate not yet valid"
    """Show a certificate that begins in the future."""
    UNKNOWN_AUTHORITY = "unknown authority"
    """Show a certificate of an authority that the peer does not know."""
    OTHER_HOST = "other host name"
    """Show a certificate that names another host."""
    OLD_TLS = "old TLS version"
    """Speak nothing newer than TLS 1.1."""
    NO_CERTIFICATE = "no certificate"
    """Call without a certificate."""
    IN_THE_CLEAR = "in the clear"
    """Call without TLS where it is wanted."""


TLS_OF_LISTENERS = frozenset(
    {
        Change.EXPIRED_CERTIFICATE,
        Change.FUTURE_CERTIFICATE,
        Change.UNKNOWN_AUTHORITY,
        Change.OTHER_HOST,
        Change.OLD_TLS,
    }
)
"""What a listener can show that nobody should talk to (`part: response`)."""

TLS_CHANGES = TLS_OF_LISTENERS | {Change.NO_CERTIFICATE, Change.IN_THE_CLEAR}
"""The changes that are about TLS: of a caller, on a connection of its own before the proper one; of a listener, on each
that comes meanwhile."""

MISUSES = TLS_CHANGES | frozenset(
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


RULES_ON_CALLERS: Mapping[Change, str] = {
    Change.EXPIRED_CERTIFICATE: "tls-expired-caller",
    Change.FUTURE_CERTIFICATE: "tls-early-caller",
    Change.UNKNOWN_AUTHORITY: "tls-unknown-caller",
    Change.NO_CERTIFICATE: "tls-anonymous-caller",
    Change.OLD_TLS: "tls-old-caller",
    Change.IN_THE_CLEAR: "tls-plain-caller",
    Change.OTHER_HOST: "tls-other-host-caller",
}
RULES_ON_LISTENERS: Mapping[Change, str] = {
    Change.EXPIRED_CERTIFICATE: "tls-expired-listener",
    Change.FUTURE_CERTIFICATE: "tls-early-listener",
    Change.UNKNOWN_AUTHORITY: "tls-unknown-listener",
    Change.OLD_TLS: "tls-old-listener",
    Change.OTHER_HOST: "tls-other-host-listener",
}
"""The rule of a leg that a change about TLS puts to the test."""


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
        if self.change in MISUSES - TLS_OF_LISTENERS and self.part is not Part.REQUEST:
            raise ValueError(f"`{self.change.value}` is about a request: leave `part` out")

    def is_about(self, transaction: TransactionId, leg: LegId) -> bool:
        """Whether it names the leg, or none in particular."""
        return self.transaction in (None, transaction) and self.leg in (None, leg)

    def secures(self, transaction: TransactionId, leg: LegId, initiator: ActorName, responder: ActorName) -> bool:
        """Whether it is about TLS on a leg: its actor calls there, or is called."""
        side = responder if self.of_listener else initiator
        return self.change in TLS_CHANGES and self.actor == side and self.is_about(transaction, leg)

    @property
    def tls_rule(self) -> str:
        """The rule of a leg that it puts to the test; empty when it is not about TLS."""
        rules = RULES_ON_LISTENERS if self.of_listener else RULES_ON_CALLERS
        return rules.get(self.change, "")

    @property
    def of_listener(self) -> bool:
        """Whether it is about what a listener shows to whoever calls it."""
        return self.change in TLS_OF_LISTENERS and self.part is Part.RESPONSE


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
