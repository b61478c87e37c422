"""Changes that whoever shows something was never told: another player of its actor took the message, or nobody sent it.

A product that claims a part of an actor cannot show what only our stand-in for the other part knows, and our stand-in
not what only the product knows.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.expecting import shower
from harness.checks.recording import LegView, PlayView
from harness.model.names import HARNESS, ActorName, PlayerName, TransactionId
from harness.model.plan import LegState, PlannedLeg, PlannedStep
from harness.model.scenario import Step

_WRONG_ENTRY = "110514"
"""The wrong worklist entry was selected (PS3.16 CID 9300)."""
_ENDS = frozenset({"RAD-7", "RAD-21"})
_IDENTIFIES = frozenset({"RAD-4", "RAD-12", "RAD-13"})
"""They tell an archive whose an examination was: of a merge, or the order that was made for it."""
_CANCELS = frozenset({"CA", "OC", "DC", "OD"})


def untold(step: PlannedStep, shown: LegView, play: PlayView, *, surplus: bool) -> str:
    """Why what a step expects cannot be had of whoever shows it: what changed it went to another player of its actor.

    `surplus` says that more is shown than expected, so that the news that takes away is asked for. Empty when it was
    told.
    """
    ours = {player_of(shown), HARNESS} if shown.planned.fed else {player_of(shown)}
    for earlier, leg in _news(step, shower(shown), play, shown.step.transaction.id, surplus=surplus):
        if not ours & {leg.responder, leg.claimed_by}:
            return f"`{earlier.step.id}` told another player of the {shower(shown)}"
    return ""


def unsent(step: PlannedStep, shown: LegView, play: PlayView, *, surplus: bool) -> str:
    """Why nothing is known of what a step expects: what would have changed it was never sent. Empty when it was."""
    for earlier, leg in _news(step, shower(shown), play, shown.step.transaction.id, surplus=surplus):
        if leg.state is LegState.LIVE and not _came(earlier, play):
            return f"`{earlier.step.id}` would have told the {shower(shown)}, and was never sent"
    return ""


def never_told(step: PlannedStep, actor: ActorName, play: PlayView) -> str:
    """Why an actor can show nothing of the patient of a step: whoever of it is asked was not told who that is. Empty
    when everybody was."""
    legs = [leg for planned in play.play.steps for leg in planned.legs if leg.leg.responder == actor]
    asked = {leg.responder for leg in legs if leg.leg.initiator == step.step.initiator}
    players = asked or {
        leg.responder for leg in legs
    }  # it may be asked beside the steps, and nobody says which of them
    for earlier, leg in _news(step, actor, play, surplus=False):
        for player in sorted(players - {leg.responder, leg.claimed_by}):
            name = "our stand-in" if player == HARNESS else player
            return f"`{earlier.step.id}` told another player of the {actor}, and not {name}"
    return ""


def player_of(shown: LegView) -> PlayerName:
    """Who plays the actor that shows something."""
    return shown.planned.initiator if shower(shown) == shown.initiator else shown.planned.responder


def _news(
    step: PlannedStep, actor: ActorName, play: PlayView, asked: TransactionId | None = None, *, surplus: bool
) -> Iterator[tuple[PlannedStep, PlannedLeg]]:
    """The legs of earlier steps that tell the actor who shows something of a change; `asked` is how it shows it."""
    wanted = step.step.expect.patient or step.step.patient
    matched: set[str] = set()
    for earlier in play.play.steps:
        if earlier.step.id == step.step.id:
            return
        if earlier.step.prior and wanted in (earlier.step.patient, earlier.step.prior):
            matched.add(earlier.step.patient)
        identity = earlier.step.patient in matched and earlier.step.transaction in _IDENTIFIES
        if identity or (surplus and earlier.step.patient == wanted and _takes_away(earlier.step, asked)):
            yield from ((earlier, leg) for leg in earlier.legs if leg.leg.responder == actor)


def _takes_away(earlier: Step, asked: TransactionId | None) -> bool:
    """Whether a step takes an entry from the worklist, or hides the images of a wrong entry."""
    if earlier.illegal:
        return False
    if asked == "RAD-5":
        return earlier.transaction in _ENDS or earlier.control in _CANCELS
    return earlier.transaction in _ENDS and _WRONG_ENTRY in earlier.status


def _came(earlier: PlannedStep, play: PlayView) -> bool:
    return any(view.exchanges for view in play.legs if view.step.step.id == earlier.step.id)
