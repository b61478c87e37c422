"""Patients out of the shipped cases: each once, each with identifiers of its own, and then under other names."""

from __future__ import annotations

import pytest

from harness.engine.population import Population
from harness.errors import InputError
from harness.identifiers import Identifiers
from harness.model.scenario import Case
from harness.wiring import workshop


@pytest.fixture
def cases() -> list[Case]:
    return list(workshop().cases().values())


@pytest.fixture
def population(cases: list[Case]) -> Population:
    return Population(cases, Identifiers(1, "population"))


def test_the_main_patients_of_all_cases_come_first(population: Population, cases: list[Case]) -> None:
    given = [population.next() for _ in range(6)]
    assert [case.id for case in given] == [case.id for case in cases[:6]]
    assert [case.patients["main"].name for case in given] == [case.patients["main"].name for case in cases[:6]]


def test_nobody_looks_like_somebody_else_on_a_worklist_of_two_hundred(population: Population) -> None:
    mains = [population.next().patients["main"] for _ in range(200)]
    assert len({(one.name.family, one.name.given, one.birth_date) for one in mains}) == 200
    assert len({one.id for one in mains}) == 200


def test_there_is_no_end_of_patients(population: Population) -> None:
    assert len({population.next().patients["main"].id for _ in range(2000)}) == 2000


def test_everybody_has_an_authority_and_a_visit(population: Population) -> None:
    for case in (population.next() for _ in range(60)):
        assert all(patient.authority for patient in case.patients.values())
        assert case.visit.number
        assert {visit.number for visit in case.visits.values()} <= {case.visit.number}


def test_later_identities_of_a_person_come_with_the_person(population: Population) -> None:
    case = population.next("emergency-unidentified")
    assert case.patients["identified"].name.family == "MERCADO"
    assert case.patients["identified"].id == case.patients["main"].id


def test_a_name_of_another_script_is_never_taken_apart(population: Population) -> None:
    mains = [population.next().patients["main"] for _ in range(300)]
    japanese = {one.name for one in mains if one.name.ideographic}
    assert all(any(one.name == name and one.characters for one in mains) for name in japanese)
    mixed = [one for one in mains if one.name.family.isascii() != one.name.given.isascii()]
    assert not mixed


def test_the_same_seed_gives_the_same_people(cases: list[Case]) -> None:
    one, other = (Population(cases, Identifiers(7, "population")) for _ in range(2))
    assert [one.next() for _ in range(30)] == [other.next() for _ in range(30)]


def test_a_case_is_given_by_its_name(population: Population) -> None:
    case = population.next("outpatient-mr-brain")
    assert case.id == "outpatient-mr-brain"
    assert population.find(case.patients["main"].id) is case
    assert population.given() == (case,)


def test_a_name_that_is_none_is_told_with_the_nearest(population: Population) -> None:
    with pytest.raises(InputError, match="outpatient-mr-brain"):
        population.next("outpatient-mr-brian")
    assert population.find("nobody") is None
