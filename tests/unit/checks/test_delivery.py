"""Delivery: each way in which a required leg may not have crossed the wire, and who is charged for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from harness.checks.delivery import delivery, took_effect
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.hl7 import compose
from harness.model.finding import Finding
from harness.model.names import HARNESS, ActorName, ExchangeId, LegId, LinkId, PlayerName, PlayId, StepId, TransactionId
from harness.model.plan import LegState, PlannedLeg, PlannedStep, Play, StepRef
from harness.model.profile import Citation, Leg, LinkKind, Service, Transaction
from harness.model.scenario import Case, OrderRequest, PersonName, Practitioner, Scenario, Step, Visit
from harness.model.tls import TlsTrouble
from harness.model.transcript import (
    Capture,
    DimseCommand,
    Direction,
    Event,
    EventKind,
    Exchange,
    Half,
    Link,
    Payload,
    PayloadKind,
    SocketAddress,
)
from harness.model.verdict import Confidence, Outcome
from harness.profiles import Knowledge

MODALITY, MANAGER, FILLER = ActorName("Modality"), ActorName("PPS Manager"), ActorName("Order Filler")
PLAY, STEP = PlayId("swf.test@2.3.1"), StepId("started")
SYSTEM = PlayerName("SYSTEM")
NOTHING = Knowledge(
    profiles={},
    transactions={},
    hl7_tables={},
    attribute_tables={},
    edges=(),
    leg_rules={},
    play_rules=(),
    states={},
    keys={},
    rule_set="",
)
FIRST, RELAY = "rad-6.to-pps-manager", "rad-6.to-order-filler"


def _leg(name: str, initiator: ActorName, responder: ActorName, *, reaction: bool, required: bool) -> Leg:
    return Leg(
        id=LegId(name),
        initiator=initiator,
        responder=responder,
        link=LinkKind.DIMSE,
        reaction=reaction,
        required=required,
    )


def _exchange(
    number: int,
    *statuses: int,
    kind: LinkKind = LinkKind.DIMSE,
    payload: Payload | None = None,
) -> Exchange:
    link = Link(
        seq=0,
        time=0.0,
        id=LinkId(number),
        kind=kind,
        actor=MODALITY,
        ours=True,
        local=SocketAddress("127.0.0.1", number),
        peer=SocketAddress("127.0.0.1", 104),
    )

    def capture(half: Half, status: int | None) -> Capture:
        return Capture(
            seq=number,
            time=0.0,
            link=link.id,
            exchange=ExchangeId(number),
            half=half,
            direction=Direction.SENT if half is Half.REQUEST else Direction.RECEIVED,
            payload=payload if half is Half.RESPONSE else None,
            command=DimseCommand(service=Service.N_CREATE, message_id=1, status=status)
            if kind is LinkKind.DIMSE
            else None,
        )

    return Exchange(
        id=ExchangeId(number),
        link=link,
        request=capture(Half.REQUEST, None),
        responses=tuple(capture(Half.RESPONSE, status) for status in statuses),
    )


class Stage:
    """RAD-6: our Modality or a system's sends an N-CREATE, and our PPS Manager or a system's relays it."""

    def __init__(
        self,
        *,
        initiator: PlayerName = HARNESS,
        responder: PlayerName = HARNESS,
        filler: PlayerName = HARNESS,
        state: LegState = LegState.LIVE,
        required: bool = True,
        relayed: bool = False,
    ) -> None:
        self.events: list[Event] = []
        self.unheard: frozenset[tuple[ActorName, TransactionId]] = frozenset()
        self.first: list[Exchange] = []
        self.relay: list[Exchange] = []
        legs = [(_leg("to-pps-manager", MODALITY, MANAGER, reaction=False, required=required), initiator, responder)]
        if relayed:
            legs.append((_leg("to-order-filler", MANAGER, FILLER, reaction=True, required=True), responder, filler))
        self.planned = PlannedStep(
            step=Step(id=STEP, transaction=TransactionId("RAD-6"), initiator=MODALITY),
            transaction=Transaction(
                id=TransactionId("RAD-6"),
                title="Modality Procedure Step In Progress",
                citation=Citation("4.6", Confidence.VERIFIED),
                legs=tuple(leg for leg, _, _ in legs),
            ),
            legs=tuple(
                PlannedLeg(
                    leg=leg,
                    state=LegState.LIVE if leg.reaction else state,
                    initiator=ends[0],
                    responder=ends[1],
                )
                for leg, *ends in legs
            ),
            initiator=initiator,
        )

    def happened(
        self,
        kind: EventKind,
        text: str = "",
        *,
        actor: ActorName | None = None,
        peer: ActorName | None = None,
        step: StepId | None = STEP,
        leg: str = "",
        seconds: str = "",
        trouble: TlsTrouble | None = None,
        link: LinkId | None = None,
    ) -> Stage:
        """An event of the step, or of nobody's when `step` is None."""
        self.events.append(
            Event(
                seq=len(self.events) + 1,
                time=0.0,
                kind=kind,
                text=text,
                link=link,
                actor=actor,
                peer_actor=peer,
                step=StepRef(PLAY, step) if step else None,
                play=PLAY if step else None,
                leg=leg,
                facts={"seconds": seconds} if seconds else {"tls_failure": trouble.value} if trouble else {},
            )
        )
        return self

    def ran(self) -> Stage:
        """The step started."""
        return self.happened(EventKind.STEP_STARTED)

    def expired(self, leg: str = "to-pps-manager") -> Stage:
        """The leg's time is up."""
        return self.happened(EventKind.LEG_EXPIRED, leg=leg, seconds="20")

    def findings(self, *proven: ActorName) -> list[Finding]:
        """What the check finds; `proven` are the actors whose player was heard."""
        doctor = Practitioner(id="D", name=PersonName(family="Doktor"))
        play = Play(
            id=PLAY,
            scenario=Scenario(
                id="swf.test",  # type: ignore[arg-type]
                title="",
                citation={},
                forms=("2.3.1",),
                case="case",
                steps=(self.planned.step,),
            ),
            form="2.3.1",
            profile="SWF",
            case=Case(
                id="case",
                title="",
                patients={},
                visit=Visit(patient_class="O"),
                order=OrderRequest(service="", orderer=doctor, entered_by=doctor),
            ),
            steps=(self.planned,),
        )
        legs = tuple(
            LegView(
                play=play,
                step=self.planned,
                planned=leg,
                exchanges=tuple(
                    ExchangeView(exchange, _no_payload) for exchange in (self.relay if leg.leg.reaction else self.first)
                ),
                knowledge=NOTHING,
            )
            for leg in self.planned.legs
        )
        view = PlayView(
            play=play,
            legs=legs,
            events=tuple(self.events),
            knowledge=NOTHING,
            proven=frozenset(proven),
            unheard=self.unheard,
        )
        return list(delivery(view))

    def only(self, *proven: ActorName) -> Finding:
        """The one finding there is."""
        (finding,) = self.findings(*proven)
        return finding


