"""Running: the verdicts of a play are the outcomes of its items, in the same words and files as `swf run`."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

Pytest = Any


def test_every_step_is_an_item_with_its_verdict(run_pytest: Pytest, scenario: Any) -> None:
    scenario("one")
    ended = run_pytest("--sut", "none", "-v", "--swf-out", "out", "--swf-seed", "3")
    assert ended.code == 0, ended.text
    assert ended.outcomes() == {
        "one.scenario.yaml::2.5.1::register": "PASSED",
        "one.scenario.yaml::2.5.1::order": "PASSED",
    }
    assert re.search(r"^PASS: \d+ checks executed; seed 3; report: .*out/report\.html$", ended.text, re.MULTILINE)


def test_the_files_are_those_of_the_command(run_pytest: Pytest, scenario: Any) -> None:
    scenario("one")
    ended = run_pytest("--sut", "none", "--swf-out", "out")
    assert {path.name for path in (ended.folder / "out").iterdir()} == {
        "allure-results",
        "badge.svg",
        "evidence",
        "junit.xml",
        "manifest.sha256",
        "report.html",
        "run.json",
        "summary.md",
    }
    judged = subprocess.run(
        [sys.executable, "-m", "harness.cli", "judge", "out"], cwd=ended.folder, capture_output=True, check=False
    )
    assert judged.returncode == 0
    assert b"interrupted" not in judged.stdout


def test_selecting_a_step_runs_its_play_whole_and_no_other(run_pytest: Pytest, scenario: Any) -> None:
    scenario("one")
    scenario("two", ("id: order,", "id: booked,"))
    ended = run_pytest("--sut", "none", "-v", "-k", "booked", "--swf-out", "out")
    assert ended.outcomes() == {"two.scenario.yaml::2.5.1::booked": "PASSED"}
    run = json.loads((ended.folder / "out" / "run.json").read_bytes())
    assert [play["play"] for play in run["plays"]] == ["own.two@2.5.1"]
    assert len(run["plays"][0]["steps"]) == 2
    judged = subprocess.run(
        [sys.executable, "-m", "harness.cli", "judge", "out"], cwd=ended.folder, capture_output=True, check=False
    )
    assert judged.returncode == 0
    assert b"interrupted" not in judged.stdout


def test_a_failure_is_told_in_our_words_without_a_traceback(run_pytest: Pytest, scenario: Any, system: Any) -> None:
    scenario("one")
    ended = run_pytest("-v", "--sut", system("Order Placer"), "--defect", "obr2-differs", "--swf-out", "out")
    assert ended.code == 1
    assert re.search(r"one\.scenario\.yaml:8  order \[RAD-2\]  FAIL \(Order Placer\)", ended.text)
    assert re.search(r"OBR-2\.1: expected \S+ as in ORC-2\.1, received WRONG\d+", ended.text)
    assert "requirement rad-2.omg-o19-nw/OBR-2.1" in ended.text
    assert "see report.html#" in ended.text
    assert "Traceback" not in ended.text
    assert "collecting.py" not in ended.text
    assert re.search(r"1 failed, 1 passed", ended.text)


def test_a_known_failure_is_expected_with_its_reason_and_a_new_one_fails(
    run_pytest: Pytest, scenario: Any, system: Any, project: Path
) -> None:
    scenario("one")
    scenario("two")
    (project / "our.known.yaml").write_text(
        "known:\n  - {scenario: own.one, step: order, requirement: rad-2.omg-o19-nw/OBR-2.1, owner: PACS service, "
        'reason: Repaired soon, expires: "2999-12-31"}\n',
        encoding="utf-8",
    )
    common = ("-rx", "--sut", system("Order Placer"), "--defect", "obr2-differs", "--known", "our.known.yaml")
    ended = run_pytest(*common, "--junitxml", "junit.xml", "one.scenario.yaml")
    assert ended.code == 0, ended.text
    assert re.search(r"1 passed, 1 xfailed", ended.text)
    assert "known deviation: PACS service, until 2999-12-31: Repaired soon" in ended.text
    assert "1 failure, all known; see our.known.yaml" in ended.text
    (skipped,) = ET.parse(ended.folder / "junit.xml").getroot().iter("skipped")  # noqa: S314 - pytest's file
    assert skipped.get("type") == "pytest.xfail"
    ended = run_pytest(*common)
    assert ended.code == 1
    assert re.search(r"1 failed, 2 passed, 1 xfailed", ended.text)


def test_the_first_failure_can_end_the_session_before_later_plays(
    run_pytest: Pytest, scenario: Any, system: Any
) -> None:
    scenario("one")
    scenario("two")
    sut = system("Order Placer")
    ended = run_pytest("-x", "--sut", sut, "--defect", "obr2-differs", "--swf-out", "out")
    assert ended.code == 1
    run = json.loads((ended.folder / "out" / "run.json").read_bytes())
    assert [play["play"] for play in run["plays"]] == ["own.one@2.5.1[Order Placer]"]


def test_inconclusive_is_an_error_and_never_a_skip(run_pytest: Pytest, scenario: Any, project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    (project / "nothing.system.yaml").write_text(
        "name: Nothing\nclaims: [{profile: SWF.b, actors: [Order Filler]}]\n"
        f"actors:\n  Order Filler:\n    hl7: {{application: A, facility: B, port: {port}}}\n",
        encoding="utf-8",
    )
    scenario("one")
    ended = run_pytest("--sut", "nothing.system.yaml", "--junitxml", "junit.xml")
    assert ended.code == 1
    assert "INCONCLUSIVE (Order Filler)" in ended.text
    assert "refused" in ended.text
    assert "Traceback" not in ended.text
    assert re.search(r"\b2 errors", ended.text)
    cases = list(ET.parse(ended.folder / "junit.xml").getroot().iter("testcase"))  # noqa: S314 - pytest's file
    assert [len(case.findall("error")) for case in cases] == [1, 1]
    assert all(case.find("skipped") is None for case in cases)


def test_what_is_not_judged_is_skipped_with_its_reason(run_pytest: Pytest, scenario: Any, system: Any) -> None:
    illegal = "transaction: RAD-2, from: Order Placer, control: NW, deviation: {actor: Order Placer, change: never}"
    scenario("one", ("transaction: RAD-2, from: Order Placer, control: NW", illegal))
    ended = run_pytest("-rs", "--sut", system("Order Placer"))
    assert ended.code == 0, ended.text
    assert "1 passed, 1 skipped" in ended.text
    assert "would have to misbehave, which a system under test is never asked to" in ended.text


def test_properties_reach_the_junit_file(run_pytest: Pytest, scenario: Any) -> None:
    scenario("one")
    ended = run_pytest("--sut", "none", "--junitxml", "junit.xml")
    cases = list(ET.parse(ended.folder / "junit.xml").getroot().iter("testcase"))  # noqa: S314 - pytest's file
    found = [{each.get("name"): each.get("value") for each in case.iter("property")} for case in cases]
    assert found == [
        {"transaction": name, "profile": "SWF.b", "scenario": "own.one@2.5.1", "verdict": "pass"}
        for name in ("RAD-1", "RAD-2")
    ]


def test_a_port_of_ours_that_is_taken_is_an_error_in_words(run_pytest: Pytest, scenario: Any, project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (project / "busy.system.yaml").write_text(
            "name: Busy\nclaims: [{profile: SWF.b, actors: [Order Filler]}]\n"
            "actors:\n  Order Filler:\n    hl7: {application: A, facility: B, port: 104}\n"
            f"department:\n  Order Placer: {{hl7_port: {port}}}\n",
            encoding="utf-8",
        )
        scenario("one")
        ended = run_pytest("--sut", "busy.system.yaml")
    assert ended.code != 0
    assert f"the simulated Order Placer: cannot listen on 127.0.0.1:{port}" in ended.text
    assert "Traceback" not in ended.text


def test_an_out_folder_with_evidence_is_an_error_in_words(run_pytest: Pytest, scenario: Any) -> None:
    scenario("one")
    assert run_pytest("--sut", "none", "--swf-out", "out").code == 0
    ended = run_pytest("--sut", "none", "--swf-out", "out")
    assert ended.code != 0
    assert "out/evidence holds the evidence of an earlier run; give another --out folder" in ended.text
    assert "Traceback" not in ended.text


def test_allure_takes_the_items(run_apart: Pytest, scenario: Any, system: Any) -> None:
    scenario("one")
    sut = system("Order Placer")
    ended = run_apart("--sut", sut, "--defect", "obr2-differs", "--alluredir", "allure", "--swf-out", "out")
    results = [json.loads(path.read_bytes()) for path in (ended.folder / "allure").glob("*-result.json")]
    assert {result["name"]: result["status"] for result in results} == {"register": "passed", "order": "failed"}
    (failure,) = [result for result in results if result["status"] == "failed"]
    assert "OBR-2.1: expected" in failure["statusDetails"]["message"] + failure["statusDetails"]["trace"]


def test_a_keyboard_interrupt_leaves_a_report_that_says_so(scenario: Any, project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        (project / "mute.system.yaml").write_text(
            "name: Mute\nclaims: [{profile: SWF.b, actors: [Order Filler]}]\nactors:\n  Order Filler:\n"
            f"    hl7: {{application: A, facility: B, port: {mute.getsockname()[1]}}}\n"
            "times: {answer: 60, act: 60}\n",
            encoding="utf-8",
        )
        scenario("one")
        with subprocess.Popen(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--sut", "mute.system.yaml", "--swf-out", "out"],
            cwd=project,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # whoever runs the tests in the background may have SIGINT ignored, which is inherited
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as process:
            mute.settimeout(60.0)
            connection, _ = mute.accept()
            with connection:
                process.send_signal(signal.SIGINT)
                text, _ = process.communicate(timeout=60.0)
    assert process.returncode == 2
    assert "KeyboardInterrupt" in text
    assert "INCONCLUSIVE: " in text
    assert "interrupted" in (project / "out" / "report.html").read_text(encoding="utf-8")
