"""What the filler tells of its orders: the placer (RAD-3), the Image Manager and the Report Manager (RAD-4, RAD-13).

Chooses the order that a step means, and notes what was told. How a message looks is in `notices`, how an order is
planned in `schedule`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from actors.messages import messaging, received
from actors.messages.imaging_order import NO_NUMBER, Order
from actors.messages.registration import Registration, Registrations
from actors.messages.segments import MessageKind, Segment
from actors.order_filler import notices
from actors.order_filler.notices import Notice
from actors.order_filler.orders import FilledOrder, OrderBook, StepState
from actors.order_filler.schedule import changed, filler_number
from actors.peers import IMAGE_MANAGER, ORDER_PLACER, REPORT_MANAGER
from harness.actor import Action, World
from harness.errors import CannotAct
from harness.hl7 import Message
from harness.model.names import ActorName
from harness.model.scenario import Patient, Visit

_FINAL = ("CM", "DC")


class Announcer:
    """Speaks for one filler. `plan` takes a new order in."""

    def __init__(
        self,
        world: World,
        orders: OrderBook,
        registrations: Registrations,
        plan: Callable[[Order, Registration], None],
    ) -> None:
        self._world = world
        self._orders = orders
        self._registrations = registrations
        self._plan = plan

    # RAD-3

    def new_order(self, action: Action) -> None:
        """SN: an order of the department, which the placer numbers."""
        registration = self.registration(action)
        now = self._world.clock.now()
        service = self._world.procedures.procedure(action.bedside.service).service
        order = replace(notices.walk_in_order(service, registration, now), filler=filler_number(self._world))
        self._plan(order, registration)
        version = self.version(action, ORDER_PLACER)
        answer = self.tell(action, ORDER_PLACER, notices.new_order(order, registration, version, now), version)
        placer = received.order(answer).placer if answer.first("ORC-1") == "NA" else NO_NUMBER
        for filled in self._orders.by_filler(order.filler):
            self._orders.update(
                filled.procedure.id, lambda known: replace(known, order=replace(known.order, placer=placer))
            )

    def order_changed(self, action: Action, control: str) -> None:
        """SC: the order's status; OC: the order is cancelled."""
        filled = self.order(action, lambda known: not known.cancelled, "open order")
        number = filled.order.filler
        if not filled.order.placer:
            raise CannotAct(f"order {number.number} has no placer order number yet (RAD-3 SN)")
        status = ""
        if control == "SC":
            status = action.step.status or notices.order_status(*self._orders.by_filler(number))
            if not status:
                raise CannotAct(f"nothing has happened to order {number.number} that could be reported")
        elif self._world.decide("order-is-cancelled", True):
            self._orders.cancel(number)
        now = self._world.clock.now()
        version = self.version(action, ORDER_PLACER)
        notice = notices.order_change(filled.order, control, status, self.registration(action), version, now)
        self.tell(action, ORDER_PLACER, notice, version)

    # RAD-4, RAD-13

    def procedure_scheduled(self, action: Action) -> None:
        """The patient's next procedure, to whoever images or reports it; with `temporary` of an order that the
        department makes for somebody whom nobody registered."""
        if action.step.temporary:
            self._order_for_stranger(action)
        filled = self.order(
            action, lambda known: not known.announced and not known.cancelled, "unannounced order", latest=False
        )
        if self._announce(action, filled, "NW", "SC"):
            self._orders.update(filled.procedure.id, lambda known: replace(known, announced=True))

    def _order_for_stranger(self, action: Action) -> None:
        """Give a patient an identity of the department, known by name alone, and an order (RAD TF-1: 4.4)."""
        stranger, now = action.bedside, self._world.clock.now()
        known = self._registrations.find(stranger.patient_id, stranger.authority)
        if known is None:
            number = self._world.identifiers.number("V")
            patient = Patient(
                name=stranger.name, birth_date="", sex="U", id=stranger.patient_id, authority=stranger.authority
            )
            known = self._registrations.add(patient, Visit(patient_class="E", number=number))
        service = self._world.procedures.procedure(stranger.service).service
        self._plan(replace(notices.walk_in_order(service, known, now), filler=filler_number(self._world)), known)

    def procedure_updated(self, action: Action) -> None:
        """CA: it is cancelled; DC: it is discontinued; XO: it is changed, before or after it was done."""
        control = action.step.control or "XO"
        if control == "CA":
            filled = self._cancelled(action)
        elif control == "DC":
            filled = self._discontinued(action)
        else:
            filled = self._changed(action)
        done = notices.order_status(filled) in _FINAL
        usual = ("CM" if done else "SC") if control == "XO" else "CA"
        self._announce(action, filled, control, action.step.status or usual)

    def _cancelled(self, action: Action) -> FilledOrder:
        """A procedure of an order that was cancelled, or one that the department cancels itself."""
        told = self._of_patient(action, _announced)
        filled = next((one for one in reversed(told) if one.cancelled), None)
        if filled is None:
            filled = self.order(action, _announced, "announced order")
            self._orders.cancel(filled.order.filler)
        return self._orders.update(filled.procedure.id, lambda known: replace(known, withdrawn=True))

    def _discontinued(self, action: Action) -> FilledOrder:
        filled = self.order(action, lambda known: _announced(known) and known.begun, "order under way")
        return self._orders.update(filled.procedure.id, _given_up)

    def _changed(self, action: Action) -> FilledOrder:
        """The procedure of the step's service, or else moved in time alone."""
        filled = self._latest(action, lambda known: _announced(known) and not known.cancelled)
        if filled is None:
            raise CannotAct(f"the Order Filler has no announced order for patient {action.bedside.patient_id} (RAD-4)")
        service = action.step.service
        plan = self._world.procedures.procedure(service) if service else None
        procedure = changed(self._world, filled.procedure, plan, action.step.delay)
        if self._world.decide("worklist-follows-update", True):
            return self._orders.update(filled.procedure.id, lambda known: replace(known, procedure=procedure))
        return replace(filled, procedure=procedure)

    def _announce(self, action: Action, filled: FilledOrder, control: str, status: str) -> bool:
        """Tell of the procedure; whether the Image Manager took it. What it refused is still to be announced."""
        address = self._world.me.hl7
        registration = self.registration(action)

        def write(version: str) -> tuple[MessageKind, Sequence[Segment]]:
            application = address.application if address else ""
            now = self._world.clock.now()
            notice = notices.procedure_scheduled(filled, registration, version, now, application, control, status)
            return notice.kind, notice.body

        answers = messaging.deliver_to_all(
            self._world,
            action.step.transaction,
            [IMAGE_MANAGER, *messaging.listening(self._world, action.step.transaction, [REPORT_MANAGER])],
            write,
            form=action.form,
            cause=action.cause,
            characters=registration.patient.characters,
        )
        return messaging.was_taken(answers[0])

    # what a step means

    def registration(self, action: Action) -> Registration:
        """The patient of the step; CannotAct when nobody told of that patient."""
        patient = action.bedside
        known = self._registrations.find(patient.patient_id, patient.authority)
        if known is None:
            raise CannotAct(f"the Order Filler was told of no patient {patient.patient_id} (RAD-1)")
        return known

    def order(
        self, action: Action, wanted: Callable[[FilledOrder], bool], what: str, *, latest: bool = True
    ) -> FilledOrder:
        """The patient's order that is as wanted, of the step's service where it names one."""
        found = [one for one in self._of_patient(action, wanted) if self._serves(action, one)]
        if not found:
            raise CannotAct(f"the Order Filler has no {what} for patient {action.bedside.patient_id} (RAD-2)")
        return found[-1] if latest else found[0]

    def _latest(self, action: Action, wanted: Callable[[FilledOrder], bool]) -> FilledOrder | None:
        return next(reversed(self._of_patient(action, wanted)), None)

    def _of_patient(self, action: Action, wanted: Callable[[FilledOrder], bool]) -> tuple[FilledOrder, ...]:
        patient = action.bedside
        return self._orders.all_of(patient.patient_id, patient.authority, wanted)

    def _serves(self, action: Action, filled: FilledOrder) -> bool:
        """Whether the order or its procedure is of the service that the step names."""
        if not action.step.service:
            return True
        plan = self._world.procedures.procedure(action.step.service)
        return filled.procedure.code == plan.procedure or filled.order.service == plan.service

    def version(self, action: Action, to: ActorName) -> str:
        """The HL7 version to speak with the receiver in the step."""
        return self._world.version(action.step.transaction, to, action.form, action.cause)

    def tell(self, action: Action, to: ActorName, notice: Notice, version: str) -> Message:
        """Send a notice, which is written in that version, for the step; return the answer."""
        return messaging.deliver(
            self._world,
            action.step.transaction,
            to,
            notice.kind,
            notice.body,
            version=version,
            cause=action.cause,
            characters=self.registration(action).patient.characters,
        )


def _announced(filled: FilledOrder) -> bool:
    return filled.announced and not filled.withdrawn


def _given_up(filled: FilledOrder) -> FilledOrder:
    """Nothing that is still open of the procedure will be done."""
    states = {
        step.id: StepState.DISCONTINUED if filled.state(step).listed else filled.state(step)
        for step in filled.procedure.steps
    }
    return replace(filled, states=states, withdrawn=True)
