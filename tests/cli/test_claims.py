"""`swf claims` and `swf statement`: what vendors claim against what runs showed."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

Swf = Any
Ended = Any


@pytest.fixture
def hospital(failed: Path, tmp_path: Path) -> Path:
    """A finished run of a hospital system that violates something, judged."""
    return Path(shutil.copytree(failed / "run", tmp_path / "run"))


def test_a_claim_that_is_contradicted_is_told_with_its_evidence(swf: Swf, hospital: Path) -> None:
    ended = swf("claims", "run")
    assert ended.code == 1
    assert "contradicted" in ended.out
    assert "our simulator" in ended.out
    assert "violated: OBR-2.1: expected" in ended.out
    assert "see run/report.html#x" in ended.out


def test_the_name_of_the_file_says_the_form_and_links_lead_to_the_report(
    swf: Swf, hospital: Path, tmp_path: Path
) -> None:
    (tmp_path / "there").mkdir()
    for name in ("there/claims.html", "claims.csv", "claims.json"):
        ended = swf("claims", "run", "--out", name)
        assert (ended.code, ended.out.splitlines()[-1].partition(":")[0]) == (1, name)
    assert 'href="../run/report.html#x' in (tmp_path / "there/claims.html").read_text(encoding="utf-8")
    assert (tmp_path / "claims.csv").read_text(encoding="utf-8").startswith("product,version,profile")
    data = json.loads((tmp_path / "claims.json").read_bytes())
    assert data["systems"][0]["claims"][0]["transactions"][0]["evidence"][0]["run"] == "run"


def test_two_runs_are_put_together(swf: Swf, hospital: Path, tmp_path: Path) -> None:
    shutil.copytree(hospital, tmp_path / "again")
    once, twice = (json.loads(swf("claims", *runs, "--format", "json").out) for runs in (["run"], ["run", "again"]))
    shown = [len(data["systems"][0]["claims"][0]["transactions"][0]["evidence"]) for data in (once, twice)]
    assert shown[1] == 2 * shown[0]
    assert len(twice["systems"]) == 1


def test_the_draft_statement_lists_nothing_that_failed(swf: Swf, hospital: Path, tmp_path: Path) -> None:
    ended = swf("statement", "run")
    assert ended.code == 0
    assert "DRAFT MADE BY A TEST" in ended.out
    assert "violated a requirement: RAD-" in ended.out
    assert swf("statement", "run", "--out", "draft.html").code == 0
    assert "Draft made by a test" in (tmp_path / "draft.html").read_text(encoding="utf-8")


def test_a_run_of_the_box_alone_claims_nothing(swf: Swf, scheduled: tuple[Path, Ended], tmp_path: Path) -> None:
    shutil.copytree(scheduled[0], tmp_path / "run")
    assert not (tmp_path / "run" / "claims.html").exists()
    ended = swf("claims", "run")
    assert (ended.code, "no system under test" in ended.out) == (2, True)


def test_a_run_writes_its_claims_beside_its_report(hospital: Path) -> None:
    page = (hospital / "claims.html").read_text(encoding="utf-8")
    assert "Claim by claim" in page
    assert 'href="report.html#x' in page
    assert "claims.html" in (hospital / "manifest.sha256").read_text(encoding="utf-8")


def test_a_run_that_was_judged_before_says_how_to_judge_it_again(swf: Swf, hospital: Path) -> None:
    data = json.loads((hospital / "run.json").read_bytes())
    del data["claimed"]
    (hospital / "run.json").write_text(json.dumps(data), encoding="utf-8")
    ended = swf("claims", "run")
    assert (ended.code, "swf judge run" in ended.err) == (3, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "nowhere/run.json cannot be read"),
        (["run", "--system", "Other"], "no run has a system called Other; there are: "),
        (["run", "--out", "missing/claims.html"], "missing/claims.html: No such file"),
    ],
)
def test_what_cannot_be_used_is_said(swf: Swf, hospital: Path, arguments: list[str], words: str) -> None:
    ended = swf("claims", *arguments)
    assert (ended.code, words in ended.err) == (3, True)


def test_a_pdf_is_written_or_it_is_said_what_to_install(swf: Swf, hospital: Path) -> None:
    ended = swf("pdf", "run")
    if importlib.util.find_spec("weasyprint") is None:
        assert (ended.code, "pip install 'swf-harness[pdf]'" in ended.err) == (3, True)
        assert not (hospital / "report.pdf").exists()
        return
    assert (ended.code, ended.out.startswith("run/report.pdf: fail, ")) == (0, True)
    assert (hospital / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert swf("judge", "run").code == 1
    assert not (hospital / "report.pdf").exists()


def test_a_pdf_of_the_claims_wants_a_file(swf: Swf, hospital: Path) -> None:
    ended = swf("claims", "run", "--format", "pdf")
    assert ended.code == 3
    assert "name it with --out" in ended.err or "pip install" in ended.err
