"""Reports found and retrieved: the Report Reader, the Report Repository and the access to reports from outside."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom.dataset import Dataset

from actors.external_report_repository_access import ExternalReportRepositoryAccess
from actors.objects.copying import put
from actors.report_reader import ReportReader
from actors.report_repository import ReportRepository
from harness.dicom.encoding import decode_payload, encode
from harness.errors import CannotAct
from harness.model.names import ActorName
from harness.model.profile import Service
from harness.model.scenario import Case
from harness.transports.dimse import DimseRequest, DimseResponse, MovePlan

SR = "1.2.840.10008.5.1.4.1.1.88.11"
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
EXPLICIT = "1.2.840.10008.1.2.1"
OUTSIDE = ActorName("External Report Repository Access")


def dataset(**values: Any) -> Dataset:
    ds = Dataset()
    for keyword, value in values.items():
        put(ds, keyword, value)
    return ds


def report(uid: str, patient: str = "P1001", **more: Any) -> Dataset:
    values = {
        "SOPClassUID": SR,
        "SOPInstanceUID": uid,
        "PatientID": patient,
        "PatientName": "DOE^JANE",
        "StudyInstanceUID": f"1.{patient[1:]}",
        "SeriesInstanceUID": f"{uid}.1",
        "Modality": "SR",
        "CompletionFlag": "COMPLETE",
        "VerificationFlag": "VERIFIED",
    }
    return dataset(**{**values, **more})


def stored(content: Dataset) -> DimseRequest:
    return DimseRequest(
        service=Service.C_STORE,
        sop_class=SR,
        sop_instance=str(content.SOPInstanceUID),
        calling_ae="RM",
        dataset=content,
        content=encode(content, EXPLICIT),
        transfer_syntax=EXPLICIT,
    )


def query(level: str, **keys: Any) -> DimseRequest:
    asked = dataset(QueryRetrieveLevel=level, **keys)
    return DimseRequest(service=Service.C_FIND, sop_class=FIND, sop_instance="", calling_ae="RR", dataset=asked)


def move(**keys: Any) -> DimseRequest:
    return DimseRequest(
        service=Service.C_MOVE,
        sop_class=MOVE,
        sop_instance="",
        calling_ae="RR",
        dataset=dataset(QueryRetrieveLevel="STUDY", **keys),
        fields={"MoveDestination": "REPORT_READER"},
    )


def shown(responses: Any, keyword: str) -> list[str]:
    return [str(one.dataset[keyword].value) for one in responses if one.dataset is not None]


@pytest.fixture
def repository(department: Any) -> ReportRepository:
    """Two versions of a report of one patient, and one of another."""
    department.present = (*department.present, "Report Reader", OUTSIDE)
    actor: ReportRepository = department.play(ReportRepository)
    for one in (report("9.1"), report("9.2"), report("9.3", "P2002")):
        assert actor.c_store(stored(one)).status == 0x0000
    return actor


def test_a_repository_shows_the_reports_of_the_patient_alone(repository: ReportRepository) -> None:
    studies = list(repository.c_find(query("STUDY", PatientID="P1001", StudyInstanceUID=None)))
    assert shown(studies, "StudyInstanceUID") == ["1.1001"]
    series = repository.c_find(query("SERIES", StudyInstanceUID="1.1001", SeriesInstanceUID=None))
    assert shown(series, "SeriesInstanceUID") == ["9.1.1", "9.2.1"]


def test_a_repository_shows_how_far_a_report_has_come(repository: ReportRepository) -> None:
    keys = {"StudyInstanceUID": "1.1001", "SeriesInstanceUID": "9.1.1", "SOPInstanceUID": None, "CompletionFlag": None}
    (one,) = repository.c_find(query("IMAGE", **keys))
    assert (one.status, one.dataset.SOPInstanceUID, one.dataset.CompletionFlag) == (0xFF00, "9.1", "COMPLETE")


def test_a_query_without_the_key_above_is_refused(repository: ReportRepository) -> None:
    (answer,) = repository.c_find(query("SERIES", SeriesInstanceUID=None))
    assert answer.status == 0xA900


def test_reports_are_handed_out_as_they_came(repository: ReportRepository) -> None:
    plan = repository.c_move(move(StudyInstanceUID="1.1001"))
    assert isinstance(plan, MovePlan)
    handed = [decode_payload(one) for one in plan.instances if isinstance(one, bytes)]
    assert [one.SOPInstanceUID for one in handed if one is not None] == ["9.1", "9.2"]
    assert handed[0] == report("9.1")


def test_reports_go_to_nobody_unknown(repository: ReportRepository) -> None:
    request = move(StudyInstanceUID="1.1001")
    elsewhere = DimseRequest(
        service=Service.C_MOVE,
        sop_class=MOVE,
        sop_instance="",
        calling_ae="RR",
        dataset=request.dataset,
        fields={"MoveDestination": "NOBODY"},
    )
    assert repository.c_move(elsewhere) == DimseResponse(0xA801)


def test_a_report_that_is_forgotten_is_acknowledged_all_the_same(department: Any) -> None:
    actor = department.play(ReportRepository)
    department.worlds["Report Repository"].decisions["report-is-kept"] = False
    assert actor.c_store(stored(report("9.1"))).status == 0x0000
    assert list(actor.c_find(query("STUDY", PatientID="P1001"))) == []


def test_keys_that_are_not_heeded_return_everything(department: Any, repository: ReportRepository) -> None:
    department.worlds["Report Repository"].decisions["query-keys-match"] = False
    found = repository.c_find(query("STUDY", PatientID="P1001", StudyInstanceUID=None))
    assert sorted(shown(found, "StudyInstanceUID")) == ["1.1001", "1.2002"]


# from outside


def test_outside_there_is_one_report_of_everybody(department: Any) -> None:
    access = department.play(ExternalReportRepositoryAccess)
    asked = {"PatientID": "P1001", "PatientName": "DOE^JANE", "StudyInstanceUID": None}
    first = shown(access.c_find(query("STUDY", **asked)), "StudyInstanceUID")
    again = shown(access.c_find(query("STUDY", **asked)), "StudyInstanceUID")
    assert len(first) == 1
    assert first == again


def test_outside_nobody_is_looked_up_who_is_not_named(department: Any) -> None:
    access = department.play(ExternalReportRepositoryAccess)
    assert list(access.c_find(query("STUDY", PatientID="*", StudyInstanceUID=None))) == []


# reading


def test_the_reader_looks_into_studies_and_series_and_keeps_what_it_found(
    department: Any, repository: ReportRepository, case: Case
) -> None:
    reader = department.play(ReportReader)
    department.act("Report Reader", "RAD-26", case)
    assert [one.dataset.QueryRetrieveLevel for one in department.asked] == ["STUDY", "SERIES", "IMAGE", "IMAGE"]
    found = reader.found(ActorName("Report Repository"), "P1001")
    assert [(one.study, one.reports) for one in found] == [("1.1001", ("9.1",)), ("1.1001", ("9.2",))]


def test_the_reader_asks_outside_by_name_too(department: Any, case: Case) -> None:
    department.present = (*department.present, "Report Reader", OUTSIDE)
    department.play(ExternalReportRepositoryAccess)
    reader = department.play(ReportReader)
    department.act("Report Reader", "RAD-26", case, at=OUTSIDE)
    assert (department.asked[0].to, department.asked[0].dataset.PatientName) == (OUTSIDE, "DOE^JANE")
    assert len(reader.found(OUTSIDE, "P1001")) == 1
    assert reader.found(ActorName("Report Repository"), "P1001") == ()


def test_nothing_is_retrieved_that_was_not_found(department: Any, case: Case) -> None:
    department.present = (*department.present, "Report Reader")
    department.play(ReportReader)
    with pytest.raises(CannotAct, match="nothing to retrieve"):
        department.act("Report Reader", "RAD-27", case)


def test_the_reader_takes_what_it_is_sent(department: Any) -> None:
    reader = department.play(ReportReader)
    assert reader.c_store(stored(report("9.1"))).status == 0x0000
    assert reader.received("9.1").PatientID == "P1001"
    assert reader.received("9.9") is None
