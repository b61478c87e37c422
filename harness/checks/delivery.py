"""Delivery: every required leg crossed the wire, or who kept it from doing so.

"Never came" is a violation only where the initiator had its chance: its link was proven in this run and its time is up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.checks.registry import play_check
from harness.checks.untold import never_told
from harness.dicom.statuses import is_success, is_warning
from harness.model.deviation import TLS_CHANGES
from harness.model.finding import Finding
from harness.model.names import HARNESS, ActorName, CheckName, LegId, StepId
from harness.model.plan import LegState
from harness.model.question import skipped
from harness.model.scenario import ReportLink
from harness.model.tls import TlsTrouble
from harness.model.transcript import Event, EventKind
from harness.model.verdict import Outcome

CHECK = CheckName("delivery")

_ROW_OF_EVENT = {
    EventKind.CONTEXT_REFUSED: "context-accepted",
    EventKind.UNREACHABLE: "reachable",
    EventKind.REJECTED: "reachable",
    EventKind.TLS_FAILED: "reachable",
    EventKind.LINK_LOST: "link-kept",
}
_OF_TLS = frozenset(change.value for change in TLS_CHANGES)
"""Misuses that `tls` judges."""


@play_check(CHECK)
def delivery(play: PlayView) -> Iterator[Finding]:
    """One finding for each required leg that crosses a link of ours."""
    for view in play.legs:
        if view.planned.state not in (LegState.LIVE, LegState.NOT_OFFERED):
            continue
        if _may_be_broken_off(view) and not view.exchanges:
            continue
        yield from _misused(play, view)
        if view.exchanges:
            evidence = view.exchanges[0].evidence()
            yield view.finding("delivery", view.requirement("delivered"), Outcome.MET, view.initiator, evidence)
        elif view.planned.leg.required:
            yield from _missing(play, view)


def _may_be_broken_off(view: LegView) -> bool:
    """Whether our listener shows a certificate or version that nobody should send anything to: `tls` judges that."""
    deviation = view.step.step.deviation
    transaction, leg = view.step.transaction.id, view.planned.leg.id
    shows = deviation is not None and deviation.of_listener
    return deviation is not None and shows and deviation.secures(transaction, leg, view.initiator, view.responder)


def _misused(play: PlayView, view: LegView) -> Iterator[Finding]:
    """How the responder took a link that was misused on purpose: the standards leave that open, so that it is told and
    not judged. That it goes on to answer is judged as ever."""
    for event in play.events_of(view.step.step.id):
        ends = (event.actor, event.peer_actor) == (view.initiator, view.responder)
        misused = event.kind is EventKind.MISUSED and event.facts.get("misuse") not in _OF_TLS
        if misused and ends and view.planned.leg.required:
            yield view.finding(
                "delivery",
                view.requirement("reachable"),
                Outcome.NOT_APPLICABLE,
                view.responder,
                None,
                expected="whatever keeps the responder at work; the standards leave open what",
                received=event.text,
            )


def left_out(play: PlayView) -> Mapping[StepId, str]:
    """The steps that the operator wanted left out, each with the reason."""
    return skipped(play.events)


def without_left_out(
    play: PlayView, placed: Mapping[tuple[StepId, LegId], list[Finding]]
) -> Mapping[tuple[StepId, LegId], list[Finding]]:
    """Of a leg that did not come because the operator left its step out, only that is said."""
    left = play.once(left_out)
    silent = {(leg.step.step.id, leg.planned.leg.id) for leg in play.legs if not leg.exchanges}
    return {
        place: [one for one in found if one.check == CHECK] if place[0] in left and place in silent else found
        for place, found in placed.items()
    }


def took_effect(view: ExchangeView) -> bool:
    """Whether the responder accepted the request, so that reactions must follow."""
    if view.answer_message is not None:
        return view.answer_message.first("MSA-1") in {"AA", "CA"}
    status = view.status
    return status is not None and (is_success(status) or is_warning(status))


def _missing(play: PlayView, view: LegView) -> Iterator[Finding]:
    if view.planned.leg.reaction and not _trigger_took_effect(play, view):
        return
    left = play.once(left_out).get(view.step.step.id)
    if left is not None:
        yield _undelivered(view, Outcome.NOT_APPLICABLE, left)
        return
    events = list(play.events_of(view.step.step.id))
    own = events + _of_reaction(play, view)
    for event in own:
        row = _ROW_OF_EVENT.get(event.kind)
        if row is not None and event.peer_actor in (None, view.responder) and event.actor == view.initiator:
            yield _kept_from(play, view, event, row)
            return
    cannot = next((event for event in own if event.kind is EventKind.CANNOT_ACT), None)
    waited = _waited(events, view)
    if cannot is not None:
        actor = ActorName(cannot.facts.get("shown_by", ""))
        why = never_told(view.step, actor, play) if actor else ""
        text = f"{cannot.text}: {why}" if why else cannot.text
        yield _undelivered(view, Outcome.NOT_APPLICABLE if why else Outcome.UNDECIDED, text)
    elif not waited and (not events or _interrupted(play)):
        yield _undelivered(view, Outcome.UNDECIDED, "the run was interrupted")
    elif view.planned.initiator == HARNESS:
        yield _undelivered(view, Outcome.VIOLATED, "nothing was sent")
    elif not waited:
        yield _undelivered(view, Outcome.UNDECIDED, "nothing, and its time was not up")
    elif _turned_away(play, view):
        yield _undelivered(view, Outcome.NOT_APPLICABLE, "nothing after the association was turned away")
    elif unsecured := _unsecured(play, view, events):
        yield _undelivered(view, Outcome.UNDECIDED, f"{waited}; meanwhile a connection to us failed: {unsecured}")
    elif _proven(play, view.initiator):
        yield _undelivered(view, Outcome.VIOLATED, f"{waited}{_instead(play, view)}", _meant(view))
    else:
        yield _undelivered(view, Outcome.UNDECIDED, f"{waited}; its link was never proven")


def _of_reaction(play: PlayView, view: LegView) -> list[Event]:
    """What kept our actor from a reaction: no step asked for it, so its events name the two actors alone.

    Of several steps with such a reaction an event is of the last that had begun.
    """
    if not view.planned.leg.reaction:
        return []
    begin = _begun(play, view.step.step.id)
    begins = [_begun(play, other.step.step.id) for other in play.of(view.step.transaction.id, view.planned.leg.id)]
    end = min((one for one in begins if one > begin), default=float("inf"))
    here = [event for event in play.events if begin <= event.seq < end]
    causeless = [event for event in here if event.step is None and event.actor == view.initiator]
    return [event for event in causeless if event.peer_actor == view.responder or event.kind is EventKind.CANNOT_ACT]


def _begun(play: PlayView, step: StepId) -> int:
    """The number of the record with which a step began; 0 when that is not known."""
    return next((event.seq for event in play.events_of(step) if event.kind is EventKind.STEP_STARTED), 0)


def _trigger_took_effect(play: PlayView, view: LegView) -> bool:
    """A reaction follows a leg of the same step that was accepted, or one that passed where we cannot see."""
    earlier = [leg for leg in play.legs if leg.step is view.step and not leg.planned.leg.reaction]
    return any(
        leg.planned.state is LegState.NOT_OBSERVABLE or any(took_effect(exchange) for exchange in leg.exchanges)
        for leg in earlier
    )


def _kept_from(play: PlayView, view: LegView, event: Event, row: str) -> Finding:
    """What kept the initiator from it. A responder that was never heard may listen for something else at that port: TLS
    in place of plain DICOM, or another protocol."""
    transaction = view.step.transaction.id
    unheard = event.kind is EventKind.UNREACHABLE and (view.responder, transaction) in play.unheard
    environment = (
        unheard
        or event.kind is EventKind.REJECTED
        or (event.kind is EventKind.UNREACHABLE and not _proven(play, view.responder))
        or (event.kind is EventKind.LINK_LOST and event.link is None and not _proven(play, view.responder))
        or (event.kind is EventKind.TLS_FAILED and not _closed_by_proven(play, view, event))
    )
    own = f"; nothing was ever heard at this address, which is that of {transaction} alone" if unheard else ""
    return view.finding(
        "delivery",
        view.requirement(row),
        Outcome.UNDECIDED if environment else Outcome.VIOLATED,
        view.responder,
        None,
        expected=row.replace("-", " "),
        received=f"{_called(event)}{event.text}{own}",
    )


def _closed_by_proven(play: PlayView, view: LegView, event: Event) -> bool:
    """Whether a peer that TLS was agreed with before closed a connection without a word: no matter of certificates."""
    return event.facts.get("tls_failure") == TlsTrouble.CLOSED.value and _proven(play, view.responder)


def _unsecured(play: PlayView, view: LegView, events: list[Event]) -> str:
    """Why TLS failed on a connection that came to the responder while the leg was awaited: perhaps the initiator's."""
    begin = min((event.seq for event in events), default=0)
    return next(
        (
            f"{event.text} (from {event.facts.get('peer', '?')})"
            for event in play.events
            if event.kind is EventKind.TLS_FAILED and event.step is None and event.peer_actor is None
            if event.actor == view.responder and event.seq > begin
            if event.facts.get("tls_failure") != TlsTrouble.CLOSED.value  # a test of the port is no attempt
        ),
        "",
    )


