"""A whole run: plan, open the department, execute, seal, judge. The one runner, for the command line and for pytest."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, Self

from harness.engine.asking import Desk, Operators
from harness.engine.belonging import patients_of
from harness.engine.department import Department
from harness.engine.execution import Executor
from harness.engine.judging import Strictness, judge
from harness.engine.recording import TranscriptRecorder
from harness.engine.storage import Evidence, EvidenceWriter
from harness.errors import HarnessError
from harness.identifiers import SystemClock
from harness.model.deviation import Deviation
from harness.model.known import KnownDeviations
from harness.model.names import ActorName, PlayerName, PlayId, StepId
from harness.model.override import Overrides
from harness.model.plan import Assignment, Plan, PlannedStep, Play
from harness.model.run import PlayResult, Run
from harness.model.scenario import ProcedurePlan
from harness.model.system import Party
from harness.model.transcript import Event, EventKind, Payload, Transcript
from harness.profiles import Knowledge

ReadPayload = Callable[[Payload], bytes | Path]


class RunProgress(Protocol):
    """Who wants to hear how a run goes on."""

    def play_started(self, play: Play) -> None:
        """A play begins."""

    def waiting(self, play: Play, step: PlannedStep, seconds: float) -> None:
        """A system has to act by itself, or by its operator's hand, within so many seconds."""

    def step_ended(self, play: Play, step: PlannedStep, state: str, seconds: float) -> None:
        """A step is done, refused, timed out or could not act; not a verdict yet."""

    def play_judged(self, result: PlayResult) -> None:
        """A play was sealed and judged."""


