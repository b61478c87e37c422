"""Agreeing on TLS over a connection, as the side that called or as the one that listens.

A failure is a value, and what was agreed comes as facts for the record. No protocol above TLS is known here.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from harness.errors import InputError
from harness.model.deviation import Change
from harness.model.hop import HopSide
from harness.model.system import DimseAddress, Hl7Address
from harness.model.tls import Laxity, TlsFiles, TlsMode, TlsTrouble
from harness.transports.tls.contexts import PROPER, calling_context, listening_context
from harness.transports.tls.failures import HANDSHAKE_RECORD, TlsFailure, explain, failure, plain_speech
from harness.transports.tls.faulty import faulty_listener
from harness.transports.tls.peers import is_ip, peer_facts

_HOST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,252}")
_LINGER = 1.0
"""Seconds that a peer has to read why we refuse it, before the connection is closed under it."""
_DRAINED = 1 << 16

Secured = DimseAddress | Hl7Address | HopSide
"""An address with how it is secured."""


class TlsSocket(ssl.SSLSocket):
    """A connection with TLS that may be shut from another thread, as any socket may; `facts` tell what was agreed.

    The stock class forgets its TLS state when it is shut, and a thread that reads meanwhile is handed the ciphertext.
    """

    facts: Mapping[str, str] = MappingProxyType({})
    connected: Callable[[TlsSocket], None] | None = None
    """Called when the connection is there; an OSError from it means that there is none after all."""

    def shutdown(self, how: int) -> None:
        """Shut the connection below TLS, which stays as it is."""
        socket.socket.shutdown(self, how)

    def connect(self, addr: Any) -> None:
        """Connect; a connection that is not to be had leaves no socket behind."""
        try:
            super().connect(addr)
            if self.connected is not None:
                self.connected(self)
        except OSError:
            self.close()
            raise


class Caller:
    """Secures connections that we make to one address; `failure` says why the last one could not be.

    `lax` is what passes although it should not.
    It stands in for an SSLContext where a library wants to wrap the socket by itself.
    """

    def __init__(self, address: Secured, lax: frozenset[Laxity] = PROPER) -> None:
        if address.tls_files is None:
            raise InputError(f"{address.host}:{address.port}: `tls` needs the files of `tls` in the system file")
        self._context = calling_context(address.tls_files, address.tls, lax)
        self._host = address.host
        self.failure: TlsFailure | None = None

    def wrap_socket(self, sock: socket.socket, server_side: bool = False, server_hostname: str = "") -> TlsSocket:
        """A socket that agrees on TLS as soon as it is connected; OSError when it cannot."""
        named = _HOST_NAME.fullmatch(self._host) is not None and not is_ip(self._host)
        secured = wrapped(self._context, sock, server_side=False, server_hostname=self._host if named else None)
        secured.connected = self._shake
        return secured

    def secure(self, sock: socket.socket, timeout: float) -> TlsSocket | TlsFailure:
        """Agree on TLS over a connection within `timeout` seconds; a failure closes it."""
        try:
            sock.settimeout(timeout)
            secured = self.wrap_socket(sock)
        except OSError as error:
            sock.close()
            return explain(error, calling=True)
        try:
            self._shake(secured)
        except OSError as error:
            secured.close()
            return self.failure or explain(error, calling=True)
        return secured

    def _shake(self, sock: TlsSocket) -> None:
        try:
            sock.do_handshake()
        except OSError as error:
            self.failure = explain(error, calling=True)
            raise
        sock.facts = _facts(sock, self._host)


def call(
    sock: socket.socket, address: Secured, timeout: float, lax: frozenset[Laxity] = PROPER
) -> TlsSocket | TlsFailure:
    """Secure a connection that we made to an address, within `timeout` seconds; a failure closes it.

    InputError when our own files cannot be used.
    """
    try:
        caller = Caller(address, lax)
    except InputError:
        sock.close()
        raise
    return caller.secure(sock, timeout)


def connected(address: DimseAddress | Hl7Address, timeout: float) -> socket.socket:
    """A connection to an address, secured where it wants that; OSError, which says why, when there is none."""
    sock = socket.create_connection((address.host, address.port), timeout)
    if address.tls is TlsMode.NONE:
        return sock
    found = call(sock, address, timeout)
    if isinstance(found, TlsFailure):
        raise OSError(found.text)
    return found


class Arrival:
    """A connection that came to a listener of ours and is to be secured. `begun`: the caller has said something.

    `shown` is what it is shown on purpose; `lax` what passes although it should not.
    """

    def __init__(
        self,
        sock: socket.socket,
        mode: TlsMode,
        files: TlsFiles,
        *,
        lax: frozenset[Laxity] = PROPER,
        shown: Change | None = None,
    ) -> None:
        self.begun = False
        self._sock = sock
        self._lax = lax
        self._context = listening_context(files, mode, lax) if shown is None else faulty_listener(files, shown)
        self._broken_off = threading.Event()

    def agree(self, timeout: float) -> socket.socket | TlsFailure:
        """Secure it within `timeout` seconds; a failure closes it. Only a lax side goes on in the clear."""
        try:
            return self._agree(timeout)
        except OSError as error:
            why = explain(error, calling=False)
            self._refuse()
            return why

    def _agree(self, timeout: float) -> socket.socket | TlsFailure:
        self._sock.settimeout(timeout)
        first = self._sock.recv(1, socket.MSG_PEEK)
        if not first or self._broken_off.is_set():
            self._sock.close()
            return failure(TlsTrouble.CLOSED, calling=False)
        self.begun = True
        if first[0] != HANDSHAKE_RECORD:
            if Laxity.PLAIN in self._lax:
                return self._sock
            self._refuse()
            return plain_speech(first[0])
        secured = wrapped(self._context, self._sock, server_side=True)
        self._sock = secured
        secured.do_handshake()
        secured.facts = _facts(secured, "")
        return secured

    def _refuse(self) -> None:
        """Close, once the peer had the time to read why: what it sent meanwhile would have our alert thrown away."""
        with suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_WR)
            self._sock.settimeout(_LINGER)
            while not self._broken_off.is_set() and socket.socket.recv(self._sock, _DRAINED):
                continue
        self._sock.close()

    def break_off(self) -> None:
        """End it from another thread."""
        self._broken_off.set()
        with suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)


def wrapped(context: ssl.SSLContext, sock: socket.socket, **how: Any) -> TlsSocket:
    """The connection with TLS, whose handshake is still to come."""
    context.sslsocket_class = TlsSocket
    secured = context.wrap_socket(sock, do_handshake_on_connect=False, **how)
    if not isinstance(secured, TlsSocket):
        raise TypeError("the context makes sockets of our class")
    return secured


def facts_of(sock: socket.socket) -> Mapping[str, str]:
    """What was agreed of TLS on a connection; nothing on a plain one."""
    return sock.facts if isinstance(sock, TlsSocket) else {}


def farewell(sock: socket.socket) -> None:
    """Tell a peer that nothing more will be sent (close_notify), without waiting for it; on a plain socket nothing.

    Only the thread that reads the socket may call it.
    """
    if not isinstance(sock, ssl.SSLSocket):
        return
    with suppress(OSError, ValueError):
        sock.settimeout(0.0)
        sock.unwrap()


def _facts(sock: ssl.SSLSocket, host: str) -> Mapping[str, str]:
    cipher = sock.cipher()
    agreed = {"tls": sock.version() or "", "tls_cipher": cipher[0] if cipher else ""}
    return {**agreed, **peer_facts(sock.getpeercert() or {}, host)}
