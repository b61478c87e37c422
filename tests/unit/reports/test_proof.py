"""The proof for people and as JSON: what survived, what broke beside, and which requirements are open."""

from __future__ import annotations

import json
from dataclasses import replace

from harness.model.names import RequirementId
from harness.model.proof import (
    Broken,
    Expected,
    KindResult,
    Mutation,
    Proof,
    Standing,
    Survivor,
    SurvivorReason,
    Trial,
)
from reports.proof import proof_json, proof_lines

DUE = Expected("hl7.ack", (RequirementId("rad-2.leg/ack-echo"),))
BESIDE = Broken(RequirementId("consistency/x"), "exchange 1 request PID-3")
NOTICED = Trial(base="b", place="RAD-2/leg response MSA-2", mutation=Mutation.WRONG_IDENTIFIER, expected=(DUE,))
SURVIVED = replace(NOTICED, mutation=Mutation.REMOVED, survived=(DUE,))
COLLATERAL = replace(NOTICED, mutation=Mutation.REPEATED, broken=(BESIDE,), collateral=(BESIDE,))
PROOF = Proof(
    bases=("b",),
    trials=(NOTICED, SURVIVED, COLLATERAL),
    kinds=(KindResult(kind="hl7.ack", killed=2, total=3),),
    survivors=(Survivor(trial=SURVIVED, expected=DUE),),
    standings={RequirementId("a/b"): Standing.UNPROVED, RequirementId("c/d"): Standing.PROVED},
    unproved={RequirementId("a/b"): None},
    refused={"worse": ("a fault",)},
    drift=("unproved: e/f",),
    seconds=3.0,
)


def test_everything_that_is_wrong_is_told() -> None:
    text = "\n".join(proof_lines(PROOF))
    assert "1 recordings, 3 mutants, 3 s" in text
    assert "no base: worse: a fault" in text
    assert "66.7%" in text
    assert "RAD-2/leg response MSA-2: removed  [b]: rad-2.leg/ack-echo" in text
    assert "1 x consistency/x" in text
    assert "unproved without a reason: a/b" in text
    assert "nothing survives any more: unproved: e/f" in text


def test_each_mutant_is_shown_when_asked_for() -> None:
    text = "\n".join(proof_lines(PROOF, verbose=True))
    assert "noticed   RAD-2/leg response MSA-2: wrong identifier  [b]" in text
    assert "survived  RAD-2/leg response MSA-2: removed  [b]" in text
    assert "consistency/x  exchange 1 request PID-3  unrelated" in text


def test_a_proof_holds_when_nothing_is_left_open() -> None:
    whole = replace(
        PROOF,
        trials=(NOTICED,),
        kinds=(KindResult(kind="hl7.ack", killed=99, total=100),),
        survivors=(Survivor(trial=SURVIVED, expected=DUE, reason=SurvivorReason.LIVE),),
        unproved={RequirementId("a/b"): SurvivorReason.LIVE},
        drift=(),
    )
    assert whole.holds
    assert not replace(whole, kinds=(KindResult(kind="hl7.ack", killed=97, total=100),)).holds
    assert not replace(whole, survivors=PROOF.survivors).holds
    assert not replace(whole, unproved=PROOF.unproved).holds
    assert not replace(whole, trials=(COLLATERAL,)).holds
    assert not replace(whole, drift=PROOF.drift).holds


def test_json() -> None:
    told = json.loads(proof_json(PROOF))
    assert told["rate"] == 0.6667
    assert told["survivors"][0]["reason"] == "unexplained"
    assert told["collateral"][0]["requirements"] == ["consistency/x"]
    assert told["unproved"] == {"a/b": None}
