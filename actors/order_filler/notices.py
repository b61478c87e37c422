"""What the filler tells others of an order or a patient: message kind and body for RAD-3, RAD-4 and RAD-12.

Pure: no state, no link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from actors.messages.imaging_order import Order
from actors.messages.registration import Registration
from actors.messages.segments import (
    GENERAL_ORDER_251,
    IMAGING_ORDER_251,
    ORDER_231,
    V231,
    MessageKind,
    Segment,
    adt,
    evn,
    mrg,
    obr,
    order_group,
    order_number,
    pid,
    pv1,
    scheduled_groups,
    tq1,
)
from actors.order_filler.orders import FilledOrder, StepState
from harness.hl7 import FieldValue, Message
from harness.hl7.time import ts
from harness.model.scenario import Code, Patient, PersonName, Practitioner

DEPARTMENT = Code(value="RAD", scheme="L", meaning="Radiology")
DEPARTMENT_PHYSICIAN = Practitioner(id="4711", name=PersonName(family="DUTY", given="RADIOLOGIST"))
"""Who orders an examination in the department when the patient's visit names no doctor."""


@dataclass(frozen=True)
class Notice:
    """A message without its header; `characters` are those that its sender was told the patient in."""

    kind: MessageKind
    body: tuple[Segment, ...]
    characters: tuple[str, ...] = ()


def walk_in_order(service: Code, registration: Registration, now: datetime) -> Order:
    """An order that the department makes by itself, for the service that was asked for at the counter."""
    visit = registration.visit
    return Order(
        service=service,
        start=ts(now),
        reason=Code(value="", scheme="", meaning="Examination without an order"),
        orderer=visit.attending or visit.referring or visit.admitting or DEPARTMENT_PHYSICIAN,
        entered_by=DEPARTMENT_PHYSICIAN,
        organization=DEPARTMENT,
    )


def order_status(*filled: FilledOrder) -> str:
    """The order status (HL7 table 0038) that the steps of its procedures amount to; empty while nothing was started."""
    states = [one.state(step) for one in filled for step in one.procedure.steps]
    if all(state is StepState.SCHEDULED for state in states):
        return ""
    if StepState.IN_PROGRESS in states or StepState.SCHEDULED in states:
        return "IP"
    return "CM" if StepState.COMPLETED in states else "DC"


def new_order(order: Order, registration: Registration, version: str, now: datetime) -> Notice:
    """RAD-3 SN: an order of the filler that the placer has to number."""
    groups = order_group(order, "SN", version, now)
    return Notice(_general_order(version), (*_patient(registration, version), *groups))


def order_change(
    order: Order, control: str, status: str, registration: Registration, version: str, now: datetime
) -> Notice:
    """RAD-3 SC and OC: numbers and status; v2.5.1 requires OBR in the message, v2.3.1 leaves it out."""
    change = order_number(order, control, version, now, status=status)
    detail = () if version == V231 else (tq1(order), obr(order, version))
    return Notice(_general_order(version), (*_patient(registration, version), change, *detail))


def procedure_scheduled(
    filled: FilledOrder,
    registration: Registration,
    version: str,
    now: datetime,
    application: str,
    control: str = "NW",
    status: str = "SC",
) -> Notice:
    """RAD-4 and RAD-13: one Requested Procedure with all its steps, new or with what has become of it."""
    groups = scheduled_groups(filled.order, filled.procedure, version, now, application, control, status)
    kind = ORDER_231 if version == V231 else IMAGING_ORDER_251
    return Notice(kind, (*_patient(registration, version), *groups))


def patient_merge(registration: Registration, prior: Patient, version: str, now: datetime) -> Notice:
    """RAD-12 A40: the prior identity dissolves in the registered patient's."""
    patient = registration.patient
    body = (evn("A40", now, version), pid(patient, registration.visit, version), mrg(prior, version))
    return Notice(adt("A40"), body, patient.characters)


def patient_update(
    event: str, registration: Registration, version: str, now: datetime, more: Mapping[int, FieldValue]
) -> Notice:
    """RAD-12 with the patient's current data and visit; `more` are fields of PV1 that the event came with besides."""
    patient, visit = registration.patient, registration.visit
    body = (evn(event, now, version), pid(patient, visit, version), pv1(visit, patient, more))
    return Notice(adt(event), body, patient.characters)


def of_event(message: Message) -> Mapping[int, FieldValue]:
    """What an ADT message says in PV1 of its event, and not of the visit: prior location, admission, discharge."""
    return {number: message.field_value(f"PV1-{number}") for number in (6, 44, 45) if message.first(f"PV1-{number}")}


def _patient(registration: Registration, version: str) -> tuple[Segment, Segment]:
    patient, visit = registration.patient, registration.visit
    return pid(patient, visit, version), pv1(visit, patient)


def _general_order(version: str) -> MessageKind:
    return ORDER_231 if version == V231 else GENERAL_ORDER_251
