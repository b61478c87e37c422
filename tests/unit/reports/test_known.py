"""Known deviations in every report: each with its owner, reason and end, and never as a pass."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from harness.model.known import EntryState, EntryUse, Gate, KnownAs, KnownDeviation, KnownDeviations
from harness.model.names import PlayerName, ScenarioId, StepId
from harness.model.run import LegResult, Run, StepResult
from harness.model.verdict import Verdict
from reports.allure import REPORT as ALLURE
from reports.html.render import render
from reports.json_run import JsonRun, read_run
from reports.junit import REPORT as JUNIT
from reports.known import entry_words, gate_words, known_texts
from reports.summary import summary

Sample = Any  # the fixture's class lives in conftest.py
RIS = PlayerName("Acme RIS")
MISSING = KnownDeviation(
    scenario=ScenarioId("swf.scheduled"),
    form="2.5.1",
    step=StepId("worklist"),
    leg="query",
    system=RIS,
    requirement="consistency/study-instance-uid",
    owner="PACS service",
    reason="Repaired in release 5",
    expires="2026-06-30",
    ticket="RIS-7",
    place="our.known.yaml:2",
)
UNCLEAR = replace(MISSING, requirement="mwl-response/Modality", verdict=Verdict.INCONCLUSIVE, place="our.known.yaml:9")


def known(run: Run, *, expired: bool = False) -> Run:
    """The run, both complaints about the worklist known; the first perhaps no more."""
    entries = {MISSING.requirement: MISSING, UNCLEAR.requirement: UNCLEAR}

    def mark(entry: KnownDeviation) -> KnownAs:
        return KnownAs(entry=entry.place, expires=entry.expires, expired=expired and entry is MISSING)

    def leg(one: LegResult) -> LegResult:
        findings = tuple(
            replace(judged, known=mark(entries[judged.requirement.id])) if judged.requirement.id in entries else judged
            for judged in one.findings
        )
        return replace(one, findings=findings, verdicts={RIS: one.verdict})

    def step(one: StepResult) -> StepResult:
        return replace(one, legs=tuple(map(leg, one.legs))) if one.step == "worklist" else one

    play = run.plays[0]
    play = replace(play, steps=tuple(map(step, play.steps)))
    files = ("our.known.yaml",)
    deviations = KnownDeviations(entries=(MISSING, UNCLEAR), files=files, sha256="cd" * 32, day="2026-06-20")
    uses = (
        EntryUse(entry=MISSING, state=EntryState.SEEN, failures=1, days=-3 if expired else 10),
        EntryUse(entry=UNCLEAR, state=EntryState.SEEN, failures=1, days=200),
        EntryUse(entry=replace(MISSING, place="our.known.yaml:20"), state=EntryState.GONE, failures=0, days=200),
    )
    counts = {"known": 1, "expired": 1} if expired else {"known": 2, "expired": 0}
    gate = Gate(files=files, sha256="cd" * 32, uses=uses, **counts)
    return replace(run, plays=(play, *run.plays[1:]), plan=replace(run.plan, known=deviations), gate=gate)


def case(sample: Sample, run: Run) -> ET.Element:
    JUNIT.write(run, sample.out, sample.payload)
    root = ET.fromstring((sample.out / "junit.xml").read_bytes())  # noqa: S314 - we wrote it
    found = root.find("./testsuite[1]/testcase[@name='worklist']")
    assert found is not None
    return found


def test_a_known_step_is_skipped_for_a_build_server_and_says_by_whom(sample: Sample) -> None:
    found = case(sample, known(sample.run))
    assert [child.tag for child in found if child.tag not in ("properties", "system-out")] == ["skipped"]
    skipped = found.find("skipped")
    assert skipped is not None
    told = "PACS service, until 2026-06-30: Repaired in release 5 (RIS-7)"
    assert skipped.get("message") == f"known deviation: {told}; {told}"
    assert "KNOWN FAIL (Order Filler)" in (skipped.text or "")


def test_of_a_step_that_is_partly_known_the_rest_is_told(sample: Sample) -> None:
    found = case(sample, known(sample.run, expired=True))
    assert [child.tag for child in found if child.tag not in ("properties", "system-out")] == ["failure"]


def test_the_gate_and_each_entry_are_properties(sample: Sample) -> None:
    JUNIT.write(known(sample.run), sample.out, sample.payload)
    root = ET.fromstring((sample.out / "junit.xml").read_bytes())  # noqa: S314 - we wrote it
    found = {one.get("name"): one.get("value") for one in root.findall("./testsuite[1]/properties/property")}
    assert found["gate"] == "2 failures, all known; see our.known.yaml"
    assert "Repaired in release 5 (PACS service, until 2026-06-30 RIS-7)" in (found["known.our.known.yaml:2"] or "")


def test_allure_knows_that_it_is_known(sample: Sample) -> None:
    ALLURE.write(known(sample.run), sample.out, sample.payload)
    results = [json.loads(path.read_bytes()) for path in (sample.out / "allure-results").glob("*-result.json")]
    (worklist,) = [one for one in results if one["fullName"] == "swf.scheduled@2.5.1[Order Filler]/worklist"]
    assert worklist["status"] == "skipped"
    assert worklist["statusDetails"]["known"] is True
    assert worklist["statusDetails"]["message"].startswith("known deviation: PACS service, until 2026-06-30")


def test_the_console_lists_every_entry_what_is_urgent_first(sample: Sample) -> None:
    stream = io.StringIO()
    summary(known(sample.run, expired=True), sample.out, Console(file=stream, width=100, color_system=None))
    lines = stream.getvalue().splitlines()
    at = lines.index("Known deviations: 3 in all, 2 seen, 1 not seen any more, 1 EXPIRED; sha256 cdcdcdcdcdcd")
    assert "EXPIRED after 2026-06-30: 1 failure" in lines[at + 1]
    assert lines[at + 2] == "    Repaired in release 5 (PACS service, until 2026-06-30, RIS-7)"
    assert "not seen any more: remove it" in lines[at + 3]
    assert "2 failures: 0 new, 1 expired, 1 known; see our.known.yaml" in lines


def test_the_page_lists_them_and_says_so_at_its_top(sample: Sample) -> None:
    page = render(known(sample.run), sample.out, sample.payload)
    assert '<a href="#known">2 failures, all known; see our.known.yaml</a>' in page
    for text in ("Repaired in release 5", "PACS service", "RIS-7", "2026-06-30", "known fail", "EXPIRES in 10 days"):
        assert text in page
    assert 'id="known"' not in render(sample.run, sample.out, sample.payload)


def test_run_json_keeps_the_gate(sample: Sample) -> None:
    run = known(sample.run)
    JsonRun().write(run, sample.out, sample.payload)
    assert read_run(sample.out / "run.json") == replace(run, transcript=None)


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        (Gate(), ""),
        (Gate(files=("k.yaml",)), "No failure, known or new; known deviations: k.yaml"),
        (Gate(files=("k.yaml",), known=1), "1 failure, all known; see k.yaml"),
        (Gate(files=("k.yaml",), known=1, new=2), "3 failures: 2 new, 0 expired, 1 known; see k.yaml"),
    ],
)
def test_the_gate_in_one_line(sample: Sample, gate: Gate, words: str) -> None:
    assert gate_words(replace(sample.run, gate=gate)) == words


@pytest.mark.parametrize(
    ("days", "state", "failures", "did"),
    [
        (15, EntryState.SEEN, 2, "2 failures, known"),
        (14, EntryState.SEEN, 1, "1 failure, known; EXPIRES in 14 days"),
        (1, EntryState.SEEN, 1, "1 failure, known; EXPIRES in 1 day"),
        (0, EntryState.SEEN, 1, "1 failure, known; EXPIRES today"),
        (-1, EntryState.SEEN, 1, "EXPIRED after 2026-06-30: 1 failure"),
        (9, EntryState.SEEN, 0, "known by an earlier entry already"),
        (99, EntryState.NOT_DECIDED, 0, "not decided in this run"),
        (-1, EntryState.NOT_PLAYED, 0, "not played in this run; EXPIRED after 2026-06-30"),
    ],
)
def test_what_became_of_an_entry(sample: Sample, days: int, state: EntryState, failures: int, did: str) -> None:
    use = EntryUse(entry=MISSING, state=state, failures=failures, days=days)
    (text,) = known_texts(replace(sample.run, gate=Gate(files=("k.yaml",), uses=(use,))))
    assert text.did == did


def test_what_an_entry_is_about_in_words() -> None:
    pinned = replace(UNCLEAR, path="X", received="absent")
    assert entry_words(pinned) == (
        "swf.scheduled@2.5.1/worklist (query) mwl-response/Modality at X received absent inconclusive, for Acme RIS"
    )
