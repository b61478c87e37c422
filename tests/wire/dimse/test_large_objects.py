"""Objects that are kept in files: stored, recorded and handed on byte for byte."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.dicom.bulk import LARGE, Bulk
from harness.dicom.encoding import decode_payload
from harness.engine.recording import TranscriptRecorder
from harness.engine.storage import EvidenceWriter
from harness.errors import LinkLost, NoResponse
from harness.identifiers import SystemClock
from harness.model.system import DimseAddress
from harness.model.transcript import EventKind
from harness.transports.dimse import Arrivals, DimseHandler, DimseRequest, DimseResponse, MovePlan, spooling

CT = "CTImageStorage"
ROOT = "StudyRootQueryRetrieveInformationModel"
ROWS = 2304
"""Of an image of 16 bits that is larger than LARGE."""


class Keeping(DimseHandler):
    """Keeps what is stored in files of its own, and hands it out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requests: list[DimseRequest] = []
        self.destination = DimseAddress(ae_title="")

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.iterdir())

    def c_store(self, request: DimseRequest) -> DimseResponse:
        self.requests.append(request)
        if request.file is not None:
            (self.folder / request.sop_instance).hardlink_to(request.file)
        return DimseResponse(0x0000)

    def c_move(self, request: DimseRequest) -> MovePlan:
        return MovePlan(destination=self.destination, instances=self.files)


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[TranscriptRecorder]:
    writer = EvidenceWriter(tmp_path / "out")
    yield TranscriptRecorder(SystemClock(), writer)
    writer.seal()


@pytest.fixture
def archive(tmp_path: Path) -> Keeping:
    (tmp_path / "archive").mkdir()
    return Keeping(tmp_path / "archive")


def test_a_large_object_is_stored_recorded_and_moved(
    listen, associate, samples, archive, recorder, tmp_path: Path
) -> None:
    payload = samples.payload(rows=ROWS)
    assert len(payload) > LARGE
    (tmp_path / "display").mkdir()
    display = Keeping(tmp_path / "display")
    archive.destination = listen(display, ae_title="DISPLAY")
    address = listen(archive, ae_title="ARCHIVE")
    file = tmp_path / "image.dcm"
    file.write_bytes(payload)
    with associate(address, CT) as association:
        assert association.c_store(file).status == 0x0000
    with associate(address, f"{ROOT}Move") as association:
        assert association.c_move(f"{ROOT}Move", samples.image(), "DISPLAY")[-1].status == 0x0000
    for keeper in (archive, display):
        (request,) = keeper.requests
        assert isinstance(request.content, Bulk)
        assert isinstance(request.dataset.PixelData, Bulk)
        assert request.dataset.PatientID == "SYN-1"
        assert request.file is not None
        assert not request.file.exists()
        assert keeper.files[0].read_bytes() == payload
    stores = [one for one in recorder.exchanges() if one.request.command.service.value == "C-STORE"]
    assert len({one.request.payload.sha256 for one in stores}) == 1
    recorded = recorder.read(stores[0].request.payload)
    assert isinstance(recorded, Path)
    assert recorded.read_bytes() == payload
    assert list(recorder.spool().iterdir()) == []


class Late(DimseHandler):
    """Answers a C-MOVE when it is told to."""

    def __init__(self) -> None:
        self.told = threading.Event()

    def c_move(self, request: DimseRequest) -> DimseResponse:
        self.told.wait(5)
        return DimseResponse(0xA801)


def test_a_retrieve_is_waited_for_as_long_as_objects_come(listen, associate, samples) -> None:
    late, asked = Late(), []

    def busy() -> bool:
        asked.append(True)
        if len(asked) == 2:
            late.told.set()
        return True

    with associate(listen(late), f"{ROOT}Move", timeout=0.3) as association:
        (final,) = association.c_move(f"{ROOT}Move", samples.image(), "DISPLAY", busy)
    assert final.status == 0xA801
    assert len(asked) >= 2


def test_a_retrieve_in_which_nothing_comes_is_given_up(listen, associate, samples) -> None:
    late = Late()
    with pytest.raises(NoResponse), associate(listen(late), f"{ROOT}Move", timeout=0.3) as association:
        association.c_move(f"{ROOT}Move", samples.image(), "DISPLAY")
    late.told.set()


class Watching(Keeping):
    """Notes that something arrives."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.arrivals = Arrivals()

    def arriving(self) -> None:
        self.arrivals.note()


def test_what_arrives_is_told_while_it_arrives(listen, associate, samples, tmp_path: Path) -> None:
    (tmp_path / "display").mkdir()
    display = Watching(tmp_path / "display")
    with associate(listen(display), CT) as association:
        association.c_store(samples.image(rows=ROWS))
    assert display.arrivals.since()


def test_what_is_too_large_ends_the_association_and_says_why(
    listen, associate, samples, archive, recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spooling.Spool.__init__, "__defaults__", (LARGE + 10, LARGE))
    address = listen(archive)
    with pytest.raises(LinkLost), associate(address, CT) as association:
        association.c_store(samples.payload(rows=ROWS))
    assert any(
        event.kind is EventKind.NOISE and f"more than {LARGE + 10} bytes" in event.text for event in recorder.events()
    )
    assert archive.requests == []
    assert list(recorder.spool().iterdir()) == []


def test_an_object_in_another_transfer_syntax_is_encoded_anew_without_being_read(
    listen, associate, samples, archive, recorder
) -> None:
    address = listen(archive)
    with associate(address, CT, transfer_syntaxes=["ImplicitVRLittleEndian"]) as association:
        assert association.c_store(samples.payload(rows=ROWS)).status == 0x0000
    found = decode_payload(archive.files[0])
    assert found is not None
    assert found.PixelData == samples.image(rows=ROWS).PixelData
