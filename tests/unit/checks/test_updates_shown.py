from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks import updates_shown
from harness.model.profile import Service
from harness.model.scenario import Expectation

MWL = "ModalityWorklistInformationModelFind"
FIND = "StudyRootQueryRetrieveInformationModelFind"
MOVE = "StudyRootQueryRetrieveInformationModelMove"


class Department:
    """Records updates, and what is shown afterwards."""

    def __init__(self, recording: Any, tools: Any) -> None:
        self.rec = recording(form="2.3.1")
        self.tools = tools
        self.number = 0

    def _leg(self, transaction: str, leg: str, **step: Any) -> Any:
        self.number += 1
        return self.rec.leg(transaction, leg, f"step-{self.number}", **step)

    def update(
        self, event: str, patient: str, name: str, rest: str = "", leg: str = "to-image-manager", answer: str = "AA"
    ) -> None:
        raw = (
            f"MSH|^~\\&|OF|S|IM|S|2024||ADT^{event}|{self.number}|P|2.3.1\rPID|||{patient}||{name}||19580714|F\r{rest}"
        )
        self.rec.hl7(self._leg("RAD-12", leg), raw.encode(), answer)

    def procedure(self, control: str, transaction: str = "RAD-13", step: str = "SPS1") -> None:
        raw = (
            f"MSH|^~\\&|OF|S|IM|S|2024||ORM^O01|{self.number}|P|2.3.1\rPID|||P1001||LINDGREN^ASTA\r"
            f"ORC|{control}|A1|F1\rOBR||A1|F1|||||||||||||||ACC1|RP1|{step}\rZDS|1.2\r"
        )
        self.rec.hl7(self._leg(transaction, "to-image-manager"), raw.encode())

    def shown(self, patient: str = "P1001", name: str = "LINDGREN^ASTA", step: str = "SPS1", **more: str) -> Any:
        make = self.tools.dataset
        scheduled = make(ScheduledProcedureStepID=step)
        identity = {"PatientID": patient, "PatientName": name, "StudyInstanceUID": "1.2", **more}
        return make(**identity, ScheduledProcedureStepSequence=[scheduled])

    def worklist(self, *entries: Any, **step: Any) -> None:
        answers = [*((0xFF00, one) for one in entries), (0, None)]
        leg = self._leg("RAD-5", "query", **step)
        self.rec.dimse(leg, Service.C_FIND, self.tools.dataset(PatientID="P1001"), answers, sop_class=MWL)

    def query(self, *entries: Any, **step: Any) -> None:
        answers = [*((0xFF00, one) for one in entries), (0, None)]
        leg = self._leg("RAD-14", "query", **step)
        keys = self.tools.dataset(QueryRetrieveLevel="STUDY", PatientID="P1001")
        self.rec.dimse(leg, Service.C_FIND, keys, answers, sop_class=FIND)

    def retrieve(self, copy: Any) -> None:
        move = self._leg("RAD-16", "move")
        keys = self.tools.dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2")
        self.rec.dimse(move, Service.C_MOVE, keys, sop_class=MOVE)
        store = self.rec.leg("RAD-16", "store", f"step-{self.number}")
        self.rec.dimse(store, Service.C_STORE, copy, sop_class="CTImageStorage", instance="1.7.1")

    def broken(self) -> set[str]:
        found = updates_shown.check(self.rec.play())
        return {one.requirement.partition("/")[2] for one in found if one.outcome.value == "violated"}


@pytest.fixture
def department(recording: Callable[..., Any], tools: Any) -> Department:
    return Department(recording, tools)


def test_before_an_update_nothing_has_to_change(department: Department) -> None:
    department.query(department.shown())
    department.update("A08", "P1001", "OAKES^ASTA")
    assert department.broken() == set()


def test_after_a_rename_the_new_name_is_shown(department: Department) -> None:
    department.update("A08", "P1001", "OAKES^ASTA")
    department.query(department.shown(name="OAKES^ASTA"))
    department.retrieve(department.shown(name="OAKES^ASTA"))
    department.query(department.shown(patient="P9", name="LINDGREN^ASTA"))
    assert department.broken() == set()
    department.query(department.shown(name="OAKES^ASTA"), department.shown())
    assert department.broken() == {"query-shows-patient"}
    department.retrieve(department.shown(name="OAKES^ASTA", PatientBirthDate="19000101"))
    assert department.broken() == {"query-shows-patient", "retrieve-shows-patient"}


def test_an_update_that_was_refused_or_not_told_changes_nothing(department: Department) -> None:
    department.update("A08", "P1001", "OAKES^ASTA", answer="AE")
    department.update("A08", "P1001", "OAKES^ASTA", leg="to-order-filler")
    department.query(department.shown())
    assert department.broken() == set()
    department.worklist(department.shown())
    assert department.broken() == {"worklist-shows-patient"}


def test_a_later_message_may_name_the_patient_otherwise(department: Department) -> None:
    department.update("A08", "P1001", "OAKES^ASTA")
    department.procedure("NW", "RAD-4")
    department.query(department.shown())
    assert department.broken() == set()


def test_after_a_merge_the_dissolved_identifier_is_not_shown(department: Department) -> None:
    department.update("A40", "P1002", "OAKES^ASTA", "MRG|P1001\r")
    department.query(department.shown(patient="P1002", name="OAKES^ASTA"))
    department.query()
    assert department.broken() == set()
    department.query(department.shown())
    assert department.broken() == {"query-shows-patient"}


