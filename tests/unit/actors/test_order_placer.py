"""The Order Placer: its orders and its answers, golden messages typed by hand in both versions."""

from __future__ import annotations

from typing import Any

import pytest

from actors.adt import Adt
from actors.order_filler import OrderFiller
from actors.order_placer import OrderPlacer
from harness.errors import CannotAct
from harness.model.scenario import Case

PID_231 = "PID|||P1001^^^HOSP||DOE^JANE||19700101|F||2106-3^^HL70005|1 MAIN ST^^TOWN|||||||V900^^^HOSP"
PID_251 = "PID|||P1001^^^HOSP^MR||DOE^JANE||19700101|F||2106-3^^HL70005|1 MAIN ST^^TOWN|||||||V900^^^HOSP"
PV1 = "PV1||O|WARD^12^1^HOSP|||||88^REFER^RAY^^^DR|||||||||||V900^^^HOSP||||||||||||||||||||||||||||||||V"

ORDER_231 = [
    r"MSH|^~\&|OP|HOSP|OF|HOSP|20240102101500||ORM^O01|M4|P|2.3.1",
    PID_231,
    PV1,
    "ORC|NW|P1^OP|||||1^once^^20240102101500^^R||20240102101500|9^CLERK^C||77^ORDER^DOC||555|||WARD^WARD^L",
    "OBR|1|P1^OP||CTH^CT head^L||||||||||||77^ORDER^DOC|||||||||||1^once^^20240102101500^^R|||WALK|^headache",
]
ORDER_251 = [
    r"MSH|^~\&|OP|HOSP|OF|HOSP|20240102101500||OMG^O19^OMG_O19|M4|P|2.5.1",
    PID_251,
    PV1,
    "ORC|NW|P1^OP|||||||20240102101500|9^CLERK^C||77^ORDER^DOC||555|||WARD^WARD^L",
    "TQ1|1||||||20240102101500||R",
    "OBR|1|P1^OP||CTH^CT head^L||||||||||||77^ORDER^DOC||||||||||||||WALK|^headache",
]


@pytest.mark.parametrize(("form", "golden"), [("2.3.1", ORDER_231), ("2.5.1", ORDER_251)])
def test_order_message(department: Any, case: Case, lines: Any, form: str, golden: list[str]) -> None:
    department.play(Adt)
    department.play(OrderPlacer)
    department.act("ADT", "RAD-1", case, form=form)
    department.act("Order Placer", "RAD-2", case, form=form, control="NW")
    assert lines(department.sent[-1].message) == golden


def test_placer_cannot_order_for_a_patient_it_was_not_told_of(department: Any, case: Case) -> None:
    department.play(OrderPlacer)
    with pytest.raises(CannotAct, match="P1001"):
        department.act("Order Placer", "RAD-2", case, control="NW")
    assert not department.sent


@pytest.mark.parametrize("form", ["2.3.1", "2.5.1"])
def test_cancellation_names_the_order(department: Any, case: Case, form: str) -> None:
    department.play(Adt)
    placer = department.play(OrderPlacer)
    department.act("ADT", "RAD-1", case, form=form)
    department.act("Order Placer", "RAD-2", case, form=form, control="NW")
    department.act("Order Placer", "RAD-2", case, form=form, control="CA")
    message = department.sent[-1].message
    assert (message.first("ORC-1"), message.first("ORC-2"), message.first("OBR-2")) == ("CA", "P1^OP", "P1^OP")
    assert placer.order("P1").state.value == "CA"
    with pytest.raises(CannotAct, match="cancel"):
        department.act("Order Placer", "RAD-2", case, form=form, control="CA")


