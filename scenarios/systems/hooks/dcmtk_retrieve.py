"""RAD-16 by DCMTK: move the patient's studies to ourselves with movescu, which receives them on our own port."""

from __future__ import annotations

import tempfile

from dcmtk_search import find
from dcmtk_tools import read_facts, run_tool

facts = read_facts()
archive = facts.peers["Image Manager"]
for study in find(facts, archive, "STUDY", {"PatientID": facts.patient_id}, ["StudyInstanceUID"]):
    with tempfile.TemporaryDirectory() as folder:
        run_tool(
            "movescu", "-v", "-S", "-aet", facts.own.ae_title, "-aec", archive.ae_title, "-aem", facts.own.ae_title,
            "+P", str(facts.own.port), "-od", folder,
            "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study['StudyInstanceUID']}",
            archive.host, str(archive.port),
        )
print("moved")
