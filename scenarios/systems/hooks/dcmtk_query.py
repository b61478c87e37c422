"""RAD-14 by DCMTK: query studies of the patient, their series and images, with findscu."""

from __future__ import annotations

from dcmtk_tools import read_facts
from dcmtk_search import find

facts = read_facts()
archive = facts.peers["Image Manager"]
images = 0
for study in find(facts, archive, "STUDY", {"PatientID": facts.patient_id}, ["StudyInstanceUID", "PatientName",
    "StudyDate", "StudyTime", "AccessionNumber", "StudyID"]):
    known = {"StudyInstanceUID": study["StudyInstanceUID"]}
    for series in find(facts, archive, "SERIES", known, ["SeriesInstanceUID", "Modality", "SeriesNumber"]):
        known_series = {**known, "SeriesInstanceUID": series["SeriesInstanceUID"]}
        images += len(find(facts, archive, "IMAGE", known_series, ["SOPInstanceUID", "SOPClassUID", "InstanceNumber"]))
print(f"{images} images found")
