"""The orders a filler works on, with the state of each Scheduled Procedure Step.

Thread-safe. Found by placer number, filler number, patient, study or step. Sends nothing.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from actors.messages.imaging_order import EntityIdentifier, Order, RequestedProcedure, ScheduledStep
from actors.messages.registration import Registration, Registrations, namespace
from harness.model.scenario import Patient


class StepState(Enum):
    """What has become of a Scheduled Procedure Step."""

    SCHEDULED = "SCHEDULED"
    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    DISCONTINUED = "DISCONTINUED"
    CANCELLED = "CANCELLED"

    @property
    def listed(self) -> bool:
        """Whether the worklist shows the step: until the final MPPS, unless cancelled."""
        return self in (StepState.SCHEDULED, StepState.IN_PROGRESS)


@dataclass(frozen=True, kw_only=True)
class FilledOrder:
    """An order with one of its procedures; an order of several procedures is several of these.

    `announced` tells whether RAD-4 was sent for it, `withdrawn` whether RAD-13 has cancelled it since.
    """

    order: Order
    patient_id: str
    authority: str
    procedure: RequestedProcedure
    states: Mapping[str, StepState] = field(default_factory=dict)
    announced: bool = False
    cancelled: bool = False
    withdrawn: bool = False

    def state(self, step: ScheduledStep) -> StepState:
        """The step's state."""
        return self.states.get(step.id, StepState.SCHEDULED)

    @property
    def begun(self) -> bool:
        """Whether any of its steps was started."""
        return any(self.state(step) not in (StepState.SCHEDULED, StepState.CANCELLED) for step in self.procedure.steps)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One worklist entry: a step with everything it belongs to."""

    registration: Registration
    filled: FilledOrder
    step: ScheduledStep


@dataclass(frozen=True)
class StepRef:
    """A step, by its Requested Procedure ID and its own."""

    procedure: str
    step: str


class OrderBook:
    """Every order of one filler, in the order of arrival."""

    def __init__(self, registrations: Registrations) -> None:
        self._registrations = registrations
        self._lock = threading.Lock()
        self._orders: dict[str, FilledOrder] = {}
        self._procedures: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, filled: FilledOrder) -> None:
        """Take a procedure of an order in."""
        with self._lock:
            self._keep(filled)

    def by_placer(self, number: EntityIdentifier) -> tuple[FilledOrder, ...]:
        """The procedures of the order under that placer order number; a namespace that one side does not name fits."""
        with self._lock:
            candidates = (one for one in self._orders.values() if one.procedure.id in self._procedures[number.number])
            return tuple(one for one in candidates if _same_number(one.order.placer, number))

    def by_filler(self, number: EntityIdentifier) -> tuple[FilledOrder, ...]:
        """The procedures of the order under that filler order number."""
        with self._lock:
            return tuple(one for one in self._orders.values() if one.order.filler == number)

    def of_patient(self, patient_id: str, authority: str, wanted: Callable[[FilledOrder], bool]) -> FilledOrder | None:
        """The patient's latest order that is as wanted; an authority that one side does not name fits any."""
        return next(reversed(self.all_of(patient_id, authority, wanted)), None)

    def all_of(self, patient_id: str, authority: str, wanted: Callable[[FilledOrder], bool]) -> tuple[FilledOrder, ...]:
        """The patient's orders that are as wanted, the earliest first."""
        with self._lock:
            return tuple(
                filled
                for filled in self._orders.values()
                if filled.patient_id == patient_id and _same_authority(filled.authority, authority) and wanted(filled)
            )

    def move(self, prior_id: str, prior_authority: str, survivor: Patient) -> None:
        """Let the orders of an identity be the survivor's, into whom it dissolved."""
        with self._lock:
            for filled in tuple(self._orders.values()):
                if filled.patient_id == prior_id and _same_authority(filled.authority, prior_authority):
                    self._keep(replace(filled, patient_id=survivor.id, authority=survivor.authority))

    def update(self, procedure: str, change: Callable[[FilledOrder], FilledOrder]) -> FilledOrder:
        """Replace what is known of a Requested Procedure by what `change` makes of it."""
        with self._lock:
            changed = change(self._orders[procedure])
            self._keep(changed)
            return changed

    def cancel(self, filler: EntityIdentifier) -> None:
        """Cancel the steps of an order that have not been started."""
        for filled in self.by_filler(filler):
            self.update(filled.procedure.id, _cancelled)

    def set_state(self, ref: StepRef, state: StepState) -> None:
        """Note what has become of a step."""
        self.update(ref.procedure, lambda filled: replace(filled, states={**filled.states, ref.step: state}))

    def entries(self) -> tuple[Entry, ...]:
        """The worklist as it stands, with the patients' current data."""
        with self._lock:
            orders = tuple(self._orders.values())
        listed = []
        for filled in orders:
            steps = [step for step in filled.procedure.steps if filled.state(step).listed]
            registration = self._registrations.find(filled.patient_id, filled.authority) if steps else None
            if registration is not None:
                listed += [Entry(registration=registration, filled=filled, step=step) for step in steps]
        return tuple(listed)

    def step(self, *, study_uid: str, procedure_id: str, step_id: str, patient_id: str) -> StepRef | None:
        """The step an MPPS item means: by study and step, or in another study (a grouped one) by patient and IDs."""
        with self._lock:
            candidates = [
                (filled, step)
                for filled in self._orders.values()
                for step in filled.procedure.steps
                if step.id == step_id and filled.procedure.id == procedure_id
            ]
        for filled, step in candidates:
            if filled.procedure.study_uid == study_uid or filled.patient_id == patient_id:
                return StepRef(filled.procedure.id, step.id)
        return None

    def _keep(self, filled: FilledOrder) -> None:
        self._orders[filled.procedure.id] = filled
        if filled.order.placer:
            self._procedures[filled.order.placer.number].add(filled.procedure.id)


def _same_authority(one: str, other: str) -> bool:
    return not namespace(one) or not namespace(other) or namespace(one) == namespace(other)


def _same_number(one: EntityIdentifier, other: EntityIdentifier) -> bool:
    """Order numbers are told apart by number and namespace."""
    namespaces = {one.namespace, other.namespace} - {""}
    return bool(one) and one.number == other.number and len(namespaces) < 2


def _cancelled(filled: FilledOrder) -> FilledOrder:
    states = {
        step.id: StepState.CANCELLED if filled.state(step) is StepState.SCHEDULED else filled.state(step)
        for step in filled.procedure.steps
    }
    return replace(filled, states=states, cancelled=True)
