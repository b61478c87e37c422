"""Changes to how somebody took a bad peer: a caller is let in, or a bad listener is sent something.

Owns how such a recording is made. It must not know what a change breaks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.checks.recording import ExchangeView, PlayView
from harness.model.names import ExchangeId, LegId, StepId
from harness.model.transcript import Event


@dataclass(frozen=True)
class TurnOutcome:
    """Let a peer have taken a misused link in another way; `event` is the number of the event that says so."""

    event: int
    outcome: str


@dataclass(frozen=True)
class SendToBadListener:
    """Put a copy of an exchange at a leg on which the listener showed what nobody should send anything to."""

    step: StepId
    leg: LegId
    source: ExchangeId


def turn_outcome(view: PlayView, change: TurnOutcome) -> PlayView:
    """The recording in which the peer took it so."""

    def turned(event: Event) -> Event:
        facts = {**event.facts, "outcome": change.outcome}
        return replace(event, facts=facts) if event.seq == change.event else event

    return replace(view, events=tuple(turned(event) for event in view.events))


def send_to_bad_listener(view: PlayView, change: SendToBadListener) -> PlayView:
    """The recording in which the same was sent to the bad listener, too."""
    exchanges = [one for leg in view.legs for one in leg.exchanges]
    number = ExchangeId(max(one.exchange.id for one in exchanges) + 1)
    source = next(one for one in exchanges if one.exchange.id == change.source)
    link = replace(source.exchange.link, facts={**source.exchange.link.facts, "misuse": "shown"})
    copy = replace(source.exchange, id=number, link=link)
    sent = ExchangeView(copy, source.read)
    legs = (
        replace(leg, exchanges=(sent,)) if (leg.step.step.id, leg.planned.leg.id) == (change.step, change.leg) else leg
        for leg in view.legs
    )
    return replace(view, legs=tuple(legs))
