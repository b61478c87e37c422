"""What the filler tells of its orders after they were scheduled: RAD-13 in each kind, RAD-48, several procedures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actors.order_filler import OrderFiller
from actors.order_placer import OrderPlacer
from harness.errors import CannotAct
from harness.model.scenario import Case, ProcedurePlan

REGISTRATION = (
    r"MSH|^~\&|HIS|HOSP|RIS|RAD|20240102101000||ADT^A04^ADT_A01|HIS1|P|2.5.1",
    "EVN||20240102101000",
    "PID|||P1001^^^HOSP^MR||DOE^JANE||19700101|F||||||||||V900^^^HOSP",
    "PV1||O||||||88^REFER^RAY",
)
ORDER = (
    r"MSH|^~\&|HIS|HOSP|RIS|RAD|20240102101200||OMG^O19^OMG_O19|{id}|P|2.5.1",
    REGISTRATION[2],
    "PV1||O",
    "ORC|{control}|{placer}^HISOP|||||||20240102101200|||77^ORDER^DOC|||||ORG^Ward^L",
    "TQ1|1||||||20240102101200||R",
    "OBR|1|{placer}^HISOP||{service}||||||||||||77^ORDER^DOC",
)


@pytest.fixture
def order(department: Any, hl7: Any) -> Any:
    """Send an order, or cancel one, and give MSA-1 of the answer."""

    def send(control: str = "NW", placer: str = "A1", service: str = "CTH^CT head^L") -> str:
        values = {"id": f"{control}{placer}", "control": control, "placer": placer, "service": service}
        message = hl7(*(segment.format(**values) for segment in ORDER))
        code: str = department.deliver("RAD-2", "Order Filler", message.raw).first("MSA-1")
        return code

    return send


@pytest.fixture
def filler(department: Any, hl7: Any, order: Any) -> OrderFiller:
    """One patient with one order."""
    actor: OrderFiller = department.play(OrderFiller)
    department.deliver("RAD-1", "Order Filler", hl7(*REGISTRATION).raw)
    order()
    return actor


def told(department: Any, *paths: str) -> tuple[str, ...]:
    message = department.sent[-1].message
    return tuple(message.first(path) for path in paths)


# RAD-13


@pytest.mark.parametrize("form", ["2.3.1", "2.5.1"])
def test_a_cancelled_order_is_withdrawn_where_it_was_announced(
    department: Any, case: Case, filler: OrderFiller, order: Any, form: str
) -> None:
    department.act("Order Filler", "RAD-4", case, form=form)
    study = told(department, "ZDS-1.1" if form == "2.3.1" else "IPC-3.1")
    assert order("CA") == "AA"
    department.act("Order Filler", "RAD-13", case, form=form, control="CA")
    assert told(department, "ORC-1", "ORC-5") == ("CA", "CA")
    assert told(department, "ZDS-1.1" if form == "2.3.1" else "IPC-3.1") == study
    with pytest.raises(CannotAct, match="announced"):
        department.act("Order Filler", "RAD-13", case, control="CA")


def test_nothing_is_withdrawn_that_was_never_announced(
    department: Any, case: Case, filler: OrderFiller, order: Any
) -> None:
    order("CA")
    with pytest.raises(CannotAct, match="announced"):
        department.act("Order Filler", "RAD-13", case, control="CA")


def test_a_changed_procedure_keeps_its_identifiers(
    department: Any, case: Case, filler: OrderFiller, everything: Any
) -> None:
    department.act("Order Filler", "RAD-4", case)
    kept = told(department, "IPC-1", "IPC-2", "IPC-3", "IPC-4")
    (before,) = everything(filler)
    department.act("Order Filler", "RAD-13", case, control="XO", service="DXH", delay=30)
    assert told(department, "ORC-1", "ORC-5", "OBR-44.1", "OBR-4.1") == ("XO", "SC", "DXH", "CTH")
    assert told(department, "IPC-1", "IPC-2", "IPC-3", "IPC-4") == kept
    (after,) = everything(filler)
    assert after.RequestedProcedureCodeSequence[0].CodeValue == "DXH"
    times = [one.ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartTime for one in (before, after)]
    assert int(times[1]) - int(times[0]) == 3000
    assert told(department, "TQ1-7")[0].endswith(times[1])


def test_a_worklist_may_fail_to_follow(department: Any, case: Case, filler: OrderFiller, everything: Any) -> None:
    department.act("Order Filler", "RAD-4", case)
    department.worlds["Order Filler"].decisions["worklist-follows-update"] = False
    department.act("Order Filler", "RAD-13", case, control="XO", service="DXH")
    assert told(department, "OBR-44.1") == ("DXH",)
    assert everything(filler)[0].RequestedProcedureCodeSequence[0].CodeValue == "CTH"


def test_only_what_was_begun_is_discontinued(department: Any, case: Case, filler: OrderFiller) -> None:
    department.act("Order Filler", "RAD-4", case)
    with pytest.raises(CannotAct, match="under way"):
        department.act("Order Filler", "RAD-13", case, control="DC")


# RAD-2 CA


def test_a_cancel_is_refused_when_the_order_is_cancelled_already(
    department: Any, hl7: Any, filler: OrderFiller, order: Any
) -> None:
    assert order("CA") == "AA"
    again = hl7(*(s.format(id="CA2", control="CA", placer="A1", service="CTH^CT head^L") for s in ORDER))
    answer = department.deliver("RAD-2", "Order Filler", again.raw)
    assert (answer.first("MSA-1"), answer.first("ERR-3.1")) == ("AE", "204")


def test_a_deviation_acknowledges_a_cancel_and_forgets_it(department: Any, filler: OrderFiller, order: Any) -> None:
    department.worlds["Order Filler"].decisions["order-is-cancelled"] = False
    assert order("CA") == "AA"
    assert len(filler.orders.entries()) == 1


# several orders, several procedures


def test_the_service_of_a_step_tells_orders_apart(department: Any, case: Case, filler: OrderFiller, order: Any) -> None:
    order(placer="A2", service="DXH^Hip^L")
    department.act("Order Filler", "RAD-4", case, service="DXH")
    assert told(department, "ORC-2.1") == ("A2",)
    department.act("Order Filler", "RAD-4", case)
    assert told(department, "ORC-2.1") == ("A1",)


def test_one_order_becomes_two_studies_under_one_accession_number(
    department: Any, case: Case, hl7: Any, order: Any, everything: Any
) -> None:
    plan: ProcedurePlan = department.procedures
    both = replace(plan.services["CTH"], further=("DXH",))
    department.procedures = replace(plan, services={**plan.services, "CTH": both})
    filler = department.play(OrderFiller)
    department.deliver("RAD-1", "Order Filler", hl7(*REGISTRATION).raw)
    order()
    found = everything(filler)
    assert len(found) == 2
    assert len({one.AccessionNumber for one in found}) == 1
    assert len({one.StudyInstanceUID for one in found}) == len({one.RequestedProcedureID for one in found}) == 2
    assert {one.FillerOrderNumberImagingServiceRequest for one in found} == {"F1"}
    order("CA")
    assert not filler.orders.entries()


# RAD-48


@pytest.mark.parametrize(("form", "version"), [("2.3.1", "2.4"), ("2.5.1", "2.5.1")])
def test_an_appointment_keeps_its_number(
    department: Any, case: Case, filler: OrderFiller, form: str, version: str
) -> None:
    department.present = (*department.present, "Order Placer")
    starts = []
    for event, action, delay in (("S12", "A", 0), ("S13", "U", 60), ("S15", "D", 0)):
        department.act("Order Filler", "RAD-48", case, form=form, trigger=event, delay=delay)
        message = department.sent[-1].message
        assert (message.type, message.version) == (f"SIU^{event}", version)
        assert told(department, "SCH-2", "SCH-26", "SCH-27") == ("AP1^OF", "A1^HISOP", "F1^OF")
        assert told(department, "RGS-2", "AIS-2", "AIS-3.1") == (action, action, "CTH")
        assert message.has("SCH-11") == (form == "2.3.1")
        starts.append(message.first("AIS-4"))
    assert starts[0] != starts[1] == starts[2]


def test_only_a_booked_appointment_is_moved(department: Any, case: Case, filler: OrderFiller) -> None:
    with pytest.raises(CannotAct, match="no appointment"):
        department.act("Order Filler", "RAD-48", case, trigger="S13")


def test_the_placer_takes_what_the_filler_books(department: Any, case: Case, filler: OrderFiller) -> None:
    department.play(OrderPlacer)
    department.act("Order Filler", "RAD-3", case, control="SN")
    department.act("Order Filler", "RAD-48", case, trigger="S12")
    assert department.sent[-1].answer.first("MSA-1") == "AA"


# RAD-12


@pytest.mark.parametrize("event", ["A02", "A03", "A06", "A07", "A12", "A13"])
def test_what_becomes_of_a_visit_is_handed_on(
    department: Any, hl7: Any, filler: OrderFiller, everything: Any, event: str
) -> None:
    message = hl7(
        rf"MSH|^~\&|HIS|HOSP|RIS|RAD|20240102110000||ADT^{event}^X|HIS{event}|P|2.5.1",
        "EVN||20240102110000",
        REGISTRATION[2],
        "PV1||I|ICU^7|||WARD^12|||||||||||||||||||||||||||||||||||||||20240103",
    )
    assert department.deliver("RAD-12", "Order Filler", message.raw).first("MSA-1") == "AA"
    assert everything(filler)[0].CurrentPatientLocation == "ICU^7"
    department.settle()
    handed = {one.to: one.message for one in department.sent if one.transaction == "RAD-12"}
    assert set(handed) == {"Order Filler", "Image Manager", "Report Manager"}
    assert handed["Image Manager"].type == f"ADT^{event}"
    assert (handed["Image Manager"].first("PV1-6"), handed["Image Manager"].first("PV1-45")) == ("WARD^12", "20240103")


def test_a_refused_update_is_not_handed_on(department: Any, hl7: Any, filler: OrderFiller) -> None:
    message = hl7(
        r"MSH|^~\&|HIS|HOSP|RIS|RAD|20240102110000||ADT^A02^X|HIS2|P|2.5.1", "PID|||P9^^^HOSP||ROE", "PV1||I|ICU"
    )
    assert department.deliver("RAD-12", "Order Filler", message.raw).first("MSA-1") == "AE"
    department.settle()
    assert department.sent[-1].to == "Order Filler"
