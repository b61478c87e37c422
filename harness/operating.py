"""What the person at the console sees of a run, and how the person of an operator step is reached.

The one place that joins what a terminal shows with what a keyboard or a file says.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from harness.engine.asking import Desk
from harness.errors import InputError
from harness.model.plan import PlannedStep, Play
from harness.model.run import PlayResult
from harness.transports.operator.folder import FolderDesk
from harness.transports.operator.keyboard import Keyboard
from harness.transports.operator.web import WebDesk
from reports.console import ConsoleProgress
from reports.prompt import TerminalDesk

TERMINAL = "terminal"
FILES = "files"
HTTP = "http"
WAYS = (TERMINAL, FILES, HTTP)
FOLDER = "operator"
"""The folder of questions and answers, in the run's own."""

DeskMaker = Callable[[Path], Desk]
"""Makes the desk of a run whose folder is known."""


def desk_at_console(way: str, console: ConsoleProgress) -> DeskMaker:
    """The desk of `swf run`; without a way the terminal, where there is one, else files.

    InputError when a terminal is asked for and there is none.
    """
    keyboard = Keyboard()
    terminal = keyboard.is_there and sys.stdout.isatty()
    if way == TERMINAL and not terminal:
        raise InputError("--operator terminal needs a terminal for input and output; use files or http")
    if way in ("", TERMINAL) and terminal:
        return lambda out: TerminalDesk(console, keyboard)
    return desk_without_console(way or FILES, console.tell)


def desk_without_console(way: str, tell: Callable[[str], None]) -> DeskMaker:
    """The desk of a run that shows nothing itself; `tell` is told where to answer."""
    if way == FILES:
        return lambda out: FolderDesk(out / FOLDER, tell)
    if way == HTTP:
        return lambda out: WebDesk(tell)
    raise InputError(f"an operator is asked by {' or '.join(WAYS[1:])} here, not by {way}")


class LiveProgress:
    """Shows on the console what a run is doing."""

    def __init__(self, console: ConsoleProgress) -> None:
        self._console = console

    def play_started(self, play: Play) -> None:
        """A play begins."""
        self._console.play_started(play.id, play.scenario.title)

    def waiting(self, play: Play, step: PlannedStep, seconds: float) -> None:
        """A system has to act: an operator is told what a person beside the patient knows."""
        patient = play.case.patients[step.step.patient]
        name = "^".join((patient.name.family, patient.name.given)).rstrip("^")
        text = (
            f"waiting up to {seconds:g} s for {step.initiator} ({step.step.initiator}): {step.transaction.title} "
            f"[{step.transaction.id}] for {name}, {patient.id}, {play.case.order.service}"
        )
        self._console.waiting(play.id, step.step.id, text, seconds)

    def step_ended(self, play: Play, step: PlannedStep, state: str, seconds: float) -> None:
        """A step ended."""
        self._console.step_ended(play.id, step.step.id, step.transaction.id, state, seconds)

    def play_judged(self, result: PlayResult) -> None:
        """A play has its verdict."""
        self._console.play_ended(result)
