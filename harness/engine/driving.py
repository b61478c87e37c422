"""How a product is made to act, or is fed, in a step: by its hook, by a person's hand, or by itself."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.actor import Action, Actor, Bedside
from harness.checks.recording import PlayView
from harness.engine.asking import Operators, question_of
from harness.engine.department import Department
from harness.engine.facts import hook_facts, seen_by
from harness.errors import CannotAct
from harness.model.names import HARNESS, ActorName
from harness.model.plan import LegState, PlannedStep, Play, StepRef
from harness.model.system import Hook, System
from harness.model.transcript import EventKind
from harness.transports.hooks import run_hook

Waiting = Callable[[Play, PlannedStep, float], None]


class Driver:
    """Drives the systems under test of one assignment. `waiting` hears that one has to act by itself, and `so_far` says
    what has crossed our links for a play."""

    def __init__(
        self,
        department: Department,
        systems: Sequence[System],
        operators: Operators,
        waiting: Waiting,
        so_far: Callable[[Play], PlayView],
    ) -> None:
        self._department = department
        self._systems = {system.name: system for system in systems}
        self._operators = operators
        self._waiting = waiting
        self._so_far = so_far

    def start(self, play: Play, planned: PlannedStep, reference: StepRef, over: Callable[[], str]) -> None:
        """Make the product that initiates a step do so; CannotAct when it cannot be made to.

        `over` says why nobody needs to do anything any more, or nothing.
        """
        act = self._department.assignment.times.of(planned.transaction.id).act
        system = self._systems[planned.initiator]
        described = system.actors.get(planned.step.initiator)
        hook = described.acts.get(planned.step.transaction) if described else None
        if hook is not None:
            self._drive(play, planned, reference, system, hook, planned.step.initiator, over)
        if (hook is None or hook.operator is not None) and not over():
            self._waiting(play, planned, act)

    def feed(self, play: Play, planned: PlannedStep, reference: StepRef, over: Callable[[], str]) -> None:
        """Carry what our stand-in knows into the products that are asked in a step."""
        for leg in planned.legs:
            system = self._systems.get(leg.responder)
            if system is None or leg.state is not LegState.LIVE:
                continue
            described = system.actors.get(leg.leg.responder)
            hook = described.feeds.get(planned.step.transaction) if described else None
            if hook is not None:
                self._drive(play, planned, reference, system, hook, leg.leg.responder, over)

    def _drive(
        self,
        play: Play,
        planned: PlannedStep,
        reference: StepRef,
        system: System,
        hook: Hook,
        actor: ActorName,
        over: Callable[[], str],
    ) -> None:
        with tempfile.TemporaryDirectory(prefix="swf-hook-") as folder:
            written = self._write(play, planned, reference, actor, Path(folder))
            if hook.operator is None:
                self._run(play, planned, reference, system, hook, actor, Path(folder))
                return
            question = question_of(
                self._department,
                play,
                planned,
                system=system,
                hook=hook,
                actor=actor,
                seen=seen_by(self._department, self._so_far(play), planned, actor),
                folder=folder if written else "",
            )
            self._operators.ask(question, reference, over)

    def _write(self, play: Play, planned: PlannedStep, reference: StepRef, actor: ActorName, folder: Path) -> bool:
        """Have our stand-in write what it knows; whether it wrote anything."""
        stand_in = stand_in_of(self._department, play, actor)
        if stand_in is None or planned.step.transaction not in stand_in.feeds_for():
            return False
        stand_in.feed(action_of(play, planned, reference, stand_in), folder)
        return True

    def _run(
        self,
        play: Play,
        planned: PlannedStep,
        reference: StepRef,
        system: System,
        hook: Hook,
        actor: ActorName,
        folder: Path,
    ) -> None:
        facts = hook_facts(self._department, self._so_far(play), planned, actor, folder)
        result = run_hook(hook, facts, base=Path(system.path).parent)
        self._department.recorder.happened(
            EventKind.HOOK,
            result.reason or "done",
            step=reference,
            facts={"actor": actor, "ok": str(result.ok), "code": str(result.code), "output": result.output}
            | ({"asked": result.asked} if result.asked else {}),
        )
        if not result.ok:
            said = result.output.strip().rpartition("\n")[2]
            why = f"{result.reason}: {said}" if said else result.reason
            raise CannotAct(f"the hook of {system.name} for {planned.step.transaction} failed: {why}")


def stand_in_of(department: Department, play: Play, actor: ActorName) -> Actor | None:
    """Our actor, if it plays the part of the actor that the product does not offer."""
    assignment = department.assignment
    transactions = {
        step.transaction.id
        for step in play.steps
        for leg in step.legs
        if actor in (leg.leg.initiator, leg.leg.responder)
    }
    ours = any(assignment.player(actor, transaction) == HARNESS for transaction in transactions)
    return department.actor(actor) if ours and actor in assignment.ours else None


def action_of(play: Play, planned: PlannedStep, reference: StepRef, actor: Actor) -> Action:
    """What a step asks of one of our actors."""
    return Action(
        cause=reference,
        step=planned.step,
        form=play.form,
        bedside=bedside(play, planned),
        case=play.case if actor.originates else None,
    )


def bedside(play: Play, planned: PlannedStep) -> Bedside:
    """What a person beside the patient knows in this step."""
    patient = play.case.patients[planned.step.patient]
    prior = play.case.patients.get(planned.step.prior)
    return Bedside(
        name=patient.name,
        patient_id=patient.id,
        authority=patient.authority,
        service=planned.step.service or play.case.order.service,
        prior_id=prior.id if prior else "",
        prior_authority=prior.authority if prior else "",
    )
