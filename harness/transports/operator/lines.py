"""Lines that come on standard input from a program, or from a file: no terminal, no keys."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import IO


class Lines:
    """Tells each line of a stream, standard input where none is given, until it ends."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = stream if stream is not None else sys.stdin

    def listen(self, heard: Callable[[str], None]) -> None:
        """Tell of what comes, on a thread of its own; it ends with the stream, or with the process."""
        threading.Thread(target=self._listen, args=(heard,), name="lines", daemon=True).start()

    def _listen(self, heard: Callable[[str], None]) -> None:
        try:
            for line in self._stream:
                heard(line.rstrip("\r\n"))
        except (OSError, ValueError):
            return  # it was closed
