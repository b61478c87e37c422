"""Bytes through the pump: unchanged in both directions, however they come and however the connection ends."""

from __future__ import annotations

import random
import socket
import threading
import time
from typing import Any

import pytest

from harness.identifiers import SystemClock
from harness.model.transcript import EventKind
from harness.transports.relay import Crossing, Ending, How, Side
from harness.transports.relay.pump import Pump
from harness.transports.relay.trail import Trail
from tests.wire.relay.rig import Rig, dial, fill, read_all, read_some, reset

MB = 1 << 20


def echo(sock: socket.socket) -> None:
    while piece := sock.recv(1 << 16):
        sock.sendall(piece)


def drain(sock: socket.socket) -> None:
    read_all(sock)


def test_what_one_end_sends_the_other_receives(rig: Rig) -> None:
    content = random.Random(7).randbytes(3 * MB)
    got: list[bytes] = []

    def answer(sock: socket.socket) -> None:
        got.append(read_some(sock, len(content)))
        sock.sendall(content[::-1])

    with dial(rig.relay(answer)) as sock:
        sock.sendall(content)
        assert read_all(sock) == content[::-1]
    ear = rig.ear()
    assert got == [content]
    assert bytes(ear.said[Side.ACCEPTED]) == content
    assert bytes(ear.said[Side.OPENED]) == content[::-1]


def test_bytes_pass_at_once_however_few(rig: Rig) -> None:
    with dial(rig.relay(echo)) as sock:
        for byte in range(200):
            sock.sendall(bytes([byte]))
            assert sock.recv(10) == bytes([byte])


def test_no_side_waits_for_more_bytes(rig: Rig) -> None:
    def nodelay(sock: socket.socket) -> None:
        sock.sendall(b"ready")
        read_all(sock)

    with dial(rig.relay(nodelay)) as sock:
        assert sock.recv(5) == b"ready"
        ends = [end for pair in rig.pump._pairs for end in pair.ends]
        assert [end.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0 for end in ends] == [True, True]


def test_who_has_said_everything_may_still_listen(rig: Rig) -> None:
    def answer(sock: socket.socket) -> None:
        sock.sendall(read_all(sock)[::-1])

    with dial(rig.relay(answer)) as sock:
        sock.sendall(b"all I have to say")
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == b"yas ot evah I lla"
    assert {side: ending.how for side, ending in rig.ear().endings.items()} == dict.fromkeys(Side, How.CLOSED)


def test_a_reset_is_carried_to_the_other_side(rig: Rig) -> None:
    seen: list[BaseException] = []

    def wait(sock: socket.socket) -> None:
        sock.sendall(b"hello")
        try:
            read_all(sock)
        except OSError as error:
            seen.append(error)

    sock = dial(rig.relay(wait))
    assert sock.recv(5) == b"hello"
    reset(sock)
    ear = rig.ear()
    rig.stop()
    assert [type(error) for error in seen] == [ConnectionResetError]
    assert (ear.endings[Side.ACCEPTED].how, ear.endings[Side.OPENED].how) == (How.LOST, How.CUT)
    assert ear.endings[Side.OPENED].text == f"the other side is lost: {ear.endings[Side.ACCEPTED].text}"


def test_last_words_before_a_reset_arrive(rig: Rig) -> None:
    def refuse(sock: socket.socket) -> None:
        sock.recv(1)
        sock.sendall(b"no more of this")
        reset(sock)

    with dial(rig.relay(refuse)) as sock:
        sock.sendall(b"x" * 100)
        assert read_some(sock, 15) == b"no more of this"
        with pytest.raises(ConnectionResetError):
            sock.recv(1)
    assert rig.ear().endings[Side.OPENED].how is How.LOST


def test_both_ends_are_told_when_a_slow_side_goes_away(rig: Rig) -> None:
    """What it had not taken is refused, and reading from it finds an end like any other."""
    go = threading.Event()

    def leave(sock: socket.socket) -> None:
        assert go.wait(20)

    sock = dial(rig.relay(leave))
    fill(sock, 256 * MB)
    go.set()
    ear = rig.ear()
    assert ear.unsent[Side.ACCEPTED] > 0
    assert ear.endings[Side.ACCEPTED].how is How.CUT
    sock.close()


