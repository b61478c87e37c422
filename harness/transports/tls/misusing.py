"""A call that should be refused: made on purpose, and how it was taken. What is spoken over TLS is for others to know.

In TLS 1.3 a client certificate is refused only after our handshake has ended, so that something has to be said, and the
answer, an alert or the end of the connection awaited.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from harness.errors import InputError
from harness.model.deviation import Change
from harness.model.system import DimseAddress, Hl7Address
from harness.model.tls import Taken, TlsFiles, TlsTrouble
from harness.transports.tls.agreeing import TlsSocket, wrapped
from harness.transports.tls.failures import ALERT, TlsFailure, explain, heard_tls
from harness.transports.tls.faulty import faulty_caller, lacking

_READ_SIZE = 1 << 14
_LARGEST_ANSWER = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Said:
    """What is said to a peer that lets us in: `first`, and `last` once it has answered.

    `heard` reads its answer: how it took us, and in which words; None while the answer is not whole.
    """

    first: bytes
    last: bytes = b""
    heard: Callable[[bytes], tuple[Taken, str] | None]


@dataclass(frozen=True, kw_only=True)
class Tried:
    """How the call was taken, in a sentence too, and every byte above TLS."""

    taken: Taken
    how: str
    sent: bytes = b""
    received: bytes = b""
    version: str = ""


Connected = Callable[[socket.socket], None]


def try_badly(
    address: DimseAddress | Hl7Address, change: Change, said: Said, *, timeout: float, connected: Connected
) -> Tried:
    """Call an address as nobody should; `timeout` in seconds for each wait. `connected` hears of the connection."""
    files = address.tls_files or TlsFiles()
    if why := lacking(files, change):
        return Tried(taken=Taken.IMPOSSIBLE, how=why)
    try:
        sock = socket.create_connection((address.host, address.port), timeout)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return Tried(taken=Taken.UNREACHABLE, how=f"no connection: {reason}")
    with sock:
        with suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected(sock)
        if change is Change.IN_THE_CLEAR:
            return _speak(sock, said)
        return _secured(sock, files, change, said)


def _secured(sock: socket.socket, files: TlsFiles, change: Change, said: Said) -> Tried:
    try:
        secured = wrapped(faulty_caller(files, change), sock, server_side=False)
    except (InputError, OSError) as error:
        return Tried(taken=Taken.IMPOSSIBLE, how=str(error))
    with secured:
        try:
            secured.do_handshake()
        except OSError as error:
            why = explain(error, calling=True)
            return Tried(taken=taken_as(why, change), how=why.text)
        return _speak(secured, said)


def _speak(sock: socket.socket, said: Said) -> Tried:
    """Say what is to be said, and hear how it is taken."""
    received = bytearray()
    version = sock.version() or "" if isinstance(sock, TlsSocket) else ""

    def tried(taken: Taken, how: str) -> Tried:
        return Tried(taken=taken, how=how, sent=said.first, received=bytes(received), version=version)

    try:
        sock.sendall(said.first)
        while len(received) < _LARGEST_ANSWER:
            data = sock.recv(_READ_SIZE)
            received += data
            if not data:
                return tried(Taken.REFUSED, "it closed the connection without an answer")
            if not version and heard_tls(bytes(received)):
                return tried(Taken.REFUSED, "it answered with a TLS alert")
            answer = said.heard(bytes(received))
            if answer is not None:
                with suppress(OSError):  # it has answered: how it takes our leave changes nothing
                    sock.sendall(said.last)
                return tried(*answer)
    except TimeoutError:
        return tried(Taken.SILENT, "it neither refused nor answered")
    except ssl.SSLError as error:
        why = explain(error, calling=True)
        return tried(taken_as(why, None), why.text)
    except OSError as error:
        return tried(Taken.REFUSED, f"it ended the connection: {error.strerror or error}")
    return tried(Taken.SILENT, "what it answered has no end")


def taken_as(why: TlsFailure, change: Change | None) -> Taken:
    """Whether a failure is the peer's refusal: its alert, its end of the connection, that it offers nothing so old."""
    if why.detail.startswith(ALERT) or why.trouble is TlsTrouble.CLOSED:
        return Taken.REFUSED
    if change is Change.OLD_TLS and why.trouble in (TlsTrouble.VERSION, TlsTrouble.CIPHER):
        return Taken.REFUSED
    return Taken.SILENT