SN_231 = (
    r"MSH|^~\&|RIS|RAD|HIS|HOSP|20240102101400||ORM^O01|RIS7|P|2.3.1",
    "PID|||P1001^^^HOSP||DOE^JANE||19700101|F||||||||||V900^^^HOSP",
    "PV1||O",
    "ORC|SN||F7^RIS||||1^once^^20240102101400^^R||20240102101400|||77^ORDER^DOC|||||RAD^Radiology^L",
    "OBR|1||F7^RIS|CTH^CT head^L||||||||||||77^ORDER^DOC|||||||||||1^once^^20240102101400^^R||||^walked in",
)
NA_231 = [
    r"MSH|^~\&|HIS|HOSP|RIS|RAD|20240102101500||ORR^O02|M1|P|2.3.1",
    "MSA|AA|RIS7",
    "PID|||P1001^^^HOSP||DOE^JANE||19700101|F||||||||||V900^^^HOSP",
    "ORC|NA|P1^OP|F7^RIS||||1^once^^20240102101400^^R||20240102101500|||77^ORDER^DOC|||||RAD^Radiology^L",
    "OBR|1|P1^OP|F7^RIS|CTH^CT head^L||||||||||||77^ORDER^DOC|||||||||||1^once^^20240102101400^^R||||^walked in",
]
SN_251 = (
    r"MSH|^~\&|RIS|RAD|HIS|HOSP|20240102101400||OMG^O19^OMG_O19|RIS7|P|2.5.1",
    "PID|||P1001^^^HOSP^MR||DOE^JANE||19700101|F||||||||||V900^^^HOSP",
    "PV1||O",
    "ORC|SN||F7^RIS||||||20240102101400|||77^ORDER^DOC|||||RAD^Radiology^L",
    "TQ1|1||||||20240102101400||R",
    "OBR|1||F7^RIS|CTH^CT head^L||||||||||||77^ORDER^DOC|||||||||||||||^walked in",
)
NA_251 = [
    r"MSH|^~\&|HIS|HOSP|RIS|RAD|20240102101500||ORG^O20^ORG_O20|M1|P|2.5.1",
    "MSA|AA|RIS7",
    "PID|||P1001^^^HOSP^MR||DOE^JANE||19700101|F||||||||||V900^^^HOSP",
    "ORC|NA|P1^OP|F7^RIS||||||20240102101500|||77^ORDER^DOC|||||RAD^Radiology^L",
    "TQ1|1||||||20240102101400||R",
    "OBR|1|P1^OP|F7^RIS|CTH^CT head^L||||||||||||77^ORDER^DOC|||||||||||||||^walked in",
]


@pytest.mark.parametrize(("request_", "golden"), [(SN_231, NA_231), (SN_251, NA_251)])
def test_filler_order_is_answered_with_a_number(
    department: Any, hl7: Any, lines: Any, request_: tuple[str, ...], golden: list[str]
) -> None:
    placer = department.play(OrderPlacer)
    assert lines(department.deliver("RAD-3", "Order Placer", hl7(*request_).raw)) == golden
    again = department.deliver("RAD-3", "Order Placer", hl7(*request_).raw)
    assert again.first("ORC-2.1") == "P1", "a retransmission is not a second order"
    assert placer.order("P2") is None


@pytest.mark.parametrize(("status", "state"), [("IP", "IP"), ("CM", "CM"), ("DC", "DC")])
def test_status_reaches_the_order(department: Any, hl7: Any, status: str, state: str) -> None:
    placer = department.play(OrderPlacer)
    department.deliver("RAD-3", "Order Placer", hl7(*SN_231).raw)
    header = r"MSH|^~\&|RIS|RAD|HIS|HOSP|20240102101400||ORM^O01|RIS8|P|2.3.1"
    answer = department.deliver("RAD-3", "Order Placer", hl7(header, f"ORC|SC|P1^OP|F7^RIS||{status}").raw)
    assert answer.first("MSA-1") == "AA"
    assert placer.order("P1").state.value == state


@pytest.mark.parametrize(
    ("orc", "location", "code"),
    [
        ("ORC|SC|P404^OP|F7^RIS||IP", "ORC^1^2^1^1", "204"),
        ("ORC|OC|P404^OP", "ORC^1^2^1^1", "204"),
        ("ORC|SC|P1^OP|F7^RIS||CD", "ORC^1^5", "103"),
        ("ORC|XX|P1^OP", "ORC^1^1", "103"),
        ("ORC|SN|", "ORC^1^3^1^1", "101"),
    ],
)
def test_placer_refuses_what_it_cannot_place(department: Any, hl7: Any, orc: str, location: str, code: str) -> None:
    department.play(OrderPlacer)
    department.deliver("RAD-3", "Order Placer", hl7(*SN_251).raw)
    answer = department.deliver("RAD-3", "Order Placer", hl7(SN_251[0], SN_251[1], SN_251[2], orc).raw)
    assert answer.first("MSA-1") == "AE"
    assert (answer.first("ERR-2"), answer.first("ERR-3.1")) == (location, code)


@pytest.mark.parametrize(
    ("type_", "code"), [("ADT^A99^ADT_A99", "201"), ("MDM^T02^MDM_T02", "200"), ("OMG^O20^X", "201")]
)
def test_unknown_messages_are_rejected(department: Any, hl7: Any, type_: str, code: str) -> None:
    department.play(OrderPlacer)
    message = hl7(rf"MSH|^~\&|RIS|RAD|HIS|HOSP|20240102101400||{type_}|RIS9|P|2.5.1")
    answer = department.deliver("RAD-3", "Order Placer", message.raw)
    assert (answer.first("MSA-1"), answer.first("MSA-2"), answer.first("ERR-3.1")) == ("AR", "RIS9", code)


@pytest.mark.parametrize(
    ("pid", "location"), [("PID|||^^^HOSP||DOE^JANE", "PID^1^3^1^1"), ("PID|||P1^^^HOSP", "PID^1^5^1^1")]
)
def test_a_registration_must_say_who(department: Any, hl7: Any, pid: str, location: str) -> None:
    department.play(OrderPlacer)
    message = hl7(r"MSH|^~\&|A|HOSP|OP|HOSP|2024||ADT^A04^ADT_A01|1|P|2.5.1", "EVN||2024", pid, "PV1||O")
    answer = department.deliver("RAD-1", "Order Placer", message.raw)
    assert (answer.first("MSA-1"), answer.first("ERR-2"), answer.first("ERR-3.1")) == ("AE", location, "101")


