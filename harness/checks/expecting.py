"""What a step says about its own answer, for checks that leave such answers to the expectations."""

from __future__ import annotations

from harness.checks.recording import LegView
from harness.model.deviation import Part
from harness.model.plan import PlannedLeg, PlannedStep
from harness.model.scenario import Answer


def may_be_refused(view: LegView) -> bool:
    """Whether a refusal on this leg is for the expectations to judge: expected, or provoked by a deviation."""
    expect = view.step.step.expect
    if expect.answer is Answer.ACCEPTED:
        return False
    return (
        view.step.step.illegal
        or expect.answer is Answer.REFUSED
        or expect.status is not None
        or deviates(view.step, view.planned)
    )


def deviates(step: PlannedStep, leg: PlannedLeg) -> bool:
    """Whether the step declares a deviation of the request that this leg carries."""
    deviation = step.step.deviation
    return (
        deviation is not None
        and deviation.part is Part.REQUEST
        and deviation.transaction in (None, step.transaction.id)
        and deviation.leg in (None, leg.leg.id)
    )
