from __future__ import annotations

import pytest
from pynetdicom import sop_class

from harness.dicom import uids


def test_a_keyword_has_its_uid() -> None:
    assert uids.uid_of("StorageCommitmentPushModel") == "1.2.840.10008.1.20.1"
    assert uids.uid_of("ModalityWorklistInformationModelFind") == "1.2.840.10008.5.1.4.31"
    assert uids.uid_of("ModalityWorklistInformationFind") == "1.2.840.10008.5.1.4.31"
    assert uids.uid_of("1.2.3.4") == "1.2.3.4"


def test_an_unknown_keyword_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean CTImageStorage"):
        uids.uid_of("CTImagesStorage")


def test_a_uid_has_its_keyword_or_stands_for_itself() -> None:
    assert uids.keyword_of("1.2.840.10008.5.1.4.1.1.2") == "CTImageStorage"
    assert uids.keyword_of("1.2.3.4") == "1.2.3.4"


@pytest.mark.parametrize("text", ["1.2", "0.1", "2.25.0", "1" * 64])
def test_uids_have_a_form(text: str) -> None:
    assert uids.is_uid(text)


@pytest.mark.parametrize("text", ["", "1.", ".1", "1..2", "1.02", "1.2\n", "a", "1" * 65])
def test_what_is_no_uid(text: str) -> None:
    assert not uids.is_uid(text)


def test_groups() -> None:
    ct, sr = uids.uid_of("CTImageStorage"), uids.uid_of("EnhancedSRStorage")
    state, key = (
        uids.uid_of("GrayscaleSoftcopyPresentationStateStorage"),
        uids.uid_of("KeyObjectSelectionDocumentStorage"),
    )
    assert uids.is_in(ct, ["Storage"])
    assert uids.is_in(ct, ["ImageStorage"])
    assert not uids.is_in(ct, ["StructuredReportStorage", "MRImageStorage"])
    assert uids.is_in(sr, ["StructuredReportStorage"])
    assert not any(uids.is_in(one, ["ImageStorage"]) for one in (sr, state, key))
    assert not uids.is_in(uids.uid_of("StorageCommitmentPushModel"), ["Storage"])
    assert not uids.is_in(uids.uid_of("StudyRootQueryRetrieveInformationModelFind"), ["Storage"])


def test_storage_holds_every_storage_class_that_pynetdicom_knows() -> None:
    """Two lists written independently; pynetdicom's dictionary is newer."""
    theirs = {
        uid
        for name, uid in vars(sop_class).items()
        if name.endswith("Storage") and str(uid).startswith("1.2.840.10008.5.1.4.1.1.") and uids.keyword_of(uid) != uid
    }
    assert theirs - uids.GROUPS["Storage"] == set()


def test_a_name_stands_for_its_uids() -> None:
    assert uids.uids_of("CTImageStorage") == ("1.2.840.10008.5.1.4.1.1.2",)
    assert set(uids.uids_of("Storage")) == uids.GROUPS["Storage"]
