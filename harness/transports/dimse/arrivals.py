"""Whether anything has come lately, for somebody who waits for a response that takes as long as what comes."""

from __future__ import annotations

import threading
from collections.abc import Callable

Busy = Callable[[], bool]
"""Whether the peer did something for a request since this was asked last."""


class Arrivals:
    """Noted on one thread, asked for on another."""

    def __init__(self) -> None:
        self._some = threading.Event()

    def note(self) -> None:
        """Something came."""
        self._some.set()

    def since(self) -> bool:
        """Whether something came since this was asked last."""
        found = self._some.is_set()
        self._some.clear()
        return found


def nothing_arrives() -> bool:
    """For requests of which the response is all that the peer does."""
    return False
