from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.checks import found, storage_sets
from harness.checks.found import WITHDRAWN, check
from harness.dicom.uids import uid_of
from harness.model.names import PlayerName
from harness.model.profile import Service

FIND = "StudyRootQueryRetrieveInformationModelFind"


class Archive:
    """Records what is stored and what queries find."""

    def __init__(self, recording: Any, tools: Any) -> None:
        self.rec = recording(form="2.3.1")
        self.tools = tools

    def leg(self, transaction: str, leg: str, step: str) -> Any:
        known = next((one for one in self.rec.legs if (one.step.id, one.leg) == (step, leg)), None)
        return known or self.rec.leg(transaction, leg, step)

    def store(self, uid: str, series: str = "1.2.1", status: int | None = 0, **more: object) -> None:
        content: dict[str, object] = {
            "StudyInstanceUID": "1.2",
            "PatientID": "P1001",
            "PatientName": "LINDGREN^ASTA",
            "Modality": "CT",
        }
        image = self.tools.dataset(SOPInstanceUID=uid, SeriesInstanceUID=series, **{**content, **more})
        answer = [] if status is None else [(status, None)]
        leg = self.leg("RAD-8", "store", "stored")
        self.rec.dimse(leg, Service.C_STORE, image, answer, sop_class=uid_of("CTImageStorage"), instance=uid)

    def rename(self) -> None:
        raw = "MSH|^~\\&|OF|S|IM|S|2024||ADT^A08|9|P|2.3.1\rPID|||P1001||OAKES^ASTA\r"
        self.rec.hl7(self.leg("RAD-12", "to-image-manager", "renamed"), raw.encode())

    def find(self, level: str, *entries: dict[str, str], step: str = "found", **keys: str) -> None:
        make = self.tools.dataset
        unique = {"STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID", "IMAGE": "SOPInstanceUID"}
        above = {"STUDY": {}, "SERIES": {"StudyInstanceUID": "1.2"}}
        above["IMAGE"] = {**above["SERIES"], "SeriesInstanceUID": "1.2.1"}
        identifier = make(QueryRetrieveLevel=level, **{unique[level]: "", **above[level], **keys})
        answers = [(0xFF00, make(QueryRetrieveLevel=level, **entry)) for entry in entries]
        leg = self.leg("RAD-14", "query", step)
        self.rec.dimse(leg, Service.C_FIND, identifier, [*answers, (0, None)], sop_class=FIND)

    def broken(self) -> set[str]:
        play = self.rec.play()
        return {
            one.requirement.partition("/")[2]
            for one in (*storage_sets.check(play), *found.check(play))
            if one.outcome.value == "violated"
        }


@pytest.fixture
def archive(recording: Callable[..., Any], tools: Any) -> Archive:
    made = Archive(recording, tools)
    made.store("1.7.1")
    made.store("1.7.2")
    made.store("1.7.3", series="1.2.2")
    return made


STUDY, SERIES = {"StudyInstanceUID": "1.2"}, {"SeriesInstanceUID": "1.2.1"}


def test_every_level_finds_what_was_stored(archive: Archive) -> None:
    archive.find("STUDY", STUDY, PatientID="P1001")
    archive.find("SERIES", SERIES, {"SeriesInstanceUID": "1.2.2"})
    archive.find("IMAGE", {"SOPInstanceUID": "1.7.1"}, {"SOPInstanceUID": "1.7.2"})
    assert archive.broken() == set()


@pytest.mark.parametrize(
    ("level", "entries", "keys"),
    [
        ("STUDY", [], {"PatientID": "P1001"}),
        ("STUDY", [{"StudyInstanceUID": "9.9"}], {"PatientName": "LIND*"}),
        ("SERIES", [SERIES], {}),
        ("SERIES", [], {"Modality": "CT"}),
        ("IMAGE", [{"SOPInstanceUID": "1.7.1"}], {}),
    ],
)
def test_an_answer_that_lacks_something(archive: Archive, level: str, entries: Any, keys: dict[str, str]) -> None:
    archive.find(level, *entries, **keys)
    assert archive.broken() == {"found-contains-stored"}


@pytest.mark.parametrize(
    "keys",
    [
        {"PatientID": "P9"},
        {"PatientName": "lindgren*"},
        {"StudyDescription": "CT CHEST"},
        {"ModalitiesInStudy": "MR"},
    ],
)
def test_what_an_archive_need_not_return(archive: Archive, keys: dict[str, str]) -> None:
    archive.find("STUDY", **keys)
    assert archive.broken() == set()


def test_after_an_update_the_old_name_need_not_find_anything(archive: Archive) -> None:
    archive.rename()
    archive.find("STUDY", PatientName="LINDGREN*")
    assert archive.broken() == set()
    archive.find("SERIES", SERIES)
    assert archive.broken() == {"found-contains-stored"}


def test_a_repeated_probe_counts_once(archive: Archive) -> None:
    archive.find("STUDY", PatientID="P1001")
    archive.find("STUDY", STUDY, PatientID="P1001")
    assert archive.broken() == set()


@pytest.mark.parametrize(
    ("level", "entry", "broken"),
    [
        ("STUDY", {**STUDY, "NumberOfStudyRelatedInstances": "3", "NumberOfStudyRelatedSeries": "2"}, set()),
        ("STUDY", {**STUDY, "NumberOfStudyRelatedInstances": "4"}, {"related-counts"}),
        ("STUDY", {**STUDY, "NumberOfStudyRelatedSeries": "1"}, {"related-counts"}),
        ("STUDY", {"StudyInstanceUID": "9.9", "NumberOfStudyRelatedSeries": "7"}, {"found-contains-stored"}),
        ("SERIES", {"SeriesInstanceUID": "1.2.2", "NumberOfSeriesRelatedInstances": "1"}, set()),
        ("SERIES", {"SeriesInstanceUID": "1.2.2", "NumberOfSeriesRelatedInstances": "2"}, {"related-counts"}),
    ],
)
def test_counts_are_those_of_what_was_stored(
    archive: Archive, level: str, entry: dict[str, str], broken: set[str]
) -> None:
    archive.find(level, *([SERIES] if level == "SERIES" else []), entry)
    assert archive.broken() == broken


