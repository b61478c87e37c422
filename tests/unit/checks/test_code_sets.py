from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks import code_sets
from harness.model.profile import Service

MWL = "ModalityWorklistInformationModelFind"


@pytest.mark.parametrize(
    ("entries", "copied", "broken"),
    [
        ((("X1", "X2"),), ("X1", "X2"), False),
        ((("X1", "X2"),), ("X2",), True),
        ((("X1",), ("X1", "X2")), ("X1",), False),
        ((("X1", "X2"), ("X1", "X2", "X3")), ("X1",), True),
        ((("X1", "X2"),), ("X9",), False),
    ],
)
def test_a_step_has_every_code_of_the_entry_as_it_was_or_as_it_is(
    recording: Callable[..., Any], tools: Any, entries: tuple[tuple[str, ...], ...], copied: Any, broken: bool
) -> None:
    rec, make = recording(), tools.dataset
    for number, codes in enumerate(entries):
        step = make(ScheduledProcedureStepID="SPS1", ScheduledProtocolCodeSequence=[tools.code(one) for one in codes])
        entry = make(StudyInstanceUID="1.2", RequestedProcedureID="RP1", ScheduledProcedureStepSequence=[step])
        leg = rec.leg("RAD-5", "query", f"asked-{number}")
        rec.dimse(leg, Service.C_FIND, make(PatientID=""), [(0xFF00, entry), (0, None)], sop_class=MWL)
    item = make(
        StudyInstanceUID="1.2",
        RequestedProcedureID="RP1",
        ScheduledProcedureStepID="SPS1",
        ScheduledProtocolCodeSequence=[tools.code(one) for one in copied],
    )
    content = make(ScheduledStepAttributesSequence=[item], PerformedProcedureStepStatus="IN PROGRESS")
    rec.dimse(rec.leg("RAD-6", "to-pps-manager"), Service.N_CREATE, content, instance="1.9")
    found = {one.requirement for one in code_sets.check(rec.play()) if one.outcome.value == "violated"}
    assert found == ({"codes/mpps-has-every-code"} if broken else set())
