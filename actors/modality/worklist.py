"""The worklist query and the choice of an entry (RAD-5). Knows nothing of links."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydicom.dataset import Dataset

from actors.objects.copying import CODE, REFERENCE, items, put
from harness.actor import Bedside
from harness.dicom.paths import first
from harness.dicom.person import pn
from harness.model.scenario import PlannedProcedure

_STEP_KEYS = (
    "ScheduledStationAETitle",
    "ScheduledProcedureStepStartDate",
    "ScheduledProcedureStepStartTime",
    "Modality",
    "ScheduledPerformingPhysicianName",
    "ScheduledProcedureStepDescription",
    "ScheduledStationName",
    "ScheduledProcedureStepLocation",
    "PreMedication",
    "ScheduledProcedureStepID",
    "RequestedContrastAgent",
    "ScheduledProcedureStepStatus",
)
_KEYS = (
    "AccessionNumber",
    "ReferringPhysicianName",
    "PatientBirthDate",
    "PatientSex",
    "IssuerOfPatientID",
    "PatientWeight",
    "PregnancyStatus",
    "MedicalAlerts",
    "Allergies",
    "SpecialNeeds",
    "PatientState",
    "StudyInstanceUID",
    "RequestingPhysician",
    "RequestingService",
    "RequestedProcedureDescription",
    "RequestedProcedureID",
    "RequestedProcedurePriority",
    "PatientTransportArrangements",
    "AdmissionID",
    "CurrentPatientLocation",
    "PlacerOrderNumberImagingServiceRequest",
    "FillerOrderNumberImagingServiceRequest",
    "ConfidentialityConstraintOnPatientDataDescription",
)
_CODE_KEYS = CODE[:4]


def query(bedside: Bedside) -> Dataset:
    """The identifier of a patient based query with every return key of RAD TF-2: 4.5 that a modality needs.

    Matching keys are Patient ID and Patient's Name, the combination that a person beside the patient knows.
    """
    identifier = Dataset()
    for keyword in _KEYS:
        put(identifier, keyword, None)
    name = pn(bedside.name)
    if not name.isascii():
        put(identifier, "SpecificCharacterSet", "ISO_IR 192")
    put(identifier, "PatientName", name)
    put(identifier, "PatientID", bedside.patient_id)
    put(identifier, "ReferencedStudySequence", [_empty(REFERENCE)])
    put(identifier, "ReferencedPatientSequence", [_empty(REFERENCE)])
    put(identifier, "RequestedProcedureCodeSequence", [_empty(_CODE_KEYS)])
    step = _empty(_STEP_KEYS)
    put(step, "ScheduledProtocolCodeSequence", [_empty(_CODE_KEYS)])
    put(identifier, "ScheduledProcedureStepSequence", [step])
    return identifier


def _empty(keywords: Iterable[str]) -> Dataset:
    item = Dataset()
    for keyword in keywords:
        put(item, keyword, None)
    return item


def scheduled_step(entry: Dataset) -> Dataset:
    """The entry's Scheduled Procedure Step; empty when the entry has none."""
    return next(iter(items(entry, "ScheduledProcedureStepSequence")), Dataset())


def step_key(entry: Dataset) -> tuple[str, str, str]:
    """What tells one scheduled step from another: Study UID, Requested Procedure ID and step ID."""
    return (
        first(entry, "StudyInstanceUID"),
        first(entry, "RequestedProcedureID"),
        first(scheduled_step(entry), "ScheduledProcedureStepID"),
    )


def missing(entry: Dataset) -> tuple[str, ...]:
    """What the entry lacks of the return keys of type 1 that no examination can do without (PS3.4 Table K.6-1)."""
    return tuple(
        keyword
        for keyword, value in zip(
            ("StudyInstanceUID", "RequestedProcedureID", "ScheduledProcedureStepID"), step_key(entry), strict=True
        )
        if not value
    )


def entries_for(answers: Iterable[Dataset], patient_id: str, procedure: PlannedProcedure) -> tuple[Dataset, ...]:
    """The patient's entries for the procedure, else all of the patient's entries, in order of their start."""
    mine = [answer for answer in answers if first(answer, "PatientID") == patient_id]
    wanted = [entry for entry in mine if _is_of(entry, procedure)]
    return tuple(sorted(wanted or mine, key=_start))


def _is_of(entry: Dataset, procedure: PlannedProcedure) -> bool:
    codes = items(entry, "RequestedProcedureCodeSequence")
    return any(first(code, "CodeValue") == procedure.procedure.value for code in codes)


def _start(entry: Dataset) -> tuple[str, str, str]:
    step = scheduled_step(entry)
    return (
        first(step, "ScheduledProcedureStepStartDate"),
        first(step, "ScheduledProcedureStepStartTime"),
        first(step, "ScheduledProcedureStepID"),
    )


def next_entry(entries: Sequence[Dataset], started: Iterable[tuple[str, str, str]]) -> Dataset | None:
    """The first entry that was not started; when all were, the last one again (append case); None without entries."""
    begun = set(started)
    return next((entry for entry in entries if step_key(entry) not in begun), entries[-1] if entries else None)
