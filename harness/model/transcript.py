"""What happened on the wire: captures and events in the order of our receive time.

Two simulated actors that talk to each other record the same bytes twice, once at each end. Reading keeps the
initiator's record and drops its twin, which is known by the pair of socket addresses. What a relay sent on is in
`captures` and in no exchange: those have what came from the sender.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from harness.model.names import ActorName, ExchangeId, LegId, LinkId, PlayId
from harness.model.plan import StepRef
from harness.model.profile import LinkKind, Service
from harness.model.record import Record


class Direction(Enum):
    """Seen from our side of the link."""

    SENT = "sent"
    RECEIVED = "received"


class Half(Enum):
    """Request or response of an exchange."""

    __hash__ = object.__hash__

    REQUEST = "request"
    RESPONSE = "response"


class PayloadKind(Enum):
    """What a payload file holds; the value is its extension.

    A `dcm` payload is a Part 10 file whose data set is byte for byte what was on the wire.
    """

    HL7 = "hl7"
    DICOM = "dcm"
    BYTES = "bin"


@dataclass(frozen=True)
class Payload(Record):
    """A content-addressed file of the evidence; `size` in bytes."""

    sha256: str
    kind: PayloadKind
    size: int

    @property
    def file_name(self) -> str:
        """Name of the payload's file; never derived from data on the wire."""
        return f"{self.sha256}.{self.kind.value}"


@dataclass(frozen=True)
class SocketAddress(Record):
    """A socket's address as the operating system gives it."""

    host: str
    port: int


@dataclass(frozen=True, kw_only=True)
class Link(Record):
    """A TCP connection or association that we opened or accepted.

    `actor` is our actor at this end, `peer_actor` the actor that we dialled (or the one the calling AE title names);
    `cause` is the step on whose behalf we opened it, and `leg` the leg of it that its messages are, where that was
    settled beforehand. `facts` holds identities: AE titles, implementation class UID
    and version name, negotiated maximum PDU, accepted contexts.

    Of a relay, `hop` names the way that the link is a part of, and `relays` is, on the link that the relay opened, the
    accepted one whose messages it passes on.
    """

    seq: int
    time: float
    id: LinkId
    kind: LinkKind
    actor: ActorName
    ours: bool
    local: SocketAddress
    peer: SocketAddress
    peer_actor: ActorName | None = None
    cause: StepRef | None = None
    leg: LegId | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    hop: str = ""
    relays: LinkId | None = None


@dataclass(frozen=True, kw_only=True)
class DimseCommand(Record):
    """The command set of a DIMSE message, as far as judging needs it. `status` is None in a request."""

    service: Service
    message_id: int
    sop_class: str = ""
    sop_instance: str = ""
    status: int | None = None
    transfer_syntax: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Further command elements by keyword: ErrorComment, ErrorID, ActionTypeID, EventTypeID, MoveDestination, ..."""


@dataclass(frozen=True, kw_only=True)
class Capture(Record):
    """One message on the wire.

    A relay records a message twice under the number of one exchange: as received from its sender, and as sent on.
    """

    seq: int
    time: float
    link: LinkId
    exchange: ExchangeId
    half: Half
    direction: Direction
    payload: Payload | None = None
    command: DimseCommand | None = None


class EventKind(Enum):
    """What may happen besides messages."""

    LISTENING = "listening"
    LINK_CLOSED = "link closed"
    LINK_LOST = "link lost"
    UNREACHABLE = "unreachable"
    TLS_FAILED = "TLS failed"
    REJECTED = "association rejected"
    CONTEXT_REFUSED = "abstract syntax refused"
    NO_RESPONSE = "no response"
    MISUSED = "link misused"
    NOISE = "bytes outside a message"
    PLAY_STARTED = "play started"
    PLAY_SEALED = "play sealed"
    STEP_STARTED = "step started"
    STEP_ENDED = "step ended"
    LEG_EXPIRED = "leg expired"
    CANNOT_ACT = "cannot act"
    HOOK = "hook"
    ASKED = "operator asked"
    ANSWERED = "operator answered"
    NOT_NEEDED = "operator not needed"
    LINK_PROVEN = "link proven"
    RESUMED = "resumed"
    PLAY_ABANDONED = "play begun anew"
    INTERRUPTED = "interrupted"
    INTERNAL_ERROR = "internal error"


@dataclass(frozen=True, kw_only=True)
class Event(Record):
    """One thing that happened to a link, a step or the run. `leg` names the leg it is about, if any."""

    seq: int
    time: float
    kind: EventKind
    text: str = ""
    link: LinkId | None = None
    actor: ActorName | None = None
    peer_actor: ActorName | None = None
    step: StepRef | None = None
    play: PlayId | None = None
    leg: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Exchange(Record):
    """A request with its responses, or the lack of them."""

    id: ExchangeId
    link: Link
    request: Capture
    responses: tuple[Capture, ...] = ()

    @property
    def final(self) -> Capture | None:
        """The last response, or None when there is none."""
        return self.responses[-1] if self.responses else None

    @property
    def sent(self) -> bool:
        """Whether we sent the request."""
        return self.request.direction is Direction.SENT


@dataclass(frozen=True, kw_only=True)
class Transcript(Record):
    """All records of a run, ordered by `seq`; `exchanges` has one entry for each message pair, twins removed."""

    links: tuple[Link, ...]
    captures: tuple[Capture, ...]
    events: tuple[Event, ...]
    exchanges: tuple[Exchange, ...]
