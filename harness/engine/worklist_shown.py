"""What the answers of a worklist query showed, as whoever stands at the console of a modality reads it (RAD-5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from harness.actor import Bedside
from harness.dicom.encoding import decode_payload
from harness.dicom.paths import first
from harness.dicom.statuses import is_pending
from harness.engine.outcomes import Read
from harness.model.scenario import PersonName
from harness.model.transcript import Exchange

_STEP = "ScheduledProcedureStepSequence[0]"
_BEGUN = ("STARTED", "COMPLETED", "DISCONTINUED")
"""Scheduled Procedure Step Status of a step that need not be performed any more (PS3.3 C.4.10)."""
_PARTS = 5


@dataclass(frozen=True, kw_only=True)
class ShownEntry:
    """One entry. `key` tells it from every other; `begun`: it says of itself that it was started."""

    key: tuple[str, str, str]
    bedside: Bedside
    accession: str
    modality: str
    station: str
    start: str
    description: str
    begun: bool

    @property
    def text(self) -> str:
        """The entry in one line."""
        parts = (self.modality, self.description, f"accession {self.accession}" if self.accession else "", self.start)
        return " ".join(part for part in parts if part)

    def is_of(self, word: str) -> bool:
        """Whether the word is its modality, patient, accession number or station."""
        values = (self.modality, self.bedside.patient_id, self.accession, self.station, self.bedside.name.family)
        return word.casefold() in {value.casefold() for value in values if value}


def entries_shown(exchanges: Iterable[Exchange], read: Read) -> Sequence[ShownEntry]:
    """The entries in the answers, in order of their start."""
    datasets = [
        decode_payload(read(response.payload))
        for exchange in exchanges
        for response in exchange.responses
        if response.payload is not None
        and response.command is not None
        and response.command.status is not None
        and is_pending(response.command.status)
    ]
    return sorted((_entry(one) for one in datasets if one is not None), key=lambda entry: (entry.start, entry.key))


def _entry(entry: Dataset) -> ShownEntry:
    name = first(entry, "PatientName").split("=")[0].split("^")
    parts = [*name, *[""] * _PARTS][:_PARTS]
    step = f"{_STEP}.ScheduledProcedureStep"
    start = " ".join(filter(None, (first(entry, f"{step}StartDate"), first(entry, f"{step}StartTime"))))
    return ShownEntry(
        key=(
            first(entry, "StudyInstanceUID"),
            first(entry, "RequestedProcedureID"),
            first(entry, f"{step}ID"),
        ),
        bedside=Bedside(
            name=PersonName(family=parts[0], given=parts[1], middle=parts[2], prefix=parts[3], suffix=parts[4]),
            patient_id=first(entry, "PatientID"),
            authority=first(entry, "IssuerOfPatientID"),
            service=first(entry, "RequestedProcedureCodeSequence[0].CodeValue"),
        ),
        accession=first(entry, "AccessionNumber"),
        modality=first(entry, f"{_STEP}.Modality"),
        station=first(entry, f"{_STEP}.ScheduledStationAETitle"),
        start=start,
        description=first(entry, f"{step}Description") or first(entry, "RequestedProcedureDescription"),
        begun=first(entry, f"{step}Status") in _BEGUN,
    )
