"""The relay of a run: all of its hops, or none; and everything recorded that passed."""

from __future__ import annotations

import socket
from dataclasses import replace

import hl7.client
import pytest

from harness.engine.recording import TranscriptRecorder
from harness.engine.relaying import Relay
from harness.errors import InputError, PortInUse
from harness.identifiers import SystemClock
from harness.model.hop import Hop
from harness.model.profile import LinkKind
from harness.model.tls import TlsFiles, TlsMode
from harness.model.transcript import EventKind
from harness.transports.mllp import wrap
from tests.wire.relay.rig import Rig, dial, read_all

ANSWER = wrap(b"MSH|^~\\&|PACS|H|RIS|H|20260101||ACK|A1|P|2.5.1\rMSA|AA|M1\r")
MESSAGE = b"MSH|^~\\&|RIS|H|PACS|H|20260101||ADT^A04|M1|P|2.5.1\r"


def answer(sock: socket.socket) -> None:
    while sock.recv(1 << 16):
        sock.sendall(ANSWER)


@pytest.fixture
def recorder() -> TranscriptRecorder:
    return TranscriptRecorder(SystemClock(), None)


def two_hops(rig: Rig) -> tuple[Hop, Hop]:
    port = rig.peer(answer).port
    return rig.hop(port), replace(rig.hop(port, LinkKind.DIMSE), name="images")


def test_every_hop_has_a_port_and_is_read_by_its_protocol(rig: Rig, recorder: TranscriptRecorder) -> None:
    with Relay(two_hops(rig), recorder=recorder, clock=SystemClock()) as relay:
        orders, images = relay.hops
        assert orders.accepts.port
        assert images.accepts.port not in (0, orders.accepts.port)
        with hl7.client.MLLPClient("127.0.0.1", orders.accepts.port) as client:
            assert client.send_message(MESSAGE) == ANSWER
        with dial(images.accepts.port) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert sock.recv(1 << 16) == ANSWER
    transcript = recorder.transcript()
    assert [(one.link.hop, len(one.responses)) for one in transcript.exchanges] == [("orders", 1)]
    assert {event.link for event in transcript.events if event.kind is EventKind.LINK_CLOSED} == {
        link.id for link in transcript.links
    }
    assert relay.connections == 0


def test_what_passed_last_is_read_before_it_is_left(rig: Rig, recorder: TranscriptRecorder) -> None:
    hop = two_hops(rig)[0]
    with Relay([hop], recorder=recorder, clock=SystemClock()) as relay, dial(relay.hops[0].accepts.port) as sock:
        for _ in range(500):
            sock.sendall(wrap(MESSAGE))
            assert sock.recv(1 << 16)
    assert len(recorder.exchanges()) == 500


def test_leaving_ends_who_is_connected(rig: Rig, recorder: TranscriptRecorder) -> None:
    with Relay(two_hops(rig), recorder=recorder, clock=SystemClock()) as relay:
        sock = dial(relay.hops[0].accepts.port)
        sock.sendall(wrap(MESSAGE))
        assert sock.recv(1 << 16) == ANSWER
    assert read_all(sock) == b""
    sock.close()
    ends = [event for event in recorder.events() if event.kind is EventKind.LINK_CLOSED]
    assert {(event.text, event.facts["ended_by"]) for event in ends} == {("closed by us: the relay stops", "relay")}


def test_a_port_that_is_taken_opens_no_hop(rig: Rig, recorder: TranscriptRecorder) -> None:
    orders, images = two_hops(rig)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        images = replace(images, accepts=replace(images.accepts, port=taken.getsockname()[1]))
        relay = Relay((orders, images), recorder=recorder, clock=SystemClock())
        with pytest.raises(PortInUse), relay:
            pass
    free = int(recorder.events()[0].facts["port"])
    with socket.create_server(("127.0.0.1", free)):
        pass


def test_files_that_cannot_be_used_are_told_first(rig: Rig, recorder: TranscriptRecorder) -> None:
    orders, _ = two_hops(rig)
    files = TlsFiles(authorities="/no/such/file.pem")
    secured = replace(orders, leads_to=replace(orders.leads_to, tls=TlsMode.SERVER, tls_files=files))
    with (
        pytest.raises(InputError, match=r"/no/such/file\.pem"),
        Relay((secured,), recorder=recorder, clock=SystemClock()),
    ):
        pass
    assert recorder.events() == []
