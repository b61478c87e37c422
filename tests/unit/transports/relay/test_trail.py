"""What passed is read in order, behind, within a bound."""

from __future__ import annotations

import threading
from typing import Any

from harness.transports.relay import Ending, How, Side
from harness.transports.relay.trail import End, Piece, Reading, Trail


class Notes:
    """A tap that writes down what it is told; `gate` holds it up."""

    def __init__(self, gate: threading.Event | None = None) -> None:
        self.told: list[object] = []
        self._gate = gate

    def passed(self, side: Side, data: bytes, received_at: float, sent_at: float | None) -> None:
        if self._gate is not None:
            assert self._gate.wait(10)
        self.told.append((side, data, received_at, sent_at))

    def ended(self, side: Side, ending: Ending) -> None:
        self.told.append((side, ending))


class Events:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def happened(self, kind: object, text: str, **_: object) -> None:
        self.texts.append(text)


def reading(tap: Any) -> Reading:
    recorder: Any = Events()
    return Reading(tap, recorder)


def test_everything_is_told_in_order() -> None:
    trail, notes = Trail(), Notes()
    tap = reading(notes)
    ending = Ending(How.CLOSED, "closed by the peer", 3.0)
    trail.put(tap, Piece(Side.ACCEPTED, b"one", 1.0, 1.5))
    trail.put(tap, Piece(Side.OPENED, b"two", 2.0, None))
    trail.put(tap, End(Side.OPENED, ending))
    assert trail.close(10)
    assert notes.told == [(Side.ACCEPTED, b"one", 1.0, 1.5), (Side.OPENED, b"two", 2.0, None), (Side.OPENED, ending)]
    assert trail.unread == 0


def test_whoever_adds_waits_while_too_much_is_unread() -> None:
    gate = threading.Event()
    trail, notes = Trail(limit=4096), Notes(gate)
    tap = reading(notes)
    added: list[int] = []

    def add() -> None:
        for number in range(8):
            trail.put(tap, Piece(Side.ACCEPTED, bytes(1000), 1.0, 1.0))
            added.append(number)

    thread = threading.Thread(target=add)
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    assert 2 <= len(added) < 8
    assert trail.unread <= 4096
    gate.set()
    thread.join(10)
    assert trail.close(10)
    assert len(notes.told) == 8


def test_one_piece_goes_in_whatever_its_size() -> None:
    trail, notes = Trail(limit=10), Notes()
    trail.put(reading(notes), Piece(Side.ACCEPTED, bytes(1000), 1.0, 1.0))
    assert trail.close(10)
    assert len(notes.told) == 1


def test_closing_says_when_reading_takes_too_long() -> None:
    gate = threading.Event()
    trail = Trail()
    trail.put(reading(Notes(gate)), Piece(Side.ACCEPTED, b"x", 1.0, 1.0))
    assert not trail.close(0.1)
    gate.set()
    assert trail.close(10)


def test_a_tap_that_fails_is_told_nothing_more_and_the_others_go_on() -> None:
    class Broken(Notes):
        def passed(self, side: Side, data: bytes, received_at: float, sent_at: float | None) -> None:
            super().passed(side, data, received_at, sent_at)
            raise KeyError("lost")

    trail, broken, other = Trail(), Broken(), Notes()
    failing, fine = reading(broken), reading(other)
    for number in range(3):
        for tap in (failing, fine):
            trail.put(tap, Piece(Side.ACCEPTED, b"%d" % number, 1.0, 1.0))
    assert trail.close(10)
    assert (len(broken.told), len(other.told)) == (1, 3)
    recorder: Any = failing.recorder
    assert recorder.texts == ["a relay's reader failed, and reads no more of this connection: KeyError: 'lost'"]
