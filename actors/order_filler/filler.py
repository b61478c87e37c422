"""The Order Filler at its links: takes patients and orders, announces procedures and states, follows performed steps.

What it knows stands in `orders`, how it plans in `schedule`, what it says in `notices`, how it is asked in `query`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from actors.messages import merges, messaging, received
from actors.messages.imaging_order import NO_NUMBER, Order
from actors.messages.merges import Merge
from actors.messages.registration import Registration, Registrations
from actors.messages.segments import form_of
from actors.objects.performed_steps import PerformedSteps
from actors.order_filler import notices, query
from actors.order_filler.notices import Notice
from actors.order_filler.orders import FilledOrder, OrderBook, StepRef
from actors.order_filler.performed import PerformedLinks
from actors.order_filler.schedule import filler_number, schedule
from actors.order_filler.worklist import EntryDatasets
from actors.peers import IMAGE_MANAGER, ORDER_FILLER, ORDER_PLACER, REPORT_MANAGER
from harness.actor import Action, Actor, World, feeds, performs, receives, register
from harness.dicom.statuses import is_success
from harness.errors import CannotAct
from harness.hl7 import AckError, Message
from harness.model.names import ActorName
from harness.model.plan import StepRef as Cause
from harness.model.scenario import Patient, PersonName
from harness.transports.dimse import DimseRequest, DimseResponse, SupportedClass

MOST_ORDERS = 50
"""How many orders of one message are looked at."""


@register
class OrderFiller(Actor):
    """Department System Scheduler / Order Filler."""

    name = ORDER_FILLER
    supports = (SupportedClass(query.WORKLIST), SupportedClass("ModalityPerformedProcedureStep"))

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._registrations = Registrations()
        self.orders = OrderBook(self._registrations)
        self._datasets = EntryDatasets()
        self._performed = PerformedSteps(world)
        self._links = PerformedLinks(self.orders, world.decide)

    def refuse_unknown(self, message: Message) -> bytes:
        """AR."""
        return messaging.refuse_unknown(self.world, message, ("ADT", "ORM", "OMG"))

    # RAD-1, RAD-12

    @receives("ADT^A01", "ADT^A04", "ADT^A05")
    def take_patient(self, message: Message) -> bytes:
        """Register the patient, or update the known one."""
        return self._registrations.register(self.world, message)

    @receives("ADT^A08")
    def take_update(self, message: Message) -> bytes:
        """Update the patient, which every order and worklist entry shows from now on; tell the Image Manager after."""
        fault = received.missing_identity(message)
        if fault is not None:
            return messaging.refuse(self.world, message, fault)
        version = form_of(message.version)
        self._pass_on(notices.patient_update(self._registrations.enter(message), version, self._now()), version)
        return messaging.accept(self.world, message)

    @receives("ADT^A40")
    def take_merge(self, message: Message) -> bytes:
        """Let patients dissolve in others, with all that is known of them; tell the Image Manager after."""
        found = merges.read(message)
        if isinstance(found, AckError):
            return messaging.refuse(self.world, message, found)
        version = form_of(message.version)
        for merge in found:
            self._pass_on(self._merge(merge, version), version)
        return messaging.accept(self.world, message)

    @performs("RAD-12")
    def announce_merge(self, action: Action) -> None:
        """A40 for an identity that the department made up itself, once the patient is registered (RAD TF-1: 4.4)."""
        prior = action.bedside
        if action.step.trigger != "A40" or not prior.prior_id:
            raise CannotAct(
                "the simulated Order Filler begins no other RAD-12 than A40 of a `prior` identity of its own"
            )
        survivor = self._registration(action).patient
        merge = Merge(survivor=survivor, prior_id=prior.prior_id, prior_authority=prior.prior_authority)
        self._pass_on_now(self._merge(merge, action.form), action.form, action.cause)

    def _merge(self, merge: Merge, version: str) -> Notice:
        known = self._registrations.find(merge.prior_id, merge.prior_authority)
        prior = Patient(
            name=known.patient.name if known else PersonName(family=""),
            birth_date="",
            sex="",
            id=merge.prior_id,
            authority=merge.prior_authority,
        )
        survivor = self._registrations.merge(merge.survivor, merge.prior_id, merge.prior_authority)
        self.orders.move(prior.id, prior.authority, survivor.patient)
        self._links.move(prior.id, survivor.patient.id)
        return notices.patient_merge(survivor, prior, version, self._now())

    def _pass_on(self, notice: Notice, version: str) -> None:
        if self._downstream():
            self.world.react(lambda: self._pass_on_now(notice, version))

    def _pass_on_now(self, notice: Notice, version: str, cause: Cause | None = None) -> None:
        """RAD-12 to the Image Manager, and the Report Manager where there is one."""
        downstream = self._downstream()
        messaging.deliver_to_all(
            self.world,
            "RAD-12",
            downstream,
            notice.kind,
            notice.body,
            version=version,
            cause=cause,
            characters=notice.characters,
        )

    def _downstream(self) -> list[ActorName]:
        return [actor for actor in (IMAGE_MANAGER, REPORT_MANAGER) if self.world.knows(actor)]

    def _now(self) -> datetime:
        return self.world.clock.now()

    # RAD-2

    @receives("ORM^O01", "OMG^O19")
    def take_order(self, message: Message) -> bytes:
        """NW: plan the procedure; CA: stop what has not been started."""
        control = message.first("ORC-1")
        if control == "NW":
            fault = self._take_new(message)
        elif control == "CA":
            fault = self._take_cancellation(message)
        else:
            fault = AckError(location="ORC^1^1", code="103", text="Order control not expected from the placer")
        if fault is not None:
            return messaging.refuse(self.world, message, fault)
        return messaging.accept(self.world, message)

    def _take_new(self, message: Message) -> AckError | None:
        fault = received.missing_identity(message)
        if fault is not None:
            return fault
        cause = (message.first("MSH-3"), message.control_id)
        fresh: list[Order] = []
        for occurrence in range(1, _order_count(message) + 1):
            order = received.order(message, occurrence)
            known = self.orders.by_placer(order.placer)
            if not order.placer:
                return AckError(location=f"ORC^{occurrence}^2^1^1", code="101", text="Placer order number missing")
            if known is not None and known.cause != cause:
                return AckError(location=f"ORC^{occurrence}^2^1^1", code="205", text="Placer order number known")
            if known is None:
                fresh.append(order)
        registration = self._registered(message)
        for order in fresh:
            self._plan(replace(order, filler=filler_number(self.world)), registration, cause)
        return None

    def _take_cancellation(self, message: Message) -> AckError | None:
        for occurrence in range(1, _order_count(message) + 1):
            known = self.orders.by_placer(received.order(message, occurrence).placer)
            if known is None:
                return AckError(location=f"ORC^{occurrence}^2^1^1", code="204", text="Unknown placer order number")
            self.orders.cancel(known.order.filler.number)
        return None

    def _registered(self, message: Message) -> Registration:
        """The patient of an order; one whom ADT has not announced is registered from the order."""
        found = (self._registrations.find(number, authority) for number, authority in received.identifiers(message))
        return next((one for one in found if one is not None), None) or self._registrations.enter(message)

    def _plan(self, order: Order, registration: Registration, cause: tuple[str, str] = ("", "")) -> FilledOrder:
        """Schedule an order; an examination that was made without one is what it turns out to be for."""
        patient = registration.patient
        waiting = self._links.study_without_order(patient.id)
        procedure = schedule(self.world, order, waiting.study_uid if waiting else None)
        filled = FilledOrder(
            order=order,
            patient_id=patient.id,
            authority=patient.authority,
            procedure=procedure,
            cause=cause,
        )
        if self.orders.add(filled) and waiting:
            refs = tuple(StepRef(order.filler.number, step.id) for step in procedure.steps)
            self._links.link(waiting.uid, refs, self._performed.find(waiting.uid))
        return filled

    # RAD-3, RAD-4

    @performs("RAD-3")
    def report_order(self, action: Action) -> None:
        """SN: a new order of the department; SC: the order's status; OC: the order is cancelled."""
        control = action.step.control or "SC"
        if control == "SN":
            self._report_new(action)
        elif control in ("SC", "OC"):
            self._report_change(action, control)
        else:
            raise CannotAct(f"the simulated Order Filler sends SN, SC and OC in RAD-3, not {control}")

    def _report_new(self, action: Action) -> None:
        registration = self._registration(action)
        now = self.world.clock.now()
        service = self.world.procedures.procedure(action.bedside.service).service
        order = replace(notices.walk_in_order(service, registration, now), filler=filler_number(self.world))
        filled = self._plan(order, registration)
        answer = self._tell(action, ORDER_PLACER, notices.new_order(order, registration, action.form, now))
        placer = received.order(answer).placer if answer.first("ORC-1") == "NA" else NO_NUMBER
        self.orders.update(
            filled.order.filler.number, lambda known: replace(known, order=replace(known.order, placer=placer))
        )

    def _report_change(self, action: Action, control: str) -> None:
        filled = self._order(action, lambda known: not known.cancelled, "open order")
        if not filled.order.placer:
            raise CannotAct(f"order {filled.order.filler.number} has no placer order number yet (RAD-3 SN)")
        status = ""
        if control == "SC":
            status = action.step.status or notices.order_status(filled)
            if not status:
                raise CannotAct(f"nothing has happened to order {filled.order.filler.number} that could be reported")
        else:
            self.orders.cancel(filled.order.filler.number)
        now = self.world.clock.now()
        notice = notices.order_change(filled.order, control, status, self._registration(action), action.form, now)
        self._tell(action, ORDER_PLACER, notice)

    @performs("RAD-4")
    def announce_procedure(self, action: Action) -> None:
        """Tell the Image Manager, and the Report Manager where there is one, of the patient's next procedure."""
        filled = self._order(action, lambda known: not known.announced and not known.cancelled, "unannounced order")
        address = self.world.me.hl7
        notice = notices.procedure_scheduled(
            filled,
            self._registration(action),
            action.form,
            self.world.clock.now(),
            address.application if address else "",
        )
        messaging.deliver_to_all(
            self.world,
            action.step.transaction,
            [IMAGE_MANAGER, *([REPORT_MANAGER] if self.world.knows(REPORT_MANAGER) else [])],
            notice.kind,
            notice.body,
            version=action.form,
            cause=action.cause,
            characters=self._registration(action).patient.characters,
        )
        self.orders.update(filled.order.filler.number, lambda known: replace(known, announced=True))

    def _tell(self, action: Action, to: ActorName, notice: Notice) -> Message:
        return messaging.deliver(
            self.world,
            action.step.transaction,
            to,
            notice.kind,
            notice.body,
            version=action.form,
            cause=action.cause,
            characters=self._registration(action).patient.characters,
        )

    def _registration(self, action: Action) -> Registration:
        patient = action.bedside
        known = self._registrations.find(patient.patient_id, patient.authority)
        if known is None:
            raise CannotAct(f"the Order Filler was told of no patient {patient.patient_id} (RAD-1)")
        return known

    def _order(self, action: Action, wanted: Callable[[FilledOrder], bool], what: str) -> FilledOrder:
        patient = action.bedside
        filled = self.orders.of_patient(patient.patient_id, patient.authority, wanted)
        if filled is None:
            raise CannotAct(f"the Order Filler has no {what} for patient {patient.patient_id} (RAD-2)")
        return filled

    # RAD-5

    def c_find(self, request: DimseRequest) -> Iterator[DimseResponse]:
        """Answer a worklist query."""
        return query.answers(self.world, self.orders, self._datasets, request)

    @feeds("RAD-5")
    def write_worklist(self, action: Action, folder: Path) -> None:
        """Write the whole worklist as files into the folder."""
        query.write_entries(self.world, self.orders, folder)

    # RAD-6, RAD-7, RAD-20, RAD-21

    def n_create(self, request: DimseRequest) -> DimseResponse:
        """A performed step begins."""
        response = self._performed.create(request)
        if is_success(response.status):
            step = self._performed.find(response.fields["AffectedSOPInstanceUID"])
            if step is not None:
                self._links.started(step)
        return response

    def n_set(self, request: DimseRequest) -> DimseResponse:
        """A performed step goes on, or ends."""
        response = self._performed.set(request)
        if is_success(response.status):
            step = self._performed.find(request.sop_instance)
            if step is not None:
                self._links.ended(step)
        return response


def _order_count(message: Message) -> int:
    return max(1, min(message.segment_names().count("ORC"), MOST_ORDERS))
