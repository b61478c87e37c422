"""A Basic Text SR as the Report Creator writes it (PS3.3 A.35.1; PS3.16 TID 2000), and what a reader takes from one.

Pure: values in, data set out, and back. Knows no link.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from pydicom.dataset import Dataset

from actors.objects.attributes import charset_for, code_items, set_items, set_text
from actors.objects.copying import items, reference_item
from harness.dicom import paths
from harness.dicom.uids import uid_of
from harness.model.scenario import Code

BASIC_TEXT_SR = "BasicTextSRStorage"

TITLE = Code(value="18748-4", scheme="LN", meaning="Diagnostic Imaging Report")
LANGUAGE = Code(value="121049", scheme="DCM", meaning="Language of Content Item and Descendants")
ENGLISH = Code(value="en-US", scheme="RFC5646", meaning="English (United States)")
OBSERVER_TYPE = Code(value="121005", scheme="DCM", meaning="Observer Type")
PERSON = Code(value="121006", scheme="DCM", meaning="Person")
PERSON_OBSERVER_NAME = Code(value="121008", scheme="DCM", meaning="Person Observer Name")
FINDINGS = Code(value="59776-5", scheme="LN", meaning="Findings")
FINDING = Code(value="121071", scheme="DCM", meaning="Finding")
IMPRESSIONS = Code(value="19005-8", scheme="LN", meaning="Impressions")
IMPRESSION = Code(value="121073", scheme="DCM", meaning="Impression")
ADDENDUM = Code(value="55107-7", scheme="LN", meaning="Addendum")
BEST_ILLUSTRATION = Code(value="121080", scheme="DCM", meaning="Best illustration of finding")


@dataclass(frozen=True)
class Instance:
    """An instance that a report refers to."""

    sop_class: str
    sop_instance: str
    series_uid: str
    study_uid: str


@dataclass(frozen=True, kw_only=True)
class ReportedStudy:
    """What is known of the study reported: attributes found at study level, one request item per series that had one.

    `instances` are images; none where the report is on something else.
    """

    study: Dataset
    requests: tuple[Dataset, ...]
    instances: tuple[Instance, ...]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What the reader says, and who: `reader` is a DICOM person name. `addendum` was added to the final report."""

    findings: str
    impression: str
    reader: str
    organization: str
    addendum: str = ""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How far a report has come, and the versions that it replaces or adds to (PS3.3 C.17.2)."""

    complete: bool = True
    verified: bool = True
    predecessors: tuple[Dataset, ...] = ()


FINAL = Standing()
"""Complete, verified, and the first version."""


_COPIED = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
    "StudyID",
    "AccessionNumber",
)
_TYPE_3 = frozenset({"IssuerOfPatientID"})
_REQUEST_TEXTS = (
    "AccessionNumber",
    "PlacerOrderNumberImagingServiceRequest",
    "FillerOrderNumberImagingServiceRequest",
    "RequestedProcedureID",
    "RequestedProcedureDescription",
)


def basic_text_report(
    reported: ReportedStudy,
    statement: Statement,
    standing: Standing = FINAL,
    *,
    instance_uid: str,
    series_uid: str,
    now: datetime,
) -> Dataset:
    """A report that fulfils the study's requests."""
    ds = Dataset()
    set_text(ds, "SOPClassUID", uid_of(BASIC_TEXT_SR))
    set_text(ds, "SOPInstanceUID", instance_uid)
    for keyword in _COPIED:
        value = paths.first(reported.study, keyword)
        if value or keyword not in _TYPE_3:
            set_text(ds, keyword, value)
    set_text(ds, "Modality", "SR")
    set_text(ds, "SeriesInstanceUID", series_uid)
    set_text(ds, "Manufacturer", "")
    for keyword in ("SeriesNumber", "InstanceNumber"):
        set_text(ds, keyword, "1")
    set_items(ds, "ReferencedPerformedProcedureStepSequence", [])
    _document_general(ds, reported, statement, standing, now)
    _content(ds, reported, statement)
    set_text(ds, "SpecificCharacterSet", charset_for(ds))
    return ds


