"""Our client against raw peers that answer as they like."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from harness.errors import LinkLost, NoResponse, Unreachable
from harness.model.system import Hl7Address
from harness.model.transcript import EventKind
from harness.transports.mllp import MllpEndpoint, connect, send, wrap
from harness.transports.recorder import LinkOwner

MESSAGE = b"MSH|^~\\&|OF|F|IM|F|||OMI^O23|1|P|2.5.1\r"
ANSWER = b"MSH|^~\\&|IM|F|OF|F|||ACK|2|P|2.5.1\rMSA|AA|1\r"

Script = Callable[[socket.socket], None]


def writes(*pieces: bytes) -> Script:
    """A script that sends the pieces one by one, each in a segment of its own, and waits for the end."""

    def script(sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            sock.sendall(piece)
        while sock.recv(65536):
            pass

    return script


def test_answer_in_one_piece(tape: Any, owner: LinkOwner, raw_peer: Any) -> None:
    peer = raw_peer(writes(wrap(ANSWER)))
    assert send(peer.address, MESSAGE, owner=owner, recorder=tape, timeout=5) == ANSWER
    assert peer.received == wrap(MESSAGE)
    assert tape.passages == [(1, "request", "sent", MESSAGE), (1, "response", "received", ANSWER)]
    assert tape.events == [EventKind.LINK_CLOSED]
    (link,) = tape.links
    assert link.ours
    assert link.peer.port == peer.address.port


@pytest.mark.parametrize("cut", [1, 20, len(ANSWER) + 1, len(ANSWER) + 2])
def test_split_answer(tape: Any, owner: LinkOwner, raw_peer: Any, cut: int) -> None:
    block = wrap(ANSWER)
    peer = raw_peer(writes(block[:cut], block[cut:]))
    assert send(peer.address, MESSAGE, owner=owner, recorder=tape, timeout=5) == ANSWER
    assert tape.events == [EventKind.LINK_CLOSED]


def test_answer_byte_by_byte(tape: Any, owner: LinkOwner, raw_peer: Any) -> None:
    peer = raw_peer(writes(*(bytes([byte]) for byte in wrap(ANSWER))))
    assert send(peer.address, MESSAGE, owner=owner, recorder=tape, timeout=5) == ANSWER
    assert tape.events == [EventKind.LINK_CLOSED]


@pytest.mark.parametrize("pieces", [(wrap(ANSWER) + wrap(b"2"),), (wrap(ANSWER), wrap(b"2"))])
def test_two_answers(tape: Any, owner: LinkOwner, raw_peer: Any, pieces: tuple[bytes, ...]) -> None:
    peer = raw_peer(writes(*pieces))
    assert send(peer.address, MESSAGE, owner=owner, recorder=tape, timeout=5) == ANSWER
    assert [passage[3] for passage in tape.passages] == [MESSAGE, ANSWER, b"2"]
    assert tape.texts(EventKind.NOISE) == ["a further answer to one message: 1 bytes"]


def test_answer_with_garbage(tape: Any, owner: LinkOwner, raw_peer: Any) -> None:
    peer = raw_peer(writes(b"hello", wrap(ANSWER) + b"bye"))
    assert send(peer.address, MESSAGE, owner=owner, recorder=tape, timeout=5) == ANSWER
    before, after = tape.texts(EventKind.NOISE)
    assert before == "bytes outside a block: 5 bytes at offset 0, first 68 65 6c 6c 6f"
    assert after.endswith("first 62 79 65")


def test_answer_without_final_carriage_return(tape: Any, owner: LinkOwner, raw_peer: Any) -> None:
    peer = raw_peer(writes(wrap(ANSWER)[:-1]))
    assert send(peer.address, MESSAGE, owner=owner, recorder=tape, timeout=5) == ANSWER
    assert tape.texts(EventKind.NOISE)[0].startswith("end of block (0x1C) not followed by 0x0D")


def test_answer_without_end_of_block(tape: Any, owner: LinkOwner, raw_peer: Any) -> None:
    peer = raw_peer(writes(b"\x0b" + ANSWER))
    with pytest.raises(NoResponse, match=r"no answer within 0\.5 s"):
        send(peer.address, MESSAGE, owner=owner, recorder=tape, timeout=0.5)
    assert tape.events == [EventKind.NOISE, EventKind.NO_RESPONSE, EventKind.LINK_CLOSED]


def test_bare_answer_without_a_block(tape: Any, owner: LinkOwner, raw_peer: Any) -> None:
    peer = raw_peer(writes(ANSWER))
    with pytest.raises(NoResponse):
        send(peer.address, MESSAGE, owner=owner, recorder=tape, timeout=0.5)
    assert tape.texts(EventKind.NOISE)[0].startswith(f"bytes outside a block: {len(ANSWER)} bytes")


def test_close_before_answer(tape: Any, owner: LinkOwner, raw_peer: Any) -> None:
    peer = raw_peer(lambda sock: sock.close())
    with pytest.raises(LinkLost, match="closed the link without an answer"):
        send(peer.address, MESSAGE, owner=owner, recorder=tape, timeout=5)
    assert tape.events == [EventKind.LINK_LOST]


def test_close_inside_an_answer(tape: Any, owner: LinkOwner, raw_peer: Any) -> None:
    peer = raw_peer(lambda sock: sock.sendall(b"\x0bMSH|"))
    with pytest.raises(LinkLost, match="inside an answer"):
        send(peer.address, MESSAGE, owner=owner, recorder=tape, timeout=5)
    assert tape.events == [EventKind.NOISE, EventKind.LINK_LOST]


def test_silence(tape: Any, owner: LinkOwner, raw_peer: Any) -> None:
    peer = raw_peer(writes())
    begun = time.monotonic()
    with pytest.raises(NoResponse):
        send(peer.address, MESSAGE, owner=owner, recorder=tape, timeout=0.2)
    assert 0.2 <= time.monotonic() - begun < 5
    assert tape.events == [EventKind.NO_RESPONSE, EventKind.LINK_CLOSED]
    assert [passage[1] for passage in tape.passages] == ["request"]


def test_reset(tape: Any, owner: LinkOwner, raw_peer: Any, reset_link: Script) -> None:
    peer = raw_peer(reset_link)
    with pytest.raises(LinkLost):
        send(peer.address, MESSAGE, owner=owner, recorder=tape, timeout=5)
    assert tape.events == [EventKind.LINK_LOST]


def test_drip_of_bytes_does_not_prolong_the_deadline(tape: Any, owner: LinkOwner, raw_peer: Any) -> None:
    def drip(sock: socket.socket) -> None:
        try:
            while not peer.released.wait(0.02):
                sock.sendall(b"x")
        except OSError:
            return

    peer = raw_peer(drip)
    begun = time.monotonic()
    with pytest.raises(NoResponse):
        send(peer.address, MESSAGE, owner=owner, recorder=tape, timeout=0.3)
    assert time.monotonic() - begun < 5


def test_flood_of_noise_ends_the_link(tape: Any, owner: LinkOwner, raw_peer: Any) -> None:
    def flood(sock: socket.socket) -> None:
        try:
            while not peer.released.is_set():
                sock.sendall(b"\x0bx" * 1000)
        except OSError:
            return

    peer = raw_peer(flood)
    with pytest.raises(LinkLost, match="noise"):
        send(peer.address, MESSAGE, owner=owner, recorder=tape, timeout=5)
    assert len(tape.texts(EventKind.NOISE)) == 100


def test_peer_that_does_not_take_the_message(tape: Any, owner: LinkOwner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Hl7Address(application="A", facility="F", port=listener.getsockname()[1])
        with pytest.raises(NoResponse, match="did not take the message"):
            send(address, b"x" * 16_000_000, owner=owner, recorder=tape, timeout=0.2)
    assert tape.events == [EventKind.NO_RESPONSE, EventKind.LINK_CLOSED]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def test_unreachable(tape: Any, owner: LinkOwner) -> None:
    address = Hl7Address(application="A", facility="F", port=free_port())
    with pytest.raises(Unreachable, match=f"127.0.0.1:{address.port}: Connection refused"):
        send(address, MESSAGE, owner=owner, recorder=tape, timeout=5)
    with pytest.raises(Unreachable):
        connect(address, owner=owner, recorder=tape, timeout=5)
    assert tape.events == [EventKind.UNREACHABLE, EventKind.UNREACHABLE]
    assert tape.links == []


@pytest.mark.parametrize(
    ("host", "port"), [("no.such.host.invalid", 1), ("..", 1), ("127.0.0.1", 70000), ("127.0.0.1", 0)]
)
def test_impossible_address_is_unreachable(tape: Any, owner: LinkOwner, host: str, port: int) -> None:
    address = Hl7Address(application="A", facility="F", host=host, port=port)
    with pytest.raises(Unreachable):
        send(address, MESSAGE, owner=owner, recorder=tape, timeout=5)
    assert tape.events == [EventKind.UNREACHABLE]


def test_two_copies_are_two_exchanges_on_one_link(tape: Any, owner: LinkOwner) -> None:
    answers = iter([b"first", b"second"])
    endpoint = MllpEndpoint(owner, bind="127.0.0.1", port=0, handler=lambda _: next(answers), recorder=tape)
    address = Hl7Address(application="A", facility="F", port=endpoint.start())
    try:
        answer = send(address, MESSAGE, owner=owner, recorder=tape, timeout=5, copies=2)
    finally:
        endpoint.stop()
    assert answer == b"second"
    sent = [passage for passage in tape.passages if passage[1:3] == ("request", "sent")]
    assert [passage[3] for passage in sent] == [MESSAGE, MESSAGE]
    assert len({passage[0] for passage in sent}) == 2
    assert sorted(link.ours for link in tape.links) == [False, True]


def test_no_copies_is_our_mistake(tape: Any, owner: LinkOwner) -> None:
    address = Hl7Address(application="A", facility="F", port=1)
    with pytest.raises(ValueError, match="copies"):
        send(address, MESSAGE, owner=owner, recorder=tape, timeout=1, copies=0)


def test_connect_opens_and_closes(tape: Any, owner: LinkOwner, raw_peer: Any) -> None:
    peer = raw_peer(writes())
    connect(peer.address, owner=owner, recorder=tape, timeout=5)
    assert tape.events == [EventKind.LINK_CLOSED]
    assert tape.passages == []
    assert peer.received == b""
