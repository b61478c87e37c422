from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks import expectations
from harness.model.profile import Service
from harness.model.scenario import Expectation, Protocol

FIND = "ModalityWorklistInformationModelFind"


class Room:
    """Records a worklist entry with two protocol codes, and a performed step that ends."""

    def __init__(self, recording: Any, tools: Any) -> None:
        self.rec = recording(form="2.3.1")
        self.make = tools.dataset

    def codes(self, *values: str) -> list[Any]:
        return [self.make(CodeValue=value, CodingSchemeDesignator="99SWF") for value in values]

    def worklist(self, *protocols: str) -> None:
        step = self.make(ScheduledProcedureStepID="SPS1", ScheduledProtocolCodeSequence=self.codes(*protocols))
        entry = self.make(PatientID="P1001", RequestedProcedureID="RP1", ScheduledProcedureStepSequence=[step])
        leg = self.rec.leg("RAD-5", "query", "worklist")
        self.rec.dimse(leg, Service.C_FIND, self.make(PatientID="P1001"), [(0xFF00, entry), (0, None)], sop_class=FIND)

    def start(self, *protocols: str) -> None:
        item = self.make(StudyInstanceUID="1.2", RequestedProcedureID="RP1", ScheduledProcedureStepID="SPS1")
        content = self.make(
            ScheduledStepAttributesSequence=[item], PerformedProtocolCodeSequence=self.codes(*protocols)
        )
        self.rec.dimse(self.rec.leg("RAD-6", "to-pps-manager", "started"), Service.N_CREATE, content, instance="1.6")

    def end(self, expect: Expectation, answer: int = 0, **more: Any) -> None:
        content = self.make(PerformedProcedureStepStatus="COMPLETED", **more)
        leg = self.rec.leg("RAD-7", "to-pps-manager", "ended", expect=expect)
        self.rec.dimse(leg, Service.N_SET, content, [(answer, None)], instance="1.6")

    def found(self) -> list[tuple[str, str, str]]:
        return [(one.requirement, one.outcome.value, str(one.actor)) for one in expectations.check(self.rec.play())]


@pytest.fixture
def room(recording: Callable[..., Any], tools: Any) -> Room:
    return Room(recording, tools)


@pytest.mark.parametrize(
    ("wanted", "performed", "outcome"),
    [
        (Protocol.SCHEDULED, ("X2", "X1"), "met"),
        (Protocol.SCHEDULED, ("X1",), "violated"),
        (Protocol.SCHEDULED, (), "violated"),
        (Protocol.OTHER, ("X9",), "met"),
        (Protocol.OTHER, ("X1", "X2"), "violated"),
        (Protocol.OTHER, (), "violated"),
    ],
)
def test_the_protocol_that_was_followed(room: Room, wanted: Protocol, performed: tuple[str, ...], outcome: str) -> None:
    room.worklist("X1", "X2")
    room.start("X1", "X2")
    room.end(Expectation(protocol=wanted), PerformedProtocolCodeSequence=room.codes(*performed))
    assert room.found() == [("expectation/rad-7-protocol", outcome, "Modality")]


def test_what_the_end_does_not_say_holds_as_it_was_said_before(room: Room) -> None:
    room.worklist("X1")
    room.start("X1")
    room.end(Expectation(protocol=Protocol.SCHEDULED))
    assert room.found() == [("expectation/rad-7-protocol", "met", "Modality")]


def test_without_a_code_on_the_worklist_nothing_can_be_followed(room: Room) -> None:
    room.start("X1")
    room.end(Expectation(protocol=Protocol.SCHEDULED))
    assert [one[:2] for one in room.found()] == [("expectation/rad-7-protocol", "not applicable")]


def test_an_end_that_was_refused_shows_nothing(room: Room) -> None:
    room.worklist("X1")
    room.start("X1")
    room.end(Expectation(protocol=Protocol.SCHEDULED, billing=True), answer=0x0110)
    assert room.found() == []


@pytest.mark.parametrize(
    ("sequence", "wanted", "outcome"),
    [
        ("FilmConsumptionSequence", True, "met"),
        ("BillingProcedureStepSequence", True, "met"),
        ("BillingSuppliesAndDevicesSequence", False, "violated"),
        ("", True, "violated"),
    ],
)
def test_what_is_to_be_charged(room: Room, sequence: str, wanted: bool, outcome: str) -> None:
    room.start()
    charged = {sequence: [room.make(CodeValue="B1")]} if sequence else {}
    room.end(Expectation(billing=wanted), **charged)
    assert room.found() == [("expectation/rad-7-billing", outcome, "Modality")]
