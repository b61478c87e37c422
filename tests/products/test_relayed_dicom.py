"""Real products on both sides of a DICOM relay: DCMTK's tools and servers, and Orthanc."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset

from harness.dicom.bulk import Bulk
from harness.dicom.encoding import decode_payload, unwrap_large
from harness.model.profile import Service
from harness.model.system import DimseAddress
from harness.model.tls import TlsFiles, TlsMode
from harness.model.transcript import Capture, Direction, Event, EventKind, Exchange, Transcript
from harness.transports.relay.dimse import DimseTap
from tests.products.conftest import DCMTK, free_port, need, started
from tests.unit.transports.relay.associations import acceptance
from tests.wire.relay.department import COMMITMENT, COMMITMENT_INSTANCE, CT, Archive, System, ended, hop, image
from tests.wire.relay.rig import Rig, read_all, read_some

if TYPE_CHECKING:
    from tests.products.conftest import Ports, Product

pytestmark = pytest.mark.product

DEADLINE = 60.0


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    made.stop()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., DimseAddress]]:
    """Start a server of DCMTK that listens on a port, with options before it."""
    with ExitStack() as running:

        def start(name: str, options: Sequence[str], ae_title: str, port: int = 0) -> DimseAddress:
            need(DCMTK / name)
            address = DimseAddress(ae_title=ae_title, host="127.0.0.1", port=port or free_port())
            folder = tmp_path / f"{name}-{address.port}"
            folder.mkdir()
            command = [str(DCMTK / name), *options, *([] if port else [str(address.port)])]
            running.enter_context(started(command, address.port, folder))
            return address

        yield start


@pytest.fixture
def storescp(serve: Callable[..., DimseAddress], tmp_path: Path) -> Callable[..., DimseAddress]:
    """Start storescp, which writes the very bytes that it gets."""

    def start(folder: str, *options: str) -> DimseAddress:
        (tmp_path / folder).mkdir()
        return serve("storescp", [*options, "-aet", "STORESCP", "+B", "-od", str(tmp_path / folder)], "STORESCP")

    return start


@pytest.fixture
def qrscp(serve: Callable[..., DimseAddress], tmp_path: Path) -> Callable[[int], DimseAddress]:
    """Start dcmqrscp, which moves to DISPLAY at a port."""

    def start(display: int) -> DimseAddress:
        port = free_port()
        (tmp_path / "archive").mkdir()
        (tmp_path / "qr.cfg").write_text(
            f"NetworkTCPPort = {port}\nMaxPDUSize = 131072\nMaxAssociations = 16\n"
            f"HostTable BEGIN\ndisplay = (DISPLAY, 127.0.0.1, {display})\nHostTable END\n"
            "VendorTable BEGIN\nVendorTable END\n"
            f"AETable BEGIN\nQRSCP {tmp_path / 'archive'} RW (100, 1024mb) ANY\nAETable END\n",
            encoding="ascii",
        )
        return serve("dcmqrscp", ["-c", str(tmp_path / "qr.cfg")], "QRSCP", port)

    return start


def tool(name: str, port: int, *options: str, called: str, code: int = 0, folder: Path | None = None) -> str:
    """Run a tool of DCMTK against a port, in a folder if it writes there; what it said."""
    need(DCMTK / name)
    files = [one for one in options if one.endswith(".dcm")]
    own = [one for one in options if one not in files]
    command = [str(DCMTK / name), *own, "-aec", called, "127.0.0.1", str(port), *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False, cwd=folder)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Some synthetic images."""
    paths = [tmp_path / f"{number}.dcm" for number in range(3)]
    for number, path in enumerate(paths):
        path.write_bytes(image(number, 600_000))
    return [str(path) for path in paths]


