"""What was agreed on a link, in words: who is at its ends, what an association negotiated, and how it came to its end.

The names of facts are those that the transports record; one that is not known here is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from harness.model.transcript import Link, SocketAddress
from reports.printable import printable

_FACTS = 24
_CONTEXTS = 128
"""An association has at most that many (PS3.8 9.3.2.2)."""

_ACCEPTED: Final = "accepted_contexts"
_REFUSED: Final = "refused_contexts"
_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "calling_ae": "calling AE title",
        "called_ae": "called AE title",
        "implementation_class_uid": "peer's implementation class UID",
        "implementation_version_name": "peer's implementation version",
        "our_implementation_class_uid": "our implementation class UID",
        "our_implementation_version_name": "our implementation version",
        "max_pdu": "peer's maximum PDU length",
        "our_max_pdu": "our maximum PDU length",
        "scp_roles": "SCP role proposed for",
        "tls": "TLS",
        "tls_cipher": "TLS cipher",
    }
)


@dataclass(frozen=True)
class Context:
    """A presentation context as negotiated: its abstract syntax, and the transfer syntax or why it was refused."""

    abstract_syntax: str
    result: str
    accepted: bool


def link_facts(link: Link) -> tuple[tuple[str, str], ...]:
    """The ends of a link and what is known of its peer, by name."""
    opened = "opened by us" if link.ours else "accepted by us"
    ends = f"{address_words(link.local)} - {address_words(link.peer)}"
    facts = [("link", f"{link.id}, {link.kind.value}, {opened}, {ends}")]
    if link.hop:
        facts.append(("relay", f"hop {printable(link.hop, 60)}"))
    shown = [(name, value) for name, value in link.facts.items() if value and name not in (_ACCEPTED, _REFUSED)]
    facts += [(_NAMES.get(name) or printable(name, 40), printable(value)) for name, value in shown[:_FACTS]]
    return tuple(facts)


def contexts_of(link: Link) -> tuple[Context, ...]:
    """The presentation contexts of an association, accepted ones first; none where the link has no such facts."""
    accepted = (_pair(part, "=") for part in _parts(link.facts.get(_ACCEPTED, "")))
    refused = (_pair(part, ": ") for part in _parts(link.facts.get(_REFUSED, "")))
    found = [Context(name, result, accepted=True) for name, result in accepted]
    found += [Context(name, result or "refused", accepted=False) for name, result in refused]
    return tuple(found[:_CONTEXTS])


def address_words(socket: SocketAddress) -> str:
    """`host:port`."""
    return f"{printable(socket.host, 60)}:{socket.port}"


def _parts(text: str) -> list[str]:
    return [part for part in text.split("; ") if part]


def _pair(text: str, separator: str) -> tuple[str, str]:
    name, _, result = text.partition(separator)
    return printable(name, 80), printable(result, 80)
