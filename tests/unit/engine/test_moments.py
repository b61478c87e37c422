"""The time that an actor sees."""

from __future__ import annotations

from datetime import datetime

from harness.engine.moments import Moments
from harness.identifiers import FixedClock

NOON = datetime(2026, 5, 4, 12)


def test_time_stands_still_while_somebody_works_and_goes_on_after() -> None:
    clock = FixedClock(NOON)
    moments = Moments(clock)
    with moments.at(NOON.timestamp()):
        clock.advance(5)
        assert moments.now() == NOON
        assert moments.seconds() == NOON.timestamp() + 5
    assert moments.now() == datetime(2026, 5, 4, 12, 0, 5)


def test_work_that_is_done_later_is_done_at_the_moment_that_it_was_asked_for() -> None:
    clock = FixedClock(NOON)
    moments, seen = Moments(clock), []
    with moments.at(NOON.timestamp()):
        later = moments.bound(lambda: seen.append(moments.now()))
    clock.advance(60)
    later()
    assert seen == [NOON]
    assert moments.here is None
