from __future__ import annotations

from harness.transports.dimse import Arrivals


def test_what_came_is_told_once() -> None:
    arrivals = Arrivals()
    assert not arrivals.since()
    arrivals.note()
    arrivals.note()
    assert arrivals.since()
    assert not arrivals.since()
