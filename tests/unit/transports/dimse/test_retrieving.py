from __future__ import annotations

import pytest

from harness.dicom.encoding import wrap_payload
from harness.dicom.uids import uid_of
from harness.transports.dimse.retrieving import Progress, propose_for

EXPLICIT, IMPLICIT = uid_of("ExplicitVRLittleEndian"), uid_of("ImplicitVRLittleEndian")


@pytest.mark.parametrize(
    ("stored", "status"),
    [
        ([], 0x0000),
        ([0x0000, 0x0000], 0x0000),
        ([0x0000, 0xA700], 0xB000),
        ([0x0000, None], 0xB000),
        ([0xB000, 0xB000], 0xB000),
        ([0xA700, None], 0xA702),
    ],
)
def test_the_final_status_says_how_the_sub_operations_went(stored: list[int | None], status: int) -> None:
    """PS3.4 C.4.2.1.5: warning when some failed or warned, failure when all failed."""
    progress = Progress(len(stored))
    for number, one in enumerate(stored):
        progress.count(one, f"2.25.{number}")
    assert progress.final().status == status


def test_the_counters_add_up_and_the_final_response_has_no_remaining_one() -> None:
    progress = Progress(4)
    for status in (0x0000, 0xB006, None):
        progress.count(status, "2.25.1")
    assert progress.pending().fields == {
        "NumberOfRemainingSuboperations": "1",
        "NumberOfCompletedSuboperations": "1",
        "NumberOfFailedSuboperations": "1",
        "NumberOfWarningSuboperations": "1",
    }
    assert "NumberOfRemainingSuboperations" in progress.cancelled().fields
    assert "NumberOfRemainingSuboperations" not in progress.final().fields


def test_failed_instances_are_listed_only_where_they_may_be() -> None:
    progress = Progress(2)
    progress.count(None, "2.25.1")
    assert progress.pending().dataset is None
    final = progress.final().dataset
    assert final is not None
    assert final.FailedSOPInstanceUIDList == "2.25.1"


def test_contexts_are_proposed_as_the_instances_need_them() -> None:
    ct, jpeg = uid_of("CTImageStorage"), uid_of("JPEGBaseline8Bit")
    proposed = propose_for(
        [
            wrap_payload(b"", IMPLICIT, ct, "2.25.1"),
            wrap_payload(b"", jpeg, ct, "2.25.2"),
            wrap_payload(b"", IMPLICIT, ct, "2.25.3"),
            b"no Part 10 file",
        ]
    )
    assert [one.transfer_syntaxes for one in proposed] == [(IMPLICIT, EXPLICIT), (jpeg,)]
