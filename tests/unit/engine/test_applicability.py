"""Which scenarios test a system: what its claims of profiles, actors, options and HL7 forms say, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.engine.planning import Planner
from harness.errors import NotApplicable
from harness.model.applicable import Applicable
from harness.model.names import ActorName, TransactionId
from harness.model.profile import Option
from harness.model.scenario import Scenario
from harness.model.system import Binding, Claim, Endpoints, Hl7Address, System, SystemActor

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Build

FILLER = ActorName("Order Filler")


@pytest.fixture
def scenario(build: Build) -> Scenario:
    """Registered, scheduled, asked for."""
    return build.scenario(
        build.step("register", "RAD-1", "ADT", trigger="A04"),
        build.step("scheduled", "RAD-4", "Order Filler"),
        build.step("worklist", "RAD-5", "Modality"),
        forms=("2.3.1", "2.5.1"),
    )


def cells(build: Build, scenario: Scenario, *systems: System) -> list[Applicable]:
    planner = Planner(build.knowledge, {"case": build.case()}, 1)
    return list(planner.applicable([scenario], systems))


def why(build: Build, scenario: Scenario, *systems: System) -> dict[tuple[str, str], str]:
    return {(cell.role, cell.form): cell.why for cell in cells(build, scenario, *systems)}


def claiming(build: Build, *claims: tuple[str, str, Sequence[str]]) -> System:
    """A system that claims an actor of a profile with options, once for each claim."""
    actors = dict.fromkeys(actor for _, actor, _ in claims)
    made = tuple(
        Claim(profile=profile, actors=(ActorName(actor),), options=tuple(options)) for profile, actor, options in claims
    )
    return replace(build.system("RIS", *actors), claims=made)


def with_option(build: Build, profile: str, transactions: tuple[str, ...] = ()) -> None:
    """Make `Extra` an option of the Order Filler in one profile."""
    listed = Option(
        actors=(FILLER,),
        means="more",
        citation=build.knowledge.profiles[profile].citation,
        transactions=tuple(TransactionId(one) for one in transactions),
    )
    changed = replace(
        build.knowledge.profiles[profile], options={**build.knowledge.profiles[profile].options, "Extra": listed}
    )
    build.knowledge = replace(build.knowledge, profiles={**build.knowledge.profiles, profile: changed})


def test_what_applies_says_what_it_tests(build: Build, scenario: Scenario) -> None:
    (old, new) = cells(build, scenario, build.system("RIS", "Order Filler"))
    assert (old.applies, old.why, old.tested) == (True, "", ("RAD-1", "RAD-4", "RAD-5"))
    assert (new.applies, new.tested) == (False, ())
    assert new.why == "Order Filler is claimed with HL7 2.3.1, not with 2.5.1"


def test_an_actor_that_the_scenario_does_not_involve(build: Build, scenario: Scenario) -> None:
    found = why(build, scenario, build.system("MPPS", "PPS Manager"))
    assert set(found.values()) == {"PPS Manager takes no part in it with what is claimed"}


def test_a_role_of_a_system_that_is_played_for_its_other_role(build: Build, scenario: Scenario) -> None:
    found = why(build, scenario, build.system("BOX", "PPS Manager", "Order Filler"))
    assert found["Order Filler", "2.3.1"] == ""
    assert found["PPS Manager", "2.3.1"] == "PPS Manager takes no part in it with what is claimed"


def test_each_role_is_answered_for_by_itself(build: Build, scenario: Scenario) -> None:
    system = replace(build.system("BOX", "PPS Manager", "ADT"), binding=Binding.EACH)
    found = why(build, scenario, system)
    assert found["ADT", "2.3.1"] == ""
    assert found["PPS Manager", "2.3.1"] != ""


def test_a_claim_of_a_profile_that_the_scenario_does_not_cite(build: Build, scenario: Scenario) -> None:
    build.knowledge = replace(
        build.knowledge,
        profiles={**build.knowledge.profiles, "PIR": replace(build.knowledge.profiles["SWF"], id="PIR")},
    )
    found = why(build, scenario, claiming(build, ("PIR", "Order Filler", ())))
    assert found["Order Filler", "2.3.1"] == "it is a scenario of SWF, SWF.b, and Order Filler is claimed in PIR"


# options


@pytest.mark.parametrize(
    ("options", "expected"), [((), "Order Filler does not claim the option Extra"), (("Extra",), "")]
)
def test_an_option_has_to_be_claimed(build: Build, scenario: Scenario, options: tuple[str, ...], expected: str) -> None:
    with_option(build, "SWF")
    wanting = replace(scenario, options={FILLER: "Extra"})
    assert why(build, wanting, claiming(build, ("SWF", "Order Filler", options)))["Order Filler", "2.3.1"] == expected


def test_an_option_of_an_actor_that_we_play_is_nobodys_to_claim(build: Build, scenario: Scenario) -> None:
    with_option(build, "SWF")
    wanting = replace(scenario, options={FILLER: "Extra"})
    assert why(build, wanting, build.system("HIS", "ADT"))["ADT", "2.3.1"] == ""


def test_the_claims_of_a_form_say_which_options_hold_in_it(build: Build, scenario: Scenario) -> None:
    """What a profile does not list as an option is a part of it."""
    with_option(build, "SWF")
    wanting = replace(scenario, options={FILLER: "Extra"})
    found = why(build, wanting, claiming(build, ("SWF", "Order Filler", ()), ("SWF.b", "Order Filler", ())))
    assert found["Order Filler", "2.3.1"] == "Order Filler does not claim the option Extra"
    assert found["Order Filler", "2.5.1"] == ""


def test_an_option_whose_transactions_a_profile_does_not_have_is_no_part_of_it(
    build: Build, scenario: Scenario
) -> None:
    with_option(build, "SWF", ("RAD-10",))
    wanting = replace(scenario, options={FILLER: "Extra"})
    found = why(build, wanting, claiming(build, ("SWF.b", "Order Filler", ())))
    assert found["Order Filler", "2.5.1"] == "Order Filler does not claim the option Extra"


# forms


def test_a_form_is_played_when_every_actor_that_speaks_it_claims_it(build: Build, scenario: Scenario) -> None:
    found = why(build, scenario, claiming(build, ("SWF", "ADT", ()), ("SWF.b", "Order Filler", ())))
    assert found["ADT", "2.5.1"] == "ADT is claimed with HL7 2.3.1, not with 2.5.1"
    assert found["ADT", "2.3.1"] == "Order Filler is claimed with HL7 2.5.1, not with 2.3.1"


def test_an_actor_that_speaks_no_hl7_is_played_in_the_forms_of_its_claims(build: Build, scenario: Scenario) -> None:
    found = why(build, scenario, claiming(build, ("SWF.b", "Modality", ())))
    assert found["Modality", "2.5.1"] == ""
    assert found["Modality", "2.3.1"] == "its claims are of HL7 2.5.1, not of 2.3.1"


def test_a_profile_of_both_versions_adds_no_form_to_one_that_has_its_own(build: Build, scenario: Scenario) -> None:
    both = replace(build.knowledge.profiles["SWF"], id="PIR", hl7_versions=("2.3.1", "2.5.1"))
    build.knowledge = replace(build.knowledge, profiles={**build.knowledge.profiles, "PIR": both})
    cited = replace(scenario, citation={**scenario.citation, "PIR": "RAD TF-1: 4"})
    alone = why(build, cited, claiming(build, ("PIR", "Order Filler", ())))
    assert alone == {("Order Filler", "2.3.1"): "", ("Order Filler", "2.5.1"): ""}
    beside = why(build, cited, claiming(build, ("PIR", "Order Filler", ()), ("SWF.b", "Order Filler", ())))
    assert beside["Order Filler", "2.3.1"] == "Order Filler is claimed with HL7 2.5.1, not with 2.3.1"
    assert beside["Order Filler", "2.5.1"] == ""


# planning


def test_a_named_scenario_that_does_not_apply_is_told_with_its_reason(build: Build, scenario: Scenario) -> None:
    planner = Planner(build.knowledge, {"case": build.case()}, 1)
    other = build.scenario(build.step("started", "RAD-6", "Modality"), id="swf.other")
    asked = {"run": "run", "seed": 1, "started": "", "version": "0", "systems": (build.system("MPPS", "PPS Manager"),)}
    with pytest.raises(NotApplicable) as caught:
        planner.plan(**asked, scenarios=(scenario, other), named=True)  # type: ignore[arg-type]
    assert str(caught.value) == "swf.test does not apply: PPS Manager takes no part in it with what is claimed"
    assert len(planner.plan(**asked, scenarios=(scenario, other)).assignments) == 1  # type: ignore[arg-type]


def test_a_play_in_which_nothing_is_asked_of_the_system_is_not_played(build: Build) -> None:
    scenario = build.scenario(build.step("committed", "RAD-10", "Modality", unstored=1))
    found = why(build, scenario, build.system("CT", "Modality"))
    assert found["Modality", "2.3.1"].startswith(
        "nothing of it can be asked of Modality: Modality would have to misbeh"
    )


def test_the_form_is_one_that_each_transaction_is_claimed_in(build: Build, scenario: Scenario) -> None:
    old = Claim(profile="SWF", actors=(FILLER,), transactions=(TransactionId("RAD-1"),))
    new = Claim(profile="SWF.b", actors=(FILLER,), transactions=(TransactionId("RAD-4"), TransactionId("RAD-5")))
    system = replace(build.system("RIS", "Order Filler"), claims=(old, new))
    assert why(build, scenario, system) == {
        ("Order Filler", "2.3.1"): "Order Filler is claimed with HL7 2.5.1, not with 2.3.1 in RAD-4",
        ("Order Filler", "2.5.1"): "Order Filler is claimed with HL7 2.3.1, not with 2.5.1 in RAD-1",
    }
    link = Endpoints(hl7=Hl7Address(application="RIS", facility="RAD", version="2.3.1"))
    actors = {FILLER: SystemActor(links={TransactionId("RAD-1"): link})}
    assert why(build, scenario, replace(system, actors=actors)) == {
        ("Order Filler", "2.3.1"): "Order Filler is claimed with HL7 2.5.1, not with 2.3.1 in RAD-4",
        ("Order Filler", "2.5.1"): "",
    }
