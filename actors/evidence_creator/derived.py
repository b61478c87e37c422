"""Images that are made from images: in the study of their sources, in a series of their own (RAD-18; RAD TF-2x: A.2).

Patient, study and request are copied from the source as they are; what is new says from what it was made. Pure.
"""

from __future__ import annotations

from array import array
from copy import deepcopy
from datetime import datetime

from pydicom.dataset import Dataset

from actors.modality.examination import Examination, Image, PerformedSeries, Reference
from actors.modality.performed_step import dicom_date, dicom_time
from actors.objects.copying import fresh_items, items, put, reference_item, take_valued
from harness.dicom.paths import first
from harness.dicom.uids import uid_of

OPERATOR = "OPERATOR^WORKSTATION"
"""Who works the simulated workstation."""
DESCRIPTION = "Average of neighbouring images"

_OF_PATIENT_AND_STUDY = (
    "SpecificCharacterSet",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "ReferencedStudySequence",
    "ReferencedPatientSequence",
)
_OF_REQUEST = ("RequestedProcedureID", "RequestedProcedureDescription")
_OF_STEP = ("ScheduledProcedureStepID", "ScheduledProcedureStepDescription", "ScheduledProtocolCodeSequence")
_OF_ACQUISITION = ("PerformedProtocolCodeSequence", "CommentsOnThePerformedProcedureStep")
_WORD = 16


def entry_of(source: Dataset) -> Dataset:
    """What a source image says of patient, study and request, in the form of a worklist entry."""
    entry = Dataset()
    take_valued(source, entry, _OF_PATIENT_AND_STUDY)
    put(entry, "RequestedProcedureCodeSequence", fresh_items(source, "ProcedureCodeSequence"))
    request = next(iter(items(source, "RequestAttributesSequence")), Dataset())
    take_valued(request, entry, _OF_REQUEST)
    step = Dataset()
    take_valued(request, step, _OF_STEP)
    put(step, "Modality", first(source, "Modality"))
    put(entry, "ScheduledProcedureStepSequence", [step])
    return entry


def derived_series(source: Dataset, number: int, uid: str) -> PerformedSeries:
    """An empty series for what is made from the source."""
    return PerformedSeries(
        uid=uid,
        number=number,
        modality=first(source, "Modality"),
        protocol_name=DESCRIPTION,
        description=DESCRIPTION,
        performing_physician="",
        operator=OPERATOR,
    )


def derive(
    sources: tuple[Dataset, Dataset],
    series: PerformedSeries,
    examination: Examination | None,
    *,
    uid: str,
    number: int,
    now: datetime,
) -> Image:
    """The image in between two neighbouring ones; `examination` is the performed step that it is made in, if any."""
    source = sources[0]
    made = deepcopy(source)
    for keyword in (*_OF_ACQUISITION, "ReferencedPerformedProcedureStepSequence"):
        if keyword in made:
            del made[keyword]
    put(made, "SOPInstanceUID", uid)
    put(made, "SeriesInstanceUID", series.uid)
    put(made, "SeriesNumber", series.number)
    put(made, "InstanceNumber", number)
    put(made, "SeriesDescription", series.description)
    put(made, "SeriesDate", dicom_date(now))
    put(made, "SeriesTime", dicom_time(now))
    put(made, "ContentDate", dicom_date(now))
    put(made, "ContentTime", dicom_time(now))
    put(made, "OperatorsName", series.operator)
    kind = str(first(source, "ImageType")).split("\\")[2:]
    put(made, "ImageType", ["DERIVED", "SECONDARY", *kind])
    put(made, "DerivationDescription", DESCRIPTION)
    references = [reference_item(first(one, "SOPClassUID"), first(one, "SOPInstanceUID")) for one in sources]
    put(made, "SourceImageSequence", references if sources[0] is not sources[1] else references[:1])
    _of_step(made, examination)
    _average(made, sources)
    return Image(reference=Reference(first(made, "SOPClassUID"), uid), dataset=made)


def _of_step(made: Dataset, examination: Examination | None) -> None:
    for keyword in ("PerformedProcedureStepID", "PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime"):
        if keyword in made:
            del made[keyword]
    if examination is None:
        return
    put(made, "PerformedProcedureStepID", examination.pps_id)
    put(made, "PerformedProcedureStepStartDate", dicom_date(examination.start))
    put(made, "PerformedProcedureStepStartTime", dicom_time(examination.start))
    step = reference_item(uid_of("ModalityPerformedProcedureStep"), examination.mpps)
    put(made, "ReferencedPerformedProcedureStepSequence", [step])


def _average(made: Dataset, sources: tuple[Dataset, Dataset]) -> None:
    """Sample by sample, where both have samples of 16 bits; the first one's else."""
    one, other = (dataset.get("PixelData") for dataset in sources)
    plain = isinstance(one, bytes) and isinstance(other, bytes) and len(one) == len(other)
    if not plain or first(made, "BitsAllocated") != str(_WORD):
        return
    code = "h" if first(made, "PixelRepresentation") == "1" else "H"
    first_samples, second_samples = array(code, one), array(code, other)
    samples = array(code, ((left + right) // 2 for left, right in zip(first_samples, second_samples, strict=True)))
    made.PixelData = samples.tobytes()
