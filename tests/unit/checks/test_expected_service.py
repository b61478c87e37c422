"""The procedure that a worklist or an archive shows, against what its filler announced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks.expectations import check
from harness.model.profile import Service
from harness.model.scenario import Expectation
from harness.model.verdict import Outcome

MWL = "ModalityWorklistInformationModelFind"
FIND = "StudyRootQueryRetrieveInformationModelFind"


def announce(rec: Any, control: str, code: str, protocol: str, *, answer: str = "AA", service: str = "NEW") -> None:
    raw = (
        f"MSH|^~\\&|OF|S|IM|S|2024||OMI^O23^OMI_O23|{code}{control}|P|2.5.1\rPID|||P1001||LINDGREN^ASTA\r"
        f"ORC|{control}|A1|F1\rOBR||A1|F1|||||||||||||||||||||||||||||||||||||||||{code}^Text of {code}^99X\r"
        f"IPC|ACC1|RP1|1.2|SPS1|CT|{protocol}^^99X\r"
    )
    transaction = "RAD-4" if control == "NW" else "RAD-13"
    leg = rec.leg(transaction, "to-image-manager", f"{control}-{code}", service=service)
    rec.hl7(leg, raw.encode(), answer)


def entry(tools: Any, code: str, protocol: str) -> Any:
    step = tools.dataset(ScheduledProtocolCodeSequence=[tools.code(protocol)])
    return tools.dataset(
        PatientID="P1001",
        RequestedProcedureCodeSequence=[tools.code(code)],
        ScheduledProcedureStepSequence=[step],
    )


@pytest.mark.parametrize(
    ("code", "protocol", "outcome"),
    [("C2", "P2", Outcome.MET), ("C1", "P2", Outcome.VIOLATED), ("C2", "P1", Outcome.VIOLATED)],
)
def test_the_worklist_shows_what_was_announced_last(
    code: str, protocol: str, outcome: Outcome, recording: Callable[..., Any], tools: Any
) -> None:
    rec = recording()
    announce(rec, "NW", "C1", "P1", service="")
    announce(rec, "XO", "C2", "P2")
    announce(rec, "XO", "C3", "P3", answer="AE")
    leg = rec.leg("RAD-5", "query", "probe", expect=Expectation(service="NEW"))
    found_entry = (0xFF00, entry(tools, code, protocol))
    rec.dimse(leg, Service.C_FIND, tools.dataset(PatientID="P1001"), [found_entry, (0, None)], sop_class=MWL)
    (found,) = check(rec.play())
    assert (found.outcome, found.requirement) == (outcome, "expectation/rad-5-service")
    assert found.evidence is not None
    of_protocol = protocol == "P1"
    assert ("ScheduledProtocolCodeSequence" in found.evidence.path, found.received) == (
        of_protocol,
        protocol if of_protocol else code,
    )


@pytest.mark.parametrize(
    ("matches", "outcome"), [(None, [Outcome.VIOLATED]), (1, [Outcome.VIOLATED, Outcome.UNDECIDED])]
)
def test_an_answer_with_nothing_of_the_patient_is_charged_once(
    matches: int | None, outcome: list[Outcome], recording: Callable[..., Any], tools: Any
) -> None:
    rec = recording()
    announce(rec, "NW", "C1", "P1")
    leg = rec.leg("RAD-5", "query", "probe", expect=Expectation(service="NEW", matches=matches))
    rec.dimse(leg, Service.C_FIND, tools.dataset(PatientID="P1001"), [(0, None)], sop_class=MWL)
    assert [one.outcome for one in check(rec.play())] == outcome


def test_codes_that_nobody_announced_are_not_expected(recording: Callable[..., Any], tools: Any) -> None:
    rec = recording()
    leg = rec.leg("RAD-5", "query", "probe", expect=Expectation(service="NEW"))
    found_entry = (0xFF00, entry(tools, "C1", "P1"))
    rec.dimse(leg, Service.C_FIND, tools.dataset(PatientID="P1001"), [found_entry, (0, None)], sop_class=MWL)
    (found,) = check(rec.play())
    assert found.outcome is Outcome.UNDECIDED


@pytest.mark.parametrize(
    ("shown", "outcome"),
    [
        ({"code": "C2"}, Outcome.MET),
        ({"code": "C1"}, Outcome.VIOLATED),
        ({"StudyDescription": "Text of C2"}, Outcome.MET),
        ({"StudyDescription": "Text of C1"}, Outcome.VIOLATED),
        ({}, Outcome.UNDECIDED),
    ],
)
def test_the_archive_shows_the_code_or_else_the_description(
    shown: dict[str, str], outcome: Outcome, recording: Callable[..., Any], tools: Any
) -> None:
    rec = recording()
    announce(rec, "NW", "C1", "P1", service="")
    announce(rec, "XO", "C2", "P2")
    attributes: dict[str, Any] = {key: value for key, value in shown.items() if key != "code"}
    if "code" in shown:
        attributes["ProcedureCodeSequence"] = [tools.code(shown["code"])]
    study = tools.dataset(QueryRetrieveLevel="STUDY", PatientID="P1001", **attributes)
    leg = rec.leg("RAD-14", "query", "probe", expect=Expectation(service="NEW"))
    keys = tools.dataset(QueryRetrieveLevel="STUDY", PatientID="P1001")
    rec.dimse(leg, Service.C_FIND, keys, [(0xFF00, study), (0, None)], sop_class=FIND)
    (found,) = check(rec.play())
    assert (found.outcome, found.requirement) == (outcome, "expectation/rad-14-service")
    assert found.actor == "Image Manager"
