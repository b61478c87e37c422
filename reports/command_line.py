"""The line at the foot of a terminal in which commands are typed while everything else is printed above it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from reports.printable import printable

_BACKSPACE = ("\x7f", "\b")
_ERASE_LINE = "\x15"
_ENTER = ("\r", "\n")
_ESCAPE = "\x1b"
_LONGEST = 1000
"""Characters of a command."""


class Keys(Protocol):
    """A keyboard."""

    def listen(self, heard: Callable[[str], None], tick: Callable[[], None]) -> None:
        """Tell of what is typed and of time that goes on, from another thread."""

    def stop(self) -> None:
        """Listen no more."""


class CommandLine:
    """Shown while the context is open; `entered` hears each line, on the thread of the keyboard. Thread-safe."""

    def __init__(self, console: Console, keys: Keys, entered: Callable[[str], None]) -> None:
        self._keys = keys
        self._entered = entered
        self._typed = ""
        self._lock = threading.Lock()
        self._live = Live(console=console, transient=True, auto_refresh=False, get_renderable=self._shown)

    def __enter__(self) -> Self:
        self._live.start()
        self._keys.listen(self._heard, lambda: None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._keys.stop()
        self._live.stop()

    def _heard(self, typed: str) -> None:
        """Take keys in; what an arrow or a function key sends is no text."""
        lines: list[str] = []
        with self._lock:
            for key in typed.partition(_ESCAPE)[0]:
                if key in _ENTER:
                    lines.append(self._typed)
                    self._typed = ""
                elif key in _BACKSPACE:
                    self._typed = self._typed[:-1]
                elif key == _ERASE_LINE:
                    self._typed = ""
                elif key.isprintable() and len(self._typed) < _LONGEST:
                    self._typed += key
        self._live.refresh()
        for line in lines:
            self._entered(line)

    def _shown(self) -> Text:
        with self._lock:
            typed = self._typed
        return Text.assemble(("> ", "bold cyan"), printable(typed, _LONGEST), ("_", "dim"))
