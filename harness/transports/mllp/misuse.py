"""A block without end, or a call that TLS should refuse, made on purpose: what a listener must withstand.

The message comes afterwards, as it should.
"""

from __future__ import annotations

import socket
from contextlib import suppress

from harness.hl7 import Message
from harness.model.deviation import Change
from harness.model.profile import LinkKind
from harness.model.system import Hl7Address
from harness.model.tls import Taken
from harness.model.transcript import EventKind
from harness.transports.mllp.framing import VT, Frame, Framer, wrap
from harness.transports.mllp.link import socket_address
from harness.transports.recorder import LinkOwner, Recorder
from harness.transports.tls import Said, connected, tell_tried, try_badly

PATIENCE = 0.3
"""Seconds that a listener has to say something to what is no message."""

_READ_SIZE = 4096
_LARGEST_ANSWER = 1 << 16
_ACCEPTED = ("AA", "CA")


def send_unterminated(address: Hl7Address, message: bytes, *, owner: LinkOwner, recorder: Recorder) -> None:
    """Send the message in a block without end, wait a moment, and close; every byte is recorded, nothing raised."""
    change = Change.UNTERMINATED.value
    sent = bytes((VT,)) + message
    try:
        sock = connected(address, PATIENCE)
    except (OSError, OverflowError, UnicodeError) as fault:
        facts = {"misuse": change, "outcome": "unreachable"}
        recorder.happened(EventKind.MISUSED, f"{change}: no connection: {fault}", owner=owner, facts=facts)
        return
    with sock:
        local, peer = socket_address(sock.getsockname()), socket_address(sock.getpeername())
        recorder.link_opened(
            kind=LinkKind.MLLP, owner=owner, ours=True, local=local, peer=peer, facts={"misuse": change}
        )
        outcome, received = _exchange(sock, sent)
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
    facts = {
        "misuse": change,
        "outcome": outcome,
        "sent": sent.hex(),
        "received": received.hex(),
        "peer": f"{peer.host}:{peer.port}",
    }
    recorder.happened(EventKind.MISUSED, f"{change}: {outcome}", owner=owner, facts=facts)


def send_badly_secured(
    address: Hl7Address, message: bytes, change: Change, *, owner: LinkOwner, recorder: Recorder, timeout: float
) -> None:
    """Offer the message to a listener that should refuse us at TLS; how it took us is recorded, nothing raised.

    `timeout` in seconds holds for connecting, for the handshake, and for the answer.
    """

    def opened(sock: socket.socket) -> None:
        local, peer = socket_address(sock.getsockname()), socket_address(sock.getpeername())
        facts = {"misuse": change.value}
        recorder.link_opened(kind=LinkKind.MLLP, owner=owner, ours=True, local=local, peer=peer, facts=facts)

    tried = try_badly(address, change, Said(first=wrap(message), heard=_heard), timeout=timeout, connected=opened)
    tell_tried(change, tried, f"{address.host}:{address.port}", owner=owner, recorder=recorder)


def _heard(received: bytes) -> tuple[Taken, str] | None:
    """How an acknowledgement takes the message, once it is whole."""
    for item in Framer(_LARGEST_ANSWER).feed(received):
        if isinstance(item, Frame):
            code = Message.parse(item.content).first("MSA-1")
            taken = Taken.LET_IN if code in _ACCEPTED else Taken.TURNED_AWAY
            return taken, f"it answered the message with {code or 'something that is no acknowledgement'}"
    return None


def _exchange(sock: socket.socket, sent: bytes) -> tuple[str, bytes]:
    """How the listener took it, and what it said."""
    try:
        sock.settimeout(PATIENCE)
        sock.sendall(sent)
        received = sock.recv(_READ_SIZE)
    except TimeoutError:
        return "kept", b""
    except OSError:
        return "closed", b""
    return ("answered", received) if received else ("closed", b"")
