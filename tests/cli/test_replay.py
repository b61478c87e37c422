"""`swf replay`: the bytes of a recorded request, once more, to an address of the user's choice."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from harness.dicom.encoding import unwrap_payload
from harness.engine.storage import Evidence
from harness.engine.unrecorded import Unrecorded
from harness.errors import LinkError
from harness.model.names import ActorName
from harness.model.profile import LinkKind, Service
from harness.model.system import DimseAddress
from harness.model.transcript import Exchange
from harness.transports.dimse import (
    DimseEndpoint,
    DimseHandler,
    DimseRequest,
    DimseResponse,
    MovePlan,
    SupportedClass,
)
from harness.transports.recorder import LinkOwner

Swf = Any
Ended = Any
DEADLINE = 20.0
ACKNOWLEDGEMENT = b"\x0bMSH|^~\\&|A|B|C|D|20260105120000||ACK|1|P|2.5.1\rMSA|AA|1\r\x1c\r"


@dataclass
class Archive(DimseHandler):
    """Keeps what it is asked, and agrees."""

    requests: queue.SimpleQueue[DimseRequest] = field(default_factory=queue.SimpleQueue)
    answered: threading.Event = field(default_factory=threading.Event)
    destination: DimseAddress | None = None
    instances: tuple[bytes, ...] = ()

    def c_store(self, request: DimseRequest) -> DimseResponse:
        return self._agree(request)

    def n_create(self, request: DimseRequest) -> DimseResponse:
        return self._agree(request)

    def c_find(self, request: DimseRequest) -> Iterator[DimseResponse]:
        entry = Dataset()
        entry.PatientID = "FOUND"
        yield DimseResponse(0xFF00, entry)
        yield self._agree(request)

    def n_set(self, request: DimseRequest) -> DimseResponse:
        return self._agree(request)

    def n_event_report(self, request: DimseRequest) -> DimseResponse:
        return self._agree(request)

    def c_move(self, request: DimseRequest) -> MovePlan | DimseResponse:
        self.requests.put(request)
        return MovePlan(destination=self.destination, instances=self.instances)

    def n_action(self, request: DimseRequest) -> DimseResponse:
        threading.Thread(target=self._commit, args=(request,), daemon=True).start()
        return self._agree(request)

    def _commit(self, request: DimseRequest) -> None:
        self.answered.wait(DEADLINE)
        information = Dataset()
        information.TransactionUID = request.dataset.TransactionUID
        information.ReferencedSOPSequence = request.dataset.ReferencedSOPSequence
        with suppress(LinkError):
            request.report(request.sop_instance, 1, information)

    def concluded(self, request: DimseRequest) -> None:
        self.answered.set()

    def _agree(self, request: DimseRequest) -> DimseResponse:
        self.requests.put(request)
        return DimseResponse(0x0000)


@pytest.fixture
def archive() -> Iterator[tuple[Archive, int]]:
    """A listening application entity called THERE."""
    handler = Archive()
    names = (
        "CTImageStorage",
        "ModalityPerformedProcedureStep",
        "ModalityWorklistInformationFind",
        "StudyRootQueryRetrieveInformationModelFind",
        "StudyRootQueryRetrieveInformationModelMove",
    )
    endpoint = DimseEndpoint(
        LinkOwner(actor=ActorName("Image Manager")),
        ae_title="THERE",
        bind="127.0.0.1",
        port=0,
        supported=[
            *(SupportedClass(name) for name in names),
            SupportedClass("StorageCommitmentPushModel", requestor_is_scp=True),
        ],
        handler=handler,
        recorder=Unrecorded(),
        peer_of=lambda title: None,
    )
    port = endpoint.start()
    yield handler, port
    endpoint.stop()


@pytest.fixture
def receiver() -> Iterator[tuple[socket.socket, queue.SimpleQueue[bytes]]]:
    """Takes one message over MLLP and acknowledges it."""
    received: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(DEADLINE)

        def take() -> None:
            connection, _ = listener.accept()
            with connection:
                content = b""
                while not content.endswith(b"\x1c\r"):
                    content += connection.recv(65536)
                connection.sendall(ACKNOWLEDGEMENT)
                received.put(content)

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield listener, received
        thread.join(DEADLINE)


def exchange_of(out: Path, service: Service | None) -> tuple[Exchange, bytes]:
    """The first exchange of a service (None: the first HL7 message) with the payload of its request."""
    evidence = Evidence(out)
    for exchange in evidence.transcript().exchanges:
        command = exchange.request.command
        fits = command.service is service if command else service is None and exchange.link.kind is LinkKind.MLLP
        if fits and exchange.request.payload is not None:
            return exchange, evidence.read(exchange.request.payload)
    raise LookupError(service)


def test_an_hl7_message_is_sent_byte_for_byte(swf: Swf, scheduled: tuple[Path, Ended], receiver: Any) -> None:
    listener, received = receiver
    exchange, payload = exchange_of(scheduled[0], None)
    host, port = listener.getsockname()
    ended = swf("replay", str(scheduled[0]), str(exchange.id), "--to", f"{host}:{port}")
    assert ended.code == 0
    assert received.get(timeout=DEADLINE) == b"\x0b" + payload + b"\x1c\r"
    assert ended.out.startswith("AA\n")
    assert "MSA|AA|1" in ended.out


@pytest.mark.parametrize(
    "service",
    [Service.C_STORE, Service.N_CREATE, Service.N_SET, Service.C_FIND, Service.N_EVENT_REPORT],
)
def test_a_dicom_request_is_sent_again(
    swf: Swf, scheduled: tuple[Path, Ended], archive: tuple[Archive, int], service: Service
) -> None:
    handler, port = archive
    exchange, payload = exchange_of(scheduled[0], service)
    ended = swf("replay", str(scheduled[0]), str(exchange.id), "--to", f"THERE@127.0.0.1:{port}")
    assert ended.code == 0, ended.err
    assert "status 0000" in ended.out
    request = handler.requests.get(timeout=DEADLINE)
    command = exchange.request.command
    assert command is not None
    content, transfer_syntax = unwrap_payload(payload)
    assert (request.service, request.sop_class, request.transfer_syntax) == (
        service,
        command.sop_class,
        transfer_syntax,
    )
    assert request.sop_instance == command.sop_instance
    assert request.called_ae == "THERE"
    assert request.calling_ae == exchange.link.facts["calling_ae"]
    assert request.content == content


def test_the_answers_of_a_query_are_shown(
    swf: Swf, scheduled: tuple[Path, Ended], archive: tuple[Archive, int]
) -> None:
    exchange, _ = exchange_of(scheduled[0], Service.C_FIND)
    ended = swf("replay", str(scheduled[0]), str(exchange.id), "--to", f"THERE@127.0.0.1:{archive[1]}")
    assert "status FF00" in ended.out
    assert "FOUND" in ended.out


def test_the_report_of_a_commitment_is_waited_for(
    swf: Swf, scheduled: tuple[Path, Ended], archive: tuple[Archive, int]
) -> None:
    exchange, _ = exchange_of(scheduled[0], Service.N_ACTION)
    ended = swf("replay", str(scheduled[0]), str(exchange.id), "--to", f"THERE@127.0.0.1:{archive[1]}")
    assert ended.code == 0, ended.err
    assert "status 0000" in ended.out
    assert "N-EVENT-REPORT, event type 1: every instance is committed" in ended.out


def test_a_report_that_never_comes_is_told(
    swf: Swf, scheduled: tuple[Path, Ended], archive: tuple[Archive, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Archive, "_commit", lambda *_: None)
    exchange, _ = exchange_of(scheduled[0], Service.N_ACTION)
    to = f"THERE@127.0.0.1:{archive[1]}"
    ended = swf("replay", str(scheduled[0]), str(exchange.id), "--to", to, "--wait", "0.1")
    assert "no N-EVENT-REPORT came within 0.1 s" in ended.out


def test_the_objects_of_a_retrieve_come_to_where_the_actor_listened(
    swf: Swf, scheduled: tuple[Path, Ended], archive: tuple[Archive, int]
) -> None:
    exchange, _ = exchange_of(scheduled[0], Service.C_MOVE)
    _, stored = exchange_of(scheduled[0], Service.C_STORE)
    display = Evidence(scheduled[0]).plan().assignments[0].ours[exchange.link.actor].dimse
    assert display is not None
    archive[0].destination, archive[0].instances = display, (stored,)
    ended = swf("replay", str(scheduled[0]), str(exchange.id), "--to", f"THERE@127.0.0.1:{archive[1]}")
    assert ended.code == 0, ended.err
    assert "1 objects came to us" in ended.out


def test_several_requests_are_sent_in_their_order(
    swf: Swf, scheduled: tuple[Path, Ended], archive: tuple[Archive, int]
) -> None:
    handler, port = archive
    created, _ = exchange_of(scheduled[0], Service.N_CREATE)
    changed, _ = exchange_of(scheduled[0], Service.N_SET)
    numbers = (str(created.id), str(changed.id))
    ended = swf("replay", str(scheduled[0]), *numbers, "--to", f"THERE@127.0.0.1:{port}")
    assert ended.code == 0, ended.err
    assert f"exchange {created.id}, to THERE@127.0.0.1:{port}:" in ended.out
    services = [handler.requests.get(timeout=DEADLINE).service for _ in numbers]
    assert services == [Service.N_CREATE, Service.N_SET]


def test_a_request_of_a_bundle_is_sent_as_well(
    swf: Swf, scheduled: tuple[Path, Ended], receiver: Any, tmp_path: Path
) -> None:
    listener, received = receiver
    exchange, payload = exchange_of(scheduled[0], None)
    assert swf("bundle", str(scheduled[0]), "--out", "run.swf.tar.gz").code == 0
    host, port = listener.getsockname()
    ended = swf("replay", "run.swf.tar.gz", str(exchange.id), "--to", f"{host}:{port}")
    assert ended.code == 0, ended.err
    assert received.get(timeout=DEADLINE) == b"\x0b" + payload + b"\x1c\r"


def test_nothing_listens_there(swf: Swf, scheduled: tuple[Path, Ended], free_port: int) -> None:
    for service in (None, Service.C_STORE):
        exchange, _ = exchange_of(scheduled[0], service)
        ended = swf("replay", str(scheduled[0]), str(exchange.id), "--to", f"127.0.0.1:{free_port}")
        assert ended.code == 2
        assert f"127.0.0.1:{free_port}" in ended.err
        assert "refused" in ended.err
        assert len(ended.err.strip().splitlines()) == 1


@pytest.mark.parametrize("address", ["nowhere", "127.0.0.1:0", "127.0.0.1:99999", ":104", "PACS@127.0.0.1"])
def test_an_address_that_is_none(swf: Swf, scheduled: tuple[Path, Ended], address: str) -> None:
    ended = swf("replay", str(scheduled[0]), "2", "--to", address)
    assert ended.code == 3
    assert "write HOST:PORT, or AE@HOST:PORT for DICOM" in ended.err


def test_an_exchange_that_is_not_there(swf: Swf, scheduled: tuple[Path, Ended]) -> None:
    ended = swf("replay", str(scheduled[0]), "99999", "--to", "127.0.0.1:104")
    assert ended.code == 3
    assert "the run has no exchange 99999; those next to it: " in ended.err
