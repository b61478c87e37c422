"""Roll-up to claims, and the exit code of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import pytest

from harness.engine.claims import Unclaimed, claim_results, exit_code
from harness.model.finding import Finding
from harness.model.names import (
    HARNESS,
    ActorName,
    CheckName,
    LegId,
    PlayerName,
    PlayId,
    RequirementId,
    StepId,
    TransactionId,
)
from harness.model.profile import Citation, Option, Requirement
from harness.model.run import JudgedFinding, LegResult, PlayResult, StepResult, Why
from harness.model.system import Claim
from harness.model.verdict import Confidence, Outcome, Owner, Verdict, worst

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Build

RIS, PACS = PlayerName("RIS"), PlayerName("PACS")


def _play(verdicts: dict[PlayerName, Verdict], *steps: StepResult, interrupted: bool = False) -> PlayResult:
    return PlayResult(
        play=PlayId("swf.test@2.3.1"),
        title="",
        form="2.3.1",
        profile="SWF",
        scenario_path="",
        verdict=worst(verdicts.values()),
        verdicts=verdicts,
        roles={ActorName("Order Filler"): RIS},
        steps=steps,
        interrupted=interrupted,
    )


def _finding(player: PlayerName, outcome: Outcome) -> JudgedFinding:
    actor = ActorName("Order Filler")
    requirement = Requirement(
        id=RequirementId("x/y"),
        text="",
        citation=Citation("", Confidence.BELIEVED),
        actor=actor,
        transaction=TransactionId("RAD-4"),
    )
    return JudgedFinding(
        finding=Finding(check=CheckName("x"), requirement=requirement.id, outcome=outcome, actor=actor),
        requirement=requirement,
        player=player,
        owner=Owner.SYSTEM,
        why=Why(),
        verdict=Verdict.PASS,
    )


def _step(
    transaction: str, verdicts: dict[PlayerName, Verdict], *findings: JudgedFinding, ends: str = ""
) -> StepResult:
    initiator, _, responder = (ends or "Order Filler>Image Manager").partition(">")
    leg = LegResult(
        leg=LegId("leg"),
        title="",
        verdict=worst(verdicts.values()),
        verdicts=verdicts,
        findings=findings,
        initiator=ActorName(initiator),
        responder=ActorName(responder),
        initiator_player=RIS,
        responder_player=HARNESS,
    )
    return StepResult(
        step=StepId("step"), transaction=TransactionId(transaction), title="", verdict=leg.verdict, legs=(leg,)
    )


# The exit code by the verdict of the system (rows) and of the harness (columns).
EXIT_CODES = """
              none pass inconclusive fail error
