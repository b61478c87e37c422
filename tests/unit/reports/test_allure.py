"""allure-results/."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

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


def test_legs_are_steps_with_the_messages_attached(sample: Sample) -> None:
    leg = results(sample)["order"]["steps"][0]
    assert leg["name"] == "to-order-filler: Order Placer (simulated) to Order Filler (Acme RIS)"
    attachment = leg["attachments"][0]
    text = (sample.out / "allure-results" / attachment["source"]).read_text()
    assert attachment["type"] == "text/plain"
    assert "PID-5.1  Family Name  Lindqvist" in text


def test_history_follows_a_step_over_runs(sample: Sample) -> None:
    first = results(sample)
    again = results(replace(sample, run=replace(sample.run, plan=replace(sample.run.plan, run="run-2"))))
    assert first["order"]["historyId"] == again["order"]["historyId"]
    assert first["order"]["uuid"] != again["order"]["uuid"]
    assert len(list((sample.out / "allure-results").glob("*-result.json"))) == 6


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", "\x1b[31m\x00", "\udc80\u202e", "../../etc/passwd", "A" * 1_000_000]
)
def test_hostile_values_stay_text_and_name_no_file(sample_with: Callable[[str], Sample], hostile: str) -> None:
    sample = sample_with(hostile)
    assert results(sample)["worklist"]["status"] == "failed"
    for path in (sample.out / "allure-results").iterdir():
        assert path.name.endswith(("-result.json", "-attachment.txt"))
        assert path.stat().st_size < 100_000
        assert "\x1b" not in path.read_text(encoding="utf-8")
