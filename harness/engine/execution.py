"""Live execution: plays run their steps against the department and the systems under test.

A step is done when its required legs crossed the wire, or when their time is up. Nothing is judged here; a probe
repeats a query until the same pure function that the judge uses says that its expectation is met.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Protocol

from harness.checks.delivery import took_effect
from harness.checks.expectations import expectation_outcome
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.engine.asking import Operators, Skipped
from harness.engine.attribution import Attributor, Learnt
from harness.engine.department import Department
from harness.engine.driving import Driver, action_of
from harness.engine.reading import Twins, is_complete
from harness.engine.recording import TranscriptRecorder
from harness.engine.tls_planning import tests_tls
from harness.errors import CannotAct, HarnessError, LinkError
from harness.model.names import HARNESS, ExchangeId, LegId, PlayId, StepId
from harness.model.plan import Assignment, LegState, PlannedLeg, PlannedStep, Play, StepRef
from harness.model.profile import Count, LinkKind
from harness.model.scenario import Expectation
from harness.model.system import System
from harness.model.tls import Taken
from harness.model.transcript import Event, EventKind, Exchange
from harness.model.verdict import Outcome

PROBE_INTERVAL = 0.2
"""Seconds between the repetitions of a probe."""

GRACE = 1.5
"""Seconds that plays have to end after an interruption; one that waits for an answer then is left alone."""


class Progress(Protocol):
    """Who wants to hear how a run goes on."""

    def play_started(self, play: Play) -> None:
        """A play begins."""

    def waiting(self, play: Play, step: PlannedStep, seconds: float) -> None:
        """A system has to act by itself, or by its operator's hand, within so many seconds."""

    def step_ended(self, play: Play, step: PlannedStep, state: str, seconds: float) -> None:
        """A step is done, refused, timed out or could not act."""

    def play_ended(self, play: Play, seconds: float) -> None:
        """A play is sealed."""


@dataclass
class _Live:
    """Attribution kept up to date while the run goes on; guarded by its lock."""

    attributor: Attributor
    recorder: TranscriptRecorder
    begun: int
    lock: threading.Lock = field(default_factory=threading.Lock)
    told: int = 0
    broken_off: set[StepRef] = field(default_factory=set)
    twins: Twins = field(default_factory=Twins)
    unfinished: dict[ExchangeId, None] = field(default_factory=dict)
    placed: dict[tuple[PlayId, StepId, LegId], list[ExchangeView]] = field(default_factory=dict)

    def exchanges(self, play: Play, step: PlannedStep, leg: LegId) -> list[ExchangeView]:
        """Completed exchanges of a leg so far."""
        with self.lock:
            self._catch_up()
            return list(self.placed.get((play.id, step.step.id, leg), ()))

    def is_broken_off(self, step: StepRef) -> bool:
        """Whether a caller would not talk to what our listener shows on purpose in a step."""
        with self.lock:
            self._catch_up()
            return step in self.broken_off

    def learnt(self, but: PlayId) -> Learnt:
        """What the other plays have shown so far."""
        with self.lock:
            self._catch_up()
            return self.attributor.learnt(but)

    def _catch_up(self) -> None:
        """Take in what is new, and no more: this is asked after each record."""
        news = self.recorder.news(self.begun, self.told, self.unfinished)
        self.begun, self.told = news.begun, self.told + len(news.events)
        for event in news.events:
            self.attributor.note(event)
            if event.step is not None and _breaks_off(event):
                self.broken_off.add(event.step)
        self.twins.note(news.events)
        for exchange in news.exchanges:
            self.twins.add(exchange.link)
        for exchange in sorted(news.exchanges, key=lambda one: one.request.seq):
            if not is_complete(exchange):
                self.unfinished[exchange.id] = None
                continue
            self.unfinished.pop(exchange.id, None)
            if exchange.sent or not self.twins.has(exchange.link):
                self._place(exchange)

    def _place(self, exchange: Exchange) -> None:
        view = ExchangeView(exchange, self.recorder.read)
        for found in self.attributor.attribute(view):
            self.placed.setdefault((found.play, found.step, found.leg), []).append(view)


