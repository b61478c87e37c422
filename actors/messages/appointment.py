"""The segments of an appointment notification (RAD-48, RAD TF-3: 4.48; HL7 SIU).

Pure: values in, segments for `harness.hl7.compose` out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from actors.messages.imaging_order import EntityIdentifier, Order, ScheduledStep
from actors.messages.segments import Segment, ce, ei
from harness.hl7 import FieldValue
from harness.hl7.person import xcn
from harness.hl7.time import ts
from harness.model.scenario import Code, Practitioner


class Change(Enum):
    """What has become of an appointment: trigger event, action code (table 0206), reason and filler status."""

    BOOKED = ("S12", "A", "Appointment booked", "Booked")
    MOVED = ("S13", "U", "Appointment moved", "Booked")
    CANCELLED = ("S15", "D", "Appointment cancelled", "Cancelled")

    def __init__(self, event: str, action: str, reason: str, status: str) -> None:
        self.event = event
        self.action = action
        self.reason = Code(value=self.name, scheme="L", meaning=reason)
        self.status = Code(value=status, scheme="HL70278", meaning=status)


@dataclass(frozen=True, kw_only=True)
class Appointment:
    """When the steps of an order are to be done. `number` is the filler's, `contact` whom the placer can ask."""

    number: EntityIdentifier
    order: Order
    contact: Practitioner
    steps: tuple[ScheduledStep, ...]


def segments(appointment: Appointment, change: Change, version: str) -> Iterable[Segment]:
    """SCH, and RGS with an AIS for each step; v2.5.1 has the timing in AIS alone."""
    order, contact = appointment.order, xcn(appointment.contact)
    timing: FieldValue = "" if version.startswith("2.5") else ("1", "once", "", ts(appointment.steps[0].start))
    yield (
        "SCH",
        {
            2: ei(appointment.number),
            6: ce(change.reason),
            11: timing,
            16: contact,
            20: contact,
            25: ce(change.status),
            26: ei(order.placer),
            27: ei(order.filler),
        },
    )
    yield ("RGS", {1: "1", 2: change.action})
    for number, step in enumerate(appointment.steps, start=1):
        yield ("AIS", {1: str(number), 2: change.action, 3: ce(order.service), 4: ts(step.start)})
