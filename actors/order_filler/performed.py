"""What Performed Procedure Steps mean for the filler's scheduled steps (RAD-6, RAD-7; RAD TF-2: 4.6, 4.7).

Links by Study UID, Requested Procedure ID and step ID; keeps examinations made without an order until one comes.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from pydicom.dataset import Dataset

from actors.objects.copying import items
from actors.objects.performed_steps import PerformedStep, PpsState
from actors.order_filler.orders import OrderBook, StepRef, StepState
from harness.dicom import paths

INCORRECT_ENTRY_SELECTED = "110514"
"""Discontinuation reason (CID 9301, DCM): the step that was started by mistake is to be done still."""


@dataclass(frozen=True)
class _Unscheduled:
    """An examination made without an order."""

    uid: str
    patient_id: str
    study_uid: str


class PerformedLinks:
    """Which scheduled steps each performed step stands for; thread-safe."""

    def __init__(self, orders: OrderBook) -> None:
        self._orders = orders
        self._lock = threading.Lock()
        self._links: dict[str, tuple[StepRef, ...]] = {}
        self._unscheduled: list[_Unscheduled] = []

    def started(self, step: PerformedStep) -> None:
        """Link a step that was just created, and mark its scheduled steps as started."""
        found = (self._find(step, item) for item in items(step.dataset, "ScheduledStepAttributesSequence"))
        refs = tuple(dict.fromkeys(ref for ref in found if ref is not None))
        with self._lock:
            self._links[step.uid] = refs
            if not refs:
                self._unscheduled.append(
                    _Unscheduled(
                        step.uid,
                        paths.first(step.dataset, "PatientID"),
                        paths.first(step.dataset, "ScheduledStepAttributesSequence.StudyInstanceUID"),
                    )
                )
        for ref in refs:
            self._orders.set_state(ref, StepState.IN_PROGRESS)

    def ended(self, step: PerformedStep) -> None:
        """Carry a final state over to the scheduled steps; a wrongly chosen entry is scheduled again."""
        if not step.state.final:
            return
        state = _outcome(step)
        with self._lock:
            refs = self._links.get(step.uid, ())
        for ref in refs:
            self._orders.set_state(ref, state)

    def study_without_order(self, patient_id: str) -> _Unscheduled | None:
        """The patient's examination that waits for its order, now taken; None when there is none."""
        with self._lock:
            for found in self._unscheduled:
                if found.patient_id == patient_id and found.study_uid:
                    self._unscheduled.remove(found)
                    return found
        return None

    def move(self, prior_id: str, patient_id: str) -> None:
        """Let an identity's examinations without an order be those of the patient in whom it dissolved."""
        with self._lock:
            self._unscheduled = [
                replace(one, patient_id=patient_id) if one.patient_id == prior_id else one for one in self._unscheduled
            ]

    def link(self, uid: str, refs: tuple[StepRef, ...], step: PerformedStep | None) -> None:
        """Tie an examination made without an order to the steps planned for it afterwards."""
        with self._lock:
            self._links[uid] = refs
        state = StepState.IN_PROGRESS if step is None or not step.state.final else _outcome(step)
        for ref in refs:
            self._orders.set_state(ref, state)

    def _find(self, step: PerformedStep, item: Dataset) -> StepRef | None:
        procedure_id, step_id = (
            paths.first(item, keyword) for keyword in ("RequestedProcedureID", "ScheduledProcedureStepID")
        )
        if not procedure_id or not step_id:
            return None
        return self._orders.step(
            study_uid=paths.first(item, "StudyInstanceUID"),
            procedure_id=procedure_id,
            step_id=step_id,
            patient_id=paths.first(step.dataset, "PatientID"),
        )


def _outcome(step: PerformedStep) -> StepState:
    if step.state is PpsState.COMPLETED:
        return StepState.COMPLETED
    reasons = paths.values(step.dataset, "PerformedProcedureStepDiscontinuationReasonCodeSequence.CodeValue")
    if any(located.value == INCORRECT_ENTRY_SELECTED for located in reasons):
        return StepState.SCHEDULED
    return StepState.DISCONTINUED
