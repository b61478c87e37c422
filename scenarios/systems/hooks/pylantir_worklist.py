"""Feed pylantir: put the stand-in's worklist entries into the SQLite database that it serves, the hook's argument.

Pylantir itself is filled from REDCap or Calpendo; its table is the way in that needs neither. A row is known by its
study and its step, so that a changed entry takes the place of the old one, and one that the stand-in took from its
worklist goes. The status stays pylantir's: it changes it when a performed step is reported.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
from pathlib import Path

from pydicom import Dataset, dcmread

UPSERT = """
INSERT INTO worklist_items (
    data_source, source_record_id, performed_procedure_step_status, study_instance_uid, patient_name, patient_id,
    patient_birth_date, patient_sex, accession_number, referring_physician_name, modality, scheduled_station_aetitle,
    scheduled_start_date, scheduled_start_time, performing_physician, protocol_name, hisris_coding_designator,
    station_name
) VALUES ('swf', ?, 'SCHEDULED', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (data_source, source_record_id) DO UPDATE SET
    study_instance_uid = excluded.study_instance_uid, patient_name = excluded.patient_name,
    patient_id = excluded.patient_id, patient_birth_date = excluded.patient_birth_date,
    patient_sex = excluded.patient_sex, accession_number = excluded.accession_number,
    referring_physician_name = excluded.referring_physician_name, modality = excluded.modality,
    scheduled_station_aetitle = excluded.scheduled_station_aetitle,
    scheduled_start_date = excluded.scheduled_start_date,
    scheduled_start_time = excluded.scheduled_start_time, performing_physician = excluded.performing_physician,
    protocol_name = excluded.protocol_name, hisris_coding_designator = excluded.hisris_coding_designator,
    station_name = excluded.station_name
"""
"""The columns have no place for the identifiers of an order, a requested procedure or a step."""

KNOWN = "SELECT source_record_id FROM worklist_items WHERE data_source = 'swf' AND patient_id = ?"
DELETE = "DELETE FROM worklist_items WHERE data_source = 'swf' AND source_record_id = ?"


def main() -> None:
    """Write what is new or changed, then remove what this patient no longer has."""
    facts = json.load(sys.stdin)
    entries = {_key(entry): _row(entry) for entry in map(dcmread, sorted(Path(facts["folder"]).glob("*.wl")))}
    database = Path(sys.argv[1])
    if not database.is_file():
        sys.exit(f"{database} is not there: pylantir makes it in its working directory when it starts")
    with sqlite3.connect(database, timeout=30.0) as connection:
        connection.executemany(UPSERT, [(key, *row) for key, row in entries.items()])
        known = connection.execute(KNOWN, (facts["patient"]["id"],)).fetchall()
        connection.executemany(DELETE, [one for one in known if one[0] not in entries])
    print(f"{len(entries)} entries")


def _key(entry: Dataset) -> str:
    step = entry.ScheduledProcedureStepSequence[0].ScheduledProcedureStepID
    return hashlib.sha256(f"{entry.PatientID}\0{entry.StudyInstanceUID}\0{step}".encode()).hexdigest()[:16]


def _row(entry: Dataset) -> tuple[str, ...]:
    """The values of the columns, in their order."""
    step = entry.ScheduledProcedureStepSequence[0]
    protocol = next(iter(step.get("ScheduledProtocolCodeSequence") or ()), Dataset())
    return (
        _text(entry, "StudyInstanceUID"),
        _text(entry, "PatientName"),
        _text(entry, "PatientID"),
        _text(entry, "PatientBirthDate"),
        _text(entry, "PatientSex"),
        _text(entry, "AccessionNumber"),
        _text(entry, "ReferringPhysicianName"),
        _text(step, "Modality"),
        _text(step, "ScheduledStationAETitle"),
        _text(step, "ScheduledProcedureStepStartDate"),
        _text(step, "ScheduledProcedureStepStartTime"),
        _text(step, "ScheduledPerformingPhysicianName"),
        _text(protocol, "CodeValue"),
        _text(protocol, "CodingSchemeDesignator"),
        _text(step, "ScheduledStationName"),
    )


def _text(dataset: Dataset, keyword: str) -> str:
    return str(dataset.get(keyword) or "")


if __name__ == "__main__":
    main()
