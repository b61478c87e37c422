"""The little behaviour that model classes have beyond their own data."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from enum import Enum

import pytest

import harness.model
from harness.model.finding import Evidence, Finding
from harness.model.names import (
    HARNESS,
    ActorName,
    ExchangeId,
    LegId,
    LinkId,
    PlayerName,
    PlayId,
    ScenarioId,
    StepId,
    TransactionId,
)
from harness.model.plan import Assignment, LegState, PlannedLeg, PlannedStep, Play, StepRef
from harness.model.profile import Citation, Leg, LinkKind, Service, Transaction
from harness.model.record import Record
from harness.model.run import JudgedFinding
from harness.model.scenario import (
    Case,
    Code,
    OrderRequest,
    PersonName,
    PlannedProcedure,
    Practitioner,
    ProcedurePlan,
    Scenario,
    Step,
    Visit,
)
from harness.model.system import Hook, Party
from harness.model.tables import StateMachine, Transition
from harness.model.transcript import (
    Capture,
    DimseCommand,
    Direction,
    Exchange,
    Half,
    Link,
    Payload,
    PayloadKind,
    SocketAddress,
)
from harness.model.verdict import Confidence

ORDER_FILLER, IMAGE_MANAGER, MODALITY = ActorName("Order Filler"), ActorName("Image Manager"), ActorName("Modality")
RIS, PACS = PlayerName("RIS"), PlayerName("PACS")
LEG = Leg(id=LegId("to-image-manager"), initiator=ORDER_FILLER, responder=IMAGE_MANAGER, link=LinkKind.MLLP)
RAD_4 = Transaction(
    id=TransactionId("RAD-4"), title="Procedure Scheduled", citation=Citation("4.4", Confidence.VERIFIED), legs=(LEG,)
)
STEP = Step(id=StepId("scheduled"), transaction=RAD_4.id, initiator=ORDER_FILLER)


def _planned(initiator: PlayerName, responder: PlayerName, claimed_by: PlayerName | None = None) -> PlannedLeg:
    return PlannedLeg(leg=LEG, state=LegState.LIVE, initiator=initiator, responder=responder, claimed_by=claimed_by)


PLENTIFUL = (Evidence, Finding, JudgedFinding)
"""Read-only for the type checker alone, because a run makes so many of them."""


def _model_classes() -> Iterator[type]:
    for module in pkgutil.iter_modules(harness.model.__path__, "harness.model."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and value.__module__ == module.name:
                yield value


@pytest.mark.parametrize("model_class", list(_model_classes()), ids=lambda value: value.__name__)
def test_every_model_class_is_a_frozen_record_or_an_enum(model_class: type) -> None:
    if model_class is Record:
        return
    if issubclass(model_class, Enum):
        assert len({member.value for member in model_class}) == len(model_class)
        return
    assert issubclass(model_class, Record)
    assert dataclasses.is_dataclass(model_class)
    parameters = model_class.__dataclass_params__  # type: ignore[attr-defined]
    assert parameters.frozen or (model_class in PLENTIFUL and parameters.unsafe_hash)


def test_the_systems_of_a_leg_leave_the_harness_out() -> None:
    assert _planned(HARNESS, HARNESS).systems == frozenset()
    assert _planned(RIS, HARNESS).systems == {RIS}
    assert _planned(RIS, PACS).systems == {RIS, PACS}


def test_the_systems_of_a_step_hold_those_that_claim_and_do_not_offer() -> None:
    legs = (_planned(RIS, HARNESS), _planned(HARNESS, HARNESS, claimed_by=PACS))
    planned = PlannedStep(step=STEP, transaction=RAD_4, legs=legs, initiator=RIS)
    assert planned.systems == {RIS, PACS}
    assert replace(planned, legs=()).systems == frozenset()


def test_steps_legs_and_scenarios_are_looked_up_by_name() -> None:
    scenario = Scenario(
        id=ScenarioId("swf.scheduled"),
        title="One order",
        citation={"SWF": "3"},
        forms=("2.3.1",),
        case="ct",
        steps=(STEP,),
    )
    planned = PlannedStep(step=STEP, transaction=RAD_4, legs=(), initiator=HARNESS)
    name = PersonName(family="Muster")
    doctor = Practitioner(id="1", name=name)
    case = Case(
        id="ct",
        title="CT",
        patients={},
        visit=Visit(patient_class="O"),
        order=OrderRequest(service="CT", orderer=doctor, entered_by=doctor),
    )
    play = Play(
        id=PlayId("swf.scheduled@2.3.1"), scenario=scenario, form="2.3.1", profile="SWF", case=case, steps=(planned,)
    )
    assert play.step(StepId("scheduled")) is planned
    assert scenario.step(StepId("scheduled")) is STEP
    assert RAD_4.leg(LegId("to-image-manager")) is LEG
    for look_up in (play.step, scenario.step, RAD_4.leg):
        with pytest.raises(KeyError):
            look_up("nowhere")  # type: ignore[arg-type]


def test_whoever_serves_a_transaction_is_its_player_and_everything_else_is_ours() -> None:
    ours, theirs = Party(actor=ORDER_FILLER, player=HARNESS), Party(actor=ORDER_FILLER, player=RIS)
    assignment = Assignment(
        id="", ours={ORDER_FILLER: ours}, theirs=(theirs,), serves={ORDER_FILLER: {RAD_4.id: RIS}}, plays=()
    )
    assert assignment.player(ORDER_FILLER, RAD_4.id) == RIS
    assert assignment.player(ORDER_FILLER, TransactionId("RAD-5")) == HARNESS
    assert assignment.player(MODALITY, RAD_4.id) == HARNESS
    assert assignment.party(ORDER_FILLER, HARNESS) is ours
    assert assignment.party(ORDER_FILLER, RIS) is theirs
    assert assignment.party(ORDER_FILLER, PACS) is None
    assert assignment.party(MODALITY, HARNESS) is None


@pytest.mark.parametrize(("command", "http"), [((), ""), (("run",), "http://127.0.0.1/act")])
def test_a_hook_has_exactly_one_way_to_be_called(command: tuple[str, ...], http: str) -> None:
    with pytest.raises(ValueError, match="exactly one of a command, an http address and an operator"):
        Hook(command=command, http=http)


def test_a_service_without_a_procedure_becomes_the_default_one() -> None:
    def procedure(value: str) -> PlannedProcedure:
        code = Code(value=value, scheme="99TEST", meaning=value)
        return PlannedProcedure(service=code, procedure=code, description=value, steps=())

    plan = ProcedurePlan(id="plan", services={"CT": procedure("CT"), "XR": procedure("XR")}, default="XR")
    assert plan.procedure("CT").description == "CT"
    assert plan.procedure("P9-7A").description == "XR"


def test_what_is_not_in_a_state_machine_is_illegal() -> None:
    row = Transition(
        state="IN PROGRESS",
        event="N-SET COMPLETED",
        to="COMPLETED",
        accepted=True,
        confidence=Confidence.VERIFIED,
        citation="PS3.4 F.7.2",
    )
    machine = StateMachine(name="mpps", initial="", transitions=(row,))
    assert machine.next("IN PROGRESS", "N-SET COMPLETED") is row
    assert machine.next("COMPLETED", "N-SET COMPLETED") is None
    assert machine.next("IN PROGRESS", "N-CREATE") is None


def test_an_exchange_knows_its_last_response_and_who_sent_the_request() -> None:
    link = Link(
        seq=1,
        time=0.0,
        id=LinkId(1),
        kind=LinkKind.DIMSE,
        actor=MODALITY,
        ours=True,
        local=SocketAddress("127.0.0.1", 1),
        peer=SocketAddress("127.0.0.1", 2),
    )

    def capture(seq: int, half: Half, direction: Direction) -> Capture:
        return Capture(
            seq=seq,
            time=0.0,
            link=LinkId(1),
            exchange=ExchangeId(1),
            half=half,
            direction=direction,
            command=DimseCommand(service=Service.C_FIND, message_id=1),
        )

    request = capture(2, Half.REQUEST, Direction.SENT)
    pending, final = (capture(seq, Half.RESPONSE, Direction.RECEIVED) for seq in (3, 4))
    unanswered = Exchange(id=ExchangeId(1), link=link, request=request)
    assert unanswered.final is None
    assert unanswered.sent
    assert replace(unanswered, responses=(pending, final)).final is final
    assert not replace(unanswered, request=replace(request, direction=Direction.RECEIVED)).sent


def test_names_for_people_and_files() -> None:
    assert Payload("ab12", PayloadKind.DICOM, 3).file_name == "ab12.dcm"
    assert Payload("ab12", PayloadKind.HL7, 3).file_name == "ab12.hl7"
    assert str(StepRef(PlayId("swf.scheduled@2.5.1"), StepId("worklist"))) == "swf.scheduled@2.5.1/worklist"
    assert str(Citation("RAD TF-2: 4.5.4", Confidence.BELIEVED)) == "RAD TF-2: 4.5.4 (believed)"
