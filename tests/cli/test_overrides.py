"""`--overrides`: a fault of a system that its site accepts, by run, by judge and by check."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

Swf = Any


@pytest.fixture
def copy(overridden: Path, tmp_path: Path) -> Path:
    """The run and the file, where a test calls `swf`."""
    return Path(shutil.copytree(overridden, tmp_path, dirs_exist_ok=True))


def _expiring(folder: Path, day: str, name: str) -> None:
    """The file again, its second entry with another last day."""
    first, _, second = (folder / "site.yaml").read_text(encoding="utf-8").rpartition("2999-12-31")
    (folder / name).write_text(f"{first}{day}{second}", encoding="utf-8")


def test_the_accepted_fault_fails_nobody_and_is_told(overridden: Path) -> None:
    code, *lines = (overridden / "told.txt").read_text(encoding="utf-8").splitlines()
    assert code == "0", lines
    assert any(line.startswith("Overrides: 2 in all, 2 changed a verdict; sha256 ") for line in lines)
    assert any("site.yaml:2  weaken rad-2.omg-o19-nw/OBR-2.1: 1 finding: 1 from fail to pass" in line for line in lines)
    data = json.loads((overridden / "run" / "run.json").read_text(encoding="utf-8"))
    assert [use["override"]["author"] for use in data["overrides"]] == ["HIS team", "HIS team"]
    plan = json.loads((overridden / "run" / "evidence" / "plan.json").read_text(encoding="utf-8"))
    assert plan["overrides"]["entries"][0]["reason"] == "The interface engine copies ORC-3"
    assert plan["rule_set"] == data["plan"]["rule_set"] != plan["overrides"]["sha256"]


def test_judging_again_repeats_the_judgement_without_the_file(swf: Swf, copy: Path) -> None:
    (copy / "site.yaml").unlink()
    before = json.loads((copy / "run" / "run.json").read_text(encoding="utf-8"))
    assert swf("judge", "run").code == 0
    after = json.loads((copy / "run" / "run.json").read_text(encoding="utf-8"))
    assert (after["plays"], after["overrides"]) == (before["plays"], before["overrides"])


def test_by_the_shipped_rules_the_system_fails(swf: Swf, copy: Path) -> None:
    ended = swf("judge", "run", "--no-overrides")
    assert ended.code == 1
    assert "Overrides:" not in ended.out


def test_an_override_whose_time_is_over_fails_the_system_again(swf: Swf, copy: Path) -> None:
    _expiring(copy, "2020-01-31", "old.yaml")
    ended = swf("judge", "run", "--overrides", "old.yaml")
    assert ended.code == 1
    assert "1 EXPIRED and did not apply" in ended.out
    assert "old.yaml:7  off rad-2.orm-o01-nw/OBR-2*: EXPIRED after 2020-01-31: it did not apply" in ended.out


def test_files_are_checked_with_overrides(swf: Swf, copy: Path) -> None:
    assert swf("check", "run/evidence/payload", "--quiet", "--no-overrides").code == 3
    ended = swf("check", "run/evidence/payload", "--quiet", "--overrides", "site.yaml")
    assert "override site.yaml:2: weaken rad-2.omg-o19-nw/OBR-2.1: " in ended.out
    assert " from fail to pass" in ended.out


@pytest.mark.parametrize("verb", [("run", "--sut", "none"), ("plan", "--sut", "none"), ("check", "x.hl7")])
def test_a_fault_of_the_file_is_told_with_its_place(swf: Swf, copy: Path, verb: tuple[str, ...]) -> None:
    _expiring(copy, "soon", "site.yaml")
    ended = swf(*verb, "--overrides", "site.yaml")
    assert ended.code == 3
    assert "site.yaml:11:14: expires: `soon` is no day written YYYY-MM-DD" in ended.err
    assert "Traceback" not in ended.err


def test_both_ways_to_say_what_holds_exclude_each_other(swf: Swf, copy: Path) -> None:
    ended = swf("judge", "run", "--overrides", "site.yaml", "--no-overrides")
    assert ended.code == 3
    assert "--overrides and --no-overrides exclude each other" in ended.err


def test_a_file_that_is_not_there_is_named(swf: Swf) -> None:
    ended = swf("plan", "--sut", "none", "--overrides", "site.yaml")
    assert ended.code == 3
    assert "site.yaml:1:1: cannot be read" in ended.err
