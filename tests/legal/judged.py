"""What is held against a legal recording: the violated requirements that would fail a system.

Knows the judgement only; what is legal is for the modules that make the recordings.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from hypothesis import HealthCheck, settings

from harness import checks
from harness.engine.judging import judge
from harness.engine.unscripted import UnscriptedExchange, unscripted_play
from harness.model.run import JudgedFinding, Run
from harness.model.verdict import Confidence, Outcome, Strength
from harness.profiles import knowledge

checks.load()
KNOWLEDGE = knowledge()

EXAMPLES = int(os.environ.get("SWF_LEGAL_EXAMPLES", "2000"))
"""How many examples each family has; fewer are for a quick look while a strategy is being written."""

thoroughly = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
"""The same examples in every run; a slow machine is no fault of a strategy."""


def run_of(exchanges: Sequence[UnscriptedExchange], *, form: str) -> Run:
    """A recording, judged as a play of its own."""
    plan, transcript, read = unscripted_play(exchanges, KNOWLEDGE, form=form)
    return judge(plan, transcript, read, KNOWLEDGE)


def findings_of(run: Run) -> Iterator[JudgedFinding]:
    """Every finding of a run."""
    for play in run.plays:
        for step in play.steps:
            for leg in step.legs:
                yield from leg.findings


def held_against(exchanges: Sequence[UnscriptedExchange], *, form: str, actor: str = "") -> list[str]:
    """The failures of a recording, of one actor's where it is named."""
    return [_told(one) for one in findings_of(run_of(exchanges, form=form)) if _fails(one, actor)]


def _fails(one: JudgedFinding, actor: str) -> bool:
    requirement = one.requirement
    return (
        one.finding.outcome is Outcome.VIOLATED
        and requirement.strength is Strength.SHALL
        and requirement.citation.confidence is not Confidence.UNSURE
        and actor in ("", one.finding.actor)
    )


def _told(one: JudgedFinding) -> str:
    finding = one.finding
    return f"{finding.requirement} {finding.evidence}: expected {finding.expected}, received {finding.received}"
