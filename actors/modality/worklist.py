"""The worklist query and the choice of an entry (RAD-5). Knows nothing of links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from pydicom.dataset import Dataset

from actors.objects.copying import CODE, REFERENCE, items, put
from harness.actor import Bedside, CannotAct
from harness.dicom.paths import first
from harness.dicom.person import alphabetic
from harness.model.scenario import KeyMatch, PlannedProcedure

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
    "PatientName",
    "PatientID",
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


_BEDSIDE_KEYS: Mapping[str, KeyMatch] = MappingProxyType({"PatientName": KeyMatch.VALUE, "PatientID": KeyMatch.VALUE})
"""What a person beside the patient knows, the combination asked for when a step names no keys."""

_SCHEDULE_KEYS = ("ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "Modality")
_ENTRY_KEYS = ("AccessionNumber", "RequestedProcedureID")


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the modality can fill a matching key with.

    `entry` is one of the patient's that an earlier query returned, empty when there is none yet; `station` is the
    modality's own AE title, `modality` what the ordered service needs, `today` the modality's day.
    """

    bedside: Bedside
    entry: Dataset
    station: str
    modality: str
    today: datetime

    def value(self, keyword: str) -> str:
        """The value of a key; CannotAct when the modality does not know it yet."""
        step = scheduled_step(self.entry)
        known = {
            "PatientName": alphabetic(self.bedside.name),
            "PatientID": self.bedside.patient_id,
            "ScheduledStationAETitle": first(step, "ScheduledStationAETitle") or self.station,
            "ScheduledProcedureStepStartDate": first(step, "ScheduledProcedureStepStartDate") or f"{self.today:%Y%m%d}",
            "Modality": first(step, "Modality") or self.modality,
        }
        known.update({key: first(self.entry, key) for key in _ENTRY_KEYS})
        if not known.get(keyword):
            raise CannotAct(f"no earlier query showed a {keyword} of patient {self.bedside.patient_id} to ask for")
        return known[keyword]


def query(known: Known, keys: Mapping[str, KeyMatch] = _BEDSIDE_KEYS) -> Dataset:
    """The identifier of a query with every return key of RAD TF-2: 4.5 that a modality needs.

    `keys` are the matching keys by keyword: those of the patient based or of the broad query (RAD TF-2: Tables 4.5-1
    and 4.5-2).
    """
    values = {keyword: _filled(known, keyword, match) for keyword, match in keys.items()}
    identifier = Dataset()
    for keyword in _KEYS:
        put(identifier, keyword, values.get(keyword))
    if not "".join(values.values()).isascii():
        put(identifier, "SpecificCharacterSet", "ISO_IR 192")
    put(identifier, "ReferencedStudySequence", [_empty(REFERENCE)])
    put(identifier, "ReferencedPatientSequence", [_empty(REFERENCE)])
    put(identifier, "RequestedProcedureCodeSequence", [_empty(_CODE_KEYS)])
    step = _empty(_STEP_KEYS)
    for keyword in _SCHEDULE_KEYS:
        put(step, keyword, values.get(keyword))
    put(step, "ScheduledProtocolCodeSequence", [_empty(_CODE_KEYS)])
    put(identifier, "ScheduledProcedureStepSequence", [step])
    return identifier


_NOBODY: Mapping[str, str] = MappingProxyType(
    {
        "PatientName": "NOBODY^OF^THAT^NAME",
        "ScheduledProcedureStepStartDate": "19000101",
        "Modality": "XX",
    }
)
"""Values that no entry has, where one has to be of a certain form."""


def _filled(known: Known, keyword: str, match: KeyMatch) -> str:
    """A matching key with its value (PS3.4 C.2.2.2)."""
    if match is KeyMatch.NOTHING:
        return _NOBODY.get(keyword, "SWF-NOBODY")
    value = known.value(keyword)
    if match is KeyMatch.WILDCARD:
        return f"{value[: max(1, min(4, len(value) - 1))]}*"
    if match is KeyMatch.RANGE:
        day = datetime.strptime(value, "%Y%m%d")
        return f"{day - timedelta(days=1):%Y%m%d}-{day:%Y%m%d}"
    return value


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


def entries_of(answers: Iterable[Dataset], patient_id: str) -> tuple[Dataset, ...]:
    """The patient's entries, in order of their start."""
    return tuple(sorted((answer for answer in answers if first(answer, "PatientID") == patient_id), key=_start))


def entries_for(entries: Iterable[Dataset], procedure: PlannedProcedure) -> tuple[Dataset, ...]:
    """Those of a patient's entries that are for the procedure, else all of them."""
    return entries_of_code(entries, procedure.procedure.value)


def entries_of_code(entries: Iterable[Dataset], procedure: str) -> tuple[Dataset, ...]:
    """Those of a patient's entries whose Requested Procedure has that code, else all of them."""
    mine = tuple(entries)
    return tuple(entry for entry in mine if _is_of(entry, procedure)) or mine


def _is_of(entry: Dataset, procedure: str) -> bool:
    codes = items(entry, "RequestedProcedureCodeSequence")
    return any(first(code, "CodeValue") == procedure for code in codes)


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
