"""Reports that were turned away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.checks import report_repetition
from harness.model.names import ActorName, PlayId, StepId
from harness.model.plan import StepRef
from harness.model.profile import Service
from harness.model.scenario import ReportLink
from harness.model.transcript import Event, EventKind
from harness.model.verdict import Outcome

STEP = StepRef(PlayId("specimen"), StepId("committed"))


def events(rejected: int) -> tuple[Event, ...]:
    return (
        Event(seq=0, time=0.0, kind=EventKind.STEP_STARTED, step=STEP),
        Event(
            seq=rejected,
            time=0.0,
            kind=EventKind.REJECTED,
            actor=ActorName("Modality"),
            peer_actor=ActorName("Image Manager"),
        ),
        Event(seq=99, time=0.0, kind=EventKind.STEP_ENDED, step=STEP),
    )


@pytest.mark.parametrize(
    ("report_on", "rejected", "reported", "expected"),
    [
        (ReportLink.AWAY, 1, True, {"storage/report-repeated": {Outcome.MET}}),
        (ReportLink.AWAY, 1, False, {"storage/report-repeated": {Outcome.VIOLATED}}),
        (ReportLink.AWAY, 50, True, {}),  # after the report: another play's association
        (ReportLink.SEPARATE, 1, False, {}),
    ],
)
def test_a_report_that_was_turned_away_comes_again(
    report_on: ReportLink, rejected: int, reported: bool, expected: Any, recording: Any, tools: Any, outcomes: Any
) -> None:
    rec = recording()
    rec.leg("RAD-10", "request", "committed", report_on=report_on)
    leg = rec.leg("RAD-10", "report", "committed", report_on=report_on)
    if reported:
        rec.hl7(rec.leg("RAD-1", "to-order-placer", "other"), b"MSH|^~\\&|A|B|C|D|||ADT^A04|1|P|2.5.1\r")
        rec.dimse(leg, Service.N_EVENT_REPORT, tools.dataset(TransactionUID="1.2"))
    play = replace(rec.play(), events=events(rejected))
    assert outcomes(report_repetition.check(play)) == expected
