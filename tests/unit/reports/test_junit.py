"""junit.xml."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.model.verdict import Verdict
from reports.junit import REPORT

Sample = Any  # the fixture's class lives in conftest.py


def written(sample: Sample) -> ET.Element:
    REPORT.write(sample.run, sample.out, sample.payload)
    return ET.fromstring((sample.out / "junit.xml").read_bytes())  # noqa: S314 - we wrote it


def case(root: ET.Element, name: str) -> ET.Element:
    found = root.find(f"./testsuite[1]/testcase[@name='{name}']")
    assert found is not None
    return found


def test_there_is_a_suite_for_each_play_and_a_case_for_each_step(sample: Sample) -> None:
    suites = written(sample).findall("testsuite")
    assert [suite.get("name") for suite in suites] == [
        "swf.scheduled@2.5.1[Order Filler]",
        "swf.cancelled@2.3.1",
    ]
    cases = suites[0].findall("testcase")
    assert [c.get("name") for c in cases] == ["order", "worklist", "started", "stored", "rescheduled"]
    assert {c.get("classname") for c in cases} == {"swf.scheduled@2.5.1[Order Filler]"}
    assert [c.get("time") for c in cases] == ["0.250000"] * 5
    assert (suites[0].get("failures"), suites[0].get("errors"), suites[0].get("skipped")) == ("1", "3", "1")


def test_each_verdict_has_its_own_element(sample: Sample) -> None:
    root = written(sample)
    assert [child.tag for child in case(root, "order")] == ["properties", "system-out"]
    fail = case(root, "worklist").find("failure")
    assert fail is not None
    assert fail.get("message", "").startswith("StudyInstanceUID: expected 2.25.1818")
    assert "see report.html#x2 ; reproduce: swf replay" in (fail.text or "")
    assert [e.get("type") for e in case(root, "worklist").findall("error")] == ["inconclusive"]
    assert [e.get("type") for e in case(root, "stored").findall("error")] == ["error"]
    assert [e.get("type") for e in case(root, "rescheduled").findall("error")] == ["inconclusive"]
    skipped = case(root, "started").find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "to-order-filler: inside the product"


def test_our_error_never_hides_their_failure(sample: Sample) -> None:
    play = sample.run.plays[0]
    leg = play.steps[1].legs[0]
    both = replace(leg, findings=(*leg.findings, *play.steps[3].legs[0].findings), verdict=Verdict.ERROR)
    step = replace(play.steps[1], legs=(both,), verdict=Verdict.ERROR)
    run = replace(sample.run, plays=(replace(play, steps=(step,)),))
    found = case(written(replace(sample, run=run)), "worklist")
    assert found.find("failure") is not None
    assert {e.get("type") for e in found.findall("error")} == {"error", "inconclusive"}


def test_a_play_that_never_began_is_not_absent(sample: Sample) -> None:
    play = replace(sample.run.plays[0], steps=(), verdict=Verdict.ERROR, reason="the department did not start")
    root = written(replace(sample, run=replace(sample.run, plays=(play,))))
    error = case(root, "play").find("error")
    assert error is not None
    assert error.get("message") == "the department did not start"


def test_system_out_says_who_did_what_and_points_to_the_evidence(sample: Sample) -> None:
    out = case(written(sample), "worklist").findtext("system-out") or ""
    assert out.splitlines() == [
        "worklist [RAD-5] Query Modality Worklist: FAIL, 6 checks, 0.25 s",
        "  query: Modality (simulated) -> Order Filler (Acme RIS): FAIL",
        "    exchange 2  report.html#x2",
    ]


def test_what_an_operator_did_is_in_the_output(sample: Sample) -> None:
    play = sample.run.plays[0]
    step = replace(play.steps[0], operator=("asked to send the order", "done\x1b[2J"))
    run = replace(sample.run, plays=(replace(play, steps=(step,)),))
    out = case(written(replace(sample, run=run)), "order").findtext("system-out") or ""
    assert out.splitlines()[-2:] == ["  operator: asked to send the order", "  operator: done\\x1b[2J"]


def test_each_case_has_properties_of_its_own(sample: Sample) -> None:
    root = written(sample)
    found = {one.get("name"): one.get("value") for one in case(root, "worklist").findall("./properties/property")}
    assert found == {
        "id": "swf.scheduled@2.5.1[Order Filler]/worklist",
        "transaction": "RAD-5",
        "title": "Query Modality Worklist",
        "verdict": "fail",
        "checks": "6",
        "actors": "Modality (simulated), Order Filler (Acme RIS)",
        "violated": "consistency/study-instance-uid",
        "report": "report.html#swf.scheduled@2.5.1[Order_Filler]/worklist",
    }
    assert root.find("testsuite").get("package") == "SWF.b"  # type: ignore[union-attr]


def test_ids_hold_over_runs(sample: Sample) -> None:
    def ids(root: ET.Element) -> list[tuple[str | None, str | None]]:
        return [(one.get("classname"), one.get("name")) for one in root.iter("testcase")]

    other = replace(sample.run, plan=replace(sample.run.plan, run="run-2", seed=43, started="2026-01-01T00:00:00"))
    assert ids(written(sample)) == ids(written(replace(sample, run=other)))


def test_times_add_up(sample: Sample) -> None:
    root = written(sample)
    for one in root.findall("testsuite"):
        seconds = sum(float(case.get("time", 0)) for case in one.findall("testcase"))
        assert float(one.get("time", 0)) == pytest.approx(seconds)
    assert float(root.get("time", 0)) == pytest.approx(sum(float(one.get("time", 0)) for one in root))


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("]]></failure>", "]]></failure>"),
        ("\x00\x1b[31m\x0b", "\\x00\\x1b[31m\\x0b"),
        ("\udc80\ufffe", "\\udc80\\ufffe"),
        ("A" * 1_000_000, "... (1000000 characters)"),
    ],
)
def test_hostile_values_stay_text(sample_with: Callable[[str], Sample], hostile: str, shown: str) -> None:
    root = written(sample_with(hostile))
    failure = case(root, "worklist").find("failure")
    assert failure is not None
    assert f"expected {shown}" in (failure.text or "") or shown in (failure.text or "")
    assert len(ET.tostring(root)) < 100_000
