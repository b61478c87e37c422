"""Refusals that name their message, and messages in the character sets of whom they are about."""

from __future__ import annotations

from typing import Any

import pytest

from actors.messages import received
from actors.messages.messaging import written
from actors.order_filler import OrderFiller
from harness.hl7 import Message, xpn
from harness.model.scenario import PersonName

# refusing


def _no_patient(hl7: Any) -> bytes:
    head = r"MSH|^~\&|HIS|HOSP|RIS|RAD|20240102101400||ADT^A04^ADT_A01|H7|P|2.5.1"
    return hl7(head, "EVN||20240102101400", "PID|||^^^HOSP||DOE^JANE", "PV1||O").raw  # type: ignore[no-any-return]


def test_what_is_refused_is_named(department: Any, hl7: Any) -> None:
    department.play(OrderFiller)
    answer = department.deliver("RAD-1", "Order Filler", _no_patient(hl7))
    assert (answer.first("MSA-1"), answer.first("MSA-2"), answer.first("ERR-3.1")) == ("AE", "H7", "101")


@pytest.mark.parametrize(
    ("decision", "code", "named"), [("fault-is-refused", "AA", True), ("refusal-names-its-message", "AE", False)]
)
def test_a_deviation_refuses_badly(department: Any, hl7: Any, decision: str, code: str, named: bool) -> None:
    department.play(OrderFiller)
    department.worlds["Order Filler"].decisions[decision] = False
    answer = department.deliver("RAD-1", "Order Filler", _no_patient(hl7))
    assert answer.first("MSA-1") == code
    assert (answer.first("MSA-2") == "H7") is named


@pytest.mark.parametrize(
    ("header", "error"),
    [
        (r"MSH|^~\&|HIS|HOSP|RIS|RAD|20240102101400||ADT^A04^ADT_A01|H7|P|1.0", "203"),
        (r"MSH|^^^^|HIS|HOSP|RIS|RAD|20240102101400||ADT^A04^ADT_A01|H7|P|2.5.1", "102"),
    ],
)
def test_what_nobody_can_read_is_rejected_by_every_actor(department: Any, hl7: Any, header: str, error: str) -> None:
    department.play(OrderFiller)
    answer = department.deliver("RAD-1", "Order Filler", hl7(header, "PID|||P1^^^HOSP||DOE^JANE").raw)
    assert (answer.first("MSA-1"), answer.first("MSA-2")) == ("AR", "H7")
    assert error in (answer.first("ERR-3.1"), "203")


# character sets


def test_a_patient_is_written_of_in_the_sets_of_the_hospital(department: Any, hl7: Any) -> None:
    header = ("MSH", {9: ("ADT", "A04"), 10: "M1", 12: "2.5.1"})
    body = [("PID", {5: ("ΚΑΛΛΗΣ", "ΜΆΡΚΟΣ")})]
    greek = Message.parse(written(header, body, ("8859/7",)))
    assert (greek.first("MSH-18"), greek.first("PID-5.1")) == ("8859/7", "ΚΑΛΛΗΣ")
    assert "ΚΑΛΛΗΣ".encode("iso8859_7") in greek.raw
    latin = Message.parse(written(header, body, ("8859/1",)))
    assert (latin.first("MSH-18"), latin.first("PID-5.1")) == ("UNICODE UTF-8", "ΚΑΛΛΗΣ")
    assert written(header, [("PID", {5: "DOE"})], ("8859/7",)).isascii()


def test_every_writing_of_a_name_is_read(hl7: Any) -> None:
    name = PersonName(family="KISARAGI", given="MIDORI", ideographic=("如月", "緑"), phonetic=("きさらぎ", "みどり"))
    header = ("MSH", {9: ("ADT", "A04"), 10: "M1", 12: "2.5.1"})
    message = Message.parse(written(header, [("PID", {3: ("P1", "", "", "H"), 5: xpn(name)})], ("", "ISO IR87")))
    patient = received.patient(message)
    assert (patient.name, patient.characters) == (name, ("", "ISO IR87"))
