"""Systems on both sides of a relay whose DICOM side we know: each records what it sends and receives, in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import Dataset

from harness.dicom.encoding import encode, wrap_payload
from harness.dicom.uids import uid_of
from harness.engine.recording import TranscriptRecorder
from harness.identifiers import SystemClock
from harness.model.hop import Hop, HopSide
from harness.model.names import ActorName, LinkId, PlayerName
from harness.model.profile import LinkKind
from harness.model.system import DimseAddress
from harness.model.transcript import Capture, Direction, EventKind, Transcript
from harness.transports.dimse import (
    Association,
    DimseEndpoint,
    DimseHandler,
    DimseRequest,
    DimseResponse,
    MovePlan,
    SupportedClass,
    associate,
)
from harness.transports.recorder import LinkOwner

FIND, MOVE, GET = (f"StudyRootQueryRetrieveInformationModel{verb}" for verb in ("Find", "Move", "Get"))
WORKLIST, CT = "ModalityWorklistInformationModelFind", "CTImageStorage"
COMMITMENT, COMMITMENT_INSTANCE = "StorageCommitmentPushModel", "1.2.840.10008.1.20.1.1"
CLASSES = tuple(
    SupportedClass(name, requestor_is_scp=name in (CT, COMMITMENT))
    for name in ("Verification", FIND, MOVE, GET, WORKLIST, CT, COMMITMENT)
)
EXPLICIT = uid_of("ExplicitVRLittleEndian")


def image(number: int, size: int = 2000) -> bytes:
    """A synthetic image of about so many bytes, as a Part 10 file."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = uid_of(CT), f"2.25.55{number}"
    ds.PatientName, ds.PatientID = "Muster^Beispiel", "SYN-1"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.Modality = "2.25.5", "2.25.6", "CT"
    ds.add_new(
        "PixelData", "OW", bytes((number + place) % 251 for place in range(min(size, 4096))) * (size // 4096 or 1)
    )
    return wrap_payload(encode(ds, EXPLICIT), EXPLICIT, ds.SOPClassUID, ds.SOPInstanceUID)


class Archive(DimseHandler):
    """Keeps nothing, answers everything; reports on the association of the request."""

    def __init__(self) -> None:
        self.instances: Sequence[bytes] = ()
        self.destination: DimseAddress | None = None
        self.requests: list[DimseRequest] = []
        self.reported = threading.Event()
        self.reports = True

    def c_store(self, request: DimseRequest) -> DimseResponse:
        self.requests.append(request)
        return DimseResponse(0x0000)

    def c_find(self, request: DimseRequest) -> Iterator[DimseResponse]:
        for number in range(3):
            ds = Dataset()
            ds.PatientID = f"SYN-{number}"
            yield DimseResponse(0xFF00, ds)

    def c_move(self, request: DimseRequest) -> MovePlan | DimseResponse:
        return MovePlan(self.destination, self.instances)

    def c_get(self, request: DimseRequest) -> MovePlan | DimseResponse:
        return MovePlan(None, self.instances)

    def n_action(self, request: DimseRequest) -> DimseResponse:
        if self.reports:
            threading.Thread(target=self._report, args=(request,), daemon=True).start()
        return DimseResponse(0x0000)

    def _report(self, request: DimseRequest) -> None:
        request.report(COMMITMENT_INSTANCE, 1, request.dataset)
        self.reported.set()

    def n_event_report(self, request: DimseRequest) -> DimseResponse:
        self.requests.append(request)
        return DimseResponse(0x0000)


@dataclass
class System:
    """A system with its record; what it listens with is stopped with its test."""

    name: str
    recorder: TranscriptRecorder = field(default_factory=lambda: TranscriptRecorder(SystemClock(), None))
    endpoints: list[DimseEndpoint] = field(default_factory=list)

    @property
    def owner(self) -> LinkOwner:
        return LinkOwner(actor=ActorName(self.name))

    def listen(self, handler: DimseHandler, **more: Any) -> DimseAddress:
        """Where it listens."""
        endpoint = DimseEndpoint(
            self.owner,
            ae_title=self.name,
            bind="127.0.0.1",
            port=0,
            supported=more.pop("supported", CLASSES),
            handler=handler,
            recorder=self.recorder,
            peer_of=lambda calling: None,
            timeout=10.0,
            **more,
        )
        self.endpoints.append(endpoint)
        return DimseAddress(ae_title=self.name, host="127.0.0.1", port=endpoint.start())

    @contextmanager
    def calls(self, address: DimseAddress, *sop_classes: str, **more: Any) -> Iterator[Association]:
        """An association that it requests."""
        with associate(
            address,
            calling_ae=self.name,
            sop_classes=sop_classes,
            owner=self.owner,
            recorder=self.recorder,
            timeout=10.0,
            **more,
        ) as association:
            yield association

    @property
    def transcript(self) -> Transcript:
        return self.recorder.transcript()

    def stop(self) -> None:
        for endpoint in self.endpoints:
            endpoint.stop()


def hop(address: DimseAddress, name: str = "images", here: str = "CT", there: str = "PACS", **more: Any) -> Hop:
    """A hop to an address."""
    at = {"host": "127.0.0.1", "port": 0, **more.pop("accepts", {})}
    accepts = HopSide(player=PlayerName(here), **at)
    leads_to = HopSide(player=PlayerName(there), host=address.host, port=address.port, **more.pop("leads_to", {}))
    return Hop(name=name, kind=LinkKind.DIMSE, accepts=accepts, leads_to=leads_to)


Said = tuple[str, str, int, int | None, str, str, str]


def said(transcript: Transcript, link: LinkId, direction: Direction | None = None) -> list[Said]:
    """What passed on a link, in order: each message with its command and the hash of its data set.

    But for the priority, which a sender's own record leaves out.
    """
    return [_said(one) for one in transcript.captures if one.link == link and direction in (None, one.direction)]


def _said(capture: Capture) -> Said:
    command = capture.command
    assert command is not None
    return (
        command.service.value,
        capture.half.value,
        command.message_id,
        command.status,
        command.sop_instance,
        repr(sorted((keyword, value) for keyword, value in command.fields.items() if keyword != "Priority")),
        capture.payload.sha256 if capture.payload else "",
    )


def ended(transcript: Transcript) -> set[LinkId | None]:
    """The links that have ended."""
    return {event.link for event in transcript.events if event.kind in (EventKind.LINK_CLOSED, EventKind.LINK_LOST)}
