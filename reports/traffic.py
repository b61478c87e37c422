"""The live log of a run that no scenario drives: a line for each exchange, and for whatever hinders one.

A flood is counted and not printed line by line. It says what passed and decides nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime

from rich.console import Console
from rich.text import Text

from harness.dicom.statuses import is_failure
from harness.model.hop import Hop
from harness.model.transcript import Event, EventKind, Exchange, Link
from reports import ReadPayload
from reports.exchanges import answer_of, status_words, title_of
from reports.printable import printable
from reports.subjects import subject_of

LINES_A_SECOND = 20
_NAME = 40

_TROUBLE = {
    EventKind.UNREACHABLE: "yellow",
    EventKind.TLS_FAILED: "yellow",
    EventKind.REJECTED: "yellow",
    EventKind.CONTEXT_REFUSED: "yellow",
    EventKind.NO_RESPONSE: "yellow",
    EventKind.LINK_LOST: "yellow",
    EventKind.NOISE: "yellow",
    EventKind.CANNOT_ACT: "yellow",
    EventKind.INTERNAL_ERROR: "bold magenta",
}
"""Events that are told, each with its colour."""


class TrafficLog:
    """Implements the engine's `WatchProgress` on a console. Thread-safe.

    `read` gives the bytes of a payload. `quiet`: nothing but trouble of our own is told.
    """

    def __init__(
        self,
        console: Console,
        read: ReadPayload,
        hops: Iterable[Hop] = (),
        *,
        quiet: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._read = read
        self._hops = {hop.name: hop for hop in hops}
        self._quiet = quiet
        self._now = now
        self._lock = threading.Lock()
        self._second = 0
        self._lines = 0
        self._untold = 0

    def exchanged(self, exchange: Exchange) -> None:
        """An exchange has come to its end."""
        if not self._quiet and self._may_tell():
            self._print(self._exchange(exchange))

    def happened(self, event: Event) -> None:
        """Something happened to a link, or to the run."""
        ours = event.kind is EventKind.INTERNAL_ERROR
        if event.kind in _TROUBLE and (ours or (not self._quiet and self._may_tell())):
            self._print(self._event(event))

    def finish(self) -> None:
        """Tell what was only counted."""
        with self._lock:
            untold, self._untold = self._untold, 0
        if untold:
            self._print(_more(untold))

    def _may_tell(self) -> bool:
        """Whether there is a line left in this second; what has none is counted."""
        second = int(self._now())
        with self._lock:
            if second != self._second:
                untold, self._untold = self._untold, 0
                self._second, self._lines = second, 0
            else:
                untold = 0
            told = self._lines < LINES_A_SECOND
            self._lines += told
            self._untold += not told
        if untold:
            self._print(_more(untold))
        return told

    def _print(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True)

    def _exchange(self, exchange: Exchange) -> Text:
        sender, receiver = self._parties(exchange)
        line = Text(f"{_time(exchange.request.time)}  {exchange.id:>5}  ", "dim")
        line.append(f"{sender} -> {receiver}  ", "default")
        line.append(title_of(exchange, self._read), "bold")
        answer = _answer(exchange, self._read)
        line.append("  ")
        line.append(answer, _colour(exchange, answer))
        if subject := subject_of(exchange, self._read):
            line.append(f"  {subject}", "cyan")
        if exchange.final is not None:
            line.append(f"  {_duration(exchange.final.time - exchange.request.time)}", "dim")
        return line

    def _event(self, event: Event) -> Text:
        hop = self._hops.get(event.facts.get("hop", ""))
        where = f"{_name(event.actor)}  " if event.actor is not None and not self._hops else ""
        if hop is not None:
            where = f"{_name(hop.accepts.player)} -> {_name(hop.leads_to.player)}  "
        line = Text(f"{_time(event.time)}         ", "dim")
        line.append(f"{where}{event.kind.value}: {printable(event.text, 400)}", _TROUBLE[event.kind])
        if advice := event.facts.get("advice"):
            line.append(f". {printable(advice, 400)}", _TROUBLE[event.kind])
        return line

    def _parties(self, exchange: Exchange) -> tuple[str, str]:
        """Who sent the request, and to whom."""
        link = exchange.link
        hop = self._hops.get(link.hop)
        if hop is not None:
            names = _name(hop.accepts.player), _name(hop.leads_to.player)
            return names if link.relays is None else names[::-1]
        names = _name(link.actor), _peer(link)
        return names if exchange.sent else names[::-1]


def _answer(exchange: Exchange, read: ReadPayload) -> str:
    """How it ended; of a failure also what the status means."""
    answer, final = answer_of(exchange, read), exchange.final
    if final is None or final.command is None or final.command.status is None or not is_failure(final.command.status):
        return answer
    return f"{answer} ({status_words(final.command.status, final.command.service)})"


def _name(name: str) -> str:
    return printable(name, _NAME)


def _peer(link: Link) -> str:
    """Whoever is on the other end, as far as the link says."""
    if link.peer_actor is not None:
        return _name(link.peer_actor)
    title = link.facts.get("called_ae" if link.ours else "calling_ae", "")
    return _name(title or f"{link.peer.host}:{link.peer.port}")


def _colour(exchange: Exchange, answer: str) -> str:
    final = exchange.final
    if final is None:
        return "yellow"
    if final.command is not None and final.command.status is not None:
        return "yellow" if is_failure(final.command.status) else "green"
    return "green" if answer in ("AA", "CA") else "yellow"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%H:%M:%S.%f")[:-3]


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _more(count: int) -> Text:
    return Text(f"                     ... and {count} more", "dim")
