"""Refusals: whose they are when nothing in the request explains them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.checks.expecting import asks_otherwise, counted_queries, refused, told
from harness.model.names import HARNESS, PlayerName
from harness.model.profile import Service
from harness.model.scenario import KeyMatch, QueryLevel
from harness.model.verdict import Outcome

PRODUCT = PlayerName("CT")


@pytest.mark.parametrize(
    ("initiator", "responder", "outcome"),
    [
        (HARNESS, PRODUCT, Outcome.VIOLATED),
        (PRODUCT, HARNESS, Outcome.UNDECIDED),
        (HARNESS, HARNESS, Outcome.VIOLATED),
    ],
)
def test_our_refusal_of_a_system_decides_nothing(
    initiator: PlayerName, responder: PlayerName, outcome: Outcome, exchange: Any, tools: Any
) -> None:
    view = exchange("RAD-8", "store", Service.C_STORE, tools.dataset(), [(0xA700, None)], "CTImageStorage")
    bound = replace(view, planned=replace(view.planned, initiator=initiator, responder=responder))
    assert refused(bound) is outcome


FIND = "StudyRootQueryRetrieveInformationModelFind"
MOVE = "StudyRootQueryRetrieveInformationModelMove"


@pytest.mark.parametrize(("level", "counted"), [(None, ["STUDY"]), (QueryLevel.SERIES, ["SERIES", "SERIES"])])
def test_a_step_counts_the_answers_of_its_level(level: Any, counted: list[str], recording: Any, tools: Any) -> None:
    rec = recording()
    leg = rec.leg("RAD-14", "query", "found", level=level)
    for name, study in (("STUDY", ""), ("SERIES", "1.2"), ("SERIES", "1.3"), ("SERIES", "1.3")):
        rec.dimse(leg, Service.C_FIND, tools.dataset(QueryRetrieveLevel=name, StudyInstanceUID=study), sop_class=FIND)
    view = rec.view(leg)
    queries = counted_queries(view.step, [view])
    assert [one.request_dataset.QueryRetrieveLevel for _, one in queries] == counted


def test_a_system_may_ask_with_other_keys_than_the_step_names(recording: Any, tools: Any) -> None:
    rec = recording()
    leg = rec.leg("RAD-14", "query", "found", keys={"AccessionNumber": KeyMatch.VALUE})
    by_id = rec.dimse(leg, Service.C_FIND, tools.dataset(QueryRetrieveLevel="STUDY", PatientID="P1"), sop_class=FIND)
    named = tools.dataset(QueryRetrieveLevel="STUDY", PatientID="P1", AccessionNumber="A1")
    by_number = rec.dimse(leg, Service.C_FIND, named, sop_class=FIND)
    ours = rec.view(leg)
    theirs = replace(ours, planned=replace(ours.planned, initiator=PlayerName("product")))
    asked = [asks_otherwise(view.step, view, one) for view in (ours, theirs) for one in (by_id, by_number)]
    assert asked == [False, False, True, False]


@pytest.mark.parametrize(
    ("transaction", "leg", "tells"), [("RAD-14", "query", False), ("RAD-12", "to-image-manager", True)]
)
def test_a_question_and_its_end_tell_a_product_nothing(
    transaction: str, leg: str, tells: bool, recording: Any, tools: Any
) -> None:
    rec = recording()
    rec.leg(transaction, leg, "earlier")
    move = rec.leg("RAD-16", "move", "retrieved")
    rec.dimse(move, Service.C_MOVE, tools.dataset(QueryRetrieveLevel="STUDY"), sop_class=MOVE)
    view, play = rec.view(move), rec.play()
    shown = replace(view, planned=replace(view.planned, responder=PRODUCT))
    steps = tuple(
        replace(step, legs=tuple(replace(one, responder=PRODUCT) for one in step.legs)) for step in play.play.steps
    )
    theirs = replace(play, play=replace(play.play, steps=steps))
    assert told(view.step, shown, theirs, lambda _: True) is tells
