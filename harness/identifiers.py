"""Clock and identifiers of a run: injected everywhere, so that a seed repeats a run and tests can hold time still."""

from __future__ import annotations

import random
import threading
import time
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    """Wall-clock time of day and monotonic seconds."""

    def now(self) -> datetime:
        """Local date and time."""

    def seconds(self) -> float:
        """Seconds since the epoch, never running backwards within a run."""


class SystemClock:
    """The machine's clock, made monotonic: wall time at the start plus monotonic time since.

    `after`: seconds since the epoch that have passed already, whatever the machine's clock says.
    """

    def __init__(self, after: float = 0.0) -> None:
        self._wall = max(time.time(), after)
        self._start = time.monotonic()

    def seconds(self) -> float:
        """Seconds since the epoch."""
        return self._wall + (time.monotonic() - self._start)

    def now(self) -> datetime:
        """Local date and time."""
        return datetime.fromtimestamp(self.seconds())


class FixedClock:
    """A clock that stands still, and moves only when told to."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def advance(self, seconds: float) -> None:
        """Move on."""
        self._now += timedelta(seconds=seconds)

    def seconds(self) -> float:
        """Seconds since the epoch."""
        return self._now.timestamp()

    def now(self) -> datetime:
        """The time it stands at."""
        return self._now


_DRAWS = 100
"""How often a number is drawn that has been given out already, before it is taken all the same."""


class Identifiers:
    """Identifiers drawn from a seed; thread-safe. UIDs live under 2.25 (PS3.5 B.2).

    A stream depends on the seed and on its name alone; the streams of one source give no number twice.
    """

    def __init__(self, seed: int, space: str = "", *, given: set[str] | None = None) -> None:
        self._seed = seed
        self._space = space
        self._random = random.Random(f"{seed}/{space}")  # noqa: S311 - repeatability is the point, not secrecy
        self._given = given if given is not None else set()
        self._streams: dict[str, Identifiers] = {}
        self._lock = threading.Lock()

    def stream(self, name: str) -> Identifiers:
        """The stream of that name: what it gives does not depend on what is drawn elsewhere."""
        with self._lock:
            if name not in self._streams:
                self._streams[name] = Identifiers(self._seed, f"{self._space}/{name}", given=self._given)
            return self._streams[name]

    def uid(self) -> str:
        """A fresh UID derived from a UUID: `2.25.` and a decimal number."""
        with self._lock:
            bits = self._random.getrandbits(128)
        return f"2.25.{UUID(int=bits, version=4).int}"

    def number(self, prefix: str, digits: int = 8) -> str:
        """A fresh identifier such as `ACC04711731`; at most 16 characters, as DICOM's SH allows."""
        with self._lock:
            for _ in range(_DRAWS):
                number = f"{prefix}{self._random.randrange(10**digits):0{digits}d}"
                if number not in self._given:
                    break
            self._given.add(number)  # one operation of a set, which other streams may do at the same time
        return number
