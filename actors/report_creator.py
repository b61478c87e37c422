"""The Report Creator: finds the patient's images and submits a report on them (RAD-24).

Told at the bedside of the patient's ID alone; order numbers and UIDs come from what the Image Manager returns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydicom.dataset import Dataset

from actors.objects.attributes import set_items, set_text
from actors.objects.copying import items
from actors.peers import IMAGE_MANAGER, REPORT_CREATOR, REPORT_MANAGER
from actors.reporting.document import (
    BASIC_TEXT_SR,
    Instance,
    ReportedStudy,
    Statement,
    basic_text_report,
)
from harness.actor import Action, Actor, performs, register
from harness.dicom import paths
from harness.dicom.statuses import is_pending
from harness.dicom.uids import is_in
from harness.errors import CannotAct
from harness.model.names import TransactionId
from harness.transports.dimse import Association

STUDY_ROOT_FIND = "StudyRootQueryRetrieveInformationModelFind"

STUDY_KEYS = (
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "StudyDescription",
    "PatientName",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyID",
)
SERIES_KEYS = ("Modality", "SeriesInstanceUID", "SeriesNumber")
REQUEST_KEYS = (
    "AccessionNumber",
    "RequestedProcedureID",
    "RequestedProcedureDescription",
    "ScheduledProcedureStepID",
    "PlacerOrderNumberImagingServiceRequest",
    "FillerOrderNumberImagingServiceRequest",
)
IMAGE_KEYS = ("SOPClassUID", "SOPInstanceUID", "InstanceNumber")
CODE_KEYS = ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")

NORMAL = Statement(
    findings="No abnormality is seen in the region examined.",
    impression="Normal examination.",
    reader="READER^RITA^^DR",
    organization="Radiology",
)
"""What our reader says of every examination."""


@register
class ReportCreator(Actor):
    """Report Creator."""

    name = REPORT_CREATOR

    @performs("RAD-24")
    def submit_report(self, action: Action) -> None:
        """Report on the patient's latest study, and store the report at the Report Manager."""
        report = basic_text_report(
            self._find(action),
            NORMAL,
            instance_uid=self.world.identifiers.uid(),
            series_uid=self.world.identifiers.uid(),
            now=self.world.clock.now(),
        )
        with self.world.associate(
            TransactionId("RAD-24"), REPORT_MANAGER, (BASIC_TEXT_SR,), action.cause
        ) as association:
            association.c_store(report)

    def _find(self, action: Action) -> ReportedStudy:
        """Query study, series and images as an Image Display does (RAD-14)."""
        patient_id = action.bedside.patient_id
        with self.world.associate(
            TransactionId("RAD-14"), IMAGE_MANAGER, (STUDY_ROOT_FIND,), action.cause
        ) as association:
            studies = _ask(association, _study_query(patient_id))
            if not studies:
                raise CannotAct(f"the Image Manager returned no study of patient {patient_id} to report on (RAD-14)")
            study = max(studies, key=_moment)
            requests: list[Dataset] = []
            instances: list[Instance] = []
            for series in _ask(association, _series_query(study)):
                requests += items(series, "RequestAttributesSequence")
                instances += _images(study, series, _ask(association, _image_query(study, series)))
        if not instances:
            raise CannotAct(f"the Image Manager returned no image of patient {patient_id} to report on (RAD-14)")
        return ReportedStudy(study=study, requests=tuple(requests), instances=tuple(instances))


def _ask(association: Association, identifier: Dataset) -> list[Dataset]:
    responses = association.c_find(STUDY_ROOT_FIND, identifier)
    return [one.dataset for one in responses if is_pending(one.status) and one.dataset is not None]


def _study_query(patient_id: str) -> Dataset:
    identifier = _query("STUDY", STUDY_KEYS)
    set_text(identifier, "PatientID", patient_id)
    set_items(identifier, "ProcedureCodeSequence", [_blank(CODE_KEYS)])
    return identifier


def _series_query(study: Dataset) -> Dataset:
    identifier = _query("SERIES", SERIES_KEYS)
    set_text(identifier, "StudyInstanceUID", paths.first(study, "StudyInstanceUID"))
    request = _blank(REQUEST_KEYS)
    set_items(request, "RequestedProcedureCodeSequence", [_blank(CODE_KEYS)])
    set_items(identifier, "RequestAttributesSequence", [request])
    return identifier


def _image_query(study: Dataset, series: Dataset) -> Dataset:
    identifier = _query("IMAGE", IMAGE_KEYS)
    set_text(identifier, "StudyInstanceUID", paths.first(study, "StudyInstanceUID"))
    set_text(identifier, "SeriesInstanceUID", paths.first(series, "SeriesInstanceUID"))
    return identifier


def _query(level: str, keys: Iterable[str]) -> Dataset:
    identifier = _blank(keys)
    set_text(identifier, "QueryRetrieveLevel", level)
    return identifier


def _blank(keys: Iterable[str]) -> Dataset:
    ds = Dataset()
    for keyword in keys:
        set_text(ds, keyword, "")
    return ds


def _images(study: Dataset, series: Dataset, found: Sequence[Dataset]) -> list[Instance]:
    """The images of a series; what is no image (a report, a presentation state) is left out."""
    instances = (
        Instance(
            paths.first(one, "SOPClassUID"),
            paths.first(one, "SOPInstanceUID"),
            paths.first(series, "SeriesInstanceUID"),
            paths.first(study, "StudyInstanceUID"),
        )
        for one in found
    )
    return [one for one in instances if one.sop_instance and is_in(one.sop_class, ("ImageStorage",))]


def _moment(study: Dataset) -> tuple[str, str]:
    return paths.first(study, "StudyDate"), paths.first(study, "StudyTime")
