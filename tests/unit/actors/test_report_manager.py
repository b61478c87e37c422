"""Reports kept, issued and exported: the ORU^R01 typed by hand from a data set typed by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydicom.dataset import Dataset

from actors.enterprise_report_repository import EnterpriseReportRepository
from actors.objects.copying import put
from actors.report_manager import ReportManager
from actors.report_repository import ReportRepository
from harness.errors import CannotAct
from harness.model.profile import Service
from harness.model.scenario import Case

SR = "1.2.840.10008.5.1.4.1.1.88.11"
CT = "1.2.840.10008.5.1.4.1.1.2"


def item(**values: Any) -> Dataset:
    ds = Dataset()
    for keyword, value in values.items():
        put(ds, keyword, value)
    return ds


def code(value: str, meaning: str, scheme: str = "L") -> Dataset:
    return item(CodeValue=value, CodeMeaning=meaning, CodingSchemeDesignator=scheme)


def report(uid: str = "9.1", completion: str = "COMPLETE", **more: Any) -> Dataset:
    image = item(ReferencedSOPClassUID=CT, ReferencedSOPInstanceUID="1.2.1.1")
    other = item(ReferencedSOPClassUID=CT, ReferencedSOPInstanceUID="1.2.1.2")
    series = item(SeriesInstanceUID="1.2.1", ReferencedSOPSequence=[image, other])
    text = item(ValueType="TEXT", ConceptNameCodeSequence=[code("121071", "Finding")], TextValue="All | well")
    section = item(ValueType="CONTAINER", ConceptNameCodeSequence=[code("59776-5", "Findings")], ContentSequence=[text])
    values: dict[str, Any] = {
        "SOPClassUID": SR,
        "SOPInstanceUID": uid,
        "ContentDate": "20240102",
        "ContentTime": "101500.5",
        "PatientName": "DOE^JANE^ANN^MS^JR",
        "PatientID": "P1001",
        "PatientBirthDate": "19700101",
        "PatientSex": "F",
        "CompletionFlag": completion,
        "VerificationFlag": "VERIFIED",
        "VerifyingObserverSequence": [item(VerifyingObserverName="READER^RITA", VerificationDateTime="20240102111500")],
        "ReferencedRequestSequence": [
            item(
                AccessionNumber="ACC1",
                RequestedProcedureID="RP1",
                PlacerOrderNumberImagingServiceRequest="A1",
                FillerOrderNumberImagingServiceRequest="F1",
                RequestedProcedureCodeSequence=[code("CTH", "CT head")],
            )
        ],
        "CurrentRequestedProcedureEvidenceSequence": [item(StudyInstanceUID="1.2", ReferencedSeriesSequence=[series])],
        "ContentSequence": [section],
    }
    return item(**{**values, **more})


@pytest.fixture
def manager(department: Any, dimse: Any) -> ReportManager:
    """A Report Manager with one final report."""
    actor: ReportManager = department.play(ReportManager)
    assert actor.c_store(dimse(Service.C_STORE, report(), "9.1", sop_class=SR)).status == 0x0000
    return actor


BODY = [
    "OBR|1|A1|F1|CTH^CT head^L|||20240102101500|||||||||||ACC1|RP1|||20240102111500|||F|||||||&READER&RITA",
    "OBX|1|HD|^SR Instance UID||9.1||||||F",
    "OBX|2|HD|^Study Instance UID|1|1.2||||||F",
    "OBX|3|HD|^Series Instance UID|1|1.2.1||||||F",
    "OBX|4|HD|^SOP Instance UID|1|1.2.1.1||||||F",
    "OBX|5|HD|^SOP Class UID|1|1.2.840.10008.5.1.4.1.1.2||||||F",
    "OBX|6|HD|^Study Instance UID|2|1.2||||||F",
    "OBX|7|HD|^Series Instance UID|2|1.2.1||||||F",
    "OBX|8|HD|^SOP Instance UID|2|1.2.1.2||||||F",
    "OBX|9|HD|^SOP Class UID|2|1.2.840.10008.5.1.4.1.1.2||||||F",
    r"OBX|10|TX|^SR Text||Findings~Finding: All \F\ well||||||F",
]
EXPORT_231 = [
    r"MSH|^~\&|RM|HOSP|ERR|HOSP|20240102101500||ORU^R01|M1|P|2.3.1",
    "PID|||P1001^^^HOSP||DOE^JANE^ANN^JR^MS||19700101|F",
    *BODY,
]
EXPORT_251 = [
    r"MSH|^~\&|RM|HOSP|ERR|HOSP|20240102101500||ORU^R01^ORU_R01|M1|P|2.5.1",
    "PID|||P1001^^^HOSP^MR||DOE^JANE^ANN^JR^MS||19700101|F",
    *BODY,
]


@pytest.mark.parametrize(("form", "golden"), [("2.3.1", EXPORT_231), ("2.5.1", EXPORT_251)])
def test_export(department: Any, case: Case, manager: ReportManager, lines: Any, form: str, golden: list[str]) -> None:
    enterprise = department.play(EnterpriseReportRepository)
    department.act("Report Manager", "RAD-28", case, form=form)
    sent = department.sent[-1]
    assert lines(sent.message) == golden
    assert sent.answer.first("MSA-1") == "AA"
    kept = enterprise.report("9.1")
    assert (kept.patient_id, kept.placer, kept.text) == ("P1001", "A1", "Findings\nFinding: All | well")


SCHEDULED_231 = (
    r"MSH|^~\&|OF|HOSP|RM|HOSP|2024||ORM^O01|F7|P|2.3.1",
    "PID|||P1001^^^HOSP||DOE^JANE",
    "ORC|NW|A7^OP|F7^OF||SC",
    "OBR|1|A7^OP|F7^OF|CTH^CT head^L",
    "ZDS|1.2^OF^Application^DICOM",
)
SCHEDULED_251 = (
    r"MSH|^~\&|OF|HOSP|RM|HOSP|2024||OMI^O23^OMI_O23|F7|P|2.5.1",
    "PID|||P1001^^^HOSP^MR||DOE^JANE",
    "ORC|NW|A7^OP|F7^OF||SC",
    "OBR|1|A7^OP|F7^OF|CTH^CT head^L",
    "IPC|ACC1^OF|RP1|1.2|SPS1",
)


@pytest.mark.parametrize("scheduled", [SCHEDULED_231, SCHEDULED_251], ids=["2.3.1", "2.5.1"])
def test_the_order_of_a_report_without_numbers_is_the_one_that_was_scheduled(
    department: Any, case: Case, manager: ReportManager, dimse: Any, hl7: Any, scheduled: tuple[str, ...]
) -> None:
    assert department.deliver("RAD-4", "Report Manager", hl7(*scheduled).raw).first("MSA-1") == "AA"
    request = item(AccessionNumber="ACC1", RequestedProcedureID="RP1")
    later = report("9.2", StudyInstanceUID="1.2", ReferencedRequestSequence=[request])
    manager.c_store(dimse(Service.C_STORE, later, "9.2", sop_class=SR))
    department.act("Report Manager", "RAD-28", case)
    message = department.sent[-1].message
    assert (message.first("OBR-2"), message.first("OBR-3")) == ("A7^OP", "F7^OF")


def test_the_numbers_that_a_report_names_itself_go_before(
    department: Any, case: Case, manager: ReportManager, hl7: Any
) -> None:
    department.deliver("RAD-4", "Report Manager", hl7(*SCHEDULED_251).raw)
    department.act("Report Manager", "RAD-28", case)
    assert department.sent[-1].message.first("OBR-2") == "A1"


@pytest.mark.parametrize(("removed", "location"), [("IPC", "IPC^1^3^1^1"), ("PID", "PID^1^3^1^1")])
def test_a_schedule_without_study_or_patient_is_refused(
    department: Any, manager: ReportManager, hl7: Any, removed: str, location: str
) -> None:
    kept = [segment for segment in SCHEDULED_251 if not segment.startswith(removed)]
    answer = department.deliver("RAD-4", "Report Manager", hl7(*kept).raw)
    assert (answer.first("MSA-1"), answer.first("ERR-2")) == ("AE", location)


def test_the_report_manager_takes_no_other_message(department: Any, manager: ReportManager, hl7: Any) -> None:
    other = hl7(r"MSH|^~\&|ADT|HOSP|RM|HOSP|2024||ADT^A04^ADT_A01|1|P|2.5.1")
    assert department.deliver("RAD-1", "Report Manager", other.raw).first("MSA-1") == "AR"


def test_a_report_that_names_no_order_is_not_exported(
    department: Any, case: Case, manager: ReportManager, dimse: Any
) -> None:
    later = report("9.2", ReferencedRequestSequence=[])
    manager.c_store(dimse(Service.C_STORE, later, "9.2", sop_class=SR))
    with pytest.raises(CannotAct, match="placer order number"):
        department.act("Report Manager", "RAD-28", case)


def test_the_final_report_is_issued_as_submitted(
    department: Any, case: Case, manager: ReportManager, dimse: Any
) -> None:
    repository = department.play(ReportRepository)
    manager.c_store(dimse(Service.C_STORE, report("9.2", "PARTIAL"), "9.2", sop_class=SR))
    department.act("Report Manager", "RAD-25", case)
    assert [one.sop_instance for one in department.asked] == ["9.1"]
    assert repository.reports.find("9.1") == report()


def test_nothing_is_issued_of_a_draft(department: Any, case: Case, dimse: Any) -> None:
    manager = department.play(ReportManager)
    manager.c_store(dimse(Service.C_STORE, report("9.2", "PARTIAL"), "9.2", sop_class=SR))
    with pytest.raises(CannotAct, match="final report"):
        department.act("Report Manager", "RAD-25", case)


@pytest.mark.parametrize(
    ("dataset", "instance", "status"),
    [(Dataset(), "9.3", 0xC000), (report("9.3"), "9.4", 0xA900), (report("9.3", SOPClassUID=CT), "9.3", 0xA900)],
)
def test_what_does_not_fit_its_command_is_refused(
    manager: ReportManager, dimse: Any, dataset: Dataset, instance: str, status: int
) -> None:
    assert manager.c_store(dimse(Service.C_STORE, dataset, instance, sop_class=SR)).status == status
    assert manager.reports.find(instance) is None


def test_the_first_copy_of_a_report_stays(manager: ReportManager, dimse: Any) -> None:
    again = report("9.1", PatientID="P2")
    assert manager.c_store(dimse(Service.C_STORE, again, "9.1", sop_class=SR)).status == 0x0000
    kept = manager.reports.find("9.1")
    assert kept is not None
    assert kept.PatientID == "P1001"


def test_the_enterprise_repository_refuses_a_result_without_observation(department: Any, hl7: Any) -> None:
    department.play(EnterpriseReportRepository)
    message = hl7(EXPORT_251[0], EXPORT_251[1], BODY[0])
    answer = department.deliver("RAD-28", "Enterprise Report Repository", message.raw)
    assert (answer.first("MSA-1"), answer.first("ERR-3.1")) == ("AE", "100")


# updates of the patient


KNOWN = r"MSH|^~\&|OF|HOSP|RM|HOSP|2024||ADT^{event}|{event}|P|2.3.1"
MERGE = (
    KNOWN.format(event="A40"),
    "EVN||20240102120000",
    "PID|||P2002^^^HOSP||REAL^ANNA||19800101|F",
    "MRG|P1001^^^HOSP||||||DOE^JANE",
)
RENAMED = (
    KNOWN.format(event="A08"),
    "EVN||20240102120000",
    "PID|||P1001^^^HOSP||REAL^ANNA||19800101|F",
    "PV1||O",
)


def issued(department: Any) -> list[Dataset]:
    return [one.dataset for one in department.asked if one.transaction == "RAD-25"]


def survivor(case: Case) -> Case:
    return replace(case, patients={"main": replace(case.patients["main"], id="P2002")})


def test_after_a_merge_a_version_of_its_own_is_issued_that_names_the_one_submitted(
    department: Any, case: Case, manager: ReportManager, hl7: Any
) -> None:
    assert department.deliver("RAD-12", "Report Manager", hl7(*MERGE).raw).first("MSA-1") == "AA"
    department.act("Report Manager", "RAD-25", survivor(case))
    (version,) = issued(department)
    assert (version.PatientID, version.PatientName, version.PatientBirthDate) == ("P2002", "REAL^ANNA", "19800101")
    assert version.SOPInstanceUID != "9.1"
    (study,) = version.PredecessorDocumentsSequence
    assert study.ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == "9.1"
    assert manager.reports.find("9.1").PatientID == "P1001", "what was submitted stays as it is"


def test_after_a_merge_the_export_names_the_surviving_patient(
    department: Any, case: Case, manager: ReportManager, hl7: Any
) -> None:
    department.deliver("RAD-12", "Report Manager", hl7(*MERGE).raw)
    department.act("Report Manager", "RAD-28", survivor(case))
    message = department.sent[-1].message
    assert (message.first("PID-3.1"), message.first("PID-5"), message.first("OBR-2")) == ("P2002", "REAL^ANNA", "A1")


def test_the_dissolved_identity_has_no_report_any_more(
    department: Any, case: Case, manager: ReportManager, hl7: Any
) -> None:
    department.deliver("RAD-12", "Report Manager", hl7(*MERGE).raw)
    with pytest.raises(CannotAct, match="no final report"):
        department.act("Report Manager", "RAD-25", case)


def test_a_renamed_patient_is_issued_once_under_the_new_name(
    department: Any, case: Case, manager: ReportManager, hl7: Any
) -> None:
    department.deliver("RAD-12", "Report Manager", hl7(*RENAMED).raw)
    department.act("Report Manager", "RAD-25", case)
    department.act("Report Manager", "RAD-25", case)
    first, again = issued(department)
    assert first.PatientName == "REAL^ANNA"
    assert again.SOPInstanceUID == first.SOPInstanceUID


def test_a_change_of_an_unknown_study_is_refused(department: Any, manager: ReportManager, hl7: Any) -> None:
    changed = [segment.replace("ORC|NW", "ORC|XO") for segment in SCHEDULED_231]
    assert department.deliver("RAD-13", "Report Manager", hl7(*changed).raw).first("MSA-1") == "AE"
    department.deliver("RAD-4", "Report Manager", hl7(*SCHEDULED_231).raw)
    assert department.deliver("RAD-13", "Report Manager", hl7(*changed).raw).first("MSA-1") == "AA"
