from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.checks import control_ids, hl7_acknowledgement, hl7_header, hl7_structure, hl7_table, orders
from harness.hl7 import Message
from harness.model.deviation import Change, Deviation
from harness.model.names import ActorName, TransactionId
from harness.model.scenario import Answer, Expectation
from harness.model.tables import Hl7Row, Hl7Table, Usage
from harness.model.verdict import Confidence, Outcome

MET, VIOLATED, NOT_APPLICABLE, UNDECIDED = Outcome.MET, Outcome.VIOLATED, Outcome.NOT_APPLICABLE, Outcome.UNDECIDED
HEAD = "MSH|^~\\&|OP|SWF|OF|SWF|20240102||OMG^O19^OMG_O19|1|P|2.5.1\r"


def row(use: str = "R", **parts: Any) -> Hl7Row:
    return Hl7Row(use=Usage(use), name="a field", confidence=Confidence.VERIFIED, **parts)


def judged(raw: str, **rows: Hl7Row) -> list[tuple[Outcome, str]]:
    table = Hl7Table(
        message="OMG^O19", version="2.5.1", transaction=TransactionId("RAD-2"), actor=ActorName("Order Placer"),
        citation="RAD TF-2: 4.2", rows={path.replace("_", "-").replace("c", "."): one for path, one in rows.items()},
    )
    return [(one.outcome, one.path) for one in hl7_table.judge(Message.parse((HEAD + raw).encode()), table)]


@pytest.mark.parametrize(
    ("raw", "rows", "found"),
    [
        ("ORC|NW\r", {"ORC_1": row()}, [(MET, "ORC-1")]),
        ("ORC|\r", {"ORC_1": row()}, [(VIOLATED, "ORC-1")]),
        ("ORC|NW\r", {"ORC_2": row("R+")}, [(VIOLATED, "ORC-2")]),
        ("ORC|NW\r", {"ORC_2": row("R2")}, []),
        ("ORC|NW\r", {"ORC_2": row("X")}, [(MET, "ORC-2")]),
        ("ORC|NW|1\r", {"ORC_2": row("X")}, [(VIOLATED, "ORC-2")]),
        ("ORC|NW|\"\"\r", {"ORC_2": row()}, [(MET, "ORC-2")]),
        ("ORC|NW\rORC|\r", {"ORC_1": row()}, [(VIOLATED, "ORC[2]-1")]),
        ("ORC|NW\r", {"OBR_1": row()}, []),
        ("ORC|XX\r", {"ORC_1": row(values=("NW",))}, [(VIOLATED, "ORC-1")]),
        ("PID|||1^^^A~2\r", {"PID_3c4": row()}, [(VIOLATED, "PID-3[2].4")]),
        ("PID|||1^^^A~2^^^B\r", {"PID_3c4": row()}, [(MET, "PID-3[1].4")]),
        ("PID|||\r", {"PID_3c4": row()}, [(VIOLATED, "PID-3.4")]),
        ("PID|||\r", {"PID_3c4": row(), "PID_3": row("R2")}, []),
        ("ORC||A\rOBR||A\r", {"OBR_2": row("O", equals="ORC-2")}, [(MET, "OBR-2")]),
        ("ORC||A\rOBR||B\r", {"OBR_2": row("O", equals="ORC-2")}, [(VIOLATED, "OBR-2")]),
        ("ORC||A\rOBR||A\rORC||B\rOBR||A\r", {"OBR_2": row("O", equals="ORC-2")}, [(VIOLATED, "OBR[2]-2")]),
        ("ORC|||||||||yesterday\r", {"ORC_9": row(type="TS")}, [(VIOLATED, "ORC-9")]),
        ("ORC|CA\r", {"ORC_2": row("C", when="ORC-1 = NW")}, [(NOT_APPLICABLE, "ORC-2")]),
        ("ORC|NW\r", {"ORC_2": row("C", when="ORC-1 = NW")}, [(VIOLATED, "ORC-2")]),
        ("ORC|NW\r", {"ORC_2": row("C", condition="if grouped")}, [(NOT_APPLICABLE, "ORC-2")]),
        ("ORC|NW\r", {"ORC_2": row("C", when="whenever it pleases")}, [(UNDECIDED, "ORC-2")]),
        ("ORC|NW|1~2\r", {"ORC_2": row()}, [(VIOLATED, "ORC-2[2]")]),
    ],
)
def test_a_row_is_judged_at_every_place_it_speaks_of(
    raw: str, rows: dict[str, Hl7Row], found: list[tuple[Outcome, str]]
) -> None:
    assert judged(raw, **rows) == found


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
        "ack-answered": MET, "ack-echo": MET, "ack-code": MET, "ack-type": MET, "ack-error": NOT_APPLICABLE,
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


