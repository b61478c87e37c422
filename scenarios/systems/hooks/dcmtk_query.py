"""RAD-14 by DCMTK: query the studies of the patient, their series and images, with findscu."""

from __future__ import annotations

from dcmtk_search import find, studies
from dcmtk_tools import read_facts


def main() -> None:
    """Go down from the studies to the images, as a workstation does."""
    facts = read_facts()
    images = 0
    for study in studies(facts):
        of_study = {"StudyInstanceUID": study["StudyInstanceUID"]}
        for series in find(facts, "SERIES", of_study, ("SeriesInstanceUID", "Modality", "SeriesNumber")):
            of_series = {**of_study, "SeriesInstanceUID": series["SeriesInstanceUID"]}
            images += len(find(facts, "IMAGE", of_series, ("SOPInstanceUID", "SOPClassUID", "InstanceNumber")))
    print(f"{images} images found")


if __name__ == "__main__":
    main()
