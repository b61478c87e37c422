"""Why a leg or a step has the verdict that it has, where no finding says so."""

from __future__ import annotations

from collections.abc import Sequence

from harness.checks.recording import LegView
from harness.model.plan import PlannedLeg
from harness.model.run import JudgedFinding, LegResult
from harness.model.verdict import Outcome, Verdict, worst


def unshown(view: LegView) -> str:
    """What of a claim is not shown: messages were of another HL7 version, as the system file says of the link."""
    messages = (exchange.request_message for exchange in view.exchanges)
    other = any(message is not None and message.version != view.play.form for message in messages)
    return view.planned.unshown if other else ""


def why_not_due(leg: PlannedLeg, judged: Sequence[JudgedFinding]) -> str:
    """Why nobody is charged with a leg that nothing crossed; empty when somebody is."""
    if not judged:
        return "did not follow" if leg.leg.reaction else "optional, and not seen"
    not_due = (one.finding.received for one in judged if one.finding.outcome is Outcome.NOT_APPLICABLE)
    return next(not_due, "")


def first_reason(legs: Sequence[LegResult]) -> str:
    """The reason of the gravest leg that has one; a leg that was not judged explains only a step that was not."""
    gravest = sorted(legs, key=lambda leg: -leg.verdict.rank)
    silent = worst(leg.verdict for leg in legs) is not Verdict.NONE
    return next((leg.reason for leg in gravest if leg.reason and not (silent and leg.verdict is Verdict.NONE)), "")
