"""The location that a worklist shows, against the visits of the case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.checks.expectations import check
from harness.checks.expected_visit import shows
from harness.model.profile import Service
from harness.model.scenario import Expectation, Visit
from harness.model.verdict import Outcome

MWL = "ModalityWorklistInformationModelFind"
WARD = Visit(patient_class="I", location=("5WEST", "512", "B", "SWF"))
OTHER = Visit(patient_class="I", location=("ICU", "3", "1", "SWF"))


@pytest.mark.parametrize(
    ("shown", "holds"),
    [
        ("5WEST^512^B^SWF", True),
        ("5West", True),
        ("5WEST 512 B", True),
        ("ICU^3^1^SWF", False),
        ("SWF ICU", False),
        ("", False),
        ("West wing", None),
    ],
)
def test_what_tells_the_visits_apart_is_looked_for(shown: str, holds: bool | None) -> None:
    assert shows(shown, WARD, [OTHER]) is holds


@pytest.mark.parametrize(
    ("entry", "asked", "outcome"),
    [
        ({"CurrentPatientLocation": "ICU^3"}, True, Outcome.VIOLATED),
        ({"CurrentPatientLocation": "RADOPD"}, True, Outcome.MET),
        ({"CurrentPatientLocation": "somewhere"}, True, Outcome.UNDECIDED),
        ({}, True, Outcome.VIOLATED),
        ({}, False, Outcome.UNDECIDED),
        (None, True, Outcome.UNDECIDED),
    ],
)
def test_the_worklist_shows_where_the_patient_is(
    entry: dict[str, str] | None, asked: bool, outcome: Outcome, recording: Callable[..., Any], tools: Any
) -> None:
    rec = recording()
    case = {"visit": Visit(patient_class="O", location=("RADOPD",)), "visits": {"icu": OTHER}}
    leg = rec.leg("RAD-5", "query", "probe", expect=Expectation(visit="main"))
    keys = tools.dataset(PatientID="P1001", **({"CurrentPatientLocation": ""} if asked else {}))
    entries = [] if entry is None else [(0xFF00, tools.dataset(PatientID="P1001", **entry))]
    rec.dimse(leg, Service.C_FIND, keys, [*entries, (0, None)], sop_class=MWL)
    made = rec.play()
    (found,) = check(replace(made, play=replace(made.play, case=replace(made.play.case, **case))))
    assert (found.outcome, found.requirement) == (outcome, "expectation/rad-5-visit")
    assert found.actor == "Order Filler"
