"""A recorder in memory, and endpoints that are stopped and leave no thread behind."""

from __future__ import annotations

import itertools
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from harness.dicom.encoding import decode_payload, encode, unwrap_payload, wrap_payload
from harness.dicom.uids import uid_of
from harness.model.names import ActorName, ExchangeId, LinkId
from harness.model.profile import LinkKind, Service
from harness.model.system import DimseAddress
from harness.model.tls import TlsFiles, TlsMode
from harness.model.transcript import Direction, EventKind, Half, SocketAddress
from harness.transports import dimse
from harness.transports.dimse import (
    Association,
    DimseEndpoint,
    DimseHandler,
    DimseRequest,
    DimseResponse,
    SupportedClass,
)
from harness.transports.dimse.serving import ResponseAmend
from harness.transports.dimse.storing import Amend
from harness.transports.recorder import LinkOwner, Passage
from harness.transports.tls import Conducting, properly

EXPLICIT = uid_of("ExplicitVRLittleEndian")
IMPLICIT = uid_of("ImplicitVRLittleEndian")
MODALITY = LinkOwner(actor=ActorName("Modality"), peer_actor=ActorName("Order Filler"))


@dataclass(frozen=True)
class LinkRecord:
    id: LinkId
    kind: LinkKind
    owner: LinkOwner
    ours: bool
    local: SocketAddress
    peer: SocketAddress
    facts: Mapping[str, str]


@dataclass(frozen=True)
class EventRecord:
    kind: EventKind
    text: str
    link: LinkId | None
    owner: LinkOwner | None
    facts: Mapping[str, str]


@dataclass
class MemoryRecorder:
    """Keeps everything in order, and lets a test wait for a record."""

    records: list[LinkRecord | EventRecord | Passage] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    _links: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _exchanges: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def _add(self, record: LinkRecord | EventRecord | Passage) -> None:
        with self.changed:
            self.records.append(record)
            self.changed.notify_all()

    def link_opened(
        self,
        *,
        kind: LinkKind,
        owner: LinkOwner,
        ours: bool,
        local: SocketAddress,
        peer: SocketAddress,
        facts: Mapping[str, str],
        hop: str = "",
        relays: LinkId | None = None,
        at: float | None = None,
    ) -> LinkId:
        with self.changed:
            link = LinkRecord(LinkId(next(self._links)), kind, owner, ours, local, peer, facts)
        self._add(link)
        return link.id

    def spool(self) -> Path:
        return Path(tempfile.gettempdir())

    def exchange_opened(self) -> ExchangeId:
        with self.changed:
            return ExchangeId(next(self._exchanges))

    def passed(self, passage: Passage) -> None:
        self._add(passage)

    def happened(
        self,
        kind: EventKind,
        text: str = "",
        *,
        link: LinkId | None = None,
        owner: LinkOwner | None = None,
        facts: Mapping[str, str] | None = None,
        at: float | None = None,
    ) -> None:
        self._add(EventRecord(kind, text, link, owner, dict(facts or {})))

    @property
    def links(self) -> list[LinkRecord]:
        return [record for record in self.records if isinstance(record, LinkRecord)]

    @property
    def passages(self) -> list[Passage]:
        return [record for record in self.records if isinstance(record, Passage)]

    def events(self, kind: EventKind) -> list[EventRecord]:
        return [record for record in self.records if isinstance(record, EventRecord) and record.kind is kind]

    def of(self, service: Service, direction: Direction | None = None, half: Half | None = None) -> list[Passage]:
        return [
            passage
            for passage in self.passages
            if passage.command is not None
            and passage.command.service is service
            and direction in (None, passage.direction)
            and half in (None, passage.half)
        ]

    @staticmethod
    def content_of(passage: Passage) -> bytes:
        """The data set's bytes of a recorded message."""
        assert isinstance(passage.content, bytes)
        return unwrap_payload(passage.content)[0]

    @staticmethod
    def dataset_of(passage: Passage) -> Dataset:
        """The decoded data set of a recorded message."""
        assert isinstance(passage.content, bytes)
        ds = decode_payload(passage.content)
        assert ds is not None
        return ds

    def wait_event(self, kind: EventKind, count: int = 1, timeout: float = 5.0) -> list[EventRecord]:
        """The events of that kind, once there are `count`; fails after `timeout` seconds."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.events(kind)) >= count, timeout), f"no {kind} event"
            return self.events(kind)


class Answering(DimseHandler):
    """A handler that keeps what it was asked and answers every service with success."""

    def __init__(self) -> None:
        self.requests: list[DimseRequest] = []

    def _done(self, request: DimseRequest) -> DimseResponse:
        self.requests.append(request)
        return DimseResponse(0x0000)

    def c_find(self, request: DimseRequest) -> Iterator[DimseResponse]:
        self.requests.append(request)
        yield from ()

    def c_store(self, request: DimseRequest) -> DimseResponse:
        return self._done(request)

    def n_create(self, request: DimseRequest) -> DimseResponse:
        return self._done(request)

    def n_set(self, request: DimseRequest) -> DimseResponse:
        return self._done(request)

    def n_action(self, request: DimseRequest) -> DimseResponse:
        return self._done(request)

    def n_event_report(self, request: DimseRequest) -> DimseResponse:
        return self._done(request)


EVERYTHING = (
    SupportedClass("Verification"),
    SupportedClass("ModalityWorklistInformationFind"),
    SupportedClass("ModalityPerformedProcedureStep"),
    SupportedClass("StorageCommitmentPushModel", requestor_is_scp=True),
    SupportedClass("StudyRootQueryRetrieveInformationModelFind"),
    SupportedClass("StudyRootQueryRetrieveInformationModelMove"),
    SupportedClass("StudyRootQueryRetrieveInformationModelGet"),
    SupportedClass("Storage", requestor_is_scp=True),
)

Listen = Callable[..., DimseAddress]


@pytest.fixture
def recorder() -> MemoryRecorder:
    return MemoryRecorder()


@pytest.fixture
def threads_end() -> Iterator[None]:
    """Every thread that a test starts has ended a moment after it."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 5
    for thread in set(threading.enumerate()) - before:
        thread.join(max(deadline - time.monotonic(), 0))
    left = [thread.name for thread in set(threading.enumerate()) - before if thread.is_alive()]
    assert left == []


