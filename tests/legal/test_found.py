"""Legal messages that were once held against their senders: the smallest of what the strategies found."""

from __future__ import annotations

import pytest

from harness.engine.unscripted import hl7_exchange
from tests.legal.judged import held_against
from tests.specimens.builder import plain_ack

NEW = "MSH|^~\\&|{sender}|SWF|PEER|SWF|20240102101500||{type}|M1|P|2.5.1{more}\r"
OLD = "MSH|^~\\&|{sender}|SWF|PEER|SWF|20240102101500||{type}|M1|P|2.3.1\r"
PATIENT = (
    "PID|||P1001^^^SWF^PI||LINDGREN^ASTA||19580714|F||||||||||ACC77^^^SWF\rPV1||O|RADOPD^^^SWF|||||3004^HOLM^PETER\r"
)
ORDER = (
    "ORC|NW|{0}^OP|||||||20240102101400|||3004^HOLM^PETER|||||RADOPD^Radiology^L\rTQ1|1||||||20240102110000||R\r"
    "OBR||{0}^OP||CT-CHEST^CT chest^99SWF||||||||||||3004^HOLM^PETER\r"
)
MERGE = "EVN|A40|20240102101500\rPID|||{0}||LINDGREN^ASTA\rMRG|{1}||||||OAKES^ANN\r"
NUMBERED = (
    "ORC|SN||F1^OF||||||20240102101400|||3004^HOLM^PETER|||||RADOPD^Radiology^L\rTQ1|1||||||20240102110000||R\r"
    "OBR|1||F1^OF|CT-CHEST^CT chest^99SWF||||||||||||3004^HOLM^PETER\r"
)
MERGES = [
    pytest.param("9^^^OTHER~P1001^^^SWF", "P7^^^SWF", id="the identifier of the authority is not the first"),
    pytest.param("P1001^^^SWF&1.2.3&ISO", "P7^^^SWF", id="the authority is named in full once"),
]


def held(transaction: str, leg: str, message: str, *, form: str = "2.5.1", answer: bytes | None = None) -> list[str]:
    raw = message.encode()
    return held_against([hl7_exchange(transaction, leg, raw, answer or plain_ack(raw, "AA", "A1"))], form=form)


def test_a_message_with_two_orders() -> None:
    message = (
        NEW.format(sender="OP", type="OMG^O19^OMG_O19", more="") + PATIENT + ORDER.format("A1") + ORDER.format("A2")
    )
    assert held("RAD-2", "to-order-filler", message) == []


@pytest.mark.parametrize(("surviving", "dissolved"), MERGES)
def test_a_merge_of_patients_with_several_identifiers(surviving: str, dissolved: str) -> None:
    message = OLD.format(sender="ADT", type="ADT^A40") + MERGE.format(surviving, dissolved)
    assert held("RAD-12", "to-order-filler", message, form="2.3.1") == []


def test_a_segment_that_is_its_name_alone() -> None:
    message = NEW.format(sender="OP", type="OMG^O19^OMG_O19", more="") + PATIENT + ORDER.format("A1") + "ZZZ\r"
    assert held("RAD-2", "to-order-filler", message) == []


def test_an_answer_does_not_repeat_the_country_of_the_message() -> None:
    message = NEW.format(sender="OF", type="OMG^O19^OMG_O19", more="|||||SWE||sv^Swedish^ISO639") + PATIENT + NUMBERED
    answer = (
        "MSH|^~\\&|PEER|SWF|OF|SWF|20240102101501||ORG^O20^ORG_O20|A1|P|2.5.1\rMSA|AA|M1\r"
        f"{PATIENT.split(chr(13))[0]}\rORC|NA|A77^OP|F1^OF\r"
    )
    assert held("RAD-3", "to-order-placer", message, answer=answer.encode()) == []
