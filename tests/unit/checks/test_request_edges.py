"""What the worklist shows of who asked, for which visit and when (profile data: consistency/requests.yaml)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks import consistency
from harness.model.profile import Service

MWL = "ModalityWorklistInformationModelFind"
ORDER = (
    "MSH|^~\\&|OF|S|IM|S|2024||OMI^O23^OMI_O23|1|P|2.5.1\r"
    "PID|||P1001^^^SWF||LINDGREN^ASTA||19580714|F||||||||||ACC77\r"
    "PV1||O||||||3004^HOLM^PETER\r"
    "ORC|NW|A1|F1\rTQ1|1||||||202401021100\r"
    "OBR||A1|F1|P1||||||||||||3005^OAKES^RITA\r"
    "IPC|ACC1|RP1|1.2|SPS1|CT|X1|||CT1\r"
)
RIGHT = {
    "ReferringPhysicianName": "HOLM^PETER",
    "RequestingPhysician": "OAKES^RITA",
    "AdmissionID": "ACC77",
    "IssuerOfPatientID": "SWF",
}
RIGHT_STEP = {"ScheduledProcedureStepStartTime": "1100", "ScheduledStationAETitle": "CT1"}


def broken(recording: Callable[..., Any], tools: Any, **wrong: str) -> set[str]:
    rec, make = recording(), tools.dataset
    rec.hl7(rec.leg("RAD-4", "to-image-manager"), ORDER.encode())
    step = {"ScheduledProcedureStepID": "SPS1", **{name: wrong.get(name, value) for name, value in RIGHT_STEP.items()}}
    entry = {name: wrong.get(name, value) for name, value in RIGHT.items()}
    content = make(
        **{"PatientID": "P1001", "StudyInstanceUID": "1.2", "RequestedProcedureID": "RP1", **entry},
        ScheduledProcedureStepSequence=[make(**step)],
    )
    keys = make(PatientID="P1001", ScheduledProcedureStepSequence=[], **dict.fromkeys(RIGHT, ""))
    rec.dimse(rec.leg("RAD-5", "query"), Service.C_FIND, keys, [(0xFF00, content), (0, None)], sop_class=MWL)
    found = consistency.check(rec.play())
    watched = ("physician", "admission", "start-time", "station", "issuer")
    return {
        one.requirement.partition("/")[2].partition(".")[0]
        for one in found
        if one.outcome.value == "violated" and any(word in one.requirement for word in watched)
    }


def test_the_worklist_shows_what_was_announced(recording: Callable[..., Any], tools: Any) -> None:
    assert broken(recording, tools) == set()


@pytest.mark.parametrize(
    ("name", "value", "edges"),
    [
        ("ReferringPhysicianName", "OAKES^RITA", {"referring-physician"}),
        ("RequestingPhysician", "", {"requesting-physician"}),
        ("AdmissionID", "V9", {"admission-id-of-account"}),
        ("ScheduledProcedureStepStartTime", "1200", {"scheduled-start-time"}),
        ("ScheduledStationAETitle", "CT2", {"scheduled-station"}),
        ("IssuerOfPatientID", "OTHER", {"patient-id-issuer"}),
        ("IssuerOfPatientID", "", set()),
    ],
)
def test_what_differs(recording: Callable[..., Any], tools: Any, name: str, value: str, edges: set[str]) -> None:
    assert broken(recording, tools, **{name: value}) == edges
