"""What Performed Procedure Steps mean for the filler's scheduled steps (RAD-6, RAD-7; RAD TF-2: 4.6, 4.7).

Links by Study UID, Requested Procedure ID and step ID; keeps examinations made without an order until one comes.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
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


Decide = Callable[[str, bool], bool]
"""The actor's own decision, or what a deviation makes of it."""


class PerformedLinks:
    """Which scheduled steps each performed step stands for; thread-safe.

    A scheduled step that was performed several times is completed when one of these is (append case).
    """

    def __init__(self, orders: OrderBook, decide: Decide) -> None:
        self._orders = orders
        self._decide = decide
        self._outcomes: defaultdict[StepRef, dict[str, StepState]] = defaultdict(dict)
        self._lock = threading.Lock()
        self._links: dict[str, tuple[StepRef, ...]] = {}
        self._unscheduled: list[_Unscheduled] = []

    def started(self, step: PerformedStep) -> None:
        """Link a step that was just created, and mark its scheduled steps as started."""
        found = (self._find(step, item) for item in items(step.dataset, "ScheduledStepAttributesSequence"))
        refs = tuple(dict.fromkeys(ref for ref in found if ref is not None))
        if not self._decide("every-grouped-step-is-started", True):
            refs = refs[:1]
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
        self._note(step.uid, refs, StepState.IN_PROGRESS)

    def ended(self, step: PerformedStep) -> None:
        """Carry a final state over to the scheduled steps; a wrongly chosen entry is scheduled again."""
        if not step.state.final:
            return
        with self._lock:
            refs = self._links.get(step.uid, ())
        self._note(step.uid, refs, self._outcome(step))

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
        self._note(uid, refs, StepState.IN_PROGRESS if step is None or not step.state.final else self._outcome(step))

    def _note(self, uid: str, refs: tuple[StepRef, ...], outcome: StepState) -> None:
        for ref in refs:
            with self._lock:
                outcomes = self._outcomes[ref]
                outcomes[uid] = outcome
                known = set(outcomes.values())
            self._orders.set_state(ref, next(state for state in _STRONGEST_FIRST if state in known))

    def _outcome(self, step: PerformedStep) -> StepState:
        if step.state is PpsState.COMPLETED:
            return StepState.COMPLETED
        reasons = paths.values(step.dataset, "PerformedProcedureStepDiscontinuationReasonCodeSequence.CodeValue")
        wrong = any(located.value == INCORRECT_ENTRY_SELECTED for located in reasons)
        if wrong and self._decide("wrong-entry-is-scheduled-again", True):
            return StepState.SCHEDULED
        return StepState.DISCONTINUED

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


_STRONGEST_FIRST = (StepState.COMPLETED, StepState.IN_PROGRESS, StepState.DISCONTINUED, StepState.SCHEDULED)
"""Which outcome of several performed steps is that of the scheduled one."""
