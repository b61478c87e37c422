"""Worklist entries as data sets: every return key of PS3.4 Table K.6-1 that the filler has, from its orders.

The HL7 to DICOM mapping of RAD TF-2x Appendix B. Matching and the choice of keys are in `worklist_answer`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pydicom.dataset import Dataset

from actors.objects.attributes import clean, code_items, set_items, set_text
from actors.objects.copying import reference_item
from actors.order_filler.orders import Entry, StepState
from harness.dicom.person import pn
from harness.dicom.uids import uid_of
from harness.model.scenario import Practitioner

PRIORITIES: Mapping[str, str] = MappingProxyType(
    {"S": "STAT", "A": "HIGH", "R": "ROUTINE", "P": "HIGH", "C": "HIGH", "T": "MEDIUM"}
)
"""Requested Procedure Priority by HL7 table 0485."""

STATUSES: Mapping[StepState, str] = MappingProxyType(
    {StepState.SCHEDULED: "SCHEDULED", StepState.IN_PROGRESS: "STARTED"}
)
"""Scheduled Procedure Step Status (PS3.3 C.4.10)."""

SEXES = frozenset({"M", "F", "O"})
"""What (0010,0040) can say of HL7 table 0001; the rest is empty."""

_EMPTY_PATIENT = (
    "PatientWeight",
    "PregnancyStatus",
    "Allergies",
    "SpecialNeeds",
    "ConfidentialityConstraintOnPatientDataDescription",
)
_EMPTY_STEP = (
    "ScheduledPerformingPhysicianName",
    "ScheduledProcedureStepLocation",
    "PreMedication",
    "RequestedContrastAgent",
)


def entry_dataset(entry: Entry) -> Dataset:
    """Everything the filler can return about one Scheduled Procedure Step, without Specific Character Set."""
    ds = Dataset()
    _patient(ds, entry)
    _visit(ds, entry)
    _request(ds, entry)
    _procedure(ds, entry)
    set_items(ds, "ScheduledProcedureStepSequence", [_step(entry)])
    return ds


class EntryDatasets:
    """Data sets of entries, made again only when order or patient have changed. Not to be altered by their readers."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], tuple[Entry, Dataset]] = {}

    def of(self, entry: Entry) -> Dataset:
        """The entry's data set; safe from several threads, who at worst make it twice."""
        key = (entry.filled.order.filler.number, entry.step.id)
        known = self._made.get(key)
        if known is None or known[0].filled is not entry.filled or known[0].registration is not entry.registration:
            known = self._made[key] = (entry, entry_dataset(entry))
        return known[1]


def _patient(ds: Dataset, entry: Entry) -> None:
    patient, order = entry.registration.patient, entry.filled.order
    namespace, _, universal = patient.authority.partition("&")
    set_text(ds, "PatientName", pn(patient.name))
    set_text(ds, "PatientID", patient.id)
    set_text(ds, "IssuerOfPatientID", namespace)
    set_items(ds, "IssuerOfPatientIDQualifiersSequence", _universal(*universal.split("&")))
    set_text(ds, "PatientBirthDate", patient.birth_date)
    set_text(ds, "PatientSex", patient.sex if patient.sex in SEXES else "")
    set_text(ds, "PatientState", order.danger)
    set_text(ds, "MedicalAlerts", order.clinical)
    for keyword in _EMPTY_PATIENT:
        set_text(ds, keyword, "")


def _visit(ds: Dataset, entry: Entry) -> None:
    visit, patient = entry.registration.visit, entry.registration.patient
    set_text(ds, "AdmissionID", visit.number)
    issuer = patient.authority.partition("&")[0] if visit.number else ""
    set_items(ds, "IssuerOfAdmissionIDSequence", _issuer(issuer))
    set_text(ds, "CurrentPatientLocation", "^".join(visit.location))
    set_items(ds, "ReferencedPatientSequence", [])
    set_text(ds, "ReferringPhysicianName", _name(visit.referring))


def _request(ds: Dataset, entry: Entry) -> None:
    order, accession = entry.filled.order, entry.filled.procedure.accession
    set_text(ds, "AccessionNumber", accession.number)
    set_items(ds, "IssuerOfAccessionNumberSequence", _issuer(accession.namespace))
    set_text(ds, "RequestingPhysician", _name(order.orderer))
    set_text(ds, "RequestingService", order.organization.meaning or order.organization.value)
    set_text(ds, "PlacerOrderNumberImagingServiceRequest", order.placer.number)
    set_items(ds, "OrderPlacerIdentifierSequence", _issuer(order.placer.namespace))
    set_text(ds, "FillerOrderNumberImagingServiceRequest", order.filler.number)
    set_items(ds, "OrderFillerIdentifierSequence", _issuer(order.filler.namespace))


def _procedure(ds: Dataset, entry: Entry) -> None:
    procedure, order = entry.filled.procedure, entry.filled.order
    set_text(ds, "StudyInstanceUID", procedure.study_uid)
    study = reference_item(uid_of("DetachedStudyManagement"), procedure.study_uid)
    set_items(ds, "ReferencedStudySequence", [study])
    set_text(ds, "RequestedProcedureID", procedure.id)
    set_text(ds, "RequestedProcedureDescription", procedure.description)
    set_items(ds, "RequestedProcedureCodeSequence", code_items(procedure.code))
    set_text(ds, "RequestedProcedurePriority", PRIORITIES.get(order.priority[:1], ""))
    set_text(ds, "PatientTransportArrangements", order.transport)
    set_text(ds, "ReasonForTheRequestedProcedure", order.reason.meaning)
    set_items(ds, "ReasonForRequestedProcedureCodeSequence", code_items(order.reason))


def _step(entry: Entry) -> Dataset:
    step, item = entry.step, Dataset()
    set_text(item, "ScheduledStationAETitle", step.station)
    set_text(item, "ScheduledStationName", step.station_name)
    set_text(item, "ScheduledProcedureStepStartDate", f"{step.start:%Y%m%d}")
    set_text(item, "ScheduledProcedureStepStartTime", f"{step.start:%H%M%S}")
    set_text(item, "Modality", step.modality)
    set_text(item, "ScheduledProcedureStepDescription", step.description)
    set_items(item, "ScheduledProtocolCodeSequence", code_items(*step.protocol))
    set_text(item, "ScheduledProcedureStepID", step.id)
    set_text(item, "ScheduledProcedureStepStatus", STATUSES.get(entry.filled.state(step), ""))
    for keyword in _EMPTY_STEP:
        set_text(item, keyword, "")
    return item


def _issuer(namespace: str) -> list[Dataset]:
    """An HL7v2 Hierarchic Designator by its namespace (PS3.3 10.14)."""
    if not clean("LO", namespace):
        return []
    item = Dataset()
    set_text(item, "LocalNamespaceEntityID", namespace)
    return [item]


def _universal(universal_id: str, universal_type: str = "", *_: str) -> list[Dataset]:
    """Issuer of Patient ID Qualifiers: the universal part of PID-3.4."""
    if not universal_id:
        return []
    item = Dataset()
    set_text(item, "UniversalEntityID", universal_id)
    set_text(item, "UniversalEntityIDType", universal_type)
    return [item]


def _name(practitioner: Practitioner | None) -> str:
    return pn(practitioner.name) if practitioner is not None else ""
