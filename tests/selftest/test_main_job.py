"""The main job in small: some scenarios, pairwise, for each role of the reference system and for the box alone.

`swf matrix --pairwise` plays the selection of the whole catalogue.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

SCENARIOS = ("swf.scheduled", "swf.order-status", "swf.mpps-states", "pir.case-1", "rep.basic", "neg.hl7-unknown-order")
OPTIONS = ("--pairwise", "--jobs", "2", "--json", "--out", "out")
DEADLINE = 900.0
"""Seconds; a minute where nothing else is going on."""


def test_the_reference_system_and_the_box_alone_are_green_in_a_pairwise_selection(tmp_path: Path) -> None:
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "harness.cli",
            "matrix",
            "--pairwise",
            "--jobs",
            "2",
            "--json",
            "--out",
            "out",
            *SCENARIOS,
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert ended.stderr == ""
    found = json.loads(ended.stdout)
    assert [cell for cell in found["cells"] if cell["colour"] != "green"] == []
    assert found["strays"] == 0
    assert found["green"] is True
    assert ended.returncode == 0
    assert found["left_out"] > 0
    assert {cell["scenario"] for cell in found["cells"]} == set(SCENARIOS)
    assert {cell["form"] for cell in found["cells"]} == {"2.3.1", "2.5.1"}
    roles = {"ADT", "Order Placer", "Order Filler", "Modality", "PPS Manager", "Image Manager", "Image Display"}
    assert {cell["role"] for cell in found["cells"]} > {"none", *roles}
    for run in ("none", "reference"):
        suites = ET.parse(tmp_path / "out" / run / "junit.xml").getroot()  # noqa: S314 - our own file
        cases = list(suites.iter("testcase"))
        assert len(cases) >= 30
        assert [case for case in cases if case.find("failure") is not None or case.find("error") is not None] == []
