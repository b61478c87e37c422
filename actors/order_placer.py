"""The Order Placer: orders for the patients it was told of (RAD-2), and follows what the filler reports (RAD-3)."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from actors.messages import merges, messaging, received
from actors.messages.answering import OnceOnly
from actors.messages.imaging_order import EntityIdentifier, Order
from actors.messages.registration import Registration, Registrations
from actors.messages.segments import (
    GENERAL_ORDER_251,
    GENERAL_ORDER_RESPONSE_251,
    ORDER_231,
    ORDER_RESPONSE_231,
    V231,
    Segment,
    form_of,
    order_group,
    pid,
    pv1,
)
from actors.peers import ORDER_FILLER, ORDER_PLACER
from harness.actor import Action, World, performs, receives, register
from harness.errors import CannotAct
from harness.hl7 import AckError, Message
from harness.hl7.time import ts
from harness.model.scenario import Code, Patient

NAMESPACE = "OP"
"""The namespace of placer order numbers (EI.2)."""


class OrderState(Enum):
    """What the placer has learnt about an order; the values are order statuses of HL7 table 0038."""

    PLACED = ""
    SCHEDULED = "SC"
    IN_PROGRESS = "IP"
    COMPLETED = "CM"
    DISCONTINUED = "DC"
    CANCELLED = "CA"


@dataclass(frozen=True, kw_only=True)
class PlacedOrder:
    """An order under its placer order number."""

    order: Order
    patient_id: str
    authority: str
    state: OrderState = OrderState.PLACED


@dataclass(frozen=True, kw_only=True)
class Appointment:
    """When an order is to be done, as the filler told it: its number, the order's placer number, its start (HL7 TS)."""

    number: str
    placer: str
    start: str
    cancelled: bool = False


