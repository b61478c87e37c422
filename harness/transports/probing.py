"""What the network itself says about an address, before any protocol: who refuses, who is silent, who is unknown."""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Reach(Enum):
    """How an attempt to open a TCP connection ended."""

    OPEN = "open"
    """Something accepts connections there."""
    REFUSED = "refused"
    """The machine is there, and nothing listens on the port."""
    SILENT = "silent"
    """No answer at all: a firewall that drops, or no machine at that address."""
    UNKNOWN_HOST = "unknown host"
    """The name cannot be resolved."""
    NO_ROUTE = "no route"
    """This machine's own network knows no way to that address."""
    FAILED = "failed"
    """Anything else; the text says what."""


@dataclass(frozen=True)
class Reached:
    """How the attempt ended, in the operating system's words."""

    reach: Reach
    text: str = ""


_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL})


def reach(host: str, port: int, timeout: float) -> Reached:
    """Open a TCP connection, close it, and say how that went; `timeout` in seconds."""
    if not 0 < port < 65536:
        return Reached(Reach.FAILED, "there is no such port")
    try:
        socket.create_connection((host, port), timeout).close()
    except socket.gaierror as error:
        return Reached(Reach.UNKNOWN_HOST, error.strerror or str(error))
    except ConnectionRefusedError as error:
        return Reached(Reach.REFUSED, error.strerror or str(error))
    except TimeoutError:
        return Reached(Reach.SILENT, f"no answer to the connection attempt within {timeout:g} s")
    except (OSError, UnicodeError) as error:
        known = getattr(error, "errno", None) in _NO_ROUTE
        return Reached(Reach.NO_ROUTE if known else Reach.FAILED, getattr(error, "strerror", None) or str(error))
    return Reached(Reach.OPEN)


def can_listen(bind: str, port: int) -> str:
    """Why a listener cannot be opened there, in the operating system's words; empty when it can."""
    try:
        with socket.create_server((bind, port), family=_family(bind)):
            return ""
    except (OSError, UnicodeError) as error:
        return getattr(error, "strerror", None) or str(error)


def address_towards(host: str) -> str:
    """This machine's address from which it calls a host: what the host may call back; 127.0.0.1 when there is none.

    Nothing is sent: a UDP socket is only pointed at the host.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, 9, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as pointed:
            pointed.connect(address)
            return str(pointed.getsockname()[0])
    except (OSError, UnicodeError, IndexError):
        return "127.0.0.1"


def own_address(bind: str) -> str:
    """What another machine calls a listener that is bound so: for every address of this machine, the one that its
    network knows it by."""
    return address_towards(_ELSEWHERE[bind]) if bind in _ELSEWHERE else bind


_ELSEWHERE: Mapping[str, str] = MappingProxyType({"0.0.0.0": "192.0.2.1", "::": "2001:db8::1"})  # noqa: S104 - not bound here
"""An address of nobody (RFC 5737, RFC 3849) for each way to bind to all addresses."""


def _family(bind: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in bind else socket.AF_INET
