"""Requests against their tables, HL7 fields and DICOM attributes alike.

A system under test answers for whatever it sends. Our own actors do not answer for a value that they were given:
that is charged where it began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from harness.checks import attribute_tables, hl7_table
from harness.checks.copies import Copies
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.checks.registry import Scope, play_check
from harness.model.finding import Finding
from harness.model.names import HARNESS, ActorName
from harness.model.plan import LegState
from harness.model.verdict import Outcome


@play_check(hl7_table.CHECK, scope=Scope.MESSAGE)
def fields(play: PlayView) -> Iterator[Finding]:
    """The messages of every leg that names the check."""
    yield from _judged(play, hl7_table.CHECK, hl7_table.check)


@play_check(attribute_tables.REQUEST, scope=Scope.MESSAGE)
def attributes(play: PlayView) -> Iterator[Finding]:
    """The data sets of the requests of every leg that names the check."""

    def judge(view: LegView) -> Iterator[Finding]:
        return attribute_tables.check_requests(view, _of_other_steps(play, view))

    yield from _judged(play, attribute_tables.REQUEST, judge)


def _of_other_steps(play: PlayView, view: LegView) -> tuple[ExchangeView, ...]:
    """The exchanges of the same leg in the other steps of its transaction: a step may be changed several times."""
    others = play.of(view.step.transaction.id, view.planned.leg.id)
    return tuple(exchange for other in others if other.step is not view.step for exchange in other.exchanges)


def _judged(play: PlayView, name: str, judge: Callable[[LegView], Iterator[Finding]]) -> Iterator[Finding]:
    copies = Copies(play)
    for view in play.legs:
        if name in view.planned.leg.checks and view.planned.state in (LegState.LIVE, LegState.NOT_OFFERED):
            for finding in judge(view):
                yield finding if finding.outcome is Outcome.MET else _charged(copies, view, finding)


def _charged(copies: Copies, view: LegView, finding: Finding) -> Finding:
    """The finding, or none against our actor when it only passed on what it was given."""
    if finding.outcome is not Outcome.VIOLATED or finding.evidence is None or _player(view, finding.actor) != HARNESS:
        return finding
    source = copies.source_of(view, finding.actor, finding.evidence)
    if source is None:
        return finding
    return replace(finding, outcome=Outcome.NOT_APPLICABLE, origin=f"as given in {source}", given=source.evidence)


def _player(view: LegView, actor: ActorName) -> str:
    return view.planned.initiator if actor == view.initiator else view.planned.responder