class Launched(Protocol):
    """A system that the harness started; it must be told who its peers are."""

    def introduce(
        self,
        parties: Mapping[ActorName, Party],
        patients: Mapping[PlayId, Sequence[str]],
        procedures: ProcedurePlan | None,
    ) -> None:
        """Tell it who plays the other actors, and where, the patients of each play, and the procedure plan that is not
        the shipped one; HarnessError when it does not listen."""

    def idle_deviations(self) -> tuple[Deviation, ...]:
        """Deviations of its defect that changed nothing in this run."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What every run of a process shares, and how severe its judgement is.

    `deviations` are violations that our own actors commit throughout, for the proof that nobody else is blamed.
    """

    knowledge: Knowledge
    procedures: ProcedurePlan
    launched: Mapping[PlayerName, Launched] = field(default_factory=dict)
    strictness: Strictness = field(default_factory=Strictness)
    environment: Mapping[str, str] = field(default_factory=dict)
    deviations: tuple[Deviation, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Before:
    """What there is of a run that is gone on with: its evidence, reopened, and the plays that came to their end.

    `last` is the time of its last record; `asked` counts the questions that were put to persons.
    """

    writer: EvidenceWriter
    transcript: Transcript
    last: float
    done: frozenset[PlayId]
    asked: int


class RunSession:
    """One run in progress. Leaving the context seals the evidence; `judged` may be asked for afterwards.

    One department is open at a time: staging another assignment closes the one before.
    """

    def __init__(
        self,
        setting: Setting,
        plan: Plan,
        out: Path,
        progress: RunProgress,
        desk: Desk | None = None,
        operator: str = "",
        before: Before | None = None,
    ) -> None:
        self.interrupted = threading.Event()
        self._setting = setting
        self._plan = plan
        self._progress = progress
        self._out = out
        self._writer = before.writer if before is not None else EvidenceWriter(out)
        self._writer.plan(plan)
        self._clock = SystemClock(before.last if before is not None else 0.0)
        self._recorder = TranscriptRecorder(self._clock, self._writer, before.transcript if before else None)
        self._operators = Operators(desk, self._recorder, name=operator, asked=before.asked if before else 0)
        self._done: frozenset[PlayId] = before.done if before else frozenset()
        self._attempts: dict[PlayId, int] = {}
        self._going_on: dict[PlayId, StepId] = {}
        self._staged: Assignment | None = None
        self._executor: Executor | None = None
        self._open = ExitStack()
        self._results: dict[PlayId, PlayResult] = {}
        self._chosen: set[PlayId] | None = None
        self._sealed = False

    @property
    def plan(self) -> Plan:
        """What the run does, with the ports that our endpoints got so far."""
        return self._plan

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._operators.close()
        self._unstage()
        if self._chosen is not None:
            self._plan = only(self._plan, self._chosen)
        self._writer.plan(self._plan)
        self._writer.seal()
        self._sealed = True

    # what the executor tells

    def play_started(self, play: Play) -> None:
        """A play begins."""
        self._progress.play_started(play)

    def waiting(self, play: Play, step: PlannedStep, seconds: float) -> None:
        """A system has to act."""
        self._progress.waiting(play, step, seconds)

    def step_ended(self, play: Play, step: PlannedStep, state: str, seconds: float) -> None:
        """A step ended."""
        self._progress.step_ended(play, step, state, seconds)

    def play_ended(self, play: Play, seconds: float) -> None:
        """A play is sealed: judge it at once, so that the user sees a verdict."""
        self._results[play.id] = self._judged_play(play.id)
        _keep()
        self._progress.play_judged(self._results[play.id])

    # what the caller asks

    def run(self, jobs: int) -> None:
        """Run every play, `jobs` at the same time; Ctrl-C ends it early and loses nothing."""
        try:
            for assignment in self._plan.assignments:
                left = [play for play in assignment.plays if play.id not in self._done]
                if left and not self.interrupted.is_set():
                    self._stage(assignment.id).run(jobs, self._done)
        except KeyboardInterrupt:
            self._interrupt()

    def play(self, play_id: PlayId) -> PlayResult:
        """Run one play alone and judge it; plays that nobody asks for are no part of the run."""
        self._chosen = {*(self._chosen or ()), play_id}
        home = next(
            assignment for assignment in self._plan.assignments if any(play.id == play_id for play in assignment.plays)
        )
        try:
            self._stage(home.id).play(play_id)
        except KeyboardInterrupt:
            self._interrupt()
            raise
        return self._results[play_id]

    def _interrupt(self) -> None:
        """Ctrl-C outside a play that runs on a thread of its own."""
        self.interrupted.set()
        self._recorder.happened(EventKind.INTERRUPTED, "interrupted by the user")

    def _judged_play(self, play_id: PlayId) -> PlayResult:
        """Judge one play that was sealed, from what was recorded since it began, and what others have shown before."""
        executor = self._executor
        return judge(
            self._plan,
            self._recorder.transcript(begin_of(self._recorder.events(), play_id)),
            self.read,
            self._setting.knowledge,
            strictness=self._setting.strictness,
            only=play_id,
            learnt=executor.learnt(but=play_id) if executor is not None else None,
        ).plays[0]

    def idle_deviations(self) -> tuple[Deviation, ...]:
        """Deviations of the systems' defects that changed nothing: the run says nothing about them."""
        return tuple(one for system in self._setting.launched.values() for one in system.idle_deviations())

    def judged(self) -> Run:
        """Judge everything that was recorded; once sealed, from the evidence itself, as `swf judge` will.

        What was said of single plays meanwhile is said again, and is let go first.
        """
        if self._sealed:
            self._results.clear()
        run = judge(
            self._plan,
            Evidence(self._out).transcript() if self._sealed else self._recorder.transcript(),
            self.read,
            self._setting.knowledge,
            strictness=self._setting.strictness,
            environment=self._setting.environment,
        )
        gc.freeze()
        return run

    def read(self, payload: Payload) -> bytes | Path:
        """The content of a recorded payload: its bytes, or of a large object its file."""
        return self._writer.read(payload)

    def _stage(self, assignment_id: str) -> Executor:
        if self._executor is not None and self._staged is not None and self._staged.id == assignment_id:
            return self._executor
        self._unstage()
        department = self._open_department(assignment_id)
        self._staged = department.assignment
        self._note_addresses(department.assignment)
        self._introduce(department.assignment)
        self._executor = Executor(
            department,
            self._plan.systems,
            self,
            interrupted=self.interrupted,
            operators=self._operators,
            going_on=self._going_on,
        )
        return self._executor

    def _open_department(self, assignment_id: str) -> Department:
        return self._open.enter_context(self._department(assignment_id))

    def _department(self, assignment_id: str) -> Department:
        return Department(
            {assignment.id: assignment for assignment in self._plan.assignments}[assignment_id],
            knowledge=self._setting.knowledge,
            recorder=self._recorder,
            clock=self._clock,
            seed=self._plan.seed,
            procedures=self._plan.procedures or self._setting.procedures,
            deviations=self._setting.deviations,
            attempts=self._attempts,
        )

    def _unstage(self) -> None:
        self._executor = None
        self._staged = None
        self._open.close()

    def _note_addresses(self, staged: Assignment) -> None:
        """Keep the ports that our endpoints really got in the plan."""
        self._plan = replace(
            self._plan,
            assignments=tuple(staged if old.id == staged.id else old for old in self._plan.assignments),
        )
        self._writer.plan(self._plan)

    def _introduce(self, assignment: Assignment) -> None:
        """Tell the launched systems who their peers are; one that has died is judged by what it does not do."""
        for name, system in self._setting.launched.items():
            played = {actor for actor, served in assignment.serves.items() if name in served.values()}
            try:
                parties = {actor: party for actor, party in assignment.ours.items() if actor not in played}
                system.introduce(parties, patients_of(assignment.plays), self._plan.procedures)
            except HarnessError as error:
                self._recorder.happened(EventKind.HOOK, str(error), facts={"system": name, "ok": "False"})


def _keep() -> None:
    """What a run holds stays until its end: to look for garbage in all of it would stop every link for seconds."""
    gc.freeze()


def let_go() -> None:
    """Free what earlier runs of the process held. It stops every link for as long as that takes: between two runs only,
    when none is under way."""
    gc.unfreeze()
    gc.collect()


def only(plan: Plan, wanted: Collection[PlayId]) -> Plan:
    """The plan with those plays alone."""
    return replace(
        plan,
        assignments=tuple(
            replace(assignment, plays=plays)
            for assignment in plan.assignments
            if (plays := tuple(play for play in assignment.plays if play.id in wanted))
        ),
    )


def begin_of(events: Iterable[Event], play_id: PlayId) -> int:
    """The number of the record with which a play began, at last."""
    begun = [event.seq for event in events if event.kind is EventKind.PLAY_STARTED and event.play == play_id]
    return begun[-1] if begun else 0


def judge_again(
    out: Path,
    knowledge: Knowledge,
    strictness: Strictness,
    environment: Mapping[str, str],
    overrides: Overrides | None = None,
    known: KnownDeviations | None = None,
) -> tuple[Run, ReadPayload, Sequence[str]]:
    """Judge the evidence of an earlier run; the third value names what was altered since it was sealed.

    The run's own overrides and known deviations hold, unless others are given.
    """
    evidence = Evidence(out)
    plan = evidence.plan()
    plan = plan if overrides is None else replace(plan, overrides=overrides)
    plan = plan if known is None else replace(plan, known=known)
    run = judge(
        plan,
        evidence.transcript(),
        evidence.read,
        knowledge,
        strictness=strictness,
        environment=environment,
    )
    return run, evidence.read, evidence.altered()
