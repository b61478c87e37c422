"""The entrance of one hop: accepts connections, secures them where the hop says so, and opens the other side's.

Each arrival is seen to on a thread of its own, which hands both connections to the pump and ends. Whoever cannot be
taken to the other side is sent away, and the record says why.
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from harness.errors import HarnessError, PortInUse
from harness.identifiers import Clock
from harness.model.hop import Hop
from harness.model.tls import TlsMode
from harness.model.transcript import EventKind, SocketAddress
from harness.transports.listeners import is_exhausted, opened_listener
from harness.transports.mllp.link import socket_address
from harness.transports.recorder import Recorder
from harness.transports.relay.porters import Porters
from harness.transports.relay.pump import Pump
from harness.transports.relay.tap import NO_FACTS, OWNER, Crossing, TapMaker, Wire
from harness.transports.tls import Arrival, TlsFailure, TlsSocket, call, facts_of, listening_context

_BACKLOG = 1024
_ACCEPTS = 64
"""Connections taken before the listener looks whether it has to stop."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How many `connections` a hop carries at a time, and seconds: `connect` for the other side to accept one,
    `handshake` for TLS to be agreed on either side, `stop` for arrivals to be seen to after `stop()`."""

    connections: int = 4096
    connect: float = 10.0
    handshake: float = 10.0
    stop: float = 2.0


@dataclass(frozen=True)
class _NoWay:
    """Why there is no connection to the other side."""

    kind: EventKind
    text: str
    facts: Mapping[str, str]


class Entrance:
    """The listener of one hop. `tap` makes whoever reads along on a crossing."""

    def __init__(
        self,
        hop: Hop,
        *,
        pump: Pump,
        recorder: Recorder,
        clock: Clock,
        tap: TapMaker,
        bounds: Bounds | None = None,
    ) -> None:
        self._hop = hop
        self._pump = pump
        self._recorder = recorder
        self._clock = clock
        self._tap = tap
        self._bounds = bounds or Bounds()
        self._lock = threading.Lock()
        self._open = 0
        self._porters = Porters(f"relay {hop.name} arrival")
        self._arriving: set[Arrival] = set()
        self._stopping = threading.Event()
        self._acceptor: threading.Thread | None = None
        self._wake: socket.socket | None = None

    @property
    def connections(self) -> int:
        """How many connections it carries now, with those that are arriving."""
        with self._lock:
            return self._open

    def start(self) -> int:
        """Listen, and return the bound port; PortInUse when that cannot be.

        InputError when the files of TLS cannot be used.
        """
        if self._acceptor is not None:
            raise RuntimeError("an entrance is opened once")
        side = self._hop.accepts
        if side.tls is not TlsMode.NONE and side.tls_files is not None:
            listening_context(side.tls_files, side.tls)
        try:
            listener = opened_listener(side.host, side.port, _BACKLOG)
        except OSError as error:
            why = f"cannot listen on {side.host}:{side.port}: {error.strerror or error}"
            self._happened(EventKind.CANNOT_ACT, why, {"host": side.host, "port": str(side.port)})
            raise PortInUse(f"{self._hop.name}: {why}") from error
        port = socket_address(listener.getsockname()).port
        self._happened(EventKind.LISTENING, f"{side.host}:{port}", {"host": side.host, "port": str(port)})
        self._wake, woken = socket.socketpair()
        self._acceptor = threading.Thread(
            target=self._accept_all, args=(listener, woken), name=f"relay {self._hop.name}", daemon=True
        )
        self._acceptor.start()
        return port

    def stop(self) -> None:
        """Listen no more, and send away who is arriving; what is under way is the pump's to end."""
        if self._acceptor is None or self._wake is None or self._stopping.is_set():
            return
        deadline = time.monotonic() + self._bounds.stop
        self._stopping.set()
        self._wake.close()
        self._acceptor.join(self._bounds.stop)
        busy = self._porters.close()
        with self._lock:
            arriving = tuple(self._arriving)
        for arrival in arriving:
            arrival.break_off()
        for thread in busy:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _happened(self, kind: EventKind, text: str, facts: Mapping[str, str] = NO_FACTS) -> None:
        with suppress(OSError):  # a record that can take nothing more stops nothing that passes
            self._recorder.happened(kind, text, owner=OWNER, facts={"hop": self._hop.name, **facts})

    # arrivals

    def _accept_all(self, listener: socket.socket, woken: socket.socket) -> None:
        with listener, woken, selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            while not self._stopping.is_set():
                selector.select()
                for _ in range(_ACCEPTS):
                    if self._stopping.is_set() or not self._accept(listener):
                        break

    def _accept(self, listener: socket.socket) -> bool:
        """Take one connection; whether there may be more."""
        try:
            sock, address = listener.accept()
        except OSError as error:
            if is_exhausted(error):
                self._stopping.wait(0.1)  # until a connection ends; the peer waits in the backlog meanwhile
            return False
        wire = Wire(local=_local(sock, listener), peer=socket_address(address), at=self._clock.seconds())
        with self._lock:
            full = self._open >= self._bounds.connections
            self._open += not full
        if full:
            self._send_away(sock, wire, _NoWay(EventKind.CANNOT_ACT, "too many connections are open already", {}))
            return True
        self._porters.see_to(lambda: self._see_to(sock, wire))
        return True

    def _see_to(self, sock: socket.socket, wire: Wire) -> None:
        taken = False
        try:
            taken = self._cross(sock, wire)
        except (OSError, HarnessError) as error:  # files of TLS that have gone; a connection that has, in between
            sock.close()
            self._happened(EventKind.CANNOT_ACT, f"a connection could not be taken to the other side: {error}")
        if not taken:
            self._done()

    def _done(self) -> None:
        with self._lock:
            self._open -= 1

    def _cross(self, sock: socket.socket, wire: Wire) -> bool:
        """Take a connection to the other side; whether the pump has it now."""
        _settle(sock)
        secured = self._secured(sock, wire)
        if secured is None:
            return False
        sock, wire = secured
        found = self._connected()
        if self._stopping.is_set():
            sock.close()
            if not isinstance(found, _NoWay):
                found.close()
            return False
        if isinstance(found, _NoWay):
            self._send_away(sock, wire, found)
            return False
        opened = Wire(
            local=socket_address(found.getsockname()),
            peer=_name(found),
            at=self._clock.seconds(),
            facts=found.facts if isinstance(found, TlsSocket) else NO_FACTS,
        )
        crossing = Crossing(hop=self._hop, accepted=wire, opened=opened, recorder=self._recorder)
        self._pump.adopt(crossing, sock, found, self._tap(crossing), self._done)
        return True

    def _secured(self, sock: socket.socket, wire: Wire) -> tuple[socket.socket, Wire] | None:
        """The connection with TLS, where the hop accepts none without; None when it could not be agreed."""
        side = self._hop.accepts
        if side.tls is TlsMode.NONE or side.tls_files is None:
            return sock, wire
        arrival = Arrival(sock, side.tls, side.tls_files)
        with self._lock:
            self._arriving.add(arrival)
        if self._stopping.is_set():
            arrival.break_off()
        agreed = arrival.agree(self._bounds.handshake)
        with self._lock:
            self._arriving.discard(arrival)
        if not isinstance(agreed, TlsFailure):
            return agreed, Wire(local=wire.local, peer=wire.peer, at=wire.at, facts=facts_of(agreed))
        if not self._stopping.is_set():
            facts = {"peer": f"{wire.peer.host}:{wire.peer.port}", "advice": agreed.advice, **agreed.facts}
            self._happened(EventKind.TLS_FAILED, agreed.text, facts)
        return None

    # the other side

    def _connected(self) -> socket.socket | _NoWay:
        """A connection to where the hop leads, secured where it says so."""
        side = self._hop.leads_to
        there, facts = f"{side.host}:{side.port}", {"host": side.host, "port": str(side.port)}
        try:
            sock = socket.create_connection((side.host, side.port), self._bounds.connect)
        except (OSError, UnicodeError) as error:
            kind = EventKind.UNREACHABLE
            if isinstance(error, OSError) and is_exhausted(error):
                kind = EventKind.CANNOT_ACT  # our own want of sockets says nothing of the other side
            return _NoWay(kind, f"{there}: {_reason(error)}", facts)
        _settle(sock)
        if socket_address(sock.getsockname()) == _name(
            sock
        ):  # TCP's simultaneous open: our own port was the one we dialled
            sock.close()
            return _NoWay(EventKind.UNREACHABLE, f"{there}: nothing listens there", facts)
        if side.tls is TlsMode.NONE:
            return sock
        found = call(sock, side, self._bounds.handshake)
        if isinstance(found, TlsFailure):
            facts = {**facts, "advice": found.advice, **found.facts}
            return _NoWay(EventKind.TLS_FAILED, f"{there}: {found.text}", facts)
        return found

    def _send_away(self, sock: socket.socket, wire: Wire, why: _NoWay) -> None:
        """End a connection that leads nowhere, and record it with the reason."""
        sock.close()
        with suppress(OSError):  # as above
            self._record_refusal(wire, why)

    def _record_refusal(self, wire: Wire, why: _NoWay) -> None:
        link = self._recorder.link_opened(
            kind=self._hop.kind,
            owner=OWNER,
            ours=False,
            local=wire.local,
            peer=wire.peer,
            facts=wire.facts,
            hop=self._hop.name,
            at=wire.at,
        )
        facts = {"hop": self._hop.name, **why.facts}
        self._recorder.happened(why.kind, why.text, link=link, owner=OWNER, facts=facts)
        facts = {"hop": self._hop.name, "ended_by": "relay"}
        text = f"closed by us: {why.text}"
        self._recorder.happened(EventKind.LINK_CLOSED, text, link=link, owner=OWNER, facts=facts)


def _settle(sock: socket.socket) -> None:
    """Send at once what there is, and notice in the end when the peer's machine has gone."""
    with suppress(OSError):  # it has been reset already: whoever reads it will find out
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def _local(sock: socket.socket, listener: socket.socket) -> SocketAddress:
    try:
        return socket_address(sock.getsockname())
    except OSError:  # it has been reset already
        return socket_address(listener.getsockname())


def _name(sock: socket.socket) -> SocketAddress:
    try:
        return socket_address(sock.getpeername())
    except OSError:  # it has been reset already
        return socket_address(None)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer to the connection attempt in time"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
