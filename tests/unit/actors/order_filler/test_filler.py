"""The filler's orders: taken, repeated, refused, cancelled, reported, and what performed steps do to them."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from pydicom.dataset import Dataset

from actors.objects.copying import put
from actors.order_filler import OrderFiller
from actors.order_placer import OrderPlacer
from harness.dicom import paths
from harness.errors import CannotAct
from harness.model.profile import Service
from harness.model.scenario import Case

REGISTRATION = (
    r"MSH|^~\&|HIS|HOSP|RIS|RAD|20240102101000||ADT^A04^ADT_A01|HIS1|P|2.5.1",
    "EVN||20240102101000",
    "PID|||P1001^^^HOSP^MR||DOE^JANE||19700101|F||||||||||V900^^^HOSP",
    "PV1||O||||||88^REFER^RAY",
)
ORDER = (
    r"MSH|^~\&|HIS|HOSP|RIS|RAD|20240102101200||OMG^O19^OMG_O19|HIS2|P|2.5.1",
    REGISTRATION[2],
    "PV1||O",
    "ORC|NW|A1^HISOP|||||||20240102101200|||77^ORDER^DOC|||||ORG^Ward^L",
    "TQ1|1||||||20240102101200||R",
    "OBR|1|A1^HISOP||CTH^CT head^L||||||||||||77^ORDER^DOC",
)
UPDATE = (
    r"MSH|^~\&|HIS|HOSP|RIS|RAD|20240102110000||ADT^A08^ADT_A01|HIS9|P|{version}",
    "EVN||20240102110000",
    "PID|||P1001^^^HOSP^MR||ROE^JANET||19710203|F",
    "PV1||O",
)


@pytest.fixture
def filler(department: Any, hl7: Any) -> OrderFiller:
    """One patient with one order."""
    actor: OrderFiller = department.play(OrderFiller)
    department.deliver("RAD-1", "Order Filler", hl7(*REGISTRATION).raw)
    department.deliver("RAD-2", "Order Filler", hl7(*ORDER).raw)
    return actor


def changed(segments: tuple[str, ...], old: str, new: str) -> tuple[str, ...]:
    return tuple(segment.replace(old, new) for segment in segments)


# orders


def test_a_retransmitted_order_is_taken_once(department: Any, hl7: Any, filler: OrderFiller) -> None:
    answer = department.deliver("RAD-2", "Order Filler", hl7(*ORDER).raw)
    assert answer.first("MSA-1") == "AA"
    assert len(filler.orders.entries()) == 1


@pytest.mark.parametrize(
    ("old", "new", "location", "code"),
    [
        ("HIS2", "HIS3", "ORC^1^2^1^1", "205"),
        ("A1^HISOP", "", "ORC^1^2^1^1", "101"),
        ("ORC|NW|A1^HISOP", "ORC|CA|A404^HISOP", "ORC^1^2^1^1", "204"),
        ("ORC|NW", "ORC|XX", "ORC^1^1", "103"),
        ("P1001^^^HOSP^MR", "", "PID^1^3^1^1", "101"),
    ],
)
def test_what_is_wrong_with_an_order_is_said(
    department: Any, hl7: Any, filler: OrderFiller, old: str, new: str, location: str, code: str
) -> None:
    answer = department.deliver("RAD-2", "Order Filler", hl7(*changed(ORDER, old, new)).raw)
    assert (answer.first("MSA-1"), answer.first("ERR-2"), answer.first("ERR-3.1")) == ("AE", location, code)
    assert len(filler.orders.entries()) == 1


def test_a_message_with_two_orders_is_two_orders(department: Any, hl7: Any, filler: OrderFiller) -> None:
    second = changed(ORDER[3:], "A1^", "A3^")
    first = changed(ORDER, "A1^", "A2^")
    answer = department.deliver("RAD-2", "Order Filler", hl7(*changed(first, "HIS2", "HIS4"), *second).raw)
    assert answer.first("MSA-1") == "AA"
    assert [entry.filled.order.placer.number for entry in filler.orders.entries()] == ["A1", "A2", "A3"]


def test_an_order_of_an_unannounced_patient_registers_the_patient(department: Any, hl7: Any) -> None:
    filler = department.play(OrderFiller)
    assert department.deliver("RAD-2", "Order Filler", hl7(*ORDER).raw).first("MSA-1") == "AA"
    (entry,) = filler.orders.entries()
    assert entry.registration.patient.name.family == "DOE"


@pytest.mark.parametrize("placer", ["A1^HISOP", "A1"])
def test_a_cancelled_order_leaves_the_worklist(
    department: Any, hl7: Any, filler: OrderFiller, placer: str, case: Case
) -> None:
    cancel = changed(changed(ORDER, "ORC|NW|A1^HISOP", f"ORC|CA|{placer}"), "HIS2", "HIS5")
    assert department.deliver("RAD-2", "Order Filler", hl7(*cancel).raw).first("MSA-1") == "AA"
    assert not filler.orders.entries()
    with pytest.raises(CannotAct, match="unannounced"):
        department.act("Order Filler", "RAD-4", case)


def test_a_procedure_is_announced_once(department: Any, case: Case, filler: OrderFiller) -> None:
    department.act("Order Filler", "RAD-4", case)
    with pytest.raises(CannotAct, match="unannounced"):
        department.act("Order Filler", "RAD-4", case)


def test_nothing_is_announced_of_an_unknown_patient(department: Any, case: Case) -> None:
    department.play(OrderFiller)
    with pytest.raises(CannotAct, match="P1001"):
        department.act("Order Filler", "RAD-4", case)


# patient update


@pytest.mark.parametrize("version", ["2.3.1", "2.5.1"])
def test_an_update_shows_in_the_worklist_and_goes_on_to_the_archive(
    department: Any, hl7: Any, filler: OrderFiller, lines: Any, everything: Any, version: str
) -> None:
    (before,) = everything(filler)
    answer = department.deliver("RAD-12", "Order Filler", hl7(*changed(UPDATE, "{version}", version)).raw)
    assert answer.first("MSA-1") == "AA"
    assert [one.to for one in department.sent][-1] == "Order Filler", "the archive is told after the answer"
    (after,) = everything(filler)
    assert (before.PatientName, after.PatientName, after.PatientID) == ("DOE^JANE", "ROE^JANET", "P1001")
    assert (after.AdmissionID, after.AccessionNumber) == ("V900", before.AccessionNumber)
    department.settle()
    forwarded, also = department.sent[-2:]
    forwarded = next(one for one in department.sent if one.to == "Image Manager")
    assert (forwarded.transaction, forwarded.to, forwarded.message.version) == ("RAD-12", "Image Manager", version)
    assert also.to == "Report Manager"
    assert lines(also.message)[1:] == lines(forwarded.message)[1:]
    suffix = "" if version == "2.3.1" else "^MR"
    assert lines(forwarded.message)[2:] == [
        f"PID|||P1001^^^HOSP{suffix}||ROE^JANET||19710203|F||||||||||V900^^^HOSP",
        "PV1||O||||||88^REFER^RAY|||||||||||V900^^^HOSP||||||||||||||||||||||||||||||||V",
    ]


def test_an_update_stays_here_when_there_is_no_archive(department: Any, hl7: Any, filler: OrderFiller) -> None:
    department.present = tuple(name for name in department.present if name not in ("Image Manager", "Report Manager"))
    told = ("Image Manager", "Report Manager")
    department.present = tuple(name for name in department.present if name not in told)
    department.deliver("RAD-12", "Order Filler", hl7(*changed(UPDATE, "{version}", "2.5.1")).raw)
    department.settle()
    assert department.sent[-1].to == "Order Filler"


# merge


SURVIVOR = changed(changed(REGISTRATION, "P1001^^^HOSP^MR||DOE^JANE", "P2002^^^HOSP^MR||REAL^ANNA"), "HIS1", "HIS11")
MERGE = (
    r"MSH|^~\&|HIS|HOSP|RIS|RAD|20240102120000||ADT^A40^ADT_A39|HIS12|P|2.5.1",
    "EVN||20240102120000",
    "PID|||N7^^^NATIONAL~P2002^^^HOSP^MR||REAL^ANNA||19700101|F",
    "MRG|P1001^^^HOSP^MR||||||DOE^JANE",
)


def test_a_merge_moves_orders_and_worklist_and_goes_on_to_archive_and_reports(
    department: Any, hl7: Any, filler: OrderFiller, lines: Any, everything: Any
) -> None:
    (before,) = everything(filler)
    department.deliver("RAD-1", "Order Filler", hl7(*SURVIVOR).raw)
    assert department.deliver("RAD-12", "Order Filler", hl7(*MERGE).raw).first("MSA-1") == "AA"
    (after,) = everything(filler)
    assert (after.PatientID, after.PatientName) == ("P2002", "REAL^ANNA")
    assert (after.StudyInstanceUID, after.AccessionNumber) == (before.StudyInstanceUID, before.AccessionNumber)
    department.settle()
    forwarded, also = department.sent[-2:]
    assert [forwarded.to, also.to] == ["Image Manager", "Report Manager"]
    assert lines(forwarded.message)[2:] == [
        "PID|||P2002^^^HOSP^MR||REAL^ANNA||19700101|F||||||||||V900^^^HOSP",
        "MRG|P1001^^^HOSP^MR||||||DOE^JANE",
    ]


def test_what_comes_with_a_dissolved_identifier_is_the_survivors(
    department: Any, hl7: Any, filler: OrderFiller, everything: Any
) -> None:
    department.deliver("RAD-12", "Order Filler", hl7(*MERGE).raw)
    order = changed(changed(ORDER, "A1^HISOP", "A2^HISOP"), "HIS2", "HIS13")
    department.deliver("RAD-2", "Order Filler", hl7(*order).raw)
    assert {entry.PatientID for entry in everything(filler)} == {"P2002"}


def test_a_merge_of_nobody_is_refused_and_changes_nothing(department: Any, hl7: Any, filler: OrderFiller) -> None:
    answer = department.deliver("RAD-12", "Order Filler", hl7(*MERGE[:3], "MRG|").raw)
    assert answer.first("MSA-1") == "AE"
    department.settle()
    assert department.sent[-1].to == "Order Filler"
    assert filler.orders.entries()[0].registration.patient.id == "P1001"


def test_the_filler_merges_an_identity_of_its_own_into_a_registered_patient(
    department: Any, hl7: Any, filler: OrderFiller, case: Case, everything: Any
) -> None:
    department.deliver("RAD-1", "Order Filler", hl7(*SURVIVOR).raw)
    real = replace(case.patients["main"], id="P2002", person="real")
    two = replace(case, patients={**case.patients, "real": real})
    department.act("Order Filler", "RAD-12", two, trigger="A40", patient="real", prior="main")
    message = department.sent[-2].message
    assert (message.type, message.first("PID-3.1"), message.first("MRG-1.1")) == ("ADT^A40", "P2002", "P1001")
    assert everything(filler)[0].PatientID == "P2002"


def test_the_filler_begins_no_other_update(department: Any, filler: OrderFiller, case: Case) -> None:
    with pytest.raises(CannotAct, match="A40"):
        department.act("Order Filler", "RAD-12", case, trigger="A08")


# filler orders and status


@pytest.mark.parametrize("form", ["2.3.1", "2.5.1"])
def test_an_order_of_the_department_gets_its_number_from_the_placer(
    department: Any, hl7: Any, case: Case, form: str
) -> None:
    filler = department.play(OrderFiller)
    placer = department.play(OrderPlacer)
    department.deliver("RAD-1", "Order Filler", hl7(*REGISTRATION).raw)
    department.act("Order Filler", "RAD-3", case, form=form, control="SN")
    request = department.sent[-1].message
    assert (request.first("ORC-1"), request.first("ORC-2"), request.first("OBR-2")) == ("SN", "", "")
    assert request.first("ORC-3") == request.first("OBR-3") == "F1^OF"
    for path in ("ORC-9", "ORC-12", "ORC-17", "OBR-4", "OBR-16", "OBR-31"):
        assert request.has(path), path
    (entry,) = filler.orders.entries()
    assert entry.filled.order.placer.number == "P1"
    assert placer.order("P1").order.filler.number == "F1"
    department.act("Order Filler", "RAD-3", case, form=form, control="SC", status="IP")
    assert placer.order("P1").state.value == "IP"
    department.act("Order Filler", "RAD-3", case, form=form, control="OC")
    assert placer.order("P1").state.value == "CA"
    assert not filler.orders.entries()


STATUS_231 = [
    r"MSH|^~\&|OF|HOSP|OP|HOSP|20240102101500||ORM^O01|M3|P|2.3.1",
    "PID|||P1001^^^HOSP||DOE^JANE||19700101|F||||||||||V900^^^HOSP",
    "PV1||O||||||88^REFER^RAY|||||||||||V900^^^HOSP||||||||||||||||||||||||||||||||V",
    "ORC|SC|A1^HISOP|F1^OF||CM||||20240102101500",
]
STATUS_251 = [
    r"MSH|^~\&|OF|HOSP|OP|HOSP|20240102101500||OMG^O19^OMG_O19|M3|P|2.5.1",
    "PID|||P1001^^^HOSP^MR||DOE^JANE||19700101|F||||||||||V900^^^HOSP",
    STATUS_231[2],
    "ORC|SC|A1^HISOP|F1^OF||CM||||20240102101500",
    "TQ1|1||||||20240102101200||R",
    "OBR|1|A1^HISOP|F1^OF|CTH^CT head^L||||||||||||77^ORDER^DOC",
]


@pytest.mark.parametrize(("form", "golden"), [("2.3.1", STATUS_231), ("2.5.1", STATUS_251)])
def test_status_message(
    department: Any, case: Case, filler: OrderFiller, lines: Any, form: str, golden: list[str]
) -> None:
    department.act("Order Filler", "RAD-3", case, form=form, control="SC", status="CM")
    assert lines(department.sent[-1].message) == golden


def test_a_status_is_not_made_up(department: Any, case: Case, filler: OrderFiller) -> None:
    with pytest.raises(CannotAct, match="nothing has happened"):
        department.act("Order Filler", "RAD-3", case, control="SC")


# performed steps


def mpps(status: str, *, step_id: str = "SPS1", procedure_id: str = "RP1", study_uid: str = "1.2.3.1") -> Dataset:
    item = Dataset()
    put(item, "StudyInstanceUID", study_uid)
    put(item, "RequestedProcedureID", procedure_id)
    put(item, "ScheduledProcedureStepID", step_id)
    ds = Dataset()
    put(ds, "PatientID", "P1001")
    put(ds, "PerformedProcedureStepStatus", status)
    put(ds, "ScheduledStepAttributesSequence", [item])
    return ds


def final(status: str, reason: str = "") -> Dataset:
    ds = Dataset()
    put(ds, "PerformedProcedureStepStatus", status)
    if reason:
        code = Dataset()
        put(code, "CodeValue", reason)
        put(ds, "PerformedProcedureStepDiscontinuationReasonCodeSequence", [code])
    return ds


def status_of(entries: list[Dataset]) -> list[str]:
    path = "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStatus"
    return [paths.first(entry, path) for entry in entries]


@pytest.mark.parametrize(
    ("status", "reason", "listed", "reported"),
    [
        ("COMPLETED", "", [], "CM"),
        ("DISCONTINUED", "110513", [], "DC"),
        ("DISCONTINUED", "110514", ["SCHEDULED"], ""),
    ],
)
def test_a_step_is_listed_until_it_is_done(
    department: Any,
    case: Case,
    filler: OrderFiller,
    dimse: Any,
    everything: Any,
    status: str,
    reason: str,
    listed: list[str],
    reported: str,
) -> None:
    assert filler.n_create(dimse(Service.N_CREATE, mpps("IN PROGRESS"), "9.1")).status == 0
    assert status_of(everything(filler)) == ["STARTED"]
    department.act("Order Filler", "RAD-3", case, control="SC")
    assert department.sent[-1].message.first("ORC-5") == "IP"
    assert filler.n_set(dimse(Service.N_SET, final(status, reason), "9.1")).status == 0
    assert status_of(everything(filler)) == listed
    if reported:
        department.act("Order Filler", "RAD-3", case, control="SC")
        assert department.sent[-1].message.first("ORC-5") == reported


@pytest.mark.parametrize(
    ("status", "reason"), [("", ""), ("COMPLETED", ""), ("DISCONTINUED", "110513"), ("DISCONTINUED", "110514")]
)
def test_a_completed_step_stays_so_whatever_is_appended(
    filler: OrderFiller, dimse: Any, everything: Any, status: str, reason: str
) -> None:
    filler.n_create(dimse(Service.N_CREATE, mpps("IN PROGRESS"), "9.1"))
    filler.n_set(dimse(Service.N_SET, final("COMPLETED"), "9.1"))
    filler.n_create(dimse(Service.N_CREATE, mpps("IN PROGRESS"), "9.2"))
    if status:
        filler.n_set(dimse(Service.N_SET, final(status, reason), "9.2"))
    assert status_of(everything(filler)) == []


def test_a_step_that_was_given_up_is_completed_by_a_second_attempt(
    department: Any, case: Case, filler: OrderFiller, dimse: Any, everything: Any
) -> None:
    filler.n_create(dimse(Service.N_CREATE, mpps("IN PROGRESS"), "9.1"))
    filler.n_set(dimse(Service.N_SET, final("DISCONTINUED", "110501"), "9.1"))
    filler.n_create(dimse(Service.N_CREATE, mpps("IN PROGRESS"), "9.2"))
    assert status_of(everything(filler)) == ["STARTED"]
    filler.n_set(dimse(Service.N_SET, final("COMPLETED"), "9.2"))
    department.act("Order Filler", "RAD-3", case, control="SC")
    assert department.sent[-1].message.first("ORC-5") == "CM"


def test_a_deviation_keeps_a_wrongly_started_step_off_the_worklist(
    department: Any, filler: OrderFiller, dimse: Any, everything: Any
) -> None:
    department.worlds["Order Filler"].decisions["wrong-entry-is-scheduled-again"] = False
    filler.n_create(dimse(Service.N_CREATE, mpps("IN PROGRESS"), "9.1"))
    filler.n_set(dimse(Service.N_SET, final("DISCONTINUED", "110514"), "9.1"))
    assert status_of(everything(filler)) == []


def test_a_grouped_step_is_found_under_another_study_of_the_same_patient(
    filler: OrderFiller, dimse: Any, everything: Any
) -> None:
    filler.n_create(dimse(Service.N_CREATE, mpps("IN PROGRESS", study_uid="7.7.7"), "9.1"))
    assert status_of(everything(filler)) == ["STARTED"]


@pytest.mark.parametrize("wrong", [{"step_id": "SPS9"}, {"procedure_id": "RP9"}, {"step_id": ""}])
def test_weak_keys_do_not_join(filler: OrderFiller, dimse: Any, everything: Any, wrong: dict[str, str]) -> None:
    assert filler.n_create(dimse(Service.N_CREATE, mpps("IN PROGRESS", **wrong), "9.1")).status == 0
    assert status_of(everything(filler)) == ["SCHEDULED"]


@pytest.mark.parametrize(("status", "listed"), [("", ["STARTED"]), ("COMPLETED", [])])
def test_an_examination_without_order_gives_its_study_to_the_order_that_follows(
    department: Any, hl7: Any, case: Case, dimse: Any, everything: Any, status: str, listed: list[str]
) -> None:
    filler = department.play(OrderFiller)
    department.deliver("RAD-1", "Order Filler", hl7(*REGISTRATION).raw)
    dataset = mpps("IN PROGRESS", step_id="", procedure_id="", study_uid="5.5.5")
    filler.n_create(dimse(Service.N_CREATE, dataset, "9.1"))
    if status:
        filler.n_set(dimse(Service.N_SET, final(status), "9.1"))
    department.act("Order Filler", "RAD-3", case, control="SN")
    department.act("Order Filler", "RAD-4", case)
    assert department.sent[-1].message.first("IPC-3") == "5.5.5"
    assert status_of(everything(filler)) == listed


def test_many_patients_at_once(department: Any, hl7: Any, everything: Any) -> None:
    filler = department.play(OrderFiller)

    def one(number: int) -> None:
        for message in (REGISTRATION, ORDER):
            typed = changed(changed(message, "P1001", f"P{number}"), "A1^", f"A{number}^")
            filler.receive(hl7(*changed(typed, "DOE", f"DOE{number}")))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    entries = {paths.first(entry, "PatientID"): entry for entry in everything(filler)}
    assert len(entries) == 40
    for number in range(40):
        entry = entries[f"P{number}"]
        assert paths.first(entry, "PatientName") == f"DOE{number}^JANE"
        assert paths.first(entry, "PlacerOrderNumberImagingServiceRequest") == f"A{number}"
