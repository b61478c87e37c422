"""Base recordings: faultless plays in which one thing is changed at a time.

Owns where they come from (the evidence of a run, the shipped specimens) and what keeps a recording from being one.
Every actor counts as played by one system, so that nothing is excused.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from harness.checks.recording import ExchangeView, LegView, PlayView, ReadPayload
from harness.engine.judging import judge
from harness.engine.placing import PlacedRecording
from harness.engine.storage import Evidence
from harness.engine.unscripted import PLAYER, unscripted_play
from harness.model.names import StepId
from harness.model.plan import LegState, Plan, PlannedLeg, PlannedStep
from harness.model.run import PlayResult
from harness.model.transcript import Capture, Event, Exchange, Transcript
from harness.model.verdict import Confidence, Outcome, Strength, Verdict
from harness.profiles import Knowledge
from harness.selftest.specimens import Specimen

GAP = 100
"""Sequence numbers between two records, so that something can be put between them."""


@dataclass(frozen=True, kw_only=True)
class BaseRecording:
    """One faultless play as the checks see it."""

    name: str
    view: PlayView


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A recording that is no base, and what speaks against it."""

    name: str
    reasons: tuple[str, ...]


def of_run(out: Path, knowledge: Knowledge) -> tuple[tuple[BaseRecording, ...], tuple[Refused, ...]]:
    """The plays of a run's evidence."""
    evidence = Evidence(out)
    return _bases(evidence.plan(), evidence.transcript(), evidence.read, knowledge)


def of_specimens(
    specimens: Iterable[Specimen], knowledge: Knowledge
) -> tuple[tuple[BaseRecording, ...], tuple[Refused, ...]]:
    """The specimens, each a play of its own."""
    bases: list[BaseRecording] = []
    refused: list[Refused] = []
    for specimen in specimens:
        plan, transcript, read = unscripted_play(specimen.exchanges, knowledge, form=specimen.form)
        good, bad = _bases(plan, transcript, read, knowledge, name=specimen.id)
        bases += good
        refused += bad
    return tuple(bases), tuple(refused)


def _bases(
    plan: Plan, transcript: Transcript, read: ReadPayload, knowledge: Knowledge, *, name: str = ""
) -> tuple[tuple[BaseRecording, ...], tuple[Refused, ...]]:
    run = judge(plan, transcript, read, knowledge)
    illegal = {
        play.id: frozenset(planned.step.id for planned in play.steps if planned.step.illegal)
        for assignment in plan.assignments
        for play in assignment.plays
    }
    faults = {result.play: tuple(dict.fromkeys(_faults(result, illegal[result.play]))) for result in run.plays}
    recording = PlacedRecording(plan, transcript, read, knowledge)
    bases: list[BaseRecording] = []
    refused: list[Refused] = []
    for assignment in plan.assignments:
        for play in assignment.plays:
            called = name or play.id
            if faults[play.id]:
                refused.append(Refused(name=called, reasons=faults[play.id]))
            else:
                bases.append(BaseRecording(name=called, view=_by_one_system(recording.view(assignment, play))))
    return tuple(bases), tuple(refused)


def _faults(result: PlayResult, illegal: Container[StepId]) -> Iterator[str]:
    """What a play shows that a faultless one does not; a request of an illegal step is meant to be at fault."""
    placed = [(step.step, leg, finding) for step in result.steps for leg in step.legs for finding in leg.findings]
    found = [judged for _, _, judged in placed]
    for step, leg, judged in placed:
        requirement = judged.requirement
        grave = requirement.strength is Strength.SHALL and requirement.citation.confidence is not Confidence.UNSURE
        meant = judged.declared or (step in illegal and judged.finding.actor == leg.initiator)
        if judged.finding.outcome is Outcome.VIOLATED and grave and not meant:
            finding = judged.finding
            yield f"{requirement.id}: expected {finding.expected}, received {finding.received}"
    if result.interrupted:
        yield "it was interrupted"
    if result.verdict is Verdict.ERROR and not found:
        yield result.reason or "an error of the harness"


def _by_one_system(view: PlayView) -> PlayView:
    """The play with every actor played by one system that was heard, and room between the records."""
    steps = {planned.step.id: _step(planned) for planned in view.play.steps}
    play = replace(view.play, steps=tuple(steps.values()))
    legs = []
    for leg in view.legs:
        step = steps[leg.step.step.id]
        planned = next(one for one in step.legs if one.leg.id == leg.planned.leg.id)
        exchanges = tuple(_spread(exchange) for exchange in leg.exchanges)
        legs.append(LegView(play, step, planned, exchanges, leg.knowledge))
    actors = {actor for leg in legs for actor in (leg.initiator, leg.responder)}
    events = tuple(_later(event) for event in view.events)
    return replace(view, play=play, legs=tuple(legs), events=events, proven=frozenset(actors))


def _step(planned: PlannedStep) -> PlannedStep:
    return replace(planned, legs=tuple(_leg(leg) for leg in planned.legs), initiator=PLAYER)


def _leg(planned: PlannedLeg) -> PlannedLeg:
    live = planned.state is LegState.LIVE
    return replace(planned, initiator=PLAYER, responder=PLAYER) if live else planned


def _spread(view: ExchangeView) -> ExchangeView:
    exchange = view.exchange
    return ExchangeView(
        Exchange(
            id=exchange.id,
            link=exchange.link,
            request=_moved(exchange.request),
            responses=tuple(_moved(one) for one in exchange.responses),
        ),
        view.read,
    )


def _moved(capture: Capture) -> Capture:
    return replace(capture, seq=capture.seq * GAP)


def _later(event: Event) -> Event:
    return replace(event, seq=event.seq * GAP)