def test_the_form_is_chosen_by_order_control_and_version(recording: Callable[..., Any]) -> None:
    rec = recording()
    opened = rec.leg("RAD-3", "to-order-placer", "status")
    raw = "MSH|^~\\&|OF|S|OP|S|2024||OMG^O19^OMG_O19|1|P|{}\rORC|{}|A1|F1\r"
    view = rec.view(opened)

    def table(version: str, control: str) -> str:
        form = view.message_form(Message.parse(raw.format(version, control).encode()))
        return form.table if form is not None else ""

    assert table("2.5.1", "SC") == "rad-3.omg-o19-sc"
    assert table("2.5.1", "SN") == "rad-3.omg-o19-sn"
    assert table("2.6", "OC") == "rad-3.omg-o19-oc"
    assert view.message_form(Message.parse(b"MSH|^~\\&|||||||ADT^A01|1|P|2.5.1\r")) is None


def test_an_application_answer_is_judged_against_its_own_table(recording: Callable[..., Any]) -> None:
    rec = recording(form="2.3.1")
    opened = rec.leg("RAD-3", "to-order-placer", "numbered")
    ask = b"MSH|^~\\&|OF|S|OP|S|2024||ORM^O01|1|P|2.3.1\rORC|SN||F1\rOBR|||F1\r"
    rec.hl7(opened, ask, b"MSH|^~\\&|OP|S|OF|S|2024||ORR^O02|2|P|2.3.1\rMSA|AA|1\rORC|NA||F1\rOBR|||F1\r")
    found = {
        one.requirement: (one.outcome, one.actor)
        for one in hl7_table.check(rec.view(opened))
        if one.requirement.startswith("rad-3.orr-o02/")
    }
    assert found["rad-3.orr-o02/ORC-2"] == (VIOLATED, "Order Placer")


def hl7_play(recording: Callable[..., Any], *messages: tuple[str, str, str]) -> Any:
    rec = recording()
    for number, (transaction, leg_id, raw) in enumerate(messages):
        rec.hl7(rec.leg(transaction, leg_id, f"step-{number}"), raw.encode())
    return rec.play()


ORDER = ("RAD-2", "to-order-filler")
ORDER_TEXT = "MSH|^~\\&|{sender}|S|OF|S|2024||OMG^O19^OMG_O19|{id}|P|2.5.1\rPID|||P1\rORC|NW|{placer}\r"
SCHEDULE = ("RAD-4", "to-image-manager")
SCHEDULE_TEXT = (
    "MSH|^~\\&|OF|S|IM|S|2024||OMI^O23^OMI_O23|{id}|P|2.5.1\rORC|NW|{placer}|{filler}\rIPC|A|{procedure}|{study}|S\r"
)


def order(**parts: str) -> tuple[str, str, str]:
    return (*ORDER, ORDER_TEXT.format(**{"sender": "OP", "id": "1", "placer": "A1^OP", **parts}))


