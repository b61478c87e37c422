"""`swf relay` between DCMTK's tools and its archive: a defect of either side is charged to that side alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.engine.storage import Evidence
from harness.model.transcript import Direction
from tests.cli.conftest import python_environment
from tests.products.conftest import DCMTK, free_port, need, started
from tests.wire.relay.department import image

pytestmark = pytest.mark.product

DEADLINE = 120.0
AT_STUDY = (
    "QueryRetrieveLevel=STUDY",
    "StudyInstanceUID=2.25.5",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "PatientName",
    "PatientID",
    "StudyID",
    "ModalitiesInStudy",
    "NumberOfStudyRelatedSeries",
    "NumberOfStudyRelatedInstances",
)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[int]:
    """DCMTK's dcmqrscp, which is called QRSCP; its port."""
    need(DCMTK / "dcmqrscp", DCMTK / "storescu", DCMTK / "findscu")
    folder, port = tmp_path / "pacs", free_port()
    (folder / "archive").mkdir(parents=True)
    (folder / "qr.cfg").write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 131072\nMaxAssociations = 16\n"
        "HostTable BEGIN\nHostTable END\nVendorTable BEGIN\nVendorTable END\n"
        "AETable BEGIN\nQRSCP archive RW (100, 1024mb) ANY\nAETable END\n",
        encoding="ascii",
    )
    with started([str(DCMTK / "dcmqrscp"), "-c", "qr.cfg"], port, folder):
        yield port


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """An image without most of what an image has to have."""
    path = tmp_path / "poor.dcm"
    path.write_bytes(image(1, 300_000))
    return path


def tool(name: str, port: int, *options: str) -> None:
    command = [str(DCMTK / name), "-aec", "QRSCP", "127.0.0.1", str(port), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def relayed(port: int, folder: Path, sender: str, act: Callable[[int], None]) -> tuple[int, str]:
    """Somebody acts through the relay, which ends with the first exchange; its exit code, and what it printed."""
    relay = free_port()
    command = [sys.executable, "-m", "harness.cli", "relay", "--dicom", f"{relay}=127.0.0.1:{port}"]
    command += ["--from", sender, "--to", "PACS", "--out", "run", "--exchanges", "1"]
    with (folder / "relay.txt").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={**python_environment(), "COLUMNS": "200"}, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        for _ in range(int(DEADLINE * 20)):
            if b"Ctrl-C stops the relay" in (folder / "relay.txt").read_bytes():
                break
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.05)
        act(relay)
        process.wait(DEADLINE)
    finally:
        process.kill()
        process.wait()
    return process.returncode, (folder / "relay.txt").read_text(encoding="utf-8")


def charged(folder: Path) -> dict[str, set[str]]:
    """The systems with failures, each with the requirements that it failed."""
    run = json.loads((folder / "run" / "run.json").read_text(encoding="utf-8"))
    found: dict[str, set[str]] = {}
    legs = [leg for play in run["plays"] for step in play["steps"] for leg in step["legs"]]
    for finding in (one for leg in legs for one in leg["findings"] if one["verdict"] == "fail"):
        found.setdefault(finding["player"], set()).add(finding["requirement"])
    return found


def test_a_poor_image_is_charged_to_its_modality(archive: int, stored: Path, tmp_path: Path) -> None:
    code, printed = relayed(archive, tmp_path, "CT", lambda port: tool("storescu", port, "-R", str(stored)))
    assert code == 1, printed
    assert "CT -> PACS  C-STORE CTImageStorage  0000" in printed
    found = charged(tmp_path)
    assert set(found) == {"CT"}
    assert "rad-8.store/iod-type-1" in found["CT"]


def test_a_poor_answer_is_charged_to_its_archive(archive: int, stored: Path, tmp_path: Path) -> None:
    tool("storescu", archive, "-R", str(stored))
    keys = [part for key in AT_STUDY for part in ("-k", key)]
    code, printed = relayed(archive, tmp_path, "Display", lambda port: tool("findscu", port, "-S", *keys))
    assert code == 1, printed
    found = charged(tmp_path)
    assert set(found) == {"PACS"}
    assert "query-response/ModalitiesInStudy" in found["PACS"]


def test_both_hops_hold_the_same_bytes(archive: int, stored: Path, tmp_path: Path) -> None:
    relayed(archive, tmp_path, "CT", lambda port: tool("storescu", port, "-R", str(stored)))
    evidence = Evidence(tmp_path / "run")
    assert not evidence.altered()
    transcript = evidence.transcript()
    (kept,) = (file for file in (tmp_path / "pacs" / "archive").iterdir() if file.name != "index.dat")
    passed = {
        way: [evidence.read(one.payload) for one in transcript.captures if one.direction is way and one.payload]
        for way in Direction
    }
    assert passed[Direction.SENT] == passed[Direction.RECEIVED]
    (payload,) = passed[Direction.SENT]
    assert isinstance(payload, bytes)
    pixels = stored.read_bytes()[-4096:]
    assert payload.endswith(pixels)
    assert kept.read_bytes().endswith(pixels)
