"""One recorded TCP connection that carries MLLP, as both ends use it; decides nothing about messages."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from harness.errors import LinkLost, TlsFailed
from harness.model.names import ExchangeId
from harness.model.profile import LinkKind
from harness.model.tls import TlsTrouble
from harness.model.transcript import Direction, EventKind, Half, PayloadKind, SocketAddress
from harness.transports.mllp.framing import Frame, Framer, Noise, wrap
from harness.transports.recorder import LinkOwner, Passage, Recorder
from harness.transports.tls import TlsFailure, explain, failure, farewell, heard_tls

_READ_SIZE = 64 * 1024
_NOISE_LIMIT = 100


def socket_address(address: object) -> SocketAddress:
    """A socket's address as Python's socket module gives it, IPv4 or IPv6; an unknown one is empty."""
    if isinstance(address, tuple) and len(address) >= 2:
        return SocketAddress(host=str(address[0]), port=int(address[1]))
    return SocketAddress(host="", port=0)


def seconds_left(deadline: float) -> float:
    """Seconds until a deadline of the monotonic clock; TimeoutError when it has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("deadline passed")
    return left


class MllpLink:
    """A connection with its framer; its opening, noise and ending are recorded, its ending once."""

    def __init__(
        self,
        sock: socket.socket,
        *,
        owner: LinkOwner,
        recorder: Recorder,
        ours: bool,
        local: SocketAddress,
        peer: SocketAddress,
        limit: int,
        facts: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.peer = peer
        self.framer = Framer(limit)
        self._socket = sock
        self._owner = owner
        self._recorder = recorder
        self._noises = 0
        self._ended = False
        self._peer_had_its_say = False
        self._ours = ours
        self._begun = False
        self.id = recorder.link_opened(kind=LinkKind.MLLP, owner=owner, ours=ours, local=local, peer=peer, facts=facts)

    @property
    def secured(self) -> bool:
        """Whether TLS was agreed on the connection."""
        return isinstance(self._socket, ssl.SSLSocket)

    def receive(self, deadline: float) -> tuple[Frame, ...] | None:
        """The frames completed by the next bytes, perhaps none; None when the peer has ended its stream.

        OSError as the socket raises it, TimeoutError at the deadline, LinkLost when there is too much noise, TlsFailed
        when the peer objects to ours, or speaks TLS on a plain link.
        """
        try:
            self._socket.settimeout(seconds_left(deadline))
            data = self._socket.recv(_READ_SIZE)
        except TimeoutError:
            self._peer_had_its_say = True
            raise
        except ssl.SSLZeroReturnError:
            data = b""  # the peer took its leave after we took ours
        except ssl.SSLError as error:
            raise self._tls_failed(explain(error, calling=self._ours)) from error
        self._peer_had_its_say = not data
        if not data:
            return None
        found = self.framer.feed(data)
        if not self._begun and not self.secured and heard_tls(data):
            raise self._tls_failed(failure(TlsTrouble.TLS_PEER, calling=self._ours))
        self._begun = True
        self._record_noise(item for item in found if isinstance(item, Noise))
        if self._noises > _NOISE_LIMIT:
            raise LinkLost(f"more than {_NOISE_LIMIT} pieces of noise on one connection")
        return tuple(item for item in found if isinstance(item, Frame))

    def send(self, message: bytes, deadline: float) -> None:
        """Send one block; OSError as the socket raises it, TimeoutError at the deadline, TlsFailed."""
        self._socket.settimeout(seconds_left(deadline))
        try:
            self._socket.sendall(wrap(message))
        except ssl.SSLError as error:
            raise self._tls_failed(explain(error, calling=self._ours)) from error

    def _tls_failed(self, why: TlsFailure) -> TlsFailed:
        peer = f"{self.peer.host}:{self.peer.port}"
        self.happened(EventKind.TLS_FAILED, why.text, {"peer": peer, "advice": why.advice, **why.facts})
        return TlsFailed(f"{peer}: {why.text}. {why.advice}")

    def finish_sending(self) -> None:
        """Tell the peer that nothing more will be sent; OSError when the link is gone."""
        farewell(self._socket)
        self._socket.shutdown(socket.SHUT_WR)

    def stop_reading(self) -> None:
        """Wake a thread that waits in `receive`; an answer can still be sent."""
        self._shut(socket.SHUT_RD)

    def break_off(self) -> None:
        """Wake a thread that waits in `receive` or `send`."""
        self._shut(socket.SHUT_RDWR)

    def _shut(self, how: int) -> None:
        try:
            self._socket.shutdown(how)
        except OSError:
            return  # the peer, or its own thread, was quicker

    def passed(self, exchange: ExchangeId, half: Half, direction: Direction, content: bytes) -> None:
        """Record a message. What we send is recorded before it goes, so that its effects come after it."""
        self._recorder.passed(
            Passage(
                link=self.id,
                exchange=exchange,
                half=half,
                direction=direction,
                content=content,
                kind=PayloadKind.HL7,
            )
        )

    def happened(self, kind: EventKind, text: str, facts: dict[str, str] | None = None) -> None:
        """Record an event of this link."""
        self._recorder.happened(kind, text, link=self.id, owner=self._owner, facts=facts)

    def flush_noise(self) -> None:
        """Record what is left unfinished, because nothing more will be read."""
        self._record_noise(self.framer.close(certain=self._peer_had_its_say))

    def end(self, kind: EventKind, text: str) -> None:
        """Close the socket and record how the link ended; a second call does nothing."""
        if self._ended:
            return
        self._ended = True
        self.flush_noise()
        farewell(self._socket)
        self._socket.close()
        self.happened(kind, text)

    def _record_noise(self, noises: Iterable[Noise]) -> None:
        for noise in noises:
            self._noises += 1
            if self._noises <= _NOISE_LIMIT:
                self.happened(EventKind.NOISE, str(noise))
