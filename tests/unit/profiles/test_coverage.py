"""Coverage by profile, actor and option, of the shipped scenarios and of what a system claims."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.model.names import ActorName, RequirementId, TransactionId
from harness.model.system import Attestation, Claim
from harness.profiles import knowledge
from harness.profiles.coverage import BASE, Area, Status, claimed_coverage, coverage
from harness.wiring import workshop

KEPT = Attestation(
    requirement="rad-8.store/kept-*", statement="The disk is emptied by hand", by="HIS team", date="2026-05-04"
)


@pytest.fixture(scope="module")
def areas() -> tuple[Area, ...]:
    return coverage(knowledge(), workshop().files.scenarios())


def area(areas: tuple[Area, ...], profile: str, actor: str, option: str = BASE) -> Area:
    (found,) = [one for one in areas if (one.profile, one.actor, one.option) == (profile, actor, option)]
    return found


def statuses(found: Area) -> dict[str, Status]:
    return {one.requirement.id: one.status for one in found.covered}


def test_each_actor_has_an_area_and_one_for_each_of_its_options(areas: tuple[Area, ...]) -> None:
    profile = knowledge().profiles["SWF"]
    for actor in profile.actors:
        own = {one.option for one in areas if (one.profile, one.actor) == ("SWF", actor)}
        assert own >= {BASE} | {name for name, option in profile.options.items() if actor in option.actors}


def test_a_requirement_is_tested_by_its_scenarios_or_by_specimens_only(areas: tuple[Area, ...]) -> None:
    covered = {one.requirement.id: one for one in area(areas, "SWF.b", "Order Filler").covered}
    assert "swf.scheduled" in covered["rad-4.omi-o23/IPC-3"].scenarios
    assert covered["rad-4.omi-o23/IPC-3"].status is Status.SCENARIO
    assert covered["expectation/rad-2-status"].status is Status.SPECIMEN


def test_the_forms_of_an_option_count_only_with_the_option(areas: tuple[Area, ...]) -> None:
    base, option = area(areas, "SWF", "Order Filler"), area(areas, "SWF", "Order Filler", "HL7 v2.5.1")
    assert "rad-4.orm-o01/OBR-4.4" in statuses(base)
    assert not any(name.startswith("rad-4.omi-o23/") for name in statuses(base))
    assert "rad-4.omi-o23/IPC-3" in statuses(option)
    assert "rad-4.to-image-manager/delivered" not in statuses(option)


def test_an_optional_transaction_counts_only_with_its_option(areas: tuple[Area, ...]) -> None:
    assert "rad-11.query/delivered" not in statuses(area(areas, "SWF", "Order Filler"))
    assert "rad-11.query/delivered" in statuses(area(areas, "SWF", "Order Filler", "Image Availability Query"))


def test_what_holds_with_an_option_alone_counts_only_there(areas: tuple[Area, ...]) -> None:
    reason = "mpps-n-set/PerformedProcedureStepDiscontinuationReasonCodeSequence"
    assert reason not in statuses(area(areas, "SWF", "Modality"))
    assert reason in statuses(area(areas, "SWF", "Modality", "PPS Exception Management"))
    assert reason in statuses(area(areas, "SWF.b", "Modality"))
    assert knowledge().options_of("SWF", ActorName("Modality"), RequirementId(reason)) == ("PPS Exception Management",)


def test_what_no_recording_can_show_says_why_until_somebody_attests_it() -> None:
    claim = Claim(profile="SWF", actors=(ActorName("Modality"),))
    scenarios = workshop().files.scenarios()
    (plain,) = claimed_coverage(knowledge(), scenarios, [claim], [])
    assert plain.counts[Status.UNTESTABLE] == 2
    (attested,) = claimed_coverage(knowledge(), scenarios, [claim], [KEPT])
    assert attested.counts[Status.UNTESTABLE] == 1
    (one,) = attested.only(Status.ATTESTED).covered
    assert (one.requirement.id, one.attestation) == ("rad-8.store/kept-until-committed", KEPT)


def test_a_claim_has_one_area_with_its_options_and_its_transactions_alone() -> None:
    filler = ActorName("Order Filler")
    scenarios = workshop().files.scenarios()
    narrow = Claim(profile="SWF", actors=(filler,), transactions=(TransactionId("RAD-11"),))
    (area_,) = claimed_coverage(knowledge(), scenarios, [narrow], [])
    assert {one.requirement.transaction for one in area_.covered} == {"RAD-11"}
    both = Claim(profile="SWF", actors=(filler,), options=("HL7 v2.5.1", "Image Availability Query"))
    (area_,) = claimed_coverage(knowledge(), scenarios, [both], [])
    assert area_.option == "HL7 v2.5.1, Image Availability Query"
    assert {"rad-4.omi-o23/IPC-3", "rad-4.orm-o01/OBR-4.4", "rad-11.query/delivered"} <= set(statuses(area_))


def test_the_shipped_scenarios_are_all_that_is_counted(tmp_path: Path) -> None:
    nothing = coverage(knowledge(), ())
    assert {one.status for found in nothing for one in found.covered} == {Status.SPECIMEN, Status.UNTESTABLE}
