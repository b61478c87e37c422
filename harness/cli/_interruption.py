"""Ctrl-C: the first ends what goes on early and orderly, the second at once.

A system that never answers keeps threads waiting; nobody waits for them once a run was interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType, TracebackType
from typing import NoReturn

import click

from harness.engine.claims import EXIT_UNDECIDED

_FIRST = b"\nswf: interrupted; ending in order, and writing what there is (once more to quit at once)\n"
_SECOND = b"\nswf: quit at once; `swf judge DIR` judges what was recorded, `swf run --resume DIR` goes on\n"
_STOPPED = b"\nswf: stopping; what was recorded is judged then (once more to quit at once)\n"
_QUIT = b"\nswf: quit at once; `swf judge DIR` judges what was recorded\n"
_BY_HAND = "harness.cli.ends_by_hand"
_STDERR = 2


def ends_by_hand() -> None:
    """The verb under way goes on until somebody ends it: that is no interruption, and is not called one."""
    click.get_current_context().meta[_BY_HAND] = True


def _is_ended_by_hand() -> bool:
    context = click.get_current_context(silent=True)
    return context is not None and _BY_HAND in context.meta


class Interruption:
    """A context manager for the main thread: SIGINT and SIGTERM raise KeyboardInterrupt, a second one ends the process.

    SIGTERM is what a build server sends first.
    """

    def __init__(self) -> None:
        self._happened = False

    def __enter__(self) -> Interruption:
        self._before = {number: signal.signal(number, self._heard) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def exit(self, code: int) -> NoReturn:
        """End the process; after an interruption without waiting for whoever still waits."""
        if self._happened:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        sys.exit(code)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if self._happened:
            os.write(_STDERR, _QUIT if _is_ended_by_hand() else _SECOND)
            os._exit(EXIT_UNDECIDED)
        self._happened = True
        os.write(_STDERR, _STOPPED if _is_ended_by_hand() else _FIRST)
        raise KeyboardInterrupt
