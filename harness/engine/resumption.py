"""Going on with a run that was ended before its end, from its own evidence.

Plays that came to their end keep their results. The play that was interrupted goes on at its step where the state of
our actors can be rebuilt from the record; else it begins anew, with patients of its own, and the record of the first
attempt is kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from harness.engine.acting import act_again
from harness.engine.asking import Desk
from harness.engine.department import Department
from harness.engine.rebuilding import Recorded, recorded_play
from harness.engine.runs import Before, RunProgress, RunSession, Setting
from harness.engine.storage import Evidence, EvidenceWriter
from harness.errors import CannotRebuild, InputError
from harness.identifiers import Identifiers
from harness.model.names import PlayerName, PlayId
from harness.model.plan import Assignment, Plan, Play
from harness.model.scenario import Case
from harness.model.system import Hook, System
from harness.model.transcript import Capture, Event, EventKind, Link, Transcript

_DRAWN = re.compile(r"[PV]\d{8}")
"""A patient or visit number that the plan drew."""


def hooks_of(plan: Plan) -> tuple[str, ...]:
    """The systems of a plan that are driven by a program or a request, which no evidence may bring along."""
    return tuple(
        system.name
        for system in plan.systems
        if system.launch is None and any(hook.operator is None for hook in _hooks(system))
    )


def _hooks(system: System) -> Iterable[Hook]:
    for actor in system.actors.values():
        yield from actor.acts.values()
        yield from actor.feeds.values()


def read_before(out: Path) -> tuple[Plan, Before, int]:
    """Reopen the evidence of a run that did not come to its end: its plan, what there is, and the bytes of a record
    that was cut off. InputError when there is nothing to go on with."""
    evidence = Evidence(out)
    altered = evidence.altered()
    if altered:
        raise InputError(f"evidence/{altered[0]} was altered since the run was sealed; such a run does not go on")
    plan = evidence.plan()
    done = done_plays(evidence.transcript())
    if done >= {play.id for assignment in plan.assignments for play in assignment.plays}:
        raise InputError(f"the run in {out} came to its end; `swf judge {out}` judges it again")
    writer = EvidenceWriter(out, resumed=True)
    transcript = evidence.transcript()
    records: tuple[Link | Capture | Event, ...] = (*transcript.links, *transcript.captures, *transcript.events)
    asked = sum(event.kind is EventKind.ASKED for event in transcript.events)
    last = max((record.time for record in records), default=0.0)
    return plan, Before(writer=writer, transcript=transcript, last=last, done=done, asked=asked), writer.cut


def done_plays(transcript: Transcript) -> frozenset[PlayId]:
    """The plays that came to their end."""
    found: set[PlayId] = set()
    for event in transcript.events:
        if event.play is not None and event.kind is EventKind.PLAY_SEALED:
            found.add(event.play)
        elif event.play is not None and event.kind is EventKind.PLAY_STARTED:
            found.discard(event.play)
    return frozenset(found)


def begun_plays(transcript: Transcript, done: frozenset[PlayId]) -> tuple[PlayId, ...]:
    """The plays that were under way, in the order of their beginning."""
    under_way: dict[PlayId, None] = {}
    for event in transcript.events:
        if event.play is not None and event.kind is EventKind.PLAY_STARTED:
            under_way[event.play] = None
        elif event.play is not None and event.kind is EventKind.PLAY_ABANDONED:
            under_way.pop(event.play, None)
    return tuple(play for play in under_way if play not in done)


def with_addresses(plan: Plan, systems: Sequence[System]) -> Plan:
    """The plan with these systems in the place of those of the same names: with their hooks, and where they listen."""
    by_name: Mapping[PlayerName, System] = {system.name: system for system in systems}
    return replace(
        plan,
        systems=tuple(by_name.get(system.name, system) for system in plan.systems),
        assignments=tuple(_moved(assignment, by_name) for assignment in plan.assignments),
    )


def _moved(assignment: Assignment, systems: Mapping[PlayerName, System]) -> Assignment:
    theirs = []
    for party in assignment.theirs:
        system = systems.get(party.player)
        described = system.actors.get(party.actor) if system is not None else None
        if described is not None:
            party = replace(party, dimse=described.dimse, hl7=described.hl7)
        theirs.append(party)
    return replace(assignment, theirs=tuple(theirs))


class ResumedSession(RunSession):
    """The rest of a run."""

    def __init__(
        self,
        setting: Setting,
        plan: Plan,
        out: Path,
        progress: RunProgress,
        desk: Desk | None,
        operator: str,
        before: Before,
    ) -> None:
        super().__init__(setting, plan, out, progress, desk, operator, before)
        self._before = before
        self._rebuilt: dict[PlayId, Recorded] = {}
        self._attempts.update(Counter(self._abandoned(before.transcript)))
        self.told: list[str] = []
        self.heard: Callable[[str], None] = self.told.append

    @staticmethod
    def _abandoned(transcript: Transcript) -> Iterable[PlayId]:
        return (event.play for event in transcript.events if event.kind is EventKind.PLAY_ABANDONED and event.play)

    def begin(self, cut: int) -> None:
        """Record that the run goes on, and decide of each play that was under way how."""
        transcript = self._before.transcript
        for link in open_links(transcript):
            self._recorder.happened(EventKind.LINK_CLOSED, "the run had been ended", link=link.id)
        facts = {"plays done": str(len(self._before.done)), "bytes cut off": str(cut)}
        self._recorder.happened(EventKind.RESUMED, "the run goes on", facts=facts)
        if cut:
            self.heard(f"the last record was not written to its end: {cut} bytes of it are left out")
        begun = begun_plays(transcript, self._before.done)
        for play in begun:
            try:
                if len(begun) > 1:
                    raise CannotRebuild("several plays were under way at the same time")
                if self._setting.launched:
                    raise CannotRebuild("the system that the harness had started is gone, with what it knew")
                self._rebuilt[play] = recorded_play(self._play_of(play), transcript, self.read)
            except CannotRebuild as why:
                self._begin_anew(play, str(why))

    def _play_of(self, play_id: PlayId) -> Play:
        plays = (play for assignment in self._plan.assignments for play in assignment.plays)
        return next(play for play in plays if play.id == play_id)

    def _open_department(self, assignment_id: str) -> Department:
        """Open the department, with what its actors knew."""
        assignment = next(one for one in self._plan.assignments if one.id == assignment_id)
        for play in assignment.plays:
            recorded = self._rebuilt.pop(play.id, None)
            if recorded is None:
                continue
            department = self._department(assignment_id)
            try:
                with ExitStack() as stack:
                    act_again(department, recorded)
                    stack.enter_context(department)
                    self._open.push(stack.pop_all())
            except CannotRebuild as why:
                department.discard()
                self._begin_anew(play.id, str(why))
            else:
                self.heard(f"{play.id} goes on at its step {recorded.next_step}")
                self._going_on[play.id] = recorded.next_step
                return department
        return super()._open_department(assignment_id)

    def _begin_anew(self, play_id: PlayId, why: str) -> None:
        """Give up an attempt: the play begins again with patients whom nobody knows yet."""
        number = self._attempts[play_id] = self._attempts.get(play_id, 0) + 1
        self._recorder.happened(EventKind.PLAY_ABANDONED, why, play=play_id, facts={"attempt": str(number + 1)})
        self.heard(f"{play_id} cannot go on at its step ({why}): it begins anew, attempt {number + 1}")
        drawn = Identifiers(self._plan.seed, f"plan attempt {number + 1}").stream(play_id)
        self._plan = replace(
            self._plan,
            assignments=tuple(
                replace(
                    assignment,
                    plays=tuple(
                        replace(play, case=_identified_anew(play.case, drawn)) if play.id == play_id else play
                        for play in assignment.plays
                    ),
                )
                for assignment in self._plan.assignments
            ),
        )
        self._writer.plan(self._plan)


def _identified_anew(case: Case, drawn: Identifiers) -> Case:
    """The case with other numbers where the plan had drawn them; who had the same number has the same again."""
    numbers: dict[str, str] = {}

    def anew(number: str) -> str:
        if not _DRAWN.fullmatch(number):
            return number
        if number not in numbers:
            numbers[number] = drawn.number(number[0], 8)
        return numbers[number]

    return replace(
        case,
        patients={key: replace(patient, id=anew(patient.id)) for key, patient in case.patients.items()},
        visit=replace(case.visit, number=anew(case.visit.number)),
        visits={name: replace(visit, number=anew(visit.number)) for name, visit in case.visits.items()},
    )


def open_links(transcript: Transcript) -> tuple[Link, ...]:
    """The links whose end is not recorded."""
    closed = {event.link for event in transcript.events if event.kind in (EventKind.LINK_CLOSED, EventKind.LINK_LOST)}
    return tuple(link for link in transcript.links if link.id not in closed)
