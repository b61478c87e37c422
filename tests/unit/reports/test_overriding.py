"""Overrides and attestations are told in every report, with who wants them, why, and what they changed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from harness.model.names import ActorName, PlayerName
from harness.model.override import Effect, Override, Overrides, OverrideUse, Overruled, RowChange, VerdictChange
from harness.model.run import JudgedFinding, Run
from harness.model.system import Attestation, Claim, System
from harness.model.verdict import Outcome, Verdict
from reports.allure import Allure
from reports.console import summary
from reports.html.render import render
from reports.json_run import JsonRun, read_run
from reports.junit import JUnit
from reports.overriding import override_texts, overruled_words, says

Sample = Any  # the fixture's class lives in conftest.py

WEAKENED = Override(
    requirement="rad-2.*/ack-code",
    effect=Effect.WEAKEN,
    reason="The engine of the site answers for the product",
    author="HIS team",
    expires="2026-06-30",
    systems=(PlayerName("Acme RIS"),),
    place="site.yaml:2",
)
OLD = replace(WEAKENED, effect=Effect.OFF, systems=(), expires="2025-01-31", place="site.yaml:9")
STATED = Attestation(requirement="rad-8.store/kept", statement="Emptied by hand", by="HIS team", date="2026-05-04")


def overridden(run: Run) -> Run:
    """The run with one override that changed a verdict, one that has expired, and an attestation."""
    changes = (VerdictChange(before=Verdict.FAIL, after=Verdict.PASS, count=2),)
    system = System(
        name=PlayerName("Acme RIS"),
        claims=(Claim(profile="SWF", actors=(ActorName("Order Filler"),)),),
        attestations=(STATED,),
    )
    overrides = Overrides(entries=(WEAKENED, OLD), files=("site.yaml",), sha256="ab" * 32, day="2026-05-04")
    return replace(
        run,
        plan=replace(run.plan, overrides=overrides, systems=(system,)),
        overrides=(
            OverrideUse(override=WEAKENED, expired=False, findings=3, changes=changes),
            OverrideUse(override=OLD, expired=True),
        ),
        plays=(_told(run), *run.plays[1:]),
    )


def _told(run: Run) -> Any:
    """The first play, in which the warning is an override's doing."""
    told = Overruled(override=WEAKENED.place, outcome=Outcome.VIOLATED, verdict=Verdict.FAIL)

    def of(judged: JudgedFinding) -> JudgedFinding:
        return replace(judged, overruled=told) if judged.warning else judged

    play = run.plays[0]
    steps = tuple(
        replace(step, legs=tuple(replace(leg, findings=tuple(map(of, leg.findings))) for leg in step.legs))
        for step in play.steps
    )
    return replace(play, steps=steps)


def test_the_expired_ones_come_first_and_each_says_what_it_did(sample: Sample) -> None:
    old, weakened = override_texts(overridden(sample.run))
    assert (old.place, old.expired, old.did) == ("site.yaml:9", True, "EXPIRED after 2025-01-31: it did not apply")
    assert weakened.says == "weaken rad-2.*/ack-code, for Acme RIS"
    assert weakened.did == "3 findings: 2 from fail to pass"


def test_what_a_changed_row_demands_is_said() -> None:
    to = RowChange(use="O", values=("SC", "NW"))
    entry = replace(WEAKENED, effect=Effect.CHANGE, to=to, path="ORC-5", systems=())
    assert says(entry) == "change rad-2.*/ack-code to use O; values SC, NW at ORC-5"


def test_an_override_that_changed_nothing_says_so(sample: Sample) -> None:
    run = replace(sample.run, overrides=(OverrideUse(override=WEAKENED, expired=False, findings=1),))
    assert override_texts(run)[0].did == "changed no verdict (1 finding)"


