"""A structured report as HL7 ORU^R01 (RAD-28): pure, data set in, segments out (RAD TF-2: 4.28)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

from actors.messages.imaging_order import NO_NUMBER, EntityIdentifier
from actors.messages.segments import Segment, ei, pid
from actors.objects.copying import items
from actors.reporting.document import codes, instances_of, text_lines
from harness.dicom import paths
from harness.hl7 import FieldValue
from harness.model.scenario import Code, Patient, PersonName, Visit

NO_VISIT = Visit(patient_class="")


@dataclass(frozen=True, kw_only=True)
class OrderNumbers:
    """Which order a report is about."""

    placer: EntityIdentifier = NO_NUMBER
    filler: EntityIdentifier = NO_NUMBER


def order_of(report: Dataset, scheduled: OrderNumbers) -> OrderNumbers:
    """The numbers that the report names, and those of the scheduled order for what it does not name."""
    request = _request(report)
    placer = _number(request, "PlacerOrderNumberImagingServiceRequest", "OrderPlacerIdentifierSequence")
    filler = _number(request, "FillerOrderNumberImagingServiceRequest", "OrderFillerIdentifierSequence")
    return OrderNumbers(placer=placer or scheduled.placer, filler=filler or scheduled.filler)


def export(report: Dataset, order: OrderNumbers, version: str, *, authority: str) -> tuple[Segment, ...]:
    """PID, OBR and OBX of a final report; `authority` is used where the report names no issuer of the patient ID."""
    return (
        pid(_patient(report, authority), NO_VISIT, version),
        _obr(report, order),
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


def _request(report: Dataset) -> Dataset:
    """The first request that the report fulfils; empty when it names none."""
    return next(iter(items(report, "ReferencedRequestSequence")), Dataset())


def _obr(report: Dataset, order: OrderNumbers) -> Segment:
    request = _request(report)
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
            2: ei(order.placer),
            3: ei(order.filler),
            4: (service.value, service.meaning, service.scheme),
            7: observed or verified,
            18: paths.first(request, "AccessionNumber"),
            19: paths.first(request, "RequestedProcedureID"),
            22: verified or observed,
            25: "F",
            32: _interpreter(report),
        },
    )


def _number(request: Dataset, keyword: str, issuer: str) -> EntityIdentifier:
    return EntityIdentifier(paths.first(request, keyword), paths.first(request, f"{issuer}.LocalNamespaceEntityID"))


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
