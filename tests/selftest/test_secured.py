"""The rules on TLS can fail, and they alone: its scenarios with the reference system in each of its roles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.engine.tls_planning import is_about_tls
from harness.model.proof import Proof
from harness.model.run import Run
from harness.model.verdict import Outcome, Strength, Verdict
from harness.profiles import knowledge
from harness.proofs import Unheard
from harness.selftest.proving import Request, prove
from harness.selftest.survivors import known_survivors
from harness.wiring import REFERENCE_WITH_TLS, RunRequest, execute, workshop


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secured") / "run"


@pytest.fixture(scope="module")
def run(out: Path) -> Run:
    scenarios = tuple(one.id for one in workshop().files.scenarios() if is_about_tls(one))
    request = RunRequest(suts=(REFERENCE_WITH_TLS,), scenarios=scenarios, forms=("2.5.1",), out=out, jobs=2, seed=1)
    return execute(request, Unheard()).run


@pytest.fixture(scope="module")
def proof(run: Run, out: Path) -> Proof:
    return prove(Request(runs=(out,), specimens=False, kind="tls.*"), known_survivors())


def about_tls(run: Run) -> Mapping[str, set[Outcome]]:
    """Each rule on TLS with how it was decided."""
    found: dict[str, set[Outcome]] = {}
    for play in run.plays:
        for judged in (one for step in play.steps for leg in step.legs for one in leg.findings):
            if judged.finding.check.startswith("tls."):
                found.setdefault(judged.requirement.id, set()).add(judged.finding.outcome)
    return found


def test_the_reference_system_passes_in_every_role(run: Run) -> None:
    assert {play.play: play.verdict for play in run.plays if play.verdict is not Verdict.PASS} == {}
    roles = {actor for play in run.plays for actor in play.roles}
    assert roles == {
        *("ADT", "Order Placer", "Order Filler", "Modality", "PPS Manager", "Image Manager", "Image Display"),
    }
    assert run.orphans == ()


def test_every_rule_is_decided_by_some_scenario(run: Run) -> None:
    rules = [one for one in knowledge().requirements() if one.check and one.check.startswith("tls.")]
    binding = {one.id for one in rules if one.strength is Strength.SHALL}
    decided = about_tls(run)
    assert {one for one in binding if decided.get(one) != {Outcome.MET}} == set()
    told = {one.id for one in rules} - binding
    assert {one: decided[one] for one in told if one in decided and decided[one] != {Outcome.NOT_APPLICABLE}} == {}


def test_every_rule_can_fail_and_nothing_else_breaks(proof: Proof) -> None:
    binding = {
        one.id
        for one in knowledge().requirements()
        if one.check and one.check.startswith("tls.") and one.strength is Strength.SHALL
    }
    broken = {one.requirement for trial in proof.trials for one in trial.broken}
    assert broken == binding
    found: dict[str, Any] = {trial.name: (trial.survived, trial.collateral, trial.crash) for trial in proof.trials}
    assert {name: what for name, what in found.items() if any(what)} == {}
