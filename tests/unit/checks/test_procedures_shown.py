"""What a worklist shows of a changed procedure, and what is started of a cancelled one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks import procedures_shown
from harness.model.profile import Service
from harness.model.verdict import Outcome

MWL = "ModalityWorklistInformationModelFind"
MPPS = "ModalityPerformedProcedureStep"
SHOWN, STARTED = "updates/worklist-shows-procedure", "updates/cancelled-not-started"


class Department:
    """One procedure of two steps, told of, asked for and started."""

    def __init__(self, recording: Any, tools: Any) -> None:
        self.rec = recording()
        self.make = tools.dataset
        self.code = tools.code
        self.number = 0

    def leg(self, transaction: str, leg: str) -> Any:
        self.number += 1
        return self.rec.leg(transaction, leg, f"step-{self.number}")

    def tell(self, control: str, code: str = "C1", start: str = "20240102103000", answer: str = "AA") -> None:
        groups = "".join(
            f"ORC|{control}|A1|F1\rTQ1|1||||||{start[:-1]}{number}\rOBR|{number}|A1|F1{'|' * 41}{code}^Text^99X\r"
            f"IPC|ACC1|RP1|1.2|SPS{number}|CT|P{number}^Protocol^99X\r"
            for number in (1, 2)
        )
        raw = f"MSH|^~\\&|OF|S|IM|S|2024||OMI^O23^OMI_O23|{self.number}|P|2.5.1\rPID|||P1001||LINDGREN^ASTA\r{groups}"
        leg = self.leg("RAD-4" if control == "NW" else "RAD-13", "to-image-manager")
        self.rec.hl7(leg, raw.encode(), answer)

    def worklist(self, *entries: Any) -> None:
        answers = [*((0xFF00, one) for one in entries), (0, None)]
        self.rec.dimse(self.leg("RAD-5", "query"), Service.C_FIND, self.make(PatientID="P1001"), answers, sop_class=MWL)

    def entry(self, code: str = "C1", time: str = "103001", step: str = "1") -> Any:
        scheduled = self.make(
            ScheduledProcedureStepID=f"SPS{step}",
            ScheduledProcedureStepStartDate="20240102",
            ScheduledProcedureStepStartTime=time,
            ScheduledProtocolCodeSequence=[self.code(f"P{step}", "99X")],
        )
        return self.make(
            PatientID="P1001",
            StudyInstanceUID="1.2",
            AccessionNumber="ACC1",
            RequestedProcedureID="RP1",
            RequestedProcedureCodeSequence=[self.code(code, "99X")],
            ScheduledProcedureStepSequence=[scheduled],
        )

    def start(self) -> None:
        item = self.make(StudyInstanceUID="1.2", RequestedProcedureID="RP1", ScheduledProcedureStepID="SPS1")
        created = self.make(PatientID="P1001", ScheduledStepAttributesSequence=[item])
        leg = self.leg("RAD-6", "to-pps-manager")
        self.rec.dimse(leg, Service.N_CREATE, created, [(0, None)], sop_class=MPPS, instance="1.9")

    def outcomes(self, rule: str) -> list[Outcome]:
        return [one.outcome for one in procedures_shown.check(self.rec.play()) if one.requirement == rule]


@pytest.fixture
def department(recording: Callable[..., Any], tools: Any) -> Department:
    made = Department(recording, tools)
    made.tell("NW")
    return made


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"code": "C2", "time": "120001"}, Outcome.MET),
        ({"code": "C1", "time": "120001"}, Outcome.VIOLATED),
        ({"code": "C2", "time": "103001"}, Outcome.VIOLATED),
        ({"code": "C2", "time": "120002"}, Outcome.VIOLATED),
        ({"code": "C2", "time": "120002", "step": "2"}, Outcome.MET),
    ],
)
def test_the_worklist_shows_each_step_as_it_was_changed(
    department: Department, changes: dict[str, str], outcome: Outcome
) -> None:
    department.tell("XO", code="C2", start="20240102120000")
    department.worklist(department.entry(**changes))
    assert department.outcomes(SHOWN) == [outcome]


def test_what_was_not_taken_changes_nothing(department: Department) -> None:
    department.tell("XO", code="C2", answer="AE")
    department.worklist(department.entry())
    assert department.outcomes(SHOWN) == []


def test_an_answer_from_before_the_change_is_not_judged(department: Department) -> None:
    department.worklist(department.entry())
    department.tell("XO", code="C2")
    assert department.outcomes(SHOWN) == []


def test_what_is_gone_from_the_worklist_is_not_started(department: Department) -> None:
    department.worklist(department.entry())
    department.tell("CA")
    department.worklist()
    department.start()
    assert department.outcomes(STARTED) == [Outcome.VIOLATED]


def test_a_modality_that_could_not_see_the_cancel_is_not_blamed(department: Department) -> None:
    department.worklist(department.entry())
    department.tell("CA")
    department.start()
    assert department.outcomes(STARTED) == []
    department.worklist(department.entry())
    department.start()
    assert department.outcomes(STARTED) == []


def test_what_was_changed_may_be_started(department: Department) -> None:
    department.tell("XO")
    department.worklist(department.entry())
    department.start()
    assert department.outcomes(STARTED) == [Outcome.MET]
