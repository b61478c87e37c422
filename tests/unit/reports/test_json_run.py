"""run.json."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import RecordingError
from harness.model.finding import Evidence
from harness.model.names import HARNESS, CheckName, ExchangeId, LegId, PlayId, StepId
from harness.model.plan import Assignment, LegState, PlannedLeg, PlannedStep, Play
from harness.model.profile import Leg, LinkKind, Transaction
from harness.model.run import JudgedFinding, Run, Why
from harness.model.scenario import Scenario
from harness.model.transcript import Half
from harness.model.verdict import Outcome, Owner, Reason, Verdict
from harness.profiles import knowledge
from harness.wiring import Workshop, workshop
from reports.json_run import FORMAT, MET_COLUMNS, REPORT, read_run, run_json

Sample = Any  # the fixture's class lives in conftest.py


def written(sample: Sample, run: Run | None = None) -> Path:
    REPORT.write(run or sample.run, sample.out, sample.payload)
    path: Path = sample.out / "run.json"
    return path


def plain(run: Run) -> Run:
    """The run with findings as the judge makes them: step and leg are named, the check is the requirement's own."""
    check = CheckName("hl7.table")

    def of(judged: JudgedFinding, step: StepId, leg: LegId) -> JudgedFinding:
        return replace(
            judged,
            finding=replace(judged.finding, step=step, leg=leg),
            requirement=replace(judged.requirement, check=check),
        )

    plays = []
    for play in run.plays:
        steps = []
        for step in play.steps:
            legs = tuple(
                replace(leg, findings=tuple(of(judged, step.step, leg.leg) for judged in leg.findings))
                for leg in step.legs
            )
            steps.append(replace(step, legs=legs))
        plays.append(replace(play, steps=tuple(steps)))
    return replace(run, plays=tuple(plays))


def test_the_run_is_read_back_as_it_was_without_its_transcript(sample: Sample) -> None:
    path = written(sample)
    data = json.loads(path.read_text(encoding="utf-8"))
    assert (data["format"], data["schema"]) == (FORMAT, "swf-run/1")
    assert "transcript" not in data
    assert read_run(path) == replace(sample.run, transcript=None)


def test_a_plainly_met_requirement_is_a_row_and_everything_else_an_object(sample: Sample) -> None:
    run = plain(sample.run)
    path = written(sample, run)
    data = json.loads(path.read_text(encoding="utf-8"))
    leg = data["plays"][0]["steps"][0]["legs"][0]
    assert len(leg["met"]) == 6
    assert dict(zip(data["met_columns"], leg["met"][0], strict=True)) == {
        "requirement": "rad-2.omg-o19/PID-1",
        "actor": "Order Filler",
        "exchange": 1,
        "response": None,
        "path": "PID-3.1",
        "expected": "",
        "received": "",
        "origin": "",
    }
    assert [(one["at"], one["outcome"]) for one in leg["findings"]] == [(6, "violated"), (7, "violated")]
    assert data["tables"]["requirements"]["rad-2.omg-o19/PID-1"]["citation"]["text"] == "RAD TF-2: 4.5"
    assert read_run(path) == replace(run, transcript=None)


@pytest.mark.parametrize(
    "change",
    [
        {"player": HARNESS},
        {"owner": Owner.ENVIRONMENT},
        {"why": Why(reason=Reason.COPIED_FROM, player=HARNESS, exchange=ExchangeId(3), path="PID-3.1")},
        {"finding": {"given": Evidence(exchange=ExchangeId(1), path="PID-3.1")}},
        {"verdict": Verdict.NONE},
        {"warning": True},
        {"declared": True},
        {"finding": {"outcome": Outcome.NOT_APPLICABLE}},
        {"finding": {"evidence": None}},
        {"finding": {"evidence": Evidence(exchange=ExchangeId(1), response=3)}},
        {"finding": {"evidence": Evidence(exchange=ExchangeId(1), half=Half.RESPONSE, response=3)}},
        {"finding": {"step": None}},
        {"finding": {"step": StepId("another")}},
        {"finding": {"leg": "another"}},
        {"finding": {"check": CheckName("another")}},
        {"finding": {"actor": "Modality"}},
        {"finding": {"expected": "\u00c5", "received": "b", "origin": "c"}},
        {"requirement": {"text": "of another rule set"}},
        {"requirement": {"check": None}},
    ],
)
def test_whatever_is_unusual_about_a_finding_and_its_place_among_others_is_kept(
    sample: Sample, change: dict[str, Any]
) -> None:
    run = plain(sample.run)
    play = run.plays[0]
    leg = play.steps[0].legs[0]
    odd = leg.findings[2]
    fields = {
        name: replace(getattr(odd, name), **value) if isinstance(value, dict) else value
        for name, value in change.items()
    }
    findings = (*leg.findings[:2], replace(odd, **fields), *leg.findings[3:])
    step = replace(play.steps[0], legs=(replace(leg, findings=findings),))
    run = replace(run, plays=(replace(play, steps=(step,)), *run.plays[1:]))
    assert read_run(written(sample, run)) == replace(run, transcript=None)