def _no_payload(payload: Payload) -> bytes:
    raise AssertionError("delivery must not read data sets")


def _is(finding: Finding, requirement: str, outcome: Outcome, actor: ActorName) -> bool:
    return (finding.check, finding.requirement, finding.outcome, finding.actor) == (
        "delivery",
        requirement,
        outcome,
        actor,
    )


# it came


def test_a_leg_that_crossed_the_wire_is_delivered_with_its_first_exchange_as_evidence() -> None:
    stage = Stage().ran()
    stage.first = [_exchange(3, 0), _exchange(4, 0)]
    finding = stage.only()
    assert _is(finding, f"{FIRST}/delivered", Outcome.MET, MODALITY)
    assert finding.evidence is not None
    assert finding.evidence.exchange == 3
    assert (finding.step, finding.leg) == (STEP, "to-pps-manager")


def test_a_message_without_an_answer_was_delivered_all_the_same() -> None:
    stage = Stage(initiator=SYSTEM).ran()
    stage.first = [_exchange(3)]
    assert stage.only().outcome is Outcome.MET


@pytest.mark.parametrize("state", [LegState.NOT_OBSERVABLE, LegState.NOT_APPLICABLE])
def test_nothing_is_said_of_a_leg_that_does_not_cross_a_link_of_ours(state: LegState) -> None:
    assert Stage(state=state).ran().expired().findings() == []


def test_a_leg_that_is_claimed_but_not_offered_is_played_by_us_and_looked_at() -> None:
    assert Stage(state=LegState.NOT_OFFERED).ran().expired().only().outcome is Outcome.VIOLATED


