from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.checks import requests
from harness.checks.copies import Copies
from harness.checks.recording import PlayView
from harness.hl7 import edit as fields
from harness.model.names import PlayerName
from harness.model.profile import Service
from harness.model.verdict import Outcome

MWL = "ModalityWorklistInformationModelFind"
STUDY = "mpps-n-create/ScheduledStepAttributesSequence[*].StudyInstanceUID"
MEANING = "mpps-n-create/ScheduledStepAttributesSequence[*].RequestedProcedureCodeSequence[*].CodeMeaning"
BIRTH = "rad-4.omi-o23/PID-7"


def outcomes(play: PlayView, requirement: str) -> set[tuple[Outcome, str]]:
    found = [*requests.fields(play), *requests.attributes(play)]
    return {(one.outcome, one.origin) for one in found if one.requirement == requirement}


def played_by(play: PlayView, step: str, player: str) -> PlayView:
    """The play with another player as the initiator of a step."""
    (place,) = [index for index, view in enumerate(play.legs) if view.step.step.id == step]
    view = play.legs[place]
    bound = replace(view, planned=replace(view.planned, initiator=PlayerName(player)))
    return replace(play, legs=(*play.legs[:place], bound, *play.legs[place + 1 :]))


@pytest.fixture
def started(recording: Callable[..., Any], tools: Any) -> Callable[..., PlayView]:
    """A worklist entry and the N-CREATE that was made of it."""

    def make(entry: dict[str, Any], scheduled: dict[str, Any]) -> PlayView:
        rec = recording()
        step = tools.dataset(ScheduledProcedureStepID="SPS1")
        answer = tools.dataset(PatientID="P1001", ScheduledProcedureStepSequence=[step], **entry)
        keys = tools.dataset(PatientID="", StudyInstanceUID="")
        query = rec.leg("RAD-5", "query", "worklist")
        rec.dimse(query, Service.C_FIND, keys, [(0xFF00, answer), (0, None)], sop_class=MWL)
        item = tools.dataset(ScheduledProcedureStepID="SPS1", **scheduled)
        created = tools.dataset(PatientID="P1001", ScheduledStepAttributesSequence=[item])
        rec.dimse(rec.leg("RAD-6", "to-pps-manager", "started"), Service.N_CREATE, created, instance="1.9")
        play: PlayView = rec.play()
        return play

    return make


@pytest.mark.parametrize("entry", [{}, {"StudyInstanceUID": ""}])
def test_what_the_worklist_lacked_is_not_charged_to_our_modality(
    entry: dict[str, str], started: Callable[..., PlayView]
) -> None:
    play = started(entry, {"StudyInstanceUID": ""})
    assert outcomes(play, STUDY) == {(Outcome.NOT_APPLICABLE, "as given in RAD-5 StudyInstanceUID")}


def test_what_the_worklist_had_is_charged_to_our_modality(started: Callable[..., PlayView]) -> None:
    play = started({"StudyInstanceUID": "1.2"}, {"StudyInstanceUID": ""})
    assert outcomes(play, STUDY) == {(Outcome.VIOLATED, "")}


def test_a_system_under_test_answers_for_what_it_sends(started: Callable[..., PlayView]) -> None:
    play = played_by(started({}, {"StudyInstanceUID": ""}), "started", "CT")
    assert outcomes(play, STUDY) == {(Outcome.VIOLATED, "")}


def test_without_a_worklist_nothing_excuses_our_modality(recording: Callable[..., Any], tools: Any) -> None:
    rec = recording()
    created = tools.dataset(ScheduledStepAttributesSequence=[tools.dataset(StudyInstanceUID="")])
    rec.dimse(rec.leg("RAD-6", "to-pps-manager", "started"), Service.N_CREATE, created, instance="1.9")
    assert outcomes(rec.play(), STUDY) == {(Outcome.VIOLATED, "")}


@pytest.mark.parametrize(("meaning", "outcome"), [("", Outcome.NOT_APPLICABLE), ("CT chest", Outcome.VIOLATED)])
def test_a_part_of_a_code_is_followed_to_the_code_it_was_copied_from(
    meaning: str, outcome: Outcome, started: Callable[..., PlayView], tools: Any
) -> None:
    given = {"RequestedProcedureCodeSequence": [tools.code("CT1", meaning=meaning)]}
    made = {"RequestedProcedureCodeSequence": [tools.code("CT1", meaning="")]}
    assert {one for one, _ in outcomes(started(given, made), MEANING)} == {outcome}


@pytest.mark.parametrize(("ordered", "outcome"), [("X", Outcome.NOT_APPLICABLE), ("19580714", Outcome.VIOLATED)])
def test_a_wrong_value_of_an_order_is_not_charged_to_our_filler(
    ordered: str, outcome: Outcome, recording: Callable[..., Any], workflow: Any, tools: Any, real: Any
) -> None:
    changes = {
        "order": lambda message: fields.set_value(message, "PID-7", ordered),
        "scheduled": lambda message: fields.set_value(message, "PID-7", "X"),
    }
    play = workflow.Workflow(tools, real, "2.5.1", changes).record().play()
    assert {one for one, _ in outcomes(play, BIRTH)} == {outcome}


def test_a_part_of_a_field_was_copied_with_the_field(workflow: Any, tools: Any, real: Any) -> None:
    play = workflow.Workflow(tools, real, "2.5.1", {}).record().play()
    leg = next(play.of("RAD-4"))
    source = Copies(play).source_of(leg, leg.initiator, leg.exchanges[0].evidence("PID-8.1"))
    assert str(source) == "RAD-2 PID-8"


@pytest.mark.parametrize(("sender", "outcome"), [("HIS", Outcome.NOT_APPLICABLE), ("harness", Outcome.VIOLATED)])
def test_a_field_that_a_system_left_out_is_not_charged_to_those_who_handed_it_on(
    sender: str, outcome: Outcome, workflow: Any, tools: Any, real: Any
) -> None:
    def without_class(message: bytes) -> bytes:
        return fields.remove(message, "PV1-2")

    changes = {"order": without_class, "scheduled": without_class}
    play = played_by(workflow.Workflow(tools, real, "2.5.1", changes).record().play(), "order", sender)
    assert {one for one, _ in outcomes(play, "rad-4.omi-o23/PV1-2")} == {outcome}
    assert {one for one, _ in outcomes(play, "rad-2.omg-o19-nw/PV1-2")} == {Outcome.VIOLATED}
