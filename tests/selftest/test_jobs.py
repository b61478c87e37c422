"""Several plays at the same time, against a slow and noisy system, come to what one after the other come to."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.model.system import Strain
from harness.model.verdict import Verdict
from harness.wiring import workshop
from tests.selftest.comparing import difference, facts, played, reference, shuffled

SCENARIOS = (
    "swf.scheduled",
    "swf.mpps-states",
    "swf.commitment",
    "swf.order-status",
    "swf.worklist-broad",
    "swf.worklist-patient-based",
    "pir.case-1",
    "rep.basic",
)
"""Deviations, broad queries, reports on other associations, reactions, updates: what could get in each other's way."""


@pytest.mark.parametrize("role", ["Order Filler", "Modality", "Image Manager"])
def test_eight_jobs_against_a_slow_and_noisy_system_give_what_one_gives_against_a_quiet_one(
    role: str, tmp_path: Path
) -> None:
    quiet = played(reference([role]), SCENARIOS, 1, tmp_path / "one")
    strain = Strain(delay=0.05, noise=True)
    busy = played(reference([role], strain), shuffled(SCENARIOS, 3), 8, tmp_path / "eight")
    assert {play.verdict for play in quiet.plays} == {Verdict.PASS}
    assert busy.orphans == quiet.orphans == ()
    assert difference(facts(quiet), facts(busy)) == []
    assert len(quiet.plays) >= 14


def test_at_most_a_tenth_of_the_scenarios_are_exclusive() -> None:
    scenarios = workshop().files.scenarios()
    assert sum(scenario.exclusive for scenario in scenarios) <= len(scenarios) / 10
