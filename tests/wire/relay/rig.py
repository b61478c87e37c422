"""A relay between peers that follow a script, recorded in memory."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from harness.engine.recording import TranscriptRecorder
from harness.identifiers import SystemClock
from harness.model.hop import Hop, HopSide
from harness.model.names import PlayerName
from harness.model.profile import LinkKind
from harness.model.transcript import Event, EventKind
from harness.transports.relay import Crossing, Ending, Side, TapMaker
from harness.transports.relay.entrance import Bounds, Entrance
from harness.transports.relay.pump import Pump
from harness.transports.relay.trail import Trail

Script = Callable[[socket.socket], None]


@dataclass
class Ear:
    """A tap that keeps what it is told."""

    crossing: Crossing
    said: dict[Side, bytearray] = field(default_factory=lambda: {side: bytearray() for side in Side})
    unsent: dict[Side, int] = field(default_factory=lambda: dict.fromkeys(Side, 0))
    endings: dict[Side, Ending] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    def passed(self, side: Side, data: bytes, received_at: float, sent_at: float | None) -> None:
        if sent_at is None:
            self.unsent[side] += len(data)
            return
        assert sent_at >= received_at
        self.said[side] += data

    def ended(self, side: Side, ending: Ending) -> None:
        assert side not in self.endings
        self.endings[side] = ending
        if len(self.endings) == 2:
            self.over.set()


class Peer:
    """Accepts connections, and does with each what the script says; closes it afterwards."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self._listener.getsockname()[1]
        self.faults: list[BaseException] = []
        self.threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def _accept(self) -> None:
        while True:
            try:
                sock = self._listener.accept()[0]
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with sock:
            sock.settimeout(20)
            try:
                self._script(sock)
            except (AssertionError, OSError) as fault:
                self.faults.append(fault)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(10)
        for thread in self.threads:
            thread.join(10)


@dataclass
class Rig:
    """A pump with its trail, a record, and entrances that are stopped with the test."""

    trail: Trail = field(default_factory=Trail)
    clock: SystemClock = field(default_factory=SystemClock)
    entrances: list[Entrance] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)
    ears: list[Ear] = field(default_factory=list)
    stopped: bool = False

    def __post_init__(self) -> None:
        self.pump = Pump(self.trail, self.clock)
        self.recorder = TranscriptRecorder(self.clock, None)

    def peer(self, script: Script) -> Peer:
        """Somebody to connect to."""
        self.peers.append(Peer(script))
        return self.peers[-1]

    def hop(
        self,
        port: int,
        kind: LinkKind = LinkKind.MLLP,
        accepts: dict[str, Any] | None = None,
        leads_to: dict[str, Any] | None = None,
    ) -> Hop:
        """A hop from RIS to PACS."""
        here = {"player": PlayerName("RIS"), "host": "127.0.0.1", "port": 0, **(accepts or {})}
        there = {"player": PlayerName("PACS"), "host": "127.0.0.1", "port": port, **(leads_to or {})}
        return Hop(name="orders", kind=kind, accepts=HopSide(**here), leads_to=HopSide(**there))

    def open(self, hop: Hop, tap: TapMaker | None = None, bounds: Bounds | None = None) -> int:
        """Open the way; the port to connect to."""
        entrance = Entrance(
            hop, pump=self.pump, recorder=self.recorder, clock=self.clock, tap=tap or self.listen, bounds=bounds
        )
        self.entrances.append(entrance)
        return entrance.start()

    def listen(self, crossing: Crossing) -> Ear:
        self.ears.append(Ear(crossing))
        return self.ears[-1]

    def relay(self, script: Script, tap: TapMaker | None = None, **options: Any) -> int:
        """A relay to somebody who does what the script says; the port to connect to."""
        return self.open(self.hop(self.peer(script).port), tap, **options)

    def ear(self, number: int = 0) -> Ear:
        """The tap of a crossing that has ended."""
        assert self.recorder.wait(lambda: len(self.ears) > number, 10)
        ear = self.ears[number]
        assert ear.over.wait(10), ear
        return ear

    def wait(self, kind: EventKind, count: int = 1) -> list[Event]:
        """Until so many events of that kind are there."""

        def found() -> list[Event]:
            return [event for event in self.recorder.events() if event.kind is kind]

        assert self.recorder.wait(lambda: len(found()) >= count, 10), self.recorder.events()
        return found()

    def stop(self) -> None:
        if self.stopped:
            return
        self.stopped = True
        for entrance in self.entrances:
            entrance.stop()
        assert self.pump.stop(10)
        assert self.trail.close(10)
        for peer in self.peers:
            peer.close()


def dial(port: int) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port), 10)
    sock.settimeout(20)
    return sock


def read_all(sock: socket.socket) -> bytes:
    """Everything until the peer ends its stream."""
    data = bytearray()
    while piece := sock.recv(1 << 16):
        data += piece
    return bytes(data)


def read_some(sock: socket.socket, size: int) -> bytes:
    """That many bytes; fewer when the peer ends its stream."""
    data = bytearray()
    while len(data) < size and (piece := sock.recv(min(1 << 16, size - len(data)))):
        data += piece
    return bytes(data)


def reset(sock: socket.socket) -> None:
    """Close with a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def fill(sock: socket.socket, most: int) -> int:
    """Send until the peer takes no more for a while; how many bytes that were."""
    sock.settimeout(0.5)
    sent = 0
    with suppress(TimeoutError):
        while sent < most:
            sent += sock.send(bytes(1 << 20))
    sock.settimeout(20)
    return sent
