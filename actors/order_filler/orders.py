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
    """An order with its procedure. `cause` is the message that placed it (MSH-3, MSH-10), empty for a filler's own.

    `announced` tells whether RAD-4 was sent for it.
    """

    order: Order
    patient_id: str
    authority: str
    procedure: RequestedProcedure
    states: Mapping[str, StepState] = field(default_factory=dict)
    announced: bool = False
    cancelled: bool = False
    cause: tuple[str, str] = ("", "")

    def state(self, step: ScheduledStep) -> StepState:
        """The step's state."""
        return self.states.get(step.id, StepState.SCHEDULED)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One worklist entry: a step with everything it belongs to."""

    registration: Registration
    filled: FilledOrder
    step: ScheduledStep


@dataclass(frozen=True)
class StepRef:
    """A step, by its order's filler number and its own ID."""

    filler: str
    step: str


class OrderBook:
    """Every order of one filler, in the order of arrival."""

    def __init__(self, registrations: Registrations) -> None:
        self._registrations = registrations
        self._lock = threading.Lock()
        self._orders: dict[str, FilledOrder] = {}
        self._fillers: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, filled: FilledOrder) -> bool:
        """Take an order in; False, and nothing is changed, when its placer order number is taken."""
        with self._lock:
            if self._with_placer(filled.order.placer) is not None:
                return False
            self._keep(filled)
            return True

    def by_placer(self, number: EntityIdentifier) -> FilledOrder | None:
        """The order under that placer order number; a namespace that one side does not name fits any."""
        with self._lock:
            return self._with_placer(number)

    def of_patient(self, patient_id: str, authority: str, wanted: Callable[[FilledOrder], bool]) -> FilledOrder | None:
        """The patient's latest order that is as wanted; an authority that one side does not name fits any."""
        with self._lock:
            return next(
                (
                    filled
                    for filled in reversed(self._orders.values())
                    if filled.patient_id == patient_id
                    and _same_authority(filled.authority, authority)
                    and wanted(filled)
                ),
                None,
            )

    def move(self, prior_id: str, prior_authority: str, survivor: Patient) -> None:
        """Let the orders of an identity be the survivor's, into whom it dissolved."""
        with self._lock:
            for filled in tuple(self._orders.values()):
                if filled.patient_id == prior_id and _same_authority(filled.authority, prior_authority):
                    self._keep(replace(filled, patient_id=survivor.id, authority=survivor.authority))

    def update(self, filler: str, change: Callable[[FilledOrder], FilledOrder]) -> None:
        """Replace an order by what `change` makes of it."""
        with self._lock:
            self._keep(change(self._orders[filler]))

    def cancel(self, filler: str) -> None:
        """Cancel the steps that have not been started."""
        self.update(filler, _cancelled)

    def set_state(self, ref: StepRef, state: StepState) -> None:
        """Note what has become of a step."""
        self.update(ref.filler, lambda filled: replace(filled, states={**filled.states, ref.step: state}))

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
                return StepRef(filled.order.filler.number, step.id)
        return None

    def _keep(self, filled: FilledOrder) -> None:
        filler = filled.order.filler.number
        self._orders[filler] = filled
        if filled.order.placer:
            self._fillers[filled.order.placer.number].add(filler)

    def _with_placer(self, number: EntityIdentifier) -> FilledOrder | None:
        candidates = (self._orders[filler] for filler in self._fillers.get(number.number, ()))
        return next((one for one in candidates if _same_number(one.order.placer, number)), None)


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
