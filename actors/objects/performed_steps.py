"""Modality Performed Procedure Steps as an SCP keeps them (PS3.4 F.7): the state table, its answers, the data so far.

Used by every actor that is an MPPS SCP. Thread-safe. Accepts steps of unknown patients and procedures.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from pydicom.dataset import Dataset

from harness.actor import World
from harness.dicom import paths
from harness.transports.dimse import DimseRequest, DimseResponse


class PpsState(Enum):
    """Performed Procedure Step Status (0040,0252)."""

    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    DISCONTINUED = "DISCONTINUED"

    @property
    def final(self) -> bool:
        """Whether the step may no longer be changed."""
        return self is not PpsState.IN_PROGRESS


SUCCESS = 0x0000
INVALID_ATTRIBUTE_VALUE = 0x0106
PROCESSING_FAILURE = 0x0110
DUPLICATE_SOP_INSTANCE = 0x0111
NO_SUCH_SOP_INSTANCE = 0x0112
MISSING_ATTRIBUTE = 0x0120
MISSING_ATTRIBUTE_VALUE = 0x0121

ERROR_ID = "ErrorID"
ERROR_COMMENT = "ErrorComment"
NO_LONGER_UPDATED = MappingProxyType(
    {
        ERROR_ID: str(0xA710),
        ERROR_COMMENT: "Performed Procedure Step Object may no longer be updated",
    }
)
"""What goes with 0110 in a final state (PS3.4 F.7.2.2.4); a comment has at most 64 characters."""

SET_TRANSITIONS: Mapping[tuple[PpsState, PpsState], int] = MappingProxyType(
    {
        (PpsState.IN_PROGRESS, PpsState.IN_PROGRESS): SUCCESS,
        (PpsState.IN_PROGRESS, PpsState.COMPLETED): SUCCESS,
        (PpsState.IN_PROGRESS, PpsState.DISCONTINUED): SUCCESS,
    }
)
"""N-SET by state and wanted status (PS3.4 F.7.2.2); what is not listed is refused with 0110."""


@dataclass(frozen=True)
class PerformedStep:
    """A step: its SOP Instance UID, state, and the attributes of N-CREATE and every N-SET together."""

    uid: str
    state: PpsState
    dataset: Dataset


class PerformedSteps:
    """The steps of one SCP by SOP Instance UID."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._steps: dict[str, PerformedStep] = {}

    def find(self, uid: str) -> PerformedStep | None:
        """The step of that UID."""
        with self._lock:
            return self._steps.get(uid)

    def all(self) -> tuple[PerformedStep, ...]:
        """Every step, in the order in which they were created."""
        with self._lock:
            return tuple(self._steps.values())

    def create(self, request: DimseRequest) -> DimseResponse:
        """Answer an N-CREATE; an SCU that gives no UID gets one."""
        dataset = request.dataset
        if not paths.present(dataset, "PerformedProcedureStepStatus"):
            return _failure(MISSING_ATTRIBUTE, "Performed Procedure Step Status missing")
        status = paths.first(dataset, "PerformedProcedureStepStatus")
        if not status:
            return _failure(MISSING_ATTRIBUTE_VALUE, "Performed Procedure Step Status empty")
        if not self._world.decide("mpps-begins-in-progress", status == PpsState.IN_PROGRESS.value):
            return _failure(INVALID_ATTRIBUTE_VALUE, "Performed Procedure Step Status is not IN PROGRESS")
        uid = request.sop_instance or self._world.identifiers.uid()
        with self._lock:
            if self._world.decide("mpps-exists", uid in self._steps):
                return _failure(DUPLICATE_SOP_INSTANCE, "Performed Procedure Step exists already")
            self._steps[uid] = PerformedStep(uid, PpsState.IN_PROGRESS, copy.deepcopy(dataset))
        return DimseResponse(status=SUCCESS, fields={"AffectedSOPInstanceUID": uid})

    def set(self, request: DimseRequest) -> DimseResponse:
        """Answer an N-SET; a final state refuses (unless a deviation decides otherwise)."""
        status = paths.first(request.dataset, "PerformedProcedureStepStatus")
        try:
            wanted = PpsState(status) if status else None
        except ValueError:
            return _failure(INVALID_ATTRIBUTE_VALUE, "Performed Procedure Step Status unknown")
        with self._lock:
            step = self._steps.get(request.sop_instance)
            if step is None:
                return _failure(NO_SUCH_SOP_INSTANCE, "Performed Procedure Step unknown")
            if self._world.decide("mpps-is-final", self._refuses(step, wanted)):
                return DimseResponse(status=PROCESSING_FAILURE, fields=NO_LONGER_UPDATED)
            dataset = copy.deepcopy(step.dataset)
            for element in copy.deepcopy(request.dataset):
                if element.keyword != "SpecificCharacterSet":
                    dataset[element.tag] = element
            self._steps[step.uid] = PerformedStep(step.uid, wanted or step.state, dataset)
        return DimseResponse(status=SUCCESS, fields={"AffectedSOPInstanceUID": request.sop_instance})

    @staticmethod
    def _refuses(step: PerformedStep, wanted: PpsState | None) -> bool:
        return SET_TRANSITIONS.get((step.state, wanted or step.state)) != SUCCESS


def _failure(status: int, comment: str) -> DimseResponse:
    return DimseResponse(status=status, fields={ERROR_COMMENT: comment})
