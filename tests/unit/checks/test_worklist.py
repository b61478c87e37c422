from __future__ import annotations

from typing import Any

import pytest

from harness.checks import dimse_reply, worklist
from harness.model.profile import Service
from harness.model.verdict import Outcome

MET, VIOLATED = Outcome.MET, Outcome.VIOLATED
FIND = "ModalityWorklistInformationModelFind"


def entry(tools: Any, *modalities: str, **more: Any) -> Any:
    return tools.dataset(ScheduledProcedureStepSequence=[tools.dataset(Modality=one) for one in modalities], **more)


@pytest.mark.parametrize(
    ("modalities", "more", "status", "broken"),
    [
        (("CT",), {"PatientID": "P1"}, 0xFF00, set()),
        (("MR",), {"PatientID": "P1"}, 0xFF00, {"matches-key"}),
        (("CT",), {"PatientID": "P2"}, 0xFF00, {"matches-key"}),
        (("CT", "CT"), {"PatientID": "P1"}, 0xFF00, {"one-step-per-entry"}),
        ((), {"PatientID": "P1"}, 0xFF00, {"matches-key", "one-step-per-entry"}),
        (("CT",), {"PatientID": "P1", "PatientComments": "X"}, 0xFF00, {"only-requested"}),
        (("CT",), {"PatientID": "P1", "SpecificCharacterSet": "ISO_IR 100"}, 0xFF00, set()),
        (("CT",), {"PatientID": "P1", "StudyInstanceUID": "1.3"}, 0xFF00, {"matches-key"}),
        (("CT",), {"PatientID": "P1", "StudyInstanceUID": "1.3"}, 0xFF01, set()),
    ],
)
def test_worklist_entries_fit_the_query(
    modalities: tuple[str, ...],
    more: dict[str, str],
    status: int,
    broken: set[str],
    exchange: Any,
    tools: Any,
    by_row: Any,
) -> None:
    keys = entry(tools, "CT", PatientID="P1", StudyInstanceUID="1.2" if "StudyInstanceUID" in more else "")
    responses = [(status, entry(tools, *modalities, **more)), (0, None)]
    view = exchange("RAD-5", "query", Service.C_FIND, keys, responses, FIND)
    found = by_row(worklist.check(view))
    assert {name for name, outcomes in found.items() if VIOLATED in outcomes} == broken


def test_no_match_is_a_success(exchange: Any, tools: Any, by_row: Any) -> None:
    view = exchange("RAD-5", "query", Service.C_FIND, entry(tools, "CT"), [(0, None)], FIND)
    assert by_row(worklist.check(view)) == {}
    assert by_row(dimse_reply.reply(view))["answered"] == {MET}
