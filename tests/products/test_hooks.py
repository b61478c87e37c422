"""The DCMTK hooks by themselves: what they do with their facts, and that no failure of a tool is taken for success."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

HOOKS = Path(__file__).parents[2] / "scenarios" / "systems" / "hooks"


def facts(folder: Path, patient: str = "P1") -> dict[str, object]:
    """What the harness tells a hook; nobody listens at these addresses."""

    def party(ae_title: str) -> dict[str, object]:
        return {"dimse": {"ae_title": ae_title, "host": "127.0.0.1", "port": 1}}

    folder.mkdir(exist_ok=True)
    peers = {"Image Manager": party("ARCHIVE"), "ADT": {"dimse": None}}
    return {"folder": str(folder), "patient": {"id": patient}, "own": party("OWN"), "peers": peers}


def hook(
    name: str, told: dict[str, object], *arguments: str, bin_folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a hook as the harness does; `bin_folder` takes the place of DCMTK's tools."""
    return subprocess.run(
        [sys.executable, str(HOOKS / f"{name}.py"), *arguments],
        input=json.dumps(told),
        env={"DCMTK_BIN": str(bin_folder or "/nonexistent")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def tool(folder: Path, name: str, *lines: str) -> Path:
    """A tool of that name that notes its arguments and says these lines."""
    folder.mkdir(exist_ok=True)
    script = folder / name
    said = "\n".join(f"echo '{line}' >&2" for line in lines)
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {folder}/{name}.calls\n{said}\n', encoding="utf-8")
    script.chmod(0o755)
    return folder


def entries(folder: Path, *steps: tuple[str, str]) -> None:
    """The stand-in's worklist as files: one for each patient and step."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.wl"):
        old.unlink()
    for number, (patient, step) in enumerate(steps, start=1):
        item, entry = Dataset(), Dataset()
        item.ScheduledProcedureStepID = step
        entry.PatientID, entry.StudyInstanceUID, entry.ScheduledProcedureStepSequence = patient, "1.2.3", [item]
        entry.file_meta = FileMetaDataset()
        entry.file_meta.MediaStorageSOPClassUID = entry.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3")
        entry.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        entry.save_as(folder / f"entry-{number}.wl", enforce_file_format=True)


def served(folder: Path) -> list[tuple[str, str]]:
    """What wlmscpfs would serve, by patient and step."""
    found = [dcmread(path) for path in folder.glob("*.wl")]
    return sorted((one.PatientID, one.ScheduledProcedureStepSequence[0].ScheduledProcedureStepID) for one in found)


def feed(tmp_path: Path, patient: str, *steps: tuple[str, str]) -> list[tuple[str, str]]:
    told = facts(tmp_path / "facts", patient)
    entries(tmp_path / "facts", *steps)
    target = tmp_path / "worklists" / "WL"
    done = hook("dcmtk_worklist", told, str(target))
    assert (done.returncode, done.stderr) == (0, "")
    assert (target / "lockfile").is_file()
    return served(target)


def test_the_worklist_is_replaced_for_the_patient_and_kept_for_others(tmp_path: Path) -> None:
    assert feed(tmp_path, "P1", ("P1", "S1"), ("P1", "S2")) == [("P1", "S1"), ("P1", "S2")]
    assert feed(tmp_path, "P2", ("P1", "S1"), ("P2", "S3")) == [("P1", "S1"), ("P1", "S2"), ("P2", "S3")]
    assert feed(tmp_path, "P1", ("P1", "S2"), ("P2", "S3")) == [("P1", "S2"), ("P2", "S3")]
    assert feed(tmp_path, "P1") == [("P2", "S3")]


def test_no_value_of_the_worklist_names_a_file(tmp_path: Path) -> None:
    hostile = "../../../etc/P*"
    assert feed(tmp_path, hostile, (hostile, "/S1")) == [(hostile, "/S1")]
    assert {path.parent for path in tmp_path.rglob("*.wl")} == {tmp_path / "facts", tmp_path / "worklists" / "WL"}


@pytest.mark.parametrize(
    ("name", "program", "said", "code"),
    [
        ("dcmtk_query", "findscu", (), 0),
        ("dcmtk_query", "findscu", ("E: Find Failed", "E: 0006:0317 Peer aborted Association"), 1),
        ("dcmtk_query", "findscu", ("W: a warning",), 0),
        ("dcmtk_store", "storescu", ("F: Association Request Failed",), 1),
        ("dcmtk_store", "storescu", (), 0),
    ],
)
def test_a_tool_that_reports_an_error_fails_the_hook_whatever_its_exit_code(
    name: str, program: str, said: Sequence[str], code: int, tmp_path: Path
) -> None:
    told = facts(tmp_path / "facts")
    (tmp_path / "facts" / "image-0001.dcm").touch()
    done = hook(name, told, bin_folder=tool(tmp_path / "bin", program, *said))
    assert done.returncode == code
    assert all(line in done.stderr for line in said) or code == 0
    call = (tmp_path / "bin" / f"{program}.calls").read_text(encoding="utf-8")
    assert "-aet OWN -aec ARCHIVE 127.0.0.1 1" in call


@pytest.mark.parametrize("name", ["dcmtk_query", "dcmtk_retrieve"])
def test_a_missing_tool_is_named(name: str, tmp_path: Path) -> None:
    done = hook(name, facts(tmp_path / "facts"))
    assert done.returncode == 1
    assert done.stderr.startswith("/nonexistent/findscu is not installed; DCMTK_BIN")


def test_nothing_to_retrieve_and_nothing_to_store_fail(tmp_path: Path) -> None:
    told = facts(tmp_path / "facts")
    retrieved = hook("dcmtk_retrieve", told, bin_folder=tool(tmp_path / "bin", "findscu"))
    stored = hook("dcmtk_store", told)
    assert (retrieved.returncode, stored.returncode) == (1, 1)
    assert "no study of patient P1" in retrieved.stderr
    assert "nothing to store" in stored.stderr


@pytest.mark.parametrize("name", ["orthanc_query", "orthanc_retrieve", "orthanc_store", "orthanc_commit"])
def test_an_orthanc_that_does_not_answer_is_no_success(tmp_path: Path, name: str) -> None:
    told = facts(tmp_path / "given") | {"sightings": [{"name": "sop_instance_uid", "value": "1.2.3"}]}
    (tmp_path / "given" / "1.dcm").write_bytes(b"an image")
    done = hook(name, told, "http://127.0.0.1:1")
    assert done.returncode == 1
    assert "Orthanc does not answer at http://127.0.0.1:1: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["orthanc_store", "orthanc_commit"])
def test_there_is_nothing_to_send_when_nothing_was_made_or_seen(tmp_path: Path, name: str) -> None:
    done = hook(name, facts(tmp_path / "given") | {"sightings": []}, "http://127.0.0.1:1")
    assert (done.returncode, "there is nothing to" in done.stderr) == (1, True)


PYLANTIR_TABLE = """
CREATE TABLE worklist_items (
    id INTEGER PRIMARY KEY, data_source TEXT, source_record_id TEXT, performed_procedure_step_status TEXT,
    study_instance_uid TEXT, patient_name TEXT, patient_id TEXT, patient_birth_date TEXT, patient_sex TEXT,
    accession_number TEXT, referring_physician_name TEXT, modality TEXT, scheduled_station_aetitle TEXT,
    scheduled_start_date TEXT, scheduled_start_time TEXT, performing_physician TEXT, protocol_name TEXT,
    hisris_coding_designator TEXT, station_name TEXT, UNIQUE (data_source, source_record_id)
)
"""


def test_pylantirs_rows_follow_the_worklist_and_keep_their_status(tmp_path: Path) -> None:
    told = facts(tmp_path / "facts", "P1")
    database = tmp_path / "worklist.db"
    with sqlite3.connect(database) as connection:
        connection.execute(PYLANTIR_TABLE)
        connection.execute("INSERT INTO worklist_items (data_source, patient_id) VALUES ('redcap', 'P1')")
    rows = "SELECT data_source, patient_id, performed_procedure_step_status FROM worklist_items ORDER BY id"
    entries(tmp_path / "facts", ("P1", "S1"), ("P1", "S2"), ("P2", "S3"))
    assert hook("pylantir_worklist", told, str(database)).returncode == 0
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE worklist_items SET performed_procedure_step_status = 'COMPLETED' WHERE id = 2")
    entries(tmp_path / "facts", ("P1", "S1"))
    assert hook("pylantir_worklist", told, str(database)).returncode == 0
    with sqlite3.connect(database) as connection:
        assert connection.execute(rows).fetchall() == [
            ("redcap", "P1", None),
            ("swf", "P1", "COMPLETED"),
            ("swf", "P2", "SCHEDULED"),
        ]


def test_a_pylantir_that_was_not_started_is_told(tmp_path: Path) -> None:
    done = hook("pylantir_worklist", facts(tmp_path / "facts"), str(tmp_path / "worklist.db"))
    assert (done.returncode, "is not there" in done.stderr) == (1, True)
