"""`swf run`: what it writes, what repeats, and that the number of jobs changes nothing."""

from __future__ import annotations

import gc
import hashlib
import json
import re
import shutil
import subprocess
import weakref
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from harness.engine.runs import let_go
from harness.model.verdict import Verdict
from harness.wiring import Finished, RunRequest, execute

Swf = Any
Ended = Any
_IDENTIFIER = re.compile(rb"2\.25\.\d+|\b[A-Z]\d{6,}\b")


class Silent:
    """Nobody looks."""

    def play_started(self, play: object) -> None: ...

    def waiting(self, play: object, step: object, seconds: float) -> None: ...

    def step_ended(self, play: object, step: object, state: str, seconds: float) -> None: ...

    def play_judged(self, result: object) -> None: ...


def played(out: Path, **options: Any) -> Finished:
    """The box alone, without reports."""
    return execute(RunRequest(suts=("none",), out=out, **options), Silent())


def verdicts(finished: Finished) -> dict[str, Verdict]:
    return {f"{play.play}/{step.step}": step.verdict for play in finished.run.plays for step in play.steps}


def test_what_a_run_holds_is_not_looked_through_for_garbage(tmp_path: Path) -> None:
    """A collection stops every thread: of a long run it takes seconds, and an answer of ours would come too late."""
    gc.unfreeze()
    finished = played(tmp_path / "run", scenarios=("neg.hl7-malformed",))
    assert len(finished.run.plays) > 0
    assert gc.get_freeze_count() > 10_000
    held = weakref.ref(finished)
    del finished
    let_go()
    assert (gc.get_freeze_count(), held()) == (0, None)


def test_a_run_passes_and_writes_every_file(scheduled: tuple[Path, Ended]) -> None:
    out, ended = scheduled
    assert ended.code == 0, ended.out + ended.err
    assert ended.err == ""
    assert {path.name for path in out.iterdir()} == {
        "allure-results",
        "badge.svg",
        "evidence",
        "junit.xml",
        "manifest.sha256",
        "report.html",
        "run.json",
        "summary.md",
    }
    assert {path.name for path in (out / "evidence").iterdir()} == {
        "manifest.sha256",
        "payload",
        "plan.json",
        "transcript.jsonl",
    }
    assert len(list((out / "allure-results").glob("*-result.json"))) == 20
    assert "swf.scheduled@2.5.1" in (out / "report.html").read_text(encoding="utf-8")
    assert json.loads((out / "run.json").read_bytes())["exit_code"] == 0


def test_the_manifests_agree_with_the_files(scheduled: tuple[Path, Ended]) -> None:
    out, _ = scheduled
    sha256sum = shutil.which("sha256sum")
    for folder in (out, out / "evidence"):
        lines = (folder / "manifest.sha256").read_text(encoding="utf-8").splitlines()
        assert len(lines) > 3
        for digest, name in (line.split("  ", 1) for line in lines):
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
        if sha256sum is not None:
            checked = subprocess.run(
                [sha256sum, "--check", "--strict", "manifest.sha256"], cwd=folder, capture_output=True, check=False
            )
            assert checked.returncode == 0, checked.stdout


def test_payloads_are_named_by_what_they_hold(scheduled: tuple[Path, Ended]) -> None:
    out, _ = scheduled
    payloads = list((out / "evidence" / "payload").iterdir())
    assert {path.suffix for path in payloads} == {".hl7", ".dcm"}
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == path.stem for path in payloads)


def test_the_junit_file_has_a_case_for_each_step(scheduled: tuple[Path, Ended]) -> None:
    out, _ = scheduled
    cases = list(ET.parse(out / "junit.xml").getroot().iter("testcase"))  # noqa: S314 - our own file
    assert len(cases) == 20
    assert all(len(case.findall("failure") + case.findall("error") + case.findall("skipped")) == 0 for case in cases)


def test_the_console_tells_plays_counts_and_the_report(scheduled: tuple[Path, Ended]) -> None:
    out, ended = scheduled
    assert "PASS          swf.scheduled@2.5.1" in ended.out
    assert "checks executed" in ended.out
    assert f"{out}/report.html" in ended.out


def test_without_out_a_new_folder_is_made(swf: Swf, tmp_path: Path) -> None:
    assert swf("run", "--sut", "none", "swf.mpps-states").code == 0
    (run,) = (tmp_path / "swf-out").iterdir()
    assert (run / "report.html").is_file()


def test_steps_that_do_not_apply_are_not_told_while_the_run_goes_on(swf: Swf) -> None:
    ended = swf("run", "--sut", "none", "swf.mpps-states")
    assert "not applicable" not in ended.out.split("Scenarios")[0]


def test_a_seed_repeats_every_identifier_whatever_the_number_of_jobs(tmp_path: Path) -> None:
    first, again, other = (
        played(tmp_path / name, seed=seed, jobs=jobs, scenarios=("pir.case-1", "swf.scheduled"))
        for name, seed, jobs in (("first", 11, 1), ("again", 11, 4), ("other", 12, 1))
    )
    identifiers = {
        finished.out.name: {
            found
            for payload in (finished.out / "evidence" / "payload").iterdir()
            for found in _IDENTIFIER.findall(payload.read_bytes())
        }
        for finished in (first, again, other)
    }
    assert len(identifiers["first"]) > 20
    assert identifiers["first"] == identifiers["again"]
    assert len(identifiers["first"] & identifiers["other"]) < 20  # root UIDs, and whatever the cases state
    patients = [
        {patient.id for assignment in one.run.plan.assignments for play in assignment.plays
         for patient in play.case.patients.values()}
        for one in (first, again, other)
    ]  # fmt: skip
    assert patients[0] == patients[1]
    assert patients[0].isdisjoint(patients[2])


def test_four_jobs_give_the_verdicts_of_one(tmp_path: Path) -> None:
    scenarios = ("swf.scheduled", "swf.mpps-states", "swf.commitment", "swf.worklist-broad", "pir.case-1", "rep.basic")
    one, four = (played(tmp_path / str(jobs), jobs=jobs, scenarios=scenarios) for jobs in (1, 4))
    assert one.run.exit_code == four.run.exit_code == 0
    assert verdicts(one) == verdicts(four)
    assert len(verdicts(one)) > 100
    assert set(verdicts(one).values()) <= {Verdict.PASS, Verdict.NONE}


def test_a_scenario_named_twice_is_played_once(swf: Swf) -> None:
    ended = swf("run", "--sut", "none", "swf.mpps-states", "swf.mpps-states")
    assert ended.code == 0
    assert "PASS  2 scenarios" in ended.out


@pytest.mark.parametrize("option", [("--strict",), ("--confidence", "verified")])
def test_the_options_of_judging_are_taken(swf: Swf, option: tuple[str, ...]) -> None:
    assert swf("run", "--sut", "none", *option, "swf.mpps-states").code == 0


def test_a_defect_that_never_took_effect_is_no_pass(swf: Swf, tmp_path: Path) -> None:
    defect = tmp_path / "idle.defect.yaml"
    defect.write_text(
        "id: idle\n"
        "title: A change of something that no image has\n"
        "deviations:\n"
        "  - {actor: Modality, transaction: RAD-8, change: remove, path: BodyPartThickness}\n"
        "detection: {scenario: swf.scheduled, step: stored, requirement: rad-8.store/status}\n",
        encoding="utf-8",
    )
    ended = swf("run", "--defect", str(defect), "--out", str(tmp_path / "out"), "swf.commitment")
    assert ended.code == 2
    assert "`remove` by Modality (RAD-8 BodyPartThickness) never took effect" in ended.out
