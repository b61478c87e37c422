"""A question to the operator at the terminal: what to do, a line to answer in, and the time that is left.

One key or word answers (d, c, s; done, cannot, skip), a comment may follow, Enter sends it. Nothing here knows a link.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from harness.model.question import COMMENT_LENGTH, Question, Reply, Said
from harness.model.system import Party
from reports.console import ConsoleProgress
from reports.printable import printable

_HELP = "d done, c cannot, s skip, then a comment if you like; Enter sends it"
_BACKSPACE = ("\x7f", "\b")
_ERASE_LINE = "\x15"
_ESCAPE = "\x1b"


class Keys(Protocol):
    """A keyboard."""

    def listen(self, heard: Callable[[str], None], tick: Callable[[], None]) -> None:
        """Tell of what is typed and of time that goes on, from another thread."""

    def stop(self) -> None:
        """Listen no more."""


class TerminalDesk:
    """Asks at the terminal, one question at a time."""

    def __init__(self, console: ConsoleProgress, keys: Keys, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._keys = keys
        self._clock = clock
        self._lock = threading.RLock()
        self._question: Question | None = None
        self._until = 0.0
        self._typed = ""
        self._problem = ""
        self._replies: dict[int, Reply] = {}
        self._wake: Callable[[], None] = lambda: None

    def open(self, wake: Callable[[], None]) -> None:
        """Begin."""
        self._wake = wake

    def put(self, question: Question) -> None:
        """Show the question, and listen."""
        with self._lock:
            self._question, self._typed, self._problem = question, "", ""
            self._until = self._clock() + question.patience
            self._console.show(question_panel(question))
            self._draw()
        self._keys.listen(self._heard, self._draw)

    def answer(self, question: Question) -> Reply | None:
        """What was typed and sent."""
        with self._lock:
            return self._replies.get(question.number)

    def withdraw(self, question: Question, why: str) -> None:
        """Take the question away."""
        self._keys.stop()
        with self._lock:
            self._question = None
            self._console.ask(None)
            self._console.show(Text(f"  no answer is needed any more: {printable(why)}", "dim"))

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._keys.stop()
        with self._lock:
            self._question = None
            self._console.ask(None)

    def _heard(self, typed: str) -> None:
        for place, character in enumerate(typed):
            if character == _ESCAPE:  # an arrow or function key: the rest of what came with it belongs to it
                return
            if character in "\r\n":
                if self._send():
                    return
            elif character in _BACKSPACE:
                self._typed = self._typed[:-1]
            elif character == _ERASE_LINE:
                self._typed = ""
            elif character.isprintable() and len(self._typed) < COMMENT_LENGTH:
                self._typed += typed[place]
            self._draw()

    def _send(self) -> bool:
        """Take what was typed as the answer; whether it is one."""
        with self._lock:
            question, typed = self._question, self._typed
            reply = read_line(typed)
            if question is None or reply is None:
                said = f"`{printable(typed.strip(), 40)}` is no answer; " if typed.strip() else ""
                self._problem, self._typed = f"{said}{_HELP}", ""
                return False
            self._question = None
            self._replies[question.number] = reply
            self._console.ask(None)
            comment = f": {printable(reply.comment)}" if reply.comment else ""
            self._console.show(Text(f"  {reply.said.value}{comment}", "bold"))
        self._keys.stop()
        self._wake()
        return True

    def _draw(self) -> None:
        with self._lock:
            if self._question is not None:
                self._console.ask(self._line())

    def _line(self) -> Group:
        left = max(0.0, self._until - self._clock())
        hint = Text(f"  {self._problem or _HELP}", "yellow" if self._problem else "dim")
        line = Text("  ")
        line.append(f"{clock_words(left)} left to answer", "bold yellow")
        line.append("  > ", "bold")
        line.append(self._typed)
        line.append("▏", "bold")
        return Group(hint, line)


def read_line(typed: str) -> Reply | None:
    """The answer that a typed line is: a key or word, and a comment; None when it is none."""
    word, _, comment = typed.strip().partition(" ")
    word = word.rstrip(":,").lower()
    for said in Said:
        if word and word in (said.value, said.value[0]):
            return Reply(said=said, comment=comment.strip())
    return None


def clock_words(seconds: float) -> str:
    """`1:05:00`, `4:59`, `0:07`."""
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def question_panel(question: Question) -> Panel:
    """What the person is to do, for whom, and where the product talks to."""
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim", no_wrap=True)
    rows.add_column(overflow="fold")
    for name, value in question_rows(question):
        rows.add_row(name, Text(value))
    seconds = f"{question.act:g} s from “done” on"
    rows.add_row("time", Text(f"{question.system} then has {seconds}" if not question.feeds else "none"))
    title = f" {printable(question.play)}  {printable(question.step)} "
    what = Text(printable(question.instruction), "bold")
    return Panel(Group(what, Text(""), rows), title=Text(title), title_align="left", border_style="yellow")


def question_rows(question: Question) -> list[tuple[str, str]]:
    """The question in named lines, for every way of showing it."""
    rows = [
        ("transaction", f"{question.title} [{question.transaction}]"),
        ("system", f"{question.system}, as {question.actor}"),
        ("patient", f"{question.patient_name}, ID {question.patient_id}"),
        ("service", question.service),
    ]
    rows += [
        (f"{'from' if question.feeds else 'to'} {one.actor}", words) for one in question.peers if (words := at(one))
    ]
    rows += [(name, value) for name, value in question.seen.items()]
    if question.folder:
        rows.append(("files", question.folder))
    return [(printable(name), printable(value)) for name, value in rows if value]


def at(party: Party) -> str:
    """The addresses of one of our actors in words."""
    words = []
    if party.dimse is not None and party.dimse.port:
        words.append(f"AE title {party.dimse.ae_title}, host {party.dimse.host}, port {party.dimse.port}")
    if party.hl7 is not None and party.hl7.port:
        names = f"application {party.hl7.application}, facility {party.hl7.facility}"
        words.append(f"HL7 {names}, host {party.hl7.host}, port {party.hl7.port}")
    return "; ".join(words)
