"""Associations: identities, refusals, and every way in which one does not work."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest
from pydicom.dataset import Dataset

from harness.dicom.uids import IMPLEMENTATION_CLASS_UID, uid_of
from harness.errors import ContextRefused, LinkLost, NoResponse, PortInUse, Rejected, Unreachable
from harness.model.names import ActorName
from harness.model.system import DimseAddress
from harness.model.transcript import EventKind
from harness.transports.dimse import (
    DimseEndpoint,
    DimseHandler,
    DimseRequest,
    DimseResponse,
    SupportedClass,
)
from harness.transports.recorder import LinkOwner

MPPS, MWL = "ModalityPerformedProcedureStep", "ModalityWorklistInformationModelFind"


@pytest.fixture
def scripted() -> Iterator[Callable[[Callable[[socket.socket], None]], DimseAddress]]:
    """A listener whose first connection follows a script."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(script: Callable[[socket.socket], None]) -> DimseAddress:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(5)
        listeners.append(listener)

        def run() -> None:
            connection, _ = listener.accept()
            connection.settimeout(5)
            with connection:
                script(connection)

        threads.append(threading.Thread(target=run, daemon=True))
        threads[-1].start()
        return DimseAddress(ae_title="SCRIPTED", port=listener.getsockname()[1])

    yield start
    for thread in threads:
        thread.join(5)
    for listener in listeners:
        listener.close()


def test_both_ends_record_the_identities(listen, associate, answering, recorder) -> None:
    address = listen(answering)
    with associate(address, MPPS, MWL):
        pass
    theirs, ours = sorted(recorder.links, key=lambda link: link.ours)
    assert (theirs.local, theirs.peer) == (ours.peer, ours.local)
    assert (theirs.owner.actor, theirs.owner.peer_actor) == ("Order Filler", "Modality")
    assert (ours.owner.actor, ours.owner.peer_actor) == ("Modality", "Order Filler")
    for link in (theirs, ours):
        assert (link.facts["calling_ae"], link.facts["called_ae"]) == ("OUR_SCU", "OUR_SCP")
        assert link.facts["implementation_class_uid"] == IMPLEMENTATION_CLASS_UID
        assert link.facts["implementation_version_name"] == link.facts["our_implementation_version_name"]
        assert (link.facts["max_pdu"], link.facts["our_max_pdu"]) == ("131072", "131072")
        assert link.facts["accepted_contexts"] == (f"{MPPS}=ExplicitVRLittleEndian; {MWL}=ExplicitVRLittleEndian")
    assert {event.text for event in recorder.wait_event(EventKind.LINK_CLOSED, 2)} == {
        "released",
        "released by the peer",
    }
    assert [event.facts["ae_title"] for event in recorder.events(EventKind.LISTENING)] == ["OUR_SCP"]


def test_an_unknown_called_ae_title_is_rejected(listen, associate, answering, recorder) -> None:
    address = listen(answering)
    wrong = DimseAddress(ae_title="SOMEBODY", port=address.port)
    with pytest.raises(Rejected, match=r"(?i)called AE title not recogni[sz]ed"), associate(wrong, MPPS):
        pass
    events = recorder.wait_event(EventKind.REJECTED, 2)
    assert {event.facts["called_ae"] for event in events} == {"SOMEBODY"}
    assert {event.owner.actor for event in events} == {"Modality", "Order Filler"}
    assert recorder.links == []


def test_a_refused_context_is_an_event_and_the_operation_fails(listen, associate, answering, recorder) -> None:
    address = listen(answering, supported=(SupportedClass(MPPS),))
    with associate(address, MPPS, MWL) as association:
        assert association.accepted(MPPS)
        assert not association.accepted(MWL)
        with pytest.raises(ContextRefused, match=MWL):
            association.c_find(MWL, Dataset())
        assert association.n_create(MPPS, "2.25.1", Dataset()).status == 0x0000
    events = recorder.wait_event(EventKind.CONTEXT_REFUSED, 2)
    assert {event.facts["sop_class"] for event in events} == {uid_of(MWL)}
    assert {event.text for event in events} == {f"{MWL}: abstract syntax not supported"}
    assert recorder.links[0].facts["refused_contexts"] == f"{MWL}: abstract syntax not supported"


