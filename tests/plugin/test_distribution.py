"""pytest-xdist: one department stays on one worker, and whoever asks otherwise is told."""

from __future__ import annotations

import re
from typing import Any

Pytest = Any


def test_without_loadgroup_the_way_out_is_told(run_apart: Pytest, scenario: Any) -> None:
    scenario("one")
    ended = run_apart("--sut", "none", "-n", "2")
    assert ended.code != 0
    assert "use --dist loadgroup, or leave -n out" in ended.text
    assert "Traceback" not in ended.text


def test_with_loadgroup_one_worker_runs_everything(run_apart: Pytest, scenario: Any) -> None:
    scenario("one")
    scenario("two")
    ended = run_apart("--sut", "none", "-n", "2", "--dist", "loadgroup", "-v", "--swf-out", "out")
    assert ended.code == 0, ended.text
    assert "4 passed" in ended.text
    assert len(set(re.findall(r"^\[(gw\d)\]", ended.text, re.MULTILINE))) == 1
    assert re.search(r"^PASS: \d+ checks executed; .*report: .*out/report\.html$", ended.text, re.MULTILINE)
    assert (ended.folder / "out" / "run.json").is_file()
