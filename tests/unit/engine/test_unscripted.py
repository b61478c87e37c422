"""Recordings without a scenario: every exchange lands where the caller said, and judging needs nothing more."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from harness import checks
from harness.engine.judging import judge
from harness.engine.recognising import Loose, recognised
from harness.engine.unscripted import (
    PLAYER,
    Awaited,
    UnscriptedExchange,
    dimse_exchange,
    hl7_exchange,
    unscripted_play,
)
from harness.errors import InputError
from harness.model.names import LegId, TransactionId
from harness.model.profile import Service
from harness.model.run import Run
from harness.model.verdict import Outcome, Verdict
from harness.profiles import knowledge

checks.load()
KNOWN = knowledge()
ADT = (
    b"MSH|^~\\&|ADT|SWF|OF|SWF|20240102101500||ADT^A04^ADT_A01|ADT1|P|2.5.1\r"
    b"EVN||20240102101500\r"
    b"PID|||P1001^^^SWF^PI||LINDGREN^ASTA||19580714|F||||||||||ACC77^^^SWF\r"
    b"PV1||O|RADOPD^^^SWF|||||3004^HOLM^PETER\r"
)
ACK = b"MSH|^~\\&|OF|SWF|ADT|SWF|20240102101501||ACK^A04^ACK|OF1|P|2.5.1\rMSA|AA|ADT1\r"


def judged(*exchanges: UnscriptedExchange, **options: object) -> Run:
    plan, transcript, read = unscripted_play(exchanges, KNOWN, **options)  # type: ignore[arg-type]
    return judge(plan, transcript, read, KNOWN)


def outcomes(run: Run, requirement: str) -> set[Outcome]:
    return {
        finding.finding.outcome
        for play in run.plays
        for step in play.steps
        for leg in step.legs
        for finding in leg.findings
        if finding.finding.requirement == requirement
    }


def report() -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "1.2.3.4.5.1.1"
    content = Dataset()
    content.TransactionUID, content.ReferencedSOPSequence = "1.2.3.4.7", [item]
    return content


def test_an_exchange_without_fault_passes() -> None:
    run = judged(hl7_exchange("RAD-1", "to-order-filler", ADT, ACK))
    assert run.verdict is Verdict.PASS
    assert [step.step for step in run.plays[0].steps] == ["rad-1"]
    assert run.plays[0].roles["ADT"] == PLAYER
    assert run.orphans == ()


@pytest.mark.parametrize("leg", ["to-order-placer", "to-order-filler"])
def test_an_exchange_lands_at_the_leg_that_was_named(leg: str) -> None:
    run = judged(hl7_exchange("RAD-1", leg, ADT, ACK))
    placed = {one.leg: one.exchanges for step in run.plays[0].steps for one in step.legs}
    assert placed[LegId(leg)] == (1,)
    assert sum(len(exchanges) for exchanges in placed.values()) == 1


def test_a_message_of_another_type_lands_there_too() -> None:
    other = ADT.replace(b"ADT^A04^ADT_A01", b"QRY^A19")
    run = judged(hl7_exchange("RAD-1", "to-order-filler", other, ACK))
    legs = [leg for step in run.plays[0].steps for leg in step.legs if leg.exchanges]
    assert [leg.leg for leg in legs] == ["to-order-filler"]


def test_requests_and_reports_keep_their_association() -> None:
    run = judged(
        dimse_exchange("RAD-10", "request", Service.N_ACTION, report(), sop_class="StorageCommitmentPushModel"),
        dimse_exchange(
            "RAD-10",
            "report",
            Service.N_EVENT_REPORT,
            report(),
            sop_class="StorageCommitmentPushModel",
            fields={"EventTypeID": "1"},
            opened_by_peer=True,
        ),
    )
    assert run.transcript is not None
    assert [link.ours for link in run.transcript.links] == [True, False]
    assert outcomes(run, "storage-commitment-report/TransactionUID") == {Outcome.MET}


def test_steps_group_exchanges() -> None:
    run = judged(
        hl7_exchange("RAD-1", "to-order-filler", ADT, ACK, step="first"),
        hl7_exchange("RAD-1", "to-order-placer", ADT, ACK, step="second"),
    )
    assert [(step.step, step.transaction) for step in run.plays[0].steps] == [("first", "RAD-1"), ("second", "RAD-1")]


def test_a_leg_that_is_not_awaited_was_not_observable() -> None:
    run = judged(hl7_exchange("RAD-1", "to-order-placer", ADT, ACK))
    assert outcomes(run, "rad-1.to-order-filler/delivered") == set()


def test_an_awaited_leg_is_missed() -> None:
    waiting = Awaited(transaction=TransactionId("RAD-1"), leg=LegId("to-order-filler"))
    run = judged(hl7_exchange("RAD-1", "to-order-placer", ADT, ACK), awaited=[waiting])
    assert outcomes(run, "rad-1.to-order-filler/delivered") == {Outcome.VIOLATED}
    there = judged(hl7_exchange("RAD-1", "to-order-filler", ADT, ACK), awaited=[waiting])
    assert outcomes(there, "rad-1.to-order-filler/delivered") == {Outcome.MET}


def test_a_message_without_answer_is_not_answered() -> None:
    run = judged(hl7_exchange("RAD-1", "to-order-filler", ADT))
    assert outcomes(run, "rad-1.to-order-filler/ack-answered") == {Outcome.VIOLATED}


def test_nothing_is_expected_of_a_case_that_nobody_told() -> None:
    run = judged(hl7_exchange("RAD-1", "to-order-filler", ADT, ACK))
    checks_named = {
        finding.finding.check for step in run.plays[0].steps for leg in step.legs for finding in leg.findings
    }
    assert "expectations" not in checks_named
    patients = run.plan.assignments[0].plays[0].case.patients
    assert {patient.id for patient in patients.values()} == {"P1001"}


@pytest.mark.parametrize(
    ("exchange", "text"),
    [
        (hl7_exchange("RAD-999", "to-order-filler", ADT), "no transaction RAD-999"),
        (hl7_exchange("RAD-1", "nowhere", ADT), "RAD-1 has no leg nowhere"),
    ],
)
def test_places_that_are_none_are_refused(exchange: UnscriptedExchange, text: str) -> None:
    with pytest.raises(InputError, match=text):
        unscripted_play([exchange], KNOWN)


def test_a_step_is_of_one_transaction() -> None:
    exchanges = [
        hl7_exchange("RAD-1", "to-order-filler", ADT, step="one"),
        hl7_exchange("RAD-12", "to-order-filler", ADT, step="one"),
    ]
    with pytest.raises(InputError, match="step one is of RAD-1 and of RAD-12"):
        unscripted_play(exchanges, KNOWN)


def test_loose_messages_are_placed_by_what_they_look_like() -> None:
    first, second = recognised([Loose(content=ADT), Loose(content=b"MSH|^~\\&|A\r")], KNOWN)
    assert first is not None
    assert (first.transaction, first.leg) == ("RAD-1", "to-order-placer")
    assert second is None
