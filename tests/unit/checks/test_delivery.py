from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.checks.delivery import delivery
from harness.model.names import ActorName, PlayerName, PlayId, StepId
from harness.model.plan import LegState, StepRef
from harness.model.profile import Service
from harness.model.transcript import Event, EventKind

FIND = "ModalityWorklistInformationModelFind"
PRODUCT = PlayerName("product")
MODALITY, FILLER = ActorName("Modality"), ActorName("Order Filler")


def event(kind: EventKind, **parts: Any) -> Event:
    return Event(seq=1, time=1.0, kind=kind, step=StepRef(PlayId("specimen"), StepId("worklist")), **parts)


@pytest.fixture
def judged(recording: Callable[..., Any], tools: Any) -> Callable[..., list[tuple[str, str, str]]]:
    """Rules, outcomes and actors of a worklist step that the product has to start."""

    def make(
        *events: Event,
        delivered: bool = False,
        proven: bool = False,
        state: LegState = LegState.LIVE,
        ours: bool = False,
    ) -> list[tuple[str, str, str]]:
        rec = recording()
        leg = rec.leg("RAD-5", "query", "worklist", state=state)
        if delivered:
            rec.dimse(leg, Service.C_FIND, tools.dataset(PatientID=""), sop_class=FIND)
        play = rec.play()
        (view,) = play.legs
        if not ours:
            view = replace(view, planned=replace(view.planned, initiator=PRODUCT))
        heard = frozenset({MODALITY, FILLER}) if proven else frozenset()
        play = replace(play, legs=(view,), events=events, proven=heard)
        return [(one.requirement, one.outcome.value, one.actor) for one in delivery(play)]

    return make


STARTED = event(EventKind.STEP_STARTED)
EXPIRED = event(EventKind.LEG_EXPIRED, leg="query", facts={"seconds": "20"})


def test_a_leg_that_passed_is_delivered(judged: Callable[..., Any]) -> None:
    assert judged(STARTED, delivered=True) == [("rad-5.query/delivered", "met", "Modality")]


def test_a_leg_that_crosses_no_link_of_ours_is_not_judged(judged: Callable[..., Any]) -> None:
    assert judged(STARTED, state=LegState.NOT_OBSERVABLE) == []


def test_never_came_is_a_fault_of_whoever_had_the_chance(judged: Callable[..., Any]) -> None:
    assert judged(STARTED, EXPIRED, proven=True) == [("rad-5.query/delivered", "violated", "Modality")]
    assert judged(STARTED, EXPIRED) == [("rad-5.query/delivered", "undecided", "Modality")]
    assert judged(STARTED, ours=True) == [("rad-5.query/delivered", "violated", "Modality")]


@pytest.mark.parametrize(
    ("kind", "proven", "row", "outcome"),
    [
        (EventKind.CONTEXT_REFUSED, False, "context-accepted", "violated"),
        (EventKind.LINK_LOST, False, "link-kept", "violated"),
        (EventKind.REJECTED, True, "reachable", "undecided"),
        (EventKind.UNREACHABLE, False, "reachable", "undecided"),
        (EventKind.UNREACHABLE, True, "reachable", "violated"),
    ],
)
def test_a_link_that_did_not_work_is_charged_to_the_responder_or_to_nobody(
    kind: EventKind, proven: bool, row: str, outcome: str, judged: Callable[..., Any]
) -> None:
    found = judged(event(kind, text="why", actor=MODALITY, peer_actor=FILLER), proven=proven)
    assert found == [(f"rad-5.query/{row}", outcome, "Order Filler")]


def test_an_actor_that_cannot_act_leaves_the_leg_open(judged: Callable[..., Any]) -> None:
    found = judged(STARTED, event(EventKind.CANNOT_ACT, text="no accession"), ours=True)
    assert found == [("rad-5.query/delivered", "undecided", "Modality")]
