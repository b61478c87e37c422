"""The files that ship: all of them load, checked against everything that the profiles know."""

from __future__ import annotations

from pathlib import Path

import pytest

import scenarios
from harness.profiles import knowledge
from harness.scenario_files import Kind, ScenarioFiles, find, shipped


@pytest.fixture(scope="module")
def library() -> ScenarioFiles:
    known = knowledge()
    transactions = known.transactions.values()
    return ScenarioFiles(
        actors=frozenset(actor for profile in known.profiles.values() for actor in profile.actors),
        transactions=frozenset(known.transactions),
        profiles=frozenset(known.profiles),
        initiators={one.id: frozenset(leg.initiator for leg in one.legs) for one in transactions},
        legs={one.id: frozenset(leg.id for leg in one.legs) for one in transactions},
        actors_of={name: frozenset(profile.actors) for name, profile in known.profiles.items()},
        options_of={
            name: {option: frozenset(told.actors) for option, told in profile.options.items()}
            for name, profile in known.profiles.items()
        },
        clauses=frozenset(known.clauses),
        requirements=frozenset(one.id for one in known.requirements()),
    )


def test_every_scenario_loads(library: ScenarioFiles) -> None:
    assert {scenario.id for scenario in library.scenarios()} >= {"swf.scheduled", "pir.case-1"}
    assert len(library.scenarios()) == len(shipped(Kind.SCENARIO))


def test_every_case_and_plan_loads(library: ScenarioFiles) -> None:
    assert set(library.cases()) == set(shipped(Kind.CASE))
    assert library.procedures().default in library.procedures().services


def test_every_system_loads(library: ScenarioFiles) -> None:
    assert len(library.systems()) == len(shipped(Kind.SYSTEM))


def test_every_defect_loads_and_would_be_noticed_by_something_that_exists(library: ScenarioFiles) -> None:
    assert {defect.id for defect in library.defects()} == set(shipped(Kind.DEFECT))


def test_a_shipped_file_is_found_without_its_ending() -> None:
    folder = Path(next(iter(scenarios.__path__)))
    assert Path(str(find(Kind.CASE, "outpatient-ct-chest"))) == folder / "cases" / "outpatient-ct-chest.case.yaml"
    assert "swf/scheduled" in shipped(Kind.SCENARIO)
