"""What a person sees in the terminal: progress while a run goes on; its summary afterwards is told by `summary`.

Plain lines when the output is not a terminal. Values from the wire are shown as text, never as markup.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from harness.model.deviation import Deviation
from harness.model.failing import play_standing
from harness.model.known import Standing
from harness.model.names import PlayId, StepId, TransactionId
from harness.model.run import PlayResult
from harness.model.verdict import Verdict
from reports.printable import printable
from reports.summary import summary
from reports.terminal import STYLES, badge

__all__ = ["ConsoleProgress", "idle_words", "summary"]

_QUIET = ("done", "not applicable")
"""States of a step that need no line of their own."""


class ConsoleProgress:
    """One line for each play that ended, and on a terminal what is going on now. Thread-safe."""

    def __init__(self, console: Console, plays: int = 0) -> None:
        self._console = console
        self._plays = plays
        self._ended = 0
        self._now: dict[PlayId, str] = {}
        self._until: dict[PlayId, float] = {}
        self._asked: RenderableType | None = None
        self._lock = threading.RLock()
        self._live = (
            Live(console=console, transient=True, refresh_per_second=2, get_renderable=self._state)
            if console.is_terminal
            else None
        )

    def __enter__(self) -> ConsoleProgress:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def play_started(self, play_id: PlayId, title: str) -> None:
        """A play begins."""
        with self._lock:
            self._now[play_id] = printable(title, 80)
            self._refresh()

    def step_ended(
        self, play_id: PlayId, step_id: StepId, transaction: TransactionId, state: str, seconds: float
    ) -> None:
        """A step is done, refused, timed out, or could not act; that is not yet a verdict."""
        line = f"{printable(step_id)} [{printable(transaction)}] {printable(state)} {seconds:.2f} s"
        with self._lock:
            self._now[play_id] = line
            self._until.pop(play_id, None)
            if state not in _QUIET:
                style = STYLES[Verdict.INCONCLUSIVE]
                self._console.print(Text(f"  {printable(play_id)}  {line}", style), soft_wrap=True)
            self._refresh()

    def waiting(self, play_id: PlayId, step_id: StepId, text: str, seconds: float = 0.0) -> None:
        """Somebody else has to act now: say who, what, for which patient, and for how long we wait."""
        with self._lock:
            line = f"  {printable(play_id)}  {printable(step_id)}: {printable(text)}"
            self._now[play_id] = f"{printable(step_id)}: waiting"
            self._until[play_id] = time.monotonic() + seconds
            self._console.print(Text(line, STYLES[Verdict.INCONCLUSIVE]), soft_wrap=True)
            self._refresh()

    def play_ended(self, result: PlayResult) -> None:
        """A play is judged."""
        with self._lock:
            self._ended += 1
            self._now.pop(result.play, None)
            self._until.pop(result.play, None)
            line = badge(result.verdict, pad=True)
            line.append(f"  {printable(result.play)}  {result.seconds:.2f} s", "default")
            if play_standing(result) is Standing.KNOWN:
                line.append("  known", "yellow")
            if result.interrupted:
                line.append("  interrupted", "yellow")
            self._console.print(line, soft_wrap=True)
            self._refresh()

    def tell(self, text: str) -> None:
        """Print a line for whoever operates a system."""
        self.show(Text(f"  {printable(text, 1000)}", STYLES[Verdict.INCONCLUSIVE]))

    def show(self, what: RenderableType) -> None:
        """Print something that stays."""
        with self._lock:
            self._console.print(what, soft_wrap=isinstance(what, Text))

    def ask(self, line: RenderableType | None) -> None:
        """Show a line in which somebody answers below everything else; None takes it away."""
        with self._lock:
            self._asked = line
            self._refresh()

    def _refresh(self) -> None:
        if self._live is not None:
            self._live.refresh()

    def _state(self) -> RenderableType:
        """What is going on now, with the time that is left where somebody else has to act.

        Called with the display's own lock held, and so without ours.
        """
        total = f" of {self._plays}" if self._plays else ""
        lines = [f"{self._ended}{total} plays ended"]
        for play, now in list(self._now.items())[:8]:
            left = self._until.get(play)
            time_left = "" if left is None else f"  {max(0.0, left - time.monotonic()):.0f} s left"
            lines.append(f"  {printable(play)}  {now}{time_left}")
        state, asked = Text("\n".join(lines), "dim"), self._asked
        return state if asked is None else Group(state, asked)


def idle_words(deviation: Deviation) -> str:
    """A change of a defect that a run says nothing about."""
    where = " ".join(filter(None, (deviation.transaction, deviation.path or deviation.decision)))
    return (
        f"The defect's change `{deviation.change.value}` by {deviation.actor} ({where}) never took effect in this run."
    )
