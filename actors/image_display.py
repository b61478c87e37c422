"""The Image Display: finds the studies of the patient it is asked for, and retrieves them (RAD-14, RAD-16).

It knows the patient as a person at the workstation does, and what the archive told it. Received objects are kept by
identity; their bytes are in the record of the run.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from pydicom.dataset import Dataset

from actors.objects.copying import put
from actors.objects.transfer_syntaxes import STORAGE_TRANSFER_SYNTAXES
from actors.peers import IMAGE_MANAGER
from harness.actor import Action, Actor, CannotAct, World, performs, register
from harness.dicom.paths import first
from harness.dicom.statuses import is_pending
from harness.model.names import ActorName, TransactionId
from harness.transports.dimse import Association, DimseRequest, DimseResponse, SupportedClass

IMAGE_DISPLAY = ActorName("Image Display")

_FIND = "StudyRootQueryRetrieveInformationModelFind"
_MOVE = "StudyRootQueryRetrieveInformationModelMove"

_STUDY_KEYS = (
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "StudyID",
    "StudyInstanceUID",
    "ModalitiesInStudy",
    "ReferringPhysicianName",
    "StudyDescription",
    "ProcedureCodeSequence",
    "PatientName",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "NumberOfStudyRelatedSeries",
    "NumberOfStudyRelatedInstances",
)
_SERIES_KEYS = (
    "Modality",
    "SeriesNumber",
    "SeriesInstanceUID",
    "SeriesDescription",
    "NumberOfSeriesRelatedInstances",
    "PerformedProcedureStepID",
    "ReferencedPerformedProcedureStepSequence",
    "RequestAttributesSequence",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
)
_IMAGE_KEYS = (
    "InstanceNumber",
    "SOPInstanceUID",
    "SOPClassUID",
    "Rows",
    "Columns",
    "BitsAllocated",
    "NumberOfFrames",
)
_ITEM_KEYS = {
    "ProcedureCodeSequence": ("CodeValue", "CodingSchemeDesignator", "CodeMeaning"),
    "ReferencedPerformedProcedureStepSequence": ("ReferencedSOPClassUID", "ReferencedSOPInstanceUID"),
    "RequestAttributesSequence": ("RequestedProcedureID", "ScheduledProcedureStepID"),
}


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
        self._found: dict[str, tuple[FoundStudy, ...]] = {}
        self._received: dict[str, str] = {}

    @performs("RAD-14")
    def query_images(self, action: Action) -> None:
        """Ask for the patient's studies, then for their series, then for their images; keep what was found."""
        patient_id = action.bedside.patient_id
        with self.world.associate(TransactionId("RAD-14"), IMAGE_MANAGER, (_FIND,), action.cause) as association:
            query = _identifier("STUDY", _STUDY_KEYS, PatientID=patient_id)
            studies = [first(answer, "StudyInstanceUID") for answer in _find(association, query)]
            found = tuple(_look_into(association, study) for study in studies if study)
        with self._lock:
            self._found[patient_id] = found

    @performs("RAD-16")
    def retrieve_images(self, action: Action) -> None:
        """Have everything found moved here, study by study; each move is waited for."""
        patient_id = action.bedside.patient_id
        studies = self.found(patient_id)
        if not studies:
            raise CannotAct(f"no study of patient {patient_id} was found: there is nothing to retrieve")
        if self.world.me.dimse is None:
            raise CannotAct("the image display has no AE title")
        with self.world.associate(TransactionId("RAD-16"), IMAGE_MANAGER, (_MOVE,), action.cause) as association:
            for study in studies:
                query = _identifier("STUDY", (), StudyInstanceUID=study.uid)
                association.c_move(_MOVE, query, self.world.me.dimse.ae_title)

    def c_store(self, request: DimseRequest) -> DimseResponse:
        """Take an object that the archive sends for a C-MOVE."""
        with self._lock:
            self._received[request.sop_instance] = request.sop_class
        return DimseResponse(0x0000)

    def found(self, patient_id: str) -> tuple[FoundStudy, ...]:
        """What the last query showed of a patient."""
        with self._lock:
            return self._found.get(patient_id, ())

    def has_received(self, sop_instance: str) -> bool:
        """Whether the object has come."""
        with self._lock:
            return sop_instance in self._received


def _look_into(association: Association, study: str) -> FoundStudy:
    """The instances of a study, series by series (hierarchical search, PS3.4 C.4.1.2.1)."""
    instances: list[tuple[str, str]] = []
    for series in _find(association, _identifier("SERIES", _SERIES_KEYS, StudyInstanceUID=study)):
        uid = first(series, "SeriesInstanceUID")
        if not uid:
            continue
        query = _identifier("IMAGE", _IMAGE_KEYS, StudyInstanceUID=study, SeriesInstanceUID=uid)
        for image in _find(association, query):
            instances.append((first(image, "SOPClassUID"), first(image, "SOPInstanceUID")))
    return FoundStudy(uid=study, instances=tuple(instances))


def _find(association: Association, identifier: Dataset) -> list[Dataset]:
    answers = association.c_find(_FIND, identifier)
    return [each.dataset for each in answers if is_pending(each.status) and each.dataset is not None]


def _identifier(level: str, return_keys: tuple[str, ...], **keys: str) -> Dataset:
    identifier = Dataset()
    put(identifier, "QueryRetrieveLevel", level)
    for keyword in return_keys:
        put(identifier, keyword, [_empty_item(keyword)] if keyword in _ITEM_KEYS else None)
    for keyword, value in keys.items():
        put(identifier, keyword, value)
    return identifier


def _empty_item(sequence: str) -> Dataset:
    item = Dataset()
    for keyword in _ITEM_KEYS[sequence]:
        put(item, keyword, None)
    return item
