"""The Report Reader: asks for the reports of a patient and retrieves them (RAD-26, RAD-27).

It knows the patient as a person at the workstation does, and what the repository told it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from actors.objects.copying import put
from actors.peers import EXTERNAL_REPORT_REPOSITORY_ACCESS, REPORT_READER, REPORT_REPOSITORY
from harness.actor import Action, Actor, Bedside, CannotAct, World, performs, register
from harness.dicom.paths import first
from harness.dicom.person import pn
from harness.dicom.statuses import is_pending
from harness.model.names import ActorName, TransactionId
from harness.transports.dimse import Association, DimseRequest, DimseResponse, SupportedClass

_FIND = "StudyRootQueryRetrieveInformationModelFind"
_MOVE = "StudyRootQueryRetrieveInformationModelMove"

_STUDY_KEYS = (
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "StudyID",
    "StudyInstanceUID",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
)
_SERIES_KEYS = ("Modality", "SeriesNumber", "SeriesInstanceUID")
_REPORT_KEYS = (
    "SOPClassUID",
    "SOPInstanceUID",
    "InstanceNumber",
    "ContentDate",
    "ContentTime",
    "ObservationDateTime",
    "ConceptNameCodeSequence",
    "CompletionFlag",
    "VerificationFlag",
    "ReferencedRequestSequence",
    "PerformedProcedureCodeSequence",
    "VerifyingObserverSequence",
)
"""What is asked of each report (RAD TF-2: 4.26)."""

_CODE_KEYS = ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")
_ITEM_KEYS = {
    "ConceptNameCodeSequence": _CODE_KEYS,
    "PerformedProcedureCodeSequence": _CODE_KEYS,
    "ReferencedRequestSequence": ("AccessionNumber", "RequestedProcedureID"),
    "VerifyingObserverSequence": ("VerifyingObserverName", "VerificationDateTime"),
}


@dataclass(frozen=True, kw_only=True)
class FoundSeries:
    """A series of reports that a repository showed."""

    study: str
    series: str
    reports: tuple[str, ...]


@register
class ReportReader(Actor):
    """Our workstation for reports, one for every patient."""

    name = REPORT_READER
    supports = (SupportedClass("StructuredReportStorage"),)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._lock = threading.Lock()
        self._found: dict[tuple[ActorName, str], tuple[FoundSeries, ...]] = {}
        self._received: dict[str, Dataset] = {}

    @performs("RAD-26")
    def query_reports(self, action: Action) -> None:
        """Ask for the patient's studies, their series of reports and the reports; keep what was found.

        Outside the department a patient is asked for by name as well.
        """
        repository, patient = _repository(action), action.bedside
        with self.world.associate(TransactionId("RAD-26"), repository, (_FIND,), action.cause) as association:
            found = tuple(
                one
                for study in _find(association, _study_query(patient, repository))
                for one in _look_into(association, first(study, "StudyInstanceUID"))
            )
        with self._lock:
            self._found[repository, patient.patient_id] = found

    @performs("RAD-27")
    def retrieve_reports(self, action: Action) -> None:
        """Have everything found moved here, series by series; each move is waited for."""
        repository, patient_id = _repository(action), action.bedside.patient_id
        found = self.found(repository, patient_id)
        if not found:
            raise CannotAct(
                f"no report of patient {patient_id} was found: there is nothing to retrieve", shown_by=repository
            )
        if self.world.me.dimse is None:
            raise CannotAct("the report reader has no AE title")
        with self.world.associate(TransactionId("RAD-27"), repository, (_MOVE,), action.cause) as association:
            for one in found:
                query = _identifier("SERIES", (), StudyInstanceUID=one.study, SeriesInstanceUID=one.series)
                association.c_move(_MOVE, query, self.world.me.dimse.ae_title)

    def c_store(self, request: DimseRequest) -> DimseResponse:
        """Take a report that a repository sends for a C-MOVE."""
        with self._lock:
            self._received[request.sop_instance] = request.dataset
        return DimseResponse(0x0000)

    def found(self, repository: ActorName, patient_id: str) -> tuple[FoundSeries, ...]:
        """What the last query of that repository showed of a patient."""
        with self._lock:
            return self._found.get((repository, patient_id), ())

    def received(self, sop_instance: str) -> Dataset | None:
        """The report of that UID, once it has come."""
        with self._lock:
            return self._received.get(sop_instance)


def _repository(action: Action) -> ActorName:
    return action.step.at or REPORT_REPOSITORY


def _study_query(patient: Bedside, repository: ActorName) -> Dataset:
    query = _identifier("STUDY", _STUDY_KEYS, PatientID=patient.patient_id)
    if repository == EXTERNAL_REPORT_REPOSITORY_ACCESS:
        put(query, "PatientName", pn(patient.name))
        if not pn(patient.name).isascii():
            put(query, "SpecificCharacterSet", "ISO_IR 192")
    return query


def _look_into(association: Association, study: str) -> Sequence[FoundSeries]:
    """The series of reports of a study with their reports (hierarchical search, PS3.4 C.4.1.2.1)."""
    found: list[FoundSeries] = []
    for series in _find(association, _identifier("SERIES", _SERIES_KEYS, StudyInstanceUID=study)) if study else ():
        uid = first(series, "SeriesInstanceUID")
        if not uid or first(series, "Modality") not in ("SR", ""):
            continue
        query = _identifier("IMAGE", _REPORT_KEYS, StudyInstanceUID=study, SeriesInstanceUID=uid)
        reports = tuple(first(report, "SOPInstanceUID") for report in _find(association, query))
        found.append(FoundSeries(study=study, series=uid, reports=reports))
    return found


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
