"""Order in, worklist entry and RAD-4 out: messages and attributes typed by hand, from the mapping of RAD TF-2x B.

Independent of the project's own composer: what goes in and what is expected are both written down here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pydicom.dataset import Dataset

from actors.order_filler import OrderFiller
from harness.dicom import paths
from harness.errors import Unreachable
from harness.hl7 import Message
from harness.model.scenario import Case

REGISTRATION = (
    r"MSH|^~\&|HIS|HOSP|RIS|RAD|20240102101000||ADT^A04^ADT_A01|HIS1|P|2.5.1",
    "EVN||20240102101000",
    "PID|1||P1001^^^HOSP&1.2.3.4&ISO^MR~99^^^OTHER^SS||DOE^JANE^ANN^JR^MS||197001011230|F||2106-3^^HL70005"
    "|1 MAIN ST^^TOWN|||||||ACC77^^^HOSP",
    "PV1|1|O|WARD^12^1^HOSP|||||88^REFER^RAY^^^DR|||||||||||V900^^^HOSP||||||||||||||||||||||||||||||||V",
)
ORDER_251 = (
    r"MSH|^~\&|HIS|HOSP|RIS|RAD|20240102101200||OMG^O19^OMG_O19|HIS2|P|2.5.1",
    "PID|1||P1001^^^HOSP&1.2.3.4&ISO^MR||DOE^JANE^ANN^JR^MS||19700101|F",
    "PV1|1|O",
    "ORC|NW|A1^HISOP|||||||20240102101200|9^CLERK^C||77^ORDER^DOC^Q^III^PROF||555|||ORG^Ward Seven^L",
    "TQ1|1||||||20240103084500||S",
    r"OBR|1|A1^HISOP||CTH^CT head^L||||||||^deaf|Metal \T\ implants|||77^ORDER^DOC^Q^III^PROF"
    "||||||||||||||CART|R51^headache^I10",
)
ORDER_231 = (
    r"MSH|^~\&|HIS|HOSP|RIS|RAD|20240102101200||ORM^O01|HIS2|P|2.3.1",
    "PID|1||P1001^^^HOSP&1.2.3.4&ISO||DOE^JANE^ANN^JR^MS||19700101|F",
    "PV1|1|O",
    "ORC|NW|A1^HISOP|||||1^once^^20240103084500^^S||20240102101200|9^CLERK^C||77^ORDER^DOC^Q^III^PROF||555"
    "|||ORG^Ward Seven^L",
    r"OBR|1|A1^HISOP||CTH^CT head^L||||||||^deaf|Metal \T\ implants|||77^ORDER^DOC^Q^III^PROF|||||||||||"
    "1^once^^20240103084500^^S|||CART|R51^headache^I10",
)
WORKLIST: Mapping[str, str] = {
    "PatientName": "DOE^JANE^ANN^MS^JR",
    "PatientID": "P1001",
    "IssuerOfPatientID": "HOSP",
    "IssuerOfPatientIDQualifiersSequence[0].UniversalEntityID": "1.2.3.4",
    "IssuerOfPatientIDQualifiersSequence[0].UniversalEntityIDType": "ISO",
    "PatientBirthDate": "19700101",
    "PatientSex": "F",
    "PatientState": "deaf",
    "MedicalAlerts": "Metal & implants",
    "AdmissionID": "V900",
    "IssuerOfAdmissionIDSequence[0].LocalNamespaceEntityID": "HOSP",
    "CurrentPatientLocation": "WARD^12^1^HOSP",
    "ReferringPhysicianName": "REFER^RAY^^DR",
    "AccessionNumber": "ACC1",
    "IssuerOfAccessionNumberSequence[0].LocalNamespaceEntityID": "OF",
    "RequestingPhysician": "ORDER^DOC^Q^PROF^III",
    "RequestingService": "Ward Seven",
    "PlacerOrderNumberImagingServiceRequest": "A1",
    "OrderPlacerIdentifierSequence[0].LocalNamespaceEntityID": "HISOP",
    "FillerOrderNumberImagingServiceRequest": "F1",
    "OrderFillerIdentifierSequence[0].LocalNamespaceEntityID": "OF",
    "StudyInstanceUID": "1.2.3.1",
    "ReferencedStudySequence[0].ReferencedSOPClassUID": "1.2.840.10008.3.1.2.3.1",
    "ReferencedStudySequence[0].ReferencedSOPInstanceUID": "1.2.3.1",
    "RequestedProcedureID": "RP1",
    "RequestedProcedureDescription": "CT head",
    "RequestedProcedureCodeSequence[0].CodeValue": "CTH",
    "RequestedProcedureCodeSequence[0].CodingSchemeDesignator": "L",
    "RequestedProcedureCodeSequence[0].CodeMeaning": "CT head",
    "RequestedProcedurePriority": "STAT",
    "PatientTransportArrangements": "CART",
    "ReasonForTheRequestedProcedure": "headache",
    "ReasonForRequestedProcedureCodeSequence[0].CodeValue": "R51",
    "ScheduledProcedureStepSequence[0].ScheduledStationAETitle": "CT1",
    "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate": "20240103",
    "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartTime": "084500",
    "ScheduledProcedureStepSequence[0].Modality": "CT",
    "ScheduledProcedureStepSequence[0].ScheduledProcedureStepDescription": "CT head plain",
    "ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence[0].CodeValue": "CTHP",
    "ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence[0].CodingSchemeDesignator": "L",
    "ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence[0].CodeMeaning": "CT head plain",
    "ScheduledProcedureStepSequence[0].ScheduledProcedureStepID": "SPS1",
    "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStatus": "SCHEDULED",
}
TYPE_2_WITHOUT_VALUE = (
    "PatientWeight",
    "PregnancyStatus",
    "Allergies",
    "SpecialNeeds",
    "ConfidentialityConstraintOnPatientDataDescription",
    "ReferencedPatientSequence",
    "ScheduledProcedureStepSequence[0].ScheduledPerformingPhysicianName",
    "ScheduledProcedureStepSequence[0].ScheduledStationName",
    "ScheduledProcedureStepSequence[0].ScheduledProcedureStepLocation",
    "ScheduledProcedureStepSequence[0].PreMedication",
    "ScheduledProcedureStepSequence[0].RequestedContrastAgent",
)


@pytest.mark.parametrize("order", [ORDER_231, ORDER_251], ids=["2.3.1", "2.5.1"])
def test_order_becomes_a_worklist_entry(department: Any, hl7: Any, everything: Any, order: tuple[str, ...]) -> None:
    filler = department.play(OrderFiller)
    for message in (REGISTRATION, order):
        assert department.deliver("RAD-2", "Order Filler", hl7(*message).raw).first("MSA-1") == "AA"
    (entry,) = everything(filler)
    assert {path: paths.first(entry, path) for path in WORKLIST} == WORKLIST
    for path in TYPE_2_WITHOUT_VALUE:
        assert paths.present(entry, path), path
        assert not paths.has(entry, path), path


PID_RAD4_231 = (
    "PID|||P1001^^^HOSP&1.2.3.4&ISO||DOE^JANE^ANN^JR^MS||19700101|F||2106-3^^HL70005|1 MAIN ST^^TOWN"
    "|||||||V900^^^HOSP&1.2.3.4&ISO"
)
PID_RAD4_251 = PID_RAD4_231.replace("&ISO||DOE", "&ISO^MR||DOE")
PV1_RAD4 = (
    "PV1||O|WARD^12^1^HOSP|||||88^REFER^RAY^^^DR|||||||||||V900^^^HOSP&1.2.3.4&ISO||||||||||||||||||||||||||||||||V"
)
RAD4_231 = [
    r"MSH|^~\&|OF|HOSP|IM|HOSP|20240102101500||ORM^O01|M3|P|2.3.1",
    PID_RAD4_231,
    PV1_RAD4,
    "ORC|NW|A1^HISOP|F1^OF||SC||1^once^^20240103084500^^S||20240102101500|9^CLERK^C||77^ORDER^DOC^Q^III^PROF||555"
    "|||ORG^Ward Seven^L",
    r"OBR|1|A1^HISOP|F1^OF|CTH^CT head^L^CTHP^CT head plain^L||||||||^deaf|Metal \T\ implants|||77^ORDER^DOC^Q^III^PROF"
    "||ACC1|RP1|SPS1||||CT|||1^once^^20240103084500^^S|||CART|R51^headache^I10|||||||||||||CTH^CT head^L",
    "ZDS|1.2.3.1^OF^Application^DICOM",
]
RAD4_251 = [
    r"MSH|^~\&|OF|HOSP|IM|HOSP|20240102101500||OMI^O23^OMI_O23|M3|P|2.5.1",
    PID_RAD4_251,
    PV1_RAD4,
    "ORC|NW|A1^HISOP|F1^OF||SC||||20240102101500|9^CLERK^C||77^ORDER^DOC^Q^III^PROF||555|||ORG^Ward Seven^L",
    "TQ1|1||||||20240103084500||S",
    r"OBR|1|A1^HISOP|F1^OF|CTH^CT head^L||||||||^deaf|Metal \T\ implants|||77^ORDER^DOC^Q^III^PROF"
    "||||||||||||||CART|R51^headache^I10|||||||||||||CTH^CT head^L",
    "IPC|ACC1^OF|RP1^OF|1.2.3.1|SPS1^OF|CT|CTHP^CT head plain^L|||CT1",
]


@pytest.mark.parametrize(
    ("form", "order", "golden"),
    [("2.3.1", ORDER_231, RAD4_231), ("2.5.1", ORDER_251, RAD4_251)],
    ids=["2.3.1", "2.5.1"],
)
def test_order_becomes_an_announcement(
    department: Any, case: Case, hl7: Any, lines: Any, form: str, order: tuple[str, ...], golden: list[str]
) -> None:
    department.play(OrderFiller)
    for message in (REGISTRATION, order):
        department.deliver("RAD-2", "Order Filler", hl7(*message).raw)
    department.act("Order Filler", "RAD-4", case, form=form)
    first, second = department.sent[-2:]
    assert (first.to, second.to) == ("Image Manager", "Report Manager")
    assert lines(first.message) == golden
    assert lines(second.message)[1:] == golden[1:]
    assert (second.message.first("MSH-5"), second.message.control_id != first.message.control_id) == ("RM", True)


def test_without_a_report_manager_the_archive_alone_is_told(department: Any, case: Case, hl7: Any) -> None:
    department.present = tuple(name for name in department.present if name != "Report Manager")
    department.play(OrderFiller)
    for message in (REGISTRATION, ORDER_251):
        department.deliver("RAD-2", "Order Filler", hl7(*message).raw)
    department.act("Order Filler", "RAD-4", case)
    assert [one.to for one in department.sent if one.transaction == "RAD-4"] == ["Image Manager"]


def test_an_archive_that_is_down_does_not_keep_the_announcement_from_the_report_manager(
    department: Any, case: Case, hl7: Any
) -> None:
    department.play(OrderFiller)
    for message in (REGISTRATION, ORDER_251):
        department.deliver("RAD-2", "Order Filler", hl7(*message).raw)
    department.failing["Image Manager"] = Unreachable("down")
    with pytest.raises(Unreachable):
        department.act("Order Filler", "RAD-4", case)
    assert [one.to for one in department.sent if one.transaction == "RAD-4"] == ["Report Manager"]


@pytest.mark.parametrize(("order", "service"), [(ORDER_251, "MRB"), (ORDER_231, "MRB")], ids=["2.5.1", "2.3.1"])
def test_two_steps_are_two_entries_and_two_order_groups(
    department: Any, case: Case, hl7: Any, everything: Any, order: tuple[str, ...], service: str
) -> None:
    filler = department.play(OrderFiller)
    typed = [segment.replace("CTH^CT head^L", f"{service}^MR brain^L") for segment in order]
    department.deliver("RAD-1", "Order Filler", hl7(*REGISTRATION).raw)
    department.deliver("RAD-2", "Order Filler", hl7(*typed).raw)
    entries: list[Dataset] = everything(filler)
    step = "ScheduledProcedureStepSequence[0]."
    assert [paths.first(one, f"{step}ScheduledProcedureStepID") for one in entries] == ["SPS1", "SPS2"]
    assert [paths.first(one, f"{step}ScheduledProcedureStepStartTime") for one in entries] == ["084500", "090500"]
    assert {paths.first(one, f"{step}ScheduledStationAETitle") for one in entries} == {"MODALITY"}
    assert {paths.first(one, "StudyInstanceUID") for one in entries} == {"1.2.3.1"}
    version = typed[0].split("|")[-1]
    department.act("Order Filler", "RAD-4", case, form=version)
    message: Message = department.sent[-1].message
    steps, starts = ("OBR-20", "ORC-7.4") if version == "2.3.1" else ("IPC-4.1", "TQ1-7")
    assert [one.value for one in message.all(steps)] == ["SPS1", "SPS2"]
    assert [one.value for one in message.all(starts)] == ["20240103084500", "20240103090500"]
    assert [one.value for one in message.all("OBR-1")] == ["1", "2"]
    assert message.segment_names().count("ZDS") == (1 if version == "2.3.1" else 0)


def test_two_protocol_codes_are_code_items_and_repeated_groups(
    department: Any, case: Case, hl7: Any, everything: Any
) -> None:
    filler = department.play(OrderFiller)
    department.deliver("RAD-1", "Order Filler", hl7(*REGISTRATION).raw)
    typed = [segment.replace("CTH^CT head^L", "DXH^Hip 2 views^L") for segment in ORDER_251]
    department.deliver("RAD-2", "Order Filler", hl7(*typed).raw)
    (entry,) = everything(filler)
    codes = "ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence"
    assert [one.value for one in paths.values(entry, f"{codes}.CodeValue")] == ["AP", "AX"]
    department.act("Order Filler", "RAD-4", case, form="2.3.1")
    message = department.sent[-1].message
    assert [one.value for one in message.all("OBR-4.4")] == ["AP", "AX"]
    assert [one.value for one in message.all("OBR-20")] == ["SPS1", "SPS1"]


def test_an_announcement_of_two_protocol_codes_repeats_ipc_6(department: Any, case: Case, hl7: Any) -> None:
    department.play(OrderFiller)
    department.deliver("RAD-1", "Order Filler", hl7(*REGISTRATION).raw)
    typed = [segment.replace("CTH^CT head^L", "DXH^Hip 2 views^L") for segment in ORDER_251]
    department.deliver("RAD-2", "Order Filler", hl7(*typed).raw)
    department.act("Order Filler", "RAD-4", case)
    message = department.sent[-1].message
    assert [one.value for one in message.all("IPC-6.1")] == ["AP", "AX"]


@pytest.mark.parametrize(
    ("code", "priority"), [("S", "STAT"), ("A", "HIGH"), ("R", "ROUTINE"), ("P", "HIGH"), ("T", "MEDIUM"), ("X", "")]
)
def test_priority(department: Any, hl7: Any, everything: Any, code: str, priority: str) -> None:
    filler = department.play(OrderFiller)
    department.deliver("RAD-1", "Order Filler", hl7(*REGISTRATION).raw)
    typed = [segment.replace("20240103084500||S", f"20240103084500||{code}") for segment in ORDER_251]
    department.deliver("RAD-2", "Order Filler", hl7(*typed).raw)
    (entry,) = everything(filler)
    assert paths.first(entry, "RequestedProcedurePriority") == priority


@pytest.mark.parametrize(("sex", "expected"), [("F", "F"), ("M", "M"), ("O", "O"), ("U", ""), ("A", "")])
def test_sex_that_dicom_cannot_say_is_empty(
    department: Any, hl7: Any, everything: Any, sex: str, expected: str
) -> None:
    filler = department.play(OrderFiller)
    typed = [segment.replace("197001011230|F|", f"197001011230|{sex}|") for segment in REGISTRATION]
    department.deliver("RAD-1", "Order Filler", hl7(*typed).raw)
    department.deliver("RAD-2", "Order Filler", hl7(*ORDER_251).raw)
    (entry,) = everything(filler)
    assert paths.first(entry, "PatientSex") == expected


@pytest.mark.parametrize("start", ["", "soon", "20241301", "2024"])
def test_a_start_that_is_no_time_means_now(department: Any, hl7: Any, everything: Any, start: str) -> None:
    filler = department.play(OrderFiller)
    department.deliver("RAD-1", "Order Filler", hl7(*REGISTRATION).raw)
    typed = [segment.replace("20240103084500", start) for segment in ORDER_251]
    department.deliver("RAD-2", "Order Filler", hl7(*typed).raw)
    (entry,) = everything(filler)
    step = "ScheduledProcedureStepSequence[0].ScheduledProcedureStep"
    assert (paths.first(entry, f"{step}StartDate"), paths.first(entry, f"{step}StartTime")) == ("20240102", "101500")


def test_text_that_dicom_cannot_hold_is_made_to_fit(department: Any, hl7: Any, everything: Any) -> None:
    filler = department.play(OrderFiller)
    department.deliver("RAD-1", "Order Filler", hl7(*REGISTRATION).raw)
    long = "x" * 80
    typed = [segment.replace("Ward Seven", rf"a\E\b{long}") for segment in ORDER_251]
    department.deliver("RAD-2", "Order Filler", hl7(*typed).raw)
    (entry,) = everything(filler)
    assert paths.first(entry, "RequestingService") == f"a b{long}"[:64]


def test_names_outside_latin_1_are_utf_8(department: Any, hl7: Any, everything: Any) -> None:
    filler = department.play(OrderFiller)
    header = r"MSH|^~\&|HIS|HOSP|RIS|RAD|20240102101000||ADT^A04^ADT_A01|HIS1|P|2.5.1||||||UNICODE UTF-8"
    typed = [header, *(segment.replace("DOE^JANE", "ΠΑΠΠΑ^ΕΛΕΝΗ") for segment in REGISTRATION[1:])]
    department.deliver("RAD-1", "Order Filler", hl7(*typed).raw)
    department.deliver("RAD-2", "Order Filler", hl7(*ORDER_251).raw)
    (entry,) = everything(filler)
    assert paths.first(entry, "PatientName") == "ΠΑΠΠΑ^ΕΛΕΝΗ^ANN^MS^JR"
    assert paths.first(entry, "SpecificCharacterSet") == "ISO_IR 192"