def test_an_optional_leg_need_not_come() -> None:
    assert Stage(initiator=SYSTEM, required=False).ran().expired().findings(MODALITY) == []


# it never came


def test_a_system_that_had_its_chance_and_sent_nothing_fails() -> None:
    finding = Stage(initiator=SYSTEM).ran().expired().only(MODALITY)
    assert _is(finding, f"{FIRST}/delivered", Outcome.VIOLATED, MODALITY)
    assert finding.received == "nothing within 20 s (the system, or its configuration)"
    assert finding.evidence is None


def test_a_system_whose_link_was_never_proven_is_undecided_and_says_so() -> None:
    finding = Stage(initiator=SYSTEM).ran().expired().only()
    assert _is(finding, f"{FIRST}/delivered", Outcome.UNDECIDED, MODALITY)
    assert "its link was never proven" in finding.received
    assert Stage(initiator=SYSTEM).ran().expired().only(MANAGER).outcome is Outcome.UNDECIDED


def test_a_system_whose_time_was_not_up_is_undecided() -> None:
    stage = Stage(initiator=SYSTEM).ran().happened(EventKind.INTERNAL_ERROR, "boom")
    assert stage.only(MODALITY).outcome is Outcome.UNDECIDED
    other = Stage(initiator=SYSTEM).ran().expired(leg="to-order-filler")
    assert other.only(MODALITY).outcome is Outcome.UNDECIDED


def test_we_are_charged_for_what_we_did_not_send() -> None:
    finding = Stage(responder=SYSTEM).ran().expired().only(MANAGER)
    assert _is(finding, f"{FIRST}/delivered", Outcome.VIOLATED, MODALITY)
    assert finding.received == "nothing was sent"


def test_events_of_another_step_do_not_count() -> None:
    stage = Stage(responder=SYSTEM).ran().expired()
    stage.happened(EventKind.UNREACHABLE, actor=MODALITY, peer=MANAGER, step=StepId("completed"))
    stage.happened(EventKind.CANNOT_ACT, "no worklist entry", step=StepId("completed"))
    assert stage.only().received == "nothing was sent"


# the link did not work


@pytest.mark.parametrize(
    ("kind", "row", "proven", "outcome"),
    [
        (EventKind.UNREACHABLE, "reachable", False, Outcome.UNDECIDED),
        (EventKind.UNREACHABLE, "reachable", True, Outcome.VIOLATED),
        (EventKind.REJECTED, "reachable", False, Outcome.UNDECIDED),
        (EventKind.REJECTED, "reachable", True, Outcome.UNDECIDED),
        (EventKind.TLS_FAILED, "reachable", False, Outcome.UNDECIDED),
        (EventKind.TLS_FAILED, "reachable", True, Outcome.UNDECIDED),
        (EventKind.CONTEXT_REFUSED, "context-accepted", False, Outcome.VIOLATED),
        (EventKind.CONTEXT_REFUSED, "context-accepted", True, Outcome.VIOLATED),
        (EventKind.LINK_LOST, "link-kept", False, Outcome.UNDECIDED),
        (EventKind.LINK_LOST, "link-kept", True, Outcome.VIOLATED),
    ],
)
def test_whoever_does_not_answer_the_call_is_charged(kind: EventKind, row: str, proven: bool, outcome: Outcome) -> None:
    """Unreachable from the start is the environment's doing, as is an AE title that nobody knows; lost later is not.

    Whoever closes before anything was agreed, and was never heard, may listen for something else at that port.
    """
    stage = Stage(responder=SYSTEM).ran().happened(kind, "what the socket said", actor=MODALITY, peer=MANAGER)
    stage.happened(EventKind.CANNOT_ACT, "link failed")
    finding = stage.only(*([MANAGER] if proven else []))
    assert _is(finding, f"{FIRST}/{row}", outcome, MANAGER)
    assert finding.received == "what the socket said"
    assert finding.expected == row.replace("-", " ")


def test_a_link_that_was_there_and_was_lost_is_charged() -> None:
    stage = Stage(responder=SYSTEM).ran()
    stage.happened(EventKind.LINK_LOST, "reset", actor=MODALITY, peer=MANAGER, link=LinkId(1))
    assert _is(stage.only(), f"{FIRST}/link-kept", Outcome.VIOLATED, MANAGER)


