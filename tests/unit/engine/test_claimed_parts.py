"""What a run shows of each claim: which legs count for an actor, and which for an option of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.engine.claimed_parts import claimed_parts, silent_systems
from harness.model.claimed import ClaimedPart, ClaimState, Observation
from harness.model.finding import Evidence, Finding
from harness.model.known import KnownAs
from harness.model.names import (
    HARNESS,
    ActorName,
    CheckName,
    ExchangeId,
    LegId,
    PlayerName,
    PlayId,
    RequirementId,
    ScenarioId,
    StepId,
    TransactionId,
)
from harness.model.plan import Plan
from harness.model.profile import Citation, Need, Option, Requirement
from harness.model.run import JudgedFinding, LegResult, PlayResult, StepResult, Why
from harness.model.system import Claim, System
from harness.model.verdict import Confidence, Outcome, Owner, Verdict, worst
from harness.profiles import Knowledge

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Build

RIS, PACS, MR = PlayerName("RIS"), PlayerName("PACS"), PlayerName("MR")
FILLER, MODALITY, MANAGER = ActorName("Order Filler"), ActorName("Modality"), ActorName("Image Manager")
PASS, FAIL, UNDECIDED = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


def leg(
    ends: tuple[ActorName, PlayerName, ActorName, PlayerName],
    verdicts: dict[PlayerName, Verdict],
    *findings: JudgedFinding,
    version: str = "",
    reason: str = "",
) -> LegResult:
    return LegResult(
        leg=LegId("leg"),
        title="",
        verdict=worst(verdicts.values()),
        verdicts=verdicts,
        findings=findings,
        exchanges=(ExchangeId(7),) if verdicts else (),
        initiator=ends[0],
        initiator_player=ends[1],
        responder=ends[2],
        responder_player=ends[3],
        version=version,
        reason=reason,
    )


def step(transaction: str, *legs: LegResult) -> StepResult:
    return StepResult(
        step=StepId(f"step-{transaction}"),
        transaction=TransactionId(transaction),
        title="",
        verdict=worst(one.verdict for one in legs),
        legs=legs,
    )


def play(roles: dict[ActorName, PlayerName], *steps: StepResult, name: str = "swf.test@2.3.1") -> PlayResult:
    return PlayResult(
        play=PlayId(name),
        title="",
        form=name.partition("@")[2],
        profile="SWF",
        scenario_path="",
        verdict=worst(one.verdict for one in steps),
        roles=roles,
        steps=steps,
    )


def found(player: PlayerName, verdict: Verdict, requirement: str = "x/y", exchange: int = 9) -> JudgedFinding:
    told = Requirement(
        id=RequirementId(requirement),
        text="",
        citation=Citation("", Confidence.BELIEVED),
        actor=FILLER,
        transaction=TransactionId("RAD-5"),
    )
    outcome = {PASS: Outcome.MET, FAIL: Outcome.VIOLATED}.get(verdict, Outcome.UNDECIDED)
    return JudgedFinding(
        finding=Finding(
            check=CheckName("x"),
            requirement=told.id,
            outcome=outcome,
            actor=FILLER,
            evidence=Evidence(exchange=ExchangeId(exchange)),
        ),
        requirement=told,
        player=player,
        owner=Owner.SYSTEM,
        why=Why(),
        verdict=verdict,
    )


def plan_of(build: Build, *systems: System, options: dict[ActorName, str] | None = None) -> Plan:
    scenario = replace(build.scenario(build.step("s", "RAD-5", "Modality")), options=options or {})
    return build.plan([scenario], systems)


def one(parts: Sequence[ClaimedPart], option: str = "") -> ClaimedPart:
    (part,) = [part for part in parts if part.option == option]
    return part


def query(player: PlayerName, verdict: Verdict, *findings: JudgedFinding) -> StepResult:
    """A worklist query that the RIS answers."""
    return step("RAD-5", leg((MODALITY, player, FILLER, RIS), {RIS: verdict}, *findings))


def test_each_transaction_of_a_claim_says_with_whom_it_was_shown(build: Build) -> None:
    plan = plan_of(build, build.system("RIS", "Order Filler"))
    plays = [
        play({FILLER: RIS}, query(HARNESS, PASS, found(RIS, PASS), found(HARNESS, PASS))),
        play({FILLER: RIS, MODALITY: MR}, query(MR, PASS, found(RIS, PASS), found(RIS, PASS))),
    ]
    (part,) = claimed_parts(plan, plays, build.knowledge)
    queried = {told.transaction: told for told in part.transactions}[TransactionId("RAD-5")]
    assert [told.transaction for told in part.transactions] == ["RAD-1", "RAD-2", "RAD-4", "RAD-5", "RAD-6"]
    assert [showing.counterpart for showing in queried.showings] == [HARNESS, MR]
    assert (queried.partners, queried.checks, queried.believed) == ((MR,), 3, 3)
    assert (queried.state(), part.state(), part.observation) == (
        ClaimState.VERIFIED,
        ClaimState.PARTIALLY_VERIFIED,
        Observation.PARTLY_OBSERVED,
    )


def test_a_showing_points_at_the_first_complaint(build: Build) -> None:
    plan = plan_of(build, build.system("RIS", "Order Filler"))
    failing = query(HARNESS, FAIL, found(RIS, PASS, exchange=3), found(RIS, FAIL, exchange=5))
    (part,) = claimed_parts(
        plan, [play({FILLER: RIS}, failing), play({FILLER: RIS}, query(HARNESS, PASS))], build.knowledge
    )
    (told,) = [told for told in part.transactions if told.showings]
    assert [(showing.exchange, showing.verdict, showing.known) for showing in told.showings] == [
        (5, FAIL, False),
        (7, PASS, False),
    ]


def test_a_failure_that_is_known_says_so(build: Build) -> None:
    plan = plan_of(build, build.system("RIS", "Order Filler"))
    known = replace(found(RIS, FAIL), known=KnownAs(entry="our.known.yaml:3", expires="2030-01-01"))
    for findings, expected in (((known,), True), ((known, found(RIS, FAIL)), False)):
        (part,) = claimed_parts(plan, [play({FILLER: RIS}, query(HARNESS, FAIL, *findings))], build.knowledge)
        assert [showing.known for told in part.transactions for showing in told.showings] == [expected]


def test_what_stays_inside_a_product_or_is_not_judged_shows_nothing_and_says_why(build: Build) -> None:
    plan = plan_of(build, build.system("RIS", "Order Filler"))
    inside = leg((MODALITY, RIS, FILLER, RIS), {RIS: PASS})
    unseen = leg((MODALITY, PACS, FILLER, RIS), {}, reason="between the products")
    for each, reason in ((inside, ""), (unseen, "between the products")):
        (part,) = claimed_parts(plan, [play({FILLER: RIS}, step("RAD-5", each))], build.knowledge)
        told = {told.transaction: told for told in part.transactions}[TransactionId("RAD-5")]
        assert (told.showings, told.reason, told.observation) == ((), reason, Observation.NOT_OBSERVED)


def test_a_play_in_which_somebody_else_was_under_test_shows_nothing(build: Build) -> None:
    plan = plan_of(build, build.system("RIS", "Order Filler"))
    (part,) = claimed_parts(plan, [play({FILLER: PACS}, query(HARNESS, PASS))], build.knowledge)
    assert part.observation is Observation.NOT_OBSERVED


def test_a_claim_of_part_of_an_actor_says_what_is_missing(build: Build) -> None:
    system = build.system("RIS", "Order Filler")
    narrowed = replace(system, claims=(replace(system.claims[0], transactions=(TransactionId("RAD-5"),)),))
    (part,) = claimed_parts(plan_of(build, narrowed), [play({FILLER: RIS}, query(HARNESS, PASS))], build.knowledge)
    assert [told.transaction for told in part.transactions] == ["RAD-5"]
    assert part.missing == ("RAD-1", "RAD-2", "RAD-4", "RAD-6")
    assert part.observation is Observation.OBSERVED


def test_a_link_in_another_hl7_version_shows_nothing_of_a_claim(build: Build) -> None:
    plan = plan_of(build, build.system("RIS", "Order Filler"))
    sent = step("RAD-4", leg((FILLER, RIS, MANAGER, HARNESS), {RIS: PASS}, version="2.5.1"))
    (part,) = claimed_parts(plan, [play({FILLER: RIS}, sent, name="swf.test@2.5.1")], build.knowledge)
    assert part.observation is Observation.NOT_OBSERVED


# options


def with_option(build: Build, actor: ActorName, name: str, option: Option) -> Knowledge:
    profile = build.knowledge.profiles["SWF"]
    actors = {
        **profile.actors,
        actor: {**profile.actors[actor], **dict.fromkeys(option.transactions, Need.OPTIONAL)},
    }
    added = replace(profile, actors=actors, options={**profile.options, name: option})
    return replace(build.knowledge, profiles={**build.knowledge.profiles, "SWF": added})


def claiming(build: Build, name: str, actor: str, option: str) -> System:
    system = build.system(name, actor)
    return replace(system, claims=(replace(system.claims[0], options=(option,)),))


CITED = Citation("RAD TF-1: 3.2", Confidence.BELIEVED)


def test_a_transaction_of_an_option_belongs_to_the_option_alone(build: Build) -> None:
    option = Option(actors=(FILLER,), means="", citation=CITED, transactions=(TransactionId("RAD-10"),))
    knowledge = with_option(build, FILLER, "Commits", option)
    plan = plan_of(build, claiming(build, "RIS", "Order Filler", "Commits"))
    asked = step("RAD-10", leg((FILLER, RIS, MANAGER, HARNESS), {RIS: FAIL}))
    parts = claimed_parts(plan, [play({FILLER: RIS}, query(HARNESS, PASS), asked)], knowledge)
    assert TransactionId("RAD-10") not in [told.transaction for told in one(parts).transactions]
    assert one(parts).observation is Observation.PARTLY_OBSERVED
    committed = one(parts, "Commits")
    assert [(told.transaction, told.need) for told in committed.transactions] == [("RAD-10", Need.OPTIONAL)]
    assert (committed.observation, committed.state()) == (Observation.CONTRADICTED, ClaimState.FAILED)


def test_a_version_that_an_option_adds_is_shown_by_the_links_that_speak_it(build: Build) -> None:
    plan = plan_of(build, claiming(build, "RIS", "Order Filler", "HL7 v2.5.1"))
    old = step("RAD-4", leg((FILLER, RIS, MANAGER, HARNESS), {RIS: PASS}, version="2.3.1"))
    new = step("RAD-4", leg((FILLER, RIS, MANAGER, HARNESS), {RIS: FAIL}, version="2.5.1"))
    plays = [
        play({FILLER: RIS}, old, query(HARNESS, PASS)),
        play({FILLER: RIS}, new, query(HARNESS, PASS), name="swf.test@2.5.1"),
    ]
    (told,) = one(claimed_parts(plan, plays, build.knowledge), "HL7 v2.5.1").transactions
    assert [(showing.play, showing.verdict) for showing in told.showings] == [("swf.test@2.5.1", FAIL)]


def test_an_option_is_shown_by_the_scenarios_that_want_it(build: Build) -> None:
    option = Option(actors=(MODALITY,), means="asks", citation=CITED)
    knowledge = with_option(build, MODALITY, "Broad", option)
    asked = play({MODALITY: MR}, step("RAD-5", leg((MODALITY, MR, FILLER, HARNESS), {MR: PASS})))
    for wanted, observation in (("Broad", Observation.OBSERVED), ("Narrow", Observation.NOT_OBSERVED)):
        plan = plan_of(build, claiming(build, "MR", "Modality", "Broad"))
        (assignment,) = plan.assignments
        scenario = replace(assignment.plays[0].scenario, id=ScenarioId("swf.test"), options={MODALITY: wanted})
        own = replace(assignment, plays=(replace(assignment.plays[0], id=asked.play, scenario=scenario),))
        parts = claimed_parts(replace(plan, assignments=(own,)), [asked], knowledge)
        assert one(parts, "Broad").observation is observation


def test_a_scenario_of_an_option_that_adds_a_transaction_shows_no_other_transaction_of_it(build: Build) -> None:
    option = Option(actors=(FILLER,), means="", citation=CITED, transactions=(TransactionId("RAD-10"),))
    knowledge = with_option(build, FILLER, "Commits", option)
    plan = plan_of(build, claiming(build, "RIS", "Order Filler", "Commits"))
    (assignment,) = plan.assignments
    asked = play({FILLER: RIS}, query(HARNESS, PASS))
    scenario = replace(assignment.plays[0].scenario, options={FILLER: "Commits"})
    own = replace(assignment, plays=(replace(assignment.plays[0], id=asked.play, scenario=scenario),))
    parts = claimed_parts(replace(plan, assignments=(own,)), [asked], knowledge)
    assert [told.transaction for told in one(parts, "Commits").transactions] == ["RAD-10"]
    assert one(parts, "Commits").observation is Observation.NOT_OBSERVED


def test_requirements_of_an_option_show_it_whatever_else_was_found(build: Build) -> None:
    name = "rad-6.to-pps-manager/shall-believed"
    option = Option(actors=(MODALITY,), means="says why", citation=CITED, requirements=(name,))
    knowledge = with_option(build, MODALITY, "Exceptions", option)
    plan = plan_of(build, claiming(build, "MR", "Modality", "Exceptions"))
    told = leg(
        (MODALITY, MR, ActorName("PPS Manager"), HARNESS),
        {MR: FAIL},
        found(MR, PASS, name),
        found(MR, FAIL, exchange=4),
    )
    parts = claimed_parts(plan, [play({MODALITY: MR}, step("RAD-6", told))], knowledge)
    (shown,) = one(parts, "Exceptions").transactions
    assert [(showing.verdict, showing.exchange, showing.checks) for showing in shown.showings] == [(PASS, 9, 1)]
    assert one(parts).observation is Observation.CONTRADICTED


def test_an_option_of_another_actor_and_one_of_which_nothing_was_seen(build: Build) -> None:
    plan = plan_of(build, claiming(build, "RIS", "Order Filler", "Display"))
    assert [part.option for part in claimed_parts(plan, [], build.knowledge)] == [""]
    plan = plan_of(build, claiming(build, "RIS", "Order Filler", "HL7 v2.5.1"))
    unseen = one(claimed_parts(plan, [], build.knowledge), "HL7 v2.5.1")
    assert (unseen.transactions, unseen.state()) == ((), ClaimState.TO_BE_VERIFIED)


# beside the claims


def test_what_a_system_was_seen_to_be_without_claiming_it_comes_last(build: Build) -> None:
    plan = plan_of(build, build.system("RIS", "Order Filler"))
    named = replace(plan.systems[0], claims=())
    parts = claimed_parts(replace(plan, systems=(named,)), [play({FILLER: RIS}, query(MR, PASS))], build.knowledge)
    (part,) = parts
    assert (part.actor, part.claimed, part.profile) == (FILLER, False, "SWF")
    assert [told.transaction for told in part.transactions if told.partners] == ["RAD-5"]
    assert part.state() is ClaimState.PARTIALLY_VERIFIED


def test_of_a_system_that_is_known_by_name_alone_all_that_its_actor_owes_is_listed_and_nothing_claimed(
    build: Build,
) -> None:
    system = build.system("RIS", "Order Filler")
    seen = replace(system, claims=(replace(system.claims[0], transactions=(TransactionId("RAD-5"),)),))
    plan = plan_of(build, seen)
    silent = silent_systems(replace(plan, systems=()), plan)
    (part,) = claimed_parts(plan, [play({FILLER: RIS}, query(MR, PASS))], build.knowledge, silent)
    assert (part.claimed, part.missing, part.state()) == (False, (), ClaimState.PARTIALLY_VERIFIED)
    assert [told.transaction for told in part.transactions] == ["RAD-1", "RAD-2", "RAD-4", "RAD-5", "RAD-6"]


def test_an_actor_that_is_switched_off_says_so(build: Build) -> None:
    system = replace(build.system("RIS", "Order Filler", "PPS Manager"), pps_manager="simulated")
    _, part = claimed_parts(plan_of(build, system), [], build.knowledge)
    assert part.reason == "it is switched off: `pps_manager` in the system file"


def test_claims_of_one_actor_in_two_profiles_are_two(build: Build) -> None:
    system = build.system("RIS", "Order Filler")
    both = replace(system, claims=(*system.claims, Claim(profile="SWF.b", actors=(FILLER,))))
    sent = step("RAD-4", leg((FILLER, RIS, MANAGER, HARNESS), {RIS: PASS}, version="2.3.1"))
    parts = claimed_parts(plan_of(build, both), [play({FILLER: RIS}, sent)], build.knowledge)
    assert [(part.profile, part.observation) for part in parts] == [
        ("SWF", Observation.PARTLY_OBSERVED),
        ("SWF.b", Observation.NOT_OBSERVED),
    ]


def test_an_actor_that_the_profile_of_the_plays_does_not_know_is_listed_where_it_was_seen(build: Build) -> None:
    reporter = ActorName("Reporter")
    profiles = build.knowledge.profiles
    actors = {reporter: {TransactionId("RAD-5"): Need.REQUIRED}}
    knowledge = replace(build.knowledge, profiles={**profiles, "R": replace(profiles["SWF"], id="R", actors=actors)})
    plan = plan_of(build, build.system("RIS", "Order Filler"))
    seen = replace(
        plan.systems[0], claims=(Claim(profile="R", actors=(reporter,)), Claim(profile="SWF.b", actors=(FILLER,)))
    )
    asked = step("RAD-5", leg((reporter, RIS, MANAGER, MR), {RIS: PASS}))
    parts = claimed_parts(replace(plan, systems=(seen,)), [play({reporter: RIS, FILLER: RIS}, asked)], knowledge, {RIS})
    assert [(part.profile, part.actor, part.claimed) for part in parts] == [
        ("R", reporter, False),
        ("SWF", FILLER, False),
    ]
