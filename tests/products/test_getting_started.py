"""From nothing to the first verdict on an archive, with the commands of docs/getting-started.md and nothing by hand.

What a person would enter in the product is taken from the sheet.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import python_environment
from tests.products.conftest import GUIDE, ORTHANC, free_port, need, started

pytestmark = pytest.mark.product

DEADLINE = 120.0


@pytest.fixture
def swf(tmp_path: Path) -> Callable[..., str]:
    """Call `swf` in an empty folder; what it printed, when it ended with the code that is wanted."""

    def call(*arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "harness.cli", *arguments],
            cwd=tmp_path,
            env={**python_environment(), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    return call


def configuration(sheet: Path, port: int, *, without: str = "") -> str:
    """Orthanc as the guide configures it, with the peers that the sheet names."""
    block = re.search(r"^```json\n(.+?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert block is not None
    with sheet.open(encoding="utf-8", newline="") as file:
        entries = [row for row in csv.DictReader(file) if row["row"] == "enter on the product"]
    peers = {
        row["AE title"]: [row["AE title"], row["host"], int(row["port"] or 104)]
        for row in entries
        if row["AE title"] != without
    }
    assert len(peers) >= 3
    return json.dumps({**json.loads(block[1]), "DicomPort": port, "DicomModalities": peers})


def test_from_nothing_to_the_first_verdict(swf: Callable[..., str], tmp_path: Path) -> None:
    need(ORTHANC)
    port = free_port()
    first = str(free_port())
    given = ("--name", "Orthanc", "--ae-title", "ORTHANC", "--port", str(port), "--first-port", first)
    swf("init", "--kind", "archive", *given, "--yes")
    file = "orthanc.system.yaml"
    assert "nothing listens there" in swf("ping", "--sut", file, code=2)
    swf("sheet", "--sut", file, "--out", "sheet.csv")
    settings = tmp_path / "orthanc.json"
    settings.write_text(configuration(tmp_path / "sheet.csv", port), encoding="utf-8")
    with started([str(ORTHANC), str(settings)], port, tmp_path):
        pinged = swf("ping", "--sut", file)
        assert "FAIL" not in pinged
        assert pinged.count("C-ECHO answered with 0000") == 4
        judged = swf("run", "--sut", file, "--out", "out", "swf.scheduled")
    assert "Orthanc: tested against SWF.b Image Manager  PASS" in judged
    assert (tmp_path / "out" / "report.html").is_file()


def test_what_was_not_entered_is_told(swf: Callable[..., str], tmp_path: Path) -> None:
    need(ORTHANC)
    port = free_port()
    given = ("--name", "Orthanc", "--ae-title", "ORTHANC", "--port", str(port), "--first-port", str(free_port()))
    swf("init", "--kind", "archive", *given, "--yes")
    swf("sheet", "--sut", "orthanc.system.yaml", "--out", "sheet.csv")
    settings = tmp_path / "orthanc.json"
    settings.write_text(configuration(tmp_path / "sheet.csv", port, without="SWF_EVID_CREA"), encoding="utf-8")
    with started([str(ORTHANC), str(settings)], port, tmp_path):
        pinged = swf("ping", "--sut", "orthanc.system.yaml", code=2)
    assert "Orthanc does not know who calls: enter SWF_EVID_CREA and this machine's address in it" in pinged
    assert pinged.count("FAIL") == 1
