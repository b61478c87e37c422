"""What a person sees in the terminal: progress while a run goes on, and its summary afterwards.

Plain lines when the output is not a terminal. Values from the wire are shown as text, never as markup.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from harness.model.names import PlayId, StepId, TransactionId
from harness.model.run import PlayResult, Run
from harness.model.verdict import Verdict
from reports.printable import printable
from reports.wording import HTML_REPORT, claim_words, player_words, step_summary, unpassed

STYLES = {
    Verdict.NONE: "dim",
    Verdict.PASS: "green",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.FAIL: "bold red",
    Verdict.ERROR: "bold magenta",
}
_DONE = "done"


class ConsoleProgress:
    """One line for each play that ended, and on a terminal what is going on now. Thread-safe."""

    def __init__(self, console: Console, plays: int = 0) -> None:
        self._console = console
        self._plays = plays
        self._ended = 0
        self._now: dict[PlayId, str] = {}
        self._lock = threading.Lock()
        self._live = Live(console=console, transient=True, auto_refresh=False) if console.is_terminal else None

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
            if state != _DONE:
                style = STYLES[Verdict.INCONCLUSIVE]
                self._console.print(Text(f"  {printable(play_id)}  {line}", style), soft_wrap=True)
            self._refresh()

    def play_ended(self, result: PlayResult) -> None:
        """A play is judged."""
        with self._lock:
            self._ended += 1
            self._now.pop(result.play, None)
            line = _badge(result.verdict, pad=True)
            line.append(f"  {printable(result.play)}  {result.seconds:.2f} s", "default")
            if result.interrupted:
                line.append("  interrupted", "yellow")
            self._console.print(line, soft_wrap=True)
            self._refresh()

    def _refresh(self) -> None:
        if self._live is None:
            return
        total = f" of {self._plays}" if self._plays else ""
        lines = [f"{self._ended}{total} plays ended"]
        lines += [f"  {printable(play)}  {now}" for play, now in list(self._now.items())[:8]]
        self._live.update(Text("\n".join(lines), "dim"), refresh=True)


def summary(run: Run, out: Path, console: Console) -> None:
    """Print what the run found: failures first in full, then the tables, the counts and where to read on."""
    _print_failures(run, out, console)
    _print_plays(run, console)
    _print_claims(run, console)
    _print_unobserved(run, console)
    _print_counts(run, console)
    if run.interrupted:
        _line(console, "The run was interrupted: what is missing was not tested.", STYLES[Verdict.INCONCLUSIVE])
    _line(console, f"Report: {printable(str(out / HTML_REPORT))}")


def _print_failures(run: Run, out: Path, console: Console) -> None:
    for play, step in unpassed(run):
        first, *rest = step_summary(play, step, out).splitlines()
        _line(console, first, STYLES[step.verdict])
        for line in rest:
            _line(console, line, STYLES[step.verdict] if line and not line.startswith(" ") else "")
        _line(console, "")
    for play in run.plays:
        if play.reason:
            head = f"{printable(play.play)}  {play.verdict.value.upper()}"
            _line(console, head, STYLES[play.verdict])
            _line(console, f"  {printable(play.reason)}\n")


def _print_plays(run: Run, console: Console) -> None:
    rows = []
    for play in run.plays:
        counts = Counter(step.verdict for step in play.steps)
        checks = sum(step.checks for step in play.steps)
        rows.append(
            (
                Text(printable(play.play)),
                _badge(play.verdict),
                Text(_counted(counts)),
                Text(str(checks)),
                Text(f"{play.seconds:.2f} s"),
            )
        )
    _table(console, "Scenarios", ("scenario", "verdict", "steps", "checks", "time"), rows)


def _print_claims(run: Run, console: Console) -> None:
    rows = []
    for claim in run.claims:
        parts = (f"{printable(t)} {v.value}" for t, v in claim.transactions.items())
        rows.append(
            (
                Text(claim_words(player_words(claim.system), claim.profile, claim.actor)),
                _badge(claim.verdict),
                Text(str(claim.checks)),
                Text(", ".join(parts)),
            )
        )
    if rows:
        _table(console, "Claims", ("claim", "verdict", "checks", "transactions"), rows)


def _print_unobserved(run: Run, console: Console) -> None:
    if run.plan.lost:
        _line(console, "Not observable in this run:", "bold")
        for lost in run.plan.lost:
            _line(console, f"  {printable(lost)}")
    for title, exchanges in (("Fits no step", run.orphans), ("Came too late", run.late)):
        if exchanges:
            numbers = ", ".join(str(number) for number in exchanges[:20])
            more = f" and {len(exchanges) - 20} more" if len(exchanges) > 20 else ""
            _line(console, f"{title}: exchange {numbers}{more}")


def _print_counts(run: Run, console: Console) -> None:
    steps = Counter(step.verdict for play in run.plays for step in play.steps)
    line = _badge(run.verdict)
    line.append(
        f"  {len(run.plays)} scenarios; steps: {_counted(steps)}; "
        f"{run.checks} checks executed, {run.believed} of them of believed requirements; "
        f"seed {run.plan.seed}; exit code {run.exit_code}",
        "default",
    )
    console.print(line, soft_wrap=True)


def _counted(counts: Counter[Verdict]) -> str:
    parts = [f"{counts[verdict]} {verdict.value}" for verdict in reversed(Verdict) if counts[verdict]]
    return ", ".join(parts) or "none"


def _badge(verdict: Verdict, *, pad: bool = False) -> Text:
    word = verdict.value.upper()
    return Text(word.ljust(12) if pad else word, STYLES[verdict])


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style), soft_wrap=True)


def _table(console: Console, title: str, heads: tuple[str, ...], rows: Sequence[tuple[Text, ...]]) -> None:
    _line(console, title, "bold")
    if console.is_terminal:
        table = Table(*heads, box=SIMPLE_HEAD, pad_edge=False)
        for row in rows:
            table.add_row(*row)
        console.print(table)
    else:
        _plain_table(console, heads, rows)
    _line(console, "")


def _plain_table(console: Console, heads: tuple[str, ...], rows: Sequence[tuple[Text, ...]]) -> None:
    """Padded columns of any width: a log has no edge to wrap at."""
    texts = [heads, *(tuple(cell.plain for cell in row) for row in rows)]
    widths = [max(cell_len(row[column]) for row in texts) for column in range(len(heads))]
    for row in texts:
        padded = (text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True))
        _line(console, "  " + "  ".join(padded).rstrip())
