"""What a transport tells the record of a run, and the clock it is timed with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.dicom.bulk import Bulk
from harness.model.names import ActorName, ExchangeId, LinkId
from harness.model.plan import StepRef
from harness.model.profile import LinkKind
from harness.model.transcript import DimseCommand, Direction, EventKind, Half, PayloadKind, SocketAddress


@dataclass(frozen=True, kw_only=True)
class LinkOwner:
    """On whose behalf a link exists: our actor, the actor it dials, and the step that asked for it."""

    actor: ActorName
    peer_actor: ActorName | None = None
    cause: StepRef | None = None


@dataclass(frozen=True)
class HashedFile:
    """A file and the SHA-256 of what it holds."""

    path: Path
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Passage:
    """One message that passes a link: `content` is exactly what was on the wire, None for a bare response.

    Of bulk content `file`, where it is given, is a file that holds exactly it; its owner removes the file afterwards.
    `sha256` is the hash of other content, where it is known already.
    `at` is when it passed, in seconds of the run's clock; None: now.
    """

    link: LinkId
    exchange: ExchangeId
    half: Half
    direction: Direction
    content: bytes | Bulk | None
    kind: PayloadKind
    command: DimseCommand | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    file: HashedFile | None = None
    sha256: str = ""
    at: float | None = None


class Recorder(Protocol):
    """Thread-safe, append-only. A call returns only after the record is ordered; it never raises for wire content."""

    def link_opened(
        self,
        *,
        kind: LinkKind,
        owner: LinkOwner,
        ours: bool,
        local: SocketAddress,
        peer: SocketAddress,
        facts: Mapping[str, str],
        hop: str = "",
        relays: LinkId | None = None,
        at: float | None = None,
    ) -> LinkId:
        """Record a link whose identity is known (for an association: after negotiation).

        Of a relay, `hop` names the way, and `relays` is the accepted link whose messages this one carries on.
        `at` is when it was opened, in seconds of the run's clock; None: now.
        """

    def spool(self) -> Path:
        """The folder in which a large message is kept while it is received; its files are the receiver's to remove."""

    def exchange_opened(self) -> ExchangeId:
        """A new exchange number."""

    def passed(self, passage: Passage) -> None:
        """Record a message."""

    def happened(
        self,
        kind: EventKind,
        text: str = "",
        *,
        link: LinkId | None = None,
        owner: LinkOwner | None = None,
        facts: Mapping[str, str] | None = None,
        at: float | None = None,
    ) -> None:
        """Record an event. `at` as of a link."""
