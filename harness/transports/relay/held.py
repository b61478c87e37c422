"""What the taps of a relay keep of messages that are not complete: counted over all of them, and bounded."""

from __future__ import annotations

from dataclasses import dataclass

HELD_LIMIT = 256 * 1024 * 1024
"""Bytes of unfinished messages that all taps together keep."""


@dataclass
class Held:
    """Bytes of unfinished messages, counted over all taps of a relay; they are read on one thread."""

    size: int = 0
