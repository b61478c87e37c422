"""Judge composite objects: ours, from the bytes of a file to the faults, and dciodvfy, a process for each file.

Each object is one of those that the simulated modality makes; ours decodes every value before it judges.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from measuring import report, side_by_side
from pydicom.dataset import Dataset

from actors.modality.kinds import Shot, kind_of
from actors.objects.copying import put
from harness.dicom.encoding import decode_payload, encode, wrap_payload
from harness.dicom.iod import IodFault, judge

EXPLICIT = "1.2.840.10008.1.2.1"
DCIODVFY = Path("/usr/bin/dciodvfy")
COMMON = {
    "PatientName": "LINDGREN^ASTA",
    "PatientID": "P1001",
    "PatientBirthDate": "19580714",
    "PatientSex": "F",
    "StudyInstanceUID": "1.2.3.4.5",
    "StudyDate": "20240305",
    "StudyTime": "102030",
    "ReferringPhysicianName": "",
    "StudyID": "RP1",
    "AccessionNumber": "ACC1",
    "SeriesInstanceUID": "1.2.3.4.6",
    "SeriesNumber": "1",
    "Manufacturer": "SWF harness",
}


def content(modality: str) -> bytes:
    """The file of one image."""
    kind, ds = kind_of(modality), Dataset()
    for keyword, value in {**COMMON, "SOPClassUID": kind.sop_class, "SOPInstanceUID": "1.2.3.4.7"}.items():
        put(ds, keyword, value)
    put(ds, "Modality", modality)
    kind.describe(ds, Shot(number=1, frame_of_reference="1.2.3.4.8", date="20240305", time="102030"))
    return wrap_payload(encode(ds, EXPLICIT), EXPLICIT, kind.sop_class, "1.2.3.4.7")


def ours(files: list[Path]) -> int:
    """Read, decode and judge."""
    faults: list[IodFault] = []
    for _ in range(20):
        for file in files:
            ds = decode_payload(file.read_bytes())
            if ds is not None:
                faults += judge(ds, transfer_syntax=EXPLICIT)
    return 20 * len(files)


def judged_alone(sets: list[Dataset]) -> int:
    """Judge what is decoded already, as within a run, where other checks have decoded it."""
    for _ in range(20):
        for ds in sets:
            list(judge(ds, transfer_syntax=EXPLICIT))
    return 20 * len(sets)


def dciodvfy(files: list[Path]) -> int:
    """One process for each file."""
    for file in files:
        subprocess.run([str(DCIODVFY), "-new", str(file)], capture_output=True, check=False)
    return len(files)


if __name__ == "__main__":
    if not DCIODVFY.exists():
        sys.exit(f"{DCIODVFY} is not installed")
    with tempfile.TemporaryDirectory() as name:
        paths = []
        for modality in ("CT", "MR", "DX", "CR", "OT"):
            paths.append(Path(name) / f"{modality}.dcm")
            paths[-1].write_bytes(content(modality))
        decoded = [ds for path in paths if (ds := decode_payload(path.read_bytes())) is not None]
        rates = side_by_side(
            {
                "ours": lambda: ours(paths),
                "ours, already decoded": lambda: judged_alone(decoded),
                "dciodvfy": lambda: dciodvfy(paths),
            }
        )
        report("objects judged", rates, "ours")
