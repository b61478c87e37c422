"""HL7 between two products through the relay: python-hl7's client, and a listener of ours in the place of a product."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime

import hl7.client
import pytest

from harness.engine.unrecorded import Unrecorded
from harness.hl7 import Message
from harness.hl7.acknowledgement import acknowledgement
from harness.model.names import ActorName
from harness.model.transcript import Capture, Direction, EventKind
from harness.transports.mllp import Hl7Request, MllpEndpoint, wrap
from harness.transports.recorder import LinkOwner
from harness.transports.relay.mllp import MllpTap
from tests.wire.relay.rig import Rig, dial, read_all

MESSAGE = (
    "MSH|^~\\&|RIS|H|PACS|H|20260101||ADT^A04^ADT_A01|{number}|P|2.5.1|||||||8859/1\r"
    "EVN||20260101\rPID|1||P{number}^^^H^PI||M\u00dcLLER^JOS\u00c9\r"
)


def message(number: int) -> bytes:
    return MESSAGE.format(number=number).encode("latin-1")


@dataclass
class Receiver:
    """Accepts every message, and keeps what came and what it said."""

    got: list[bytes] = field(default_factory=list)
    said: list[bytes] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Hl7Request) -> bytes:
        read = Message.parse(request.message)
        answer = acknowledgement(read, "AA", control_id=f"A{read.control_id}", now=datetime(2026, 1, 1))
        with self.lock:
            self.got.append(request.message)
            self.said.append(answer)
        return answer


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def port(rig: Rig, receiver: Receiver) -> Iterator[int]:
    owner = LinkOwner(actor=ActorName("product"))
    endpoint = MllpEndpoint(owner, bind="127.0.0.1", port=0, handler=receiver, recorder=Unrecorded(), connections=1000)
    yield rig.open(rig.hop(endpoint.start()), MllpTap)
    rig.stop()
    endpoint.stop()


def content(rig: Rig, capture: Capture) -> bytes:
    assert capture.payload is not None
    found = rig.recorder.read(capture.payload)
    assert isinstance(found, bytes)
    return found


def test_both_hops_carry_the_same_bytes(rig: Rig, receiver: Receiver, port: int) -> None:
    sent = [message(number) for number in range(20)]
    with hl7.client.MLLPClient("127.0.0.1", port) as client:
        back = [client.send_message(one) for one in sent]
    rig.wait(EventKind.LINK_CLOSED, 2)
    assert receiver.got == sent
    assert back == [wrap(one) for one in receiver.said]
    exchanges = rig.recorder.exchanges()
    assert [content(rig, one.request) for one in exchanges] == sent
    assert [[content(rig, answer) for answer in one.responses] for one in exchanges] == [[one] for one in receiver.said]
    captures = rig.recorder.transcript().captures
    ways = {way: [content(rig, one) for one in captures if one.direction is way] for way in Direction}
    assert ways[Direction.SENT] == ways[Direction.RECEIVED]


def test_every_message_has_four_times_in_their_order(rig: Rig, port: int) -> None:
    with hl7.client.MLLPClient("127.0.0.1", port) as client:
        client.send_message(message(1))
    rig.wait(EventKind.LINK_CLOSED, 2)
    times = [capture.time for capture in rig.recorder.transcript().captures]
    assert len(times) == 4
    assert times == sorted(times)


def test_hundreds_of_connections_at_a_time(rig: Rig, receiver: Receiver, port: int) -> None:
    count = 200
    with ExitStack() as stack:
        socks = [stack.enter_context(dial(port)) for _ in range(count)]
        for number, sock in enumerate(socks):
            sock.sendall(wrap(message(number)))
        for sock in socks:
            assert b"MSA|AA" in sock.recv(1 << 16)
    rig.wait(EventKind.LINK_CLOSED, 2 * count)
    exchanges = rig.recorder.exchanges()
    assert sorted(content(rig, one.request) for one in exchanges) == sorted(receiver.got)
    for one in exchanges:
        (answer,) = one.responses
        read = Message.parse(content(rig, answer))
        assert read.first("MSA-2") == Message.parse(content(rig, one.request)).control_id


def test_a_hostile_stream_passes_and_is_told(rig: Rig) -> None:
    """What the relay cannot read is not its affair: the receiver decides what to make of it."""
    rubbish = b"\x0b" + bytes(range(256)) * 1000 + b"\x1c\x1c\x0b\x0b\r"
    got: list[bytes] = []

    def swallow(sock: object) -> None:
        got.append(read_all(sock))  # type: ignore[arg-type]

    with dial(rig.relay(swallow, MllpTap)) as sock:
        for _ in range(20):
            sock.sendall(rubbish)
    rig.wait(EventKind.LINK_CLOSED, 2)
    rig.stop()
    assert got == [rubbish * 20]
    noises = [event for event in rig.recorder.events() if event.kind is EventKind.NOISE]
    assert 0 < len(noises) <= 102
    assert not [event for event in rig.recorder.events() if event.kind is EventKind.INTERNAL_ERROR]


def test_a_message_longer_than_can_be_kept_passes(rig: Rig) -> None:
    got: list[int] = []

    def swallow(sock: object) -> None:
        got.append(len(read_all(sock)))  # type: ignore[arg-type]

    with dial(rig.relay(swallow, lambda crossing: MllpTap(crossing, limit=1 << 20))) as sock:
        sock.sendall(wrap(bytes(5 << 20)))
    rig.wait(EventKind.LINK_CLOSED, 2)
    rig.stop()
    assert got == [(5 << 20) + 3]
    assert [event.text.split(":")[0] for event in rig.recorder.events() if event.kind is EventKind.NOISE] == [
        "message longer than the limit"
    ]
