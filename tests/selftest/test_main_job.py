"""The main job: `swf run` without arguments tests the bundled reference system in each of its roles."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

DEADLINE = 600.0
"""Seconds; half a minute where nothing else is going on."""


def test_the_reference_system_passes_in_each_of_its_roles(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "harness.cli", "run", "--out", "run"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stderr == ""
    suites = ET.parse(tmp_path / "run" / "junit.xml").getroot()  # noqa: S314 - our own file
    cases = list(suites.iter("testcase"))
    assert len(cases) >= 60
    assert [case for case in cases if case.find("failure") is not None or case.find("error") is not None] == []
    skipped = [case for case in cases if case.find("skipped") is not None]
    assert len(skipped) < len(cases) / 10
    assert re.search(r"^PASS  \d+ scenarios", ended.stdout, re.MULTILINE)
    for actor in ("ADT", "Order Placer", "Order Filler", "Modality", "PPS Manager", "Image Manager", "Image Display"):
        assert re.search(rf"tested against SWF\.b {actor} +PASS", ended.stdout)
