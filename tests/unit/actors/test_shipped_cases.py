"""The shipped cases and the default plan fit each other and what the actors make of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.model.scenario import Case, PlannedProcedure
from harness.scenario_files import Kind, find, shipped
from harness.scenario_files.cases import load_case, load_procedures

PLAN = load_procedures(find(Kind.PROCEDURES, "default"))
CASES = {name: load_case(path) for name, path in shipped(Kind.CASE).items()}


def by_id(argument: object) -> str | None:
    return argument.id if isinstance(argument, Case) else None


@pytest.mark.parametrize("case", CASES.values(), ids=by_id)
def test_a_case_orders_a_service_of_the_plan(case: Case) -> None:
    assert case.order.service in PLAN.services


LATER = [case for case in CASES.values() if "identified" in case.patients]


@pytest.mark.parametrize("case", LATER, ids=by_id)
def test_later_identities_are_of_the_same_person(case: Case) -> None:
    main, later = case.patients["main"], case.patients["identified"]
    assert main.person == later.person
    assert (main.id, later.id) == ("", ""), "the plan gives both the same identifier"
    assert main.name != later.name


@pytest.mark.parametrize("case", CASES.values(), ids=by_id)
def test_a_visit_has_what_its_registration_requires(case: Case) -> None:
    """A01 needs attending and admitting doctor, location and service; A04 the referring doctor (RAD TF-2: 4.1)."""
    visit = case.visit
    assert visit.referring is not None
    assert any(visit.location)
    if visit.patient_class == "I":
        assert visit.attending is not None
        assert visit.admitting is not None
        assert visit.hospital_service


def planned() -> Iterator[tuple[str, PlannedProcedure]]:
    yield from PLAN.services.items()


@pytest.mark.parametrize(("key", "procedure"), list(planned()), ids=lambda one: one if isinstance(one, str) else "")
def test_a_service_is_found_by_its_code_and_described_once(key: str, procedure: PlannedProcedure) -> None:
    """OBR-4 brings the code back; OBR-44.2 and IPC-6.2 are all that RAD-4 says of procedure and step in words."""
    assert procedure.service.value == key
    assert procedure.procedure.meaning == procedure.description
    for step in procedure.steps:
        assert step.protocol[0].meaning == step.description


def test_services_that_nobody_planned_become_the_default() -> None:
    assert PLAN.procedure("NEVER-HEARD-OF").service.value == PLAN.default
