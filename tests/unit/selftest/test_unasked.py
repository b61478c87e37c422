"""Mutants of what nobody asked for: each breaks the rule that it is made for, and no other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.selftest.trials import Bench


@pytest.mark.parametrize(
    ("specimen", "key", "rule"),
    [
        ("rad-6.unscheduled", "made up", "mpps/unscheduled-names-no-step"),
        ("rad-6.unscheduled", "made up", "mpps/unscheduled-images-name-no-step"),
        ("rad-6.group", "unasked", "cancel/worklist-query-unasked"),
    ],
)
def test_what_is_made_up_breaks_its_rule_alone(
    bench: Callable[[str], Bench], specimen: str, key: str, rule: str
) -> None:
    made = bench(specimen)
    (mutant, *_) = [one for one in made.mutants() if one.key == (key, rule)]
    trial = made.trial(mutant)
    assert trial is not None
    assert rule in {one.requirement for one in trial.broken}
    assert (trial.survived, trial.collateral) == ((), ())
