"""Who a patient is by now: demographics as corrected by RAD-12, and identities that were merged away.

A patient is known by ID and assigning authority; where one side names no authority, the ID decides (RAD TF-2: 4.12).
Safe for threads. Objects are not touched here: `revision` says what an outgoing copy has to show instead.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from actors.messages.received import NULL
from harness.dicom.person import pn
from harness.model.scenario import Patient

_SEXES = frozenset({"M", "F", "O"})
"""The values of table 0001 that DICOM knows (PS3.3 C.2.3); others become empty."""


class PatientKey(NamedTuple):
    """Patient ID and the namespace of its assigning authority ("" when not named)."""

    id: str
    authority: str

    @classmethod
    def of(cls, patient_id: str, authority: str) -> PatientKey:
        """The key of an HL7 authority (`HOSP&1.2.3&ISO`) or a DICOM issuer: its namespace counts."""
        return cls(patient_id, authority.partition("&")[0])


@dataclass(frozen=True, kw_only=True)
class Demographics:
    """Patient's Name, Birth Date and Sex as DICOM writes them; None where nothing was said."""

    name: str | None = None
    birth_date: str | None = None
    sex: str | None = None

    @classmethod
    def of(cls, patient: Patient) -> Demographics:
        """Those of a PID; empty fields say nothing, the HL7 null deletes (HL7 v2.5.1 2.5.3)."""
        sex = patient.sex if patient.sex in _SEXES else ""
        return cls(
            name=pn(patient.name) or None,
            birth_date=None if not patient.birth_date else patient.birth_date.replace(NULL, "")[:8],
            sex=None if not patient.sex else sex,
        )

    def updated(self, newer: Demographics) -> Demographics:
        """These, with what the newer ones say."""
        return replace(self, **{name: value for name, value in vars(newer).items() if value is not None})


@dataclass(frozen=True, kw_only=True)
class _Record:
    key: PatientKey
    demographics: Demographics
    corrected: bool = False


class PatientIndex:
    """Patients as HL7 announced, corrected and merged them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: dict[PatientKey, _Record] = {}
        self._survivors: dict[PatientKey, PatientKey] = {}

    def announce(self, patient: Patient) -> PatientKey:
        """Note the patient of a scheduled procedure; this corrects nothing that is stored already."""
        key = PatientKey.of(patient.id, patient.authority)
        with self._lock:
            if self._resolved(key) == key:
                self._write(key, Demographics.of(patient), corrected=False)
            return key

    def correct(self, patient: Patient) -> None:
        """Take new demographics (A08): everything handed out from now on shows them."""
        with self._lock:
            key = self._resolved(PatientKey.of(patient.id, patient.authority))
            self._write(key, Demographics.of(patient), corrected=True)

    def merge(self, patient: Patient, prior: PatientKey) -> None:
        """Let the prior identity dissolve in the patient's (A40); merges chain."""
        with self._lock:
            key = self._resolved(PatientKey.of(patient.id, patient.authority))
            dissolved = self._resolved(prior)
            self._write(key, Demographics.of(patient), corrected=True)
            if dissolved != key:
                self._survivors[dissolved] = key
                self._survivors[prior] = key

    def _write(self, key: PatientKey, demographics: Demographics, *, corrected: bool) -> None:
        known = self._records.get(key)
        if known is None:
            self._records[key] = _Record(key=key, demographics=demographics, corrected=corrected)
            return
        self._records[key] = replace(
            known,
            demographics=known.demographics.updated(demographics),
            corrected=known.corrected or corrected,
        )

    def resolve(self, patient_id: str, issuer: str) -> PatientKey:
        """Under which identity an object with that Patient ID and issuer is filed now."""
        with self._lock:
            return self._resolved(PatientKey.of(patient_id, issuer))

    def _resolved(self, key: PatientKey) -> PatientKey:
        seen = set()
        while key not in seen:
            seen.add(key)
            survivor = self._lookup(self._survivors, key)
            if survivor is None:
                break
            key = self._survivors[survivor]
        found = self._lookup(self._records, key)
        return key if found is None else found

    @staticmethod
    def _lookup(table: Mapping[PatientKey, object], key: PatientKey) -> PatientKey | None:
        """The table's entry for the key; a missing authority on either side fits any."""
        if key in table:
            return key
        if not key.authority:
            return next((known for known in table if known.id == key.id), None)
        bare = PatientKey(key.id, "")
        return bare if bare in table else None

    def revision(self, patient_id: str, issuer: str) -> Mapping[str, str]:
        """Attributes of an outgoing copy by keyword, for an object with that Patient ID and issuer.

        Empty when nothing was corrected. The issuer is named only where it changes.
        """
        with self._lock:
            key = self._resolved(PatientKey.of(patient_id, issuer))
            record = self._records.get(key)
        if record is None or not (record.corrected or key.id != patient_id):
            return {}
        return _attributes(record, moved=key.id != patient_id)

    def attributes(self, key: PatientKey) -> Mapping[str, str]:
        """Attributes of the patient by keyword, for objects that are moved to this patient."""
        with self._lock:
            record = self._records.get(self._resolved(key))
        return {} if record is None else _attributes(record, moved=True)


def _attributes(record: _Record, *, moved: bool) -> Mapping[str, str]:
    found: dict[str, str | None] = {
        "PatientName": record.demographics.name,
        "PatientBirthDate": record.demographics.birth_date,
        "PatientSex": record.demographics.sex,
    }
    if moved:
        found |= {"PatientID": record.key.id, "IssuerOfPatientID": record.key.authority or None}
    return {keyword: value for keyword, value in found.items() if value is not None}
