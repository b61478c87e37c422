"""Known deviations as a gate: green, red for what is new, red for what has expired; and the baseline of a run."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

Swf = Any
SIGNED = ("--owner", "PACS service", "--reason", "Repaired in release 5", "--expires")
LATER = "2999-12-31"


@pytest.fixture
def copy(failed: Path, tmp_path: Path) -> Path:
    """The run, where a test calls `swf`."""
    return Path(shutil.copytree(failed, tmp_path, dirs_exist_ok=True))


@pytest.fixture
def known(swf: Swf, copy: Path) -> Path:
    """The baseline of the run."""
    assert swf("baseline", "run", *SIGNED, LATER, "--out", "our.known.yaml").code == 0
    return copy / "our.known.yaml"


def _skipped(folder: Path) -> list[str]:
    root = ET.fromstring((folder / "junit.xml").read_bytes())  # noqa: S314 - we wrote it
    assert not root.findall(".//failure")
    assert not root.findall(".//error")
    return [found.get("message", "") for found in root.findall(".//skipped")]


def test_green_then_a_new_failure_is_red(swf: Swf, known: Path) -> None:
    arguments = ("run", "--sut", "our.system.yaml", "--known", "our.known.yaml")
    green = swf(*arguments, "--defect", "obr2-differs", "--out", "green", "swf.order-status")
    assert green.code == 0, green.out
    assert "1 failure, all known; see our.known.yaml\n" in green.out
    assert "KNOWN FAIL (Order Placer)" in green.out
    told = "known deviation: PACS service, until 2999-12-31: Repaired in release 5"
    assert [message for message in _skipped(known.parent / "green") if "PACS service" in message] == [told]
    page = (known.parent / "green" / "report.html").read_text(encoding="utf-8")
    assert "Repaired in release 5" in page
    red = swf(*arguments, "--defect", "placer-refuses-completion", "--out", "red", "swf.order-status")
    assert red.code == 1, red.out
    assert re.search(r"^\d failures?: \d new, 0 expired, 0 known; see our.known.yaml$", red.out, re.MULTILINE)
    assert "not seen any more: remove it" in red.out


def test_the_verdict_stays_what_it_is(swf: Swf, known: Path) -> None:
    before = json.loads((known.parent / "run" / "run.json").read_text(encoding="utf-8"))
    assert swf("judge", "run", "--known", "our.known.yaml").code == 0
    after = json.loads((known.parent / "run" / "run.json").read_text(encoding="utf-8"))
    assert (after["verdict"], after["exit_code"], before["exit_code"]) == ("fail", 0, 1)
    assert [play["verdict"] for play in after["plays"]] == [play["verdict"] for play in before["plays"]]
    (use,) = after["gate"]["uses"]
    assert (use["state"], use["failures"], use["entry"]["owner"]) == ("seen", 1, "PACS service")
    assert (after["gate"]["new"], after["gate"]["known"], after["gate"]["expired"]) == (0, 1, 0)


def test_after_its_last_day_an_entry_is_red(swf: Swf, known: Path) -> None:
    old = known.read_text(encoding="utf-8").replace(LATER, "2020-01-31")
    (known.parent / "old.yaml").write_text(old, encoding="utf-8")
    ended = swf("judge", "run", "--known", "old.yaml")
    assert ended.code == 1
    assert "EXPIRED after 2020-01-31: 1 failure" in ended.out
    assert "1 failure: 0 new, 1 expired, 0 known; see old.yaml" in ended.out


def test_the_day_of_the_run_counts_and_the_end_is_told_ahead(swf: Swf, known: Path) -> None:
    plan = json.loads((known.parent / "run" / "evidence" / "plan.json").read_text(encoding="utf-8"))
    today = plan["started"][:10]
    (known.parent / "soon.yaml").write_text(known.read_text(encoding="utf-8").replace(LATER, today), encoding="utf-8")
    ended = swf("judge", "run", "--known", "soon.yaml")
    assert ended.code == 0
    assert "1 failure, known; EXPIRES today" in ended.out


def test_a_system_names_its_file_and_judging_repeats_the_gate(swf: Swf, known: Path) -> None:
    system = known.parent / "our.system.yaml"
    system.write_text(f"{system.read_text(encoding='utf-8')}known_deviations: our.known.yaml\n", encoding="utf-8")
    arguments = ("--sut", "our.system.yaml", "--defect", "obr2-differs", "--out", "named", "swf.order-status")
    assert swf("run", *arguments).code == 0
    known.unlink()
    assert swf("judge", "named").code == 0
    assert swf("judge", "named", "--no-known").code == 1


def test_both_ways_to_say_what_is_known_exclude_each_other(swf: Swf, known: Path) -> None:
    ended = swf("judge", "run", "--known", "our.known.yaml", "--no-known")
    assert (ended.code, "--known and --no-known exclude each other" in ended.err) == (3, True)


def test_a_fault_of_the_file_is_told_with_its_place(swf: Swf, known: Path) -> None:
    broken = known.read_text(encoding="utf-8").replace("step: order", "step: odrer")
    known.write_text(broken, encoding="utf-8")
    ended = swf("run", "--sut", "our.system.yaml", "--known", "our.known.yaml")
    assert ended.code == 3
    assert "unknown step of swf.order-status `odrer`; did you mean `order`?" in ended.err


def test_a_baseline_says_what_is_violated_and_is_the_same_every_time(swf: Swf, known: Path) -> None:
    text = known.read_text(encoding="utf-8")
    assert "  # RAD-2: OBR-2.1 Placer Order Number is well formed" in text
    assert "    requirement: rad-2.omg-o19-nw/OBR-2.1\n    path: OBR-2.1\n    owner: PACS service\n" in text
    shown = swf("baseline", "run", *SIGNED, LATER)
    assert (shown.code, shown.out) == (0, text)


def test_a_baseline_adds_and_keeps_what_people_wrote(swf: Swf, known: Path) -> None:
    mine = known.read_text(encoding="utf-8").replace("# RAD-2:", "# Told to HIS team.\n  # RAD-2:")
    mine = mine.replace("reason: Repaired in release 5", "reason: mine")
    gone = """\
  # An older one.
  - {scenario: pir.case-1, step: renamed, requirement: not-offered, owner: A, reason: B, expires: "2020-01-31"}
