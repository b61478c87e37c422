"""Entries that a worklist answer leaves out although another query showed that they are there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydicom.dataset import Dataset

from harness.checks import worklist_completeness
from harness.model.profile import Service
from harness.model.verdict import Outcome

FIND = "ModalityWorklistInformationModelFind"
COMPLETE = "rad-5.query/complete"


class Worklist:
    """Queries one after the other, each with the entries it returns."""

    def __init__(self, tools: Any, recording: Any) -> None:
        self.tools = tools
        self.recording = recording()

    def entry(self, patient: str, step: str, modality: str = "CT", name: str = "LINDGREN^ASTA") -> Dataset:
        make = self.tools.dataset
        scheduled = make(Modality=modality, ScheduledProcedureStepID=step, ScheduledProcedureStepStartDate="20240301")
        return make(
            PatientID=patient,
            PatientName=name,
            StudyInstanceUID=f"1.2.{step[-1]}",
            RequestedProcedureID=f"RP{step[-1]}",
            ScheduledProcedureStepSequence=[scheduled],
        )

    def ask(self, *entries: Dataset, modality: str = "", date: str = "", status: int = 0, **keys: str) -> None:
        make = self.tools.dataset
        step = make(Modality=modality, ScheduledProcedureStepID="", ScheduledProcedureStepStartDate=date)
        identifier = make(PatientID="", PatientName="", StudyInstanceUID="", RequestedProcedureID="")
        for keyword, value in keys.items():
            setattr(identifier, keyword, value)
        identifier.ScheduledProcedureStepSequence = [step]
        leg = self.recording.leg("RAD-5", "query", f"query-{len(self.recording.legs)}")
        responses = [*((0xFF00, entry) for entry in entries), (status, None)]
        self.recording.dimse(leg, Service.C_FIND, identifier, responses, sop_class=FIND)

    def change(self) -> None:
        leg = self.recording.leg("RAD-6", "to-pps-manager")
        self.recording.dimse(leg, Service.N_CREATE, self.tools.dataset(Modality="CT"), instance="1.2.9")

    def outcomes(self) -> list[tuple[str, Outcome]]:
        view = self.recording.play()
        main = view.play.case.patients["main"]
        own = {"main": replace(main, id="P1"), "other": replace(main, id="P2")}
        play = replace(view.play, case=replace(view.play.case, patients=own))
        found = list(worklist_completeness.check(replace(view, play=play)))
        assert all(finding.requirement == COMPLETE for finding in found)
        return [(finding.step, finding.outcome) for finding in found]


@pytest.fixture
def worklist(tools: Any, recording: Any) -> Worklist:
    return Worklist(tools, recording)


def test_what_another_key_showed_has_to_be_there(worklist: Worklist) -> None:
    first, second = worklist.entry("P1", "S1"), worklist.entry("P2", "S2")
    worklist.ask(first, PatientID="P1")
    worklist.ask(second, PatientID="P2")
    worklist.ask(first, second, modality="CT")
    assert worklist.outcomes() == [("query-2", Outcome.MET)]


@pytest.mark.parametrize(
    "keys",
    [
        {"modality": "CT"},
        {"date": "20240301"},
        {"date": "20240229-20240301"},
        {"PatientName": "LINDGREN^ASTA"},
        {"PatientName": "LIND*"},
        {"modality": "CT", "PatientName": "L*"},
        {},
    ],
)
def test_the_second_entry_left_out_is_noticed(worklist: Worklist, keys: dict[str, str]) -> None:
    first, second = worklist.entry("P1", "S1"), worklist.entry("P2", "S2")
    worklist.ask(first, PatientID="P1")
    worklist.ask(second, PatientID="P2")
    worklist.ask(first, **keys)
    assert worklist.outcomes() == [("query-2", Outcome.VIOLATED)]


@pytest.mark.parametrize(
    "keys",
    [
        {"modality": "MR"},
        {"date": "20240302-"},
        {"PatientID": "P*"},
        {"PatientName": "lindgren^asta"},
        {"PatientName": "OAKES*"},
        {"PatientWeight": "80"},
    ],
)
def test_what_a_worklist_may_read_otherwise_is_not_demanded(worklist: Worklist, keys: dict[str, str]) -> None:
    worklist.ask(worklist.entry("P1", "S1"), PatientID="P1")
    worklist.ask(**keys)
    assert worklist.outcomes() == []


def test_a_refused_query_shows_and_owes_nothing(worklist: Worklist) -> None:
    worklist.ask(worklist.entry("P1", "S1"), PatientID="P1")
    worklist.ask(status=0xA700, modality="CT")
    assert worklist.outcomes() == []


def test_a_step_that_was_started_meanwhile_may_be_gone(worklist: Worklist) -> None:
    worklist.ask(worklist.entry("P1", "S1"), PatientID="P1")
    worklist.change()
    worklist.ask(PatientID="P1")
    assert worklist.outcomes() == []


def test_what_happens_elsewhere_may_end_the_entry_of_another_patient(worklist: Worklist) -> None:
    foreign = worklist.entry("FOREIGN", "S3")
    worklist.ask(worklist.entry("P1", "S1"), foreign, modality="CT")
    worklist.ask(worklist.entry("P1", "S1"), date="20240301")
    assert worklist.outcomes() == [("query-1", Outcome.MET)]


def test_the_entry_of_another_patient_that_is_back_afterwards_was_there_all_the_time(worklist: Worklist) -> None:
    foreign = worklist.entry("FOREIGN", "S3")
    worklist.ask(foreign, modality="CT")
    worklist.ask(date="20240301")
    worklist.ask(foreign, modality="CT")
    assert worklist.outcomes() == [("query-1", Outcome.VIOLATED)]


def test_an_entry_that_is_back_afterwards_was_there_all_the_time(worklist: Worklist) -> None:
    entry = worklist.entry("P1", "S1")
    worklist.ask(entry, PatientID="P1")
    worklist.change()
    worklist.ask(modality="CT")
    worklist.ask(entry, PatientID="P1")
    assert worklist.outcomes() == [("query-2", Outcome.VIOLATED)]


def test_an_entry_that_says_less_may_be_the_one(worklist: Worklist) -> None:
    worklist.ask(worklist.entry("P1", "S1"), PatientID="P1")
    shorter = worklist.entry("P1", "S1")
    del shorter.StudyInstanceUID
    worklist.ask(shorter, modality="CT")
    assert worklist.outcomes() == [("query-1", Outcome.MET)]