def seen(rig: Rig, links: int = 2) -> Transcript:
    """What the relay recorded, once so many links have ended."""
    assert rig.recorder.wait(lambda: len(ended(rig.recorder.transcript())) >= links, DEADLINE), rig.recorder.events()
    transcript = rig.recorder.transcript()
    bad = (EventKind.NOISE, EventKind.INTERNAL_ERROR)
    assert [event.text for event in transcript.events if event.kind in bad] == []
    return transcript


def events(transcript: Transcript, kind: EventKind) -> list[Event]:
    return [event for event in transcript.events if event.kind is kind]


def of(transcript: Transcript, service: Service) -> list[Exchange]:
    return [one for one in transcript.exchanges if one.request.command and one.request.command.service is service]


def status(exchange: Exchange) -> int | None:
    return exchange.final.command.status if exchange.final and exchange.final.command else None


def content(rig: Rig, capture: Capture) -> bytes:
    """The data set of a message, as it passed."""
    assert capture.payload is not None
    found, _ = unwrap_large(rig.recorder.read(capture.payload))
    return found.read(0, len(found)) if isinstance(found, Bulk) else found


def data_sets(folder: Path) -> list[bytes]:
    """The data sets of the files in a folder, byte for byte."""
    return sorted(unwrap_large(path.read_bytes())[0] for path in folder.rglob("*") if path.is_file())


def test_echoscu_and_storescp_are_told_apart(rig: Rig, storescp: Callable[..., DimseAddress]) -> None:
    port = rig.open(hop(storescp("stored")), DimseTap)
    tool("echoscu", port, "-aet", "MODALITY", "-pdu", "20000", called="STORESCP")
    accepted, opened = seen(rig).links
    for facts in (accepted.facts, opened.facts):
        assert (facts["calling_ae"], facts["called_ae"]) == ("MODALITY", "STORESCP")
        assert facts["implementation_version_name"].startswith("OFFIS_DCMTK")
        assert facts["accepted_contexts"].startswith("Verification=")
    assert (accepted.facts["max_pdu"], opened.facts["our_max_pdu"]) == ("20000", "20000")
    assert accepted.facts["our_max_pdu"] == opened.facts["max_pdu"] != "20000"
    (echo,) = seen(rig).exchanges
    assert status(echo) == 0


def test_storescp_gets_through_the_relay_what_it_gets_without(
    rig: Rig, storescp: Callable[..., DimseAddress], files: list[str], tmp_path: Path
) -> None:
    direct, relayed = storescp("direct"), storescp("relayed")
    tool("storescu", direct.port, "-R", *files, called="STORESCP")
    tool("storescu", rig.open(hop(relayed), DimseTap), "-R", *files, called="STORESCP")
    stores = of(seen(rig), Service.C_STORE)
    assert [status(one) for one in stores] == [0, 0, 0]
    assert data_sets(tmp_path / "relayed") == data_sets(tmp_path / "direct")
    assert sorted(content(rig, one.request) for one in stores) == data_sets(tmp_path / "direct")
    sent = [one for one in seen(rig).captures if one.direction is Direction.SENT and one.payload]
    assert len(sent) == 3
    assert sorted(content(rig, one) for one in sent) == data_sets(tmp_path / "direct")


def test_dcmqrscp_is_searched_and_a_search_is_taken_back(
    rig: Rig, qrscp: Callable[[int], DimseAddress], files: list[str]
) -> None:
    port = rig.open(hop(qrscp(1)), DimseTap)
    tool("storescu", port, "-R", *files, called="QRSCP")
    keys = ["-S", "-k", "QueryRetrieveLevel=IMAGE", "-k", "SOPInstanceUID", "-k", "StudyInstanceUID=2.25.5"]
    tool("findscu", port, *keys, "-k", "SeriesInstanceUID=2.25.6", called="QRSCP")
    tool("findscu", port, "--cancel", "1", *keys, "-k", "SeriesInstanceUID=2.25.6", called="QRSCP")
    relayed = seen(rig, 6)
    whole, cut = of(relayed, Service.C_FIND)
    found = {str(decode(rig, one).SOPInstanceUID) for one in whole.responses if one.payload}
    assert found == {f"2.25.55{number}" for number in range(3)}
    assert status(whole) == 0
    assert len(of(relayed, Service.C_CANCEL)) == 1
    assert status(cut) in (0x0000, 0xFE00)


