"""allure-results/."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.model.known import KnownAs, KnownDeviation, KnownDeviations
from harness.model.names import PlayId, ScenarioId
from harness.model.plan import StepRef
from harness.model.transcript import Event, EventKind
from reports.allure import REPORT

Sample = Any  # the fixture's class lives in conftest.py
Result = dict[str, Any]


def results(sample: Sample) -> dict[str, Result]:
    REPORT.write(sample.run, sample.out, sample.payload)
    found = [json.loads(path.read_text()) for path in (sample.out / "allure-results").glob("*-result.json")]
    return {result["fullName"].rpartition("/")[2]: result for result in found if "cancelled" not in result["fullName"]}


def test_each_step_is_a_result_with_its_status(sample: Sample) -> None:
    assert {name: result["status"] for name, result in results(sample).items()} == {
        "order": "passed",
        "worklist": "failed",
        "started": "skipped",
        "stored": "broken",
        "rescheduled": "broken",
    }


def test_labels_name_profile_transaction_and_actors(sample: Sample) -> None:
    labels = [(label["name"], label["value"]) for label in results(sample)["worklist"]["labels"]]
    assert ("profile", "SWF.b") in labels
    assert ("transaction", "RAD-5") in labels
    assert [value for name, value in labels if name == "actor"] == ["Modality", "Order Filler"]


def test_the_message_of_a_failure_has_its_five_parts(sample: Sample) -> None:
    details = results(sample)["worklist"]["statusDetails"]
    assert details["message"].startswith("FAIL: StudyInstanceUID: expected 2.25.1818")
    assert "reproduce: swf replay" in details["trace"]
    assert results(sample)["rescheduled"]["statusDetails"]["message"].startswith("INCONCLUSIVE: to-image-manager")


def test_legs_are_steps_with_the_messages_attached_where_something_was_found(sample: Sample) -> None:
    leg = results(sample)["order"]["steps"][0]
    assert leg["name"] == "to-order-filler: Order Placer (simulated) to Order Filler (Acme RIS), exchange 1"
    assert [step["name"].split(" ")[0] for step in leg["steps"]] == ["WARNING", "DECLARED", "6"]
    attachment = leg["attachments"][0]
    text = (sample.out / "allure-results" / attachment["source"]).read_text()
    assert attachment["type"] == "text/plain"
    assert "PID-5.1  Family Name  Lindqvist" in text


def test_a_plain_pass_attaches_nothing_and_says_where_its_messages_are(sample: Sample) -> None:
    play = sample.run.plays[1]
    step = play.steps[0]
    leg = replace(step.legs[0], findings=step.legs[0].findings[:6])
    passed = replace(play, play=PlayId("swf.passed@2.3.1"), steps=(replace(step, legs=(leg,)),))
    found = results(replace(sample, run=replace(sample.run, plays=(passed,))))["order"]["steps"][0]
    assert found["name"].endswith(", exchange 4")
    assert [step["name"] for step in found["steps"]] == ["6 met"]
    assert not found.get("attachments")
    assert not list((sample.out / "allure-results").glob("*-attachment.txt"))


def test_a_requirement_that_is_violated_often_is_one_step(sample: Sample) -> None:
    play = sample.run.plays[0]
    leg = play.steps[1].legs[0]
    many = replace(leg, findings=(leg.findings[-1],) * 300)
    failing = replace(play, steps=(replace(play.steps[1], legs=(many,)),))
    found = results(replace(sample, run=replace(sample.run, plays=(failing,))))["worklist"]["steps"][0]
    assert [step["name"].endswith("(300 times)") for step in found["steps"]] == [True]


def test_a_step_begins_when_the_recording_says_so(sample: Sample) -> None:
    play = sample.run.plays[0]
    event = Event(seq=1, time=1_763_990_004.5, kind=EventKind.STEP_STARTED, step=StepRef(play.play, play.steps[1].step))
    transcript = replace(sample.run.transcript, events=(event,))
    found = results(replace(sample, run=replace(sample.run, transcript=transcript)))
    assert (found["worklist"]["start"], found["worklist"]["stop"]) == (1_763_990_004_500, 1_763_990_004_750)
    assert found["started"]["start"] == found["worklist"]["stop"]


def test_history_follows_a_step_over_runs(sample: Sample) -> None:
    first = results(sample)
    again = results(replace(sample, run=replace(sample.run, plan=replace(sample.run.plan, run="run-2"))))
    assert first["order"]["historyId"] == again["order"]["historyId"]
    assert first["order"]["uuid"] != again["order"]["uuid"]
    assert len(list((sample.out / "allure-results").glob("*-result.json"))) == 6


def test_links_lead_to_the_report_and_to_tickets(sample: Sample) -> None:
    links = results(sample)["worklist"]["links"]
    assert [(link["type"], link["url"], link["name"]) for link in links] == [
        ("link", "../report.html#swf.scheduled@2.5.1[Order_Filler]/worklist", "report"),
        ("link", "../report.html#x2", "exchange 2"),
    ]


@pytest.mark.parametrize(
    ("ticket", "linked"),
    [
        ("https://tickets.example.org/PACS-17?tab=1", True),
        ("PACS-17", False),
        ("javascript:alert(1)", False),
        ('https://tickets.example.org/" onclick=alert(1)', False),
        ("file:///etc/passwd", False),
    ],
)
def test_a_ticket_is_a_link_where_it_is_an_address(sample: Sample, ticket: str, linked: bool) -> None:
    play = sample.run.plays[0]
    leg = play.steps[1].legs[0]
    known = KnownAs(entry="our.known.yaml:3", expires="2030-01-01")
    findings = tuple(replace(judged, known=known) if judged.verdict.rank > 1 else judged for judged in leg.findings)
    legs = (replace(leg, verdicts={"Acme RIS": leg.verdict}, findings=findings),)
    step = replace(play.steps[1], legs=legs)
    entry = KnownDeviation(
        scenario=ScenarioId("swf.scheduled"),
        step=step.step,
        requirement="*",
        owner="PACS service",
        reason="",
        expires="2030-01-01",
        ticket=ticket,
        place="our.known.yaml:3",
    )
    plan = replace(sample.run.plan, known=KnownDeviations(entries=(entry,)))
    run = replace(sample.run, plan=plan, plays=(replace(play, steps=(step,)),))
    issues = [link for link in results(replace(sample, run=run))["worklist"]["links"] if link["type"] == "issue"]
    assert [link["url"] for link in issues] == ([ticket] if linked else [])


def test_an_error_of_ours_is_sorted_apart_from_failures_of_a_product(sample: Sample) -> None:
    messages = {
        name: (result["status"], result.get("statusDetails", {}).get("message", ""))
        for name, result in results(sample).items()
    }
    categories = json.loads((sample.out / "allure-results" / "categories.json").read_text())

    def sorted_into(status: str, message: str) -> list[str]:
        fitting = (one for one in categories if status in one["matchedStatuses"])
        return [one["name"] for one in fitting if re.fullmatch(one["messageRegex"], message)][:1]

    assert {name: sorted_into(*told) for name, told in messages.items()} == {
        "order": [],
        "worklist": ["Violations"],
        "started": ["Not judged"],
        "stored": ["Errors of the harness"],
        "rescheduled": ["Inconclusive"],
    }


def test_a_violated_shall_is_critical(sample: Sample) -> None:
    severities = {
        name: [label["value"] for label in result["labels"] if label["name"] == "severity"]
        for name, result in results(sample).items()
    }
    assert (severities["worklist"], severities["order"]) == (["critical"], ["normal"])


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", "\x1b[31m\x00", "\udc80\u202e", "../../etc/passwd", "A" * 1_000_000]
)
def test_hostile_values_stay_text_and_name_no_file(sample_with: Callable[[str], Sample], hostile: str) -> None:
    sample = sample_with(hostile)
    assert results(sample)["worklist"]["status"] == "failed"
    for path in (sample.out / "allure-results").iterdir():
        own = ("environment.properties", "categories.json")
        assert path.name.endswith(("-result.json", "-attachment.txt")) or path.name in own
        assert path.stat().st_size < 100_000
        assert "\x1b" not in path.read_text(encoding="utf-8")