"""
    known.write_text(mine + gone, encoding="utf-8")
    ended = swf("baseline", "run", *SIGNED, LATER, "--out", "our.known.yaml")
    assert ended.code == 0
    assert "our.known.yaml: 0 entries added, 2 kept" in ended.err
    assert re.search(r"our.known.yaml:\d+ was not seen in this run, and is kept", ended.err)
    merged = known.read_text(encoding="utf-8")
    head, _, rest = mine.partition("known:\n")
    assert merged == f"{head}known:\n{gone}{rest}"


def test_a_baseline_renews_only_when_it_is_told_to(swf: Swf, known: Path) -> None:
    old = known.read_text(encoding="utf-8").replace(LATER, "2020-01-31")
    known.write_text(old, encoding="utf-8")
    ended = swf("baseline", "run", *SIGNED, LATER, "--out", "our.known.yaml")
    assert "expired after 2020-01-31; --renew gives it the new last day" in ended.err
    assert known.read_text(encoding="utf-8") == old
    swf("baseline", "run", *SIGNED, LATER, "--out", "our.known.yaml", "--renew")
    assert known.read_text(encoding="utf-8") == old.replace("2020-01-31", LATER)


def test_a_run_with_an_error_of_ours_is_no_baseline(swf: Swf, copy: Path) -> None:
    path = copy / "run" / "run.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"verdict":"pass"', '"verdict":"error"'), encoding="utf-8")
    ended = swf("baseline", "run", *SIGNED, LATER)
    assert ended.code == 3
    assert "run has an ERROR of the harness (swf.order-status@2.5.1" in ended.err
    assert swf("baseline", "run", *SIGNED, LATER, "--force").code == 0


@pytest.mark.parametrize(("day", "text"), [("soon", "`soon` is no day written YYYY-MM-DD"), ("", "is no day")])
def test_a_baseline_has_a_last_day(swf: Swf, copy: Path, day: str, text: str) -> None:
    ended = swf("baseline", "run", *SIGNED, day)
    assert (ended.code, text in ended.err) == (3, True)


def test_a_folder_without_a_run_is_told(swf: Swf) -> None:
    ended = swf("baseline", "nothing", *SIGNED, LATER)
    assert (ended.code, "run.json cannot be read" in ended.err) == (3, True)
