"""Operator steps: a person is asked to do something with a product, and the answer is kept as evidence.

How the question reaches the person (a terminal, a file, a page) is the desk's affair; when it is put, how long an
answer is awaited, and what follows from it, is decided here. Nothing is judged.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import Protocol

from harness.engine.department import Department
from harness.engine.recording import TranscriptRecorder
from harness.errors import CannotAct, InputError
from harness.model.names import HARNESS, ActorName, PlayerName
from harness.model.plan import LegState, Plan, PlannedStep, Play, StepRef
from harness.model.question import BY, QUESTION, SAID, Question, Reply, Said, reason
from harness.model.system import Hook, Party, System
from harness.model.transcript import EventKind


class Desk(Protocol):
    """How a person is asked. Thread-safe; it never waits."""

    def open(self, wake: Callable[[], None]) -> None:
        """Begin; `wake` is to be called when there may be an answer."""

    def put(self, question: Question) -> None:
        """Show a question."""

    def answer(self, question: Question) -> Reply | None:
        """What was answered to a question that was put; None as long as nothing was."""

    def withdraw(self, question: Question, why: str) -> None:
        """The question is no longer asked."""

    def close(self) -> None:
        """End; questions that are open stay unanswered."""


class Skipped(CannotAct):
    """The person wants the step to be left out."""


class Operators:
    """Asks the persons of a run. `name` is who answers, where the answer itself does not say so."""

    def __init__(self, desk: Desk | None, recorder: TranscriptRecorder, *, name: str = "", asked: int = 0) -> None:
        self._desk = desk
        self._recorder = recorder
        self._name = name
        self._numbers = count(asked + 1)
        self._lock = threading.Lock()
        if desk is not None:
            desk.open(recorder.touch)

    def close(self) -> None:
        """Ask nothing more."""
        if self._desk is not None:
            self._desk.close()

    def ask(self, question: Question, step: StepRef, over: Callable[[], str]) -> None:
        """Have a person do something, and wait for the answer.

        `over` says why no answer is needed any more, or nothing. Returns when it is done; CannotAct when the person
        cannot, gave no answer in time, or nobody is there; Skipped when the step is to be left out.
        """
        if over():
            self._spared(question, step, over())
            return
        if self._desk is None:
            raise CannotAct("a person has to act, and nobody can be asked (--operator)")
        with self._lock:
            question = replace(question, number=next(self._numbers))
            self._recorder.happened(EventKind.ASKED, question.instruction, step=step, facts=_facts(question))
            self._desk.put(question)
        reply, why = self._await(self._desk, question, over)
        if reply is None:
            self._desk.withdraw(question, why or "no answer in time")
            if not why:
                raise CannotAct(f"the operator gave no answer within {question.patience:g} s")
            self._spared(question, step, why)
            return
        self._take(question, step, replace(reply, by=reply.by or self._name))

    def _await(self, desk: Desk, question: Question, over: Callable[[], str]) -> tuple[Reply | None, str]:
        """The answer, or why none is needed."""
        found: list[Reply] = []
        spared: list[str] = []

        def settled() -> bool:
            reply = desk.answer(question)
            why = "" if reply is not None else over()
            found.extend([reply] if reply is not None else [])
            spared.extend([why] if why else [])
            return bool(found or spared)

        self._recorder.wait(settled, question.patience)
        return (found[0] if found else None), (spared[0] if spared else "")

    def _take(self, question: Question, step: StepRef, reply: Reply) -> None:
        facts = {SAID: reply.said.value, BY: reply.by, QUESTION: str(question.number)}
        self._recorder.happened(EventKind.ANSWERED, reply.comment, step=step, facts=facts)
        if reply.said is Said.CANNOT:
            raise CannotAct(reason(reply.said, reply.comment))
        if reply.said is Said.SKIP:
            raise Skipped(reason(reply.said, reply.comment))

    def _spared(self, question: Question, step: StepRef, why: str) -> None:
        facts = {QUESTION: str(question.number)} if question.number else {}
        self._recorder.happened(EventKind.NOT_NEEDED, why, step=step, facts=facts)


def _facts(question: Question) -> dict[str, str]:
    """The question as an event keeps it."""
    return {
        QUESTION: str(question.number),
        "system": question.system,
        "actor": question.actor,
        "patient": question.patient_name,
        "patient id": question.patient_id,
        "service": question.service,
        "seconds after done": f"{question.act:g}",
        **{f"to {party.actor}": text for party in question.peers if (text := address_words(party))},
        **{f"seen {name}": value for name, value in question.seen.items()},
    }


def address_words(party: Party) -> str:
    """The addresses of an actor in words: `DICOM SWF_PACS at 127.0.0.1:11403`; empty when it has none."""
    words = []
    if party.dimse is not None and party.dimse.port:
        words.append(f"DICOM {party.dimse.ae_title} at {party.dimse.host}:{party.dimse.port}")
    if party.hl7 is not None and party.hl7.port:
        words.append(f"HL7 {party.hl7.application}|{party.hl7.facility} at {party.hl7.host}:{party.hl7.port}")
    return ", ".join(words)


def question_of(
    department: Department,
    play: Play,
    planned: PlannedStep,
    *,
    system: System,
    hook: Hook,
    actor: ActorName,
    seen: Mapping[str, str],
    folder: str = "",
) -> Question:
    """What a person is told in a step: what one beside the patient knows, and where the product talks to."""
    patient = play.case.patients[planned.step.patient]
    name = patient.name
    return Question(
        number=0,
        play=play.id,
        step=planned.step.id,
        transaction=planned.transaction.id,
        title=planned.transaction.title,
        system=system.name,
        actor=actor,
        feeds=actor != planned.step.initiator,
        text=hook.operator or "",
        patient_name="^".join((name.family, name.given, name.middle)).rstrip("^"),
        patient_id=patient.id,
        service=planned.step.service or play.case.order.service,
        peers=tuple(_peers(department, planned, actor)),
        seen=seen,
        act=department.assignment.times.of(planned.transaction.id).act,
        patience=hook.seconds,
        folder=folder,
    )


def _peers(department: Department, planned: PlannedStep, actor: ActorName) -> Iterator[Party]:
    """Our actors that the product talks to, or that talk to it, in the step."""
    ends = [
        end
        for leg in planned.legs
        if actor in (leg.leg.initiator, leg.leg.responder) and leg.state is LegState.LIVE
        for end in (leg.leg.initiator, leg.leg.responder)
        if end != actor
    ]
    assignment = department.assignment
    for end in dict.fromkeys(ends):
        if assignment.player(end, planned.transaction.id) == HARNESS and end in assignment.ours:
            yield assignment.ours[end].at(planned.transaction.id)


def operator_steps(plan: Plan) -> tuple[StepRef, ...]:
    """The steps in which a person is asked to do something."""
    systems = {system.name: system for system in plan.systems}
    return tuple(
        StepRef(play.id, planned.step.id)
        for assignment in plan.assignments
        for play in assignment.plays
        for planned in play.steps
        if _is_operated(planned, systems)
    )


def _is_operated(planned: PlannedStep, systems: Mapping[PlayerName, System]) -> bool:
    live = [leg for leg in planned.legs if leg.state is not LegState.NOT_APPLICABLE]
    acting = systems.get(planned.initiator)
    acts = acting.actors.get(planned.step.initiator) if acting is not None and live else None
    if acts is not None and _by_hand(acts.acts.get(planned.step.transaction)):
        return True
    for leg in live:
        system = systems.get(leg.responder)
        fed = system.actors.get(leg.leg.responder) if system is not None and leg.state is LegState.LIVE else None
        if fed is not None and _by_hand(fed.feeds.get(planned.step.transaction)):
            return True
    return False


def _by_hand(hook: Hook | None) -> bool:
    return hook is not None and hook.operator is not None


def must_be_asked(plan: Plan, can_be: bool) -> None:
    """InputError when the plan has operator steps and nobody can be asked."""
    steps = operator_steps(plan)
    if steps and not can_be:
        raise InputError(
            f"a person is needed in {len(steps)} step{'' if len(steps) == 1 else 's'} of this run, the first "
            f"{steps[0]}, and "
            "nobody can be asked: say how, with --operator (pytest: --swf-operator) files or http"
        )
