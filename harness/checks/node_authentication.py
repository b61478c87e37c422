"""TLS as behaviour: who should be refused was refused, and nothing was sent to whom nothing should be sent.

What counts is what the recording shows: an alert, or the end of the connection during the handshake or right after it.
That everything is refused proves nothing: the same two have to have talked to each other properly, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.checks.recording import LegView, PlayView
from harness.checks.registry import play_check
from harness.model.deviation import RULES_ON_CALLERS, RULES_ON_LISTENERS, Change, Deviation
from harness.model.finding import Evidence, Finding
from harness.model.plan import LegState
from harness.model.tls import CALLERS, LISTENERS, Taken
from harness.model.transcript import Event, EventKind
from harness.model.verdict import Outcome

_REFUSED = "refused: an alert, or the end of the connection"
_WHATEVER = "whatever: IHE authenticates nodes, not names"
_NOT_SENT = "nothing is sent: an alert, or the end of the connection"


@play_check(CALLERS, rules=tuple(RULES_ON_CALLERS.values()))
def callers(play: PlayView) -> Iterator[Finding]:
    """What responders did with a caller of ours that they should refuse."""
    for view, deviation in _tests(play, CALLERS):
        if not deviation.of_listener:
            yield from _of_listener(view, deviation, _events(play, view, deviation))


@play_check(LISTENERS, rules=tuple(RULES_ON_LISTENERS.values()))
def listeners(play: PlayView) -> Iterator[Finding]:
    """What initiators did when our listener showed what they should not talk to."""
    for view, deviation in _tests(play, LISTENERS):
        if deviation.of_listener:
            yield from _of_caller(play, view, deviation, _events(play, view, deviation))


def _tests(play: PlayView, check: str) -> Iterator[tuple[LegView, Deviation]]:
    """Each leg that names the check, and on which a step tests TLS."""
    for view in play.legs:
        deviation = tested(view)
        named = check in view.planned.leg.checks and view.planned.state is LegState.LIVE
        if deviation is not None and named:
            yield view, deviation


def tested(view: LegView) -> Deviation | None:
    """How a step tests TLS on the leg; None when it does not."""
    deviation = view.step.step.deviation
    if deviation is None:
        return None
    place = (view.step.transaction.id, view.planned.leg.id, view.initiator, view.responder)
    return deviation if deviation.secures(*place) else None


def _events(play: PlayView, view: LegView, deviation: Deviation) -> Sequence[Event]:
    """How the peer took what our side did for this leg."""
    return [
        event
        for event in play.events
        if event.kind is EventKind.MISUSED and event.facts.get("misuse") == deviation.change.value
        if event.step is not None and event.step.step == view.step.step.id and event.actor == deviation.actor
        if deviation.of_listener or event.peer_actor == view.responder
    ]


def _of_listener(view: LegView, deviation: Deviation, events: Sequence[Event]) -> Iterator[Finding]:
    """Our bad call to the responder, before the proper one."""
    if deviation.change is Change.OTHER_HOST:
        for event in events[-1:]:
            told = f"{event.facts.get('outcome')}: {event.facts.get('how')}"
            yield from _decided(view, deviation, Outcome.NOT_APPLICABLE, told, _WHATEVER)
        return
    taken = _outcomes(events)
    let_in = taken.get(Taken.LET_IN)
    others = [taken[one] for one in Taken if one in taken and one not in (Taken.LET_IN, Taken.REFUSED)]
    if let_in is not None:
        yield from _decided(view, deviation, Outcome.VIOLATED, let_in, _REFUSED)
    elif others or Taken.REFUSED not in taken:
        said = others[0] if others else "nothing was tried"
        yield from _decided(view, deviation, Outcome.UNDECIDED, said, _REFUSED)
    elif not _is_secured(view):
        said = f"{taken[Taken.REFUSED]}; but so was a proper call, or it had no answer"
        yield from _decided(view, deviation, Outcome.UNDECIDED, said, _REFUSED)
    else:
        yield from _decided(view, deviation, Outcome.MET, taken[Taken.REFUSED], _REFUSED)


def _of_caller(play: PlayView, view: LegView, deviation: Deviation, events: Sequence[Event]) -> Iterator[Finding]:
    """What the initiator does whom our listener shows something bad."""
    taken = _outcomes(events)
    sent = next((one for one in view.exchanges if one.exchange.link.facts.get("misuse")), None)
    if deviation.change is Change.OTHER_HOST:
        told = "it sent all the same" if sent is not None else taken.get(Taken.REFUSED, "")
        if told:
            yield from _decided(view, deviation, Outcome.NOT_APPLICABLE, told, _WHATEVER)
        return
    if sent is not None:
        yield from _decided(view, deviation, Outcome.VIOLATED, "it sent all the same", _NOT_SENT, sent.evidence())
    elif Taken.IMPOSSIBLE in taken:
        yield from _decided(view, deviation, Outcome.UNDECIDED, taken[Taken.IMPOSSIBLE], _NOT_SENT)
    elif not _all_came_after_refusal(view, events):
        said = "it sent over a connection that was open before, so that nothing was shown to it"
        yield from _decided(view, deviation, Outcome.UNDECIDED, said, _NOT_SENT)
    elif Taken.REFUSED not in taken:
        said = "it agreed on TLS, and nothing was heard of it" if Taken.AGREED in taken else "nobody called"
        yield from _decided(view, deviation, Outcome.UNDECIDED, taken.get(Taken.SILENT, said), _NOT_SENT)
    elif not _talked_properly(play, view):
        said = f"{taken[Taken.REFUSED]}; but it never called properly either"
        yield from _decided(view, deviation, Outcome.UNDECIDED, said, _NOT_SENT)
    else:
        yield from _decided(view, deviation, Outcome.MET, taken[Taken.REFUSED], _NOT_SENT)


def _decided(
    view: LegView,
    deviation: Deviation,
    outcome: Outcome,
    received: str,
    expected: str,
    evidence: Evidence | None = None,
) -> Iterator[Finding]:
    check = LISTENERS if deviation.of_listener else CALLERS
    return view.ruled(check, deviation.tls_rule, outcome, evidence, expected=expected, received=received)


def _outcomes(events: Sequence[Event]) -> Mapping[Taken, str]:
    """In which ways it was taken, each in words."""
    known = {one.value: one for one in Taken}
    found: dict[Taken, str] = {}
    for event in events:
        taken = known.get(event.facts.get("outcome", ""))
        if taken is not None:
            found[taken] = f"{taken.value}: {event.facts.get('how', '')}"
    return found


def _is_secured(view: LegView) -> bool:
    """Whether the proper call of the leg was answered over TLS."""
    return any(one.exchange.link.facts.get("tls") and one.exchange.final is not None for one in view.exchanges)


def _all_came_after_refusal(view: LegView, events: Sequence[Event]) -> bool:
    """Whether what came without anything bad being shown, if anything did, came over connections that were made after a
    refusal: a sender that repeats what it could not send."""
    refused = [event.seq for event in events if event.facts.get("outcome") == Taken.REFUSED.value]
    return all(refused and one.exchange.link.seq > min(refused) for one in view.exchanges)


def _talked_properly(play: PlayView, view: LegView) -> bool:
    """Whether the initiator sent something to the responder over TLS with everything as it should be."""
    ends = (view.initiator, view.responder)
    links = (
        one.exchange.link.facts
        for other in play.legs
        if (other.initiator, other.responder) == ends and other.planned.initiator == view.planned.initiator
        for one in other.exchanges
    )
    return any(facts.get("tls") and not facts.get("misuse") for facts in links)
