"""What the filler learns of images: by asking the archive (RAD-11), or by being told (RAD-49, RAD-42).

Keeps what it was shown, by patient, and what it was told, by SOP instance. Thread-safe.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import MappingProxyType

from pydicom.dataset import Dataset

from actors.objects.asking import AVAILABILITY, FIND, Shown, ask_at, descend
from actors.peers import IMAGE_MANAGER
from harness.actor import Action, World
from harness.dicom.paths import first, present
from harness.dicom.statuses import is_pending
from harness.dicom.uids import uid_of
from harness.model.names import TransactionId
from harness.model.scenario import QueryLevel
from harness.transports.dimse import DimseRequest, DimseResponse

NOTIFICATION = "InstanceAvailabilityNotification"
WORK_STATUS = "GeneralPurposePerformedProcedureStep"

_NEEDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        NOTIFICATION: ("StudyInstanceUID", "ReferencedSeriesSequence"),
        WORK_STATUS: ("GeneralPurposePerformedProcedureStepStatus",),
    }
)
"""Type 1 attributes without which a notification says nothing (PS3.4 Table R.3.2-1)."""
_FINAL = frozenset({"COMPLETED", "DISCONTINUED"})
_STATUS = "GeneralPurposePerformedProcedureStepStatus"

_SUCCESS, _PROCESSING_FAILURE, _DUPLICATE, _UNKNOWN = 0x0000, 0x0110, 0x0111, 0x0112
_MISSING, _EMPTY = 0x0120, 0x0121


class ImageAvailability:
    """Which images are where, as far as the filler knows."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._shown: dict[str, Shown] = {}
        self._told: dict[str, Dataset] = {}

    def ask(self, action: Action, study_uid: str) -> None:
        """RAD-11: down the levels from the study that the filler scheduled, or at the step's level alone."""
        patient, step = action.bedside.patient_id, action.step
        with self._lock:
            shown = self._shown.get(patient) or Shown()
        with self._world.associate(TransactionId("RAD-11"), IMAGE_MANAGER, (FIND,), action.cause) as association:

            def ask(query: Dataset) -> list[Dataset]:
                answers = association.c_find(FIND, query)
                return [each.dataset for each in answers if is_pending(each.status) and each.dataset is not None]

            if step.level is None and not step.keys:
                shown = descend(ask, {"StudyInstanceUID": study_uid}, AVAILABILITY)
            else:
                level = step.level or QueryLevel.STUDY
                ask_at(ask, level, step.keys, shown, action.bedside, AVAILABILITY)
        with self._lock:
            self._shown[patient] = shown

    def takes(self, request: DimseRequest) -> bool:
        """Whether the request is a notification, or about the status of work."""
        return request.sop_class in (uid_of(NOTIFICATION), uid_of(WORK_STATUS))

    def create(self, request: DimseRequest) -> DimseResponse:
        """RAD-49, or the beginning of work in RAD-42; one without what it must say is refused (PS3.7 C.5)."""
        needed = _NEEDED[NOTIFICATION if request.sop_class == uid_of(NOTIFICATION) else WORK_STATUS]
        for keyword in needed:
            if not present(request.dataset, keyword):
                return _failure(_MISSING, f"{keyword} missing")
            if not first(request.dataset, keyword) and not request.dataset.get(keyword):
                return _failure(_EMPTY, f"{keyword} empty")
        uid = request.sop_instance or self._world.identifiers.uid()
        with self._lock:
            if uid in self._told:
                return _failure(_DUPLICATE, "SOP instance exists already")
            self._told[uid] = request.dataset
        return DimseResponse(_SUCCESS, fields={"AffectedSOPInstanceUID": uid})

    def set(self, request: DimseRequest) -> DimseResponse:
        """The end of work (RAD-42); what is over may not be changed."""
        with self._lock:
            known = self._told.get(request.sop_instance)
            if known is None:
                return _failure(_UNKNOWN, "General Purpose Performed Procedure Step unknown")
            if first(known, _STATUS) in _FINAL:
                return _failure(_PROCESSING_FAILURE, "the work is over")
            for element in request.dataset:
                known[element.tag] = element
        return DimseResponse(_SUCCESS, fields={"AffectedSOPInstanceUID": request.sop_instance})


def _failure(status: int, comment: str) -> DimseResponse:
    return DimseResponse(status, fields={"ErrorComment": comment[:64]})
