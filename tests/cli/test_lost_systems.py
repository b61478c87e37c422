"""A system that was there and is no more: a failure of the system, never a traceback, and the reports are written."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def mortal(standalone: Any, tmp_path: Path) -> str:
    """An archive that is killed by its own feed hook, after it stored and before it is queried."""
    archive = standalone.actors["Image Manager"]
    path = tmp_path / "mortal.system.yaml"
    path.write_text(
        f"""\
name: Mortal
claims:
  - {{profile: SWF.b, actors: [Image Manager], transactions: [RAD-8, RAD-10, RAD-14]}}
actors:
  Image Manager:
    dimse: {{ae_title: {archive["dimse"]["ae_title"]}, port: {archive["dimse"]["port"]}}}
    offers: [RAD-8, RAD-10, RAD-14]
    feeds:
      RAD-14: {{command: ["/bin/kill", "-KILL", "{standalone.process.pid}"]}}
times: {{answer: 5, act: 5, show: 1}}
""",
        encoding="utf-8",
    )
    return str(path)


def test_a_system_that_was_heard_and_is_gone_fails(mortal: str, swf: Any, tmp_path: Path) -> None:
    ended = swf("run", "--sut", mortal, "--out", "run", "swf.scheduled")
    assert ended.code == 1, ended.out + ended.err
    assert "found [RAD-14]  FAIL (Image Manager)" in ended.out
    assert "stored [RAD-8]  " not in ended.out  # it passed
    assert "ERROR" not in ended.out
    assert "Traceback" not in ended.out + ended.err
    assert (tmp_path / "run" / "report.html").is_file()
    judged = swf("judge", "run")
    assert judged.code == 1


def test_the_reference_killed_between_plays_ends_in_verdicts(swf_process: Any, tmp_path: Path) -> None:
    system = tmp_path / "two.system.yaml"
    system.write_text(
        "name: reference\nlaunch: reference\nbinding: each\n"
        "claims: [{profile: SWF.b, actors: [Order Placer, Image Manager]}]\n"
        "times: {answer: 3, act: 3, show: 0.3}\n",
        encoding="utf-8",
    )
    running = swf_process("run", "--sut", str(system), "--out", "run", "swf.scheduled", "pir.case-1")
    running.wait_for_line("PASS")
    (child,) = _children_of(running.process.pid)
    os.kill(child, signal.SIGKILL)
    ended = running.end()
    assert ended.code == 1, ended.out
    assert "Traceback" not in ended.out
    assert "ERROR" not in ended.out
    assert "renamed [RAD-12]  FAIL (Order Placer)" in ended.out
    assert (tmp_path / "run" / "report.html").is_file()


def _children_of(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    return [int(child) for child in children]
