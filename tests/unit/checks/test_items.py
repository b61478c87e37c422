from __future__ import annotations

from typing import Any

from harness.checks.items import requested, same_indices, spots


def test_items_without_the_attribute_are_seen_too(tools: Any) -> None:
    dataset = tools.dataset(
        ScheduledStepAttributesSequence=[tools.dataset(AccessionNumber="A"), tools.dataset(StudyInstanceUID="1.2")]
    )
    found = spots(dataset, "ScheduledStepAttributesSequence[*].AccessionNumber")
    assert [(one.path, one.present, one.valued) for one in found] == [
        ("ScheduledStepAttributesSequence[0].AccessionNumber", True, True),
        ("ScheduledStepAttributesSequence[1].AccessionNumber", False, False),
    ]
    assert len(spots(dataset, "ScheduledStepAttributesSequence.AccessionNumber")) == 2
    assert spots(dataset, "PerformedSeriesSequence[*].SeriesInstanceUID") == ()
    assert [one.path for one in spots(dataset, "ScheduledStepAttributesSequence[1].StudyInstanceUID")] == [
        "ScheduledStepAttributesSequence[1].StudyInstanceUID"
    ]


def test_a_sequence_has_a_value_when_it_has_an_item(tools: Any) -> None:
    (empty,) = spots(tools.dataset(PerformedSeriesSequence=[]), "PerformedSeriesSequence")
    (full,) = spots(tools.dataset(PerformedSeriesSequence=[tools.dataset()]), "PerformedSeriesSequence")
    assert (empty.present, empty.valued, full.valued) == (True, False, True)


def test_an_empty_sequence_asks_for_everything_in_it(tools: Any) -> None:
    path = "ScheduledProcedureStepSequence[*].Modality"
    assert requested(tools.dataset(ScheduledProcedureStepSequence=[]), path)
    assert requested(tools.dataset(ScheduledProcedureStepSequence=[tools.dataset()]), path)
    assert requested(tools.dataset(ScheduledProcedureStepSequence=[tools.dataset(Modality="")]), path)
    assert not requested(tools.dataset(ScheduledProcedureStepSequence=[tools.dataset(StationName="")]), path)
    assert not requested(tools.dataset(PatientID=""), path)


def test_indices_are_taken_over_as_far_as_the_sequences_are_the_same() -> None:
    assert same_indices("A[*].B", "A[2].C") == "A[2].B"
    assert same_indices("A.B[*].C", "A[1].B[0].D") == "A[1].B[0].C"
    assert same_indices("X[*].B", "A[2].C") == "X[*].B"
    assert same_indices("Root", "A[2].C") == "Root"
