"""The MPPS state machine, transcribed a second time and compared with the data file (PS3.4 F.7, PS3.7 10.1)."""

from __future__ import annotations

from harness.model.tables import StateMachine
from harness.profiles import knowledge
from harness.profiles.requirements import transition_id

OK, DUPLICATE, UNKNOWN, FINAL, ANY_FAILURE = "0000", "0111", "0112", "0110", ""

# state afterwards and status, by state (rows) and event (columns)
SECOND_TRANSCRIPT = {
    "NONE": {
        "N-CREATE IN PROGRESS": ("IN PROGRESS", OK),
        "N-CREATE other": ("NONE", ANY_FAILURE),
        "N-SET": ("NONE", UNKNOWN),
        "N-SET COMPLETED": ("NONE", UNKNOWN),
        "N-SET DISCONTINUED": ("NONE", UNKNOWN),
    },
    "IN PROGRESS": {
        "N-CREATE IN PROGRESS": ("IN PROGRESS", DUPLICATE),
        "N-CREATE other": ("IN PROGRESS", ANY_FAILURE),
        "N-SET": ("IN PROGRESS", OK),
        "N-SET COMPLETED": ("COMPLETED", OK),
        "N-SET DISCONTINUED": ("DISCONTINUED", OK),
    },
    "COMPLETED": {
        "N-CREATE IN PROGRESS": ("COMPLETED", DUPLICATE),
        "N-CREATE other": ("COMPLETED", ANY_FAILURE),
        "N-SET": ("COMPLETED", FINAL),
        "N-SET COMPLETED": ("COMPLETED", FINAL),
        "N-SET DISCONTINUED": ("COMPLETED", FINAL),
    },
    "DISCONTINUED": {
        "N-CREATE IN PROGRESS": ("DISCONTINUED", DUPLICATE),
        "N-CREATE other": ("DISCONTINUED", ANY_FAILURE),
        "N-SET": ("DISCONTINUED", FINAL),
        "N-SET COMPLETED": ("DISCONTINUED", FINAL),
        "N-SET DISCONTINUED": ("DISCONTINUED", FINAL),
    },
}


def machine() -> StateMachine:
    return knowledge().states["mpps"]


def test_the_file_says_what_the_second_transcript_says() -> None:
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for row in machine().transitions:
        found.setdefault(row.state, {})[row.event] = (row.to, row.answer)
    assert found == SECOND_TRANSCRIPT


def test_a_row_is_accepted_exactly_when_it_succeeds() -> None:
    for row in machine().transitions:
        assert row.accepted is (row.answer == OK)
        if not row.accepted:
            assert row.to == row.state


def test_it_starts_with_nothing_and_ends_in_the_final_states() -> None:
    assert machine().initial == "NONE"
    step = machine().next("IN PROGRESS", "N-SET COMPLETED")
    assert step is not None
    assert step.to == "COMPLETED"
    assert machine().next("COMPLETED", "N-DELETE") is None


def test_each_row_is_a_requirement_of_the_pps_manager() -> None:
    row = next(one for one in machine().transitions if (one.state, one.event) == ("COMPLETED", "N-SET DISCONTINUED"))
    requirement = knowledge().requirement(transition_id(machine(), row))
    assert requirement.id == "mpps-states/completed.n-set-discontinued"
    assert requirement.text == "N-SET DISCONTINUED in state COMPLETED is refused with 0110H"
    assert (requirement.actor, requirement.transaction, requirement.check) == ("PPS Manager", "RAD-7", "mpps.states")
