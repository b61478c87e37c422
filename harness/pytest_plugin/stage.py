"""The one run of a pytest session: opened when the first item needs it, played play by play, closed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from harness.engine.runs import RunSession
from harness.errors import InputError
from harness.model.names import PlayId
from harness.model.plan import PlannedStep, Play
from harness.model.run import PlayResult, StepResult
from harness.operating import desk_without_console
from harness.wiring import Finished, RunRequest, plan_only, render, session
from reports.known import step_known_words


class Stage:
    """Plans at collection, runs on demand. Each play is run once, however many of its items are selected."""

    def __init__(self, request: RunRequest, tell: Callable[[str], None]) -> None:
        self._request = request
        self._desk = desk_without_console(request.operator, tell) if request.operator else None
        self._files: dict[str, Path] = {}
        self._departments: dict[str, int] = {}
        self._ranks: dict[PlayId, int] = {}
        self._open: RunSession | None = None
        self._out = Path()
        self._results: dict[PlayId, PlayResult] = {}
        self._stack = ExitStack()

    @property
    def out(self) -> Path:
        """The folder of evidence and reports, once something ran."""
        return self._out

    def plays_of(self, path: Path) -> tuple[Play, ...]:
        """Take a scenario file into the run and say what it will play; SourceError when it is malformed."""
        plan = plan_only(replace(self._request, scenarios=(str(path),)))
        plays = tuple(play for assignment in plan.assignments for play in assignment.plays)
        self._claim(path, plays)
        for assignment in plan.assignments:
            department = self._departments.setdefault(assignment.id, len(self._departments))
            self._ranks.update({play.id: department for play in assignment.plays})
        return plays

    def _claim(self, path: Path, plays: Iterable[Play]) -> None:
        """Each play is of one file; InputError when another one has it already."""
        for play in plays:
            owner = self._files.setdefault(play.scenario.id, path)
            if owner != path:
                raise InputError(f"{path}: another scenario of this run is called {play.scenario.id} too: {owner}")

    def rank(self, play_id: PlayId) -> int:
        """Place of the play's department, so that each department opens once."""
        return self._ranks[play_id]

    def result(self, play_id: PlayId) -> PlayResult:
        """The judged play; it is run when it has not been yet."""
        if play_id not in self._results:
            if self._open is None:
                request = replace(self._request, scenarios=tuple(map(str, self._files.values())))
                self._open, _, self._out = self._stack.enter_context(session(request, _Silent(), self._desk))
            self._results[play_id] = self._open.play(play_id)
        return self._results[play_id]

    def known_words(self, play: PlayResult, step: StepResult) -> str:
        """By whom the failures of a step are known, when all of them are; else empty."""
        entries = self._open.plan.known.entries if self._open is not None else ()
        return step_known_words(entries, play, step)

    def close(self) -> Finished | None:
        """Seal the run, judge it as a whole and write the reports; None when nothing ran."""
        opened, self._open = self._open, None
        self._stack.close()
        if opened is None:
            return None
        finished = Finished(run=opened.judged(), out=self._out, read=opened.read)
        render(finished)
        return finished


class _Silent:
    """pytest shows the progress itself."""

    def play_started(self, play: Play) -> None:
        """Nothing to show."""

    def waiting(self, play: Play, step: PlannedStep, seconds: float) -> None:
        """Nothing to show."""

    def step_ended(self, play: Play, step: PlannedStep, state: str, seconds: float) -> None:
        """Nothing to show."""

    def play_judged(self, result: PlayResult) -> None:
        """Nothing to show."""
