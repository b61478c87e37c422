"""The plan: who plays whom, what is judged, what is lost, and what is not asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.engine.planning import Planner, ae_title, legs_of
from harness.errors import InputError
from harness.model.deviation import Change, Deviation, Part
from harness.model.names import HARNESS, ActorName, ScenarioId, StepId, TransactionId
from harness.model.plan import LegState, Plan, Play
from harness.model.scenario import Answer, Expectation, Scenario
from harness.model.system import (
    Binding,
    Claim,
    DepartmentActor,
    DimseAddress,
    Endpoints,
    Hl7Address,
    Hook,
    System,
    SystemActor,
    Times,
    TransactionTimes,
)
from harness.profiles import knowledge

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Build

ACTORS = (
    "ADT",
    "Order Placer",
    "Order Filler",
    "PPS Manager",
    "Modality",
    "Image Manager",
    "Image Display",
    "Evidence Creator",
    "Report Creator",
    "Report Manager",
    "Report Repository",
    "Enterprise Report Repository",
)


@pytest.fixture
def scenario(build: Build) -> Scenario:
    """Registered, ordered, scheduled, asked for, started, stored, committed."""
    return build.scenario(
        build.step("register", "RAD-1", "ADT", trigger="A04"),
        build.step("order", "RAD-2", "Order Placer", control="NW"),
        build.step("scheduled", "RAD-4", "Order Filler"),
        build.step("worklist", "RAD-5", "Modality"),
        build.step("started", "RAD-6", "Modality"),
        build.step("stored", "RAD-8", "Modality"),
        build.step("committed", "RAD-10", "Modality"),
        forms=("2.3.1", "2.5.1"),
    )


def _states(play: Play) -> dict[str, LegState]:
    return {
        f"{planned.step.id}.{leg.leg.id}": leg.state
        for planned in play.steps
        for leg in planned.legs
        if leg.state is not LegState.LIVE
    }


def _ids(plan: Plan) -> list[str]:
    return [play.id for assignment in plan.assignments for play in assignment.plays]


# the box alone


def test_without_a_system_every_form_is_played_and_every_leg_is_live(build: Build, scenario: Scenario) -> None:
    plan = build.plan([scenario])
    assert _ids(plan) == ["swf.test@2.3.1", "swf.test@2.5.1"]
    old, new = build.plays(plan)
    assert _states(old) == {}
    assert _states(new) == {"order.to-order-filler": LegState.NOT_APPLICABLE}
    players = {player for planned in old.steps for leg in planned.legs for player in (leg.initiator, leg.responder)}
    assert players == {HARNESS}
    assert plan.lost == ()


def test_a_plan_says_what_it_was_made_from(build: Build, scenario: Scenario) -> None:
    plan = build.plan([scenario], [build.system("RIS", "Order Filler")], seed=42)
    assert (plan.run, plan.seed, plan.harness_version, plan.rule_set) == ("run", 42, "0", "0" * 64)
    assert [system.name for system in plan.systems] == ["RIS"]


def test_a_leg_without_the_form_is_not_applicable_and_says_why(build: Build, scenario: Scenario) -> None:
    play = build.plays(build.plan([scenario]))[1]
    (leg,) = play.step(scenario.steps[1].id).legs
    assert leg.reason == "RAD-2 to-order-filler has no HL7 2.5.1 form"


# together and each


def test_a_system_plays_all_its_actors_together(build: Build, scenario: Scenario) -> None:
    plan = build.plan([scenario], [build.system("RIS", "Order Placer", "Order Filler")])
    (assignment,) = plan.assignments
    (play,) = assignment.plays
    assert assignment.id == ""
    assert play.id == "swf.test@2.3.1"
    assert play.roles == {"Order Placer": "RIS", "Order Filler": "RIS"}
    assert assignment.player(ActorName("Order Filler"), TransactionId("RAD-4")) == "RIS"
    assert assignment.player(ActorName("Image Manager"), TransactionId("RAD-4")) == HARNESS


def test_two_systems_under_test_share_one_department(build: Build, scenario: Scenario) -> None:
    plan = build.plan([scenario], [build.system("RIS", "Order Filler"), build.system("PACS", "Image Manager")])
    (assignment,) = plan.assignments
    assert {party.player for party in assignment.theirs} == {"RIS", "PACS"}
    assert assignment.plays[0].roles == {"Order Filler": "RIS", "Image Manager": "PACS"}


def test_each_plays_one_actor_after_the_other_and_we_play_the_rest(build: Build, scenario: Scenario) -> None:
    system = build.system("BOX", "Order Filler", "Image Manager", binding=Binding.EACH)
    plan = build.plan([scenario], [system])
    assert _ids(plan) == ["swf.test@2.3.1[Order Filler]", "swf.test@2.3.1[Image Manager]"]
    for assignment in plan.assignments:
        (play,) = assignment.plays
        assert play.roles == {assignment.id: "BOX"}
        assert set(assignment.serves) == {assignment.id}
        assert _states(play) == {}


def test_each_leaves_out_an_actor_that_no_scenario_involves(build: Build) -> None:
    scenario = build.scenario(build.step("worklist", "RAD-5", "Modality"))
    system = build.system("BOX", "Order Filler", "Image Manager", binding=Binding.EACH)
    assert _ids(build.plan([scenario], [system])) == ["swf.test@2.3.1[Order Filler]"]


def test_together_and_each_may_be_mixed(build: Build, scenario: Scenario) -> None:
    systems = [build.system("RIS", "Order Filler"), build.system("BOX", "Modality", binding=Binding.EACH)]
    assert _ids(build.plan([scenario], systems)) == ["swf.test@2.3.1", "swf.test@2.3.1[Modality]"]


def test_the_same_actor_of_two_systems_one_after_the_other_stays_two_groups(build: Build, scenario: Scenario) -> None:
    systems = [build.system(name, "Image Manager", binding=Binding.EACH) for name in ("PACS A", "PACS B")]
    plan = build.plan([scenario], systems)
    assert len({assignment.id for assignment in plan.assignments}) == 2
    assert len(set(_ids(plan))) == 2
    assert {play.roles[ActorName("Image Manager")] for play in build.plays(plan)} == {"PACS A", "PACS B"}


def test_two_systems_may_not_claim_the_same_actor_at_once(build: Build, scenario: Scenario) -> None:
    systems = [build.system("PACS A", "Image Manager"), build.system("PACS B", "Image Manager")]
    with pytest.raises(InputError, match="PACS A and PACS B both claim Image Manager in RAD-4"):
        build.plan([scenario], systems)


def test_two_systems_may_share_an_actor_by_transactions(build: Build, scenario: Scenario) -> None:
    def claiming(name: str, *transactions: str) -> Claim:
        return Claim(
            profile="SWF",
            actors=(ActorName("Image Manager"),),
            transactions=tuple(TransactionId(transaction) for transaction in transactions),
        )

    systems = [
        replace(build.system("STORE", "Image Manager"), claims=(claiming("STORE", "RAD-8", "RAD-10"),)),
        replace(build.system("BROKER", "Image Manager"), claims=(claiming("BROKER", "RAD-4"),)),
    ]
    (assignment,) = build.plan([scenario], systems).assignments
    image_manager = ActorName("Image Manager")
    players = {name: assignment.player(image_manager, TransactionId(name)) for name in ("RAD-4", "RAD-6", "RAD-8")}
    assert players == {"RAD-4": "BROKER", "RAD-6": HARNESS, "RAD-8": "STORE"}


def test_nothing_to_test_is_an_input_error(build: Build) -> None:
    scenario = build.scenario(build.step("worklist", "RAD-5", "Modality"))
    with pytest.raises(InputError, match="none of the scenarios applies to what the systems claim"):
        build.plan([scenario], [build.system("PACS", "Image Manager")])
    with pytest.raises(InputError, match="none of the scenarios"):
        build.plan([])


# what is claimed, offered, observed


def test_claimed_but_not_offered_fails_without_a_connection(build: Build, scenario: Scenario) -> None:
    system = build.system("PACS", "Image Manager", offers=["RAD-8", "RAD-10"])
    plan = build.plan([scenario], [system])
    (play,) = build.plays(plan)
    assert _states(play) == {
        "scheduled.to-image-manager": LegState.NOT_OFFERED,
        "started.to-image-manager": LegState.NOT_OFFERED,
    }
    (leg,) = play.step(scenario.steps[2].id).legs
    assert (leg.initiator, leg.responder) == (HARNESS, HARNESS)
    assert (leg.claimed_by, leg.at_fault) == ("PACS", "Image Manager")
    assert leg.reason == "PACS claims Image Manager and does not offer RAD-4"
    assert leg.systems == frozenset()
    assert play.step(scenario.steps[2].id).systems == {"PACS"}
    assert play.roles == {"Image Manager": "PACS"}


def test_without_a_list_of_offers_everything_claimed_is_offered(build: Build, scenario: Scenario) -> None:
    (play,) = build.plays(build.plan([scenario], [build.system("PACS", "Image Manager")]))
    assert _states(play) == {}


def test_an_optional_transaction_is_not_claimed_by_claiming_the_actor(build: Build, scenario: Scenario) -> None:
    with pytest.raises(InputError, match="none of the scenarios"):
        build.plan([scenario], [build.system("VIEWER", "Image Display")])


def test_what_a_product_does_not_claim_of_its_actor_is_ours_and_says_why(build: Build, scenario: Scenario) -> None:
    claim = Claim(profile="SWF", actors=(ActorName("Order Filler"),), transactions=(TransactionId("RAD-2"),))
    (play,) = build.plays(build.plan([scenario], [build.system("RIS", "Order Filler", claims=(claim,))]))
    order, scheduled = (play.step(scenario.steps[index].id).legs[0] for index in (1, 2))
    assert (order.state, order.reason) == (LegState.LIVE, "")
    assert (scheduled.state, scheduled.initiator, scheduled.claimed_by) == (LegState.LIVE, HARNESS, None)
    assert scheduled.reason == "RIS does not claim RAD-4 of Order Filler: not tested, a stand-in plays it"


def test_a_leg_is_fed_when_its_responder_has_a_hook_for_it(build: Build, scenario: Scenario) -> None:
    system = build.system("RIS", "Order Filler")
    described = system.actors[ActorName("Order Filler")]
    feeds = {TransactionId("RAD-2"): Hook(command=("feed",))}
    fed = replace(system, actors={ActorName("Order Filler"): replace(described, feeds=feeds)})
    for under_test, expected in ((system, False), (fed, True)):
        (play,) = build.plays(build.plan([scenario], [under_test]))
        assert [leg.fed for step in play.steps for leg in step.legs if step.transaction.id == "RAD-2"] == [expected]
        assert not any(leg.fed for step in play.steps for leg in step.legs if step.transaction.id != "RAD-2")


def test_a_leg_inside_one_product_is_not_observable_and_listed_as_lost(build: Build, scenario: Scenario) -> None:
    plan = build.plan([scenario], [build.system("RIS", "Order Placer", "Order Filler")])
    (play,) = build.plays(plan)
    assert _states(play) == {"order.to-order-filler": LegState.NOT_OBSERVABLE}
    assert play.step(scenario.steps[1].id).legs[0].reason == "inside RIS"
    assert plan.lost == ("RAD-2 Order Placer -> Order Filler: not observable, inside RIS",)


def test_a_stand_in_is_not_asked_for_what_only_the_product_saw(build: Build, scenario: Scenario) -> None:
    commitment = build.knowledge.transactions[TransactionId("RAD-10")]
    knowing = replace(commitment, knows_from={ActorName("Image Manager"): (TransactionId("RAD-8"),)})
    build.knowledge = replace(
        build.knowledge, transactions={**build.knowledge.transactions, TransactionId("RAD-10"): knowing}
    )
    claim = Claim(profile="SWF.b", actors=(ActorName("Image Manager"),), transactions=(TransactionId("RAD-8"),))
    (play,) = build.plays(build.plan([scenario], [replace(build.system("PACS", "Image Manager"), claims=(claim,))]))
    legs = play.step(StepId("committed")).legs
    assert {leg.state for leg in legs} == {LegState.NOT_APPLICABLE}
    assert {leg.reason for leg in legs} == {"our stand-in Image Manager never saw what PACS took in RAD-8"}


def test_only_the_actors_under_test_are_the_systems_parties(build: Build, scenario: Scenario) -> None:
    plan = build.plan([scenario], [build.system("ALL", "ADT", "Modality", binding=Binding.EACH)])
    for assignment in plan.assignments:
        assert {party.actor for party in assignment.theirs} <= set(assignment.serves)


def test_a_leg_between_two_products_is_not_observable_either(build: Build, scenario: Scenario) -> None:
    plan = build.plan([scenario], [build.system("RIS", "Order Filler"), build.system("PACS", "Image Manager")])
    (play,) = build.plays(plan)
    assert _states(play) == {"scheduled.to-image-manager": LegState.NOT_OBSERVABLE}
    assert plan.lost == ("RAD-4 Order Filler -> Image Manager: not observable, between RIS and PACS",)


def test_a_step_is_started_by_whoever_plays_its_actor(build: Build, scenario: Scenario) -> None:
    (play,) = build.plays(build.plan([scenario], [build.system("RIS", "Order Filler", offers=["RAD-5", "RAD-2"])]))
    assert {planned.step.id: planned.initiator for planned in play.steps}[scenario.steps[2].id] == HARNESS
    (play,) = build.plays(build.plan([scenario], [build.system("RIS", "Order Filler")]))
    assert {planned.step.id: planned.initiator for planned in play.steps}[scenario.steps[2].id] == "RIS"


# forms


@pytest.mark.parametrize(
    ("profile", "options", "forms"),
    [
        ("SWF", (), ["2.3.1"]),
        ("SWF.b", (), ["2.5.1"]),
        ("SWF", ("HL7 v2.5.1",), ["2.3.1", "2.5.1"]),
    ],
)
def test_the_claims_choose_the_forms(
    build: Build, scenario: Scenario, profile: str, options: tuple[str, ...], forms: list[str]
) -> None:
    system = build.system("RIS", "Order Filler", profile=profile)
    system = replace(system, claims=(replace(system.claims[0], options=options),))
    assert [play.form for play in build.plays(build.plan([scenario], [system]))] == forms


@pytest.mark.parametrize(("options", "claimed"), [((), []), (("Display",), ["RAD-5"])])
def test_an_option_makes_an_optional_transaction_part_of_the_claim(
    build: Build, options: tuple[str, ...], claimed: list[str]
) -> None:
    profile = build.knowledge.profiles["SWF"]
    assert list(profile.transactions_of(ActorName("Image Display"), options)) == claimed
    assert list(profile.transactions_of(ActorName("Modality"), options)) == ["RAD-5", "RAD-6", "RAD-8", "RAD-10"]


def test_a_scenario_without_the_claimed_form_is_played_in_its_first(build: Build) -> None:
    scenario = build.scenario(build.step("worklist", "RAD-5", "Modality"), forms=("2.3.1",))
    system = build.system("RIS", "Order Filler", profile="SWF.b")
    assert _ids(build.plan([scenario], [system])) == ["swf.test@2.3.1"]


def test_a_play_belongs_to_the_profile_of_its_form(build: Build, scenario: Scenario) -> None:
    assert [play.profile for play in build.plays(build.plan([scenario]))] == ["SWF", "SWF.b"]


# never asked to misbehave


@pytest.mark.parametrize(
    "parameters",
    [
        {"deviation": Deviation(actor=ActorName("Modality"), change=Change.TWICE)},
        {"expect": Expectation(answer=Answer.REFUSED)},
        {"unstored": 1},
    ],
    ids=["deviation", "refused", "unstored"],
)
def test_a_system_is_never_asked_to_misbehave(build: Build, parameters: dict[str, object]) -> None:
    scenario = build.scenario(
        build.step("stored", "RAD-8", "Modality"), build.step("committed", "RAD-10", "Modality", **parameters)
    )
    (play,) = build.plays(build.plan([scenario], [build.system("CT", "Modality")]))
    assert _states(play) == {
        "committed.request": LegState.NOT_APPLICABLE,
        "committed.report": LegState.NOT_APPLICABLE,
    }
    assert "Modality would have to misbehave" in play.step(scenario.steps[1].id).legs[0].reason
    (play,) = build.plays(build.plan([scenario], [build.system("PACS", "Image Manager")]))
    assert _states(play) == {}


def test_the_deviation_of_another_actor_than_the_steps_own_is_seen_too(build: Build) -> None:
    silence = Deviation(actor=ActorName("Image Manager"), change=Change.SILENCE, part=Part.RESPONSE)
    scenario = build.scenario(
        build.step("scheduled", "RAD-4", "Order Filler"), build.step("stored", "RAD-8", "Modality", deviation=silence)
    )
    (play,) = build.plays(build.plan([scenario], [build.system("PACS", "Image Manager")]))
    assert _states(play) == {"stored.store": LegState.NOT_APPLICABLE}
    (play,) = build.plays(build.plan([scenario], [build.system("CT", "Modality")]))
    assert _states(play) == {}


# identities and addresses


def test_every_play_has_a_patient_and_a_visit_of_its_own(build: Build, scenario: Scenario) -> None:
    system = build.system("BOX", "Order Filler", "Image Manager", binding=Binding.EACH)
    other = replace(scenario, id=ScenarioId("swf.other"))
    plays = build.plays(build.plan([scenario, other], [system]))
    assert len(plays) == 4
    patients = [play.case.patients["main"].id for play in plays]
    assert len(set(patients)) == 4
    assert all(patients)
    assert len({play.case.visit.number for play in plays}) == 4
    assert {play.case.patients["main"].authority for play in plays} == {"HOSP"}


def test_patients_without_an_identifier_are_one_person_and_others_keep_theirs(build: Build, scenario: Scenario) -> None:
    case = build.case(main="", renamed="", other="FIXED")
    plan = Planner(build.knowledge, {"case": case}, 1).plan(
        run="run", seed=1, started="", version="0", scenarios=[scenario], systems=()
    )
    patients = build.plays(plan)[0].case.patients
    assert patients["main"].id == patients["renamed"].id != ""
    assert patients["other"].id == "FIXED"
    assert patients["renamed"].name.given == "renamed"


def test_the_same_seed_gives_the_same_plan_and_another_one_other_patients(build: Build, scenario: Scenario) -> None:
    assert build.plan([scenario], seed=5) == build.plan([scenario], seed=5)
    first, second = (build.plays(build.plan([scenario], seed=seed))[0].case for seed in (5, 6))
    assert first.patients["main"].id != second.patients["main"].id


def test_our_titles_are_short_and_tell_actors_apart() -> None:
    """PS3.5 6.2: an AE title has at most 16 characters."""
    titles = {actor: ae_title(ActorName(actor)) for actor in ACTORS}
    assert len(set(titles.values())) == len(ACTORS)
    assert all(len(title) <= 16 and title.isascii() and " " not in title for title in titles.values())
    assert titles["Order Filler"] == "SWF_ORDER_FILLER"


def test_we_listen_where_the_product_was_told_to_find_us(build: Build, scenario: Scenario) -> None:
    told = DepartmentActor(
        ae_title="CT1", port=11112, hl7_port=2575, bind="127.0.0.9", advertise="10.0.0.7", application="CTAPP"
    )
    system = build.system("PACS", "Image Manager", department={ActorName("Modality"): told})
    (assignment,) = build.plan([scenario], [system]).assignments
    modality, filler = assignment.ours[ActorName("Modality")], assignment.ours[ActorName("Order Filler")]
    assert modality.bind == "127.0.0.9"
    assert modality.dimse is not None
    assert (modality.dimse.ae_title, modality.dimse.host, modality.dimse.port) == ("CT1", "10.0.0.7", 11112)
    assert modality.hl7 is not None
    assert (modality.hl7.application, modality.hl7.facility, modality.hl7.port) == ("CTAPP", "SWF", 2575)
    assert filler.dimse is not None
    assert (filler.bind, filler.dimse.ae_title, filler.dimse.port) == ("127.0.0.1", "SWF_ORDER_FILLER", 0)


def test_every_actor_of_a_play_has_a_party_of_ours_to_stand_in(build: Build, scenario: Scenario) -> None:
    (assignment,) = build.plan([scenario], [build.system("PACS", "Image Manager")]).assignments
    assert set(assignment.ours) == {
        "ADT",
        "Order Placer",
        "Order Filler",
        "Modality",
        "PPS Manager",
        "Image Manager",
    }
    assert all(party.player == HARNESS and party.actor == actor for actor, party in assignment.ours.items())


def test_of_several_systems_the_most_patient_times_hold(build: Build, scenario: Scenario) -> None:
    systems = [
        build.system("RIS", "Order Filler", times=Times(answer=1, act=50, show=2, settle=0.5)),
        build.system("PACS", "Image Manager", times=Times(answer=9, act=3, show=8, settle=0.1)),
    ]
    (assignment,) = build.plan([scenario], systems).assignments
    assert assignment.times == Times(answer=9, act=50, show=8, settle=0.5)
    (assignment,) = build.plan([scenario]).assignments
    assert assignment.times == Times()


@pytest.mark.parametrize(
    ("transaction", "initiator", "legs"),
    [
        ("RAD-10", "Modality", {"request": True, "report": True}),
        ("RAD-10", "Evidence Creator", {"creator-request": True, "creator-report": True}),
        ("RAD-14", "Image Display", {"query": True, "cancel": False}),
        ("RAD-16", "Evidence Creator", {"creator-move": True, "creator-store": True}),
        ("RAD-43", "Modality", {"store-from-modality": True}),
    ],
)
def test_who_begins_a_step_decides_which_legs_it_has(
    build: Build, transaction: str, initiator: str, legs: dict[str, bool]
) -> None:
    found = legs_of(build.step("step", transaction, initiator), knowledge().transactions[TransactionId(transaction)])
    assert {leg.id: leg.required for leg in found} == legs


# links of single transactions


def _old_link(*transactions: str) -> SystemActor:
    own = Hl7Address(application="RIS", facility="RAD", port=1)
    link = Endpoints(hl7=replace(own, version="2.3.1"))
    return SystemActor(hl7=own, links={TransactionId(name): link for name in transactions})


def _ris(build: Build, *claims: Claim, described: SystemActor) -> System:
    system = build.system("RIS", "Order Filler")
    return replace(system, claims=claims, actors={ActorName("Order Filler"): described})


NEW = Claim(profile="SWF.b", actors=(ActorName("Order Filler"),))
OLD = Claim(profile="SWF", actors=(ActorName("Order Filler"),), transactions=(TransactionId("RAD-1"),))


def test_a_leg_is_planned_in_the_version_of_its_link(build: Build, scenario: Scenario) -> None:
    system = _ris(build, NEW, described=_old_link("RAD-1"))
    (play,) = build.plays(build.plan([scenario], [system]))
    assert play.form == "2.5.1"
    to_placer, to_filler = play.step(StepId("register")).legs
    assert (to_placer.version, to_placer.unshown) == ("2.5.1", "")
    assert to_filler.version == "2.3.1"
    assert to_filler.unshown == (
        "RIS speaks HL7 2.3.1 in RAD-1, and Order Filler is claimed in SWF.b with 2.5.1: that is not shown"
    )
    (scheduled,) = play.step(StepId("scheduled")).legs
    assert (scheduled.version, scheduled.unshown) == ("2.5.1", "")
    (worklist,) = play.step(StepId("worklist")).legs
    assert worklist.version == ""


def test_a_claim_of_the_version_that_is_spoken_is_shown(build: Build, scenario: Scenario) -> None:
    rest = tuple(TransactionId(name) for name in ("RAD-2", "RAD-4", "RAD-5", "RAD-6"))
    system = _ris(build, OLD, replace(NEW, transactions=rest), described=_old_link("RAD-1"))
    (play,) = build.plays(build.plan([scenario], [system]))
    assert play.form == "2.5.1"
    leg = play.step(StepId("register")).legs[1]
    assert (leg.version, leg.unshown) == ("2.3.1", "")


def test_the_longest_time_of_a_transaction_holds(build: Build, scenario: Scenario) -> None:
    quick, slow = TransactionTimes(act=1), TransactionTimes(act=90, answer=5)
    ris = replace(
        build.system("RIS", "Order Filler"), times=Times(act=30, transactions={TransactionId("RAD-4"): quick})
    )
    pacs = replace(
        build.system("PACS", "Image Manager"), times=Times(act=10, transactions={TransactionId("RAD-8"): slow})
    )
    (assignment,) = build.plan([scenario], [ris, pacs]).assignments
    times = assignment.times
    assert times.act == 30
    assert times.of(TransactionId("RAD-4")).act == 10
    assert times.of(TransactionId("RAD-8")).act == 90
    assert times.of(TransactionId("RAD-8")).answer == 10
    (alone,) = build.plan([scenario], [ris]).assignments
    assert alone.times.of(TransactionId("RAD-4")).act == 1


# the active PPS Manager


def test_only_one_pps_manager_is_active(build: Build, scenario: Scenario) -> None:
    ris = build.system("RIS", "Order Filler", "PPS Manager")
    pacs = build.system("PACS", "Image Manager", "PPS Manager")
    with pytest.raises(InputError, match="exactly one is active; say `pps_manager: simulated` in the system file"):
        build.plan([scenario], [ris, pacs])
    (assignment,) = build.plan([scenario], [ris, replace(pacs, pps_manager="simulated")]).assignments
    assert set(assignment.serves[ActorName("PPS Manager")].values()) == {"RIS"}
    assert assignment.plays[0].roles[ActorName("PPS Manager")] == "RIS"


def test_a_pps_manager_that_is_part_of_another_actor_is_reached_there(build: Build, scenario: Scenario) -> None:
    ris = build.system("RIS", "Order Filler", "PPS Manager")
    address = DimseAddress(ae_title="RIS", port=104)
    actors = {ActorName("Order Filler"): SystemActor(dimse=address)}
    (assignment,) = build.plan([scenario], [replace(ris, actors=actors, pps_manager="Order Filler")]).assignments
    party = assignment.party(ActorName("PPS Manager"), ris.name)
    assert party is not None
    assert party.dimse == address
