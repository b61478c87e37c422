"""The report that is submitted: found by query, a valid Basic Text SR, referring to what exists."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from actors.objects.copying import put
from actors.report_creator import ReportCreator
from actors.reporting import document as report_document
from harness.dicom.encoding import encode, wrap_payload
from harness.errors import CannotAct
from harness.model.scenario import Case
from harness.transports.dimse import DimseRequest, DimseResponse

CT = "1.2.840.10008.5.1.4.1.1.2"
SR = "1.2.840.10008.5.1.4.1.1.88.11"
EXPLICIT = "1.2.840.10008.1.2.1"


def answer(level: str, **values: Any) -> Dataset:
    ds = Dataset()
    put(ds, "QueryRetrieveLevel", level)
    for keyword, value in values.items():
        put(ds, keyword, value)
    return ds


def item(**values: Any) -> Dataset:
    ds = Dataset()
    for keyword, value in values.items():
        put(ds, keyword, value)
    return ds


PROCEDURE = item(CodeValue="CTH", CodingSchemeDesignator="L", CodeMeaning="CT head")


def archive(request: DimseRequest) -> Iterator[DimseResponse]:
    """An archive with one study of two series of images and one series of a report."""
    level = request.dataset.QueryRetrieveLevel
    if level == "STUDY":
        assert request.dataset.PatientID == "P1001"
        shared = {"PatientID": "P1001", "PatientName": "DOE^JANE", "PatientBirthDate": "19700101", "PatientSex": "F"}
        yield pending(answer(level, StudyInstanceUID="1.1", StudyDate="20230101", StudyTime="080000", **shared))
        yield pending(
            answer(
                level,
                StudyInstanceUID="1.2",
                StudyDate="20240102",
                StudyTime="090000",
                StudyID="RP1",
                AccessionNumber="ACC1",
                ReferringPhysicianName="REFER^RAY",
                StudyDescription="CT head",
                ProcedureCodeSequence=[PROCEDURE],
                **shared,
            )
        )
    elif level == "SERIES":
        assert request.dataset.StudyInstanceUID == "1.2"
        requested = item(
            RequestedProcedureID="RP1",
            RequestedProcedureDescription="CT head",
            PlacerOrderNumberImagingServiceRequest="A1",
            FillerOrderNumberImagingServiceRequest="F1",
        )
        yield pending(answer(level, SeriesInstanceUID="1.2.1", Modality="CT", RequestAttributesSequence=[requested]))
        yield pending(answer(level, SeriesInstanceUID="1.2.2", Modality="CT", RequestAttributesSequence=[requested]))
        yield pending(answer(level, SeriesInstanceUID="1.2.3", Modality="SR"))
    else:
        series = request.dataset.SeriesInstanceUID
        sop_class = SR if series == "1.2.3" else CT
        for number in (1, 2):
            yield pending(answer(level, SOPInstanceUID=f"{series}.{number}", SOPClassUID=sop_class))
    yield DimseResponse(0x0000)


def pending(dataset: Dataset) -> DimseResponse:
    return DimseResponse(0xFF00, dataset)


@pytest.fixture
def report(department: Any, case: Case) -> Dataset:
    """The report that was submitted on the study of the fake archive."""
    department.play(ReportCreator)
    department.scripts["Image Manager"] = archive
    department.act("Report Creator", "RAD-24", case)
    submitted = department.asked[-1]
    assert (submitted.transaction, submitted.to) == ("RAD-24", "Report Manager")
    dataset: Dataset = submitted.dataset
    return dataset


def test_the_archive_is_asked_as_a_display_asks_it(department: Any, report: Dataset) -> None:
    asked = [(one.transaction, one.dataset.QueryRetrieveLevel) for one in department.asked[:-1]]
    assert asked == [("RAD-14", "STUDY"), ("RAD-14", "SERIES"), *([("RAD-14", "IMAGE")] * 3)]


def test_header(report: Dataset) -> None:
    assert (report.SOPClassUID, report.Modality) == (SR, "SR")
    assert (report.CompletionFlag, report.VerificationFlag) == ("COMPLETE", "VERIFIED")
    assert (report.PatientName, report.PatientID, report.PatientBirthDate) == ("DOE^JANE", "P1001", "19700101")
    assert (report.StudyInstanceUID, report.AccessionNumber, report.StudyID) == ("1.2", "ACC1", "RP1")
    (observer,) = report.VerifyingObserverSequence
    assert observer.VerifyingObserverName == "READER^RITA^^DR"
    assert observer.VerificationDateTime == "20240102101500"


def test_request(report: Dataset) -> None:
    (request,) = report.ReferencedRequestSequence
    assert (request.StudyInstanceUID, request.AccessionNumber, request.RequestedProcedureID) == ("1.2", "ACC1", "RP1")
    assert request.PlacerOrderNumberImagingServiceRequest == "A1"
    assert request.FillerOrderNumberImagingServiceRequest == "F1"
    assert request.RequestedProcedureDescription == "CT head"
    assert request.RequestedProcedureCodeSequence[0].CodeValue == "CTH"
    assert report.PerformedProcedureCodeSequence[0].CodeValue == "CTH"


def test_evidence_lists_the_images_and_no_report(report: Dataset) -> None:
    (study,) = report.CurrentRequestedProcedureEvidenceSequence
    listed = {
        series.SeriesInstanceUID: [one.ReferencedSOPInstanceUID for one in series.ReferencedSOPSequence]
        for series in study.ReferencedSeriesSequence
    }
    assert study.StudyInstanceUID == "1.2"
    assert listed == {"1.2.1": ["1.2.1.1", "1.2.1.2"], "1.2.2": ["1.2.2.1", "1.2.2.2"]}


def test_content_tree(report: Dataset) -> None:
    tree = [
        (one.RelationshipType, one.ValueType, one.ConceptNameCodeSequence[0].CodeMeaning)
        for one in report.ContentSequence
    ]
    assert report.ConceptNameCodeSequence[0].CodeValue == "18748-4"
    assert tree == [
        ("HAS CONCEPT MOD", "CODE", "Language of Content Item and Descendants"),
        ("HAS OBS CONTEXT", "CODE", "Observer Type"),
        ("HAS OBS CONTEXT", "PNAME", "Person Observer Name"),
        ("CONTAINS", "CONTAINER", "Findings"),
        ("CONTAINS", "CONTAINER", "Impressions"),
    ]
    text, image = report.ContentSequence[3].ContentSequence
    assert text.TextValue == "No abnormality is seen in the region examined."
    assert image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == "1.2.1.1"


@pytest.mark.parametrize(
    ("ours", "dictionary"),
    [
        (report_document.LANGUAGE, codes.DCM.LanguageOfContentItemAndDescendants),
        (report_document.OBSERVER_TYPE, codes.DCM.ObserverType),
        (report_document.PERSON, codes.DCM.Person),
        (report_document.PERSON_OBSERVER_NAME, codes.DCM.PersonObserverName),
        (report_document.FINDING, codes.DCM.Finding),
        (report_document.IMPRESSION, codes.DCM.Impression),
        (report_document.BEST_ILLUSTRATION, codes.DCM.BestIllustrationOfFinding),
        (report_document.TITLE, codes.LN.DiagnosticImagingReport),
        (report_document.FINDINGS, codes.LN.Findings),
        (report_document.IMPRESSIONS, codes.LN.Impressions),
    ],
)
def test_codes_are_those_of_the_dictionary(ours: Any, dictionary: Any) -> None:
    assert (ours.value, ours.scheme, ours.meaning) == (
        dictionary.value,
        dictionary.scheme_designator,
        dictionary.meaning,
    )


@pytest.mark.product
@pytest.mark.skipif(not Path("/usr/bin/dciodvfy").exists(), reason="dciodvfy is not installed")
def test_a_validator_finds_no_error(report: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "report.dcm"
    path.write_bytes(wrap_payload(encode(report, EXPLICIT), EXPLICIT, SR, str(report.SOPInstanceUID)))
    command = ["/usr/bin/dciodvfy", "-new", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    lines = (result.stdout + result.stderr).splitlines()
    assert "BasicTextSR" in lines
    assert [line for line in lines if line.startswith("Error")] == []


def test_nothing_is_reported_without_a_study(department: Any, case: Case) -> None:
    department.play(ReportCreator)
    department.scripts["Image Manager"] = lambda request: [DimseResponse(0x0000)]
    with pytest.raises(CannotAct, match="no study"):
        department.act("Report Creator", "RAD-24", case)


def test_nothing_is_reported_without_images(department: Any, case: Case) -> None:
    department.play(ReportCreator)
    department.scripts["Image Manager"] = lambda request: (
        archive(request) if request.dataset.QueryRetrieveLevel == "STUDY" else [DimseResponse(0x0000)]
    )
    with pytest.raises(CannotAct, match="no image"):
        department.act("Report Creator", "RAD-24", case)


# versions


def submitted(department: Any) -> list[Dataset]:
    return [one.dataset for one in department.asked if one.transaction == "RAD-24"]


def replaced(report: Dataset) -> list[str]:
    return [
        one.ReferencedSOPInstanceUID
        for study in report.get("PredecessorDocumentsSequence", ())
        for series in study.ReferencedSeriesSequence
        for one in series.ReferencedSOPSequence
    ]


@pytest.fixture
def creator(department: Any) -> Any:
    """A Report Creator before a fake archive of one study worth reporting."""
    actor = department.play(ReportCreator)
    department.scripts["Image Manager"] = newest_alone
    return actor


def newest_alone(request: DimseRequest) -> Iterator[DimseResponse]:
    for one in archive(request):
        if one.dataset is None or getattr(one.dataset, "StudyInstanceUID", "1.2") == "1.2":
            yield one


def test_a_draft_is_neither_complete_nor_verified(department: Any, creator: Any, case: Case) -> None:
    department.act("Report Creator", "RAD-24", case, status="PARTIAL")
    (draft,) = submitted(department)
    assert (draft.CompletionFlag, draft.VerificationFlag) == ("PARTIAL", "UNVERIFIED")
    assert "VerifyingObserverSequence" not in draft


def test_the_final_report_names_the_draft_and_is_an_instance_of_its_own(
    department: Any, creator: Any, case: Case
) -> None:
    department.act("Report Creator", "RAD-24", case, status="UNVERIFIED")
    department.act("Report Creator", "RAD-24", case)
    draft, final = submitted(department)
    assert (draft.CompletionFlag, draft.VerificationFlag) == ("COMPLETE", "UNVERIFIED")
    assert (final.CompletionFlag, final.VerificationFlag) == ("COMPLETE", "VERIFIED")
    assert replaced(draft) == []
    assert replaced(final) == [draft.SOPInstanceUID]
    assert final.SOPInstanceUID != draft.SOPInstanceUID


def test_an_addendum_repeats_the_report_and_adds_a_section(department: Any, creator: Any, case: Case) -> None:
    department.act("Report Creator", "RAD-24", case)
    department.act("Report Creator", "RAD-24", case, addendum=True)
    final, addendum = submitted(department)
    assert replaced(addendum) == [final.SOPInstanceUID]
    assert addendum.ContentSequence[:5] == final.ContentSequence[:5]
    assert addendum.ContentSequence[5].ConceptNameCodeSequence[0].CodeValue == report_document.ADDENDUM.value


def test_there_is_nothing_to_add_to_a_draft(department: Any, creator: Any, case: Case) -> None:
    department.act("Report Creator", "RAD-24", case, status="PARTIAL")
    with pytest.raises(CannotAct, match="no final report"):
        department.act("Report Creator", "RAD-24", case, addendum=True)


def test_a_study_that_was_reported_is_not_reported_again_before_others(
    department: Any, creator: Any, case: Case
) -> None:
    studies = {"1.2": "20240102", "1.3": "20240101"}

    def both(request: DimseRequest) -> Iterator[DimseResponse]:
        level, ds = request.dataset.QueryRetrieveLevel, request.dataset
        if level == "STUDY":
            yield from (pending(answer(level, StudyInstanceUID=uid, StudyDate=day)) for uid, day in studies.items())
        elif level == "SERIES":
            yield pending(answer(level, SeriesInstanceUID=f"{ds.StudyInstanceUID}.1", Modality="CT"))
        else:
            yield pending(answer(level, SOPInstanceUID=f"{ds.SeriesInstanceUID}.1", SOPClassUID=CT))
        yield DimseResponse(0x0000)

    department.scripts["Image Manager"] = both
    department.act("Report Creator", "RAD-24", case)
    department.act("Report Creator", "RAD-24", case)
    assert [one.StudyInstanceUID for one in submitted(department)] == ["1.2", "1.3"]


def test_what_a_report_can_be_is_said_when_it_is_something_else(department: Any, creator: Any, case: Case) -> None:
    with pytest.raises(CannotAct, match="PARTIAL, UNVERIFIED"):
        department.act("Report Creator", "RAD-24", case, status="FINISHED")
