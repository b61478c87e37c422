"""The Modality Performed Procedure Step as N-CREATE and N-SET carry it (RAD-6, RAD-7; PS3.4 Table F.7.2-1).

Built from an examination alone; knows nothing of links. Attributes that may be set later are created, empty if need be
(PS3.4 F.7.2.1.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum

from pydicom.dataset import Dataset

from actors.modality.examination import Examination, PerformedSeries
from actors.modality.worklist import scheduled_step
from actors.objects.attributes import code_items
from actors.objects.copying import REFERENCE, fresh_items, put, reference_item, take, take_valued
from harness.dicom.paths import first
from harness.model.scenario import ObjectKind


class StepStatus(Enum):
    """Performed Procedure Step Status (PS3.3 C.4.14)."""

    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    DISCONTINUED = "DISCONTINUED"


REASONS = {
    "110500": "Doctor canceled procedure",
    "110501": "Equipment failure",
    "110502": "Incorrect procedure ordered",
    "110503": "Patient allergic to media/contrast",
    "110504": "Patient died",
    "110505": "Patient refused to continue procedure",
    "110506": "Patient taken for treatment or surgery",
    "110507": "Patient did not arrive",
    "110508": "Patient pregnant",
    "110509": "Change of procedure for correct charging",
    "110510": "Duplicate order",
    "110511": "Nursing unit cancel",
    "110512": "Incorrect side ordered",
    "110513": "Discontinued for unspecified reason",
    "110514": "Incorrect worklist entry selected",
    "110515": "Patient condition prevented continuing",
    "110516": "Equipment change",
}
"""Modality PPS Discontinuation Reasons with the designator DCM (PS3.16 CID 9301)."""

_PATIENT = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
_PATIENT_IF_GIVEN = (
    "IssuerOfPatientID",
    "IssuerOfPatientIDQualifiersSequence",
    "OtherPatientIDsSequence",
    "AdmissionID",
    "IssuerOfAdmissionIDSequence",
)
_SET_LATER = (
    "PerformedProcedureTypeDescription",
    "PerformedProcedureStepEndDate",
    "PerformedProcedureStepEndTime",
    "CommentsOnThePerformedProcedureStep",
)
_NO_IMAGES = frozenset(kind.value for kind in ObjectKind)
"""The Modality of series whose instances are no images (PS3.3 C.7.3.1.1.1)."""

_SEQUENCES_SET_LATER = (
    "PerformedSeriesSequence",
    "PerformedProcedureStepDiscontinuationReasonCodeSequence",
    "BillingProcedureStepSequence",
    "FilmConsumptionSequence",
    "BillingSuppliesAndDevicesSequence",
)


def in_progress(examination: Examination, ae_title: str, status: StepStatus = StepStatus.IN_PROGRESS) -> Dataset:
    """The attribute list of the N-CREATE: everything scheduled is copied from the worklist entries, one item for each.

    An examination without an entry has one item, which names its study and nothing else (RAD TF-2: 4.6).
    """
    entry = examination.entry
    created = Dataset()
    take_valued(entry, created, ("SpecificCharacterSet",))
    scheduled = examination.scheduled or (entry,)
    items = [_scheduled_attributes(one, examination.study) for one in scheduled]
    put(created, "ScheduledStepAttributesSequence", items)
    take(entry, created, _PATIENT)
    take_valued(entry, created, _PATIENT_IF_GIVEN)
    put(created, "ReferencedPatientSequence", fresh_items(entry, "ReferencedPatientSequence", REFERENCE))
    put(created, "PerformedProcedureStepID", examination.pps_id)
    put(created, "PerformedStationAETitle", ae_title)
    put(created, "PerformedStationName", first(scheduled_step(entry), "ScheduledStationName"))
    put(created, "PerformedLocation", None)
    put(created, "PerformedProcedureStepStartDate", dicom_date(examination.start))
    put(created, "PerformedProcedureStepStartTime", dicom_time(examination.start))
    put(created, "PerformedProcedureStepStatus", status.value)
    put(created, "Modality", first(scheduled_step(entry), "Modality"))
    put(created, "StudyID", examination.study_id)
    _performed(created, examination)
    for keyword in _SET_LATER:
        put(created, keyword, None)
    for keyword in _SEQUENCES_SET_LATER:
        put(created, keyword, [])
    return created


def _scheduled_attributes(entry: Dataset, study: str) -> Dataset:
    """An item of the Scheduled Step Attributes Sequence (RAD TF-2x: A.1); `study` is the one that the images are in."""
    item = Dataset()
    step = scheduled_step(entry)
    put(item, "StudyInstanceUID", study)
    take(entry, item, ("AccessionNumber", "RequestedProcedureID", "RequestedProcedureDescription"))
    put(item, "ReferencedStudySequence", fresh_items(entry, "ReferencedStudySequence", REFERENCE))
    take_valued(
        entry,
        item,
        (
            "IssuerOfAccessionNumberSequence",
            "PlacerOrderNumberImagingServiceRequest",
            "FillerOrderNumberImagingServiceRequest",
        ),
    )
    put(item, "RequestedProcedureCodeSequence", fresh_items(entry, "RequestedProcedureCodeSequence"))
    take(step, item, ("ScheduledProcedureStepID", "ScheduledProcedureStepDescription"))
    put(item, "ScheduledProtocolCodeSequence", fresh_items(step, "ScheduledProtocolCodeSequence"))
    return item


def _performed(target: Dataset, examination: Examination) -> None:
    """What was done, which by default is what was scheduled."""
    put(target, "PerformedProcedureStepDescription", performed_description(examination))
    put(target, "ProcedureCodeSequence", performed_codes(examination))
    put(target, "PerformedProtocolCodeSequence", performed_protocols(examination))


def performed_description(examination: Examination) -> str:
    """The description of what is done."""
    if examination.performed is not None:
        return examination.performed.description
    return first(examination.entry, "RequestedProcedureDescription")


def performed_codes(examination: Examination) -> list[Dataset]:
    """Items of the procedure code of what is done."""
    if examination.performed is not None:
        return code_items(examination.performed.procedure)
    return fresh_items(examination.entry, "RequestedProcedureCodeSequence")


def performed_protocols(examination: Examination) -> list[Dataset]:
    """Items of the protocol codes of what is done."""
    if examination.performed is not None:
        return code_items(*(code for step in examination.performed.steps for code in step.protocol))
    return fresh_items(scheduled_step(examination.entry), "ScheduledProtocolCodeSequence")


def progressed(examination: Examination) -> Dataset:
    """The modification list of an intermediate N-SET: the series so far (PS3.4 F.7.2.2)."""
    modified = _modification(examination, StepStatus.IN_PROGRESS)
    put(modified, "PerformedSeriesSequence", [_series_item(series) for series in examination.series])
    return modified


def finished(
    examination: Examination, status: StepStatus, end: datetime, series: Sequence[PerformedSeries], reason: str
) -> Dataset:
    """The modification list of the final N-SET.

    `series` has at least one series, also when no image was made (PS3.4 Table F.7.2-1 note 2); `reason` is a code of
    CID 9301 for a discontinued step, else "".
    """
    modified = _modification(examination, status)
    put(modified, "PerformedProcedureStepEndDate", dicom_date(end))
    put(modified, "PerformedProcedureStepEndTime", dicom_time(end))
    put(modified, "PerformedSeriesSequence", [_series_item(each) for each in series])
    if reason:
        put(modified, "PerformedProcedureStepDiscontinuationReasonCodeSequence", [_reason_item(reason)])
    return modified


def _modification(examination: Examination, status: StepStatus) -> Dataset:
    modified = Dataset()
    take_valued(examination.entry, modified, ("SpecificCharacterSet",))
    put(modified, "PerformedProcedureStepStatus", status.value)
    _performed(modified, examination)
    return modified


def _reason_item(reason: str) -> Dataset:
    item = Dataset()
    put(item, "CodeValue", reason)
    put(item, "CodingSchemeDesignator", "DCM")
    put(item, "CodeMeaning", REASONS[reason])
    return item


def _series_item(series: PerformedSeries) -> Dataset:
    item = Dataset()
    put(item, "PerformingPhysicianName", series.performing_physician)
    put(item, "OperatorsName", series.operator)
    put(item, "ProtocolName", series.protocol_name)
    put(item, "SeriesInstanceUID", series.uid)
    put(item, "SeriesDescription", series.description)
    put(item, "RetrieveAETitle", None)
    references = [reference_item(*each) for each in series.listed()]
    images = series.modality not in _NO_IMAGES
    put(item, "ReferencedImageSequence", references if images else [])
    put(item, "ReferencedNonImageCompositeSOPInstanceSequence", [] if images else references)
    return item


def dicom_date(moment: datetime) -> str:
    """The VR DA."""
    return moment.strftime("%Y%m%d")


def dicom_time(moment: datetime) -> str:
    """The VR TM, to the second."""
    return moment.strftime("%H%M%S")
