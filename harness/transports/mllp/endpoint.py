"""The responder's end of MLLP: a listener of one of our actors, one thread per connection.

It hands messages to a handler and sends what that returns. It never starts a message.
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.errors import LinkLost, PortInUse, TlsFailed
from harness.model.names import ExchangeId, LinkId
from harness.model.tls import TlsFiles, TlsMode
from harness.model.transcript import Direction, EventKind, Half, SocketAddress
from harness.transports.listeners import is_exhausted, opened_listener
from harness.transports.mllp.framing import MESSAGE_LIMIT
from harness.transports.mllp.link import MllpLink, socket_address
from harness.transports.recorder import LinkOwner, Recorder
from harness.transports.tls import (
    Arrival,
    Conduct,
    Conducting,
    TlsFailure,
    facts_of,
    listening_context,
    properly,
    tell_shown,
)


@dataclass(frozen=True)
class Hl7Request:
    """A message as it arrived, without its MLLP frame."""

    message: bytes
    link: LinkId
    exchange: ExchangeId
    peer: SocketAddress


@dataclass(frozen=True, kw_only=True)
class Deadlines:
    """Bounds in seconds on what one connection may take.

    `idle` between messages; `unfinished` from the first byte of a message to its last; `write` for an answer
    to be taken; `stop` for threads to end after `stop()`; `handshake` for TLS to be agreed.
    """

    idle: float = 600.0
    unfinished: float = 60.0
    write: float = 10.0
    stop: float = 5.0
    handshake: float = 10.0


Handler = Callable[[Hl7Request], bytes | None]


class MllpEndpoint:
    """Listens for HL7 messages on behalf of an actor; the handler is called on the connection's thread.

    A handler that returns None leaves the message unanswered. `limit` is the longest message in bytes,
    `connections` how many may be open at a time, `tls_files` with what they are secured where `tls` wants it, and
    `conduct` how we behave then where we should not.
    """

    def __init__(
        self,
        owner: LinkOwner,
        *,
        bind: str,
        port: int,
        handler: Handler,
        recorder: Recorder,
        limit: int = MESSAGE_LIMIT,
        connections: int = 128,
        deadlines: Deadlines | None = None,
        tls: TlsMode = TlsMode.NONE,
        tls_files: TlsFiles | None = None,
        conduct: Conducting = properly,
    ) -> None:
        self._conduct = conduct
        self._owner = owner
        self._bind = bind
        self._port = port
        self._handler = handler
        self._recorder = recorder
        self._limit = limit
        self._connections = connections
        self._deadlines = deadlines or Deadlines()
        self._lock = threading.Lock()
        self._live: dict[threading.Thread, MllpLink] = {}
        self._arriving: dict[threading.Thread, Arrival] = {}
        self._left: set[LinkId] = set()
        self._tls, self._tls_files = tls, tls_files
        self._stopping = threading.Event()
        self._acceptor: threading.Thread | None = None
        self._wake: socket.socket | None = None

    def start(self) -> int:
        """Listen, and return the bound port; PortInUse when the listener cannot be opened.

        InputError when the files of TLS cannot be used.
        """
        if self._acceptor is not None:
            raise RuntimeError("an endpoint is started once")
        if self._tls is not TlsMode.NONE and self._tls_files is not None:
            listening_context(self._tls_files, self._tls)
        listener = self._listen()
        port = socket_address(listener.getsockname()).port
        facts = {"host": self._bind, "port": str(port)}
        self._recorder.happened(EventKind.LISTENING, f"{self._bind}:{port}", owner=self._owner, facts=facts)
        self._wake, woken = socket.socketpair()
        self._acceptor = threading.Thread(
            target=self._accept_all, args=(listener, woken), name=f"mllp {self._owner.actor}", daemon=True
        )
        self._acceptor.start()
        return port

    def stop(self) -> None:
        """Stop listening, let answers under way be sent, end every link; bounded by `deadlines.stop`."""
        if self._acceptor is None or self._wake is None or self._stopping.is_set():
            return
        deadline = time.monotonic() + self._deadlines.stop
        self._stopping.set()
        self._wake.close()
        self._acceptor.join(self._deadlines.stop)
        with self._lock:
            arriving = dict(self._arriving)
        for arrival in arriving.values():
            arrival.break_off()
        for link in self._links().values():
            link.stop_reading()
        for thread in arriving:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._join(deadline)
        for link in self._links().values():
            link.break_off()
        self._join(time.monotonic() + 1.0)
        for link in self._links().values():
            text = f"a handler did not return within {self._deadlines.stop:g} s of the stop"
            link.happened(EventKind.INTERNAL_ERROR, text)

    def begin_anew(self) -> None:
        """End the connections that are open, so that callers have to connect again; answers under way go first."""
        for link in self._links().values():
            with self._lock:
                self._left.add(link.id)
            link.stop_reading()

    def _links(self) -> dict[threading.Thread, MllpLink]:
        with self._lock:
            return dict(self._live)

    def _join(self, deadline: float) -> None:
        for thread in self._links():
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    def _listen(self) -> socket.socket:
        try:
            return opened_listener(self._bind, self._port)
        except OSError as error:
            raise self._cannot_listen(error.strerror or str(error)) from error

    def _cannot_listen(self, reason: str) -> PortInUse:
        text = f"cannot listen on {self._bind}:{self._port}: {reason}"
        facts = {"host": self._bind, "port": str(self._port)}
        self._recorder.happened(EventKind.CANNOT_ACT, text, owner=self._owner, facts=facts)
        return PortInUse(text)

    def _accept_all(self, listener: socket.socket, woken: socket.socket) -> None:
        with listener, woken, selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            while not self._stopping.is_set():
                selector.select()
                if not self._stopping.is_set():
                    self._accept(listener)

    def _accept(self, listener: socket.socket) -> None:
        try:
            sock, address = listener.accept()
        except OSError as error:
            if is_exhausted(error):
                self._stopping.wait(0.1)  # until a connection ends; the peer waits in the backlog meanwhile
            return
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            local = socket_address(sock.getsockname())
        except OSError:
            local = socket_address(listener.getsockname())  # already reset: its thread will find out
        peer = socket_address(address)
        if self._tls is not TlsMode.NONE and self._tls_files is not None:
            conduct = self._conduct()
            arrival = Arrival(sock, self._tls, self._tls_files, lax=conduct.lax, shown=conduct.shown)
            self._secure(sock, arrival, conduct, local, peer)
            return
        link = self._link(sock, local, peer, {})
        if self._is_full(link):
            return
        thread = threading.Thread(
            target=self._serve, args=(link,), name=f"mllp {self._owner.actor} link {link.id}", daemon=True
        )
        with self._lock:
            self._live[thread] = link
        thread.start()

    def _link(
        self, sock: socket.socket, local: SocketAddress, peer: SocketAddress, facts: Mapping[str, str]
    ) -> MllpLink:
        return MllpLink(
            sock,
            owner=self._owner,
            recorder=self._recorder,
            ours=False,
            local=local,
            peer=peer,
            limit=self._limit,
            facts=facts,
        )

    def _is_full(self, link: MllpLink) -> bool:
        """Whether there is no room for one more connection, which is then closed."""
        if len(self._links()) < self._connections:
            return False
        link.end(EventKind.LINK_CLOSED, f"closed by us: {self._connections} connections are open already")
        return True

    def _secure(
        self, sock: socket.socket, arrival: Arrival, conduct: Conduct, local: SocketAddress, peer: SocketAddress
    ) -> None:
        """Have TLS agreed on a thread of the connection, which then serves it; there is no link before that."""
        if len(self._arriving) >= self._connections:
            sock.close()
            return

        def arrive() -> None:
            try:
                link = self._secured(arrival, conduct, local, peer)
            finally:
                with self._lock:
                    del self._arriving[threading.current_thread()]
            if link is not None:
                self._serve(link)

        thread = threading.Thread(target=arrive, name=f"mllp {self._owner.actor} arriving", daemon=True)
        with self._lock:
            self._arriving[thread] = arrival
        thread.start()

    def _secured(
        self, arrival: Arrival, conduct: Conduct, local: SocketAddress, peer: SocketAddress
    ) -> MllpLink | None:
        found = arrival.agree(self._deadlines.handshake)
        caller = f"{peer.host}:{peer.port}"
        failure = found if isinstance(found, TlsFailure) else None
        if arrival.begun and not self._stopping.is_set():
            tell_shown(conduct, failure, caller, owner=self._owner, recorder=self._recorder)
        if isinstance(found, TlsFailure):
            if not self._stopping.is_set() and conduct.shown is None:
                facts = {"peer": caller, "advice": found.advice, **found.facts}
                self._recorder.happened(EventKind.TLS_FAILED, found.text, owner=self._owner, facts=facts)
            return None
        link = self._link(found, local, peer, {**facts_of(found), **conduct.facts})
        if self._is_full(link):
            return None
        with self._lock:
            self._live[threading.current_thread()] = link
        if self._stopping.is_set():
            link.stop_reading()
        return link

    def _serve(self, link: MllpLink) -> None:
        try:
            kind, text = self._converse(link)
            link.end(kind, text)
        finally:
            link.end(EventKind.LINK_LOST, "ended by a fault of ours")
            with self._lock:
                del self._live[threading.current_thread()]

    def _converse(self, link: MllpLink) -> tuple[EventKind, str]:
        """Answer message after message; how and why it ended."""
        begun: float | None = None
        while True:
            bound = self._deadlines.idle if begun is None else self._deadlines.unfinished
            since = time.monotonic() if begun is None else begun
            try:
                frames = link.receive(since + bound)
            except TimeoutError:
                what = "no message" if begun is None else "no complete message"
                return EventKind.LINK_CLOSED, f"closed by us: {what} within {bound:g} s"
            except (LinkLost, TlsFailed) as lost:
                return EventKind.LINK_CLOSED, f"closed by us: {lost}"
            except OSError as error:
                return EventKind.LINK_LOST, error.strerror or type(error).__name__
            if frames is None:
                return self._ended_by_peer(link)
            for frame in frames:
                if (ending := self._answer(link, frame.content)) is not None:
                    return ending
            if self._stopping.is_set():
                return EventKind.LINK_CLOSED, "closed by us: the endpoint stops"
            if not link.framer.pending:
                begun = None
            elif begun is None or frames:
                begun = time.monotonic()

    def _ended_by_peer(self, link: MllpLink) -> tuple[EventKind, str]:
        if self._stopping.is_set():
            return EventKind.LINK_CLOSED, "closed by us: the endpoint stops"
        if link.id in self._left:
            return EventKind.LINK_CLOSED, "closed by us: callers are to connect again"
        if link.framer.inside:
            return EventKind.LINK_LOST, "the peer closed inside a message"
        return EventKind.LINK_CLOSED, "closed by the peer"

    def _answer(self, link: MllpLink, message: bytes) -> tuple[EventKind, str] | None:
        """Have one message handled and answered; how the link ended, or None when it goes on."""
        exchange = self._recorder.exchange_opened()
        link.passed(exchange, Half.REQUEST, Direction.RECEIVED, message)
        request = Hl7Request(message=message, link=link.id, exchange=exchange, peer=link.peer)
        try:
            answer = self._handler(request)
        except Exception as fault:  # the boundary to the actor: its fault is ours, and must not vanish
            text = f"{type(fault).__name__}: {fault}"
            link.happened(EventKind.INTERNAL_ERROR, text, {"traceback": traceback.format_exc()})
            return EventKind.LINK_CLOSED, "closed by us: the handler failed"
        if answer is None:
            return None
        link.passed(exchange, Half.RESPONSE, Direction.SENT, answer)
        try:
            link.send(answer, time.monotonic() + self._deadlines.write)
        except TimeoutError:
            return EventKind.LINK_LOST, f"the peer did not take the answer within {self._deadlines.write:g} s"
        except TlsFailed as failed:
            return EventKind.LINK_LOST, f"the link broke while we answered: {failed}"
        except OSError as error:
            return EventKind.LINK_LOST, f"the link broke while we answered: {error.strerror or error}"
        return None