@register
class OrderPlacer(OnceOnly):
    """Order Placer."""

    name = ORDER_PLACER
    originates = True

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._registrations = Registrations()
        self._lock = threading.Lock()
        self._orders: dict[str, PlacedOrder] = {}
        self._appointments: dict[str, Appointment] = {}

    def order(self, number: str) -> PlacedOrder | None:
        """The order under that placer order number."""
        with self._lock:
            return self._orders.get(number)

    def refuse_unknown(self, message: Message) -> bytes:
        """AR."""
        return messaging.refuse_unknown(self.world, message, ("ADT", "ORM", "OMG", "SIU"))

    def appointment(self, number: str) -> Appointment | None:
        """The appointment under the filler's number."""
        with self._lock:
            return self._appointments.get(number)

    @receives("ADT^A01", "ADT^A04", "ADT^A05", "ADT^A08")
    def take_patient(self, message: Message) -> bytes:
        """Register the patient, or update the known one."""
        return self._registrations.register(self.world, message)

    @receives("ADT^A40")
    def take_merge(self, message: Message) -> bytes:
        """Let patients dissolve in others; their orders are the survivors' from now on (RAD TF-2: 4.12)."""
        found = merges.read(message)
        if isinstance(found, AckError):
            return messaging.refuse(self.world, message, found)
        for merge in found:
            before = self._registrations.find(merge.prior_id, merge.prior_authority)
            after = self._registrations.merge(merge.survivor, merge.prior_id, merge.prior_authority).patient
            if before is not None:
                self._move(before.patient, after)
        return messaging.accept(self.world, message)

    def _move(self, before: Patient, after: Patient) -> None:
        with self._lock:
            for number, placed in self._orders.items():
                if (placed.patient_id, placed.authority) == (before.id, before.authority):
                    self._orders[number] = replace(placed, patient_id=after.id, authority=after.authority)

    @receives("ADT^A02", "ADT^A03", "ADT^A06", "ADT^A07", "ADT^A11", "ADT^A12", "ADT^A13", "ADT^A38")
    def take_visit(self, message: Message) -> bytes:
        """Follow the patient's visit; it may be over, or cancelled."""
        return self._registrations.update(self.world, message)

    # RAD-2

    @performs("RAD-2")
    def place_order(self, action: Action) -> None:
        """NW orders the case's service, CA cancels the patient's latest order."""
        control = action.step.control or "NW"
        patient = action.bedside
        registration = self._registrations.find(patient.patient_id, patient.authority)
        if registration is None:
            raise CannotAct(f"the Order Placer was told of no patient {patient.patient_id} (RAD-1)")
        if control == "NW" and not registration.open:
            raise CannotAct(
                f"the visit of patient {patient.patient_id} is over or cancelled: nothing is ordered for it"
            )
        earlier = self._latest(registration)
        if control == "NW":
            placed = self._new_order(action, registration)
        elif control == "CA":
            placed = self._to_cancel(action, registration)
        else:
            raise CannotAct(f"the simulated Order Placer sends NW and CA in RAD-2, not {control}")
        version = self.world.version(action.step.transaction, ORDER_FILLER, action.form, action.cause)
        answer = messaging.deliver(
            self.world,
            action.step.transaction,
            ORDER_FILLER,
            ORDER_231 if version == V231 else GENERAL_ORDER_251,
            [
                pid(registration.patient, registration.visit, version),
                pv1(registration.visit, registration.patient),
                *order_group(placed.order, control, version, self.world.clock.now()),
            ],
            version=version,
            cause=action.cause,
            characters=registration.patient.characters,
        )
        if not messaging.was_taken(answer):
            if control == "NW":
                self._take_back(placed, earlier)
        elif control == "CA":
            self._note_cancelled(placed)

    def _take_back(self, placed: PlacedOrder, before: PlacedOrder | None) -> None:
        """What the filler refused has not been placed; `before` is what stood under the number, if anything did."""
        number = placed.order.placer.number
        with self._lock:
            if before is not None and before.order.placer.number == number:
                self._orders[number] = before
            else:
                self._orders.pop(number, None)

    def _new_order(self, action: Action, registration: Registration) -> PlacedOrder:
        if action.case is None:
            raise CannotAct("the simulated Order Placer was not given a case")
        request = action.case.order
        order = Order(
            service=self.world.procedures.procedure(action.step.service or request.service).service,
            placer=self._number_for(registration),
            priority=request.priority,
            start=ts(self.world.clock.now()),
            reason=Code(value="", scheme="", meaning=request.reason),
            orderer=request.orderer,
            entered_by=request.entered_by,
            organization=_organization(request.organization),
            callback=request.callback,
            transport=request.transport,
        )
        with self._lock:
            return self._keep(order, registration)

    def _to_cancel(self, action: Action, registration: Registration) -> PlacedOrder:
        """The patient's latest order that is open, of the step's service; an illegal step means one that is not."""
        patient, wanted = registration.patient, action.step.service
        service = self.world.procedures.procedure(wanted).service if wanted else None
        with self._lock:
            own = [
                placed
                for placed in reversed(self._orders.values())
                if (placed.patient_id, placed.authority) == (patient.id, patient.authority)
                and service in (None, placed.order.service)
            ]
        is_open = [placed for placed in own if placed.state is not OrderState.CANCELLED]
        found = own if action.step.illegal else is_open
        if not found:
            raise CannotAct(f"the Order Placer has no order for patient {patient.id} to cancel")
        return found[0]

    def _note_cancelled(self, placed: PlacedOrder) -> None:
        number = placed.order.placer.number
        with self._lock:
            self._orders[number] = replace(self._orders[number], state=OrderState.CANCELLED)

    def _keep(self, order: Order, registration: Registration) -> PlacedOrder:
        patient = registration.patient
        placed = PlacedOrder(order=order, patient_id=patient.id, authority=patient.authority)
        self._orders[order.placer.number] = placed
        return placed

    def _number_for(self, registration: Registration) -> EntityIdentifier:
        """A number that was never used, unless a deviation takes the patient's latest again."""
        latest = self._latest(registration)
        fresh = self.world.decide("order-number-is-fresh", True)
        return self._fresh_number() if fresh or latest is None else latest.order.placer

    def _latest(self, registration: Registration) -> PlacedOrder | None:
        patient = registration.patient
        with self._lock:
            orders = tuple(self._orders.values())
        of_patient = (
            one for one in reversed(orders) if (one.patient_id, one.authority) == (patient.id, patient.authority)
        )
        return next(of_patient, None)

    def _fresh_number(self) -> EntityIdentifier:
        return EntityIdentifier(self.world.identifiers.number("P", 10), NAMESPACE)

    # RAD-3

    @receives("ORM^O01", "OMG^O19")
    def take_filler_order(self, message: Message) -> bytes:
        """SN is answered with a new number (NA); SC and OC change the state of the order."""
        control = message.first("ORC-1")
        if control == "SN":
            return self._number_filler_order(message)
        if control in ("SC", "OC", "CA", "DC"):
            return self._note_state(message, control)
        fault = AckError(location="ORC^1^1", code="103", text="Order control not expected from the filler")
        return messaging.refuse(self.world, message, fault)

    def _number_filler_order(self, message: Message) -> bytes:
        order = received.order(message)
        fault = received.missing_identity(message)
        if fault is None and not order.filler:
            fault = AckError(location="ORC^1^3^1^1", code="101", text="Filler order number missing")
        if fault is not None:
            return messaging.refuse(self.world, message, fault)
        registration = self._registrations.enter(message)
        with self._lock:
            known = next((p for p in self._orders.values() if p.order.filler == order.filler), None)
            placed = known or self._keep(replace(order, placer=self._fresh_number()), registration)
        version = form_of(message.version)
        kind = ORDER_RESPONSE_231 if version == V231 else GENERAL_ORDER_RESPONSE_251
        return messaging.respond(self.world, message, kind, self._assigned(placed, registration, version))

    def _assigned(self, placed: PlacedOrder, registration: Registration, version: str) -> Iterable[Segment]:
        yield pid(registration.patient, registration.visit, version)
        yield from order_group(placed.order, "NA", version, self.world.clock.now())

    def _note_state(self, message: Message, control: str) -> bytes:
        number = message.first("ORC-2.1")
        state = _state(control, message.first("ORC-5"))
        with self._lock:
            placed = self._orders.get(number)
            if placed is not None and state is not None:
                filler = received.order(message).filler or placed.order.filler
                order = replace(placed.order, filler=filler)
                self._orders[number] = replace(placed, order=order, state=state)
        if placed is None:
            fault = AckError(location="ORC^1^2^1^1", code="204", text="Unknown placer order number")
            return messaging.refuse(self.world, message, fault)
        if state is None:
            fault = AckError(location="ORC^1^5", code="103", text="Order status unknown")
            return messaging.refuse(self.world, message, fault)
        return messaging.accept(self.world, message)

    # RAD-48

    @receives("SIU^S12", "SIU^S13", "SIU^S14", "SIU^S15")
    def take_appointment(self, message: Message) -> bytes:
        """Note when an order is to be done; an appointment or an order that is unknown is refused."""
        number, placer = message.first("SCH-2.1"), message.first("SCH-26.1")
        event = message.type.partition("^")[2]
        fault = None
        with self._lock:
            known = self._appointments.get(number)
            if not number:
                fault = AckError(location="SCH^1^2^1^1", code="101", text="Filler appointment ID missing")
            elif placer and placer not in self._orders:
                fault = AckError(location="SCH^1^26^1^1", code="204", text="Unknown placer order number")
            elif event != "S12" and known is None:
                fault = AckError(location="SCH^1^2^1^1", code="204", text="Unknown filler appointment ID")
            else:
                self._appointments[number] = Appointment(
                    number=number,
                    placer=placer or (known.placer if known else ""),
                    start=message.first("AIS-4") or message.first("SCH-11.4"),
                    cancelled=event == "S15",
                )
        if fault is not None:
            return messaging.refuse(self.world, message, fault)
        return messaging.accept(self.world, message)


def _state(control: str, status: str) -> OrderState | None:
    """The state that a message of the filler announces; None for a status outside HL7 table 0038."""
    if control in ("OC", "CA"):
        return OrderState.CANCELLED
    if control == "DC":
        return OrderState.DISCONTINUED
    return next((state for state in OrderState if state.value and state.value == status), None)


def _organization(name: str) -> Code:
    """ORC-17 as a local code, or nothing."""
    return Code(value=name, scheme="L" if name else "", meaning=name)
