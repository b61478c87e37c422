"""The initiator's end of MLLP: one connection per message; takes the first answer, records further ones."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping

from harness.errors import LinkError, LinkLost, NoResponse, TlsFailed, Unreachable
from harness.model.names import ExchangeId
from harness.model.system import Hl7Address
from harness.model.tls import Laxity, TlsMode
from harness.model.transcript import Direction, EventKind, Half
from harness.transports.mllp.framing import MESSAGE_LIMIT, Frame
from harness.transports.mllp.link import MllpLink, socket_address
from harness.transports.recorder import LinkOwner, Recorder
from harness.transports.tls import TlsFailure
from harness.transports.tls import call as secure

_CLOSING_TIME = 0.2
"""Seconds that a peer has to close after us; what it still sends in that time is recorded."""

_AT_ONCE = 0.01
"""Seconds in which what was sent together arrives together."""

_SURPLUS_LIMIT = 8


def send(
    address: Hl7Address,
    message: bytes,
    *,
    owner: LinkOwner,
    recorder: Recorder,
    timeout: float,
    copies: int = 1,
    lax: frozenset[Laxity] = frozenset(),
) -> bytes:
    """Send a message and return the answer; `timeout` in seconds holds for connecting, and for each answer.

    `lax` is what we let pass at TLS although we should not.
    With `copies` the same bytes go again after each answer, and the last answer is returned.
    Unreachable, TlsFailed, NoResponse, LinkLost; each is recorded before it is raised.
    """
    if copies < 1:
        raise ValueError("copies must be at least 1")
    link = _open(address, owner, recorder, timeout, lax)
    answer = b""
    try:
        for _ in range(copies):
            exchange = recorder.exchange_opened()
            answer = _exchange(link, exchange, message, timeout)
        _close(link, exchange)
    except (LinkLost, TlsFailed) as lost:
        link.flush_noise()
        link.end(EventKind.LINK_LOST, str(lost))
        raise
    except NoResponse as silence:
        link.flush_noise()
        link.happened(EventKind.NO_RESPONSE, str(silence))
        raise
    finally:
        link.end(EventKind.LINK_CLOSED, "closed by us")
    return answer


def connect(address: Hl7Address, *, owner: LinkOwner, recorder: Recorder, timeout: float) -> None:
    """Open a connection and close it; Unreachable, or TlsFailed, when there is none within `timeout` seconds."""
    _open(address, owner, recorder, timeout).end(EventKind.LINK_CLOSED, "closed by us")


def _open(
    address: Hl7Address,
    owner: LinkOwner,
    recorder: Recorder,
    timeout: float,
    lax: frozenset[Laxity] = frozenset(),
) -> MllpLink:
    if not 0 < address.port < 65536:  # the resolver would take it modulo 65536
        raise _unreachable(address, owner, recorder, "there is no such port")
    try:
        sock = socket.create_connection((address.host, address.port), timeout)
    except (OSError, UnicodeError) as error:
        raise _unreachable(address, owner, recorder, _reason(error)) from error
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        local, peer = socket_address(sock.getsockname()), socket_address(sock.getpeername())
    except OSError as error:
        sock.close()
        raise _unreachable(address, owner, recorder, _reason(error)) from error
    if local == peer:  # TCP's simultaneous open: our own temporary port was the one we dialled
        sock.close()
        raise _unreachable(address, owner, recorder, "nothing listens there")
    facts: Mapping[str, str] = {}
    if address.tls is not TlsMode.NONE:
        secured = secure(sock, address, timeout, lax)
        if isinstance(secured, TlsFailure):
            raise _unsecured(address, owner, recorder, secured)
        sock, facts = secured, secured.facts
    return MllpLink(
        sock, owner=owner, recorder=recorder, ours=True, local=local, peer=peer, limit=MESSAGE_LIMIT, facts=facts
    )


def _unsecured(address: Hl7Address, owner: LinkOwner, recorder: Recorder, why: TlsFailure) -> TlsFailed:
    text = f"{address.host}:{address.port}: {why.text}"
    facts = {"host": address.host, "port": str(address.port), **why.facts}
    recorder.happened(EventKind.TLS_FAILED, text, owner=owner, facts=facts)
    return TlsFailed(f"{text}. {why.advice}")


def _unreachable(address: Hl7Address, owner: LinkOwner, recorder: Recorder, reason: str) -> LinkError:
    text = f"{address.host}:{address.port}: {reason}"
    facts = {"host": address.host, "port": str(address.port)}
    recorder.happened(EventKind.UNREACHABLE, text, owner=owner, facts=facts)
    return Unreachable(text)


def _exchange(link: MllpLink, exchange: ExchangeId, message: bytes, timeout: float) -> bytes:
    deadline = time.monotonic() + timeout
    link.passed(exchange, Half.REQUEST, Direction.SENT, message)
    try:
        link.send(message, deadline)
    except TimeoutError as error:
        raise NoResponse(f"the peer did not take the message within {timeout:g} s") from error
    except OSError as error:
        raise LinkLost(f"the link broke while we sent: {_reason(error)}") from error
    while True:
        frames = _receive(link, deadline, timeout)
        if frames:
            link.passed(exchange, Half.RESPONSE, Direction.RECEIVED, frames[0].content)
            _record_surplus(link, exchange, frames[1:])
            return frames[0].content


def _receive(link: MllpLink, deadline: float, timeout: float) -> tuple[Frame, ...]:
    try:
        frames = link.receive(deadline)
    except TimeoutError as error:
        raise NoResponse(f"no answer within {timeout:g} s") from error
    except OSError as error:
        raise LinkLost(f"the link broke before an answer: {_reason(error)}") from error
    if frames is None:
        where = "inside an answer" if link.framer.inside else "without an answer"
        raise LinkLost(f"the peer closed the link {where}")
    return frames


def _record_surplus(link: MllpLink, exchange: ExchangeId, frames: tuple[Frame, ...]) -> None:
    """Record answers beyond the first, each with a note that it is one too many."""
    for frame in frames[:_SURPLUS_LIMIT]:
        link.passed(exchange, Half.RESPONSE, Direction.RECEIVED, frame.content)
        link.happened(EventKind.NOISE, f"a further answer to one message: {len(frame.content)} bytes")


def _close(link: MllpLink, exchange: ExchangeId) -> None:
    """Close orderly: end our stream, and record what the peer still sends until it closes too."""
    deadline = time.monotonic() + _CLOSING_TIME
    surplus = 0
    try:
        if link.secured:  # what came already is lost to us once TLS is taken down
            _record_surplus(link, exchange, _at_hand(link))
        link.finish_sending()
        while surplus < _SURPLUS_LIMIT and (frames := link.receive(deadline)) is not None:
            _record_surplus(link, exchange, frames)
            surplus += len(frames)
    except (OSError, LinkLost, TlsFailed):
        return  # the answer is there; how the peer takes leave is its own affair


def _at_hand(link: MllpLink) -> tuple[Frame, ...]:
    try:
        return link.receive(time.monotonic() + _AT_ONCE) or ()
    except TimeoutError:
        return ()


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer to the connection attempt in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