def test_a_refused_context_leaves_an_orderly_release(listen, associate, answering, recorder) -> None:
    address = listen(answering, supported=(SupportedClass(MPPS),))
    with pytest.raises(ContextRefused), associate(address, MPPS, MWL) as association:
        association.c_find(MWL, Dataset())
    texts = {event.text for event in recorder.wait_event(EventKind.LINK_CLOSED, 2)}
    assert texts == {"released", "released by the peer"}


def test_refused_transfer_syntaxes_are_told_apart(listen, associate, answering, recorder) -> None:
    address = listen(answering, supported=(SupportedClass(MPPS, ("ExplicitVRBigEndian",)),))
    with pytest.raises(ContextRefused), associate(address, MPPS):
        pass
    assert "transfer syntaxes not supported" in recorder.events(EventKind.CONTEXT_REFUSED)[0].text


def test_no_accepted_context_at_all(listen, associate, answering, recorder) -> None:
    address = listen(answering, supported=(SupportedClass(MPPS),))
    with pytest.raises(ContextRefused, match="no presentation context"), associate(address, MWL):
        pass
    assert len(recorder.links) == 2


def test_a_port_in_use(listen, answering, recorder) -> None:
    address = listen(answering)
    second = DimseEndpoint(
        LinkOwner(actor=ActorName("Order Filler")),
        ae_title="SECOND",
        bind="127.0.0.1",
        port=address.port,
        supported=(SupportedClass("Verification"),),
        handler=answering,
        recorder=recorder,
        peer_of=lambda _: None,
    )
    with pytest.raises(PortInUse, match=f"SECOND cannot listen at 127.0.0.1:{address.port}"):
        second.start()
    second.stop()


def test_nothing_listens(associate, recorder, free_port) -> None:
    with (
        pytest.raises(Unreachable, match=f"OUR_SCU to NOBODY at 127.0.0.1:{free_port}"),
        associate(DimseAddress(ae_title="NOBODY", port=free_port), MPPS),
    ):
        pass
    (event,) = recorder.events(EventKind.UNREACHABLE)
    assert event.owner.actor == "Modality"


def test_a_host_without_address(associate, recorder) -> None:
    with (
        pytest.raises(Unreachable),
        associate(DimseAddress(ae_title="NOBODY", host="no.such.host.invalid", port=104), MPPS),
    ):
        pass
    assert len(recorder.events(EventKind.UNREACHABLE)) == 1


def test_a_peer_that_accepts_the_connection_and_says_nothing(associate, recorder, scripted) -> None:
    address = scripted(lambda connection: connection.recv(1) and read_all(connection))
    with pytest.raises(NoResponse, match=r"within 0\.3 s"), associate(address, MPPS, timeout=0.3):
        pass
    assert len(recorder.events(EventKind.NO_RESPONSE)) == 1
    assert recorder.links == []


def test_a_peer_that_closes_at_once(associate, recorder, scripted) -> None:
    with pytest.raises(LinkLost), associate(scripted(lambda connection: None), MPPS):
        pass
    assert len(recorder.events(EventKind.LINK_LOST)) == 1


def test_a_peer_that_aborts_the_request(associate, recorder, scripted) -> None:
    abort = struct.pack(">BBLBBBB", 7, 0, 4, 0, 0, 2, 1)

    def script(connection: socket.socket) -> None:
        connection.recv(1)
        connection.sendall(abort)
        read_all(connection)

    with pytest.raises(LinkLost, match="aborted by the peer"), associate(scripted(script), MPPS):
        pass
    assert "service provider" in recorder.events(EventKind.LINK_LOST)[0].text


