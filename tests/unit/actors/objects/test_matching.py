"""Matching semantics, with expected outcomes from PS3.4 C.2.2.2."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from actors.objects.copying import put
from actors.objects.matching import matches, wildcard_matches


def holding(keyword, value):
    made = Dataset()
    put(made, keyword, value)
    return made


def decision(keyword, wanted, stored):
    return matches(holding(keyword, wanted), holding(keyword, stored), lacking_matches=False)


@pytest.mark.parametrize(
    ("keyword", "wanted", "stored", "matching"),
    [
        ("PatientID", "P1", "P1", True),
        ("PatientID", "P1", "P11", False),
        ("PatientID", "p1", "P1", False),
        ("PatientID", "", "P1", True),
        ("PatientID", "*", "", True),
        ("PatientID", "P?", "P1", True),
        ("PatientID", "P?", "P", False),
        ("PatientID", "P1", "", False),
        ("PatientName", "DOE^JANE", "DOE^JANE^^^", True),
        ("PatientName", "doe^j*", "DOE^JANE", True),
        ("PatientName", "DOE", "DOE^JANE", False),
        ("PatientName", "YAMADA^TAROU", "Yamada^Tarou=山田^太郎", True),
        ("PatientName", "山田*", "Yamada^Tarou=山田^太郎", True),
        ("StudyDate", "20240305", "20240305", True),
        ("StudyDate", "20240301-20240305", "20240305", True),
        ("StudyDate", "20240306-", "20240305", False),
        ("StudyDate", "-20240305", "20240305", True),
        ("StudyDate", "20240301-20240304", "20240305", False),
        ("StudyTime", "10-12", "125959.5", True),
        ("StudyTime", "-1200", "120101", False),
        ("StudyTime", "1020", "102030", True),
        ("StudyTime", "102030.5-", "102030.499", False),
        ("StudyDate", "2024*", "20240305", False),
        ("StudyInstanceUID", ["1.2.3", "1.2.4"], "1.2.4", True),
        ("StudyInstanceUID", "1.2.3", "1.2.33", False),
        ("ModalitiesInStudy", ["MR", "CT"], ["CT", "SR"], True),
        ("ModalitiesInStudy", "MR", ["CT", "SR"], False),
        ("SeriesNumber", "1", "1", True),
        ("SeriesNumber", "1", "11", False),
        ("Rows", 64, 64, True),
    ],
)
def test_one_key(keyword, wanted, stored, matching):
    assert decision(keyword, wanted, stored) is matching


@pytest.mark.parametrize("lacking_matches", [False, True])
def test_key_against_an_absent_attribute(lacking_matches):
    assert matches(holding("AccessionNumber", "A1"), Dataset(), lacking_matches=lacking_matches) is lacking_matches
    assert matches(holding("AccessionNumber", ""), Dataset(), lacking_matches=lacking_matches)


def test_what_is_no_key_is_not_compared():
    item = holding("Modality", "CT")
    keys, stored = holding("RequestAttributesSequence", [item]), holding("RequestAttributesSequence", [Dataset()])
    assert not matches(keys, stored, lacking_matches=False)
    assert matches(keys, stored, lacking_matches=False, ignoring=frozenset({"Modality"}))


def request(procedure, step):
    item = Dataset()
    item.RequestedProcedureID, item.ScheduledProcedureStepID = procedure, step
    return item


@pytest.mark.parametrize(
    ("key", "matching"),
    [
        ([], True),
        ([Dataset()], True),
        ([request("", "")], True),
        ([request("RP1", "")], True),
        ([request("RP1", "S2")], False),
        ([request("RP2", "S2")], True),
    ],
)
def test_sequence_key_has_to_fit_within_one_item(key, matching):
    stored = holding("RequestAttributesSequence", [request("RP1", "S1"), request("RP2", "S2")])
    wanted = holding("RequestAttributesSequence", key)
    assert matches(wanted, stored, lacking_matches=False) is matching


def test_sequence_key_against_an_absent_sequence():
    assert not matches(holding("RequestAttributesSequence", [request("RP1", "")]), Dataset(), lacking_matches=False)


def test_wildcards_stay_fast_whatever_the_pattern():
    assert not wildcard_matches("*a" * 200 + "b", "a" * 2000)