@pytest.fixture
def listen(recorder: MemoryRecorder, threads_end: None) -> Iterator[Listen]:
    """Start an endpoint with a handler; it is stopped after the test."""
    endpoints: list[DimseEndpoint] = []

    def start(
        handler: DimseHandler,
        *,
        ae_title: str = "OUR_SCP",
        actor: str = "Order Filler",
        supported: tuple[SupportedClass, ...] = EVERYTHING,
        amend: ResponseAmend | None = None,
        amend_requests: Callable[[], Amend | None] = lambda: None,
        timeout: float = 5.0,
        tls: TlsMode = TlsMode.NONE,
        tls_files: TlsFiles | None = None,
        conduct: Conducting = properly,
    ) -> DimseAddress:
        endpoint = DimseEndpoint(
            LinkOwner(actor=ActorName(actor)),
            ae_title=ae_title,
            bind="127.0.0.1",
            port=0,
            supported=supported,
            handler=handler,
            recorder=recorder,
            peer_of=lambda calling: ActorName("Modality") if calling == "OUR_SCU" else None,
            amend=amend,
            amend_requests=amend_requests,
            timeout=timeout,
            tls=tls,
            tls_files=tls_files,
            conduct=conduct,
        )
        endpoints.append(endpoint)
        return DimseAddress(ae_title=ae_title, host="127.0.0.1", port=endpoint.start())

    yield start
    for endpoint in endpoints:
        endpoint.stop()


@pytest.fixture
def answering() -> Answering:
    return Answering()


@pytest.fixture
def associate(recorder: MemoryRecorder, threads_end: None) -> Callable[..., AbstractContextManager[Association]]:
    """`harness.transports.dimse.associate` as the Modality, with the recorder."""

    def open_association(
        address: DimseAddress, *sop_classes: str, timeout: float = 5.0, **more: Any
    ) -> AbstractContextManager[Association]:
        owner = more.pop("owner", MODALITY)
        calling_ae = more.pop("calling_ae", "OUR_SCU")
        return dimse.associate(
            address,
            calling_ae=calling_ae,
            sop_classes=sop_classes,
            owner=owner,
            recorder=recorder,
            timeout=timeout,
            **more,
        )

    return open_association


