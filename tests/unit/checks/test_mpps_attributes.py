from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks import mpps_attributes
from harness.model.profile import Service

UID = "1.2.9"


@pytest.fixture
def judge(recording: Callable[..., Any], tools: Any) -> Callable[..., list[tuple[str, str, str]]]:
    """An N-CREATE with some attributes, then N-SETs with others, from a modality or an Evidence Creator."""

    def judged(created: dict[str, str] | None, *sets: dict[str, str], creator: bool = False) -> list[Any]:
        rec = recording()
        started, ended = ("RAD-20", "RAD-21") if creator else ("RAD-6", "RAD-7")
        if created is not None:
            opened = rec.leg(started, "to-pps-manager", "started")
            rec.dimse(opened, Service.N_CREATE, tools.dataset(**created), instance=UID)
        for number, change in enumerate(sets):
            leg = rec.leg(ended, "to-pps-manager", f"changed-{number}")
            rec.dimse(leg, Service.N_SET, tools.dataset(**change), instance=UID)
        found = mpps_attributes.check(rec.play())
        return [(one.requirement, one.outcome.value, one.actor) for one in found]

    return judged


def test_what_was_created_without_a_value_may_be_set(judge: Any) -> None:
    assert judge({"StudyID": ""}, {"StudyID": "1"}) == [("mpps/set-was-created", "met", "Modality")]


def test_what_was_not_created_may_not_be_set_by_any_change(judge: Any) -> None:
    changes = ({"StudyID": "1"}, {"StudyID": "1", "CommentsOnThePerformedProcedureStep": "late"})
    assert judge({"StudyID": ""}, *changes) == [
        ("mpps/set-was-created", "met", "Modality"),
        ("mpps/set-was-created", "violated", "Modality"),
    ]


def test_an_evidence_creator_answers_to_rules_of_its_own(judge: Any) -> None:
    found = judge({"SpecificCharacterSet": "ISO_IR 100"}, {"SpecificCharacterSet": "ISO_IR 192"}, creator=True)
    assert found == [
        ("mpps/creator-set-was-created", "met", "Evidence Creator"),
        ("mpps/creator-same-character-set", "violated", "Evidence Creator"),
    ]


def test_a_character_set_is_named_only_where_it_is_needed(judge: Any) -> None:
    same = judge({"SpecificCharacterSet": "ISO_IR 100"}, {"SpecificCharacterSet": "ISO_IR 100"})
    assert ("mpps/same-character-set", "met", "Modality") in same
    assert [one[0] for one in judge({"SpecificCharacterSet": "ISO_IR 100"}, {})] == ["mpps/set-was-created"]
    assert ("mpps/same-character-set", "violated", "Modality") in judge({}, {"SpecificCharacterSet": "ISO_IR 100"})


def test_a_change_whose_step_nobody_saw_begin_is_left_alone(judge: Any) -> None:
    assert judge(None, {"StudyID": "1"}) == []
