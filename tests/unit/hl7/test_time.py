"""Time stamps."""

from __future__ import annotations

from datetime import UTC, datetime

from harness.hl7 import ts


def test_a_time_stamp_has_fourteen_digits() -> None:
    assert ts(datetime(2024, 1, 2, 3, 4, 5, 678)) == "20240102030405"
    assert ts(datetime(987, 1, 2, 3, 4, 5, tzinfo=UTC)) == "09870102030405"
