"""Which change to an attribute has to break which row."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydicom.dataset import Dataset

from harness.model.names import ActorName, TransactionId
from harness.model.proof import Mutation
from harness.model.tables import AttributeRow, AttributeTable
from harness.model.transcript import Half
from harness.model.verdict import Confidence
from harness.selftest.attributes import asked, first_and_last, of_table, places, value_at
from harness.selftest.mutants import Mutant, Spot
from harness.selftest.trials import Bench


@pytest.fixture
def dataset() -> Dataset:
    made = Dataset()
    made.PatientID = "P1"
    made.PatientSex = ""
    made.Modality = "CT"
    made.PerformedSeriesSequence = [Dataset(), Dataset(), Dataset()]
    for number, item in enumerate(made.PerformedSeriesSequence):
        item.SeriesInstanceUID = f"1.{number}"
    return made


def mutants(bench: Bench, dataset: Dataset, path: str, type_: str, **more: object) -> list[Mutant]:
    row = replace(AttributeRow(type=type_, confidence=Confidence.VERIFIED), **more)  # type: ignore[arg-type]
    table = AttributeTable(
        transaction=TransactionId("RAD-6"),
        actor=ActorName("Modality"),
        half=Half.REQUEST,
        citation="x",
        rows={path: row},
    )
    leg = bench.base.view.legs[0]
    return list(of_table(Spot(leg, leg.exchanges[0]), dataset, "t", table))


@pytest.mark.parametrize(
    ("path", "type_", "expected"),
    [
        ("PatientID", "1", [Mutation.REMOVED, Mutation.EMPTIED]),
        ("PatientSex", "2", [Mutation.REMOVED]),
        ("PatientID", "3", []),
        ("PatientID", "1C", [Mutation.EMPTIED]),
        ("PatientName", "1C", []),
        ("PatientName", "-", [Mutation.FORBIDDEN]),
    ],
)
def test_types(group: Bench, dataset: Dataset, path: str, type_: str, expected: list[Mutation]) -> None:
    found = mutants(group, dataset, path, type_)
    assert [one.mutation for one in found] == expected
    assert all(one.expected[0].requirements == (f"t/{path}",) for one in found)


def test_the_first_and_the_last_item_are_changed(group: Bench, dataset: Dataset) -> None:
    found = mutants(group, dataset, "PerformedSeriesSequence[*].SeriesInstanceUID", "2")
    assert [one.where[0].path for one in found] == [
        "PerformedSeriesSequence[0].SeriesInstanceUID",
        "PerformedSeriesSequence[2].SeriesInstanceUID",
    ]
    assert [one.later for one in found] == [False, True]


def test_a_value_outside_the_set(group: Bench, dataset: Dataset) -> None:
    found = mutants(group, dataset, "Modality", "3", values=("CT", "MR"))
    assert [one.mutation for one in found] == [Mutation.OUTSIDE]


def test_conditions(group: Bench, dataset: Dataset) -> None:
    holds = mutants(group, dataset, "PatientID", "1C", when="Modality = CT")
    assert [one.mutation for one in holds] == [Mutation.REMOVED, Mutation.EMPTIED]
    made_to_hold = mutants(group, dataset, "StudyID", "1C", when="Modality = MR")
    assert [one.mutation for one in made_to_hold] == [Mutation.CONDITION]
    assert mutants(group, dataset, "StudyID", "1C", condition="a person can tell") == []


def test_places_and_values(dataset: Dataset) -> None:
    assert places(dataset, "PerformedSeriesSequence[1].StudyID") == ("PerformedSeriesSequence[1].StudyID",)
    assert first_and_last(("a", "b", "c")) == ("a", "c")
    assert value_at(dataset, "PerformedSeriesSequence[1].SeriesInstanceUID") == "1.1"
    assert value_at(dataset, "PerformedSeriesSequence") == "an item"
    assert value_at(dataset, "StudyID") is None


def test_what_a_query_asks_for() -> None:
    query = Dataset()
    query.PatientID = ""
    query.ScheduledProcedureStepSequence = [Dataset()]
    assert asked(query, "PatientID")
    assert not asked(query, "PatientName")
    assert asked(query, "ScheduledProcedureStepSequence[*].Modality")
    query.ScheduledProcedureStepSequence[0].Modality = ""
    assert not asked(query, "ScheduledProcedureStepSequence[*].ScheduledStationAETitle")
