"""Feed DCMTK's wlmscpfs: put the stand-in's worklist entries into the folder that it serves, the hook's argument.

A file is named by its patient and its step, so that a changed entry takes the place of the old one, and one that the
stand-in took from its worklist goes. Entries of other patients stay: they may be those of a scenario that runs beside.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from dcmtk_tools import read_facts
from pydicom import dcmread


def main() -> None:
    """Write what is new, then remove what this patient no longer has."""
    facts = read_facts()
    served = Path(sys.argv[1])
    served.mkdir(parents=True, exist_ok=True)
    (served / "lockfile").touch()
    current = {_name(entry): entry for entry in facts.folder.glob("*.wl")}
    for name, entry in current.items():
        partial = served / f"{name}.part"
        partial.write_bytes(entry.read_bytes())
        partial.replace(served / name)
    for known in served.glob(f"{_digest(facts.patient_id)}-*.wl"):
        if known.name not in current:
            known.unlink(missing_ok=True)
    print(f"{len(current)} entries")


def _name(entry: Path) -> str:
    dataset = dcmread(entry)
    step = dataset["ScheduledProcedureStepSequence"][0]["ScheduledProcedureStepID"].value
    return f"{_digest(dataset['PatientID'].value)}-{_digest(dataset['StudyInstanceUID'].value, step)}.wl"


def _digest(*values: object) -> str:
    """A file name that no value from the worklist can choose."""
    return hashlib.sha256("\0".join(map(str, values)).encode()).hexdigest()[:16]


if __name__ == "__main__":
    main()