class Executor:
    """Runs the plays of one assignment against an open department."""

    def __init__(
        self,
        department: Department,
        systems: Sequence[System],
        progress: Progress,
        *,
        interrupted: threading.Event,
        operators: Operators,
        going_on: Mapping[PlayId, StepId] | None = None,
    ) -> None:
        self._going_on = going_on or {}
        self._department = department
        self._driver = Driver(department, systems, operators, progress.waiting, self._so_far)
        self._progress = progress
        self._interrupted = interrupted
        self._recorder = department.recorder
        self._live = _Live(
            Attributor(department.knowledge, department.assignment.plays),
            department.recorder,
            begun=0 if going_on else department.recorder.begun(),
        )

    @property
    def assignment(self) -> Assignment:
        """Who plays whom."""
        return self._department.assignment

    def learnt(self, but: PlayId) -> Learnt:
        """What all plays but one have shown so far, by which their messages are known."""
        return self._live.learnt(but)

    def run(self, jobs: int, done: Collection[PlayId] = ()) -> None:
        """Run every play but those done, `jobs` of them at the same time; exclusive ones alone, at the end."""
        plays = [play for play in self.assignment.plays if play.id not in done]
        alone = [play for play in plays if play.scenario.exclusive]
        shared = [play for play in plays if not play.scenario.exclusive]
        for group, workers in ((shared, jobs), (alone, 1)):
            if not self._interrupted.is_set():
                self._run(group, workers)

    def _run(self, plays: Sequence[Play], workers: int) -> None:
        pool = ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="play")
        futures = [pool.submit(self._play, play) for play in plays]
        try:
            for future in futures:
                future.result()
        except KeyboardInterrupt:
            self.interrupt(futures)
        finally:
            pool.shutdown(wait=not self._interrupted.is_set(), cancel_futures=True)

    def interrupt(self, running: Iterable[Future[None]] = ()) -> None:
        """End what is going on: plays end before their next step, and after a while nobody waits for them."""
        self._interrupted.set()
        self._recorder.happened(EventKind.INTERRUPTED, "interrupted by the user")
        wait(running, GRACE)

    def play(self, play_id: PlayId) -> None:
        """Run one play alone."""
        self._play({play.id: play for play in self.assignment.plays}[play_id])

    def _play(self, play: Play) -> None:
        if self._interrupted.is_set():
            return
        clock, started = self._department.clock, self._department.clock.seconds()
        self._progress.play_started(play)
        left = self._left(play)
        if left is None:
            self._recorder.happened(EventKind.PLAY_STARTED, play=play.id)
        with self._department.belonging.running(play.id):
            for planned in play.steps if left is None else left:
                if self._interrupted.is_set():
                    break
                self._step(play, planned)
            self._settle(play)
        if self._interrupted.is_set():
            self._recorder.happened(EventKind.INTERRUPTED, "the play did not come to its end", play=play.id)
        else:
            self._recorder.happened(EventKind.PLAY_SEALED, play=play.id)
        self._progress.play_ended(play, clock.seconds() - started)

    def _left(self, play: Play) -> Sequence[PlannedStep] | None:
        """The steps of a play that goes on; None of one that begins."""
        if play.id not in self._going_on:
            return None
        names = [planned.step.id for planned in play.steps]
        next_step = self._going_on[play.id]
        return play.steps[names.index(next_step) :] if next_step in names else ()

    def _settle(self, play: Play) -> None:
        """Let reactions end, then a quiet time, so that what belongs to the play is in the record."""
        self._recorder.wait(
            lambda: self._interrupted.is_set() or self._department.idle(play.id), self.assignment.times.answer
        )
        self._interrupted.wait(self.assignment.times.settle)

    def _step(self, play: Play, planned: PlannedStep) -> None:
        reference = StepRef(play.id, planned.step.id)
        started = self._department.clock.seconds()
        self._recorder.happened(EventKind.STEP_STARTED, step=reference, facts={"at": repr(started)})
        state = "done"
        try:
            with (
                self._department.moments.at(started),
                self._department.deviations.during(planned.step.deviation, play.id, reference),
            ):
                state = self._attempt(play, planned, reference)
        except Skipped:
            state = "skipped"
        except (CannotAct, LinkError) as reason:
            state = self._kept_from(play, planned, reason, reference)
        except HarnessError as reason:
            state = "error"
            self._recorder.happened(EventKind.INTERNAL_ERROR, str(reason), step=reference)
        except Exception:
            state = "error"
            self._recorder.happened(EventKind.INTERNAL_ERROR, traceback.format_exc(limit=20), step=reference)
        self._recorder.happened(EventKind.STEP_ENDED, state, step=reference)
        self._progress.step_ended(play, planned, state, self._department.clock.seconds() - started)

    def _kept_from(self, play: Play, planned: PlannedStep, reason: CannotAct | LinkError, reference: StepRef) -> str:
        """How a step ended whose actor could not act; to break off with a bad listener is what the step wants."""
        shown = [leg for leg in planned.legs if leg.state is LegState.LIVE and _shows(planned, leg)]
        if shown and self._recorder.wait(lambda: self._is_broken_off(play, planned, shown[0]), GRACE):
            return "done"
        facts = {"link": "failed"}
        if isinstance(reason, CannotAct):
            facts = {"shown_by": reason.shown_by} if reason.shown_by else {}
        self._recorder.happened(EventKind.CANNOT_ACT, str(reason), step=reference, facts=facts)
        return "cannot act" if isinstance(reason, CannotAct) else "link failed"

    def _attempt(self, play: Play, planned: PlannedStep, reference: StepRef) -> str:
        """Do what starts the step, then wait for its legs. Returns how it ended."""
        if all(leg.state is LegState.NOT_APPLICABLE for leg in planned.legs):
            return "not applicable"
        for leg in planned.legs:
            if leg.state is LegState.LIVE and _shows(planned, leg):
                self._department.begin_anew(leg.leg.responder)
        self._driver.feed(play, planned, reference, lambda: self._came(play, planned))
        times = self.assignment.times.of(planned.transaction.id)
        probing = planned.step.until and planned.step.expect != Expectation()
        if planned.initiator == HARNESS and _acts(planned):
            actor = self._department.actor(planned.step.initiator)
            action = action_of(play, planned, reference, actor)
            self._probe(play, planned, lambda: actor.perform(action), times.show if probing else 0.0)
        elif planned.initiator != HARNESS:
            self._driver.start(play, planned, reference, lambda: self._came(play, planned))
        return self._await_legs(play, planned, reference)

    def _probe(self, play: Play, planned: PlannedStep, act: Callable[[], None], seconds: float) -> None:
        deadline = self._department.clock.seconds() + seconds
        while True:
            try:
                act()
            except CannotAct:
                if self._department.clock.seconds() >= deadline:
                    raise
            if seconds == 0.0 or self._holds(play, planned) or self._department.clock.seconds() >= deadline:
                return
            if self._interrupted.wait(PROBE_INTERVAL):
                return

    def _holds(self, play: Play, planned: PlannedStep) -> bool:
        seen = self._so_far(play)
        own = [view for view in seen.legs if view.step is planned]
        return expectation_outcome(planned, own, seen) in (Outcome.MET, Outcome.NOT_APPLICABLE)

    def _so_far(self, play: Play) -> PlayView:
        """What has crossed our links for a play until now."""
        views = tuple(self._view(play, step, leg) for step in play.steps for leg in step.legs)
        return PlayView(play=play, legs=views, events=(), knowledge=self._department.knowledge)

    def _view(self, play: Play, planned: PlannedStep, leg: PlannedLeg) -> LegView:
        exchanges = self._live.exchanges(play, planned, leg.leg.id)
        return LegView(
            play=play,
            step=planned,
            planned=leg,
            exchanges=tuple(exchanges),
            knowledge=self._department.knowledge,
        )

    # awaiting

    def _await_legs(self, play: Play, planned: PlannedStep, reference: StepRef) -> str:
        state = "done"
        for leg in planned.legs:
            if leg.state not in (LegState.LIVE, LegState.NOT_OFFERED) or not self._is_awaited(leg):
                continue
            if leg.leg.reaction and self._refused(play, planned):
                continue
            seconds = self._patience(planned, leg)
            if not self._recorder.wait(lambda leg=leg: self._done(play, planned, leg), seconds):  # type: ignore[misc]
                if not leg.leg.required:
                    continue
                state = "timed out"
                self._recorder.happened(
                    EventKind.LEG_EXPIRED,
                    f"{leg.leg.initiator} -> {leg.leg.responder}: nothing within {seconds:g} s",
                    step=reference,
                    leg=leg.leg.id,
                    facts={"seconds": f"{seconds:g}"},
                )
            if self._interrupted.is_set():
                return "interrupted"
        return state

    def _is_awaited(self, leg: PlannedLeg) -> bool:
        """Whether later steps count on the leg: it is required, or news for an actor that takes part."""
        news = leg.leg.reaction and leg.leg.link is LinkKind.MLLP
        return leg.leg.required or (news and leg.leg.responder in self.assignment.ours)

    def _done(self, play: Play, planned: PlannedStep, leg: PlannedLeg) -> bool:
        """Whether there is nothing more to wait for: a reaction of ours that ended without a message never comes."""
        if self._interrupted.is_set():
            return True
        idle = self._department.idle(play.id)  # asked first: what a reaction sent is recorded before it ends
        exchanges = self._live.exchanges(play, planned, leg.leg.id)
        if leg.leg.reaction and leg.initiator == HARNESS and idle:
            return True
        if self._is_broken_off(play, planned, leg):
            return True
        if leg.leg.count is Count.MANY and leg.leg.reaction:
            return bool(exchanges) and idle
        return bool(exchanges)

    def _came(self, play: Play, planned: PlannedStep) -> str:
        """Why nobody has to do anything any more for a step: what it is to bring is there, or the run ends.

        Of messages that come in numbers (images) the first does not say that all are there.
        """
        if self._interrupted.is_set():
            return "the run was interrupted"
        awaited = [leg for leg in planned.legs if leg.state is LegState.LIVE and self._is_awaited(leg)]
        theirs = [leg for leg in awaited if leg.initiator != HARNESS and not leg.leg.reaction]
        if not theirs or any(leg.leg.count is Count.MANY for leg in theirs):
            return ""
        there = all(self._live.exchanges(play, planned, leg.leg.id) for leg in theirs)
        if not there and all(self._is_broken_off(play, planned, leg) for leg in theirs):
            return "it has called already, and broke the connection off"
        return "the message is there already" if there else ""

    def _is_broken_off(self, play: Play, planned: PlannedStep, leg: PlannedLeg) -> bool:
        """Whether the step tests TLS on the leg, and whoever called would not talk to us: nothing more is to come."""
        return _shows(planned, leg) and self._live.is_broken_off(StepRef(play.id, planned.step.id))

    def _refused(self, play: Play, planned: PlannedStep) -> bool:
        """Whether what the reactions would follow was refused, or never came."""
        views = [self._view(play, planned, leg) for leg in planned.legs if not leg.leg.reaction]
        return bool(views) and not any(took_effect(exchange) for view in views for exchange in view.exchanges)

    def _patience(self, planned: PlannedStep, leg: PlannedLeg) -> float:
        """Seconds to wait for a leg: our own part is done or comes at once, a system's has its declared time."""
        times = self.assignment.times.of(planned.transaction.id)
        if leg.initiator != HARNESS:
            return times.act
        return times.answer if leg.leg.reaction else 0.5


def _shows(planned: PlannedStep, leg: PlannedLeg) -> bool:
    """Whether our listener shows something on the leg that nobody should talk to."""
    deviation = planned.step.deviation
    return deviation is not None and deviation.of_listener and tests_tls(planned.step, leg.leg)


def _breaks_off(event: Event) -> bool:
    return event.kind is EventKind.MISUSED and event.facts.get("outcome") == Taken.REFUSED.value


def _acts(planned: PlannedStep) -> bool:
    """Whether any leg that the step's own actor starts can be sent by us at all."""
    return any(
        leg.leg.initiator == planned.step.initiator and leg.state in (LegState.LIVE, LegState.NOT_OFFERED)
        for leg in planned.legs
    )
