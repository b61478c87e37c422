"""A proof finds the check that cannot fail, and the one that accuses without reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from harness.checks.recording import LegView
from harness.checks.registry import LegCheck, leg_checks
from harness.model.finding import Finding
from harness.model.names import CheckName
from harness.model.proof import Mutation, Trial
from harness.model.verdict import Outcome
from harness.selftest import trials
from harness.selftest.mutants import Mutant
from harness.selftest.trials import Bench


def judged(bench: Bench, kind: str) -> list[Trial]:
    """The trials of a kind of rule."""
    mutants = [one for one in bench.mutants() if any(expected.kind == kind for expected in one.expected)]
    found = [bench.trial(one) for one in mutants]
    return [one for one in found if one is not None]


@pytest.fixture
def instead(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, LegCheck], None]:
    """Put another check in the place of one."""

    def put(name: str, check: LegCheck) -> None:
        checks = {**leg_checks(), CheckName(name): check}
        monkeypatch.setattr(trials, "leg_checks", lambda: checks)

    return put


def test_every_acknowledgement_rule_is_noticed(orders: Bench) -> None:
    found = judged(orders, "hl7.ack")
    assert {one.mutation for one in found} >= {Mutation.NO_ANSWER, Mutation.WRONG_IDENTIFIER, Mutation.WRONG_CODE}
    assert [one.name for one in found if one.survived] == []


def test_a_check_that_cannot_fail_leaves_survivors(orders: Bench, instead: Callable[[str, LegCheck], None]) -> None:
    real = leg_checks()[CheckName("hl7.ack")]

    def blind(view: LegView) -> Iterator[Finding]:
        for finding in real(view):
            yield replace(finding, outcome=Outcome.MET) if finding.requirement.endswith("ack-echo") else finding

    instead("hl7.ack", blind)
    survived = [one for one in judged(orders, "hl7.ack") if one.survived]
    assert survived
    assert all("MSA-2" in one.name for one in survived)


def test_a_check_that_accuses_without_reason_is_collateral(
    orders: Bench, instead: Callable[[str, LegCheck], None]
) -> None:
    real = leg_checks()[CheckName("hl7.structure")]

    def jumpy(view: LegView) -> Iterator[Finding]:
        for finding in real(view):
            touched = any("WRONG1" in str(one.request_message.raw) for one in view.exchanges if one.request_message)
            evidence = replace(finding.evidence, path="OBR") if finding.evidence is not None else None
            yield replace(finding, outcome=Outcome.VIOLATED, evidence=evidence) if touched else finding

    instead("hl7.structure", jumpy)
    wrong = next(one for one in orders.mutants() if " request PID-" in one.place and "WRONG1" in one.values)
    trial = orders.trial(wrong)
    assert trial is not None
    assert {one.requirement.rpartition("/")[2] for one in trial.collateral} == {"structure"}


def test_the_mutants_are_the_same_each_time(group: Bench) -> None:
    assert list(group.mutants()) == list(group.mutants())


def test_an_edge_is_broken_in_the_item_that_is_not_the_first(group: Bench) -> None:
    later = [
        one
        for one in judged(group, "consistency")
        if one.place.startswith("RAD-6/to-pps-manager request ScheduledStepAttributesSequence.ScheduledProtocolCode")
    ]
    assert len(later) == 2
    assert [one.survived for one in later] == [(), ()]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("rad-4.one-message-to-all", "RAD-1/to-order-placer request PV1-3: removed"),
        ("rad-2.fully-valued-2.5.1", "RAD-1/to-order-placer request MSH-18: removed"),
        ("rad-12.then-queried", "RAD-12/to-image-manager request PID-8: wrong value"),
    ],
)
def test_what_breaks_elsewhere_for_the_same_reason_is_no_collateral(
    bench: Callable[[str], Bench], name: str, place: str
) -> None:
    base = bench(name)
    found = [trial for one in base.mutants() if (trial := _named(base, one, place)) is not None]
    assert found
    assert [one.collateral for one in found] == [()] * len(found)
    assert any(one.broken for one in found)


def _named(base: Bench, mutant: Mutant, place: str) -> Trial | None:
    return base.trial(mutant) if f"{mutant.place}: {mutant.mutation.value}" == place else None
