"""MPPS as an SCP keeps it: the state machine transcribed once more, from PS3.4 F.7.2."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom.dataset import Dataset

from actors.objects.copying import put
from actors.objects.performed_steps import PerformedSteps
from actors.pps_manager import PpsManager
from harness.model.profile import Service

TABLE = [
    # state before (the N-SETs that led there), status of the next N-SET, answer, state afterwards
    ((), "", 0x0000, "IN PROGRESS"),
    ((), "IN PROGRESS", 0x0000, "IN PROGRESS"),
    ((), "COMPLETED", 0x0000, "COMPLETED"),
    ((), "DISCONTINUED", 0x0000, "DISCONTINUED"),
    ((), "DONE", 0x0106, "IN PROGRESS"),
    (("COMPLETED",), "", 0x0110, "COMPLETED"),
    (("COMPLETED",), "IN PROGRESS", 0x0110, "COMPLETED"),
    (("COMPLETED",), "COMPLETED", 0x0110, "COMPLETED"),
    (("COMPLETED",), "DISCONTINUED", 0x0110, "COMPLETED"),
    (("DISCONTINUED",), "", 0x0110, "DISCONTINUED"),
    (("DISCONTINUED",), "IN PROGRESS", 0x0110, "DISCONTINUED"),
    (("DISCONTINUED",), "COMPLETED", 0x0110, "DISCONTINUED"),
    (("DISCONTINUED",), "DISCONTINUED", 0x0110, "DISCONTINUED"),
]


def dataset(status: str | None, **more: str) -> Dataset:
    ds = Dataset()
    if status is not None:
        put(ds, "PerformedProcedureStepStatus", status)
    for keyword, value in more.items():
        put(ds, keyword, value)
    return ds


@pytest.fixture
def steps(department: Any) -> PerformedSteps:
    department.play(PpsManager)
    return PerformedSteps(department.worlds["PPS Manager"])


@pytest.mark.parametrize(("before", "status", "answer", "after"), TABLE)
def test_n_set(
    steps: PerformedSteps, dimse: Any, before: tuple[str, ...], status: str, answer: int, after: str
) -> None:
    steps.create(dimse(Service.N_CREATE, dataset("IN PROGRESS", PerformedProcedureStepDescription="a"), "1.1"))
    for earlier in before:
        assert steps.set(dimse(Service.N_SET, dataset(earlier), "1.1")).status == 0
    change = dataset(status or None, PerformedProcedureStepDescription="b")
    response = steps.set(dimse(Service.N_SET, change, "1.1"))
    step = steps.find("1.1")
    assert step is not None
    assert (response.status, step.state.value) == (answer, after)
    assert step.dataset.PerformedProcedureStepDescription == ("b" if answer == 0 else "a")
    if answer == 0x0110:
        assert response.fields["ErrorID"] == "42768"
        assert response.fields["ErrorComment"] == "Performed Procedure Step Object may no longer be updated"


@pytest.mark.parametrize(
    ("status", "answer"), [("IN PROGRESS", 0x0000), ("COMPLETED", 0x0106), ("", 0x0121), (None, 0x0120)]
)
def test_n_create(steps: PerformedSteps, dimse: Any, status: str | None, answer: int) -> None:
    assert steps.create(dimse(Service.N_CREATE, dataset(status), "1.1")).status == answer
    assert (steps.find("1.1") is not None) == (answer == 0)


def test_a_step_is_created_once_and_set_only_if_created(steps: PerformedSteps, dimse: Any) -> None:
    assert steps.set(dimse(Service.N_SET, dataset("COMPLETED"), "1.1")).status == 0x0112
    steps.create(dimse(Service.N_CREATE, dataset("IN PROGRESS"), "1.1"))
    assert steps.create(dimse(Service.N_CREATE, dataset("IN PROGRESS"), "1.1")).status == 0x0111


@pytest.mark.parametrize(
    ("decision", "decided", "before", "status"),
    [("mpps-exists", False, ("IN PROGRESS",), "IN PROGRESS"), ("mpps-begins-in-progress", True, (), "COMPLETED")],
)
def test_a_deviation_creates_what_may_not_be_created(
    department: Any,
    steps: PerformedSteps,
    dimse: Any,
    decision: str,
    decided: bool,
    before: tuple[str, ...],
    status: str,
) -> None:
    for earlier in before:
        steps.create(dimse(Service.N_CREATE, dataset(earlier), "1.1"))
    assert steps.create(dimse(Service.N_CREATE, dataset(status), "1.1")).status != 0
    department.worlds["PPS Manager"].decisions[decision] = decided
    assert steps.create(dimse(Service.N_CREATE, dataset(status), "1.1")).status == 0


def test_a_missing_uid_is_assigned(steps: PerformedSteps, dimse: Any) -> None:
    response = steps.create(dimse(Service.N_CREATE, dataset("IN PROGRESS")))
    assert steps.find(response.fields["AffectedSOPInstanceUID"]) is not None


def test_sequences_are_replaced_and_the_character_set_stays(steps: PerformedSteps, dimse: Any) -> None:
    create = dataset("IN PROGRESS", SpecificCharacterSet="ISO_IR 100")
    put(create, "PerformedSeriesSequence", [dataset(None, ProtocolName="a"), dataset(None, ProtocolName="b")])
    steps.create(dimse(Service.N_CREATE, create, "1.1"))
    change = dataset(None, SpecificCharacterSet="ISO_IR 192")
    put(change, "PerformedSeriesSequence", [dataset(None, ProtocolName="c")])
    steps.set(dimse(Service.N_SET, change, "1.1"))
    step = steps.find("1.1")
    assert step is not None
    assert [item.ProtocolName for item in step.dataset.PerformedSeriesSequence] == ["c"]
    assert step.dataset.SpecificCharacterSet == "ISO_IR 100"


def test_what_was_kept_does_not_change_with_the_request(steps: PerformedSteps, dimse: Any) -> None:
    create = dataset("IN PROGRESS", PatientID="P1")
    steps.create(dimse(Service.N_CREATE, create, "1.1"))
    create.PatientID = "P2"
    step = steps.find("1.1")
    assert step is not None
    assert step.dataset.PatientID == "P1"


@pytest.mark.parametrize(("decision", "status"), [(False, 0x0000), (True, 0x0110)])
def test_the_decision_that_a_step_is_final_can_be_overridden(
    department: Any, steps: PerformedSteps, dimse: Any, decision: bool, status: int
) -> None:
    steps.create(dimse(Service.N_CREATE, dataset("IN PROGRESS"), "1.1"))
    if not decision:
        steps.set(dimse(Service.N_SET, dataset("COMPLETED"), "1.1"))
    department.worlds["PPS Manager"].decisions["mpps-is-final"] = decision
    assert steps.set(dimse(Service.N_SET, dataset("COMPLETED"), "1.1")).status == status
