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
    assert [child.tag for child in case(root, "order")] == ["system-out"]
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


def test_system_out_points_to_the_evidence(sample: Sample) -> None:
    out = case(written(sample), "worklist").findtext("system-out")
    assert out == "query: fail, exchange 2, report.html#x2"


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