def _called(event: Event) -> str:
    """Whom an association was asked of: its event names the reason alone."""
    called, peer = event.facts.get("called_ae"), event.facts.get("peer")
    return f"{called} at {peer}: " if called and peer else ""


def _turned_away(play: PlayView, view: LegView) -> bool:
    """Whether our modality was away on purpose when the report came: `storage.repeated` says what is due then."""
    return view.step.step.report_on is ReportLink.AWAY and any(
        event.kind is EventKind.REJECTED and (event.actor, event.peer_actor) == (view.responder, view.initiator)
        for event in play.events
    )


def _meant(view: LegView) -> str:
    """What was awaited, in the words of the step."""
    step = view.step.step
    words = [f"{name} {value}" for name, value in _named(step.trigger, step.control, step.status) if value]
    return ", ".join(["sent", *words]) if view.planned.leg.messages else "sent"


def _named(trigger: str, control: str, status: str) -> tuple[tuple[str, str], ...]:
    return ("event", trigger), ("ORC-1", control), ("ORC-5", status)


def _instead(play: PlayView, view: LegView) -> str:
    """What came on the leg while this step was waiting, and was taken for another step: the likely mistake."""
    own = play.events_of(view.step.step.id)
    begin = min((event.seq for event in own if event.kind is EventKind.STEP_STARTED), default=None)
    end = max((event.seq for event in own if event.kind is EventKind.LEG_EXPIRED), default=None)
    came = [
        message
        for other in play.of(view.step.transaction.id, view.planned.leg.id)
        if other is not view and other.planned.initiator == view.planned.initiator
        for exchange in other.exchanges
        if begin is not None and end is not None and begin < exchange.exchange.request.seq < end
        if (message := exchange.request_message) is not None
    ]
    if not came:
        return ""
    last = came[-1]
    words = _named(last.type.partition("^")[2], last.first("ORC-1"), last.first("ORC-5"))
    return f"; instead came {', '.join(f'{name} {value}' for name, value in words if value)}"


def _undelivered(view: LegView, outcome: Outcome, received: str, expected: str = "sent") -> Finding:
    return view.finding(
        "delivery",
        view.requirement("delivered"),
        outcome,
        view.initiator,
        None,
        expected=expected,
        received=received,
    )


def _waited(events: list[Event], view: LegView) -> str:
    """How long was waited for the leg, once its time was up; empty before."""
    for event in events:
        if event.kind is EventKind.LEG_EXPIRED and event.leg == view.planned.leg.id:
            return f"nothing within {event.facts.get('seconds', '?')} s (the system, or its configuration)"
    return ""


def _interrupted(play: PlayView) -> bool:
    return play.interrupted or any(event.kind is EventKind.INTERRUPTED for event in play.events)


def _proven(play: PlayView, actor: ActorName) -> bool:
    """Whether the system that plays the actor was heard in this run."""
    return actor in play.proven
