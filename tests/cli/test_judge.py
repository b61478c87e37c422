"""`swf judge`: the same verdicts from the same evidence, and whatever was altered is told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

Swf = Any
Ended = Any


@pytest.fixture
def copy(scheduled: tuple[Path, Ended], tmp_path: Path) -> Path:
    """A finished run that may be altered."""
    return Path(shutil.copytree(scheduled[0], tmp_path / "run"))


def judgement(out: Path) -> dict[str, Any]:
    """run.json without what belongs to the moment of judging."""
    found: dict[str, Any] = json.loads((out / "run.json").read_bytes())
    found.pop("environment", None)
    return found


def test_the_second_judgement_is_the_first(swf: Swf, scheduled: tuple[Path, Ended], copy: Path) -> None:
    for name in ("run.json", "report.html", "junit.xml", "manifest.sha256"):
        (copy / name).unlink()
    ended = swf("judge", "run")
    assert ended.code == 0
    assert judgement(copy) == judgement(scheduled[0])
    assert (copy / "report.html").is_file()
    assert (copy / "junit.xml").is_file()


def test_judging_twice_gives_the_same_files(swf: Swf, copy: Path) -> None:
    swf("judge", "run")
    manifest = (copy / "manifest.sha256").read_bytes()
    swf("judge", "run")
    assert (copy / "manifest.sha256").read_bytes() == manifest


def test_the_evidence_is_not_touched(swf: Swf, copy: Path) -> None:
    before = {path: path.read_bytes() for path in (copy / "evidence").rglob("*") if path.is_file()}
    swf("judge", "run")
    assert {path: path.read_bytes() for path in (copy / "evidence").rglob("*") if path.is_file()} == before


def test_an_altered_payload_is_told(swf: Swf, copy: Path) -> None:
    payload = next((copy / "evidence" / "payload").glob("*.hl7"))
    payload.write_bytes(payload.read_bytes().replace(b"LINDGREN", b"LINDGRAN") + b" ")
    ended = swf("judge", "run")
    assert f"evidence/payload/{payload.name} was altered since the run was sealed" in ended.out


def test_a_missing_payload_is_told(swf: Swf, copy: Path) -> None:
    payload = next((copy / "evidence" / "payload").glob("*.dcm"))
    payload.unlink()
    ended = swf("judge", "run")
    assert ended.code == 3
    assert payload.name in ended.err
    assert "Traceback" not in ended.err


def test_an_altered_transcript_is_told(swf: Swf, copy: Path) -> None:
    transcript = copy / "evidence" / "transcript.jsonl"
    transcript.write_bytes(transcript.read_bytes() + b"\n")
    assert "evidence/transcript.jsonl was altered" in swf("judge", "run").out


@pytest.mark.parametrize("name", ["transcript.jsonl", "plan.json"])
def test_unreadable_evidence_is_told_with_its_place(swf: Swf, copy: Path, name: str) -> None:
    path = copy / "evidence" / name
    path.write_bytes(b"\x00\xff not a record\n" + path.read_bytes())
    ended = swf("judge", "run")
    assert ended.code == 3
    assert name in ended.err
    assert "Traceback" not in ended.err


def test_strictness_is_chosen_when_judging(swf: Swf, copy: Path) -> None:
    assert swf("judge", "run", "--strict").code == 0
    believed = judgement(copy)
    assert swf("judge", "run", "--confidence", "verified").code == 0
    verified = judgement(copy)
    assert believed["verdict"] == verified["verdict"] == "pass"


def test_a_violation_that_is_only_believed_fails_no_system_when_only_verified_may(swf: Swf, tmp_path: Path) -> None:
    (tmp_path / "placer.system.yaml").write_text(
        "name: reference\nlaunch: reference\nbinding: each\nclaims: [{profile: SWF.b, actors: [Order Placer]}]\n",
        encoding="utf-8",
    )
    ran = swf("run", "--sut", "placer.system.yaml", "--defect", "obr2-differs", "--out", "run", "swf.mpps-states")
    assert ran.code == 1
    assert swf("judge", "run").code == 1
    assert "(believed)" in ran.out
    assert swf("judge", "run", "--confidence", "verified").code != 1