MERGE = (
    r"MSH|^~\&|HIS|HOSP|OP|HOSP|20240102120000||ADT^A40|HIS12|P|2.3.1",
    "EVN||20240102120000",
    "PID|||P2002^^^HOSP||REAL^ANNA||19700101|F",
    "MRG|P1001^^^HOSP||||||DOE^JANE",
)


def test_a_merge_moves_the_orders(department: Any, case: Case, hl7: Any) -> None:
    department.play(Adt)
    placer = department.play(OrderPlacer)
    department.act("ADT", "RAD-1", case)
    department.act("Order Placer", "RAD-2", case)
    assert department.deliver("RAD-12", "Order Placer", hl7(*MERGE).raw).first("MSA-1") == "AA"
    moved = placer.order("P1")
    assert moved is not None
    assert (moved.patient_id, moved.authority) == ("P2002", "HOSP")


def test_a_merge_of_nobody_is_refused(department: Any, hl7: Any) -> None:
    department.play(OrderPlacer)
    answer = department.deliver("RAD-12", "Order Placer", hl7(*MERGE[:3], "MRG|").raw)
    assert answer.first("MSA-1") == "AE"


# visits, cancels, appointments


def placed(department: Any, case: Case) -> Any:
    """Order A of the case, with the filler played by nobody."""
    department.play(Adt)
    placer = department.play(OrderPlacer)
    department.act("ADT", "RAD-1", case)
    department.act("Order Placer", "RAD-2", case, control="NW")
    return placer


def test_nothing_is_ordered_for_a_visit_that_was_cancelled(department: Any, case: Case) -> None:
    placed(department, case)
    department.act("ADT", "RAD-1", case, trigger="A11")
    with pytest.raises(CannotAct, match="cancelled"):
        department.act("Order Placer", "RAD-2", case, control="NW")
    department.act("Order Placer", "RAD-2", case, control="CA")


def test_an_order_that_could_not_be_cancelled_stays_open(department: Any, case: Case) -> None:
    placer = placed(department, case)
    department.play(OrderFiller)
    department.act("Order Placer", "RAD-2", case, control="CA")
    assert department.sent[-1].answer.first("MSA-1") == "AE"
    assert placer.order("P1").state.value == ""


def test_an_order_is_cancelled_once_unless_the_step_is_illegal(department: Any, case: Case) -> None:
    placed(department, case)
    department.act("Order Placer", "RAD-2", case, control="CA")
    with pytest.raises(CannotAct, match="no order"):
        department.act("Order Placer", "RAD-2", case, control="CA")
    department.act("Order Placer", "RAD-2", case, control="CA", illegal=True)
    assert department.sent[-1].message.first("ORC-2") == "P1^OP"


APPOINTMENT = (
    r"MSH|^~\&|RIS|RAD|HIS|HOSP|20240102101400||SIU^{event}^SIU_S12|RIS{event}|P|2.5.1",
    "SCH||{number}^OF||||||||||||||||||||||||{placer}^OP|F1^OF",
    "RGS|1|A",
    "AIS|1|A|CTH^CT head^L|{start}",
)


def test_an_appointment_is_followed(department: Any, case: Case, hl7: Any) -> None:
    placer = placed(department, case)
    for event, start in (("S12", "202401030900"), ("S13", "202401031000"), ("S15", "202401031000")):
        message = (one.format(event=event, number="AP1", placer="P1", start=start) for one in APPOINTMENT)
        assert department.deliver("RAD-48", "Order Placer", hl7(*message).raw).first("MSA-1") == "AA"
        found = placer.appointment("AP1")
        assert (found.placer, found.start, found.cancelled) == ("P1", start, event == "S15")


@pytest.mark.parametrize(
    ("event", "number", "placer", "location", "code"),
    [
        ("S12", "", "P1", "SCH^1^2^1^1", "101"),
        ("S12", "AP1", "P9", "SCH^1^26^1^1", "204"),
        ("S13", "AP9", "P1", "SCH^1^2^1^1", "204"),
        ("S15", "AP9", "P1", "SCH^1^2^1^1", "204"),
    ],
)
def test_what_is_wrong_with_an_appointment_is_said(
    department: Any, case: Case, hl7: Any, event: str, number: str, placer: str, location: str, code: str
) -> None:
    placed(department, case)
    message = (one.format(event=event, number=number, placer=placer, start="2024") for one in APPOINTMENT)
    answer = department.deliver("RAD-48", "Order Placer", hl7(*message).raw)
    assert (answer.first("MSA-1"), answer.first("ERR-2"), answer.first("ERR-3.1")) == ("AE", location, code)