def _document_general(
    ds: Dataset, reported: ReportedStudy, statement: Statement, standing: Standing, now: datetime
) -> None:
    set_text(ds, "CompletionFlag", "COMPLETE" if standing.complete else "PARTIAL")
    set_text(ds, "VerificationFlag", "VERIFIED" if standing.verified else "UNVERIFIED")
    set_text(ds, "ContentDate", f"{now:%Y%m%d}")
    set_text(ds, "ContentTime", f"{now:%H%M%S}")
    if standing.verified:
        set_items(ds, "VerifyingObserverSequence", [_observer(statement, now)])
    if standing.predecessors:
        versions = [_version(one) for one in standing.predecessors]
        set_items(ds, "PredecessorDocumentsSequence", evidence(versions))
    if reported.requests or reported.instances:
        set_items(ds, "ReferencedRequestSequence", _requests(reported))
    set_items(ds, "PerformedProcedureCodeSequence", code_items(*codes(reported.study, "ProcedureCodeSequence")))
    if reported.instances:
        set_items(ds, "CurrentRequestedProcedureEvidenceSequence", evidence(reported.instances))


def _observer(statement: Statement, now: datetime) -> Dataset:
    observer = Dataset()
    set_text(observer, "VerifyingObserverName", statement.reader)
    set_items(observer, "VerifyingObserverIdentificationCodeSequence", [])
    set_text(observer, "VerifyingOrganization", statement.organization)
    set_text(observer, "VerificationDateTime", f"{now:%Y%m%d%H%M%S}")
    return observer


def _version(report: Dataset) -> Instance:
    return Instance(
        paths.first(report, "SOPClassUID"),
        paths.first(report, "SOPInstanceUID"),
        paths.first(report, "SeriesInstanceUID"),
        paths.first(report, "StudyInstanceUID"),
    )


def with_changes(report: Dataset, changes: Mapping[str, str]) -> Dataset:
    """A copy of the report with other attributes."""
    ds = deepcopy(report)
    for keyword, value in changes.items():
        set_text(ds, keyword, value)
    return ds


def new_version(report: Dataset, *, instance_uid: str, changes: Mapping[str, str]) -> Dataset:
    """The report with other attributes as an instance of its own, which names the one it replaces."""
    ds = with_changes(report, changes)
    set_text(ds, "SOPInstanceUID", instance_uid)
    number = paths.first(report, "InstanceNumber")
    set_text(ds, "InstanceNumber", str(int(number) + 1 if number.isdigit() else 1))
    set_items(ds, "PredecessorDocumentsSequence", evidence([_version(report)]))
    set_text(ds, "SpecificCharacterSet", charset_for(ds))
    return ds


def _requests(reported: ReportedStudy) -> Iterator[Dataset]:
    """One item for each Requested Procedure; the accession and code of the study stand in for missing ones."""
    found = {paths.first(request, "RequestedProcedureID"): request for request in reversed(reported.requests)}
    for request in list(reversed(found.values())) or [Dataset()]:
        item = Dataset()
        set_text(item, "StudyInstanceUID", paths.first(reported.study, "StudyInstanceUID"))
        set_items(item, "ReferencedStudySequence", [])
        for keyword in _REQUEST_TEXTS:
            set_text(item, keyword, paths.first(request, keyword))
        if not paths.has(item, "AccessionNumber"):
            set_text(item, "AccessionNumber", paths.first(reported.study, "AccessionNumber"))
        if not paths.has(item, "RequestedProcedureDescription"):
            set_text(item, "RequestedProcedureDescription", paths.first(reported.study, "StudyDescription"))
        requested = codes(request, "RequestedProcedureCodeSequence") or codes(reported.study, "ProcedureCodeSequence")
        set_items(item, "RequestedProcedureCodeSequence", code_items(*requested[:1]))
        yield item


def evidence(instances: Iterable[Instance]) -> Iterator[Dataset]:
    """The instances, or reports, by study and series (PS3.3 Table C.17-3)."""
    ordered = sorted(instances, key=lambda one: (one.study_uid, one.series_uid))
    for study_uid, in_study in groupby(ordered, key=lambda one: one.study_uid):
        study = Dataset()
        set_text(study, "StudyInstanceUID", study_uid)
        all_series = []
        for series_uid, in_series in groupby(in_study, key=lambda one: one.series_uid):
            series = Dataset()
            set_text(series, "SeriesInstanceUID", series_uid)
            references = [reference_item(one.sop_class, one.sop_instance) for one in in_series]
            set_items(series, "ReferencedSOPSequence", references)
            all_series.append(series)
        set_items(study, "ReferencedSeriesSequence", all_series)
        yield study


# content tree