@pytest.mark.parametrize(("proven", "outcome"), [(False, Outcome.UNDECIDED), (True, Outcome.VIOLATED)])
def test_whoever_closed_without_a_word_may_have_minded_our_certificate(proven: bool, outcome: Outcome) -> None:
    """Not so where TLS was agreed with it before: then it is as unreachable as any."""
    stage = Stage(responder=SYSTEM).ran()
    stage.happened(EventKind.TLS_FAILED, "closed", actor=MODALITY, peer=MANAGER, trouble=TlsTrouble.CLOSED)
    assert stage.only(*([MANAGER] if proven else [])).outcome is outcome


def test_a_system_that_called_us_and_failed_at_tls_is_not_charged_with_silence() -> None:
    stage = Stage(initiator=SYSTEM).ran()
    stage.happened(EventKind.TLS_FAILED, "its certificate has expired", actor=MANAGER, step=None)
    finding = stage.expired().only(MODALITY)
    assert finding.outcome is Outcome.UNDECIDED
    assert "meanwhile a connection to us failed: its certificate has expired" in finding.received


def test_a_test_of_the_port_is_no_attempt_to_call() -> None:
    stage = Stage(initiator=SYSTEM).ran()
    stage.happened(EventKind.TLS_FAILED, "closed", actor=MANAGER, step=None, trouble=TlsTrouble.CLOSED)
    assert stage.expired().only(MODALITY).outcome is Outcome.VIOLATED


def test_a_failed_link_to_somebody_else_is_not_this_legs() -> None:
    stage = Stage(responder=SYSTEM).ran().happened(EventKind.UNREACHABLE, actor=MODALITY, peer=FILLER).expired()
    assert stage.only().received == "nothing was sent"
    stage = Stage(responder=SYSTEM).ran().happened(EventKind.UNREACHABLE, actor=MANAGER, peer=MANAGER).expired()
    assert stage.only().received == "nothing was sent"


def test_an_attempt_that_failed_before_one_that_worked_is_forgotten() -> None:
    stage = Stage(responder=SYSTEM).ran().happened(EventKind.UNREACHABLE, actor=MODALITY, peer=MANAGER)
    stage.first = [_exchange(3, 0)]
    assert stage.only().outcome is Outcome.MET


def test_how_a_misused_link_was_taken_is_told_and_not_judged() -> None:
    stage = Stage(responder=SYSTEM).ran()
    stage.happened(EventKind.MISUSED, "oversized PDU: closed", actor=MODALITY, peer=MANAGER)
    stage.first = [_exchange(3, 0)]
    told, delivered = stage.findings()
    assert _is(told, "rad-6.to-pps-manager/reachable", Outcome.NOT_APPLICABLE, MANAGER)
    assert told.received == "oversized PDU: closed"
    assert delivered.outcome is Outcome.MET


# it could not be asked for


def test_an_actor_that_cannot_act_leaves_its_leg_undecided_with_the_reason() -> None:
    stage = Stage(responder=SYSTEM).ran().happened(EventKind.CANNOT_ACT, "no worklist entry was found")
    finding = stage.only(MANAGER)
    assert _is(finding, f"{FIRST}/delivered", Outcome.UNDECIDED, MODALITY)
    assert finding.received == "no worklist entry was found"


def test_a_system_that_could_not_be_made_to_act_is_undecided() -> None:
    stage = Stage(initiator=SYSTEM).ran().happened(EventKind.CANNOT_ACT, "the hook failed").expired()
    assert stage.only(MODALITY).outcome is Outcome.UNDECIDED


@pytest.mark.parametrize("initiator", [HARNESS, SYSTEM])
def test_a_step_that_was_never_reached_is_undecided(initiator: PlayerName) -> None:
    finding = Stage(initiator=initiator).only(MODALITY)
    assert _is(finding, f"{FIRST}/delivered", Outcome.UNDECIDED, MODALITY)
    assert finding.received == "the run was interrupted"


@pytest.mark.parametrize("initiator", [HARNESS, SYSTEM])
@pytest.mark.parametrize("step", [STEP, None])
def test_a_step_that_was_interrupted_is_undecided(initiator: PlayerName, step: StepId | None) -> None:
    stage = Stage(initiator=initiator).ran().happened(EventKind.INTERRUPTED, step=step)
    assert stage.only(MODALITY).outcome is Outcome.UNDECIDED


