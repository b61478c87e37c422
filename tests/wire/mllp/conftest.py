"""A recorder in memory, and raw peers that follow a script."""

from __future__ import annotations

import itertools
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from harness.model.names import ActorName, ExchangeId, LinkId
from harness.model.profile import LinkKind
from harness.model.system import Hl7Address
from harness.model.transcript import EventKind, SocketAddress
from harness.transports.recorder import LinkOwner, Passage


@dataclass(frozen=True)
class Opened:
    id: LinkId
    ours: bool
    local: SocketAddress
    peer: SocketAddress
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Happened:
    kind: EventKind
    text: str
    link: LinkId | None
    facts: Mapping[str, str]


class Tape:
    """Keeps what a transport records, and lets a test wait for it."""

    def __init__(self) -> None:
        self.records: list[Opened | Passage | Happened] = []
        self._changed = threading.Condition()
        self._links = itertools.count(1)
        self._exchanges = itertools.count(1)

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
        assert kind is LinkKind.MLLP
        link = LinkId(next(self._links))
        self._add(Opened(link, ours, local, peer, facts))
        return link

    def exchange_opened(self) -> ExchangeId:
        return ExchangeId(next(self._exchanges))

    def passed(self, passage: Passage) -> None:
        self._add(passage)

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
        assert owner is not None
        self._add(Happened(kind, text, link, facts or {}))

    def _add(self, record: Opened | Passage | Happened) -> None:
        with self._changed:
            self.records.append(record)
            self._changed.notify_all()

    @property
    def events(self) -> list[EventKind]:
        return [record.kind for record in self.records if isinstance(record, Happened)]

    @property
    def passages(self) -> list[tuple[int, str, str, bytes | None]]:
        found = [record for record in self.records if isinstance(record, Passage)]
        return [(item.exchange, item.half.value, item.direction.value, item.content) for item in found]

    @property
    def links(self) -> list[Opened]:
        return [record for record in self.records if isinstance(record, Opened)]

    def texts(self, kind: EventKind) -> list[str]:
        return [record.text for record in self.records if isinstance(record, Happened) and record.kind is kind]

    def wait(self, *kinds: EventKind, count: int = 1) -> None:
        """Until so many events of these kinds are there; fails after 10 s."""
        with self._changed:
            there = self._changed.wait_for(lambda: sum(e in kinds for e in self.events) >= count, 10)
        assert there, f"{kinds} did not happen: {self.records}"


class RawPeer:
    """Accepts one connection, reads one block, and does what the script says with the socket."""

    def __init__(self, script: Callable[[socket.socket], None]) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(10)
        self.address = Hl7Address(application="PEER", facility="F", port=self._listener.getsockname()[1])
        self.received = b""
        self.released = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with self._listener, self._listener.accept()[0] as sock:
            sock.settimeout(10)
            while b"\x1c\r" not in self.received:
                piece = sock.recv(65536)
                if not piece:
                    return
                self.received += piece
            self._script(sock)

    def join(self) -> None:
        self._thread.join(10)
        assert not self._thread.is_alive()


def reset(sock: socket.socket) -> None:
    """Close with RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


@pytest.fixture
def tape() -> Tape:
    return Tape()


@pytest.fixture
def owner() -> LinkOwner:
    return LinkOwner(actor=ActorName("Order Filler"), peer_actor=ActorName("Image Manager"))


@pytest.fixture
def raw_peer() -> Iterator[Callable[[Callable[[socket.socket], None]], RawPeer]]:
    peers: list[RawPeer] = []

    def make(script: Callable[[socket.socket], None]) -> RawPeer:
        peers.append(RawPeer(script))
        return peers[-1]

    yield make
    for peer in peers:
        peer.released.set()
        peer.join()


@pytest.fixture
def reset_link() -> Callable[[socket.socket], None]:
    return reset