@pytest.mark.parametrize(("count", "broken"), [("3", set()), ("4", set()), ("5", {"related-counts"})])
def test_what_was_not_answered_may_count(archive: Archive, count: str, broken: set[str]) -> None:
    archive.store("1.7.4", status=None)
    archive.find("STUDY", {**STUDY, "NumberOfStudyRelatedInstances": count})
    assert archive.broken() == broken


def test_what_was_refused_is_not_shown_until_it_is_taken(archive: Archive) -> None:
    archive.store("1.7.4", status=0xA700)
    entries = [{"SOPInstanceUID": uid} for uid in ("1.7.1", "1.7.2", "1.7.4")]
    archive.find("IMAGE", *entries)
    assert archive.broken() == {"refused-not-found"}
    archive.find("IMAGE", *entries[:2])
    assert archive.broken() == set()
    archive.store("1.7.4")
    archive.find("IMAGE", *entries, step="later")
    assert archive.broken() == set()


def test_an_instance_that_was_taken_with_a_warning_may_have_been_changed(archive: Archive) -> None:
    archive.store("1.7.4", series="1.3.1", status=0xB000, StudyInstanceUID="1.3", PatientID="P2")
    archive.find("STUDY", PatientID="P2")
    assert archive.broken() == set()


def test_a_duplicate_that_is_refused_is_there(archive: Archive) -> None:
    archive.store("1.7.8", status=0x0111)
    archive.find("IMAGE", *({"SOPInstanceUID": uid} for uid in ("1.7.1", "1.7.2", "1.7.8")))
    assert archive.broken() == set()


def give_up(archive: Archive, reason: str, step: str = "given-up") -> None:
    """End the performed step of the first instance, with a reason."""
    make = archive.tools.dataset
    series = make(SeriesInstanceUID="1.2.1", ReferencedImageSequence=[make(ReferencedSOPInstanceUID="1.7.1")])
    content = make(
        PerformedProcedureStepStatus="DISCONTINUED",
        PerformedSeriesSequence=[series],
        PerformedProcedureStepDiscontinuationReasonCodeSequence=[make(CodeValue=reason)],
    )
    for leg in ("to-pps-manager", "to-image-manager"):
        archive.rec.dimse(archive.leg("RAD-7", leg, step), Service.N_SET, content, instance="1.6")


OF_THE_LIST = {"listed-equals-stored"}
"""The second instance lies in the series that lists the first one alone."""

ONE, TWO = {"SOPInstanceUID": "1.7.1"}, {"SOPInstanceUID": "1.7.2"}


def test_an_instance_of_the_wrong_entry_is_not_found_any_more(archive: Archive) -> None:
    archive.find("IMAGE", ONE, TWO, step="before")
    give_up(archive, "110514")
    archive.find("IMAGE", TWO, step="after")
    assert archive.broken() - OF_THE_LIST == set()


def test_an_instance_of_the_wrong_entry_that_is_still_found(archive: Archive) -> None:
    give_up(archive, "110514")
    archive.find("IMAGE", ONE, TWO)
    assert archive.broken() - OF_THE_LIST == {"wrong-entry-not-found"}


def test_an_instance_of_a_step_given_up_for_another_reason_is_found(archive: Archive) -> None:
    give_up(archive, "110501")
    archive.find("IMAGE", TWO)
    assert archive.broken() - OF_THE_LIST == {"found-contains-stored"}


def test_an_instance_that_says_it_is_of_the_wrong_entry_may_be_hidden_although_it_was_not_listed(
    archive: Archive,
) -> None:
    of_step = archive.tools.dataset(ReferencedSOPInstanceUID="1.6")
    archive.store("1.7.9", series="1.2.9", ReferencedPerformedProcedureStepSequence=[of_step])
    give_up(archive, "110514")
    archive.find("IMAGE", TWO)
    assert archive.broken() - OF_THE_LIST == set()


@pytest.mark.parametrize("lacking", ["StudyInstanceUID", "SeriesInstanceUID"])
@pytest.mark.parametrize(("count", "broken"), [("3", set()), ("4", set()), ("5", {"related-counts"})])
def test_an_instance_that_lacks_study_or_series_may_count(
    archive: Archive, lacking: str, count: str, broken: set[str]
) -> None:
    if lacking == "StudyInstanceUID":
        archive.store("1.7.4", StudyInstanceUID="")
    else:
        archive.store("1.7.4", series="")
    archive.find("STUDY", {**STUDY, "NumberOfStudyRelatedInstances": count})
    assert archive.broken() == broken


def test_an_archive_may_show_the_wrong_entry_that_only_our_stand_in_was_told_of(archive: Archive) -> None:
    give_up(archive, "110514")
    archive.find("IMAGE", ONE, TWO, step="shown")
    play = archive.rec.play()
    product = PlayerName("PRODUCT")
    legs = [
        replace(view, planned=replace(view.planned, responder=product)) if view.step.step.id == "shown" else view
        for view in play.legs
    ]
    assert WITHDRAWN in {one.requirement for one in check(play)}
    assert WITHDRAWN not in {one.requirement for one in check(replace(play, legs=tuple(legs)))}
