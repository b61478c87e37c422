"""RAD-16 by Orthanc: have the patient's studies moved to itself (`/queries/{id}/retrieve`, one C-MOVE for each)."""

from __future__ import annotations

import sys

from orthanc_rest import STUDY, Orthanc, read_facts


def main() -> None:
    """Find the studies, and retrieve them all."""
    facts, orthanc = read_facts(), Orthanc()
    archive = orthanc.knows(facts.peers["Image Manager"])
    query = orthanc.query(archive, "Study", {"PatientID": facts.patient_id}, STUDY)
    found = len(orthanc.answers(query))
    if not found:
        sys.exit(f"the Image Manager returned no study of patient {facts.patient_id}: there is nothing to retrieve")
    orthanc.call("POST", f"/queries/{query}/retrieve", {"TargetAet": facts.own["ae_title"], "Synchronous": True})
    print(f"{found} studies retrieved")


if __name__ == "__main__":
    main()
