"""Which legs of a transaction belong to a step of a scenario."""

from __future__ import annotations

from dataclasses import replace

from harness.model.names import ActorName
from harness.model.profile import Leg, Service, Transaction
from harness.model.scenario import Step


def legs_of(step: Step, transaction: Transaction) -> tuple[Leg, ...]:
    """The legs of the transaction that belong to a step: of repositories only the one that is asked (`at`), and of
    a transaction that is begun by an actor that else only passes it on, its own; of one that several actors may begin,
    those of the actor that begins it in the step."""
    legs = tuple(leg for leg in transaction.legs if step.at is None or step.at in ends(leg))
    if step.at is not None:
        return tuple(replace(leg, required=True) for leg in legs)
    begun = [leg for leg in legs if leg.initiator == step.initiator]
    if begun and all(leg.reaction for leg in begun):
        return tuple(replace(leg, reaction=False) for leg in begun)
    others = {leg.initiator for leg in legs if not leg.reaction} - {step.initiator}
    if begun and others:
        own = tuple(leg for leg in legs if others.isdisjoint(ends(leg)))
        needed = any(leg.required for leg in begun)
        return own if needed else tuple(replace(leg, required=True) for leg in own)
    unasked = {leg.responder for leg in begun if not leg.required and _asks(leg)}
    return tuple(leg for leg in legs if unasked.isdisjoint(ends(leg)))


def _asks(leg: Leg) -> bool:
    return leg.dimse is not None and leg.dimse.service in (Service.C_FIND, Service.C_MOVE, Service.C_GET)


def ends(leg: Leg) -> tuple[ActorName, ActorName]:
    """Who begins the leg, and who answers."""
    return leg.initiator, leg.responder