def test_a_peer_that_answers_with_garbage(associate, recorder, scripted) -> None:
    def script(connection: socket.socket) -> None:
        connection.recv(1)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        read_all(connection)

    with pytest.raises(LinkLost), associate(scripted(script), MPPS):
        pass
    assert "48 54 54 50" in recorder.events(EventKind.NOISE)[0].text


def read_all(connection: socket.socket) -> None:
    """Read until the other side closes."""
    try:
        while connection.recv(4096):
            pass
    except OSError:
        return


def test_a_peer_that_aborts_instead_of_answering(listen, associate, recorder, answering) -> None:
    address = listen(answering)
    endpoint_links: list[DimseRequest] = []

    class Aborting(DimseHandler):
        def n_create(self, request: DimseRequest) -> DimseResponse:
            endpoint_links.append(request)
            stop.set()
            release.wait(5)
            return DimseResponse(0x0000)

    stop, release = threading.Event(), threading.Event()
    second = DimseEndpoint(
        LinkOwner(actor=ActorName("PPS Manager")),
        ae_title="PPSM",
        bind="127.0.0.1",
        port=0,
        supported=(SupportedClass(MPPS),),
        handler=Aborting(),
        recorder=recorder,
        peer_of=lambda _: None,
    )
    address = DimseAddress(ae_title="PPSM", port=second.start())

    def stopper() -> None:
        stop.wait(5)
        second.stop()

    thread = threading.Thread(target=stopper)
    thread.start()
    with pytest.raises(LinkLost, match="aborted by the peer"), associate(address, MPPS) as association:
        association.n_create(MPPS, "2.25.1", Dataset())
    assert endpoint_links[0].cancelled()
    release.set()
    thread.join(10)
    assert not thread.is_alive()
    lost = recorder.wait_event(EventKind.LINK_LOST)
    assert [event.text for event in lost] == ["aborted by the peer (service user, reason 0)"]


def test_operations_on_an_association_that_is_over(listen, associate, answering) -> None:
    with associate(listen(answering), MPPS) as association:
        pass
    with pytest.raises(LinkLost):
        association.n_create(MPPS, "2.25.1", Dataset())
    assert association.wait_event_report(5) is None


def test_a_failing_block_aborts(listen, associate, answering, recorder) -> None:
    with pytest.raises(ZeroDivisionError), associate(listen(answering), MPPS):
        raise ZeroDivisionError
    assert recorder.wait_event(EventKind.LINK_LOST)[0].text.startswith("aborted by the peer")
    assert [event.text for event in recorder.events(EventKind.LINK_CLOSED)] == ["aborted by us: ZeroDivisionError"]


def test_garbage_on_our_port_is_noise_and_the_endpoint_goes_on(
    listen, associate, answering, recorder, raw_peer
) -> None:
    address = listen(answering)
    peer = raw_peer(address)
    peer.socket.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    read_all(peer.socket)
    (event,) = recorder.wait_event(EventKind.NOISE)
    assert "47 45 54 20 2f 20" in event.text
    assert event.owner.actor == "Order Filler"
    with associate(address, "Verification") as association:
        assert association.c_echo().status == 0x0000


def test_a_pdu_of_four_gigabytes_is_not_read(listen, answering, recorder, raw_peer) -> None:
    peer = raw_peer(listen(answering))
    peer.socket.sendall(b"\x01\0\xff\xff\xff\xff" + bytes(100))
    read_all(peer.socket)
    assert "4294967295 bytes was announced" in recorder.wait_event(EventKind.NOISE)[0].text


@pytest.mark.parametrize("content", [b"\x01\0\0\0\0\4" + bytes(4), b"\x04\0\0\0\0\4" + bytes(4), b"\x07\0\0\0\0\0"])
def test_pdus_that_make_no_sense_end_the_connection(content, listen, associate, answering, raw_peer) -> None:
    address = listen(answering, timeout=1.0)
    peer = raw_peer(address)
    peer.socket.sendall(content)
    read_all(peer.socket)
    with associate(address, "Verification") as association:
        assert association.c_echo().status == 0x0000


