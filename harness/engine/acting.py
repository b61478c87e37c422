"""The finished steps of a play acted again against its record, before the endpoints open.

Steps and what came go in the order of the record; what our actors do after an answer happens by itself, as ever.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

from harness.engine.department import Department
from harness.engine.driving import action_of, stand_in_of
from harness.engine.rebuilding import READY_SECONDS, Finished, Recorded, RecordedWire, timeline
from harness.errors import CannotAct, CannotRebuild, LinkError
from harness.model.names import HARNESS, ActorName, StepId
from harness.model.plan import LegState, StepRef

_HANDED = StepId("what came")
_PERFORMING = ("done", "timed out", "cannot act", "refused")
"""How a step ended in which our actor may have acted."""


def act_again(department: Department, recorded: Recorded) -> None:
    """Have the actors of a department do again what they did in a play; CannotRebuild when they do not."""
    wire = RecordedWire(recorded)
    department.furnish(wire)
    with department.belonging.running(recorded.play.id):
        _Again(department, recorded, wire).run()


class _Again:
    def __init__(self, department: Department, recorded: Recorded, wire: RecordedWire) -> None:
        self._department = department
        self._recorded = recorded
        self._wire = wire
        self._acts: dict[StepId, Future[None]] = {}

    def run(self) -> None:
        """Go through the record."""
        self._wire.acting(_HANDED)
        try:
            for _, what, ended in timeline(self._recorded):
                if isinstance(what, Finished):
                    (self._end if ended else self._begin)(what)
                else:
                    self._wire.hand(what, lambda what=what: self._department.take_again(what))  # type: ignore[misc]
        finally:
            self._wire.acting(None)
        self._wire.wait_until_used()
        self._wire.check()

    def _begin(self, step: Finished) -> None:
        pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"again {step.planned.step.id}")
        self._acts[step.planned.step.id] = pool.submit(self._act, step)
        pool.shutdown(wait=False)

    def _end(self, step: Finished) -> None:
        if wait([self._acts[step.planned.step.id]], READY_SECONDS).not_done:
            raise self._wire.fail(f"{step.planned.step.id} did not end again")
        self._wire.check()

    def _act(self, step: Finished) -> None:
        play = self._recorded.play
        self._wire.acting(step.planned.step.id)
        try:
            with (
                self._department.belonging.working(play.id),
                self._department.moments.at(step.moment),
                self._department.deviations.during(step.planned.step.deviation, play.id),
            ):
                self._perform(step, StepRef(play.id, step.planned.step.id))
        except CannotRebuild as why:
            self._wire.fail(str(why))
        except BaseException as error:
            self._wire.fail(f"{step.planned.step.id}: {type(error).__name__}: {error}")
            raise

    def _perform(self, step: Finished, reference: StepRef) -> None:
        planned, play = step.planned, self._recorded.play
        if step.state not in _PERFORMING or all(leg.state is LegState.NOT_APPLICABLE for leg in planned.legs):
            return
        for driven in step.driven:
            self._feed(step, reference, driven)
        if planned.initiator != HARNESS or not any(_is_started(leg.state) for leg in planned.legs):
            return
        actor = self._department.actor(planned.step.initiator)
        action = action_of(play, planned, reference, actor)
        for _ in range(1000):
            try:
                actor.perform(action)
            except (CannotAct, LinkError):  # as it could not then
                if not self._wire.left_of(reference):
                    return
            if not self._wire.left_of(reference):
                return

    def _feed(self, step: Finished, reference: StepRef, driven: ActorName) -> None:
        """Have our stand-in write again what it wrote for a product; nobody reads it."""
        play, planned = self._recorded.play, step.planned
        stand_in = stand_in_of(self._department, play, driven)
        if stand_in is not None and planned.step.transaction in stand_in.feeds_for():
            with tempfile.TemporaryDirectory(prefix="swf-again-") as folder:
                stand_in.feed(action_of(play, planned, reference, stand_in), Path(folder))


def _is_started(state: LegState) -> bool:
    return state in (LegState.LIVE, LegState.NOT_OFFERED)
