"""A TLS handshake alone, to see whether a link can be secured, and with whom."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.model.system import DimseAddress, Hl7Address
from harness.model.tls import TlsTrouble
from harness.transports.tls.agreeing import TlsSocket, call, farewell
from harness.transports.tls.failures import TlsFailure, explain, failure

ALERT_TIME = 0.5
"""Seconds in which a peer that does not want our certificate says so: in TLS 1.3 it does after our handshake ended."""


@dataclass(frozen=True, kw_only=True)
class Handshake:
    """How it went: `text` is a sentence, `advice` (empty when it works) what to look at and on whose side."""

    works: bool
    text: str
    advice: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


def handshake(address: DimseAddress | Hl7Address, *, timeout: float) -> Handshake:
    """Connect to an address that is to be secured, shake hands, and close; `timeout` in seconds holds for each.

    InputError when our own files cannot be used.
    """
    try:
        sock = socket.create_connection((address.host, address.port), timeout)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return Handshake(
            works=False, text=f"no connection: {reason}", advice="Is the system running, and are host and port right?"
        )
    found = call(sock, address, timeout)
    if isinstance(found, TlsSocket):
        late = _alert(found)
        farewell(found)
        found.close()
        if late is None:
            return Handshake(works=True, text=_told(found.facts, address.host), facts=found.facts)
        found = late
    return Handshake(works=False, text=found.text, advice=found.advice, facts=found.facts)


def _alert(sock: TlsSocket) -> TlsFailure | None:
    """What a peer says against us after the handshake, or that it closed."""
    try:
        sock.settimeout(ALERT_TIME)
        return None if sock.recv(1) else failure(TlsTrouble.CLOSED, calling=True)
    except TimeoutError:
        return None
    except OSError as error:
        return explain(error, calling=True)


def _told(facts: Mapping[str, str], host: str) -> str:
    text = f"{facts['tls']} with {facts['tls_cipher']}"
    if facts.get("tls_peer"):
        text += f"; it is {facts['tls_peer']}, certified by {facts['tls_issuer']} until {facts['tls_until']}"
    if facts.get("tls_host_named") == "no":
        names = facts.get("tls_names") or "none"
        text += f"; its certificate does not name {host} (names: {names}), which is no failure"
    return text
