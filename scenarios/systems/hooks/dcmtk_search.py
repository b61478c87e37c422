"""C-FIND in the Study Root model with DCMTK's findscu; the answers are read back from the files that it writes."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from dcmtk_tools import Facts, run_tool
from pydicom import dcmread

Answer = dict[str, str]
"""The values of one answer by keyword."""


def find(facts: Facts, level: str, keys: Mapping[str, str], wanted: Sequence[str]) -> list[Answer]:
    """Query one level by its keys; `wanted` are the keywords of the return keys."""
    arguments = ["-S", "-k", f"QueryRetrieveLevel={level}"]
    for keyword in dict.fromkeys((*keys, *wanted)):
        arguments += ["-k", f"{keyword}={keys.get(keyword, '')}"]
    with tempfile.TemporaryDirectory() as folder:
        run_tool("findscu", *arguments, "-X", "-od", folder, *facts.call(facts.archive))
        answers = [dcmread(path, force=True) for path in sorted(Path(folder).glob("rsp*.dcm"))]
        return [{element.keyword: str(element.value) for element in answer} for answer in answers]


def studies(facts: Facts) -> list[Answer]:
    """The studies of the patient, with what a work list of a reading room shows of them."""
    wanted = ("StudyInstanceUID", "PatientName", "StudyDate", "StudyTime", "AccessionNumber", "StudyID")
    return find(facts, "STUDY", {"PatientID": facts.patient_id}, wanted)
