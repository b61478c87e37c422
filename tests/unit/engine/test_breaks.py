"""Where a recording was interrupted, gone on with, and begun anew."""

from __future__ import annotations

from harness.engine.breaks import Breaks
from harness.model.names import PlayId
from harness.model.transcript import Event, EventKind

PLAY = PlayId("swf.test@2.5.1")


def event(seq: int, kind: EventKind, play: PlayId | None = None) -> Event:
    return Event(seq=seq, time=float(seq), kind=kind, play=play)


def test_a_run_that_was_never_interrupted_has_no_end_before_its_end() -> None:
    breaks = Breaks.of([event(1, EventKind.PLAY_STARTED, PLAY), event(9, EventKind.PLAY_SEALED, PLAY)])
    assert breaks.end == float("inf")
    assert not breaks.apart(5)
    assert not breaks.cut_short(5, 9)


def test_what_breaks_between_an_interruption_and_its_end_stands_apart() -> None:
    breaks = Breaks.of([event(5, EventKind.INTERRUPTED), event(8, EventKind.RESUMED)])
    assert breaks.end == float("inf")
    assert [seq for seq in range(10) if breaks.apart(seq)] == [5, 6, 7, 8]
    assert breaks.cut_short(4, 20)
    assert breaks.cut_short(4, None)
    assert not breaks.cut_short(4, 6), "its play had been sealed"
    assert not breaks.cut_short(9, 20)


def test_the_last_interruption_holds() -> None:
    events = [event(5, EventKind.INTERRUPTED), event(8, EventKind.RESUMED), event(12, EventKind.INTERRUPTED)]
    assert Breaks.of(events).end == 12


def test_a_killed_run_leaves_no_interruption() -> None:
    breaks = Breaks.of([event(8, EventKind.RESUMED)])
    assert breaks.end == float("inf")
    assert [seq for seq in range(10) if breaks.apart(seq)] == [8]


def test_an_earlier_attempt_ends_where_the_play_is_given_up() -> None:
    events = [
        event(2, EventKind.PLAY_STARTED, PLAY),
        event(7, EventKind.RESUMED),
        event(8, EventKind.PLAY_ABANDONED, PLAY),
        event(9, EventKind.PLAY_STARTED, PLAY),
    ]
    breaks = Breaks.of(events)
    assert breaks.abandoned == {PLAY: 8}
    assert [seq for seq in range(11) if breaks.of_earlier_attempt(seq)] == [2, 3, 4, 5, 6, 7, 8]
