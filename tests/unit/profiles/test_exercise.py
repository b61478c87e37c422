"""What a scenario exercises is read off its steps, legs, forms, edges and states."""

from __future__ import annotations

import pytest

from harness.model.deviation import Change, Deviation, Part
from harness.model.names import ActorName, RequirementId, ScenarioId, StepId, TransactionId
from harness.model.scenario import Answer, Expectation, Scenario, Step
from harness.profiles import knowledge
from harness.profiles.exercise import Exercises

EXERCISES = Exercises(knowledge())


def step(transaction: str, initiator: str, **parameters: object) -> Step:
    return Step(
        id=StepId(f"{transaction}-{'-'.join(map(str, parameters.values()))}".lower()),
        transaction=TransactionId(transaction),
        initiator=ActorName(initiator),
        **parameters,  # type: ignore[arg-type]
    )


def exercised(*steps: Step, form: str = "2.5.1") -> frozenset[RequirementId]:
    scenario = Scenario(
        id=ScenarioId("test"), title="", citation={"SWF": ""}, forms=("2.3.1", "2.5.1"), case="", steps=steps
    )
    return EXERCISES.of(scenario, form)


def tables(found: frozenset[RequirementId]) -> set[str]:
    return {name.partition("/")[0] for name in found}


REGISTER = step("RAD-1", "ADT", trigger="A04")
ORDER = step("RAD-2", "Order Placer", control="NW")
SCHEDULED = step("RAD-4", "Order Filler", control="NW")
WORKLIST = step("RAD-5", "Modality", expect=Expectation(matches=1))
STARTED = step("RAD-6", "Modality")
STORED = step("RAD-8", "Modality")
COMPLETED = step("RAD-7", "Modality")


def test_a_field_table_needs_its_message_in_its_version() -> None:
    assert "rad-1.adt-a04-2.5.1" in tables(exercised(REGISTER))
    assert {name for name in tables(exercised(REGISTER, form="2.3.1")) if name.startswith("rad-1.adt")} == {
        "rad-1.adt-a04-2.3.1"
    }
    assert "rad-2.omg-o19-nw" in tables(exercised(ORDER))
    assert "rad-2.omg-o19-ca" not in tables(exercised(ORDER))
    assert "rad-2.omg-o19-ca" in tables(exercised(step("RAD-2", "Order Placer", control="CA")))


def test_the_answer_has_a_table_where_the_message_calls_for_it() -> None:
    assert "rad-3.orr-o02" in tables(exercised(step("RAD-3", "Order Filler", control="SN"), form="2.3.1"))
    assert "rad-3.orr-o02" not in tables(exercised(step("RAD-3", "Order Filler", control="SC"), form="2.3.1"))


def test_attribute_tables_and_rules_go_with_their_leg() -> None:
    found = exercised(WORKLIST)
    assert {"mwl-request", "mwl-response", "rad-5.query"} <= tables(found)
    assert "mpps-n-create" not in tables(found)


def test_an_optional_leg_needs_an_actor_who_takes_part_otherwise() -> None:
    assert "rad-4.to-report-manager" not in tables(exercised(SCHEDULED))
    assert "rad-4.to-report-manager" in tables(exercised(SCHEDULED, step("RAD-24", "Report Creator")))


def test_an_edge_needs_both_ends_and_the_segment_that_holds_the_value() -> None:
    edge = RequirementId("consistency/accession-number.rad-4-to-rad-5")
    assert edge in exercised(SCHEDULED, WORKLIST)
    assert edge not in exercised(WORKLIST)
    assert edge not in exercised(SCHEDULED)


def test_an_edge_of_the_unscheduled_case_needs_an_unscheduled_start() -> None:
    edge = RequirementId("consistency/study-instance-uid.rad-6-to-rad-4")
    assert edge in exercised(STARTED, STORED, COMPLETED, SCHEDULED)
    assert edge not in exercised(SCHEDULED, WORKLIST, STARTED, STORED, COMPLETED)


def test_an_expectation_is_exercised_by_the_step_that_has_it() -> None:
    assert "expectation/rad-5-matches" in exercised(WORKLIST)
    assert "expectation/rad-5-matches" not in exercised(step("RAD-5", "Modality"))
    assert "expectation/rad-5-status" not in exercised(WORKLIST)


def test_other_rules_of_a_play_go_with_their_transaction() -> None:
    assert "storage/committed-equals-requested" in exercised(step("RAD-10", "Modality"))
    assert "storage/committed-equals-requested" not in exercised(WORKLIST)


@pytest.mark.parametrize(
    ("steps", "rows"),
    [
        ((STARTED,), {"none.n-create-in-progress"}),
        ((STARTED, COMPLETED), {"none.n-create-in-progress", "in-progress.n-set-completed"}),
        (
            (STARTED, step("RAD-7", "Modality", status="DISCONTINUED 110514")),
            {"none.n-create-in-progress", "in-progress.n-set-discontinued"},
        ),
        (
            (STARTED, step("RAD-7", "Modality", status="IN PROGRESS"), COMPLETED),
            {"none.n-create-in-progress", "in-progress.n-set-completed"},
        ),
        (
            (STARTED, COMPLETED, step("RAD-7", "Modality", illegal=True, expect=Expectation(answer=Answer.REFUSED))),
            {"none.n-create-in-progress", "in-progress.n-set-completed", "completed.n-set-completed"},
        ),
        ((COMPLETED,), {"none.n-set-completed"}),
    ],
)
def test_a_row_of_the_state_machine_needs_its_event_in_its_state(steps: tuple[Step, ...], rows: set[str]) -> None:
    found = {name.removeprefix("mpps-states/") for name in exercised(*steps) if name.startswith("mpps-states/")}
    assert rows <= found
    assert found - rows <= {"in-progress.n-set"}


def test_what_no_recording_can_show_is_exercised_by_nothing() -> None:
    assert "rad-8.store/kept-until-committed" not in exercised(STORED)


def about_tls(found: frozenset[RequirementId]) -> set[str]:
    return {name for name in found if name.partition("/")[2].startswith("tls-")}


def test_a_rule_about_tls_needs_a_step_that_tests_just_that() -> None:
    assert about_tls(exercised(REGISTER, WORKLIST, STORED)) == set()
    bad = Deviation(actor=ActorName("Modality"), transaction=TransactionId("RAD-5"), change=Change.OLD_TLS)
    assert about_tls(exercised(WORKLIST, step("RAD-5", "Modality", deviation=bad))) == {"rad-5.query/tls-old-caller"}
    shown = Deviation(actor=ActorName("Order Filler"), change=Change.UNKNOWN_AUTHORITY, part=Part.RESPONSE)
    found = about_tls(exercised(step("RAD-1", "ADT", trigger="A04", deviation=shown)))
    assert found == {"rad-1.to-order-filler/tls-unknown-listener"}
