"""Which places share something."""

from __future__ import annotations

import pytest

from harness.selftest.relation import paths_overlap


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("PID-3", "PID-3[2].4", True),
        ("PID-3[1]", "PID-3[2]", False),
        ("PID", "PID-3", True),
        ("OBR[2]-4", "OBR-4", True),
        ("OBR[2]-4", "OBR[1]-4", False),
        ("PID-3", "PID-30", False),
        ("", "PID-3", True),
        ("PatientID", "PatientID", True),
        ("PatientID", "PatientName", False),
        ("PerformedSeriesSequence", "PerformedSeriesSequence[1].SeriesInstanceUID", True),
        ("PerformedSeriesSequence[0].ProtocolName", "PerformedSeriesSequence[1].ProtocolName", False),
        ("PerformedSeriesSequence[0].ProtocolName", "PerformedSeriesSequence[0].SeriesInstanceUID", False),
    ],
)
def test_paths(one: str, other: str, expected: bool) -> None:
    assert paths_overlap(one, other) is expected
    assert paths_overlap(other, one) is expected
