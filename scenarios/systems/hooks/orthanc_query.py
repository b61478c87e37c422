"""RAD-14 by Orthanc: query the studies of the patient, their series and images (`/modalities/{id}/query`)."""

from __future__ import annotations

from orthanc_rest import STUDY, Orthanc, read_facts

SERIES = ("SeriesInstanceUID", "Modality", "SeriesNumber")
IMAGE = ("SOPInstanceUID", "SOPClassUID", "InstanceNumber")


def main() -> None:
    """Go down from the studies to the images, as a workstation does."""
    facts, orthanc = read_facts(), Orthanc()
    archive = orthanc.knows(facts.peers["Image Manager"])
    images = 0
    for study in orthanc.answers(orthanc.query(archive, "Study", {"PatientID": facts.patient_id}, STUDY)):
        of_study = {"StudyInstanceUID": study["StudyInstanceUID"]}
        for series in orthanc.answers(orthanc.query(archive, "Series", of_study, SERIES)):
            of_series = {**of_study, "SeriesInstanceUID": series["SeriesInstanceUID"]}
            images += len(orthanc.answers(orthanc.query(archive, "Instance", of_series, IMAGE)))
    print(f"{images} images found")


if __name__ == "__main__":
    main()
