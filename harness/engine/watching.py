"""A run that no scenario drives: real systems through a relay, or our actors as stand-ins that serve until stopped.

Owns its evidence, its record and its end. What took place is told from the messages alone, when it is judged. It knows
neither relays nor actors: whoever opens links does so on its recorder, and closes them before it is left.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol, Self

from harness.engine.judging import judge
from harness.engine.recording import TranscriptRecorder
from harness.engine.runs import Setting
from harness.engine.storage import Evidence, EvidenceWriter
from harness.identifiers import Clock, SystemClock
from harness.model.hop import Watching
from harness.model.known import KnownDeviations
from harness.model.names import ActorName
from harness.model.override import Overrides
from harness.model.plan import Assignment, Plan
from harness.model.run import Run
from harness.model.scenario import ProcedurePlan
from harness.model.system import Party, System, Times
from harness.model.transcript import Event, Exchange, Payload
from harness.profiles import Knowledge

WATCHED = "watched"
"""The one assignment of a run that no scenario drives."""


class WatchProgress(Protocol):
    """Who wants to hear what passes. Told on the thread that watches, in the order in which things ended."""

    def exchanged(self, exchange: Exchange) -> None:
        """A request has its final response, or will get none: its link has ended."""

    def happened(self, event: Event) -> None:
        """Something happened to a link, or to the run."""


@dataclass(frozen=True, kw_only=True)
class Until:
    """When to stop by oneself: after so many seconds, after so many exchanges, after so many seconds in which nothing
    came (counted from the first message on). None: not for that."""

    seconds: float | None = None
    exchanges: int | None = None
    quiet: float | None = None


def watched_plan(
    *,
    run: str,
    seed: int,
    version: str,
    knowledge: Knowledge,
    watching: Watching,
    systems: tuple[System, ...] = (),
    ours: Mapping[ActorName, Party] | None = None,
    theirs: tuple[Party, ...] = (),
    times: Times | None = None,
    overrides: Overrides | None = None,
    known: KnownDeviations | None = None,
    procedures: ProcedurePlan | None = None,
    defect: str = "",
) -> Plan:
    """The plan of a run that no scenario drives: who takes part, and what judging it needs to know besides."""
    assignment = Assignment(
        id=WATCHED, ours=dict(ours or {}), theirs=theirs, serves={}, plays=(), times=times or Times()
    )
    return Plan(
        run=run,
        seed=seed,
        started=datetime.now().isoformat(timespec="seconds"),
        harness_version=version,
        rule_set=knowledge.rule_set,
        systems=systems,
        assignments=(assignment,),
        defect=defect,
        overrides=overrides or Overrides(),
        known=known or KnownDeviations(),
        procedures=procedures,
        watching=watching,
    )


class WatchedSession:
    """One watched run in progress. Leaving the context seals the evidence; `judged` may be asked for afterwards.

    What has passed is in the evidence and is not kept in memory, however long it goes on. InputError when the folder
    cannot be used.
    """

    def __init__(self, setting: Setting, plan: Plan, out: Path, progress: WatchProgress) -> None:
        self._setting = setting
        self._plan = plan
        self._out = out
        self._progress = progress
        self._writer = EvidenceWriter(out)
        self._writer.plan(plan)
        self._clock = SystemClock()
        self._recorder = TranscriptRecorder(self._clock, self._writer)
        self._ended = threading.Event()
        self._why = ""
        self._exchanges = 0

    @property
    def plan(self) -> Plan:
        """What is watched, with the ports that listeners got so far."""
        return self._plan

    @property
    def recorder(self) -> TranscriptRecorder:
        """What links are opened on. It is let go of while the run is watched: nobody else can ask it what passed."""
        return self._recorder

    @property
    def clock(self) -> Clock:
        """The run's clock."""
        return self._clock

    @property
    def exchanges(self) -> int:
        """How many exchanges came to their end so far."""
        return self._exchanges

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tell()
        self._writer.plan(self._plan)
        self._writer.seal()

    def note(self, plan: Plan) -> None:
        """Take another plan: with the ports that listeners really got."""
        self._plan = plan
        self._writer.plan(plan)

    def note_watching(self, watching: Watching) -> None:
        """The same, where the hops are what changed."""
        self.note(replace(self._plan, watching=watching))

    def watch(self, until: Until | None = None) -> str:
        """Tell what passes until it is time to stop; why it is. Ctrl-C is the ordinary end and not an interruption."""
        limit = until or Until()
        begun = last = self._clock.seconds()
        try:
            while not self._ended.is_set():
                told = self._tell()
                now = self._clock.seconds()
                last = now if told or not self._exchanges else last
                if (why := self._due(limit, now - begun, now - last)) is not None:
                    return why
                self._ended.wait(_TURN)
        except KeyboardInterrupt:
            return "stopped by hand"
        return self._why

    def end(self, why: str) -> None:
        """Have `watch` return; from any thread."""
        self._why = self._why or why
        self._ended.set()

    def judged(self) -> Run:
        """Judge what was recorded, from the sealed evidence, as `swf judge` will."""
        return judge(
            self._plan,
            Evidence(self._out).transcript(),
            self.read,
            self._setting.knowledge,
            strictness=self._setting.strictness,
            environment=self._setting.environment,
        )

    def read(self, payload: Payload) -> bytes | Path:
        """The content of a recorded payload: its bytes, or of a large object its file."""
        return self._writer.read(payload)

    def _due(self, limit: Until, seconds: float, quiet: float) -> str | None:
        if limit.seconds is not None and seconds >= limit.seconds:
            return f"{limit.seconds:g} s have passed"
        if limit.exchanges is not None and self._exchanges >= limit.exchanges:
            return f"{self._exchanges} exchanges have passed"
        if limit.quiet is not None and self._exchanges and quiet >= limit.quiet:
            return f"nothing came for {limit.quiet:g} s"
        return None

    def _tell(self) -> bool:
        """Tell what has come to its end since the last time; whether anything has."""
        taken = self._recorder.let_go()
        self._exchanges += len(taken.exchanges)
        items: list[Exchange | Event] = [*taken.exchanges, *taken.events]
        for item in sorted(items, key=_ended_at):
            if isinstance(item, Exchange):
                self._progress.exchanged(item)
            else:
                self._progress.happened(item)
        return bool(taken.exchanges)


_TURN = 0.2
"""Seconds between two looks at what passed."""


def _ended_at(item: Exchange | Event) -> int:
    if isinstance(item, Event):
        return item.seq
    return (item.final or item.request).seq
