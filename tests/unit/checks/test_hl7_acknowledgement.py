from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.checks import hl7_acknowledgement, hl7_header, hl7_structure
from harness.model.deviation import Change, Deviation
from harness.model.names import ActorName
from harness.model.scenario import Answer, Expectation
from harness.model.verdict import Outcome

MET, VIOLATED, NOT_APPLICABLE = Outcome.MET, Outcome.VIOLATED, Outcome.NOT_APPLICABLE


@pytest.fixture
def leg(recording: Callable[..., Any]) -> Callable[..., Any]:
    """A RAD-2 leg with one exchange."""

    def make(raw: bytes, answer: bytes | str | None = "AA", **of_step: Any) -> Any:
        rec = recording()
        opened = rec.leg("RAD-2", "to-order-filler", "order", **of_step)
        rec.hl7(opened, raw, answer)
        return rec.view(opened)

    return make


@pytest.fixture
def good(workflow: Any, tools: Any, real: Any) -> bytes:
    """A RAD-2 order without fault."""
    order: bytes = workflow.Workflow(tools, real, "2.5.1", {}).order()
    return order


def row_outcomes(findings: Any) -> dict[str, Outcome]:
    return {one.requirement.partition("/")[2]: one.outcome for one in findings}


def test_a_good_message_and_its_answer_meet_every_row(leg: Callable[..., Any], good: bytes) -> None:
    view = leg(good)
    assert set(row_outcomes(hl7_header.check(view)).values()) == {MET}
    assert set(row_outcomes(hl7_structure.check(view)).values()) == {MET}
    assert row_outcomes(hl7_acknowledgement.check(view)) == {
        "ack-answered": MET,
        "ack-echo": MET,
        "ack-code": MET,
        "ack-type": MET,
        "ack-event": MET,
        "ack-control-id": MET,
        "ack-header": MET,
        "ack-unknown-type": NOT_APPLICABLE,
        "ack-error": NOT_APPLICABLE,
        "ack-error-codes": NOT_APPLICABLE,
        "ack-unused": MET,
        "ack-addressed": MET,
        "ack-accepted": MET,
    }


def test_a_refusal_is_charged_only_for_a_message_without_fault(leg: Callable[..., Any], good: bytes) -> None:
    assert row_outcomes(hl7_acknowledgement.check(leg(good, "AE")))["ack-accepted"] is VIOLATED
    bad = good.replace(b"ORC|NW", b"ORC|")
    assert row_outcomes(hl7_acknowledgement.check(leg(bad, "AE")))["ack-accepted"] is NOT_APPLICABLE
    cut = b"".join(line + b"\r" for line in good.split(b"\r") if line and not line.startswith(b"TQ1"))
    assert row_outcomes(hl7_acknowledgement.check(leg(cut, "AR")))["ack-accepted"] is NOT_APPLICABLE


def test_an_expected_refusal_is_for_the_expectations(leg: Callable[..., Any], good: bytes) -> None:
    refused = leg(good, "AE", expect=Expectation(answer=Answer.REFUSED))
    assert row_outcomes(hl7_acknowledgement.check(refused))["ack-accepted"] is NOT_APPLICABLE
    deviation = Deviation(actor=ActorName("Order Placer"), change=Change.WRONG_IDENTIFIER, path="PID-3.1")
    provoked = leg(good, "AE", deviation=deviation)
    assert row_outcomes(hl7_acknowledgement.check(provoked))["ack-accepted"] is NOT_APPLICABLE
    insisted = leg(good, "AE", deviation=deviation, expect=Expectation(answer=Answer.ACCEPTED))
    assert row_outcomes(hl7_acknowledgement.check(insisted))["ack-accepted"] is VIOLATED


def test_a_negative_answer_says_what_is_wrong(leg: Callable[..., Any], good: bytes, tools: Any) -> None:
    bare = tools.plain_ack(good, "AE", "9").split(b"ERR")[0]
    assert row_outcomes(hl7_acknowledgement.check(leg(good, bare)))["ack-error"] is VIOLATED
    assert row_outcomes(hl7_acknowledgement.check(leg(good, "AE")))["ack-error"] is MET


@pytest.mark.parametrize(
    ("answer", "rows"),
    [
        (None, {"ack-answered": VIOLATED}),
        (b"", {"ack-answered": MET, "ack-echo": VIOLATED, "ack-code": VIOLATED, "ack-type": VIOLATED}),
        (b"\xff\x00garbage", {"ack-answered": MET, "ack-echo": VIOLATED, "ack-code": VIOLATED, "ack-type": VIOLATED}),
    ],
)
def test_silence_and_garbage_are_no_acknowledgement(
    answer: bytes | None, rows: dict[str, Outcome], leg: Callable[..., Any], good: bytes
) -> None:
    found = row_outcomes(hl7_acknowledgement.check(leg(good, answer)))
    assert {name: found[name] for name in rows} == rows


def test_the_answer_is_of_a_type_that_the_form_names(leg: Callable[..., Any], good: bytes, tools: Any) -> None:
    other = tools.plain_ack(good, "AA", "9").replace(b"ACK^O19^ACK", b"RSP^K11^RSP_K11")
    assert row_outcomes(hl7_acknowledgement.check(leg(good, other)))["ack-type"] is VIOLATED


def test_a_rule_that_the_profile_does_not_state_is_not_judged(leg: Callable[..., Any], good: bytes, real: Any) -> None:
    view = leg(good, None)
    silent = replace(view, knowledge=replace(real, leg_rules={}))
    assert list(hl7_acknowledgement.check(silent)) == []


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        (b"|P|2.5.1", b"|P|2.5.1", MET),
        (b"|P|2.5.1", b"||2.5.1", VIOLATED),
        (b"|P|2.5.1", b"|P|", VIOLATED),
        (b"|ACK^O19^ACK", b"|ORG^O20^ORG_O20", NOT_APPLICABLE),
    ],
)
def test_the_header_of_an_answer_is_complete(
    before: bytes, after: bytes, outcome: Outcome, leg: Callable[..., Any], good: bytes, tools: Any
) -> None:
    answer = tools.plain_ack(good, "AA", "9")
    assert before in answer
    found = row_outcomes(hl7_acknowledgement.check(leg(good, answer.replace(before, after))))
    assert found["ack-header"] is outcome


@pytest.mark.parametrize(("code", "outcome"), [("AR", MET), ("AE", VIOLATED), ("AA", NOT_APPLICABLE)])
def test_a_type_that_the_receiver_does_not_know_is_rejected(
    code: str, outcome: Outcome, leg: Callable[..., Any], good: bytes
) -> None:
    unknown = good.replace(b"OMG^O19^OMG_O19", b"OMG^Z99^OMG_Z99")
    found = row_outcomes(hl7_acknowledgement.check(leg(unknown, code)))
    assert found["ack-unknown-type"] is outcome


def test_a_code_of_enhanced_mode_is_named(leg: Callable[..., Any], good: bytes) -> None:
    findings = list(hl7_acknowledgement.check(leg(good, "CR")))
    code = next(one for one in findings if one.requirement.endswith("/ack-code"))
    assert (code.outcome, code.received) == (VIOLATED, "CR: rejects the message in enhanced mode")
    asked = good.replace(b"|P|2.5.1", b"|P|2.5.1|||AL|NE")
    code = next(one for one in hl7_acknowledgement.check(leg(asked, "CA")) if one.requirement.endswith("/ack-code"))
    assert code.outcome is NOT_APPLICABLE
