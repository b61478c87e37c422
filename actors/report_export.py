"""A structured report as HL7 ORU^R01 (RAD-28): pure, data set in, segments out (RAD TF-2: 4.28)."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset

from actors.copying import items
from actors.report_document import codes, instances_of, text_lines
from actors.segments import Segment, pid
from harness.dicom import paths
from harness.hl7 import FieldValue
from harness.model.scenario import Code, Patient, PersonName, Visit

NO_VISIT = Visit(patient_class="")


def export(report: Dataset, version: str, *, authority: str) -> tuple[Segment, ...]:
    """PID, OBR and OBX of a final report; `authority` is used where the report names no issuer of the patient ID."""
    return (
        pid(_patient(report, authority), NO_VISIT, version),
        _obr(report),
        *_observations(report),
    )


def _patient(report: Dataset, authority: str) -> Patient:
    return Patient(
        id=paths.first(report, "PatientID"),
        authority=paths.first(report, "IssuerOfPatientID") or authority,
        name=person(paths.first(report, "PatientName")),
        birth_date=paths.first(report, "PatientBirthDate"),
        sex=paths.first(report, "PatientSex") or "U",
    )


def person(name: str) -> PersonName:
    """The first component group of a PN: HL7 has suffix and prefix the other way round (PS3.5 6.2.1)."""
    parts = name.split("=")[0].split("^") + [""] * 5
    family, given, middle, prefix, suffix = (part.strip() for part in parts[:5])
    return PersonName(family=family, given=given, middle=middle, prefix=prefix, suffix=suffix)


def _obr(report: Dataset) -> Segment:
    request = next(iter(items(report, "ReferencedRequestSequence")), Dataset())
    service = (
        *codes(request, "RequestedProcedureCodeSequence"),
        *codes(report, "PerformedProcedureCodeSequence"),
        *codes(report, "ConceptNameCodeSequence"),
        Code(value="", scheme="", meaning="Report"),
    )[0]
    observed = paths.first(report, "ContentDate") + paths.first(report, "ContentTime").split(".")[0]
    verified = paths.first(report, "VerifyingObserverSequence.VerificationDateTime").split(".")[0]
    return (
        "OBR",
        {
            1: "1",
            2: _number(request, "PlacerOrderNumberImagingServiceRequest", "OrderPlacerIdentifierSequence"),
            3: _number(request, "FillerOrderNumberImagingServiceRequest", "OrderFillerIdentifierSequence"),
            4: (service.value, service.meaning, service.scheme),
            7: observed or verified,
            18: paths.first(request, "AccessionNumber"),
            19: paths.first(request, "RequestedProcedureID"),
            22: verified or observed,
            25: "F",
            32: _interpreter(report),
        },
    )


def _number(request: Dataset, keyword: str, issuer: str) -> FieldValue:
    number = paths.first(request, keyword)
    return (number, paths.first(request, f"{issuer}.LocalNamespaceEntityID")) if number else ""


def _interpreter(report: Dataset) -> FieldValue:
    """OBR-32: the verifying observer's name as the first component's subcomponents, the ID unknown."""
    name = person(paths.first(report, "VerifyingObserverSequence.VerifyingObserverName"))
    if not name.family:
        return ""
    return (("", name.family, name.given, name.middle, name.suffix, name.prefix),)


def _observations(report: Dataset) -> Iterator[Segment]:
    """The report's UID, four UIDs for each image, and the text, numbered through."""
    rows: list[tuple[str, str, str, FieldValue]] = [
        ("HD", "SR Instance UID", "", paths.first(report, "SOPInstanceUID"))
    ]
    for number, instance in enumerate(instances_of(report), start=1):
        group = str(number)
        rows += [
            ("HD", "Study Instance UID", group, instance.study_uid),
            ("HD", "Series Instance UID", group, instance.series_uid),
            ("HD", "SOP Instance UID", group, instance.sop_instance),
            ("HD", "SOP Class UID", group, instance.sop_class),
        ]
    rows.append(("TX", "SR Text", "", list(text_lines(report))))
    for set_id, (value_type, name, sub_id, value) in enumerate(rows, start=1):
        yield ("OBX", {1: str(set_id), 2: value_type, 3: ("", name), 4: sub_id, 5: value, 11: "F"})
