"""The Image Display: finds the studies of the patient it is asked for, and retrieves them (RAD-14, RAD-16).

It knows the patient as a person at the workstation does, and what the archive told it. Received objects are kept by
identity; their bytes are in the record of the run.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from pydicom.dataset import Dataset

from actors.objects.asking import FIND, MOVE, Shown, ask_at, descend, identifier, level_and_keys
from actors.objects.transfer_syntaxes import STORAGE_TRANSFER_SYNTAXES
from actors.peers import IMAGE_MANAGER
from harness.actor import Action, Actor, CannotAct, World, performs, register
from harness.dicom.statuses import is_pending
from harness.model.names import ActorName, TransactionId
from harness.model.scenario import Destination, QueryLevel, Step
from harness.transports.dimse import Arrivals, Association, DimseRequest, DimseResponse, SupportedClass

IMAGE_DISPLAY = ActorName("Image Display")

NOWHERE = "SWF_NOWHERE"
"""An AE title that nobody has."""


@dataclass(frozen=True, kw_only=True)
class FoundStudy:
    """A study that the archive showed, with its instances as (SOP class, SOP instance)."""

    uid: str
    instances: tuple[tuple[str, str], ...]


@register
class ImageDisplay(Actor):
    """Our workstation, one for every patient."""

    name = IMAGE_DISPLAY
    supports = (SupportedClass("Storage", STORAGE_TRANSFER_SYNTAXES),)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._lock = threading.Lock()
        self._shown: dict[str, Shown] = {}
        self._received: dict[str, str] = {}
        self._arrivals = Arrivals()

    @performs("RAD-14")
    def query_images(self, action: Action) -> None:
        """Ask for the patient's studies, then for their series, then for their images; or at the step's level alone.

        An illegal step asks below the study without the unique keys of the levels above.
        """
        patient_id, step = action.bedside.patient_id, action.step
        with self.world.associate(TransactionId("RAD-14"), IMAGE_MANAGER, (FIND,), action.cause) as association:

            def ask(query: Dataset) -> list[Dataset]:
                return _find(association, query, step)

            if step.illegal:
                ask(identifier(step.level or QueryLevel.STUDY, {}))
                return
            if step.level is None and not step.keys:
                shown = descend(ask, {"PatientID": patient_id})
            else:
                shown = self._known(patient_id)
                ask_at(ask, step.level or QueryLevel.STUDY, step.keys, shown, action.bedside)
        with self._lock:
            self._shown[patient_id] = shown

    @performs("RAD-16")
    def retrieve_images(self, action: Action) -> None:
        """Have everything found moved here, each study, series or image by a move of its own that is waited for."""
        patient_id, step = action.bedside.patient_id, action.step
        wanted = tuple(self._known(patient_id).unique_keys(step.level or QueryLevel.STUDY))
        if not wanted:
            raise CannotAct(
                f"nothing of patient {patient_id} was found: there is nothing to retrieve", shown_by=IMAGE_MANAGER
            )
        if self.world.me.dimse is None:
            raise CannotAct("the image display has no AE title")
        destination = NOWHERE if step.to is Destination.NOWHERE else self.world.me.dimse.ae_title
        with self.world.associate(TransactionId("RAD-16"), IMAGE_MANAGER, (MOVE,), action.cause) as association:
            for keys in wanted:
                identifier = level_and_keys(step.level or QueryLevel.STUDY, keys)
                association.c_move(MOVE, identifier, destination, self._arrivals.since)

    def arriving(self) -> None:
        """A retrieve takes as long as objects come."""
        self._arrivals.note()

    def c_store(self, request: DimseRequest) -> DimseResponse:
        """Take an object that the archive sends for a C-MOVE."""
        with self._lock:
            self._received[request.sop_instance] = request.sop_class
        return DimseResponse(0x0000)

    def found(self, patient_id: str) -> tuple[FoundStudy, ...]:
        """What the queries so far showed of a patient."""
        shown = self._known(patient_id)
        return tuple(FoundStudy(uid=study, instances=shown.references(study)) for study in shown.studies)

    def has_received(self, sop_instance: str) -> bool:
        """Whether the object has come."""
        with self._lock:
            return sop_instance in self._received

    def _known(self, patient_id: str) -> Shown:
        with self._lock:
            return self._shown.get(patient_id) or Shown()


def _find(association: Association, query: Dataset, step: Step) -> list[Dataset]:
    answers = association.c_find(FIND, query, cancel=True) if step.cancel else association.c_find(FIND, query)
    return [each.dataset for each in answers if is_pending(each.status) and each.dataset is not None]
