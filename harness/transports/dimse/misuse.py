"""Misusing an association on purpose: what a peer must withstand before it is asked properly.

Works on a socket of its own, below the library, so that it can say what the library never would. Each act is recorded
with every byte that was sent and received; how the peer takes it is an event of the record, and never an error here.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import MappingProxyType

from harness.dicom.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, uid_of, uids_of
from harness.model.deviation import TLS_CHANGES, Change
from harness.model.profile import LinkKind, Service
from harness.model.system import DimseAddress
from harness.model.tls import Taken
from harness.model.transcript import EventKind, SocketAddress
from harness.transports.dimse.assembly import Message, fragments
from harness.transports.dimse.commands import Command
from harness.transports.recorder import LinkOwner, Recorder
from harness.transports.tls import Said, connected, tell_tried, try_badly

NOBODY = "SWF_NOBODY"
"""The AE title that nobody has."""

PATIENCE = 1.0
"""Seconds that a peer has to say something to what it was sent."""

ANNOUNCED = 0x7FFFFFF0
"""Bytes of the oversized PDU, as it is announced; a few of them are sent."""

_APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
_IMPLICIT = "1.2.840.10008.1.2"
_ASSOCIATE_AC, _ASSOCIATE_RJ, _ABORT = 0x02, 0x03, 0x07
_ABORT_PDU = bytes((_ABORT, 0, 0, 0, 0, 4, 0, 0, 0, 0))
_LARGEST_REPLY = 1 << 16
_ENDINGS: Mapping[int, str] = MappingProxyType({_ASSOCIATE_RJ: "rejected", _ABORT: "aborted"})


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """What is misused: the association that is about to be requested properly. `unknown` is a UID that nobody has;
    `patience` in seconds is for a call that TLS should refuse."""

    address: DimseAddress
    calling_ae: str
    sop_class: str
    service: Service
    unknown: str
    owner: LinkOwner
    recorder: Recorder
    patience: float = PATIENCE


@contextmanager
def misused(change: Change, occasion: Occasion) -> Iterator[None]:
    """Misuse a connection before the block; a half-open one stays so until the block ends."""
    if change in TLS_CHANGES:
        _call_badly(change, occasion)
        yield
        return
    link = _open(change, occasion)
    if link is None:
        yield
        return
    try:
        outcome = _ACTS[change](link, occasion)
        link.tell(outcome)
        if change is not Change.HALF_OPEN:
            link.close()
        yield
    finally:
        link.close()


@dataclass
class _Raw:
    """A connection with what passed it."""

    sock: socket.socket
    change: Change
    occasion: Occasion
    local: SocketAddress
    peer: SocketAddress
    sent: bytearray = field(default_factory=bytearray)
    received: bytearray = field(default_factory=bytearray)

    def send(self, content: bytes) -> bool:
        """Send; whether the peer took it."""
        self.sent += content
        try:
            self.sock.settimeout(PATIENCE)
            self.sock.sendall(content)
        except OSError:
            return False
        return True

    def reply(self) -> tuple[int, bytes] | None:
        """The next PDU, its type and contents; None when the peer says nothing, or closes."""
        deadline = time.monotonic() + PATIENCE
        head = self._read(6, deadline)
        if len(head) < 6:
            return None
        size = struct.unpack(">L", head[2:])[0]
        return head[0], self._read(min(size, _LARGEST_REPLY), deadline)

    def ending(self) -> str:
        """What becomes of the connection: `aborted`, `closed`, or `kept` while the peer waits for more."""
        answer = self.reply()
        if answer is not None:
            return _ENDINGS.get(answer[0], f"answered with a PDU of type {answer[0]:02X}H")
        try:
            self.sock.settimeout(0.01)
            return "closed" if not self.sock.recv(1) else "kept"
        except TimeoutError:
            return "kept"
        except OSError:
            return "closed"

    def _read(self, size: int, deadline: float) -> bytes:
        found = bytearray()
        while len(found) < size:
            left = deadline - time.monotonic()
            if left <= 0:
                break
            try:
                self.sock.settimeout(left)
                piece = self.sock.recv(size - len(found))
            except OSError:
                break
            if not piece:
                break
            found += piece
        self.received += found
        return bytes(found)

    def tell(self, outcome: str) -> None:
        """Record the act, every byte of it, and how the peer took it."""
        facts = {
            "misuse": self.change.value,
            "outcome": outcome,
            "sent": self.sent.hex(),
            "received": self.received.hex(),
            "peer": f"{self.peer.host}:{self.peer.port}",
        }
        text = f"{self.change.value}: {outcome}"
        self.occasion.recorder.happened(EventKind.MISUSED, text, owner=self.occasion.owner, facts=facts)

    def close(self) -> None:
        """Close the connection; a second time does nothing."""
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


def _open(change: Change, occasion: Occasion) -> _Raw | None:
    """A connection; None, and an event of the record, when there is none: the proper request will say why."""
    address = occasion.address
    try:
        sock = connected(address, PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        local, peer = (SocketAddress(*name[:2]) for name in (sock.getsockname(), sock.getpeername()))
    except (OSError, OverflowError, UnicodeError) as fault:
        facts = {"misuse": change.value, "outcome": "unreachable"}
        occasion.recorder.happened(
            EventKind.MISUSED, f"{change.value}: no connection: {fault}", owner=occasion.owner, facts=facts
        )
        return None
    occasion.recorder.link_opened(
        kind=LinkKind.DIMSE,
        owner=occasion.owner,
        ours=True,
        local=local,
        peer=peer,
        facts={"called_ae": address.ae_title, "calling_ae": occasion.calling_ae, "misuse": change.value},
    )
    return _Raw(sock, change, occasion, local, peer)


def _call_badly(change: Change, occasion: Occasion) -> None:
    """Request an association of a peer that should refuse us at TLS; one that comes about is aborted."""
    address, owner, recorder = occasion.address, occasion.owner, occasion.recorder

    def opened(sock: socket.socket) -> None:
        local, peer = (SocketAddress(*name[:2]) for name in (sock.getsockname(), sock.getpeername()))
        facts = {"called_ae": address.ae_title, "calling_ae": occasion.calling_ae, "misuse": change.value}
        recorder.link_opened(kind=LinkKind.DIMSE, owner=owner, ours=True, local=local, peer=peer, facts=facts)

    request = _request(address.ae_title, occasion.calling_ae, occasion.sop_class)
    said = Said(first=request, last=_ABORT_PDU, heard=_heard)
    tried = try_badly(address, change, said, timeout=occasion.patience, connected=opened)
    tell_tried(change, tried, f"{address.host}:{address.port}", owner=owner, recorder=recorder)


_HEARD: Mapping[int, tuple[Taken, str]] = MappingProxyType(
    {
        _ASSOCIATE_AC: (Taken.LET_IN, "it accepted the association"),
        _ASSOCIATE_RJ: (Taken.TURNED_AWAY, "it took the connection and rejected the association"),
        _ABORT: (Taken.REFUSED, "it aborted"),
    }
)


def _heard(received: bytes) -> tuple[Taken, str]:
    """How the first PDU of an answer takes the request."""
    unknown = (Taken.TURNED_AWAY, f"it answered with a PDU of type {received[0]:02X}H")
    return _HEARD.get(received[0], unknown)


# the acts; each returns how the peer took it


def _wrong_called_ae(link: _Raw, occasion: Occasion) -> str:
    link.send(_request(NOBODY, occasion.calling_ae, occasion.sop_class))
    return _negotiated(link)


def _unknown_syntax(link: _Raw, occasion: Occasion) -> str:
    link.send(_request(occasion.address.ae_title, occasion.calling_ae, occasion.unknown))
    return _negotiated(link)


def _abort(link: _Raw, occasion: Occasion) -> str:
    """Command set and the beginning of a data set, then A-ABORT (PS3.8 9.3.8)."""
    outcome = _established(link, occasion)
    if outcome != "accepted":
        return outcome
    command = Command(
        service=occasion.service,
        message_id=1,
        sop_class=_first_class(occasion.sop_class),
        sop_instance=occasion.unknown,
        has_dataset=True,
    )
    beginning = struct.pack("<HHL", 0x0008, 0x0018, 1 << 20) + bytes(1024)
    message = Message(context_id=1, command=command, content=beginning)
    *values, data = fragments(message, 1 << 14)
    for value in (*values, bytes((0,)) + data[1:]):  # the data set's last fragment never comes
        link.send(_data_pdu(1, value))
    link.send(_ABORT_PDU)
    return "taken"


def _oversized_pdu(link: _Raw, occasion: Occasion) -> str:
    outcome = _established(link, occasion)
    if outcome != "accepted":
        return outcome
    link.send(struct.pack(">BBL", 0x04, 0, ANNOUNCED) + bytes(4096))
    return link.ending()


def _half_open(link: _Raw, occasion: Occasion) -> str:
    """A third of an A-ASSOCIATE-RQ."""
    request = _request(occasion.address.ae_title, occasion.calling_ae, occasion.sop_class)
    link.send(request[: len(request) // 3])
    return "begun"


_ACTS = MappingProxyType(
    {
        Change.WRONG_CALLED_AE: _wrong_called_ae,
        Change.UNKNOWN_SYNTAX: _unknown_syntax,
        Change.ABORT: _abort,
        Change.OVERSIZED_PDU: _oversized_pdu,
        Change.HALF_OPEN: _half_open,
    }
)


def _established(link: _Raw, occasion: Occasion) -> str:
    link.send(_request(occasion.address.ae_title, occasion.calling_ae, occasion.sop_class))
    return _reply_of(link)


def _negotiated(link: _Raw) -> str:
    """How the request was answered; an association that came about is aborted."""
    outcome = _reply_of(link)
    if outcome in ("accepted", "refused"):
        link.send(_ABORT_PDU)
    return outcome


def _reply_of(link: _Raw) -> str:
    """`accepted` when the context was, `refused` when the association was accepted without it, else as it ended."""
    answer = link.reply()
    if answer is None:
        return link.ending()
    kind, content = answer
    if kind != _ASSOCIATE_AC:
        return _ENDINGS.get(kind, f"answered with a PDU of type {kind:02X}H")
    return "accepted" if _context_accepted(content) else "refused"


def _context_accepted(content: bytes) -> bool:
    """Whether an A-ASSOCIATE-AC accepts a presentation context: item 21H with result 0 (PS3.8 9.3.3.2)."""
    at = 68
    while at + 4 <= len(content):
        kind, size = content[at], struct.unpack_from(">H", content, at + 2)[0]
        if kind == 0x21 and at + 7 <= len(content) and content[at + 6] == 0:
            return True
        at += 4 + size
    return False


# PDUs (PS3.8 9.3)


def _request(called: str, calling: str, sop_class: str) -> bytes:
    """An A-ASSOCIATE-RQ with one presentation context (PS3.8 9.3.2)."""
    syntax = _item(0x30, _first_class(sop_class).encode()) + _item(0x40, _IMPLICIT.encode())
    user = (
        _item(0x51, struct.pack(">L", 1 << 14))
        + _item(0x52, str(IMPLEMENTATION_CLASS_UID).encode())
        + _item(0x55, IMPLEMENTATION_VERSION_NAME.encode())
    )
    content = (
        struct.pack(">HH16s16s32x", 1, 0, called.ljust(16).encode(), calling.ljust(16).encode())
        + _item(0x10, _APPLICATION_CONTEXT.encode())
        + _item(0x20, bytes((1, 0, 0, 0)) + syntax)
        + _item(0x50, user)
    )
    return struct.pack(">BBL", 0x01, 0, len(content)) + content


def _item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(content)) + content


def _data_pdu(context_id: int, value: bytes) -> bytes:
    """A P-DATA-TF with one presentation data value (PS3.8 9.3.5)."""
    item = struct.pack(">LB", len(value) + 1, context_id) + value
    return struct.pack(">BBL", 0x04, 0, len(item)) + item


def _first_class(sop_class: str) -> str:
    found = uids_of(sop_class)
    return str(found[0]) if found else uid_of(sop_class)