def _content(ds: Dataset, reported: ReportedStudy, statement: Statement) -> None:
    set_text(ds, "ValueType", "CONTAINER")
    set_items(ds, "ConceptNameCodeSequence", code_items(TITLE))
    set_text(ds, "ContinuityOfContent", "SEPARATE")
    template = Dataset()
    set_text(template, "MappingResource", "DCMR")
    set_text(template, "TemplateIdentifier", "2000")
    set_items(ds, "ContentTemplateSequence", [template])
    content = [
        _coded("HAS CONCEPT MOD", LANGUAGE, ENGLISH),
        _coded("HAS OBS CONTEXT", OBSERVER_TYPE, PERSON),
        _person("HAS OBS CONTEXT", PERSON_OBSERVER_NAME, statement.reader),
        _section(FINDINGS, [_text(FINDING, statement.findings), *map(_image, reported.instances[:1])]),
        _section(IMPRESSIONS, [_text(IMPRESSION, statement.impression)]),
    ]
    if statement.addendum:
        content.append(_section(ADDENDUM, [_text(FINDING, statement.addendum)]))
    set_items(ds, "ContentSequence", content)


def _image(best: Instance) -> Dataset:
    image = _item("CONTAINS", "IMAGE", BEST_ILLUSTRATION)
    set_items(image, "ReferencedSOPSequence", [reference_item(best.sop_class, best.sop_instance)])
    return image


def _item(relationship: str, value_type: str, name: Code) -> Dataset:
    item = Dataset()
    set_text(item, "RelationshipType", relationship)
    set_text(item, "ValueType", value_type)
    set_items(item, "ConceptNameCodeSequence", code_items(name))
    return item


def _coded(relationship: str, name: Code, value: Code) -> Dataset:
    item = _item(relationship, "CODE", name)
    set_items(item, "ConceptCodeSequence", code_items(value))
    return item


def _person(relationship: str, name: Code, value: str) -> Dataset:
    item = _item(relationship, "PNAME", name)
    set_text(item, "PersonName", value)
    return item


def _text(name: Code, value: str) -> Dataset:
    item = _item("CONTAINS", "TEXT", name)
    set_text(item, "TextValue", value)
    return item


def _section(heading: Code, content: Iterable[Dataset]) -> Dataset:
    item = _item("CONTAINS", "CONTAINER", heading)
    set_text(item, "ContinuityOfContent", "SEPARATE")
    set_items(item, "ContentSequence", content)
    return item


# reading


def is_final(report: Dataset) -> bool:
    """Whether the report is complete and verified."""
    flags = paths.first(report, "CompletionFlag"), paths.first(report, "VerificationFlag")
    return flags == ("COMPLETE", "VERIFIED")


def instances_of(report: Dataset) -> tuple[Instance, ...]:
    """The instances of the procedure reported, from Current Requested Procedure Evidence Sequence."""
    return tuple(
        Instance(
            paths.first(one, "ReferencedSOPClassUID"),
            paths.first(one, "ReferencedSOPInstanceUID"),
            paths.first(series, "SeriesInstanceUID"),
            paths.first(study, "StudyInstanceUID"),
        )
        for study in items(report, "CurrentRequestedProcedureEvidenceSequence")
        for series in items(study, "ReferencedSeriesSequence")
        for one in items(series, "ReferencedSOPSequence")
    )


def text_lines(report: Dataset, depth: int = 0) -> Iterator[str]:
    """A plain text rendering: headings of containers, names and values of texts and codes."""
    if depth > MAX_DEPTH:
        return
    for item in items(report, "ContentSequence"):
        heading = paths.first(item, "ConceptNameCodeSequence.CodeMeaning")
        kind = paths.first(item, "ValueType")
        if kind == "CONTAINER":
            yield heading
            yield from text_lines(item, depth + 1)
        elif kind == "TEXT":
            yield f"{heading}: {paths.first(item, 'TextValue')}"


MAX_DEPTH = 20
"""Nesting of content that is rendered."""


def codes(ds: Dataset, keyword: str) -> tuple[Code, ...]:
    """The codes of a sequence that have a value."""
    read = (
        Code(
            value=paths.first(item, "CodeValue") or paths.first(item, "LongCodeValue"),
            scheme=paths.first(item, "CodingSchemeDesignator"),
            meaning=paths.first(item, "CodeMeaning"),
        )
        for item in items(ds, keyword)
    )
    return tuple(code for code in read if code.value)
