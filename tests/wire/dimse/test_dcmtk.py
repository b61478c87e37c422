"""DCMTK's tools against our acceptor, and our requestor against DCMTK's storescp."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from harness.dicom.encoding import unwrap_payload
from harness.dicom.uids import uid_of
from harness.errors import Unreachable
from harness.model.profile import Service
from harness.model.system import DimseAddress
from harness.model.transcript import Direction, EventKind, Half
from harness.transports.dimse import DimseHandler, DimseRequest, DimseResponse, MovePlan

pytestmark = pytest.mark.product
MWL = "ModalityWorklistInformationModelFind"


def tool(name: str) -> str:
    """The tool by absolute path: pynetdicom installs programs of the same names."""
    path = Path("/usr/bin") / name
    if not path.exists():
        pytest.skip(f"DCMTK's {path} is not installed")
    return str(path)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


Storescp = Callable[[], DimseAddress]


@pytest.fixture
def storescp(tmp_path: Path, free_port: int, associate) -> Iterator[Storescp]:
    """Start storescp, which writes what it gets to `tmp_path/stored`."""
    processes: list[subprocess.Popen[bytes]] = []

    def start() -> DimseAddress:
        folder = tmp_path / "stored"
        folder.mkdir()
        command = [tool("storescp"), "-aet", "STORESCP", "-od", str(folder), str(free_port)]
        processes.append(subprocess.Popen(command))
        address = DimseAddress(ae_title="STORESCP", port=free_port)
        pause = threading.Event()
        for _ in range(100):
            try:
                with associate(address, "Verification"):
                    return address
            except Unreachable:
                pause.wait(0.05)
        pytest.fail("storescp does not listen")

    yield start
    for process in processes:
        process.terminate()
        process.wait(10)


def test_echoscu(listen, answering, recorder) -> None:
    address = listen(answering)
    done = run(tool("echoscu"), "-aet", "DCMTK", "-aec", address.ae_title, address.host, str(address.port))
    assert done.returncode == 0, done.stderr
    facts = recorder.links[0].facts
    assert facts["calling_ae"] == "DCMTK"
    assert facts["implementation_version_name"].startswith("OFFIS_DCMTK")
    assert facts["implementation_class_uid"].startswith("1.2.276.0.7230010.3")
    assert [one.command.status for one in recorder.of(Service.C_ECHO)] == [None, 0]
    assert recorder.wait_event(EventKind.LINK_CLOSED)[0].text == "released by the peer"


def test_echoscu_that_aborts(listen, answering, recorder) -> None:
    address = listen(answering)
    run(tool("echoscu"), "--abort", "-aec", address.ae_title, address.host, str(address.port))
    assert recorder.wait_event(EventKind.LINK_LOST)[0].text.startswith("aborted by the peer (service user")


def test_echoscu_with_a_wrong_called_ae_title(listen, answering, recorder) -> None:
    address = listen(answering)
    done = run(tool("echoscu"), "-aec", "WRONG", address.host, str(address.port))
    assert done.returncode != 0
    assert recorder.wait_event(EventKind.REJECTED)[0].facts["called_ae"] == "WRONG"


def test_findscu(listen, recorder) -> None:
    class Worklist(DimseHandler):
        def c_find(self, request: DimseRequest) -> Iterator[DimseResponse]:
            for number in range(3):
                ds = Dataset()
                ds.PatientID = f"{request.dataset.PatientID}-{number}"
                yield DimseResponse(0xFF00, ds)

    address = listen(Worklist())
    done = run(
        tool("findscu"), "-v", "-W", "-aec", address.ae_title, "-k", "PatientID=SYN", address.host, str(address.port)
    )
    assert done.returncode == 0
    assert "SYN-2" in done.stdout + done.stderr
    statuses = [one.command.status for one in recorder.of(Service.C_FIND, half=Half.RESPONSE)]
    assert statuses == [0xFF00, 0xFF00, 0xFF00, 0x0000]


def test_findscu_that_cancels(listen, recorder) -> None:
    class Endless(DimseHandler):
        def c_find(self, request: DimseRequest) -> Iterator[DimseResponse]:
            for _ in range(20_000):
                ds = Dataset()
                ds.PatientID = "SYN-1"
                yield DimseResponse(0xFF00, ds)

    address = listen(Endless())
    command = [tool("findscu"), "-W", "--cancel", "2", "-aec", address.ae_title, "-k", "PatientID"]
    done = run(*command, address.host, str(address.port))
    assert done.returncode in (0, 2), done.stderr
    assert recorder.of(Service.C_FIND, half=Half.RESPONSE)[-1].command.status == 0xFE00


def test_storescu(listen, answering, recorder, samples, tmp_path) -> None:
    path = tmp_path / "image.dcm"
    path.write_bytes(samples.payload(1, rows=256))
    address = listen(answering)
    command = [tool("storescu"), "-R", "-aec", address.ae_title, address.host, str(address.port), str(path)]
    done = run(*command)
    assert done.returncode == 0, done.stderr
    (request,) = answering.requests
    assert request.sop_instance == "2.25.771"
    assert request.dataset == samples.image(1, rows=256)
    (passage,) = recorder.of(Service.C_STORE, half=Half.REQUEST)
    assert recorder.content_of(passage) == request.content


def test_we_store_at_storescp(storescp, associate, recorder, samples, tmp_path) -> None:
    address = storescp()
    payload = samples.payload(1, uid_of("ImplicitVRLittleEndian"), rows=256)
    with associate(address, "CTImageStorage", transfer_syntaxes=["ImplicitVRLittleEndian"]) as association:
        assert association.c_store(payload).status == 0x0000
    (stored,) = (tmp_path / "stored").iterdir()
    assert unwrap_payload(stored.read_bytes()) == unwrap_payload(payload)
    assert [one.direction for one in recorder.of(Service.C_STORE)] == [Direction.SENT, Direction.RECEIVED]


def test_movescu_has_our_archive_store_at_storescp(storescp, listen, recorder, samples, tmp_path) -> None:
    class Archive(DimseHandler):
        def c_move(self, request: DimseRequest) -> MovePlan | DimseResponse:
            return MovePlan(destination, [samples.payload(1), samples.payload(2)])

    destination = storescp()
    address = listen(Archive(), ae_title="ARCHIVE", actor="Image Manager")
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=2.25.5"]
    command = [tool("movescu"), "-S", "-aet", "DISPLAY", "-aec", "ARCHIVE", "-aem", "STORESCP", *keys]
    done = run(*command, address.host, str(address.port))
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "stored").iterdir())) == 2
    final = recorder.of(Service.C_MOVE, half=Half.RESPONSE)[-1].command
    assert final.status == 0x0000
    assert final.fields["NumberOfCompletedSuboperations"] == "2"
    originators = {
        one.command.fields["MoveOriginatorApplicationEntityTitle"]
        for one in recorder.of(Service.C_STORE, half=Half.REQUEST)
    }
    assert originators == {"DISPLAY"}
