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
    """The machine's clock, made monotonic: wall time at the start plus monotonic time since."""

    def __init__(self) -> None:
        self._wall = time.time()
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


class Identifiers:
    """Identifiers drawn from a seed; thread-safe. UIDs live under 2.25 (PS3.5 B.2)."""

    def __init__(self, seed: int, space: str = "") -> None:
        self._random = random.Random(f"{seed}/{space}")  # noqa: S311 - repeatability is the point, not secrecy
        self._lock = threading.Lock()

    def uid(self) -> str:
        """A fresh UID derived from a UUID: `2.25.` and a decimal number."""
        with self._lock:
            bits = self._random.getrandbits(128)
        return f"2.25.{UUID(int=bits, version=4).int}"

    def number(self, prefix: str, digits: int = 8) -> str:
        """A fresh identifier such as `ACC04711731`; at most 16 characters, as DICOM's SH allows."""
        with self._lock:
            value = self._random.randrange(10**digits)
        return f"{prefix}{value:0{digits}d}"
