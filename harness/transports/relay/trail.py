"""What has passed and is not read yet: a bounded queue between the pump and the taps, and the thread that empties it.

Owns the order and the bound: whoever puts something in waits while there is too much. It knows no sockets.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections import deque
from contextlib import suppress
from typing import NamedTuple

from harness.model.transcript import EventKind
from harness.transports.recorder import Recorder
from harness.transports.relay.tap import OWNER, Ending, Side, Tap

UNREAD_LIMIT = 32 * 1024 * 1024
"""Bytes that may be unread, over all crossings."""

_ENTRY = 512
"""What one entry counts beside its bytes, so that many small ones are bounded, too."""


_MUCH = 256 * 1024
"""Bytes that are read at once, without waiting for what else comes."""

_BEHIND = 10
"""How nice the thread that reads is to the others."""

_MOMENT = 0.002
"""Seconds in which pieces that come are read together."""


class Reading:
    """A tap as the trail tells it; one that raised is told nothing more."""

    def __init__(self, tap: Tap, recorder: Recorder) -> None:
        self.tap: Tap | None = tap
        self.recorder = recorder


class Piece(NamedTuple):
    """Bytes that passed."""

    side: Side
    data: bytes
    received_at: float
    sent_at: float | None


class End(NamedTuple):
    """A stream that ended."""

    side: Side
    ending: Ending


class Trail:
    """Tells taps what passed, in order, on a thread of its own. `limit` bytes may be unread.

    What comes within a moment is read together, so that the pump is not woken from, and does not wait for, each piece.
    """

    def __init__(self, limit: int = UNREAD_LIMIT) -> None:
        self.limit = limit
        self._entries: deque[tuple[Reading, Piece | End]] = deque()
        self._unread = 0
        self._changed = threading.Condition()
        self._held_up = False
        self._closing = False
        self._thread = threading.Thread(target=self._tell_all, name="relay trail", daemon=True)
        self._thread.start()

    @property
    def unread(self) -> int:
        """Bytes that passed and that no tap has read yet, with what their entries take."""
        with self._changed:
            return self._unread

    def put(self, reading: Reading, entry: Piece | End) -> None:
        """Add what passed; waits while too much is unread. One piece goes in whatever its size."""
        weight = _weight(entry)
        with self._changed:
            while self._unread and self._unread + weight > self.limit:
                self._held_up = True
                self._changed.wait()
            before, self._unread = self._unread, self._unread + weight
            self._entries.append((reading, entry))
            if before == 0 or before < _MUCH <= self._unread:
                self._changed.notify_all()

    def close(self, timeout: float) -> bool:
        """Have everything read that passed, and end the thread; False when that takes longer than `timeout` seconds."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _tell_all(self) -> None:
        _give_way()
        while entries := self._next():
            for reading, entry in entries:
                _tell(reading, entry)
                with self._changed:
                    self._unread -= _weight(entry)
                    if self._held_up:
                        self._held_up = False
                        self._changed.notify_all()

    def _next(self) -> deque[tuple[Reading, Piece | End]]:
        """What is to be read now; nothing once the trail is closed and read to its end."""
        with self._changed:
            self._changed.wait_for(lambda: self._entries or self._closing)
            self._changed.wait_for(lambda: self._unread >= _MUCH or self._closing, _MOMENT)
            entries, self._entries = self._entries, deque()
            return entries


def _give_way() -> None:
    """Have the thread that calls get what the others leave of the processor: passing comes before reading."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _BEHIND)


def _weight(entry: Piece | End) -> int:
    return _ENTRY + (len(entry.data) if isinstance(entry, Piece) else 0)


def _tell(reading: Reading, entry: Piece | End) -> None:
    tap = reading.tap
    if tap is None:
        return
    try:
        if isinstance(entry, Piece):
            tap.passed(entry.side, entry.data, entry.received_at, entry.sent_at)
        else:
            tap.ended(entry.side, entry.ending)
    except Exception as fault:  # the boundary to the tap: its fault is ours, and must neither vanish nor stop the relay
        reading.tap = None
        text = f"a relay's reader failed, and reads no more of this connection: {type(fault).__name__}: {fault}"
        facts = {"traceback": traceback.format_exc()}
        with suppress(OSError):  # a record that can take nothing more stops nothing that passes
            reading.recorder.happened(EventKind.INTERNAL_ERROR, text, owner=OWNER, facts=facts)
