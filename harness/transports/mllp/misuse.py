"""A block without end, sent on purpose: what a listener must withstand before the message comes as it should."""

from __future__ import annotations

import socket
from contextlib import suppress

from harness.model.deviation import Change
from harness.model.profile import LinkKind
from harness.model.system import Hl7Address
from harness.model.transcript import EventKind
from harness.transports.mllp.framing import VT
from harness.transports.mllp.link import socket_address
from harness.transports.recorder import LinkOwner, Recorder
from harness.transports.tls import connected

PATIENCE = 0.3
"""Seconds that a listener has to say something to what is no message."""

_READ_SIZE = 4096


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
