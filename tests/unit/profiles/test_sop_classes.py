"""The groups of SOP classes are those of the DICOM package."""

from __future__ import annotations

import pytest

from harness.dicom import uids
from harness.profiles.sop_classes import GROUPS, is_in, keywords, members


def test_the_same_groups_as_the_dicom_package() -> None:
    assert set(GROUPS) == set(uids.GROUPS)


@pytest.mark.parametrize("group", GROUPS)
def test_the_same_members_as_the_dicom_package(group: str) -> None:
    assert members(group) == uids.GROUPS[group]


def test_a_class_is_in_what_names_it() -> None:
    ct = uids.uid_of("CTImageStorage")
    assert is_in(ct, ("Storage",))
    assert is_in(ct, ("MRImageStorage", "CTImageStorage"))
    assert not is_in(ct, ("StructuredReportStorage", "MRImageStorage"))
    assert not is_in("1.2.3", ("Storage", "CTImageStorage"))


def test_keywords_are_the_dictionary_s() -> None:
    assert keywords()["ModalityWorklistInformationModelFind"] == "1.2.840.10008.5.1.4.31"
    assert keywords()["StorageCommitmentPushModel"] == "1.2.840.10008.1.20.1"
