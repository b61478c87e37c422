"""The profile's tables: field usage, attribute types, consistency edges, state machines and rules, each row cited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from harness.model.names import ActorName, CheckName, LegId, TransactionId
from harness.model.record import Record
from harness.model.remembering import Remembering
from harness.model.transcript import Half
from harness.model.verdict import Confidence, Strength


class Usage(Enum):
    """Optionality codes of the field tables (RAD TF-2: 2.3)."""

    REQUIRED = "R"
    REQUIRED_BY_IHE = "R+"
    REQUIRED_IF_KNOWN = "R2"
    REQUIRED_MAY_BE_EMPTY = "RE"
    CONDITIONAL = "C"
    CONDITIONAL_MAY_BE_EMPTY = "CE"
    OPTIONAL = "O"
    NOT_SUPPORTED = "X"


@dataclass(frozen=True, kw_only=True)
class Hl7Row(Record):
    """One obligation on one field. `values` closes the value set; `equals` names a field with the same value.

    `when` is a condition in the form `PATH = A, B` or `PATH valued`; a row whose condition is prose has `condition`
    and is never decided. `length` is the longest value in characters (0: not known); a longer one only warns.
    """

    use: Usage
    name: str
    type: str = ""
    values: tuple[str, ...] = ()
    equals: str = ""
    when: str = ""
    condition: str = ""
    length: int = 0
    strength: Strength = Strength.SHALL
    confidence: Confidence
    source: str = ""
    citation: str = ""
    implies: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Hl7Table(Remembering):
    """Field usage of one message in one transaction. Keys of `rows` are field paths (`IPC-3`, `PID-3.4`).

    `segments` are the segments the message must have; `structure` is the base standard's message structure.
    """

    message: str
    version: str
    transaction: TransactionId
    actor: ActorName
    structure: str = ""
    citation: str
    confidence: Confidence = Confidence.BELIEVED
    source: str = ""
    segments: tuple[str, ...] = ()
    rows: Mapping[str, Hl7Row]


@dataclass(frozen=True, kw_only=True)
class AttributeRow(Record):
    """One obligation on one attribute.

    `type` is 1, 1C, 2, 2C, 3 or `-` (must be absent); `when_requested` limits it to keys that the request names;
    `when` is `PATH = A, B`, `PATH valued` or `PATH absent`, or several of them joined by `and`; `at_most` bounds the
    number of items of a sequence, 0 leaves it open. `only_then`: without a value when the condition does not hold.
    """

    type: str
    values: tuple[str, ...] = ()
    at_most: int = 0
    only_then: bool = False
    when: str = ""
    condition: str = ""
    when_requested: bool = False
    strength: Strength = Strength.SHALL
    confidence: Confidence
    source: str = ""
    citation: str = ""
    implies: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AttributeTable(Record):
    """Attribute types of one DIMSE message, or of a stored object. Keys of `rows` are attribute paths."""

    transaction: TransactionId
    actor: ActorName
    half: Half
    citation: str
    confidence: Confidence = Confidence.VERIFIED
    source: str = ""
    rows: Mapping[str, AttributeRow]


class Comparison(Enum):
    """How two values are compared."""

    __hash__ = object.__hash__

    TEXT = "text"
    """Decoded text without trailing spaces."""
    UID = "uid"
    NAME = "name"
    """Person names, HL7 XPN order or DICOM PN order, trailing empty parts ignored."""
    DATE = "date"
    """The first eight digits."""
    TIME = "time"
    """To the given precision."""
    SEX = "sex"
    """Table 0001 against (0010,0040): U, A and N correspond to empty."""
    CODE = "code"
    """Code value and coding scheme; the meaning is not compared."""


@dataclass(frozen=True, kw_only=True)
class Place(Record):
    """Where a value stands: transaction, half of its exchange, and alternative paths (the first present one counts)."""

    transaction: TransactionId
    half: Half
    paths: tuple[str, ...]
    leg: LegId | None = None

    def __str__(self) -> str:
        return f"{self.transaction} {' | '.join(self.paths)}"


@dataclass(frozen=True, kw_only=True)
class Edge(Record):
    """A value that one actor copies from one place to another. `cases` lists the acquisition cases it holds in.

    `when_valued`: the target may go without the value; only another value breaks the edge. `sop_classes`: stored
    objects of these classes or groups only.
    """

    id: str
    rule: str
    source_place: Place
    target: Place
    by: ActorName
    compare: Comparison
    cases: tuple[str, ...] = ("simple",)
    when_valued: bool = False
    sop_classes: tuple[str, ...] = ()
    strength: Strength = Strength.SHALL
    confidence: Confidence
    source: str = ""
    citation: str
    implies: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LegRule(Record):
    """An obligation that a check decides on every leg that names the check. `charged`: initiator or responder."""

    check: CheckName
    row: str
    text: str
    charged: str
    strength: Strength = Strength.SHALL
    confidence: Confidence
    source: str = ""
    citation: str
    condition: str = ""
    implies: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PlayRule(Record):
    """An obligation that a check decides once for a play."""

    check: CheckName
    id: str
    text: str
    actor: ActorName
    transaction: TransactionId
    strength: Strength = Strength.SHALL
    confidence: Confidence
    source: str = ""
    citation: str
    condition: str = ""
    implies: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Transition(Record):
    """One row of a state machine. `answer` is the DIMSE status in hexadecimal, empty when any failure will do.

    `to` is the state afterwards; `accepted` says whether the event is legal in that state.
    """

    state: str
    event: str
    to: str
    accepted: bool
    answer: str = ""
    confidence: Confidence
    source: str = ""
    citation: str


@dataclass(frozen=True, kw_only=True)
class StateMachine(Record):
    """A cited table; what is not in it is illegal."""

    name: str
    initial: str
    transitions: tuple[Transition, ...]

    def next(self, state: str, event: str) -> Transition | None:
        """The row for an event in a state; None when the table has none."""
        for transition in self.transitions:
            if transition.state == state and transition.event == event:
                return transition
        return None


@dataclass(frozen=True, kw_only=True)
class KeyRow(Record):
    """A key of a query: how it may be matched, and the type of its return (PS3.4 C.2.2.1, K.6.1.2)."""

    matching: str
    type: str
    strength: Strength = Strength.SHALL
    confidence: Confidence
    source: str = ""
    citation: str = ""


@dataclass(frozen=True, kw_only=True)
class KeyTable(Record):
    """Keys of one query information model."""

    citation: str
    rows: Mapping[str, KeyRow] = field(default_factory=dict)