def test_an_interruption_after_the_time_was_up_excuses_nobody() -> None:
    stage = Stage(initiator=SYSTEM).ran().expired().happened(EventKind.INTERRUPTED, step=None)
    assert stage.only(MODALITY).outcome is Outcome.VIOLATED


# reactions


def _relay(stage: Stage, *proven: ActorName) -> list[Finding]:
    return [finding for finding in stage.findings(*proven) if finding.leg == "to-order-filler"]


@pytest.mark.parametrize("status", [0x0110, 0x0122, 0xA700])
def test_what_was_refused_is_not_relayed(status: int) -> None:
    stage = Stage(responder=SYSTEM, relayed=True).ran().expired("to-order-filler")
    stage.first = [_exchange(3, status)]
    assert _relay(stage, MANAGER) == []


def test_what_was_never_answered_or_never_came_is_not_relayed() -> None:
    stage = Stage(responder=SYSTEM, relayed=True).ran().expired().expired("to-order-filler")
    assert _relay(stage, MANAGER) == []
    stage.first = [_exchange(3)]
    assert _relay(stage, MANAGER) == []


@pytest.mark.parametrize("status", [0x0000, 0x0107, 0xB000])
def test_what_was_accepted_must_be_relayed(status: int) -> None:
    stage = Stage(responder=SYSTEM, relayed=True).ran().expired("to-order-filler")
    stage.first = [_exchange(3, status)]
    (finding,) = _relay(stage, MANAGER)
    assert _is(finding, f"{RELAY}/delivered", Outcome.VIOLATED, MANAGER)


def test_one_accepted_request_of_several_is_enough_to_expect_the_reaction() -> None:
    stage = Stage(responder=SYSTEM, relayed=True).ran().expired("to-order-filler")
    stage.first = [_exchange(3, 0x0110), _exchange(4, 0x0000)]
    assert len(_relay(stage, MANAGER)) == 1


def test_what_passed_where_we_cannot_see_must_be_relayed_too() -> None:
    stage = Stage(initiator=SYSTEM, responder=SYSTEM, state=LegState.NOT_OBSERVABLE, relayed=True).ran()
    stage.expired("to-order-filler")
    assert [finding.outcome for finding in _relay(stage, MANAGER)] == [Outcome.VIOLATED]


@pytest.mark.parametrize(
    ("kind", "row", "outcome"),
    [
        (EventKind.UNREACHABLE, "reachable", Outcome.UNDECIDED),
        (EventKind.CONTEXT_REFUSED, "context-accepted", Outcome.VIOLATED),
        (EventKind.LINK_LOST, "link-kept", Outcome.UNDECIDED),
    ],
)
def test_a_relay_of_ours_that_the_receiver_does_not_take_is_the_receivers(
    kind: EventKind, row: str, outcome: Outcome
) -> None:
    """Nobody asked our PPS Manager for its relay: the events of its link belong to no step."""
    stage = Stage(filler=SYSTEM, relayed=True).ran().happened(kind, "why", actor=MANAGER, peer=FILLER, step=None)
    stage.expired("to-order-filler").first = [_exchange(3, 0)]
    (finding,) = _relay(stage)
    assert _is(finding, f"{RELAY}/{row}", outcome, FILLER)


def test_a_relay_of_ours_to_somebody_else_explains_nothing() -> None:
    stage = Stage(filler=SYSTEM, relayed=True).ran()
    stage.happened(EventKind.UNREACHABLE, actor=MANAGER, peer=ActorName("Image Manager"), step=None)
    stage.expired("to-order-filler").first = [_exchange(3, 0)]
    (finding,) = _relay(stage)
    assert _is(finding, f"{RELAY}/delivered", Outcome.VIOLATED, MANAGER)


def test_what_kept_an_actor_from_a_relay_before_the_step_began_explains_nothing() -> None:
    stage = Stage(filler=SYSTEM, relayed=True)
    stage.happened(EventKind.UNREACHABLE, actor=MANAGER, peer=FILLER, step=None).ran()
    stage.expired("to-order-filler").first = [_exchange(3, 0)]
    (finding,) = _relay(stage)
    assert _is(finding, f"{RELAY}/delivered", Outcome.VIOLATED, MANAGER)