def test_who_takes_bytes_slowly_slows_their_sender(rig: Rig) -> None:
    go = threading.Event()
    got: list[int] = []

    def slow(sock: socket.socket) -> None:
        assert go.wait(20)
        got.append(len(read_all(sock)))

    with dial(rig.relay(slow)) as sock:
        sent = fill(sock, 256 * MB)
        assert sent < 64 * MB
        held = [len(end.waiting) for pair in rig.pump._pairs for end in pair.ends]
        assert 0 < sum(held) <= 64 * 1024
        go.set()
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == b""
    rig.ear()
    rig.stop()
    assert got == [sent]


def test_a_tap_that_reads_slowly_slows_the_pump(rig: Rig) -> None:
    """What may be unread is bounded: bytes wait with their sender, and not in our memory."""
    go = threading.Event()

    class Slow:
        def __init__(self, crossing: Crossing) -> None:
            self.read = 0

        def passed(self, side: Side, data: bytes, received_at: float, sent_at: float | None) -> None:
            assert go.wait(20)
            self.read += len(data)

        def ended(self, side: Side, ending: Ending) -> None:
            done.set()

    done = threading.Event()
    taps: list[Slow] = []

    def make(crossing: Crossing) -> Slow:
        taps.append(Slow(crossing))
        return taps[-1]

    rig.trail.limit = 4 * MB
    with dial(rig.relay(drain, make)) as sock:
        sent = fill(sock, 256 * MB)
        assert sent < 64 * MB
        assert rig.trail.unread <= 4 * MB
        go.set()
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == b""
    assert done.wait(10)
    rig.stop()
    assert taps[0].read == sent


def test_a_fault_of_a_tap_is_told_and_disturbs_nobody(rig: Rig) -> None:
    class Broken:
        def passed(self, side: Side, data: bytes, received_at: float, sent_at: float | None) -> None:
            raise ValueError("cannot read this")

        def ended(self, side: Side, ending: Ending) -> None:
            raise AssertionError("a tap that failed is told nothing more")

    with dial(rig.relay(echo, lambda crossing: Broken())) as sock:
        for text in (b"one", b"two"):
            sock.sendall(text)
            assert sock.recv(10) == text
    (event,) = rig.wait(EventKind.INTERNAL_ERROR)
    assert event.text == "a relay's reader failed, and reads no more of this connection: ValueError: cannot read this"
    assert "Traceback" in event.facts["traceback"]


def test_stopping_ends_what_is_under_way(rig: Rig) -> None:
    sock = dial(rig.relay(echo))
    sock.sendall(b"still here")
    assert read_some(sock, 10) == b"still here"
    rig.stop()
    assert read_all(sock) == b""
    assert {ending.how for ending in rig.ear().endings.values()} == {How.CUT}
    sock.close()


def test_a_pump_that_has_stopped_takes_nothing(rig: Rig) -> None:
    trail = Trail()
    pump = Pump(trail, SystemClock())
    assert pump.stop(5)
    pairs = [socket.socketpair() for _ in range(2)]
    crossing: Any = type("Crossing", (), {"recorder": rig.recorder})()
    done: list[bool] = []
    tap: Any = None
    assert not pump.adopt(crossing, pairs[0][0], pairs[1][0], tap, lambda: done.append(True))
    assert [pair[1].recv(1) for pair in pairs] == [b"", b""]
    assert done == [True]
    for pair in pairs:
        pair[1].close()
    assert trail.close(5)


def test_many_connections_at_a_time(rig: Rig) -> None:
    port = rig.relay(echo)
    socks = [dial(port) for _ in range(300)]
    for number, sock in enumerate(socks):
        sock.sendall(b"connection %d" % number)
    for number, sock in enumerate(socks):
        expected = b"connection %d" % number
        assert read_some(sock, len(expected)) == expected
    ours = [thread for thread in threading.enumerate() if thread.name.startswith("relay ")]
    assert len(ours) < 50
    for sock in socks:
        sock.close()
    for number in range(300):
        rig.ear(number)
    assert not rig.pump._pairs


def test_many_short_connections_one_after_another(rig: Rig) -> None:
    port = rig.relay(echo)
    for number in range(200):
        with dial(port) as sock:
            sock.sendall(b"%d" % number)
            assert sock.recv(10) == b"%d" % number
    rig.ear(199)
    deadline = time.monotonic() + 10
    while rig.entrances[0].connections and time.monotonic() < deadline:
        rig.recorder.wait(lambda: not rig.entrances[0].connections, 0.1)
    assert rig.entrances[0].connections == 0
