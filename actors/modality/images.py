"""Image objects with the content that RAD-8 wants of them (RAD TF-2x: A.1; PS3.3 C.7.3.1, C.7.6.1).

Scheduling values are copied from the worklist entry, performed values from the performed step. The modules of the
particular IOD are in `kinds`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from actors.modality.documents import About, document_kind
from actors.modality.examination import Examination, Image, PerformedSeries, Reference
from actors.modality.kinds import Shot, kind_of
from actors.modality.performed_step import (
    dicom_date,
    dicom_time,
    performed_codes,
    performed_description,
    performed_protocols,
)
from actors.modality.pixels import ROWS
from actors.modality.worklist import scheduled_step
from actors.objects.copying import REFERENCE, fresh_items, put, reference_item, take, take_valued
from harness.dicom.paths import first
from harness.dicom.uids import uid_of
from harness.identifiers import Identifiers
from harness.model.scenario import ObjectKind

OPERATOR = "OPERATOR^MODALITY"
"""Who works the simulated modality."""


@dataclass(frozen=True, kw_only=True)
class Acquisition:
    """How much to acquire: numbers of the first series, and of images over all series.

    `frames` of each image, `matrix` its rows and columns; `objects` are made beside the images, each in a series.
    """

    first_series: int
    images: int
    frames: int = 1
    matrix: int = ROWS
    objects: tuple[ObjectKind, ...] = ()


def acquire(examination: Examination, acquisition: Acquisition, identifiers: Identifiers) -> None:
    """Make the images of a run through the protocols that are performed: a series for each protocol code, none empty.

    The images wait in the examination to be stored.
    """
    protocols: list[Dataset] = performed_protocols(examination) or [Dataset()]
    made: list[PerformedSeries] = []
    for index, count in enumerate(shares(acquisition.images, len(protocols))):
        series = new_series(examination, protocols[index], acquisition.first_series + index, identifiers)
        for number in range(1, count + 1):
            series.images.append(_image(examination, series, number, acquisition, identifiers))
        made.append(series)
    about = About(examination=examination, series=tuple(made))
    for kind in acquisition.objects:
        made.append(_document_series(about, kind, acquisition.first_series + len(made), identifiers))
    examination.series += made


def shares(images: int, series: int) -> Sequence[int]:
    """How many images each series gets: as even as can be, none empty."""
    total = max(images, series)
    return [total // series + (1 if index < total % series else 0) for index in range(series)]


def new_series(examination: Examination, protocol: Dataset, number: int, identifiers: Identifiers) -> PerformedSeries:
    """A series without images, for a protocol code item (which may be empty)."""
    step = scheduled_step(examination.entry)
    meaning = first(protocol, "CodeMeaning") or first(step, "ScheduledProcedureStepDescription")
    return PerformedSeries(
        uid=identifiers.uid(),
        number=number,
        modality=first(step, "Modality"),
        protocol_name=meaning or "UNSPECIFIED",
        description=meaning,
        performing_physician=first(step, "ScheduledPerformingPhysicianName"),
        operator=OPERATOR,
    )


def _image(
    examination: Examination, series: PerformedSeries, number: int, acquisition: Acquisition, identifiers: Identifiers
) -> Image:
    kind = kind_of(series.modality, acquisition.frames)
    image = _object(examination, series, Reference(kind.sop_class, identifiers.uid()))
    shot = Shot(
        number=number,
        frame_of_reference=examination.frame_of_reference,
        date=dicom_date(examination.start),
        time=dicom_time(examination.start),
        frames=acquisition.frames,
        rows=acquisition.matrix,
        columns=acquisition.matrix,
    )
    kind.describe(image.dataset, shot)
    return image


def _document_series(about: About, kind: ObjectKind, number: int, identifiers: Identifiers) -> PerformedSeries:
    """A series with one object that is no image."""
    document = document_kind(kind.value)
    step = scheduled_step(about.examination.entry)
    series = PerformedSeries(
        uid=identifiers.uid(),
        number=number,
        modality=kind.value,
        protocol_name=about.series[0].protocol_name,
        description=document.title,
        performing_physician=first(step, "ScheduledPerformingPhysicianName"),
        operator=OPERATOR,
    )
    made = _object(about.examination, series, Reference(document.sop_class, identifiers.uid()))
    document.describe(made.dataset, about)
    series.images.append(made)
    return series


def _object(examination: Examination, series: PerformedSeries, reference: Reference) -> Image:
    """An object with patient, study and series, and none of its own modules."""
    made = Dataset()
    take_valued(examination.entry, made, ("SpecificCharacterSet",))
    put(made, "SOPClassUID", reference.sop_class)
    put(made, "SOPInstanceUID", reference.sop_instance)
    _patient_and_study(made, examination)
    _series(made, examination, series)
    return Image(reference=reference, dataset=made)


def _patient_and_study(made: Dataset, examination: Examination) -> None:
    entry = examination.entry
    take(entry, made, ("PatientName", "PatientID", "PatientBirthDate", "PatientSex"))
    take_valued(entry, made, ("IssuerOfPatientID", "IssuerOfPatientIDQualifiersSequence", "OtherPatientIDsSequence"))
    take_valued(entry, made, ("PatientWeight",))
    take(entry, made, ("StudyInstanceUID", "AccessionNumber", "ReferringPhysicianName"))
    take_valued(entry, made, ("IssuerOfAccessionNumberSequence", "AdmissionID"))
    put(made, "StudyDate", dicom_date(examination.study_start))
    put(made, "StudyTime", dicom_time(examination.study_start))
    put(made, "StudyID", examination.study_id)
    description = first(entry, "RequestedProcedureDescription")
    if description:
        put(made, "StudyDescription", description)
    _put_items(made, "ReferencedStudySequence", fresh_items(entry, "ReferencedStudySequence", REFERENCE))
    _put_items(made, "ReferencedPatientSequence", fresh_items(entry, "ReferencedPatientSequence", REFERENCE))
    _put_items(made, "ProcedureCodeSequence", performed_codes(examination))


def _put_items(made: Dataset, keyword: str, made_items: list[Dataset]) -> None:
    """A sequence of type 3: left out without items."""
    if made_items:
        put(made, keyword, made_items)


def _series(made: Dataset, examination: Examination, series: PerformedSeries) -> None:
    put(made, "Modality", series.modality or "OT")
    put(made, "SeriesInstanceUID", series.uid)
    put(made, "SeriesNumber", series.number)
    put(made, "SeriesDate", dicom_date(examination.start))
    put(made, "SeriesTime", dicom_time(examination.start))
    put(made, "SeriesDescription", series.description)
    put(made, "ProtocolName", series.protocol_name)
    put(made, "PerformingPhysicianName", series.performing_physician)
    put(made, "OperatorsName", series.operator)
    put(made, "Manufacturer", "SWF harness")
    put(made, "ManufacturerModelName", "Simulated modality")
    put(made, "SoftwareVersions", "1")
    put(made, "PerformedProcedureStepID", examination.pps_id)
    put(made, "PerformedProcedureStepStartDate", dicom_date(examination.start))
    put(made, "PerformedProcedureStepStartTime", dicom_time(examination.start))
    put(made, "PerformedProcedureStepDescription", performed_description(examination))
    _put_items(made, "PerformedProtocolCodeSequence", performed_protocols(examination))
    step = reference_item(uid_of("ModalityPerformedProcedureStep"), examination.named_step or examination.mpps)
    put(made, "ReferencedPerformedProcedureStepSequence", [step])
    _put_items(made, "RequestAttributesSequence", [_request(entry) for entry in examination.scheduled])


def _request(entry: Dataset) -> Dataset:
    """An item of the Request Attributes Sequence: no order numbers, and no ID is sent empty (PS3.3 Table 10-9)."""
    step = scheduled_step(entry)
    item = Dataset()
    take_valued(
        entry, item, ("RequestedProcedureID", "RequestedProcedureDescription", "StudyInstanceUID", "AccessionNumber")
    )
    _put_items(item, "RequestedProcedureCodeSequence", fresh_items(entry, "RequestedProcedureCodeSequence"))
    take_valued(step, item, ("ScheduledProcedureStepID", "ScheduledProcedureStepDescription"))
    _put_items(item, "ScheduledProtocolCodeSequence", fresh_items(step, "ScheduledProtocolCodeSequence"))
    return item