def test_a_relay_that_our_actor_cannot_make_is_undecided() -> None:
    stage = Stage(filler=SYSTEM, relayed=True).ran()
    stage.happened(EventKind.CANNOT_ACT, "nobody plays it", actor=MANAGER, step=None)
    stage.expired("to-order-filler").first = [_exchange(3, 0)]
    (finding,) = _relay(stage)
    assert (finding.outcome, finding.received) == (Outcome.UNDECIDED, "nobody plays it")


# what took effect


@pytest.mark.parametrize(
    ("statuses", "effect"),
    [
        ((0x0000,), True),
        ((0x0107,), True),
        ((0xB000,), True),
        ((0xFF00, 0x0000), True),
        ((0xFF00,), False),
        ((0x0110,), False),
        ((0xA700,), False),
        ((0xFE00,), False),
        ((), False),
    ],
)
def test_a_request_takes_effect_with_success_or_warning(statuses: Sequence[int], effect: bool) -> None:
    assert took_effect(ExchangeView(_exchange(1, *statuses), _no_payload)) is effect


@pytest.mark.parametrize(
    ("code", "effect"), [("AA", True), ("CA", True), ("AE", False), ("AR", False), ("CE", False), ("", False)]
)
def test_a_message_takes_effect_with_an_accepting_acknowledgement(code: str, effect: bool) -> None:
    """HL7 table 0008."""
    answer = compose([("MSH", {9: "ACK", 10: "1", 12: "2.3.1"}), ("MSA", {1: code, 2: "M1"})])
    exchange = _exchange(1, 0, kind=LinkKind.MLLP, payload=Payload("ab" * 32, PayloadKind.HL7, len(answer)))
    assert took_effect(ExchangeView(exchange, lambda payload: answer)) is effect


# something else came


@pytest.mark.parametrize(
    ("between", "told"),
    [
        (True, "nothing within 20 s (the system, or its configuration); instead came event O19, ORC-1 SC, ORC-5 CM"),
        (False, "nothing within 20 s (the system, or its configuration)"),
    ],
)
def test_what_came_instead_is_told(between: bool, told: str, recording: Any) -> None:
    rec = recording()
    started = rec.leg("RAD-3", "to-order-placer", "started", control="SC", status="IP")
    done = rec.leg("RAD-3", "to-order-placer", "done", control="SC", status="CM")
    rec._seq = 10
    raw = "MSH|^~\\&|OF|S|OP|S|2024||OMG^O19^OMG_O19|1|P|2.5.1\rORC|SC|A1|F1||CM\r"
    rec.hl7(done, raw.encode())
    play = rec.play()
    legs = tuple(replace(leg, planned=replace(leg.planned, initiator=SYSTEM)) for leg in play.legs)
    reference = StepRef(play.play.id, started.step.id)
    begin, end = (5, 20) if between else (2, 4)
    events = (
        Event(seq=begin, time=0.0, kind=EventKind.STEP_STARTED, step=reference),
        Event(
            seq=end,
            time=0.0,
            kind=EventKind.LEG_EXPIRED,
            step=reference,
            leg="to-order-placer",
            facts={"seconds": "20"},
        ),
    )
    view = replace(play, legs=legs, events=events, proven=frozenset({FILLER}))
    finding = next(one for one in delivery(view) if one.outcome is Outcome.VIOLATED)
    assert (finding.step, finding.expected, finding.received) == ("started", "sent, ORC-1 SC, ORC-5 IP", told)


def test_an_address_of_one_transaction_that_was_never_reached_proves_nothing() -> None:
    stage = Stage(responder=SYSTEM).ran()
    stage.happened(EventKind.UNREACHABLE, "refused", actor=MODALITY, peer=MANAGER)
    assert _is(stage.only(MANAGER), f"{FIRST}/reachable", Outcome.VIOLATED, MANAGER)
    stage.unheard = frozenset({(MANAGER, TransactionId("RAD-7"))})
    assert _is(stage.only(MANAGER), f"{FIRST}/reachable", Outcome.VIOLATED, MANAGER)
    stage.unheard = frozenset({(MANAGER, TransactionId("RAD-6"))})
    finding = stage.only(MANAGER)
    assert _is(finding, f"{FIRST}/reachable", Outcome.UNDECIDED, MANAGER)
    assert finding.received == "refused; nothing was ever heard at this address, which is that of RAD-6 alone"
