"""Which of our actors meet a product, on which links and for what: read off a plan, so that no unused one is listed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.actor import actor_classes
from harness.model.connection import Connection, Need
from harness.model.names import HARNESS, PlayerName
from harness.model.plan import Assignment, LegState, Plan, PlannedLeg, PlannedStep, Play
from harness.model.profile import Leg, LinkKind, MessageForm
from harness.model.scenario import Step
from harness.model.system import System


def connections(plan: Plan) -> tuple[Connection, ...]:
    """Every connection between a system of the plan and one of our actors, in the order of first use."""
    systems = {system.name: system for system in plan.systems}
    found: dict[tuple[object, ...], Connection] = {}
    for assignment in plan.assignments:
        for play in assignment.plays:
            for planned in play.steps:
                for one in _of_step(assignment, play, planned, systems):
                    key = (one.system, one.theirs.actor, one.ours.actor, one.kind, one.inward, one.their_address)
                    known = found.setdefault(key, replace(one, needs=()))
                    needs = tuple(dict.fromkeys((*known.needs, *one.needs)))
                    found[key] = replace(known, needs=needs)
    return tuple(found.values())


def _of_step(
    assignment: Assignment, play: Play, planned: PlannedStep, systems: dict[PlayerName, System]
) -> Iterator[Connection]:
    for leg in planned.legs:
        yield from _connection(assignment, play, planned, leg, systems)
    if any(leg.state is LegState.LIVE for leg in planned.legs):
        yield from _errands(assignment, planned)


def _errands(assignment: Assignment, planned: PlannedStep) -> Iterator[Connection]:
    """What whoever begins the step asks of another before it can: our actor of a system, or a system of our actor."""
    actor, transaction = planned.step.initiator, planned.transaction.id
    performer = actor_classes().get(actor)
    for errand in performer.errands if performer else ():
        asked = assignment.player(errand.to, errand.transaction)
        inward = planned.initiator != HARNESS
        if errand.step != transaction or (asked == HARNESS) != inward:
            continue
        ours = assignment.ours.get(errand.to if inward else actor)
        theirs = assignment.party(actor, planned.initiator) if inward else assignment.party(errand.to, asked)
        if ours is not None and theirs is not None:
            yield Connection(
                system=theirs.player,
                kind=LinkKind.DIMSE,
                inward=inward,
                theirs=theirs.at(errand.transaction),
                ours=ours,
                needs=(
                    Need(
                        transaction=errand.transaction,
                        service=errand.service.value,
                        sop_classes=errand.sop_classes,
                        reaction=inward,
                    ),
                ),
            )


def _connection(
    assignment: Assignment, play: Play, planned: PlannedStep, bound: PlannedLeg, systems: dict[PlayerName, System]
) -> Iterator[Connection]:
    """The connection of a leg that crosses a link between a system and one of our actors that is really there."""
    leg = bound.leg
    if bound.state is not LegState.LIVE or (bound.initiator == HARNESS) == (bound.responder == HARNESS):
        return
    inward = bound.responder == HARNESS
    our_actor, their_actor = (leg.responder, leg.initiator) if inward else (leg.initiator, leg.responder)
    player = bound.initiator if inward else bound.responder
    ours, theirs = assignment.ours.get(our_actor), assignment.party(their_actor, player)
    if ours is None or theirs is None:
        return
    described = systems[player].actors.get(their_actor)
    hook = described.acts.get(planned.transaction.id) if described is not None else None
    told = hook is not None and hook.operator is None  # a person has to enter our address in the product first
    yield Connection(
        system=player,
        kind=leg.link,
        inward=inward,
        theirs=theirs.at(planned.transaction.id),
        ours=ours,
        needs=(_need(bound, planned, play, by_hook=inward and told and not leg.reaction),),
    )


def _need(bound: PlannedLeg, planned: PlannedStep, play: Play, *, by_hook: bool) -> Need:
    leg, version = bound.leg, bound.version or play.form
    return Need(
        transaction=planned.transaction.id,
        service=leg.dimse.service.value if leg.dimse else "",
        sop_classes=leg.dimse.sop_classes if leg.dimse else (),
        messages=tuple(f"{message.type} ({message.version})" for message in _messages(leg, planned.step, version)),
        started_by_hook=by_hook,
        reaction=leg.reaction,
        optional=not leg.required,
    )


def _messages(leg: Leg, step: Step, version: str) -> Sequence[MessageForm]:
    """The messages of a leg in an HL7 version, narrowed by the trigger event and the control code of the step."""
    found = [message for message in leg.messages if message.version == version]
    for wanted in (
        [message for message in found if step.trigger and message.type.endswith(f"^{step.trigger}")],
        [message for message in found if step.control in message.control],
    ):
        found = wanted or found
    return found
