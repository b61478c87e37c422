"""The workstation: what it asks for, keeps and retrieves."""

from __future__ import annotations

import pytest

from harness.actor import CannotAct
from harness.dicom.paths import first


@pytest.fixture
def full(department):
    department.examine("RAD-5", "RAD-6", "RAD-8", "RAD-7")
    department.wire.calls.clear()
    return department


def test_query_goes_down_the_levels(full):
    full.act(full.display, "RAD-14")
    levels = [call.dataset.QueryRetrieveLevel for call in full.wire.of("C_FIND")]
    assert levels == ["STUDY", "SERIES", "IMAGE"]
    assert full.wire.of("C_FIND")[0].dataset.PatientID == "P1001"
    assert all(call.response.status == 0 for call in full.wire.calls)


def test_found_instances_are_kept_by_patient(full):
    full.act(full.display, "RAD-14")
    (study,) = full.display.found("P1001")
    assert study.uid == "1.2.826.0.1.99.4711.1001"
    assert len(study.instances) == 4
    assert full.display.found("P2002") == ()


def test_whatever_was_found_is_moved_here(full):
    full.act(full.display, "RAD-14")
    full.act(full.display, "RAD-16")
    (move,) = full.wire.of("C_MOVE")
    assert first(move.dataset, "QueryRetrieveLevel") == "STUDY"
    assert {element.keyword for element in move.dataset} == {"QueryRetrieveLevel", "StudyInstanceUID"}
    (study,) = full.display.found("P1001")
    assert all(full.display.has_received(instance) for _, instance in study.instances)


def test_nothing_found_is_an_answer_but_nothing_can_be_retrieved(department):
    department.act(department.display, "RAD-14")
    assert department.display.found("P1001") == ()
    with pytest.raises(CannotAct, match="nothing to retrieve"):
        department.act(department.display, "RAD-16")


def test_later_query_replaces_what_was_found(full):
    full.act(full.display, "RAD-14")
    full.examine("RAD-6", "RAD-8")
    full.act(full.display, "RAD-14")
    (study,) = full.display.found("P1001")
    assert len(study.instances) == 8