class Samples:
    """Synthetic images."""

    @staticmethod
    def image(number: int = 1, rows: int = 8) -> Dataset:
        """A CT image."""
        ds = Dataset()
        ds.SOPClassUID = uid_of("CTImageStorage")
        ds.SOPInstanceUID = f"2.25.77{number}"
        ds.PatientName = "Muster^Beispiel"
        ds.PatientID = "SYN-1"
        ds.StudyInstanceUID = "2.25.5"
        ds.SeriesInstanceUID = "2.25.6"
        ds.Modality = "CT"
        ds.Rows = ds.Columns = rows
        ds.BitsAllocated = ds.BitsStored = 16
        ds.HighBit = 15
        ds.PixelRepresentation = 0
        ds.SamplesPerPixel = 1
        ds.PhotometricInterpretation = "MONOCHROME2"
        ds.add_new("PixelData", "OW", bytes(rows * rows * 2))
        return ds

    def payload(self, number: int = 1, transfer_syntax: str = EXPLICIT, rows: int = 8) -> bytes:
        """The same as a Part 10 file."""
        ds = self.image(number, rows)
        content = encode(ds, transfer_syntax)
        return wrap_payload(content, transfer_syntax, ds.SOPClassUID, ds.SOPInstanceUID)


@pytest.fixture
def samples() -> Samples:
    return Samples()


class RawPeer:
    """The requestor's end of a TCP connection, driven by hand."""

    def __init__(self, address: DimseAddress) -> None:
        self.socket = socket.create_connection((address.host, address.port), timeout=5)
        self._called = address.ae_title

    def request(self, abstract_syntax: str, calling: str = "RAW") -> bytes:
        """Send an A-ASSOCIATE-RQ for one class in Implicit VR Little Endian; the answer's PDU type (PS3.8 9.3.2)."""

        def item(kind: int, value: bytes) -> bytes:
            return struct.pack(">BBH", kind, 0, len(value)) + value

        context = struct.pack(">BBBB", 1, 0, 0, 0)
        context += item(0x30, abstract_syntax.encode()) + item(0x40, IMPLICIT.encode())
        user = item(0x51, struct.pack(">L", 16384)) + item(0x52, b"1.2.3.4")
        body = struct.pack(">HH16s16s32s", 1, 0, self._called.ljust(16).encode(), calling.ljust(16).encode(), b"")
        body += item(0x10, b"1.2.840.10008.3.1.1.1") + item(0x20, context) + item(0x50, user)
        self.socket.sendall(struct.pack(">BBL", 1, 0, len(body)) + body)
        return self.receive()[:1]

    def data(self, value: bytes, context_id: int = 1) -> None:
        """Send a P-DATA-TF with one presentation data value, control header first."""
        item = struct.pack(">LB", len(value) + 1, context_id) + value
        self.socket.sendall(struct.pack(">BBL", 4, 0, len(item)) + item)

    def receive(self) -> bytes:
        """The next PDU; b"" when the connection is closed."""
        head = self._exactly(6)
        return head + self._exactly(struct.unpack(">L", head[2:])[0]) if len(head) == 6 else b""

    def _exactly(self, count: int) -> bytes:
        received = b""
        while len(received) < count:
            try:
                more = self.socket.recv(count - len(received))
            except ConnectionResetError:
                return received
            if not more:
                return received
            received += more
        return received


@pytest.fixture
def raw_peer() -> Iterator[Callable[[DimseAddress], RawPeer]]:
    peers: list[RawPeer] = []

    def connect(address: DimseAddress) -> RawPeer:
        peers.append(RawPeer(address))
        return peers[-1]

    yield connect
    for peer in peers:
        peer.socket.close()


@pytest.fixture
def free_port() -> int:
    """A port on which nothing listens a moment before the test."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