def schedule(**parts: str) -> tuple[str, str, str]:
    values = {"id": "1", "placer": "A1", "filler": "F1", "procedure": "R1", "study": "1.2", **parts}
    return (*SCHEDULE, SCHEDULE_TEXT.format(**values))


def violations(findings: Any) -> list[str]:
    return [one.requirement for one in findings if one.outcome is VIOLATED]


@pytest.mark.parametrize(
    ("messages", "broken"),
    [
        ([order(), order()], []),
        ([order(), order(id="2", placer="A2^OP")], []),
        ([order(), order(placer="A2^OP")], ["control-ids/order-placer"]),
        ([order(), order(sender="OTHER", placer="A2^OP")], []),
        ([order(id=""), order(id="", placer="A2^OP")], []),
    ],
)
def test_a_control_id_names_one_message(
    messages: list[tuple[str, str, str]], broken: list[str], recording: Callable[..., Any]
) -> None:
    assert violations(control_ids.check(hl7_play(recording, *messages))) == broken


@pytest.mark.parametrize(
    ("messages", "broken"),
    [
        ([order(), order()], []),
        ([order(), order(id="2", placer="A2^OP")], []),
        ([order(), order(id="2")], ["orders/placer-number-unique"]),
        ([order(), order(id="2", placer="A1^OTHER")], []),
        ([schedule(), schedule(id="2")], []),
        ([schedule(), schedule(id="2", placer="A2")], ["orders/filler-number-unique"]),
        ([schedule(), schedule(id="2", study="1.3")], ["orders/one-study-per-procedure"]),
        ([schedule(), schedule(id="2", procedure="R2")], ["orders/one-study-per-procedure"]),
        ([schedule(), schedule(id="2", procedure="R2", study="1.3")], []),
    ],
)
def test_a_number_is_used_for_one_thing(
    messages: list[tuple[str, str, str]], broken: list[str], recording: Callable[..., Any]
) -> None:
    assert violations(orders.check(hl7_play(recording, *messages))) == broken


@pytest.mark.parametrize(
    ("surviving", "dissolved", "broken"),
    [
        ("P1^^^SWF", "P2^^^SWF", []),
        ("P1^^^SWF", "P1^^^SWF", ["orders/merge-identifiers-differ"]),
        ("P1^^^SWF", "P2^^^OTHER", ["orders/merge-identifiers-differ"]),
    ],
)
def test_a_merge_names_two_patients_of_one_authority(
    surviving: str, dissolved: str, broken: list[str], recording: Callable[..., Any]
) -> None:
    raw = f"MSH|^~\\&|ADT|S|OF|S|2024||ADT^A40^ADT_A39|1|P|2.5.1\rPID|||{surviving}\rMRG|{dissolved}\r"
    assert violations(orders.check(hl7_play(recording, ("RAD-12", "to-order-filler", raw)))) == broken


@pytest.mark.parametrize(("echoed", "broken"), [("F1^OF", []), ("F2^OF", ["orders/filler-number-echoed"])])
def test_a_new_filler_order_gets_its_number_back(
    echoed: str, broken: list[str], recording: Callable[..., Any]
) -> None:
    rec = recording()
    ask = b"MSH|^~\\&|OF|S|OP|S|2024||OMG^O19^OMG_O19|1|P|2.5.1\rORC|SN||F1^OF\r"
    answer = f"MSH|^~\\&|OP|S|OF|S|2024||ORG^O20^ORG_O20|2|P|2.5.1\rMSA|AA|1\rORC|NA|A1|{echoed}\r"
    rec.hl7(rec.leg("RAD-3", "to-order-placer", "numbered"), ask, answer.encode())
    assert violations(orders.check(rec.play())) == broken


def test_a_rule_that_the_profile_does_not_state_is_not_judged(leg: Callable[..., Any], good: bytes, real: Any) -> None:
    view = leg(good, None)
    silent = replace(view, knowledge=replace(real, leg_rules={}))
    assert list(hl7_acknowledgement.check(silent)) == []
