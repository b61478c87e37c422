"""Connections between a product and our actors, as a plan needs them, and the sheet for a product's administrator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.model.names import ActorName, PlayerName, TransactionId
from harness.model.profile import LinkKind, Service
from harness.model.record import Record
from harness.model.system import DimseAddress, Hl7Address, Party

_LOOPBACK = ("localhost", "::1")


@dataclass(frozen=True, kw_only=True)
class Need(Record):
    """What one leg sends over a connection.

    `sop_classes` are UID keywords or group names, of which the peer takes at least one; `messages` are HL7 types with
    their version (`ADT^A04 (2.5.1)`). `started_by_hook`: a program that makes the product act is told where to connect;
    `reaction`: whoever sends it does so by itself, because of what came before; `optional`: it need not be sent.
    """

    transaction: TransactionId
    service: str = ""
    sop_classes: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    started_by_hook: bool = False
    reaction: bool = False
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Connection(Record):
    """One direction of one protocol between an actor of a product and one of ours, with what crosses it.

    `inward`: the product calls us. `ours` has the address that we advertise, and where we bind.
    """

    system: PlayerName
    kind: LinkKind
    inward: bool
    theirs: Party
    ours: Party
    needs: tuple[Need, ...] = ()

    @property
    def transactions(self) -> tuple[TransactionId, ...]:
        """The transactions that use it, each once, in the order of their numbers."""
        return in_order(need.transaction for need in self.needs)

    @property
    def our_port(self) -> int:
        """The port of our listener; 0 when it is a free one."""
        address = self.ours.hl7 if self.kind is LinkKind.MLLP else self.ours.dimse
        return address.port if address else 0

    @property
    def our_host(self) -> str:
        """The host that the product dials."""
        address = self.ours.hl7 if self.kind is LinkKind.MLLP else self.ours.dimse
        return address.host if address else ""

    @property
    def their_address(self) -> DimseAddress | Hl7Address | None:
        """Where the product's actor is reached on this connection, and what it is called; None when nobody told."""
        return self.theirs.hl7 if self.kind is LinkKind.MLLP else self.theirs.dimse

    @property
    def their_host(self) -> str:
        """Where the product is, as far as it was told; empty when it was not."""
        addresses = (self.theirs.dimse, self.theirs.hl7)
        return next((one.host for one in addresses if one is not None), "")

    @property
    def needs_fixed_port(self) -> bool:
        """Whether the product has to know our port beforehand."""
        return self.inward and not all(need.started_by_hook or need.optional for need in self.needs)

    @property
    def can_do_without(self) -> bool:
        """Whether all that it is for can pass on another connection: a commitment report on that of its request."""
        return all(need.optional or need.service == Service.N_EVENT_REPORT.value for need in self.needs)


def in_order(names: Iterable[TransactionId]) -> tuple[TransactionId, ...]:
    """Transactions, each once, in the order of their numbers."""
    return tuple(sorted(set(names), key=lambda name: (len(name), name)))


def is_loopback(host: str) -> bool:
    """Whether a host is this machine's own address that nobody else can reach."""
    return host.lower() in _LOOPBACK or host.startswith("127.")


@dataclass(frozen=True, kw_only=True)
class Peer(Record):
    """What a product is told about one of our actors, on one protocol.

    `calls` are the transactions in which it calls the product, `called` those in which the product calls it; `port` is
    0 where nobody calls it.
    """

    actor: ActorName
    kind: LinkKind
    ae_title: str = ""
    application: str = ""
    facility: str = ""
    host: str
    port: int = 0
    calls: tuple[TransactionId, ...] = ()
    called: tuple[TransactionId, ...] = ()
    contents: tuple[str, ...] = ()
    tls: bool = False
    facing: tuple[ActorName, ...] = ()

    @property
    def direction(self) -> str:
        """Who opens the connection, seen from the product."""
        if self.calls and self.called:
            return "calls the product, and is called by it"
        return "calls the product" if self.calls else "is called by the product"


@dataclass(frozen=True, kw_only=True)
class Told(Record):
    """What we were told of one actor of the product, to be compared with its own settings."""

    actor: ActorName
    kind: LinkKind
    ae_title: str = ""
    application: str = ""
    facility: str = ""
    host: str = ""
    port: int = 0
    tls: bool = False


@dataclass(frozen=True, kw_only=True)
class Sheet(Record):
    """What the administrator of a product has to enter, what we were told of it, and what does not fit together."""

    system: PlayerName
    version: str = ""
    scenarios: int = 0
    peers: tuple[Peer, ...] = ()
    told: tuple[Told, ...] = ()
    problems: tuple[str, ...] = field(default=())