none          2    0    2            1    2
pass          0    0    2            1    2
inconclusive  2    2    2            1    2
fail          1    1    1            1    2
"""


def _transcribed() -> dict[tuple[Verdict, Verdict], int]:
    head, *lines = EXIT_CODES.strip().splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in lines}
    return {
        (Verdict(system), Verdict(ours)): int(code)
        for system, codes in rows.items()
        for ours, code in zip(head.split(), codes, strict=True)
    }


def test_the_exit_code_of_one_play() -> None:
    expected = _transcribed()
    of_systems = set(Verdict) - {Verdict.ERROR}  # ERROR is the harness's alone
    assert set(expected) == set(product(of_systems, Verdict))
    assert {cell: exit_code([_play(dict(zip((RIS, HARNESS), cell, strict=True)))]) for cell in expected} == expected


@pytest.mark.parametrize(
    ("plays", "code"),
    [
        ([Verdict.PASS, Verdict.PASS], 0),
        ([Verdict.PASS, Verdict.NONE], 0),
        ([Verdict.NONE, Verdict.NONE], 2),
        ([Verdict.PASS, Verdict.FAIL], 1),
        ([Verdict.INCONCLUSIVE, Verdict.FAIL], 1),
        ([Verdict.PASS, Verdict.INCONCLUSIVE], 2),
    ],
)
def test_the_exit_code_of_several_plays(plays: list[Verdict], code: int) -> None:
    assert exit_code([_play({RIS: verdict}) for verdict in plays]) == code


def test_an_error_of_ours_anywhere_wins_over_a_failure_elsewhere() -> None:
    assert exit_code([_play({RIS: Verdict.FAIL}), _play({HARNESS: Verdict.ERROR})]) == 2


def test_nothing_judged_is_never_a_pass() -> None:
    assert exit_code([]) == 2
    assert exit_code([_play({})]) == 2
    assert exit_code([_play({}), _play({RIS: Verdict.PASS})]) == 0


def test_an_interrupted_run_is_never_a_pass_and_may_be_a_failure() -> None:
    assert exit_code([_play({RIS: Verdict.PASS}, interrupted=True)]) == 2
    assert exit_code([_play({RIS: Verdict.FAIL}, interrupted=True)]) == 1


def test_a_claim_has_the_worst_verdict_of_each_transaction_and_of_all(build: Build) -> None:
    plan = build.plan([build.scenario(build.step("s", "RAD-4", "Order Filler"))], [build.system("RIS", "Order Filler")])
    plays = [
        _play({}, _step("RAD-4", {RIS: Verdict.PASS}), _step("RAD-4", {RIS: Verdict.FAIL})),
        _play({}, _step("RAD-5", {RIS: Verdict.INCONCLUSIVE}, ends="Modality>Order Filler")),
    ]
    (claim,) = claim_results(plan, plays, build.knowledge)
    assert (claim.system, claim.profile, claim.actor) == ("RIS", "SWF", "Order Filler")
    assert claim.transactions == {"RAD-4": Verdict.FAIL, "RAD-5": Verdict.INCONCLUSIVE}
    assert claim.verdict is Verdict.FAIL


def test_a_claim_counts_decisions_about_its_system_alone(build: Build) -> None:
    plan = build.plan([build.scenario(build.step("s", "RAD-4", "Order Filler"))], [build.system("RIS", "Order Filler")])
    findings = [
        *(_finding(RIS, outcome) for outcome in Outcome),
        _finding(HARNESS, Outcome.MET),
        _finding(PACS, Outcome.MET),
    ]
    (claim,) = claim_results(plan, [_play({}, _step("RAD-4", {RIS: Verdict.PASS}, *findings))], build.knowledge)
    assert claim.checks == 2


def test_two_claims_of_one_actor_of_one_profile_are_one_result(build: Build) -> None:
    plan = build.plan([build.scenario(build.step("s", "RAD-4", "Order Filler"))], [build.system("RIS", "Order Filler")])
    own = plan.systems[0].claims[0]
    twice = replace(plan.systems[0], claims=(own, replace(own, options=("HL7 v2.5.1",))))
    plays = [
        _play({}, _step("RAD-4", {RIS: Verdict.PASS})),
        replace(_play({}, _step("RAD-4", {RIS: Verdict.FAIL})), form="2.5.1"),
    ]
    (claim,) = claim_results(replace(plan, systems=(twice,)), plays, build.knowledge)
    assert (claim.profile, claim.actor, claim.verdict) == (own.profile, "Order Filler", Verdict.FAIL)


def test_our_error_on_a_leg_is_not_the_claims(build: Build) -> None:
    plan = build.plan([build.scenario(build.step("s", "RAD-4", "Order Filler"))], [build.system("RIS", "Order Filler")])
    play = _play({}, _step("RAD-4", {RIS: Verdict.PASS, HARNESS: Verdict.ERROR}))
    (claim,) = claim_results(plan, [play], build.knowledge)
    assert claim.verdict is Verdict.PASS


def test_a_claim_that_no_play_judged_is_none(build: Build) -> None:
    system = build.system("RIS", "Order Filler", "Order Placer")
    plan = build.plan([build.scenario(build.step("s", "RAD-4", "Order Filler"))], [system])
    claims = claim_results(plan, [_play({}, _step("RAD-4", {RIS: Verdict.PASS}))], build.knowledge)
    assert {claim.actor: claim.verdict for claim in claims} == {
        "Order Filler": Verdict.PASS,
        "Order Placer": Verdict.NONE,
    }
    assert claims[1].transactions == {}


def test_a_play_in_which_somebody_else_was_under_test_says_nothing_of_the_claim(build: Build) -> None:
    plan = build.plan([build.scenario(build.step("s", "RAD-4", "Order Filler"))], [build.system("RIS", "Order Filler")])
    play = replace(_play({}, _step("RAD-4", {RIS: Verdict.FAIL})), roles={ActorName("Order Filler"): PACS})
    (claim,) = claim_results(plan, [play], build.knowledge)
    assert claim.verdict is Verdict.NONE


@pytest.mark.parametrize(
    ("claims", "option"),
    [
        ([("SWF", ())], "Exceptions"),
        ([("SWF", ("Exceptions",))], ""),
        ([("SWF", ("HL7 v2.5.1",))], "Exceptions"),
        ([("SWF.b", ())], ""),
        ([("SWF", ()), ("SWF.b", ())], ""),
        ([], ""),
    ],
)
def test_what_belongs_to_an_option_holds_where_one_claim_includes_it(
    build: Build, claims: list[tuple[str, tuple[str, ...]]], option: str
) -> None:
    modality = ActorName("Modality")
    requirement = RequirementId("rad-6.to-pps-manager/shall-believed")
    profile = build.knowledge.profiles["SWF"]
    added = Option(
        actors=(modality,), means="", citation=profile.citation, requirements=("rad-6.to-pps-manager/shall-*",)
    )
    swf = replace(profile, options={**profile.options, "Exceptions": added})
    knowledge = replace(build.knowledge, profiles={**build.knowledge.profiles, "SWF": swf})
    plan = build.plan([build.scenario(build.step("s", "RAD-6", "Modality"))], [build.system("CT", "Modality")])
    system = replace(
        plan.systems[0],
        claims=tuple(Claim(profile=name, actors=(modality,), options=options) for name, options in claims),
    )
    unclaimed = Unclaimed(replace(plan, systems=(system,)), knowledge)
    assert unclaimed.option(PlayerName("CT"), modality, requirement) == option
    assert unclaimed.option(HARNESS, modality, requirement) == ""
    assert unclaimed.option(PlayerName("CT"), modality, RequirementId("rad-6.to-pps-manager/may-unsure")) == ""


# HL7 versions of links


def _spoken(version: str, verdict: Verdict, unshown: str = "") -> StepResult:
    step = _step("RAD-4", {RIS: verdict})
    return replace(step, legs=(replace(step.legs[0], version=version, unshown=unshown),))


@pytest.mark.parametrize(
    ("form", "step", "old", "new"),
    [
        ("2.5.1", _spoken("2.5.1", Verdict.PASS), Verdict.NONE, Verdict.PASS),
        ("2.3.1", _spoken("2.3.1", Verdict.PASS), Verdict.PASS, Verdict.NONE),
        ("2.5.1", _spoken("2.3.1", Verdict.INCONCLUSIVE, "why"), Verdict.NONE, Verdict.INCONCLUSIVE),
        ("2.5.1", _spoken("", Verdict.PASS), Verdict.NONE, Verdict.PASS),
    ],
)
def test_a_link_counts_for_the_claims_of_the_version_that_it_speaks(
    build: Build, form: str, step: StepResult, old: Verdict, new: Verdict
) -> None:
    found = _rolled_up(build, form, step, {"SWF": (), "SWF.b": ()})
    assert found == {"SWF": old, "SWF.b": new}


def test_a_transaction_counts_for_the_claims_that_include_it(build: Build) -> None:
    step = _spoken("2.3.1", Verdict.PASS)
    found = _rolled_up(build, "2.5.1", step, {"SWF": ("RAD-4",), "SWF.b": ("RAD-5",)})
    assert found == {"SWF": Verdict.PASS, "SWF.b": Verdict.NONE}


def _rolled_up(build: Build, form: str, step: StepResult, narrowed: Mapping[str, Sequence[str]]) -> dict[str, Verdict]:
    """The verdicts of claims of the Order Filler by profile, each of some transactions."""
    filler = ActorName("Order Filler")
    claims = tuple(
        Claim(profile=profile, actors=(filler,), transactions=tuple(TransactionId(one) for one in named))
        for profile, named in narrowed.items()
    )
    system = build.system("RIS", "Order Filler")
    plan = build.plan([build.scenario(build.step("s", "RAD-4", "Order Filler"))], [system])
    plan = replace(plan, systems=(replace(system, claims=claims),))
    play = replace(_play({RIS: step.verdict}, step), form=form)
    return {one.profile: one.verdict for one in claim_results(plan, [play], build.knowledge)}


def test_a_pps_manager_that_is_switched_off_says_why_it_is_not_tested(build: Build) -> None:
    system = replace(build.system("RIS", "Order Filler", "PPS Manager"), pps_manager="simulated")
    plan = build.plan([build.scenario(build.step("s", "RAD-4", "Order Filler"))], [system])
    filler, manager = claim_results(plan, [_play({}, _step("RAD-4", {RIS: Verdict.PASS}))], build.knowledge)
    assert (filler.verdict, filler.reason) == (Verdict.PASS, "")
    assert (manager.verdict, manager.reason) == (
        Verdict.NONE,
        "it is switched off: `pps_manager` in the system file",
    )