def test_the_last_of_repeated_queries_counts(department: Department) -> None:
    department.update("A08", "P1001", "OAKES^ASTA")
    leg = department._leg("RAD-14", "query")
    keys = department.tools.dataset(QueryRetrieveLevel="STUDY", PatientID="P1001")
    for name in ("LINDGREN^ASTA", "OAKES^ASTA"):
        answers = [(0xFF00, department.shown(name=name)), (0, None)]
        department.rec.dimse(leg, Service.C_FIND, keys, answers, sop_class=FIND)
    assert department.broken() == set()


def test_of_the_expected_patient_the_expectation_decides_but_not_of_others(department: Department) -> None:
    department.update("A08", "P1001", "OAKES^ASTA")
    department.query(department.shown(), expect=Expectation(patient="main"))
    assert department.broken() == set()
    department.update("A40", "P1001", "OAKES^ASTA", "MRG|P1002\r")
    department.query(department.shown(), department.shown(patient="P1002"), expect=Expectation(patient="main"))
    assert department.broken() == {"query-shows-patient"}


def test_a_cancelled_procedure_is_not_in_the_worklist(department: Department) -> None:
    department.procedure("NW", "RAD-4")
    department.worklist(department.shown())
    department.procedure("XO")
    department.worklist(department.shown())
    department.procedure("CA")
    department.worklist(department.shown(step="SPS2"))
    assert department.broken() == set()
    department.worklist(department.shown(step="SPS2"), department.shown())
    assert department.broken() == {"worklist-without-cancelled"}


def test_identifiers_of_two_authorities_are_not_merged(department: Department) -> None:
    department.update("A40", "P1^^^HOSPITAL", "OAKES^ASTA", "MRG|P1001^^^CLINIC\r")
    department.query(department.shown())
    assert department.broken() == set()
    department.update("A40", "P1^^^HOSPITAL~P2^^^CLINIC", "OAKES^ASTA", "MRG|P1001^^^CLINIC\r")
    department.query(department.shown(), department.shown(patient="P2", name="OAKES^ASTA"))
    assert department.broken() == {"query-shows-patient"}


def test_the_last_message_about_a_step_counts_and_one_with_several_controls_says_nothing(
    department: Department,
) -> None:
    department.procedure("CA")
    later = department.rec.legs.pop()
    department.procedure("NW", "RAD-4")
    department.rec.legs.insert(0, later)
    department.worklist(department.shown())
    assert department.broken() == set()
    both = (
        b"MSH|^~\\&|OF|S|IM|S|2024||ORM^O01|9|P|2.3.1\rPID|||P1001||LINDGREN^ASTA\r"
        b"ORC|CA|A1|F1\rOBR||A1|F1|||||||||||||||ACC1|RP1|SPS2\rORC|XO|A1|F1\rOBR||A1|F1|||||||||||||||ACC1|RP1|SPS1\rZDS|1.2\r"
    )
    department.rec.hl7(department._leg("RAD-13", "to-image-manager"), both)
    department.worklist(department.shown())
    assert department.broken() == set()
    department.procedure("CA")
    department.worklist(department.shown())
    assert department.broken() == {"worklist-without-cancelled"}


# reports


def _issue(department: Department, patient: str, name: str) -> None:
    leg = department._leg("RAD-25", "issue")
    report = department.shown(patient, name)
    department.rec.dimse(leg, Service.C_STORE, report, sop_class="BasicTextSRStorage", instance="1.8.1")


def _export(department: Department, patient: str, name: str) -> None:
    raw = f"MSH|^~\\&|RM|S|ERR|S|2024||ORU^R01|E1|P|2.3.1\rPID|||{patient}||{name}||19580714|F\rOBR||A1|F1\r"
    department.rec.hl7(department._leg("RAD-28", "export"), raw.encode())


@pytest.mark.parametrize("hand_on", [_issue, _export])
def test_after_a_merge_reports_are_the_survivors(department: Department, hand_on: Callable[..., None]) -> None:
    department.update("A40", "P2002", "OAKES^ASTA", "MRG|P1001\r", leg="to-report-manager")
    hand_on(department, "P2002", "OAKES^ASTA")
    assert department.broken() == set()


@pytest.mark.parametrize(
    ("hand_on", "rule"),
    [(_issue, "report-shows-patient"), (_export, "export-shows-patient")],
)
@pytest.mark.parametrize(("patient", "name"), [("P1001", "LINDGREN^ASTA"), ("P2002", "LINDGREN^ASTA")])
def test_a_report_under_the_dissolved_identity(
    department: Department, hand_on: Callable[..., None], rule: str, patient: str, name: str
) -> None:
    department.update("A40", "P2002", "OAKES^ASTA", "MRG|P1001\r", leg="to-report-manager")
    hand_on(department, patient, name)
    assert department.broken() == {rule}


@pytest.mark.parametrize("hand_on", [_issue, _export])
def test_a_manager_that_was_not_told_cannot_know(department: Department, hand_on: Callable[..., None]) -> None:
    department.update("A40", "P2002", "OAKES^ASTA", "MRG|P1001\r", leg="to-image-manager")
    hand_on(department, "P1001", "LINDGREN^ASTA")
    assert department.broken() == set()