def test_the_console_tells_overrides_attestations_and_the_rule_set(sample: Sample) -> None:
    stream = io.StringIO()
    summary(overridden(sample.run), sample.out, Console(file=stream, width=100, color_system=None))
    lines = stream.getvalue().splitlines()
    at = lines.index("Overrides: 2 in all, 1 changed a verdict, 1 EXPIRED and did not apply; sha256 abababababab")
    assert lines[at + 1].startswith("  site.yaml:9  off rad-2.*/ack-code: EXPIRED after 2025-01-31")
    assert lines[at + 4] == "    The engine of the site answers for the product (HIS team, until 2026-06-30)"
    assert "  Acme RIS: rad-8.store/kept: Emptied by hand (HIS team, 2026-05-04)" in lines
    assert any(f"rule set {sample.run.plan.rule_set[:12]}" in line for line in lines)


def test_run_json_keeps_them_whole(sample: Sample) -> None:
    run = overridden(sample.run)
    JsonRun().write(run, sample.out, sample.payload)
    data = json.loads((sample.out / "run.json").read_text(encoding="utf-8"))
    assert [one["expired"] for one in data["overrides"]] == [False, True]
    assert data["overrides"][0]["changes"] == [{"before": "fail", "after": "pass", "count": 2}]
    assert data["plan"]["overrides"]["sha256"] == "ab" * 32
    assert data["plan"]["rule_set"] == sample.run.plan.rule_set
    assert read_run(sample.out / "run.json") == replace(run, transcript=None)


def test_the_page_tells_them_and_both_digests(sample: Sample) -> None:
    page = render(overridden(sample.run), sample.out, sample.payload)
    assert '<a href="#overrides">Overrides <b>2</b></a>' in page
    for text in ("weaken rad-2.*/ack-code, for Acme RIS", "EXPIRED after 2025-01-31", "Emptied by hand", "ab" * 32):
        assert text in page
    assert "by override site.yaml:2, else FAIL" in page
    assert sample.run.plan.rule_set in page


def test_a_page_without_any_has_no_such_section(sample: Sample) -> None:
    page = render(sample.run, sample.out, sample.payload)
    assert 'id="overrides"' not in page
    assert 'id="attested"' not in page


def test_junit_has_them_as_properties(sample: Sample) -> None:
    JUnit().write(overridden(sample.run), sample.out, sample.payload)
    text = (sample.out / "junit.xml").read_text(encoding="utf-8")
    assert 'name="override.site.yaml:9"' in text
    assert "EXPIRED after 2025-01-31: it did not apply; The engine of the site answers" in text
    assert 'name="attested.Acme RIS.rad-8.store/kept"' in text


def test_allure_has_them_in_its_environment(sample: Sample) -> None:
    Allure().write(overridden(sample.run), sample.out, sample.payload)
    folder = sample.out / "allure-results"
    facts = dict(
        line.split("=", 1) for line in (folder / "environment.properties").read_text(encoding="utf-8").splitlines()
    )
    assert facts["rule.set"] == sample.run.plan.rule_set
    assert facts["override.site.yaml_2"].startswith("weaken rad-2.*/ack-code, for Acme RIS: 3 findings: 2 from fail")
    results = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*-result.json"))
    assert "(by override site.yaml:2, else FAIL)" in results


def test_a_finding_that_no_override_concerns_says_nothing(sample: Sample) -> None:
    findings = [
        judged for play in sample.run.plays for step in play.steps for leg in step.legs for judged in leg.findings
    ]
    assert {overruled_words(judged) for judged in findings} == {""}


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", "\x1b[31m\x00", "a\nb=c", "\udc80"])
def test_hostile_reasons_stay_text(sample_with: Callable[[str], Sample], hostile: str) -> None:
    sample = sample_with("")
    run = overridden(sample.run)
    entry = replace(WEAKENED, reason=hostile)
    run = replace(run, overrides=(OverrideUse(override=entry, expired=False),))
    page = render(run, sample.out, sample.payload)
    assert "<script>alert" not in page
    Allure().write(run, sample.out, sample.payload)
    lines = (sample.out / "allure-results" / "environment.properties").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 4
