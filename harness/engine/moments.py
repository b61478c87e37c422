"""The time that an actor sees: that of what it works on, so that the same record gives the same times again.

While it acts in a step that is the beginning of the step, and while it answers, or reacts to, a message that is when
the message came.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from harness.identifiers import Clock


class Moments:
    """A clock whose `now` stands still while somebody works on something; `seconds` go on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._thread = threading.local()

    def seconds(self) -> float:
        """Seconds since the epoch."""
        return self._clock.seconds()

    def now(self) -> datetime:
        """The moment of what the current thread works on; the clock's time when that is nothing."""
        moment = self.here
        return self._clock.now() if moment is None else datetime.fromtimestamp(moment)

    @property
    def here(self) -> float | None:
        """The moment of the current thread, in seconds since the epoch."""
        moment: float | None = getattr(self._thread, "moment", None)
        return moment

    def turn_to(self, moment: float | None) -> None:
        """From now on the current thread works on what was then."""
        self._thread.moment = moment

    @contextmanager
    def at(self, moment: float | None) -> Iterator[None]:
        """The current thread works on what was then, inside the block."""
        before = self.here
        self.turn_to(moment)
        try:
            yield
        finally:
            self.turn_to(before)

    def bound(self, work: Callable[[], None]) -> Callable[[], None]:
        """The work, done at the moment of now, whenever that is."""
        moment = self.here

        def then() -> None:
            with self.at(moment):
                work()

        return then
