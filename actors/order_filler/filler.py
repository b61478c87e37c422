"""The Order Filler at its links: takes patients and orders, announces procedures and states, follows performed steps.

What it knows stands in `orders`, how it plans in `schedule`, what it says in `notices`, how it is asked in `query`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from actors.messages import merges, messaging, received
from actors.messages.answering import OnceOnly
from actors.messages.imaging_order import Order
from actors.messages.merges import Merge
from actors.messages.registration import Registration, Registrations
from actors.messages.segments import MessageKind, Segment, form_of
from actors.objects.performed_steps import PerformedSteps
from actors.order_filler import availability, notices, query
from actors.order_filler.announcing import Announcer
from actors.order_filler.appointments import Appointments
from actors.order_filler.notices import Notice
from actors.order_filler.orders import FilledOrder, OrderBook, StepRef
from actors.order_filler.performed import PerformedLinks
from actors.order_filler.schedule import filler_number, schedule
from actors.order_filler.worklist import EntryDatasets
from actors.peers import IMAGE_MANAGER, ORDER_FILLER, REPORT_MANAGER
from harness.actor import Action, World, feeds, performs, receives, register
from harness.dicom.statuses import is_success
from harness.errors import CannotAct
from harness.hl7 import AckError, Message
from harness.model.names import ActorName
from harness.model.plan import StepRef as Cause
from harness.model.scenario import Patient, PersonName, Visit
from harness.transports.dimse import DimseRequest, DimseResponse, SupportedClass

MOST_ORDERS = 50
"""How many orders of one message are looked at."""


@register
class OrderFiller(OnceOnly):
    """Department System Scheduler / Order Filler."""

    name = ORDER_FILLER
    supports = (
        SupportedClass(query.WORKLIST),
        SupportedClass("ModalityPerformedProcedureStep"),
        SupportedClass(availability.NOTIFICATION),
        SupportedClass(availability.WORK_STATUS),
    )

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._registrations = Registrations()
        self.orders = OrderBook(self._registrations)
        self._datasets = EntryDatasets()
        self._performed = PerformedSteps(world)
        self._links = PerformedLinks(self.orders, world.decide)
        self._images = availability.ImageAvailability(world)
        self._announcer = Announcer(world, self.orders, self._registrations, self._plan)
        self._appointments = Appointments(world, self.orders, self._announcer)

    def refuse_unknown(self, message: Message) -> bytes:
        """AR."""
        return messaging.refuse_unknown(self.world, message, ("ADT", "ORM", "OMG"))

    # RAD-1, RAD-12

    @receives("ADT^A01", "ADT^A04", "ADT^A05")
    def take_patient(self, message: Message) -> bytes:
        """Register the patient, or update the known one."""
        return self._registrations.register(self.world, message)

    @receives("ADT^A11", "ADT^A38")
    def cancel_visit(self, message: Message) -> bytes:
        """The visit is cancelled; the patient stays."""
        return self._registrations.update(self.world, message)

    @receives("ADT^A08")
    def take_update(self, message: Message) -> bytes:
        """Update the patient, which every order and worklist entry shows from now on; tell the Image Manager after."""
        return self._taken(message, self._registrations.register(self.world, message))

    @receives("ADT^A02", "ADT^A03", "ADT^A06", "ADT^A07", "ADT^A12", "ADT^A13")
    def take_visit(self, message: Message) -> bytes:
        """Follow the patient's visit, which the worklist shows from now on; tell the Image Manager after."""
        return self._taken(message, self._registrations.update(self.world, message))

    def _taken(self, message: Message, answer: bytes) -> bytes:
        """Hand on what was accepted."""
        registration = self._registrations.known(message)
        if registration is not None and Message.parse(answer).first("MSA-1") == "AA":
            version, event = form_of(message.version), message.type.partition("^")[2]
            more = notices.of_event(message)
            self._pass_on(
                lambda spoken: notices.patient_update(event, registration, spoken, self._now(), more), version
            )
        return answer

    @receives("ADT^A40")
    def take_merge(self, message: Message) -> bytes:
        """Let patients dissolve in others, with all that is known of them; tell the Image Manager after."""
        found = merges.read(message)
        if isinstance(found, AckError):
            return messaging.refuse(self.world, message, found)
        version = form_of(message.version)
        for merge in found:
            self._pass_on(self._merge(merge), version)
        return messaging.accept(self.world, message)

    @performs("RAD-12")
    def announce_merge(self, action: Action) -> None:
        """A40 for an identity that the department made up itself, once the patient is registered (RAD TF-1: 4.4)."""
        prior = action.bedside
        if action.step.trigger != "A40" or not prior.prior_id:
            raise CannotAct(
                "the simulated Order Filler begins no other RAD-12 than A40 of a `prior` identity of its own"
            )
        survivor = self._announcer.registration(action).patient
        merge = Merge(survivor=survivor, prior_id=prior.prior_id, prior_authority=prior.prior_authority)
        self._pass_on_now(self._merge(merge), action.form, action.cause)

    def _merge(self, merge: Merge) -> Callable[[str], Notice]:
        """Let one dissolve in the other; what is told of it, by HL7 version."""
        known = self._registrations.find(merge.prior_id, merge.prior_authority)
        prior = Patient(
            name=known.patient.name if known else PersonName(family=""),
            birth_date="",
            sex="",
            id=merge.prior_id,
            authority=merge.prior_authority,
        )
        if not self.world.decide("merge-applies", True):
            unchanged = Registration(patient=merge.survivor, visit=Visit(patient_class=""))
            return lambda version: notices.patient_merge(unchanged, prior, version, self._now())
        survivor = self._registrations.merge(merge.survivor, merge.prior_id, merge.prior_authority)
        self.orders.move(prior.id, prior.authority, survivor.patient)
        self._links.move(prior.id, survivor.patient.id)
        return lambda version: notices.patient_merge(survivor, prior, version, self._now())

    def _pass_on(self, notice: Callable[[str], Notice], form: str) -> None:
        if self._downstream():
            self.world.react(lambda: self._pass_on_now(notice, form))

    def _pass_on_now(self, notice: Callable[[str], Notice], form: str, cause: Cause | None = None) -> None:
        """RAD-12 to the Image Manager, and the Report Manager where there is one."""

        def write(version: str) -> tuple[MessageKind, Sequence[Segment]]:
            written = notice(version)
            return written.kind, written.body

        messaging.deliver_to_all(
            self.world,
            "RAD-12",
            self._downstream(),
            write,
            form=form,
            cause=cause,
            characters=notice(form).characters,
        )

    def _downstream(self) -> list[ActorName]:
        return messaging.listening(self.world, "RAD-12", (IMAGE_MANAGER, REPORT_MANAGER))

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
        orders = [received.order(message, occurrence) for occurrence in range(1, _order_count(message) + 1)]
        for occurrence, order in enumerate(orders, start=1):
            if not order.placer:
                return AckError(location=f"ORC^{occurrence}^2^1^1", code="101", text="Placer order number missing")
            if not self.world.decide("order-is-new", not self.orders.by_placer(order.placer)):
                return AckError(location=f"ORC^{occurrence}^2^1^1", code="205", text="Placer order number known")
        registration = self._registered(message)
        for order in orders if self.world.decide("order-is-kept", True) else ():
            self._plan(replace(order, filler=filler_number(self.world)), registration)
        return None

    def _take_cancellation(self, message: Message) -> AckError | None:
        """Refuse what is not open any more: unknown, cancelled, or begun; nothing is changed then."""
        known: list[FilledOrder] = []
        for occurrence in range(1, _order_count(message) + 1):
            placer = received.order(message, occurrence).placer
            found = self.orders.by_placer(placer) if placer else ()
            text = _why_not(found)
            if text:
                return AckError(location=f"ORC^{occurrence}^2^1^1", code="204", text=text)
            known += found
        if self.world.decide("order-is-cancelled", True):
            for filled in known:
                self.orders.cancel(filled.order.filler)
        return None

    def _registered(self, message: Message) -> Registration:
        """The patient of an order; one whom ADT has not announced is registered from the order."""
        return self._registrations.known(message) or self._registrations.enter(message)

    def _plan(self, order: Order, registration: Registration) -> None:
        """Schedule an order; an examination that was made without one is what it turns out to be for."""
        patient = registration.patient
        waiting = self._links.study_without_order(patient.id)
        procedures = schedule(self.world, order, waiting.study_uid if waiting else None)
        for procedure in procedures:
            self.orders.add(
                FilledOrder(order=order, patient_id=patient.id, authority=patient.authority, procedure=procedure)
            )
        if waiting:
            refs = tuple(StepRef(procedures[0].id, step.id) for step in procedures[0].steps)
            self._links.link(waiting.uid, refs, self._performed.find(waiting.uid))

    # RAD-3, RAD-4, RAD-13, RAD-48

    @performs("RAD-3")
    def report_order(self, action: Action) -> None:
        """SN: a new order of the department; SC: the order's status; OC: the order is cancelled."""
        control = action.step.control or "SC"
        if control == "SN":
            if action.bedside.prior_id and self.world.decide("examination-is-matched", True):
                self._links.move(action.bedside.prior_id, action.bedside.patient_id)
            self._announcer.new_order(action)
        elif control in ("SC", "OC"):
            self._announcer.order_changed(action, control)
        else:
            raise CannotAct(f"the simulated Order Filler sends SN, SC and OC in RAD-3, not {control}")

    @performs("RAD-4")
    def announce_procedure(self, action: Action) -> None:
        """Tell the Image Manager, and the Report Manager where there is one, of the patient's next procedure."""
        self._announcer.procedure_scheduled(action)

    @performs("RAD-13")
    def update_procedure(self, action: Action) -> None:
        """Tell them what has become of it."""
        self._announcer.procedure_updated(action)

    @performs("RAD-48")
    def notify_of_appointment(self, action: Action) -> None:
        """Tell the placer of the order's appointment."""
        self._appointments.notify(action)

    # RAD-5

    def c_find(self, request: DimseRequest) -> Iterator[DimseResponse]:
        """Answer a worklist query."""
        return query.answers(self.world, self.orders, self._datasets, request)

    @feeds("RAD-5")
    def write_worklist(self, action: Action, folder: Path) -> None:
        """Write the whole worklist as files into the folder."""
        query.write_entries(self.world, self.orders, folder)

    # RAD-11, RAD-42, RAD-49

    @performs("RAD-11")
    def query_availability(self, action: Action) -> None:
        """Ask the archive which images of the patient's procedure are available."""
        patient = action.bedside
        filled = self.orders.of_patient(patient.patient_id, patient.authority, lambda known: not known.cancelled)
        if filled is None:
            raise CannotAct(f"the Order Filler has no order of patient {patient.patient_id} to ask for images of")
        self._images.ask(action, filled.procedure.study_uid)

    # RAD-6, RAD-7, RAD-20, RAD-21

    def n_create(self, request: DimseRequest) -> DimseResponse:
        """A performed step begins, images are available, or other work begins."""
        if self._images.takes(request):
            return self._images.create(request)
        response = self._performed.create(request)
        if is_success(response.status):
            step = self._performed.find(response.fields["AffectedSOPInstanceUID"])
            if step is not None:
                self._links.started(step)
        return response

    def n_set(self, request: DimseRequest) -> DimseResponse:
        """A performed step goes on, or ends; so does other work."""
        if self._images.takes(request):
            return self._images.set(request)
        response = self._performed.set(request)
        if is_success(response.status):
            step = self._performed.find(request.sop_instance)
            if step is not None:
                self._links.ended(step)
        return response


def _why_not(found: Sequence[FilledOrder]) -> str:
    """Why the placer cannot cancel an order; empty when it can."""
    if not found:
        return "Unknown placer order number"
    if any(filled.cancelled for filled in found):
        return "Order cancelled already"
    return "Order under way already" if any(filled.begun for filled in found) else ""


def _order_count(message: Message) -> int:
    return max(1, min(message.segment_names().count("ORC"), MOST_ORDERS))
