from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness import checks
from harness.checks import registry
from harness.checks.recording import LegView
from harness.model.finding import Finding
from harness.profiles import Knowledge


def test_every_module_registers_its_check() -> None:
    checks.load()
    assert {"hl7.ack", "dimse.reply", "mwl.matching"} <= set(registry.leg_checks())
    assert {"consistency", "storage.sets", "expectations", "hl7.table"} <= set(registry.play_checks())
    assert not set(registry.leg_checks()) & set(registry.play_checks())


def test_a_name_is_given_once() -> None:
    checks.load()

    def second(view: LegView) -> Iterator[Finding]:
        yield from ()

    with pytest.raises(ValueError, match="two checks are called"):
        registry.leg_check("hl7.ack")(second)


def test_checks_and_profiles_name_the_same_rules(real: Knowledge) -> None:
    checks.load()
    stated = {check: {rule.row for rule in rules} for check, rules in real.leg_rules.items()}
    for rule in real.play_rules:
        stated.setdefault(rule.check, set()).add(rule.id)
    for check, rows in registry.rows().items():
        if check not in ("expectations", "delivery"):
            assert set(rows) == stated.pop(check, set()), check
    assert set(stated) <= {"expectations", "delivery"}


def test_legs_name_checks_that_exist(real: Knowledge) -> None:
    checks.load()
    known = {*registry.leg_checks(), *registry.play_checks()}
    named = {
        check
        for transaction in real.transactions.values()
        for leg in transaction.legs
        for check in (*leg.checks, *leg.core)
    }
    assert named <= known
