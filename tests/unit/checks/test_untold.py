"""What cannot be held against whoever shows something, because another player of its actor was told, or nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.checks import expectations, updates_shown
from harness.checks.delivery import delivery
from harness.checks.recording import PlayView
from harness.model.finding import Finding
from harness.model.names import HARNESS, PlayerName, StepId
from harness.model.plan import StepRef
from harness.model.profile import Service
from harness.model.scenario import Expectation
from harness.model.transcript import Event, EventKind
from harness.model.verdict import Outcome

FIND = "StudyRootQueryRetrieveInformationModelFind"
MWL = "ModalityWorklistInformationModelFind"
MPPS = "ModalityPerformedProcedureStep"
PRODUCT = PlayerName("PRODUCT")
MERGE = (
    b"MSH|^~\\&|OF|S|IM|S|2024||ADT^A40^ADT_A39|1|P|2.5.1\rPID|||P1002^^^HOSP||DOE^JANE||19580714|F\rMRG|P1001^^^HOSP\r"
)
NONE, OPEN, VIOLATED = Outcome.NOT_APPLICABLE, Outcome.UNDECIDED, Outcome.VIOLATED


def played(play: PlayView, players: Mapping[str, Mapping[str, Any]]) -> PlayView:
    """The play with other players on the legs of some steps."""
    legs = [replace(view, planned=replace(view.planned, **players.get(view.step.step.id, {}))) for view in play.legs]
    steps = tuple(
        replace(step, legs=tuple(replace(leg, **players.get(step.step.id, {})) for leg in step.legs))
        for step in play.play.steps
    )
    return replace(play, legs=tuple(legs), play=replace(play.play, steps=steps))


def only(findings: list[Finding], rule: str) -> Finding:
    (found,) = [one for one in findings if one.requirement == rule]
    return found


def merged(recording: Callable[..., Any], tools: Any, *, sent: bool = True) -> PlayView:
    """A query by the dissolved identity after a merge finds its study still."""
    rec = recording()
    update = rec.leg("RAD-12", "to-image-manager", "merged", patient="other", prior="main")
    if sent:
        rec.hl7(update, MERGE)
    query = rec.leg("RAD-14", "query", "no-more", expect=Expectation(matches=0))
    keys = tools.dataset(QueryRetrieveLevel="STUDY", PatientID="P1001", PatientName="")
    study = tools.dataset(QueryRetrieveLevel="STUDY", PatientID="P1001", PatientName="UNKNOWN", StudyInstanceUID="1.2")
    rec.dimse(query, Service.C_FIND, keys, [(0xFF00, study), (0, None)], sop_class=FIND)
    return rec.play()


@pytest.mark.parametrize(
    ("players", "outcome", "shown"),
    [
        ({"no-more": {"responder": PRODUCT}}, NONE, []),
        ({"merged": {"responder": PRODUCT}, "no-more": {"responder": PRODUCT}}, VIOLATED, [VIOLATED]),
        ({"merged": {"claimed_by": PRODUCT}, "no-more": {"responder": PRODUCT}}, VIOLATED, [VIOLATED]),
        ({"merged": {"responder": PRODUCT}}, NONE, []),
        ({}, VIOLATED, [VIOLATED]),
    ],
)
def test_a_merge_that_another_player_was_told_of_is_not_asked_for(
    players: dict[str, dict[str, PlayerName]], outcome: Outcome, shown: list[Outcome], recording: Any, tools: Any
) -> None:
    play = played(merged(recording, tools), players)
    assert only(list(expectations.check(play)), "expectation/rad-14-matches").outcome is outcome
    assert [one.outcome for one in updates_shown.check(play) if one.outcome is not Outcome.MET] == shown


def test_a_merge_that_was_never_sent_leaves_it_open(recording: Any, tools: Any) -> None:
    found = only(list(expectations.check(merged(recording, tools, sent=False))), "expectation/rad-14-matches")
    assert (found.outcome, "never sent" in str(found.received)) == (OPEN, True)


def matched(recording: Callable[..., Any], tools: Any) -> PlayView:
    """Nothing is found under the patient whom an order after the examination names."""
    rec = recording()
    rec.leg("RAD-3", "to-order-placer", "ordered", patient="other", prior="main")
    rec.hl7(rec.leg("RAD-4", "to-image-manager", "scheduled", patient="other"), MERGE)
    query = rec.leg("RAD-14", "query", "after", patient="other", expect=Expectation(matches=1))
    keys = tools.dataset(QueryRetrieveLevel="STUDY", PatientID="P1002")
    rec.dimse(query, Service.C_FIND, keys, [(0, None)], sop_class=FIND)
    return rec.play()


@pytest.mark.parametrize(("players", "outcome"), [({}, VIOLATED), ({"after": {"responder": PRODUCT}}, NONE)])
def test_an_order_made_afterwards_tells_whose_an_examination_was(
    players: dict[str, dict[str, PlayerName]], outcome: Outcome, recording: Any, tools: Any
) -> None:
    play = played(matched(recording, tools), players)
    assert only(list(expectations.check(play)), "expectation/rad-14-matches").outcome is outcome


def ended(recording: Callable[..., Any], tools: Any, *, sent: bool = True, **more: Any) -> PlayView:
    """A worklist query after the end of a step finds its entry still."""
    rec = recording()
    end = rec.leg("RAD-7", "to-order-filler", "completed", **more)
    if sent:
        final = tools.dataset(PerformedProcedureStepStatus="COMPLETED")
        rec.dimse(end, Service.N_SET, final, [(0, None)], sop_class=MPPS, instance="1.5")
    query = rec.leg("RAD-5", "query", "after", expect=Expectation(matches=0))
    rec.dimse(
        query,
        Service.C_FIND,
        tools.dataset(PatientID="P1001"),
        [(0xFF00, tools.dataset(PatientID="P1001")), (0, None)],
        sop_class=MWL,
    )
    return rec.play()


@pytest.mark.parametrize(
    ("players", "outcome"),
    [
        ({}, VIOLATED),
        ({"completed": {"responder": PRODUCT}}, NONE),
        ({"after": {"responder": PRODUCT}}, NONE),
        ({"after": {"responder": PRODUCT, "fed": True}}, VIOLATED),
        ({"completed": {"responder": PRODUCT}, "after": {"responder": PRODUCT, "fed": True}}, VIOLATED),
    ],
)
def test_an_entry_stays_with_whom_the_end_of_its_step_was_not_told(
    players: dict[str, dict[str, Any]], outcome: Outcome, recording: Any, tools: Any
) -> None:
    play = played(ended(recording, tools), players)
    assert only(list(expectations.check(play)), "expectation/rad-5-matches").outcome is outcome


def test_an_entry_whose_step_never_ended_is_not_missed(recording: Any, tools: Any) -> None:
    play = ended(recording, tools, sent=False)
    assert only(list(expectations.check(play)), "expectation/rad-5-matches").outcome is OPEN


def test_the_end_of_another_patients_step_takes_nothing_away(recording: Any, tools: Any) -> None:
    play = played(ended(recording, tools, patient="other"), {"completed": {"responder": PRODUCT}})
    assert only(list(expectations.check(play)), "expectation/rad-5-matches").outcome is VIOLATED
    assert HARNESS not in {leg.responder for leg in play.play.step("completed").legs}


@pytest.mark.parametrize(
    ("players", "shown_by", "outcome"),
    [
        ({"retrieved": {"responder": PRODUCT}}, "Image Manager", NONE),
        ({"retrieved": {"responder": PRODUCT}}, "", OPEN),
        ({"merged": {"responder": PRODUCT}, "retrieved": {"responder": PRODUCT}}, "Image Manager", OPEN),
        ({"merged": {"responder": PRODUCT}}, "Image Manager", NONE),
        ({}, "Image Manager", OPEN),
    ],
)
def test_our_actor_need_not_find_whom_a_product_was_not_told_of(
    players: dict[str, dict[str, PlayerName]], shown_by: str, outcome: Outcome, recording: Any
) -> None:
    rec = recording()
    rec.hl7(rec.leg("RAD-12", "to-image-manager", "merged", patient="other", prior="main"), MERGE)
    rec.leg("RAD-16", "move", "retrieved", patient="other")
    play = played(rec.play(), players)
    kept = Event(
        seq=99,
        time=0.0,
        kind=EventKind.CANNOT_ACT,
        text="nothing was found",
        step=StepRef(play.play.id, StepId("retrieved")),
        facts={"shown_by": shown_by},
    )
    found = [one for one in delivery(replace(play, events=(kept,))) if one.requirement == "rad-16.move/delivered"]
    assert [one.outcome for one in found] == [outcome]
    assert ("told another player" in str(found[0].received)) is (outcome is NONE)
