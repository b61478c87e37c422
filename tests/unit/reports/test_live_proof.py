"""The live proof for people and as JSON: each defect with its place, and whatever speaks against it."""

from __future__ import annotations

import json
from dataclasses import replace

from harness.model.deviation import Change, Defect, Detection, Deviation
from harness.model.live_proof import LiveProof, LiveTrial, Noticed
from harness.model.names import ActorName, RequirementId, ScenarioId, StepId
from reports.live_proof import live_proof_json, live_proof_lines, trial_line

PLACER = ActorName("Order Placer")
SEEN = Detection(scenario=ScenarioId("swf.a"), step=StepId("order"), requirement=RequirementId("rad-2.x/ORC-2"))
HERE = Noticed(SEEN.step, SEEN.requirement, PLACER)
DEFECT = Defect(
    id="no-number", title="T", deviations=(Deviation(actor=PLACER, change=Change.NEVER, occurrence=2),), detection=SEEN
)
GOOD = LiveTrial(defect=DEFECT, system=(HERE,), seconds=2.0)
BAD = replace(GOOD, system=(), box=(HERE,), errors=("swf.a@2.3.1",))


def test_a_trial_in_a_line() -> None:
    line = trial_line(GOOD)
    assert line.startswith("noticed")
    assert "no-number" in line
    assert "swf.a order: rad-2.x/ORC-2" in line
    assert trial_line(BAD).startswith("NOT PROVED")


def test_everything_that_is_wrong_is_told() -> None:
    told = "\n".join(live_proof_lines(LiveProof(trials=(GOOD, BAD), faultless=("swf.a@2.5.1: fail",), seconds=4.0)))
    assert "no-number: not noticed; what failed: nothing" in told
    assert "no-number: charged to the wrong actor: order: rad-2.x/ORC-2 (Order Placer)" in told
    assert "no-number: an error of the harness in swf.a@2.3.1" in told
    assert "without a defect: swf.a@2.5.1: fail" in told
    assert "1 of 2 defects noticed with the right blame (2 of behaviour, 2 on an item that is not the first)" in told


def test_a_change_that_never_took_effect_is_told() -> None:
    told = "\n".join(live_proof_lines(LiveProof(trials=(replace(BAD, idle=True),))))
    assert "no-number: its change never took effect" in told


def test_as_json() -> None:
    told = json.loads(live_proof_json(LiveProof(trials=(GOOD,), seconds=4.0)))
    assert told["schema"] == "swf-selftest-live/1"
    assert told["holds"] is True
    (one,) = told["defects"]
    assert (one["defect"], one["kind"], one["later"], one["noticed"]) == ("no-number", "behaviour", True, True)
    assert one["failed"] == ["order: rad-2.x/ORC-2 (Order Placer)"]
