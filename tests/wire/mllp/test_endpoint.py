"""Our listener against python-hl7's client and raw peers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import hl7.client
import pytest

from harness.errors import PortInUse
from harness.model.transcript import EventKind
from harness.transports.mllp import Deadlines, Hl7Request, MllpEndpoint, wrap
from harness.transports.recorder import LinkOwner

MESSAGE = b"MSH|^~\\&|OF|F|IM|F|||OMI^O23|1|P|2.5.1\r"
Start = Callable[..., int]


def echo(request: Hl7Request) -> bytes:
    return b"ACK " + request.message


@pytest.fixture
def start(tape: Any, owner: LinkOwner) -> Iterator[Start]:
    endpoints: list[MllpEndpoint] = []

    def begin(handler: Callable[[Hl7Request], bytes | None] = echo, **options: Any) -> int:
        endpoints.append(MllpEndpoint(owner, bind="127.0.0.1", port=0, handler=handler, recorder=tape, **options))
        return endpoints[-1].start()

    yield begin
    for endpoint in endpoints:
        endpoint.stop()


def dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 10)


def read(sock: socket.socket, blocks: int = 1) -> bytes:
    data = b""
    while data.count(b"\x1c\r") < blocks:
        piece = sock.recv(65536)
        assert piece, data
        data += piece
    return data


def test_messages_of_another_implementation(start: Start, tape: Any) -> None:
    port = start()
    with hl7.client.MLLPClient("127.0.0.1", port) as client:
        assert client.send_message(MESSAGE) == wrap(b"ACK " + MESSAGE)
        assert client.send_message(hl7.parse(MESSAGE.decode())) == wrap(b"ACK " + MESSAGE)
        local = client.socket.getsockname()
    tape.wait(EventKind.LINK_CLOSED)
    assert tape.passages == [
        (1, "request", "received", MESSAGE),
        (1, "response", "sent", b"ACK " + MESSAGE),
        (2, "request", "received", MESSAGE),
        (2, "response", "sent", b"ACK " + MESSAGE),
    ]
    (link,) = tape.links
    assert (link.ours, link.local.port) == (False, port)
    assert (link.peer.host, link.peer.port) == local
    assert tape.events == [EventKind.LISTENING, EventKind.LINK_CLOSED]
    assert tape.texts(EventKind.LINK_CLOSED) == ["closed by the peer"]


def test_handler_is_told_who_and_where(start: Start, tape: Any) -> None:
    seen: list[Hl7Request] = []
    port = start(lambda request: seen.append(request) or b"A")
    with dial(port) as sock:
        sock.sendall(wrap(MESSAGE))
        read(sock)
        assert (seen[0].peer.host, seen[0].peer.port) == sock.getsockname()
    assert (seen[0].message, seen[0].link, seen[0].exchange) == (MESSAGE, tape.links[0].id, 1)


def test_two_messages_in_one_write_and_one_split(start: Start) -> None:
    with dial(start()) as sock:
        sock.sendall(wrap(b"1") + wrap(b"2") + b"\x0bM")
        assert read(sock, 2) == wrap(b"ACK 1") + wrap(b"ACK 2")
        sock.sendall(b"SH")
        sock.sendall(b"|\x1c\r")
        assert read(sock) == wrap(b"ACK MSH|")


def test_noise_is_recorded_and_the_good_messages_answered(start: Start, tape: Any) -> None:
    with dial(start()) as sock:
        sock.sendall(b"junk" + wrap(b"1") + b"\r\n" + b"\x0bno end" + b"\x0b2\x1c\n" + wrap(b"3"))
        assert read(sock, 3) == wrap(b"ACK 1") + wrap(b"ACK 2") + wrap(b"ACK 3")
    assert [text.partition(":")[0] for text in tape.texts(EventKind.NOISE)] == [
        "bytes outside a block",
        "block without end (0x1C)",
        "end of block (0x1C) not followed by 0x0D",
    ]


def test_message_without_carriage_return_is_answered_at_once(start: Start) -> None:
    with dial(start()) as sock:
        sock.sendall(b"\x0bM\x1c")
        assert read(sock) == wrap(b"ACK M")


def test_oversize_message_is_noise_and_the_next_one_is_answered(start: Start, tape: Any) -> None:
    with dial(start(limit=1000)) as sock:
        sock.sendall(wrap(b"x" * 5000) + wrap(b"ok"))
        assert read(sock) == wrap(b"ACK ok")
    assert tape.texts(EventKind.NOISE)[0].startswith("message longer than the limit: 5002 bytes at offset 0")


def test_connection_that_says_nothing(start: Start, tape: Any) -> None:
    dial(start()).close()
    tape.wait(EventKind.LINK_CLOSED)
    assert len(tape.links) == 1
    assert tape.passages == []


def test_peer_closes_inside_a_message(start: Start, tape: Any) -> None:
    with dial(start()) as sock:
        sock.sendall(b"\x0bMSH|")
    tape.wait(EventKind.LINK_LOST)
    assert tape.texts(EventKind.NOISE) == ["block without end (0x1C): 5 bytes at offset 0, first 0b 4d 53 48 7c"]


def test_peer_resets(start: Start, tape: Any, reset_link: Callable[[socket.socket], None]) -> None:
    sock = dial(start())
    sock.sendall(wrap(b"1"))
    read(sock)
    reset_link(sock)
    tape.wait(EventKind.LINK_LOST)
    assert tape.texts(EventKind.LINK_LOST) == ["Connection reset by peer"]


def test_silence_leaves_the_link_open(start: Start, tape: Any) -> None:
    answers = iter([None, b"A"])
    with dial(start(lambda _: next(answers))) as sock:
        sock.sendall(wrap(b"1") + wrap(b"2"))
        assert read(sock) == wrap(b"A")
    assert [passage[:2] for passage in tape.passages] == [(1, "request"), (2, "request"), (2, "response")]


def test_failing_handler_is_our_error_and_ends_the_link_alone(start: Start, tape: Any) -> None:
    def fail_once(request: Hl7Request) -> bytes:
        if request.message == b"bad":
            raise KeyError("accession")
        return b"A"

    port = start(fail_once)
    with dial(port) as sock:
        sock.sendall(wrap(b"bad"))
        assert sock.recv(100) == b""
    tape.wait(EventKind.LINK_CLOSED)
    assert tape.events == [EventKind.LISTENING, EventKind.INTERNAL_ERROR, EventKind.LINK_CLOSED]
    assert tape.texts(EventKind.INTERNAL_ERROR) == ["KeyError: 'accession'"]
    assert "fail_once" in tape.records[-2].facts["traceback"]
    with dial(port) as sock:
        sock.sendall(wrap(b"good"))
        assert read(sock) == wrap(b"A")


def test_idle_link_is_closed(start: Start, tape: Any) -> None:
    with dial(start(deadlines=Deadlines(idle=0.1))) as sock:
        assert sock.recv(1) == b""
    tape.wait(EventKind.LINK_CLOSED)
    assert tape.texts(EventKind.LINK_CLOSED) == ["closed by us: no message within 0.1 s"]


@pytest.mark.parametrize("drop", [b"\x0b", b"x"])
def test_drip_of_bytes_does_not_keep_a_link(start: Start, tape: Any, drop: bytes) -> None:
    pause = threading.Event()
    with dial(start(deadlines=Deadlines(unfinished=0.2))) as sock:
        sock.sendall(drop)
        try:
            while not tape.texts(EventKind.LINK_CLOSED) and not pause.wait(0.02):
                sock.sendall(b"x")
        except OSError:
            tape.wait(EventKind.LINK_CLOSED)
    assert tape.texts(EventKind.LINK_CLOSED) == ["closed by us: no complete message within 0.2 s"]


def test_peer_that_does_not_take_its_answer(start: Start, tape: Any) -> None:
    with dial(start(lambda _: b"x" * 16_000_000, deadlines=Deadlines(write=0.2))) as sock:
        sock.sendall(wrap(b"1"))
        tape.wait(EventKind.LINK_LOST)
    assert tape.texts(EventKind.LINK_LOST) == ["the peer did not take the answer within 0.2 s"]


def test_flood_of_noise_ends_the_link(start: Start, tape: Any) -> None:
    with dial(start()) as sock:
        sock.sendall(b"\x0b" * 10_000)
        tape.wait(EventKind.LINK_CLOSED)
    assert len(tape.texts(EventKind.NOISE)) == 100


def test_surplus_connections_are_closed(start: Start, tape: Any) -> None:
    port = start(connections=1)
    with dial(port) as first:
        first.sendall(wrap(b"1"))
        read(first)
        with dial(port) as second:
            assert second.recv(1) == b""
        first.sendall(wrap(b"2"))
        assert read(first) == wrap(b"ACK 2")
    tape.wait(EventKind.LINK_CLOSED, count=2)
    assert tape.texts(EventKind.LINK_CLOSED)[0] == "closed by us: 1 connections are open already"


def test_many_connections_at_once(start: Start, tape: Any) -> None:
    socks = [dial(port) for port in [start()] for _ in range(60)]
    for number, sock in enumerate(socks):
        sock.sendall(wrap(b"%d" % number))
    assert [read(sock) for sock in socks] == [wrap(b"ACK %d" % number) for number in range(60)]
    for sock in socks:
        sock.close()
    tape.wait(EventKind.LINK_CLOSED, count=60)
    assert len({passage[0] for passage in tape.passages}) == 60


def test_stop_wakes_everything_at_once(tape: Any, owner: LinkOwner) -> None:
    endpoint = MllpEndpoint(owner, bind="127.0.0.1", port=0, handler=echo, recorder=tape)
    port = endpoint.start()
    with dial(port) as idle, dial(port) as inside:
        idle.sendall(wrap(b"1"))
        read(idle)
        inside.sendall(wrap(b"1") + b"\x0bMSH")
        read(inside)
        begun = time.monotonic()
        endpoint.stop()
        assert time.monotonic() - begun < 2
        assert idle.recv(1) == b""
        assert inside.recv(1) == b""
    assert tape.events.count(EventKind.LINK_CLOSED) == 2
    assert tape.texts(EventKind.LINK_LOST) == []
    endpoint.stop()
    with pytest.raises(OSError, match="refused"):
        dial(port)


def test_stop_lets_an_answer_under_way_be_sent(tape: Any, owner: LinkOwner) -> None:
    taken, go = threading.Event(), threading.Event()

    def slow(_: Hl7Request) -> bytes:
        taken.set()
        go.wait(10)
        return b"A"

    endpoint = MllpEndpoint(owner, bind="127.0.0.1", port=0, handler=slow, recorder=tape)
    with dial(endpoint.start()) as sock:
        sock.sendall(wrap(b"1"))
        assert taken.wait(10)
        stopper = threading.Thread(target=endpoint.stop)
        stopper.start()
        go.set()
        assert read(sock) == wrap(b"A")
        stopper.join(10)
        assert not stopper.is_alive()
    assert tape.texts(EventKind.LINK_CLOSED) == ["closed by us: the endpoint stops"]


def test_stop_is_bounded_when_a_handler_hangs(tape: Any, owner: LinkOwner) -> None:
    taken, go = threading.Event(), threading.Event()

    def hang(_: Hl7Request) -> None:
        taken.set()
        go.wait(10)

    endpoint = MllpEndpoint(owner, bind="127.0.0.1", port=0, handler=hang, recorder=tape, deadlines=Deadlines(stop=0.1))
    with dial(endpoint.start()) as sock:
        sock.sendall(wrap(b"1"))
        assert taken.wait(10)
        begun = time.monotonic()
        endpoint.stop()
        assert time.monotonic() - begun < 5
    assert tape.texts(EventKind.INTERNAL_ERROR) == ["a handler did not return within 0.1 s of the stop"]
    go.set()
    tape.wait(EventKind.LINK_CLOSED)


def test_port_in_use(start: Start, tape: Any, owner: LinkOwner) -> None:
    port = start()
    second = MllpEndpoint(owner, bind="127.0.0.1", port=port, handler=echo, recorder=tape)
    with pytest.raises(PortInUse, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"):
        second.start()
    second.stop()
    assert tape.events == [EventKind.LISTENING, EventKind.CANNOT_ACT]


@pytest.mark.parametrize(("bind", "port"), [("192.0.2.1", 0), ("127.0.0.1", 70000), ("..", 0)])
def test_impossible_listener(tape: Any, owner: LinkOwner, bind: str, port: int) -> None:
    endpoint = MllpEndpoint(owner, bind=bind, port=port, handler=echo, recorder=tape)
    with pytest.raises(PortInUse):
        endpoint.start()
    assert tape.events == [EventKind.CANNOT_ACT]


def test_port_is_free_again_after_stop(tape: Any, owner: LinkOwner) -> None:
    first = MllpEndpoint(owner, bind="127.0.0.1", port=0, handler=echo, recorder=tape)
    port = first.start()
    with dial(port) as sock:
        sock.sendall(wrap(b"1"))
        read(sock)
        first.stop()
    second = MllpEndpoint(owner, bind="127.0.0.1", port=port, handler=echo, recorder=tape)
    assert second.start() == port
    second.stop()


def test_stop_before_start_does_nothing(tape: Any, owner: LinkOwner) -> None:
    MllpEndpoint(owner, bind="127.0.0.1", port=0, handler=echo, recorder=tape).stop()
    assert tape.records == []
