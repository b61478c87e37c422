"""The keyboard of a terminal, key by key: what is typed is shown by whoever asks, so that a clock can run beside it.

The terminal is changed while somebody listens, and only then; Ctrl-C stays what it is.
"""

from __future__ import annotations

import codecs
import os
import select
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO

if sys.platform != "win32":  # there the questions are asked by files or by a page
    import termios
    import tty

Heard = Callable[[str], None]
_TICK = 0.25
"""Seconds after which `tick` is told that time has gone on."""
_CHUNK = 1024


class Keyboard:
    """Listens to the terminal behind a stream, standard input where none is given."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = stream if stream is not None else sys.stdin
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_there(self) -> bool:
        """Whether there is a terminal to listen to."""
        return sys.platform != "win32" and not self._stream.closed and self._stream.isatty()

    def listen(self, heard: Heard, tick: Callable[[], None]) -> None:
        """Tell of what is typed, and of time that goes on, until `stop`; on a thread of its own."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._listen, args=(heard, tick), name="keyboard", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Listen no more, and leave the terminal as it was."""
        self._stop.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(4 * _TICK)

    def _listen(self, heard: Heard, tick: Callable[[], None]) -> None:
        handle = self._stream.fileno()
        before = termios.tcgetattr(handle)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        try:
            tty.setcbreak(handle, termios.TCSANOW)
            while not self._stop.is_set():
                ready, _, _ = select.select([handle], [], [], _TICK)
                typed = os.read(handle, _CHUNK) if ready else b""
                if ready and not typed:
                    return
                if typed:
                    heard(decoder.decode(typed))
                tick()
        except OSError:
            return  # the terminal has gone
        finally:
            with suppress(termios.error, OSError):
                termios.tcsetattr(handle, termios.TCSANOW, before)
