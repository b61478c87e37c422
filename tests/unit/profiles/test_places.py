"""Each requirement knows the row that it comes from, so that a correction is an edit of that row."""

from __future__ import annotations

from pathlib import Path

import pytest

import harness.profiles
from harness.model.names import RequirementId
from harness.profiles import knowledge
from harness.profiles.places import HOME

ROOT = Path(harness.profiles.__file__).parents[2]


def test_every_requirement_has_a_place_in_a_file_that_is_there() -> None:
    known = knowledge()
    assert set(known.places) == {one.id for one in known.requirements()}
    assert {place.path.startswith(f"{HOME}/") for place in known.places.values()} == {True}
    assert {path for path in {place.path for place in known.places.values()} if not (ROOT / path).is_file()} == set()


@pytest.mark.parametrize(
    ("requirement", "file", "begins"),
    [
        ("mpps-n-create/PatientID", "swf/dicom/mpps-n-create.yaml", "PatientID:"),
        ("rad-4.to-image-manager/ack-echo", "swf/rules/hl7.ack.yaml", "ack-echo:"),
        ("rad-16.store/reachable", "swf/rules/delivery.yaml", "reachable:"),
        ("storage/committed-equals-requested", "swf/rules/storage.sets.yaml", "storage/committed-equals-requested:"),
        ("mpps-states/completed.n-set", "swf/states/mpps.yaml", "- {state: COMPLETED, event: N-SET,"),
        ("consistency/accession-number.rad-4-to-rad-5", "swf/consistency/workflow.yaml", '- {from: "RAD-4 IPC-1.1'),
    ],
)
def test_the_place_is_the_line_of_the_row(requirement: str, file: str, begins: str) -> None:
    place = knowledge().places[RequirementId(requirement)]
    assert place.path == f"{HOME}/{file}"
    line = (ROOT / place.path).read_text(encoding="utf-8").splitlines()[place.line - 1]
    assert line.strip().startswith(begins)


def test_a_row_of_a_shared_set_is_corrected_in_the_set() -> None:
    place = knowledge().places[RequirementId("rad-4.omi-o23/MSH-9.3")]
    assert place.path == f"{HOME}/swf/rows/msh-2.5.1.yaml"


def test_places_change_neither_the_rules_nor_whether_two_knowledges_are_equal() -> None:
    known = knowledge()
    assert harness.profiles.loader.replace(known, places={}) == known
