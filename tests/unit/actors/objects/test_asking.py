"""Queries of an archive as whoever asks makes them."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from actors.objects.asking import AVAILABILITY, Shown, ask_at, descend, identifier, level_and_keys
from harness.actor import Bedside, CannotAct
from harness.dicom.paths import first
from harness.model.scenario import KeyMatch, PersonName, QueryLevel

BEDSIDE = Bedside(name=PersonName(family="DOE", given="JANE"), patient_id="P1", authority="HOSP", service="CT")
STUDY, SERIES, IMAGE = QueryLevel.STUDY, QueryLevel.SERIES, QueryLevel.IMAGE


def answer(**values: object) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


class Archive:
    """Answers each level with what it is given, and remembers what it was asked."""

    def __init__(self, **answers: list[Dataset]) -> None:
        self.answers = answers
        self.asked: list[Dataset] = []

    def __call__(self, query: Dataset) -> list[Dataset]:
        self.asked.append(query)
        return self.answers.get(first(query, "QueryRetrieveLevel"), [])


@pytest.fixture
def archive() -> Archive:
    requested = answer(RequestedProcedureID="RP7", ScheduledProcedureStepID="SPS7")
    return Archive(
        STUDY=[answer(StudyInstanceUID="1.1", PatientID="P1", AccessionNumber="ACC12", StudyDate="20240305")],
        SERIES=[
            answer(
                SeriesInstanceUID="1.1.1",
                PerformedProcedureStepStartTime="102030",
                RequestAttributesSequence=[requested],
            )
        ],
        IMAGE=[answer(SOPInstanceUID=f"1.1.1.{n}", SOPClassUID="1.2", InstanceNumber=str(n)) for n in (1, 2, 3)],
    )


def test_a_descent_names_the_unique_keys_of_the_levels_above(archive: Archive) -> None:
    shown = descend(archive, {"PatientID": "P1"}, AVAILABILITY)
    keys = [(first(one, "StudyInstanceUID"), first(one, "SeriesInstanceUID")) for one in archive.asked]
    assert [first(one, "QueryRetrieveLevel") for one in archive.asked] == ["STUDY", "SERIES", "IMAGE"]
    assert keys == [("", ""), ("1.1", ""), ("1.1", "1.1.1")]
    assert all("RetrieveAETitle" in one and "InstanceAvailability" in one for one in archive.asked)
    assert shown.references("1.1") == (("1.2", "1.1.1.1"), ("1.2", "1.1.1.2"), ("1.2", "1.1.1.3"))
    assert list(shown.unique_keys(IMAGE))[2] == {
        "StudyInstanceUID": "1.1",
        "SeriesInstanceUID": "1.1.1",
        "SOPInstanceUID": "1.1.1.3",
    }


@pytest.mark.parametrize(
    ("level", "keyword", "match", "path", "value"),
    [
        (STUDY, "PatientName", KeyMatch.VALUE, "PatientName", "DOE^JANE"),
        (STUDY, "PatientName", KeyMatch.WILDCARD, "PatientName", "DOE^*"),
        (STUDY, "AccessionNumber", KeyMatch.WILDCARD, "AccessionNumber", "ACC1*"),
        (STUDY, "StudyDate", KeyMatch.RANGE, "StudyDate", "20240304-20240305"),
        (STUDY, "StudyInstanceUID", KeyMatch.LIST, "StudyInstanceUID", "1.1\\2.25.1"),
        (STUDY, "StudyID", KeyMatch.NOTHING, "StudyID", "SWF-NOBODY"),
        (SERIES, "PerformedProcedureStepStartTime", KeyMatch.RANGE, "PerformedProcedureStepStartTime", "100000-102030"),
        (SERIES, "RequestedProcedureID", KeyMatch.VALUE, "RequestAttributesSequence[0].RequestedProcedureID", "RP7"),
        (IMAGE, "SOPInstanceUID", KeyMatch.LIST, "SOPInstanceUID", "1.1.1.1\\1.1.1.2"),
        (IMAGE, "InstanceNumber", KeyMatch.VALUE, "InstanceNumber", "1"),
        (IMAGE, "InstanceNumber", KeyMatch.NOTHING, "InstanceNumber", "99999"),
    ],
)
def test_a_key_is_filled_with_what_was_shown(
    archive: Archive, level: QueryLevel, keyword: str, match: KeyMatch, path: str, value: str
) -> None:
    shown = descend(archive, {"PatientID": "P1"})
    archive.asked.clear()
    ask_at(archive, level, {keyword: match}, shown, BEDSIDE)
    (query,) = archive.asked
    assert first(query, path) == value
    assert first(query, "PatientID") == ""


def test_without_keys_a_level_is_asked_for_as_a_whole_and_studies_for_the_patient(archive: Archive) -> None:
    shown = Shown()
    for level in (STUDY, SERIES, IMAGE):
        ask_at(archive, level, {}, shown, BEDSIDE)
    assert first(archive.asked[0], "PatientID") == "P1"
    assert [len(known) for _, known in shown.places(IMAGE)] == [3]


def test_what_nothing_showed_cannot_be_asked_for(archive: Archive) -> None:
    with pytest.raises(CannotAct, match="above the series level"):
        ask_at(archive, SERIES, {}, Shown(), BEDSIDE)
    with pytest.raises(CannotAct, match="showed a StudyID of patient P1"):
        ask_at(archive, STUDY, {"StudyID": KeyMatch.VALUE}, descend(archive, {}), BEDSIDE)


def test_studies_of_others_are_not_taken_for_the_patients() -> None:
    shown = Shown()
    others = Archive(STUDY=[answer(StudyInstanceUID="1.9", PatientID="P9")])
    ask_at(others, STUDY, {"PatientName": KeyMatch.WILDCARD}, shown, BEDSIDE)
    assert shown.studies == {}


def test_identifiers(archive: Archive) -> None:
    retrieve = level_and_keys(SERIES, {"StudyInstanceUID": "1.1", "SeriesInstanceUID": "1.1.1"})
    assert [element.keyword for element in retrieve] == ["QueryRetrieveLevel", "StudyInstanceUID", "SeriesInstanceUID"]
    assert first(identifier(STUDY, {"PatientName": "MÜLLER"}), "SpecificCharacterSet") == "ISO_IR 192"
