"""How an order becomes a Requested Procedure with Scheduled Procedure Steps. Keeps no state and sends nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from actors.messages.imaging_order import EntityIdentifier, Order, RequestedProcedure, ScheduledStep
from actors.peers import MODALITY
from harness.actor import World
from harness.model.names import TransactionId
from harness.model.scenario import PlannedProcedureStep

NAMESPACE = "OF"
"""The namespace of filler order numbers and accession numbers (EI.2)."""

_SHORTEST = len("YYYYMMDD")


def filler_number(world: World) -> EntityIdentifier:
    """A fresh filler order number."""
    return EntityIdentifier(world.identifiers.number("F", 10), NAMESPACE)


def schedule(world: World, order: Order, study_uid: str | None = None) -> RequestedProcedure:
    """Plan the ordered service; `study_uid` is that of an examination that was already made without an order.

    Identifiers have at most 16 characters, as DICOM's SH allows. Steps follow each other from the requested time on.
    """
    plan = world.procedures.procedure(order.service.value)
    start = requested_time(order.start, world.clock.now())
    steps = []
    for planned in plan.steps:
        steps.append(
            ScheduledStep(
                id=world.identifiers.number("SPS", 12),
                protocol=planned.protocol,
                description=planned.description,
                modality=planned.modality,
                station=_station(world, planned),
                start=start,
            )
        )
        start += timedelta(minutes=planned.duration)
    return RequestedProcedure(
        id=world.identifiers.number("RP", 12),
        accession=EntityIdentifier(world.identifiers.number("ACC", 12), NAMESPACE),
        study_uid=study_uid or world.identifiers.uid(),
        code=plan.procedure,
        description=plan.description,
        steps=tuple(steps),
    )


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