@pytest.mark.parametrize(
    ("value", "context_id"),
    [(b"\x03garbage", 1), (b"\x02data first", 1), (b"", 1), (b"\x03" + bytes(12), 77), (b"\x03" + bytes(300), 1)],
)
def test_a_malformed_message_aborts_the_association(value, context_id, listen, answering, recorder, raw_peer) -> None:
    peer = raw_peer(listen(answering))
    assert peer.request(uid_of("Verification")) == b"\x02"
    peer.data(value, context_id)
    assert peer.receive()[:1] in (b"\x07", b"")
    recorder.wait_event(EventKind.LINK_LOST)
    assert answering.requests == []


def test_a_message_on_a_context_that_was_not_accepted(listen, answering, recorder, raw_peer) -> None:
    peer = raw_peer(listen(answering))
    peer.request(uid_of("Verification"))
    echo = bytes.fromhex("00000001 02000000 3000 00001001 02000000 0100 00000008 02000000 0101".replace(" ", ""))
    peer.data(b"\x03" + echo, 9)
    assert peer.receive()[:1] == b"\x07"
    assert "context 9" in recorder.wait_event(EventKind.NOISE)[0].text


def test_a_connection_that_is_cut_in_the_middle_of_a_message(listen, answering, recorder, raw_peer) -> None:
    peer = raw_peer(listen(answering))
    peer.request(uid_of("Verification"))
    peer.data(b"\x01half")
    peer.socket.close()
    assert recorder.wait_event(EventKind.LINK_LOST)[0].text == "the peer closed the connection"


def test_a_connection_without_a_request_leaves_nothing(listen, associate, answering, recorder, raw_peer) -> None:
    address = listen(answering)
    raw_peer(address).socket.close()
    with associate(address, "Verification") as association:
        association.c_echo()
    assert len(recorder.links) == 2


@pytest.mark.parametrize("progress", ["connected", "half a PDU", "associated", "half a message"])
def test_stopping_is_bounded_whatever_a_peer_does(progress, answering, recorder, raw_peer, threads_end) -> None:
    endpoint = DimseEndpoint(
        LinkOwner(actor=ActorName("Order Filler")),
        ae_title="OUR_SCP",
        bind="127.0.0.1",
        port=0,
        supported=(SupportedClass("Verification"),),
        handler=answering,
        recorder=recorder,
        peer_of=lambda _: None,
    )
    peer = raw_peer(DimseAddress(ae_title="OUR_SCP", port=endpoint.start()))
    if progress == "half a PDU":
        peer.socket.sendall(b"\x01\0\0\0\1\0half")
    elif progress != "connected":
        peer.request(uid_of("Verification"))
        if progress == "half a message":
            peer.socket.sendall(b"\x04\0\0\0\1\0half")
    stopper = threading.Thread(target=endpoint.stop)
    stopper.start()
    stopper.join(8)
    assert not stopper.is_alive()
    endpoint.stop()


def test_an_endpoint_may_be_stopped_and_another_started_on_its_port(answering, recorder, threads_end) -> None:
    def endpoint(port: int) -> DimseEndpoint:
        return DimseEndpoint(
            LinkOwner(actor=ActorName("Order Filler")),
            ae_title="OUR_SCP",
            bind="127.0.0.1",
            port=port,
            supported=(SupportedClass("Verification"),),
            handler=answering,
            recorder=recorder,
            peer_of=lambda _: None,
        )

    first = endpoint(0)
    port = first.start()
    first.stop()
    second = endpoint(port)
    assert second.start() == port
    second.stop()


def test_whoever_is_away_turns_an_association_away_for_a_time(listen, associate, recorder, answering) -> None:
    away = [True]
    answering.available = lambda: not away.pop() if away else True
    address = listen(answering)
    with pytest.raises(Rejected, match="Transient"), associate(address, "Verification"):
        pass
    with associate(address, "Verification") as association:
        assert association.c_echo().status == 0x0000
    assert len(recorder.events(EventKind.REJECTED)) == 2
