"""Commitment reports that were turned away, and come again (RAD TF-2: 4.10)."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.recording import LegView, PlayView
from harness.checks.registry import Scope, play_check
from harness.model.finding import Finding
from harness.model.scenario import ReportLink
from harness.model.transcript import Event, EventKind
from harness.model.verdict import Outcome

CHECK = "storage.repeated"
RULE = "storage/report-repeated"


@play_check(CHECK, rules=(RULE,), scope=Scope.PLAY)
def check(play: PlayView) -> Iterator[Finding]:
    """Each step in which our modality was away: an association for the report was rejected, and another one came."""
    if play.interrupted:
        return
    for view in play.of("RAD-10", "report"):
        if view.step.step.report_on is not ReportLink.AWAY:
            continue
        turned_away = _turned_away(play, view)
        if turned_away is None:
            continue
        later = [one for one in view.exchanges if one.exchange.request.seq > turned_away.seq]
        yield from play.ruled(
            RULE,
            view,
            Outcome.MET if later else Outcome.VIOLATED,
            view.initiator,
            later[0].evidence() if later else None,
            expected="the report again",
            received="" if later else "nothing after the association was turned away",
        )


def _turned_away(play: PlayView, view: LegView) -> Event | None:
    """The rejection of the archive's association by our modality; one after the step's report is another's."""
    own = [event.seq for event in play.events_of(view.step.step.id)]
    reported = min((one.exchange.request.seq for one in view.exchanges), default=max(own, default=0))
    rejected = (
        event
        for event in play.events
        if event.kind is EventKind.REJECTED and (event.actor, event.peer_actor) == (view.responder, view.initiator)
    )
    return next((event for event in rejected if own and min(own) < event.seq < reported), None)
