"""Mutants of performed procedure steps: events that are out of turn, and steps that should not be there.

Owns the order in which a step is created, changed and ended. It must not know how a state is checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.checks.recording import ExchangeView
from harness.model.profile import Service
from harness.model.proof import Mutation
from harness.selftest import attributes
from harness.selftest.changes import RepeatExchange, SwapExchanges
from harness.selftest.mutants import WRONG_UID, Base, Mutant, Spot, of_whole

MPPS = frozenset({Service.N_CREATE, Service.N_SET})
"""Services of a performed procedure step."""


def out_of_turn(base: Base, spot: Spot) -> Iterator[Mutant]:
    """An event once more, at once and at the end, before the creation, and about a second step."""
    command, number = spot.exchange.exchange.request.command, spot.exchange.exchange.id
    if command is None:
        return
    yield from _second_step(base, spot)
    rules = base.of_check("mpps.states", spot.leg)
    sent = [one for one in rules if "follows-states" in one]
    final = command.service is Service.N_CREATE or _is_final(spot.exchange)
    for at_end in (False, True) if final else (True,):
        again = RepeatExchange(number, at_end=at_end)
        yield of_whole(spot, Mutation.ILLEGAL_STATE, again, "mpps.states", *sent, key=(spot.title, str(at_end)))
    if command.service is Service.N_SET:
        yield from _before_creation(base, spot)


def states(base: Base, spot: Spot) -> tuple[str, ...]:
    """The rows of the state machine that the exchange is held against."""
    return tuple(
        dict.fromkeys(
            finding.requirement
            for finding in base.findings
            if finding.check == "mpps.states"
            and "-states/" in finding.requirement
            and finding.evidence is not None
            and finding.evidence.exchange == spot.exchange.exchange.id
            and finding.requirement in base.met
        )
    )


def _is_final(exchange: ExchangeView) -> bool:
    """Whether a message ends a performed step."""
    dataset = exchange.request_dataset
    status = attributes.value_at(dataset, "PerformedProcedureStepStatus") if dataset is not None else ""
    return status in ("COMPLETED", "DISCONTINUED")


def _second_step(base: Base, spot: Spot) -> Iterator[Mutant]:
    """Another performed step under the same Performed Procedure Step ID, with the same series."""
    again = RepeatExchange(spot.exchange.exchange.id, sop_instance=WRONG_UID, at_end=True)
    command = spot.exchange.exchange.request.command
    if command is not None and command.service is Service.N_CREATE:
        yield of_whole(spot, Mutation.SURPLUS_EXCHANGE, again, "mpps.steps", key=("second step", spot.title))
        return
    created = [
        one.exchange.id
        for leg in base.view.legs
        for one in leg.exchanges
        if leg.planned.leg.id == spot.leg.planned.leg.id and _creates(one, spot.exchange)
    ]
    if created:
        first = RepeatExchange(created[0], sop_instance=WRONG_UID, at_end=True)
        whole = of_whole(spot, Mutation.SURPLUS_EXCHANGE, again, "mpps.steps", key=("second step", spot.title))
        yield replace(whole, changes=(first, again))


def _creates(one: ExchangeView, other: ExchangeView) -> bool:
    """Whether an N-CREATE makes the instance that another message is about."""
    made, named = one.exchange.request.command, other.exchange.request.command
    if made is None or named is None:
        return False
    return made.service is Service.N_CREATE and made.sop_instance == named.sop_instance


def _before_creation(base: Base, spot: Spot) -> Iterator[Mutant]:
    """The N-SET comes before its N-CREATE."""
    for leg in base.view.legs:
        for one in leg.exchanges:
            if leg.planned.leg.id == spot.leg.planned.leg.id and _creates(one, spot.exchange):
                swap = SwapExchanges(one.exchange.id, spot.exchange.exchange.id)
                rules = [rule for rule in base.of_check("mpps.states", spot.leg) if "follows-states" in rule]
                yield of_whole(spot, Mutation.LATE, swap, "mpps.states", *rules)
