"""TLS as behaviour: what counts as a refusal, and what proves nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.checks.node_authentication import callers, listeners
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.model.deviation import TLS_CHANGES, TLS_OF_LISTENERS, Change, Deviation, Part
from harness.model.finding import Finding
from harness.model.names import HARNESS, ActorName, ExchangeId, LinkId, PlayerName, PlayId, StepId, TransactionId
from harness.model.plan import LegState, PlannedLeg, PlannedStep, Play, StepRef
from harness.model.profile import LinkKind, Service
from harness.model.scenario import Case, OrderRequest, PersonName, Practitioner, Scenario, Step, Visit
from harness.model.tls import Taken
from harness.model.transcript import (
    Capture,
    DimseCommand,
    Direction,
    Event,
    EventKind,
    Exchange,
    Half,
    Link,
    SocketAddress,
)
from harness.model.verdict import Outcome
from harness.profiles import knowledge

MODALITY, FILLER = ActorName("Modality"), ActorName("Order Filler")
RAD_5, PLAY = TransactionId("RAD-5"), PlayId("sec.test@2.5.1")
SYSTEM = PlayerName("SYSTEM")
SECURED = {"tls": "TLSv1.3"}


def exchange(number: int, facts: dict[str, str], *, answered: bool = True, seq: int = 0) -> ExchangeView:
    link = Link(
        seq=seq,
        time=0.0,
        id=LinkId(number),
        kind=LinkKind.DIMSE,
        actor=MODALITY,
        ours=True,
        local=SocketAddress("127.0.0.1", number),
        peer=SocketAddress("127.0.0.1", 2762),
        facts=facts,
    )

    def capture(half: Half) -> Capture:
        return Capture(
            seq=number,
            time=0.0,
            link=link.id,
            exchange=ExchangeId(number),
            half=half,
            direction=Direction.SENT,
            command=DimseCommand(service=Service.C_FIND, message_id=1, status=0),
        )

    responses = (capture(Half.RESPONSE),) if answered else ()
    found = Exchange(id=ExchangeId(number), link=link, request=capture(Half.REQUEST), responses=responses)
    return ExchangeView(found, lambda payload: b"")


class Stage:
    """RAD-5 with a change about TLS in the step `tested`, and a proper one in the step `proper`."""

    def __init__(self, change: Change, *, of_listener: bool = False, state: LegState = LegState.LIVE) -> None:
        self.change, self.state, self.events = change, state, list[Event]()
        part, actor = (Part.RESPONSE, FILLER) if of_listener else (Part.REQUEST, MODALITY)
        self.deviation = Deviation(actor=actor, transaction=RAD_5, change=change, part=part)
        self.tested: list[ExchangeView] = []
        self.proper: list[ExchangeView] = []

    def took(self, taken: Taken, how: str = "so", *, step: str = "tested", peer: ActorName | None = FILLER) -> Stage:
        of_listener = self.deviation.of_listener
        self.events.append(
            Event(
                seq=len(self.events) + 1,
                time=0.0,
                kind=EventKind.MISUSED,
                actor=self.deviation.actor,
                peer_actor=None if of_listener else peer,
                step=StepRef(PLAY, StepId(step)),
                play=PLAY,
                facts={"misuse": self.change.value, "outcome": taken.value, "how": how},
            )
        )
        return self

    def findings(self) -> Sequence[Finding]:
        known = knowledge()
        transaction = known.transactions[RAD_5]
        leg = transaction.legs[0]
        ours, theirs = (SYSTEM, HARNESS) if self.deviation.of_listener else (HARNESS, SYSTEM)
        planned = PlannedLeg(leg=leg, state=self.state, initiator=ours, responder=theirs)
        steps = {
            name: PlannedStep(
                step=Step(id=StepId(name), transaction=RAD_5, initiator=MODALITY, deviation=deviation),
                transaction=transaction,
                legs=(planned,),
                initiator=ours,
            )
            for name, deviation in (("tested", self.deviation), ("proper", None))
        }
        play = _play(tuple(steps.values()))
        legs = tuple(
            LegView(play=play, step=steps[name], planned=planned, exchanges=tuple(exchanges), knowledge=known)
            for name, exchanges in (("tested", self.tested), ("proper", self.proper))
        )
        view = PlayView(play=play, legs=legs, events=tuple(self.events), knowledge=known)
        return [*callers(view), *listeners(view)]

    def only(self) -> Finding:
        (finding,) = self.findings()
        assert finding.step == "tested"
        return finding


def _play(steps: tuple[PlannedStep, ...]) -> Play:
    doctor = Practitioner(id="D1", name=PersonName(family="Doktor"))
    case = Case(
        id="case",
        title="",
        patients={},
        visit=Visit(patient_class="O"),
        order=OrderRequest(service="CT", orderer=doctor, entered_by=doctor),
    )
    scenario = Scenario(
        id="sec.test",  # type: ignore[arg-type]
        title="",
        citation={"SWF.b": "RAD TF-1: 34"},
        forms=("2.5.1",),
        case="case",
        steps=tuple(one.step for one in steps),
    )
    return Play(id=PLAY, scenario=scenario, form="2.5.1", profile="SWF.b", case=case, steps=steps)


def caller(change: Change = Change.EXPIRED_CERTIFICATE, *, proper: bool = True) -> Stage:
    """Our bad caller, and whether its proper call was answered over TLS."""
    stage = Stage(change)
    stage.tested = [exchange(1, SECURED)] if proper else []
    return stage


def listener(change: Change = Change.EXPIRED_CERTIFICATE, *, proper: bool = True) -> Stage:
    """Our bad listener, and whether the system called it properly in another step."""
    stage = Stage(change, of_listener=True)
    stage.proper = [exchange(1, SECURED)] if proper else []
    return stage


BAD = sorted(TLS_CHANGES - {Change.OTHER_HOST}, key=lambda change: change.value)
BAD_OF_LISTENERS = sorted(TLS_OF_LISTENERS - {Change.OTHER_HOST}, key=lambda change: change.value)


# callers


@pytest.mark.parametrize("change", BAD)
def test_a_refusal_beside_a_proper_call_is_one(change: Change) -> None:
    finding = caller(change).took(Taken.REFUSED, "its alert").only()
    assert (finding.outcome, finding.actor) == (Outcome.MET, FILLER)
    assert finding.requirement.startswith("rad-5.query/tls-")
    assert finding.received == "refused: its alert"


@pytest.mark.parametrize("change", BAD)
def test_who_is_let_in_was_not_refused(change: Change) -> None:
    finding = caller(change).took(Taken.LET_IN, "it accepted the association").only()
    assert (finding.outcome, finding.actor) == (Outcome.VIOLATED, FILLER)


def test_each_change_has_a_rule_of_its_own() -> None:
    rules = {caller(change).took(Taken.REFUSED).only().requirement for change in BAD}
    rules |= {listener(change).took(Taken.REFUSED).only().requirement for change in BAD_OF_LISTENERS}
    assert len(rules) == len(BAD) + len(BAD_OF_LISTENERS)


def test_to_be_let_in_is_a_violation_whether_or_not_a_proper_call_is_answered() -> None:
    assert caller(proper=False).took(Taken.LET_IN).only().outcome is Outcome.VIOLATED


def test_one_of_several_calls_let_in_is_enough() -> None:
    assert caller().took(Taken.REFUSED).took(Taken.LET_IN).only().outcome is Outcome.VIOLATED


def test_who_refuses_everybody_proves_nothing() -> None:
    finding = caller(proper=False).took(Taken.REFUSED).only()
    assert finding.outcome is Outcome.UNDECIDED
    assert "so was a proper call" in finding.received


@pytest.mark.parametrize("facts", [{}, {"tls": ""}])
def test_a_proper_call_in_the_clear_proves_nothing(facts: dict[str, str]) -> None:
    stage = caller().took(Taken.REFUSED)
    stage.tested = [exchange(1, facts)]
    assert stage.only().outcome is Outcome.UNDECIDED


def test_a_proper_call_without_an_answer_proves_nothing() -> None:
    stage = caller().took(Taken.REFUSED)
    stage.tested = [exchange(1, SECURED, answered=False)]
    assert stage.only().outcome is Outcome.UNDECIDED


@pytest.mark.parametrize("taken", [Taken.SILENT, Taken.TURNED_AWAY, Taken.UNREACHABLE, Taken.IMPOSSIBLE])
def test_what_is_no_refusal_is_not_decided(taken: Taken) -> None:
    finding = caller().took(taken, "the reason").only()
    assert finding.outcome is Outcome.UNDECIDED
    assert finding.received == f"{taken.value}: the reason"


def test_a_refusal_beside_silence_is_not_decided() -> None:
    assert caller().took(Taken.REFUSED).took(Taken.SILENT).only().outcome is Outcome.UNDECIDED


def test_what_was_never_tried_is_not_decided() -> None:
    assert caller().only().outcome is Outcome.UNDECIDED


def test_calls_of_another_step_or_to_another_actor_do_not_count() -> None:
    stage = caller().took(Taken.LET_IN, step="proper").took(Taken.LET_IN, peer=ActorName("Image Manager"))
    assert stage.only().outcome is Outcome.UNDECIDED


@pytest.mark.parametrize("taken", [Taken.LET_IN, Taken.REFUSED])
def test_a_name_of_another_host_is_only_told(taken: Taken) -> None:
    finding = caller(Change.OTHER_HOST).took(taken, "so").only()
    assert (finding.outcome, finding.received) == (Outcome.NOT_APPLICABLE, f"{taken.value}: so")


# listeners


@pytest.mark.parametrize("change", BAD_OF_LISTENERS)
def test_who_breaks_off_and_calls_properly_later_has_looked(change: Change) -> None:
    finding = listener(change).took(Taken.REFUSED, "its alert").only()
    assert (finding.outcome, finding.actor) == (Outcome.MET, MODALITY)


@pytest.mark.parametrize("change", BAD_OF_LISTENERS)
def test_who_sends_to_a_bad_listener_is_charged_with_it(change: Change) -> None:
    stage = listener(change).took(Taken.AGREED)
    stage.tested = [exchange(2, {**SECURED, "misuse": change.value})]
    finding = stage.only()
    assert (finding.outcome, finding.actor) == (Outcome.VIOLATED, MODALITY)
    assert finding.evidence is not None
    assert finding.evidence.exchange == 2


def test_who_breaks_off_and_then_sends_has_sent() -> None:
    stage = listener().took(Taken.REFUSED).took(Taken.AGREED)
    stage.tested = [exchange(2, {**SECURED, "misuse": "expired certificate"})]
    assert stage.only().outcome is Outcome.VIOLATED


def test_who_never_calls_properly_proves_nothing() -> None:
    finding = listener(proper=False).took(Taken.REFUSED).only()
    assert finding.outcome is Outcome.UNDECIDED
    assert "never called properly" in finding.received


def test_who_never_calls_proves_nothing() -> None:
    finding = listener().only()
    assert (finding.outcome, finding.received) == (Outcome.UNDECIDED, "nobody called")


def test_who_agrees_and_says_nothing_is_not_decided() -> None:
    finding = listener().took(Taken.AGREED).only()
    assert finding.outcome is Outcome.UNDECIDED
    assert "nothing was heard" in finding.received


def test_a_connection_that_was_open_before_proves_nothing() -> None:
    stage = listener().took(Taken.REFUSED)
    stage.tested = [exchange(2, SECURED)]
    finding = stage.only()
    assert finding.outcome is Outcome.UNDECIDED
    assert "open before" in finding.received


def test_what_is_repeated_after_a_refusal_to_the_good_listener_is_right() -> None:
    stage = listener(proper=False).took(Taken.REFUSED)
    stage.tested = [exchange(2, SECURED, seq=5)]
    assert stage.only().outcome is Outcome.MET


def test_what_our_side_cannot_show_is_not_decided() -> None:
    stage = listener(Change.OLD_TLS).took(Taken.IMPOSSIBLE, "OpenSSL cannot")
    stage.tested = [exchange(2, SECURED)]
    finding = stage.only()
    assert (finding.outcome, finding.received) == (Outcome.UNDECIDED, "impossible: OpenSSL cannot")


def test_a_listener_of_another_name_is_only_told() -> None:
    assert listener(Change.OTHER_HOST).took(Taken.REFUSED).only().outcome is Outcome.NOT_APPLICABLE
    stage = listener(Change.OTHER_HOST).took(Taken.AGREED)
    stage.tested = [exchange(2, {**SECURED, "misuse": "other host name"})]
    assert (stage.only().outcome, stage.only().received) == (Outcome.NOT_APPLICABLE, "it sent all the same")
    assert listener(Change.OTHER_HOST).findings() == []


# legs that are not tested


@pytest.mark.parametrize("state", [LegState.NOT_APPLICABLE, LegState.NOT_OBSERVABLE, LegState.NOT_OFFERED])
def test_a_leg_that_is_not_live_is_not_judged(state: LegState) -> None:
    stage = Stage(Change.EXPIRED_CERTIFICATE, state=state).took(Taken.LET_IN)
    assert stage.findings() == []


def test_a_deviation_of_another_transaction_is_not_judged() -> None:
    stage = caller().took(Taken.LET_IN)
    stage.deviation = replace(stage.deviation, transaction=TransactionId("RAD-6"))
    assert stage.findings() == []


def test_a_deviation_of_another_kind_is_not_judged() -> None:
    stage = caller()
    stage.deviation = replace(stage.deviation, change=Change.ABORT)
    assert stage.findings() == []
