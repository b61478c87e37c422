"""How an order becomes Requested Procedures with Scheduled Procedure Steps. Keeps no state and sends nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from actors.messages.imaging_order import EntityIdentifier, Order, RequestedProcedure, ScheduledStep
from actors.peers import MODALITY
from harness.actor import World
from harness.model.names import TransactionId
from harness.model.scenario import PlannedProcedure, PlannedProcedureStep

NAMESPACE = "OF"
"""The namespace of filler order numbers and accession numbers (EI.2)."""

_SHORTEST = len("YYYYMMDD")


def filler_number(world: World) -> EntityIdentifier:
    """A fresh filler order number."""
    return EntityIdentifier(world.identifiers.number("F", 10), NAMESPACE)


def schedule(world: World, order: Order, study_uid: str | None = None) -> tuple[RequestedProcedure, ...]:
    """Plan the ordered service: one Requested Procedure, or several under one accession number, each its own study.

    `study_uid` is that of an examination that was already made without an order. Identifiers have at most 16
    characters, as DICOM's SH allows. Steps follow each other from the requested time on.
    """
    accession = EntityIdentifier(world.identifiers.number("ACC", 12), NAMESPACE)
    start = requested_time(order.start, world.clock.now())
    planned: list[RequestedProcedure] = []
    for plan in world.procedures.ordered(order.service.value):
        steps = _steps(world, plan, start)
        start += sum((timedelta(minutes=step.duration) for step in plan.steps), timedelta())
        planned.append(
            RequestedProcedure(
                id=world.identifiers.number("RP", 12),
                accession=accession,
                study_uid=(study_uid if not planned else None) or world.identifiers.uid(),
                code=plan.procedure,
                description=plan.description,
                steps=steps,
            )
        )
    return tuple(planned)


def changed(
    world: World, procedure: RequestedProcedure, plan: PlannedProcedure | None, delay: int
) -> RequestedProcedure:
    """The procedure as something else that is done instead (`plan`, None: the same), so many minutes later.

    Its identifiers stay, and those of the steps that it still has.
    """
    start = procedure.steps[0].start + timedelta(minutes=delay)
    if plan is None:
        later = tuple(replace(step, start=step.start + timedelta(minutes=delay)) for step in procedure.steps)
        return replace(procedure, steps=later)
    steps = _steps(world, plan, start, tuple(step.id for step in procedure.steps))
    return replace(procedure, code=plan.procedure, description=plan.description, steps=steps)


def _steps(
    world: World, plan: PlannedProcedure, start: datetime, known: tuple[str, ...] = ()
) -> tuple[ScheduledStep, ...]:
    """The steps of a plan from a time on, the first of them under the IDs that are known already."""
    steps = []
    for number, planned in enumerate(plan.steps):
        steps.append(
            ScheduledStep(
                id=known[number] if number < len(known) else world.identifiers.number("SPS", 12),
                protocol=planned.protocol,
                description=planned.description,
                modality=planned.modality,
                station=_station(world, planned),
                station_name=planned.station_name,
                start=start,
            )
        )
        start += timedelta(minutes=planned.duration)
    return tuple(steps)


def requested_time(text: str, now: datetime) -> datetime:
    """The time an HL7 TS means, without fraction and zone; `now` where it is empty or no time."""
    digits = text.split(".")[0].split("+")[0].split("-")[0]
    if len(digits) < _SHORTEST or not digits.isascii() or not digits.isdigit():
        return now
    try:
        return datetime.strptime(digits.ljust(14, "0")[:14], "%Y%m%d%H%M%S")
    except ValueError:
        return now


def _station(world: World, planned: PlannedProcedureStep) -> str:
    """The AE title of the step's station: the plan's, else that of the department's modality (mandatory in RAD-5)."""
    if planned.station:
        return planned.station
    if world.knows(MODALITY):
        address = world.party(MODALITY, TransactionId("RAD-5")).dimse
        if address is not None and address.ae_title:
            return address.ae_title
    return f"{planned.modality}_STATION"[:16]
