"""Whose a violation is, and when a violation by one of our own actors may be a system's doing.

A simulated actor works with what it was given. After a system broke a rule in the same play, or where a system asked
the question, what our actor then does wrong cannot be told from the recording to be our fault: it is INCONCLUSIVE,
and stays visible. In a play that no system disturbed it is an ERROR.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.checks.recording import LegView, PlayView
from harness.model.finding import Finding
from harness.model.names import HARNESS, ActorName, LegId, PlayerName, StepId
from harness.model.verdict import Confidence, Outcome, Strength
from harness.profiles import Knowledge

_ASKED = "expectations"
_SENT = "delivery"


class Blame:
    """The faults of the systems in one play."""

    def __init__(
        self, view: PlayView, findings: Mapping[tuple[StepId, LegId], Iterable[Finding]], knowledge: Knowledge
    ) -> None:
        self._knowledge = knowledge
        self._order = {planned.step.id: place for place, planned in enumerate(view.play.steps)}
        self._first = min(
            (
                self._order[leg.step.step.id]
                for leg in view.legs
                for finding in findings.get((leg.step.step.id, leg.planned.leg.id), ())
                if self._is_fault_of_system(leg, finding)
            ),
            default=len(self._order),
        )

    def may_explain(self, view: LegView, finding: Finding) -> bool:
        """Whether a system's doing may be behind a violation by one of our actors."""
        if self._order[view.step.step.id] >= self._first:
            return True
        if finding.check == _ASKED:
            return view.planned.initiator != HARNESS
        triggers = [leg.initiator for leg in view.step.legs if not leg.leg.reaction]
        return finding.check == _SENT and view.planned.leg.reaction and any(one != HARNESS for one in triggers)

    def _is_fault_of_system(self, view: LegView, finding: Finding) -> bool:
        if finding.outcome is not Outcome.VIOLATED or player_of(view, finding.actor) == HARNESS:
            return False
        requirement = self._knowledge.requirement(finding.requirement)
        sure = requirement.citation.confidence is not Confidence.UNSURE
        return sure and requirement.strength is Strength.SHALL


def player_of(view: LegView, actor: ActorName) -> PlayerName:
    """Who plays the charged actor in a leg's step."""
    if actor == view.initiator:
        return view.planned.initiator
    if actor == view.responder:
        return view.planned.responder
    for leg in view.step.legs:
        if actor == leg.leg.initiator:
            return leg.initiator
        if actor == leg.leg.responder:
            return leg.responder
    return HARNESS