def planned(transaction: Transaction, legs: tuple[Leg, ...], scenario: Scenario, shop: Workshop, name: str) -> Play:
    step = next(step for step in scenario.steps if step.transaction == transaction.id)
    return Play(
        id=PlayId(name),
        scenario=scenario,
        form="2.5.1",
        profile="SWF.b",
        case=next(iter(shop.cases().values())),
        steps=(
            PlannedStep(
                step=step,
                transaction=transaction,
                legs=tuple(
                    PlannedLeg(leg=leg, state=LegState.LIVE, initiator=HARNESS, responder=HARNESS) for leg in legs
                ),
                initiator=HARNESS,
            ),
        ),
    )


def test_what_a_plan_repeats_is_said_once(sample: Sample) -> None:
    shop = workshop()
    transaction = next(iter(knowledge().transactions.values()))
    scenario = next(one for one in shop.scenarios(()) if any(step.transaction == transaction.id for step in one.steps))
    changed = replace(transaction, title="as an older rule set had it")
    odd = replace(transaction.legs[0], link=LinkKind.DIMSE, checks=())
    plays = (
        planned(transaction, transaction.legs, scenario, shop, "a@2.5.1"),
        planned(transaction, transaction.legs, scenario, shop, "b@2.5.1"),
        planned(changed, (odd,), replace(scenario, title="another"), shop, "c@2.5.1"),
    )
    assignment = Assignment(id="one", ours={}, theirs=(), serves={}, plays=plays)
    run = replace(sample.run, plan=replace(sample.run.plan, assignments=(assignment,)))
    path = written(sample, run)
    data = json.loads(path.read_text(encoding="utf-8"))
    assert list(data["tables"]["transactions"]) == [transaction.id, f"{transaction.id}~2"]
    assert list(data["tables"]["scenarios"]) == [scenario.id, f"{scenario.id}~2"]
    stored = data["plan"]["assignments"][0]["plays"]
    assert [play["scenario"] for play in stored] == [scenario.id, scenario.id, f"{scenario.id}~2"]
    assert stored[0]["steps"][0]["legs"][0]["leg"] == transaction.legs[0].id
    assert stored[2]["steps"][0]["legs"][0]["leg"]["link"] == "dimse"
    assert read_run(path) == replace(run, transcript=None)


@pytest.mark.parametrize(
    ("hostile", "read"),
    [("</script>\x00\x1b", "</script>\x00\x1b"), ("\udc80", "\\udc80"), ("x" * 1_000_000, "x" * 1_000_000)],
)
def test_hostile_values_are_kept_whole(sample_with: Callable[[str], Sample], hostile: str, read: str) -> None:
    data = json.loads(run_json(sample_with(hostile).run).encode("utf-8"))
    assert data["environment"]["pydicom"] == read
    assert data["plays"][0]["steps"][3]["legs"][0]["findings"][0]["received"] == read


def test_a_backslash_before_a_surrogate_stays_one(sample: Sample) -> None:
    run = replace(sample.run, environment={"a": "\\\udc80", "b": "\\udc80"})
    assert json.loads(run_json(run))["environment"] == {"a": "\\\\udc80", "b": "\\udc80"}


def test_each_play_has_its_own_line(sample: Sample) -> None:
    lines = run_json(sample.run).splitlines()
    assert sum(line.startswith('{"play":') for line in lines) == len(sample.run.plays)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "No such file"),
        ("{", "cannot be read"),
        ("[]", "laid out as None"),
        ('{"format": "swf-run-json/1"}', "laid out as 'swf-run-json/1', not as"),
        ('{"format": "swf-run-json/2"}', "cannot be read"),
    ],
)
def test_what_is_no_run_is_refused_with_the_reason(tmp_path: Path, text: str | None, says: str) -> None:
    path = tmp_path / "run.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(RecordingError, match=says):
        read_run(path)


def test_a_name_that_is_in_no_table_is_refused(sample: Sample) -> None:
    path = written(sample)
    data = json.loads(path.read_text(encoding="utf-8"))
    data["tables"]["requirements"] = {}
    path.write_text(json.dumps(data))
    with pytest.raises(RecordingError, match="in none of its tables"):
        read_run(path)


def test_an_unknown_key_is_refused(sample: Sample) -> None:
    path = written(sample)
    data = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**data, "surprise": 1}))
    with pytest.raises(RecordingError, match="cannot be read"):
        read_run(path)


def test_the_columns_of_a_row_are_told() -> None:
    assert MET_COLUMNS[:4] == ("requirement", "actor", "exchange", "response")
