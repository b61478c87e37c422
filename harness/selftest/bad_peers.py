"""Mutants of what a side does with a peer that it should not talk to: it lets a caller in, or sends to a listener.

Owns which recordings can be changed so. It must not know how a check decides.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.node_authentication import tested
from harness.checks.recording import ExchangeView, LegView
from harness.model.proof import Mutation
from harness.model.tls import CALLERS, LISTENERS, Taken
from harness.model.transcript import EventKind
from harness.selftest.mutants import Base, Mutant, of_one
from harness.selftest.outcomes import SendToBadListener, TurnOutcome


def of_play(base: Base) -> Iterator[Mutant]:
    """Every such mutant of a play."""
    for leg in base.view.legs:
        deviation = tested(leg)
        rule = leg.requirement(deviation.tls_rule) if deviation is not None else None
        if deviation is None or rule not in base.on(leg):
            continue
        if deviation.of_listener:
            yield from _sent(base, leg, str(rule))
        else:
            yield from _let_in(base, leg, str(rule))


def _let_in(base: Base, leg: LegView, rule: str) -> Iterator[Mutant]:
    """The responder answers whom it refused."""
    for event in base.view.events:
        of_step = event.step is not None and event.step.step == leg.step.step.id and event.kind is EventKind.MISUSED
        if of_step and event.peer_actor == leg.responder and leg.exchanges:
            yield Mutant(
                place=_place(leg),
                mutation=Mutation.LET_IN,
                changes=(TurnOutcome(event.seq, Taken.LET_IN.value),),
                where=(leg.exchanges[0].evidence(),),
                expected=of_one(CALLERS, rule),
                key=(rule,),
            )


def _sent(base: Base, leg: LegView, rule: str) -> Iterator[Mutant]:
    """The initiator sends to the bad listener what it sent to the good one."""
    source = next(_proper(base, leg), None)
    if source is not None:
        yield Mutant(
            place=_place(leg),
            mutation=Mutation.SENT_TO_BAD,
            changes=(SendToBadListener(leg.step.step.id, leg.planned.leg.id, source.exchange.id),),
            where=(source.evidence(),),
            expected=of_one(LISTENERS, rule),
            key=(rule,),
        )


def _proper(base: Base, leg: LegView) -> Iterator[ExchangeView]:
    for other in base.view.of(leg.step.transaction.id, leg.planned.leg.id):
        yield from (one for one in other.exchanges if not one.exchange.link.facts.get("misuse"))


def _place(leg: LegView) -> str:
    """The same in every recording: `RAD-5/query`."""
    return f"{leg.step.transaction.id}/{leg.planned.leg.id}"