def decode(rig: Rig, capture: Capture) -> Dataset:
    assert capture.payload is not None
    ds = decode_payload(rig.recorder.read(capture.payload))
    assert ds is not None
    return ds


STUDY = ["-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=2.25.5"]


def test_a_move_by_dcmqrscp_passes_two_hops(
    rig: Rig, qrscp: Callable[[int], DimseAddress], files: list[str], tmp_path: Path
) -> None:
    display = DimseAddress(ae_title="DISPLAY", host="127.0.0.1", port=free_port())
    back = rig.open(hop(display, name="retrieved", here="QRSCP", there="DISPLAY"), DimseTap)
    archive = qrscp(back)
    port = rig.open(hop(archive, name="queries", here="DISPLAY", there="QRSCP"), DimseTap)
    tool("storescu", archive.port, "-R", *files, called="QRSCP")
    (tmp_path / "moved").mkdir()
    own = ["-aet", "DISPLAY", "-aem", "DISPLAY", "--port", str(display.port), "+B"]
    tool("movescu", port, *own, *STUDY, called="QRSCP", folder=tmp_path / "moved")
    relayed = seen(rig, 4)
    (move,), stores = of(relayed, Service.C_MOVE), of(relayed, Service.C_STORE)
    assert (move.link.hop, {one.link.hop for one in stores}) == ("queries", {"retrieved"})
    assert move.final is not None
    assert move.final.command is not None
    assert move.final.command.fields["NumberOfCompletedSuboperations"] == "3"
    for store in stores:
        assert store.request.command is not None
        assert store.request.command.fields["MoveOriginatorApplicationEntityTitle"] == "DISPLAY"
        assert move.request.time < store.request.time < move.final.time
    assert sorted(content(rig, one.request) for one in stores) == data_sets(tmp_path / "moved")


def test_a_get_from_dcmqrscp_brings_images_on_the_same_association(
    rig: Rig, qrscp: Callable[[int], DimseAddress], files: list[str], tmp_path: Path
) -> None:
    archive = qrscp(1)
    tool("storescu", archive.port, "-R", *files, called="QRSCP")
    (tmp_path / "got").mkdir()
    own = ["-aet", "DISPLAY", "+B", "-od", str(tmp_path / "got")]
    tool("getscu", rig.open(hop(archive), DimseTap), *own, *STUDY, called="QRSCP")
    relayed = seen(rig)
    (get,), stores = of(relayed, Service.C_GET), of(relayed, Service.C_STORE)
    assert status(get) == 0
    assert [one.link.relays for one in stores] == [get.link.id] * 3
    assert [status(one) for one in stores] == [0, 0, 0]
    assert sorted(content(rig, one.request) for one in stores) == data_sets(tmp_path / "got")


def secured(files: TlsFiles) -> list[str]:
    """DCMTK's options for mutual authentication."""
    return ["+tls", str(files.key), str(files.certificate), "+cf", str(files.authorities)]


def test_tls_on_both_sides(
    rig: Rig, storescp: Callable[..., DimseAddress], files: list[str], tmp_path: Path, authority: Any
) -> None:
    need(DCMTK / "storescp")
    if "--enable-tls" not in subprocess.run([DCMTK / "storescp", "--help"], capture_output=True, text=True).stdout:
        pytest.skip("DCMTK was built without TLS")
    server = storescp("secured", *secured(authority.issue("pacs", with_rsa=True)))
    own = {"tls": TlsMode.MUTUAL, "tls_files": authority.issue("relay", with_rsa=True)}
    port = rig.open(hop(server, accepts=own, leads_to=own), DimseTap)
    tool("storescu", port, "-R", *secured(authority.issue("scu", with_rsa=True)), *files, called="STORESCP")
    relayed = seen(rig)
    accepted, opened = relayed.links
    assert (accepted.facts["tls_peer"], opened.facts["tls_peer"]) == ("CN=scu", "CN=pacs")
    stores = of(relayed, Service.C_STORE)
    assert sorted(content(rig, one.request) for one in stores) == data_sets(tmp_path / "secured")
    assert len(stores) == 3


