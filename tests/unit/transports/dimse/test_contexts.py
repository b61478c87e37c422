from __future__ import annotations

import pytest

from harness.dicom.uids import GROUPS, uid_of
from harness.transports.dimse import SupportedClass
from harness.transports.dimse.contexts import is_native, propose, requested, roles, supported

CT = uid_of("CTImageStorage")


def test_native_syntaxes_are_proposed_in_one_context() -> None:
    (only,) = propose(["CTImageStorage"], ())
    assert only.sop_class == CT
    assert only.transfer_syntaxes == (uid_of("ExplicitVRLittleEndian"), uid_of("ImplicitVRLittleEndian"))


def test_given_syntaxes_are_proposed_in_contexts_of_their_own() -> None:
    proposed = propose(["CTImageStorage"], ["JPEG2000Lossless", "ImplicitVRLittleEndian"])
    assert [one.transfer_syntaxes for one in proposed] == [
        (uid_of("JPEG2000Lossless"),),
        (uid_of("ImplicitVRLittleEndian"),),
    ]


def test_nothing_is_proposed_twice() -> None:
    assert len(propose(["CTImageStorage", CT], ())) == 1


@pytest.mark.parametrize("classes", [[], ["Storage"]])
def test_none_or_too_many_contexts_are_refused(classes: list[str]) -> None:
    with pytest.raises(ValueError, match="1 to 128"):
        requested(propose(classes, ()))


def test_roles_are_proposed_for_both_sides_or_the_scp_alone() -> None:
    both, alone = roles(["StorageCommitmentPushModel"], ["StorageCommitmentPushModel", "CTImageStorage"])
    assert (both.scu_role, both.scp_role) == (True, True)
    assert (alone.scu_role, alone.scp_role) == (False, True)


def test_a_group_is_supported_as_its_classes() -> None:
    contexts = supported([SupportedClass("StructuredReportStorage")])
    assert set(contexts) == GROUPS["StructuredReportStorage"]


def test_a_class_that_is_named_twice_is_merged() -> None:
    contexts = supported(
        [
            SupportedClass("CTImageStorage", ("ImplicitVRLittleEndian",)),
            SupportedClass("Storage", ("JPEG2000",), requestor_is_scp=True),
        ]
    )
    assert [str(one) for one in contexts[CT].transfer_syntax] == [
        uid_of("ImplicitVRLittleEndian"),
        uid_of("JPEG2000"),
    ]
    assert contexts[CT].scp_role is True


def test_compressed_syntaxes_are_not_native() -> None:
    assert is_native(uid_of("ExplicitVRBigEndian"))
    assert not is_native(uid_of("JPEGBaseline8Bit"))
    assert not is_native("1.2.3.4")
