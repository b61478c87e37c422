"""What a relay tells whoever reads along: the bytes of both directions, after they have passed, and how each ended.

A tap records. It never sees the connections themselves and can change nothing that passes: what it cannot read has
passed all the same, and is recorded as what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Protocol

from harness.model.hop import Hop, HopSide
from harness.model.names import ActorName, LinkId
from harness.model.transcript import EventKind, SocketAddress
from harness.transports.recorder import LinkOwner, Recorder

RELAY = ActorName("Relay")
"""Who has the links of a relay: no IHE actor. Who is on their other ends, the hop says."""

OWNER = LinkOwner(actor=RELAY)

NO_FACTS: Mapping[str, str] = MappingProxyType({})


class Side(Enum):
    """From which of the two systems bytes came."""

    __hash__ = object.__hash__

    ACCEPTED = "accepted"
    """The one that connected to the relay."""
    OPENED = "opened"
    """The one that the relay connected to."""

    @property
    def other(self) -> Side:
        """Where they went."""
        return Side.OPENED if self is Side.ACCEPTED else Side.ACCEPTED


class How(Enum):
    """How the stream of one side ended."""

    CLOSED = "closed"
    """The system ended it in order, and the relay ended its own towards the other side; that one may go on."""
    LOST = "lost"
    """It was reset or broke, or the system did not take what was for it; the relay reset the other side."""
    CUT = "cut"
    """The relay ended it: the other side was lost, or the relay stops."""


@dataclass(frozen=True)
class Ending:
    """How and why the stream of one side ended, in words, and when (seconds of the run's clock)."""

    how: How
    text: str
    at: float


@dataclass(frozen=True, kw_only=True)
class Wire:
    """One of the two connections of a crossing, as the relay has it. `facts` tell what TLS agreed on."""

    local: SocketAddress
    peer: SocketAddress
    at: float
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Links:
    """The numbers of the two links of a crossing in the record."""

    accepted: LinkId
    opened: LinkId

    def of(self, side: Side) -> LinkId:
        """The link to the system on that side."""
        return self.accepted if side is Side.ACCEPTED else self.opened


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """A connection that a relay accepted, and the one that it opened for it."""

    hop: Hop
    accepted: Wire
    opened: Wire
    recorder: Recorder

    def wire(self, side: Side) -> Wire:
        """The connection to the system on that side."""
        return self.accepted if side is Side.ACCEPTED else self.opened

    def end(self, side: Side) -> HopSide:
        """What is known beforehand of the system on that side."""
        return self.hop.accepts if side is Side.ACCEPTED else self.hop.leads_to

    def record_links(self, accepted: Mapping[str, str] = NO_FACTS, opened: Mapping[str, str] = NO_FACTS) -> Links:
        """Record both links, once their identity is known: of an association after its negotiation, with its facts."""
        wire = self.accepted
        first = self.recorder.link_opened(
            kind=self.hop.kind,
            owner=OWNER,
            ours=False,
            local=wire.local,
            peer=wire.peer,
            facts={**wire.facts, **accepted},
            hop=self.hop.name,
            at=wire.at,
        )
        wire = self.opened
        second = self.recorder.link_opened(
            kind=self.hop.kind,
            owner=OWNER,
            ours=True,
            local=wire.local,
            peer=wire.peer,
            facts={**wire.facts, **opened},
            hop=self.hop.name,
            relays=first,
            at=wire.at,
        )
        return Links(first, second)

    def record_endings(self, links: Links, endings: Mapping[Side, Ending]) -> None:
        """Record how both links ended; who ended one, its peer or the relay, is in the text and in the facts."""
        for side, ending in endings.items():
            cut = ending.how is How.CUT
            self.recorder.happened(
                EventKind.LINK_LOST if ending.how is How.LOST else EventKind.LINK_CLOSED,
                f"closed by us: {ending.text}" if cut else ending.text,
                link=links.of(side),
                owner=OWNER,
                facts={"hop": self.hop.name, "ended_by": "relay" if cut else "peer"},
                at=ending.at,
            )

    def record_silence(self, link: LinkId, text: str, at: float) -> None:
        """Record that a request on that link gets no response, because its responder ended the connection.

        Not where its sender ended it, or the relay: then nobody knows whether there would have been one.
        """
        facts = {"hop": self.hop.name}
        self.recorder.happened(EventKind.NO_RESPONSE, text, link=link, owner=OWNER, facts=facts, at=at)


class Tap(Protocol):
    """Reads along on one crossing. It is called on one thread, behind the pump, in the order in which things passed.

    While it works nothing waits for it, up to the bound of what may be unread; then the pump waits. Times are seconds
    of the run's clock, to be handed on to the recorder as `at`. What it raises is a fault of ours: it is recorded, the
    tap is told nothing more, and the bytes go on passing.
    """

    def passed(self, side: Side, data: bytes, received_at: float, sent_at: float | None) -> None:
        """Bytes came from a side, in whatever pieces, and were sent on; None: they never reached the other side."""

    def ended(self, side: Side, ending: Ending) -> None:
        """Nothing more will come from a side; told once of each. After the second, both connections are closed."""


TapMaker = Callable[[Crossing], Tap]
"""Makes the tap of a crossing, before any byte of it is passed."""