def test_dcmqrscp_rejects_a_title_that_it_has_not(rig: Rig, qrscp: Callable[[int], DimseAddress]) -> None:
    tool("echoscu", rig.open(hop(qrscp(1)), DimseTap), called="NOBODY", code=1)
    (rejected,) = events(seen(rig), EventKind.REJECTED)
    assert (rejected.facts["called_ae"], rejected.facts["calling_ae"]) == ("NOBODY", "ECHOSCU")
    assert rejected.text.startswith("rejected-permanent")


def test_echoscu_aborts(rig: Rig, storescp: Callable[..., DimseAddress]) -> None:
    tool("echoscu", rig.open(hop(storescp("stored")), DimseTap), "--abort", called="STORESCP")
    relayed = seen(rig)
    (lost,) = events(relayed, EventKind.LINK_LOST)
    assert (lost.link, lost.text) == (relayed.links[0].id, "aborted by CT (service user, reason 0)")


def aborted(rig: Rig, port: int, file: str) -> Transcript:
    """What the relay recorded of a transfer that storescp aborts."""
    need(DCMTK / "storescu")
    command = [DCMTK / "storescu", "-R", "-aec", "STORESCP", "127.0.0.1", str(port), file]
    subprocess.run(command, capture_output=True, timeout=DEADLINE, check=False)
    relayed = seen(rig)
    (lost,) = events(relayed, EventKind.LINK_LOST)
    assert lost.link == relayed.links[1].id
    assert lost.text.startswith("aborted by PACS")
    return relayed


def test_storescp_aborts_instead_of_an_answer(
    rig: Rig, storescp: Callable[..., DimseAddress], files: list[str]
) -> None:
    relayed = aborted(rig, rig.open(hop(storescp("stored", "--abort-after")), DimseTap), files[0])
    (store,) = of(relayed, Service.C_STORE)
    (missing,) = events(relayed, EventKind.NO_RESPONSE)
    assert (missing.link, store.final) == (relayed.links[0].id, None)


def test_storescp_aborts_in_a_transfer(rig: Rig, storescp: Callable[..., DimseAddress], files: list[str]) -> None:
    """The rest of the object may have been on its way already, and then makes it whole."""
    relayed = aborted(rig, rig.open(hop(storescp("stored", "--abort-during")), DimseTap), files[0])
    unfinished = any("not finished a C-STORE request" in event.text for event in relayed.events)
    assert unfinished or [store.final for store in of(relayed, Service.C_STORE)] == [None]


def test_storescu_is_killed_in_a_transfer(rig: Rig, tmp_path: Path) -> None:
    """Its receiver has taken some of the object when it is killed, and takes the rest of what was sent afterwards."""
    need(DCMTK / "storescu")
    path = tmp_path / "large.dcm"
    path.write_bytes(image(1, 64 << 20))
    killed = threading.Event()

    def accept(sock: socket.socket) -> None:
        head = read_some(sock, 6)
        read_some(sock, int.from_bytes(head[2:], "big"))
        sock.sendall(acceptance({1: 0}))
        read_some(sock, 4 << 20)
        assert killed.wait(DEADLINE)
        read_all(sock)

    address = DimseAddress(ae_title="STORESCP", host="127.0.0.1", port=rig.peer(accept).port)
    port = rig.open(hop(address), DimseTap)
    command = [str(DCMTK / "storescu"), "-R", "-aec", "STORESCP", "127.0.0.1", str(port), str(path)]
    sender = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert rig.recorder.wait(lambda: any(rig.recorder.spool().iterdir()), DEADLINE)
    sender.kill()
    sender.wait(DEADLINE)
    killed.set()
    relayed = seen(rig)
    (lost,) = events(relayed, EventKind.LINK_LOST)
    assert lost.link == relayed.links[0].id
    assert "CT had not finished a C-STORE request with " in lost.text
    assert events(relayed, EventKind.NO_RESPONSE) == []
    assert relayed.exchanges == ()
    assert list(rig.recorder.spool().iterdir()) == []


