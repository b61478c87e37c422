from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks import hl7_appointments
from harness.model.verdict import Outcome

MET, VIOLATED = Outcome.MET, Outcome.VIOLATED


def siu(event: str, appointment: str, placer: str = "A1", filler: str = "F1") -> bytes:
    sch = f"SCH||{appointment}^OF" + "|" * 23 + f"|{placer}^OP|{filler}^OF"
    head = f"MSH|^~\\&|OF|S|OP|S|2024||SIU^{event}|{event}{appointment}{placer}|P|2.4"
    return f"{head}\r{sch}\rRGS|1|A\rAIS|1|A|CT-CHEST|20240103\r".encode()


@pytest.fixture
def told(recording: Callable[..., Any]) -> Callable[..., dict[str, list[Outcome]]]:
    """The outcomes of a play with an order and notifications, by rule."""

    def make(
        *messages: bytes, ordered: bool = True, before: tuple[tuple[str, str, bytes], ...] = ()
    ) -> dict[str, list[Outcome]]:
        rec = recording(form="2.3.1")
        for number, (transaction, leg, raw) in enumerate(before):
            rec.hl7(rec.leg(transaction, leg, f"before-{number}"), raw)
        if ordered:
            order = b"MSH|^~\\&|OF|S|IM|S|2024||ORM^O01|1|P|2.3.1\rORC|NW|A1^OP|F1^OF||SC\rOBR|1|A1^OP|F1^OF\r"
            rec.hl7(rec.leg("RAD-4", "to-image-manager", "scheduled"), order)
        for number, message in enumerate(messages):
            rec.hl7(rec.leg("RAD-48", "to-order-placer", f"told-{number}"), message)
        found: dict[str, list[Outcome]] = {}
        for one in hl7_appointments.check(rec.play()):
            found.setdefault(one.requirement, []).append(one.outcome)
        return found

    return make


def test_a_later_notification_names_the_appointment_that_was_booked(told: Callable[..., Any]) -> None:
    same = "appointments/same-appointment"
    assert told(siu("S12", "AP1"), siu("S13", "AP1"), siu("S15", "AP2"))[same] == [MET, VIOLATED]
    assert same not in told(siu("S13", "AP1"))
    assert same not in told(siu("S12", "AP1", "A2"), siu("S13", "AP9"))
    assert same not in told(siu("S12", "AP1"), siu("S12", "AP2"), siu("S13", "AP3"))


def test_the_order_numbers_are_those_of_an_order(told: Callable[..., Any]) -> None:
    found = told(siu("S12", "AP1"), siu("S13", "AP1", "A9", "F9"))
    assert found["appointments/placer-number"] == [MET, VIOLATED]
    assert found["appointments/filler-number"] == [MET]
    assert told(siu("S12", "AP1", "A1", "F9"))["appointments/filler-number"] == [VIOLATED]
    assert told(siu("S12", "AP1", "A9"), ordered=False) == {}


def test_a_filler_number_may_be_told_with_the_appointment_first(told: Callable[..., Any]) -> None:
    order = b"MSH|^~\\&|OP|S|OF|S|2024||ORM^O01|7|P|2.3.1\rORC|NW|A2^OP\rOBR|1|A2^OP\r"
    found = told(siu("S12", "AP2", "A2", "F2"), before=(("RAD-2", "to-order-filler", order),))
    assert found == {"appointments/placer-number": [MET]}
