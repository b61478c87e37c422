"""C-FIND with DCMTK's findscu, answers read back from the files that it writes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from dcmtk_tools import Facts, Peer, run_tool
from pydicom import dcmread


def find(facts: Facts, archive: Peer, level: str, keys: dict[str, str], wanted: list[str]) -> list[dict[str, str]]:
    """Query one level of the study root model; one mapping of keyword to value for each answer."""
    arguments = ["-S", "-aet", facts.own.ae_title, "-aec", archive.ae_title, "-k", f"QueryRetrieveLevel={level}"]
    for keyword in dict.fromkeys([*keys, *wanted]):
        arguments += ["-k", f"{keyword}={keys.get(keyword, '')}"]
    with tempfile.TemporaryDirectory() as folder:
        run_tool("findscu", *arguments, "-X", "-od", folder, archive.host, str(archive.port))
        answers = [dcmread(path, force=True) for path in sorted(Path(folder).glob("rsp*.dcm"))]
        return [{element.keyword: str(element.value) for element in answer} for answer in answers]
