"""Ctrl-C and worse: the run ends soon, says so, and what was recorded stays readable."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SOON = 15.0
"""Seconds; the system would take a minute."""


@pytest.fixture
def hanging(swf_process: Any, mute: Any, system_file: Callable[..., str]) -> Any:
    """A run that waits for a system that never answers."""
    path = system_file("Order Filler", mute.port, answer=60.0)
    running = swf_process("run", "--sut", path, "--out", "run", "swf.scheduled")
    assert mute.came.wait(SOON)
    return running


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_ends_the_run_in_order(hanging: Any, swf: Any, tmp_path: Path, number: int) -> None:
    begun = time.monotonic()
    hanging.process.send_signal(number)
    ended = hanging.end(SOON)
    assert time.monotonic() - begun < SOON
    assert ended.code == 2
    assert "swf: interrupted; ending in order" in ended.out
    assert "The run was interrupted" in ended.out
    assert "Traceback" not in ended.out
    assert "FAIL" not in ended.out
    assert "ERROR" not in ended.out
    for name in ("report.html", "junit.xml", "run.json"):
        assert "interrupted" in (tmp_path / "run" / name).read_text(encoding="utf-8")
    assert (tmp_path / "run" / "evidence" / "manifest.sha256").is_file()
    judged = swf("judge", "run")
    assert judged.code == 2
    assert "The run was interrupted" in judged.out
    assert "altered" not in judged.out


def test_the_second_signal_quits_at_once(hanging: Any, swf: Any) -> None:
    hanging.process.send_signal(signal.SIGINT)
    hanging.wait_for_line("once more to quit at once")
    hanging.process.send_signal(signal.SIGINT)
    ended = hanging.end(SOON)
    assert ended.code == 2
    assert "quit at once" in ended.out
    assert "Traceback" not in ended.out
    judged = swf("judge", "run")
    assert judged.code == 2
    assert "The run was interrupted" in judged.out


def test_what_a_killed_run_recorded_can_be_judged(hanging: Any, swf: Any, tmp_path: Path) -> None:
    hanging.process.kill()
    assert hanging.end(SOON).code == -signal.SIGKILL
    assert not (tmp_path / "run" / "report.html").exists()
    judged = swf("judge", "run")
    assert judged.code == 2
    assert "The run was interrupted" in judged.out
    assert "FAIL" not in judged.out
    assert "ERROR" not in judged.out
    assert (tmp_path / "run" / "report.html").is_file()


def test_half_a_line_at_the_end_of_the_record_is_no_obstacle(hanging: Any, swf: Any, tmp_path: Path) -> None:
    hanging.process.kill()
    hanging.end(SOON)
    with (tmp_path / "run" / "evidence" / "transcript.jsonl").open("ab") as transcript:
        transcript.write(b'{"record":"event","is":{"seq":99')
    assert "The run was interrupted" in swf("judge", "run").out


def test_nothing_is_left_running_when_the_harness_is_killed(swf_process: Any) -> None:
    running = swf_process("run", "--out", "run", "swf.scheduled")
    running.wait_for_line("PASS")
    children = _children_of(running.process.pid)
    assert children
    running.process.kill()
    running.process.wait(SOON)
    deadline = time.monotonic() + SOON
    while any(_is_alive(child) for child in children) and time.monotonic() < deadline:
        os.sched_yield()
    assert not any(_is_alive(child) for child in children)


def _children_of(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    return [int(child) for child in children]


def _is_alive(process: int) -> bool:
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
