"""Queries that are taken back, and how they end."""

from __future__ import annotations

from typing import Any

import pytest

from harness.checks import cancelling
from harness.model.profile import Service
from harness.model.verdict import Outcome

MWL = "ModalityWorklistInformationModelFind"
MET, VIOLATED = Outcome.MET, Outcome.VIOLATED


@pytest.mark.parametrize(
    ("status", "outcome"), [(0xFE00, {MET}), (0x0000, {MET}), (0xC000, {VIOLATED}), (0xFF00, set()), (None, set())]
)
def test_a_query_that_is_cancelled_ends(
    status: int | None, outcome: set[Outcome], recording: Any, tools: Any, outcomes: Any
) -> None:
    rec = recording()
    query, cancel = rec.leg("RAD-5", "query", "worklist"), rec.leg("RAD-5", "cancel", "worklist")
    answers = () if status is None else ((status, None),)
    asked = rec.dimse(query, Service.C_FIND, tools.dataset(PatientID="P1"), answers, sop_class=MWL)
    rec.cancel(cancel, asked)
    found = outcomes(cancelling.check(rec.play()))
    assert found == ({"cancel/worklist-query-ends": outcome} if outcome else {})


@pytest.mark.parametrize(("status", "outcome"), [(0x0000, MET), (0xA700, MET), (0xFE00, VIOLATED)])
def test_nothing_ends_as_cancelled_that_was_not(
    status: int, outcome: Outcome, recording: Any, tools: Any, outcomes: Any
) -> None:
    rec = recording()
    query, cancel = rec.leg("RAD-14", "query", "found"), rec.leg("RAD-14", "cancel", "found")
    other = rec.dimse(query, Service.C_FIND, tools.dataset(PatientID="P1"), ((0x0000, None),))
    rec.cancel(cancel, other)
    rec.dimse(query, Service.C_FIND, tools.dataset(PatientID="P2"), ((status, None),))
    assert outcomes(cancelling.check(rec.play())) == {"cancel/query-ends": {MET}, "cancel/query-unasked": {outcome}}
