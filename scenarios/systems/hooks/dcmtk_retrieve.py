"""RAD-16 by DCMTK: have the patient's studies moved to ourselves by movescu, which receives them on our own port."""

from __future__ import annotations

import sys
import tempfile

from dcmtk_search import studies
from dcmtk_tools import read_facts, run_tool


def main() -> None:
    """One C-MOVE for each study."""
    facts = read_facts()
    found = studies(facts)
    if not found:
        sys.exit(f"the Image Manager returned no study of patient {facts.patient_id}: there is nothing to retrieve")
    for study in found:
        keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study['StudyInstanceUID']}")
        receiving = ("-aem", facts.own.ae_title, "+P", str(facts.own.port))
        with tempfile.TemporaryDirectory() as folder:
            run_tool("movescu", "-S", *receiving, "+B", *keys, *facts.call(facts.archive), folder=folder)
    print(f"{len(found)} studies retrieved")


if __name__ == "__main__":
    main()