def test_orthanc_stores_what_passes_and_reports_on_an_association_of_its_own(
    rig: Rig, orthanc: Product, ports: Ports
) -> None:
    modality = System("SWF_MODALITY")
    handler = Archive()
    try:
        listening = modality.listen(handler)
        here = {"host": "127.0.0.1", "port": ports.modality}
        rig.open(hop(listening, name="reports", here="Orthanc", there="CT", accepts=here), DimseTap)
        address = DimseAddress(ae_title="ORTHANC", host="127.0.0.1", port=ports.orthanc)
        way = DimseAddress(ae_title="ORTHANC", host="127.0.0.1", port=rig.open(hop(address), DimseTap))
        asked = Dataset()
        asked.TransactionUID = "2.25.99"
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "2.25.557"
        asked.ReferencedSOPSequence = [item]
        with modality.calls(way, CT, COMMITMENT) as association:
            assert association.c_store(image(7, 600_000)).status == 0
            assert association.n_action(COMMITMENT, COMMITMENT_INSTANCE, 1, asked).status == 0
        relayed = seen(rig, 4)
    finally:
        modality.stop()
    (store,), (action,) = of(relayed, Service.C_STORE), of(relayed, Service.N_ACTION)
    (report,) = of(relayed, Service.N_EVENT_REPORT)
    assert (store.link.hop, action.link.hop, report.link.hop) == ("images", "images", "reports")
    assert report.request.command is not None
    assert report.request.command.fields["EventTypeID"] == "1"
    assert [status(one) for one in (store, action, report)] == [0, 0, 0]
    assert len(handler.requests) == 1
    stored = [path.read_bytes() for path in (orthanc.folder / "orthanc-storage").rglob("*") if path.is_file()]
    assert any(file.endswith(content(rig, store.request)) for file in stored)


def test_orthanc_is_searched_and_moves(
    rig: Rig, orthanc: Product, ports: Ports, files: list[str], tmp_path: Path
) -> None:
    display = DimseAddress(ae_title="DCMTK_DISPLAY", host="127.0.0.1", port=free_port())
    here = {"host": "127.0.0.1", "port": ports.dcmtk_display}
    rig.open(hop(display, name="retrieved", here="Orthanc", there="Display", accepts=here), DimseTap)
    port = rig.open(hop(DimseAddress(ae_title="ORTHANC", host="127.0.0.1", port=ports.orthanc)), DimseTap)
    tool("storescu", port, "-R", "-aet", "SWF_MODALITY", *files, called="ORTHANC")
    own = ["-aet", "DCMTK_DISPLAY"]
    tool(
        "findscu", port, *own, "-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=2.25.5", called="ORTHANC"
    )
    (tmp_path / "moved").mkdir()
    more = ["-aem", "DCMTK_DISPLAY", "--port", str(display.port), "+B"]
    tool("movescu", port, *own, *more, *STUDY, called="ORTHANC", folder=tmp_path / "moved")
    relayed = seen(rig, 8)
    (find,), (move,) = of(relayed, Service.C_FIND), of(relayed, Service.C_MOVE)
    assert (status(find), status(move)) == (0, 0)
    moved = [one for one in of(relayed, Service.C_STORE) if one.link.hop == "retrieved"]
    assert sorted(content(rig, one.request) for one in moved) == data_sets(tmp_path / "moved")
    assert len(moved) >= 3
