"""The Report Creator: finds the patient's images and submits a report on them (RAD-24).

Told at the bedside of the patient's ID alone; order numbers and UIDs come from what the Image Manager returns. It knows
what it wrote before: a new version names the earlier one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pydicom.dataset import Dataset

from actors.objects.attributes import set_items, set_text
from actors.objects.copying import items
from actors.peers import IMAGE_MANAGER, REPORT_CREATOR, REPORT_MANAGER
from actors.reporting.document import (
    BASIC_TEXT_SR,
    Instance,
    ReportedStudy,
    Standing,
    Statement,
    basic_text_report,
    is_final,
)
from harness.actor import Action, Actor, Errand, World, performs, register
from harness.dicom import paths
from harness.dicom.statuses import is_failure, is_pending
from harness.dicom.uids import is_in
from harness.errors import CannotAct
from harness.model.names import TransactionId
from harness.model.profile import Service
from harness.model.scenario import Step
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


ADDED = replace(NORMAL, addendum="Compared with earlier images, nothing has changed.")
"""What our reader adds afterwards."""


def _standing(step: Step, before: tuple[Dataset, ...]) -> Standing:
    """From the step's `status`: nothing for a final report, PARTIAL for a draft, UNVERIFIED for a complete one."""
    text = step.status.upper()
    if text not in ("", "PARTIAL", "UNVERIFIED"):
        raise CannotAct(f"step {step.id}: a report is PARTIAL, UNVERIFIED, or final, not {step.status!r}")
    return Standing(complete=text != "PARTIAL", verified=not text, predecessors=before)


@register
class ReportCreator(Actor):
    """Report Creator."""

    name = REPORT_CREATOR
    errands = (
        Errand(
            step=TransactionId("RAD-24"),
            transaction=TransactionId("RAD-14"),
            to=IMAGE_MANAGER,
            service=Service.C_FIND,
            sop_classes=(STUDY_ROOT_FIND,),
        ),
    )

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._lock = threading.Lock()
        self._written: dict[str, tuple[Dataset, ...]] = {}

    @performs("RAD-24")
    def submit_report(self, action: Action) -> None:
        """Report on a study of the patient, and store the report at the Report Manager.

        It is on the latest study without a final report, or with `addendum` on the latest that has one. What was
        written of the study before is named as its predecessor, and stays as it is.
        """
        reported = self._find(action)
        before = self._written_on(reported.study)
        report = basic_text_report(
            reported,
            ADDED if action.step.addendum else NORMAL,
            _standing(action.step, before[-1:]),
            instance_uid=self._instance_uid(before),
            series_uid=self.world.identifiers.uid(),
            now=self.world.clock.now(),
        )
        with self.world.associate(
            TransactionId("RAD-24"), REPORT_MANAGER, (BASIC_TEXT_SR,), action.cause
        ) as association:
            answer = association.c_store(report)
        if not is_failure(answer.status):
            with self._lock:
                self._written[paths.first(reported.study, "StudyInstanceUID")] = (*before, report)

    def _instance_uid(self, before: tuple[Dataset, ...]) -> str:
        if before and not self.world.decide("new-version-is-new-instance", True):
            return paths.first(before[-1], "SOPInstanceUID")
        return self.world.identifiers.uid()

    def _written_on(self, study: Dataset) -> tuple[Dataset, ...]:
        with self._lock:
            return self._written.get(paths.first(study, "StudyInstanceUID"), ())

    def _is_reported(self, study: Dataset) -> bool:
        return any(is_final(one) for one in self._written_on(study))

    def _choose(self, studies: Sequence[Dataset], action: Action) -> Dataset:
        """The study to report on; the latest, when none is as the step wants it and no addendum is asked for."""
        fitting = [one for one in studies if self._is_reported(one) is action.step.addendum]
        if action.step.addendum and not fitting:
            raise CannotAct(f"there is no final report of patient {action.bedside.patient_id} to add to")
        return max(fitting or studies, key=_moment)

    def _find(self, action: Action) -> ReportedStudy:
        """Query study, series and images as an Image Display does (RAD-14)."""
        patient_id = action.bedside.patient_id
        with self.world.associate(
            TransactionId("RAD-14"), IMAGE_MANAGER, (STUDY_ROOT_FIND,), action.cause
        ) as association:
            studies = _ask(association, _study_query(patient_id))
            if not studies:
                raise CannotAct(
                    f"the Image Manager returned no study of patient {patient_id} to report on (RAD-14)",
                    shown_by=IMAGE_MANAGER,
                )
            study = self._choose(studies, action)
            requests: list[Dataset] = []
            instances: list[Instance] = []
            for series in _ask(association, _series_query(study)):
                requests += items(series, "RequestAttributesSequence")
                instances += _images(study, series, _ask(association, _image_query(study, series)))
        if not instances:
            raise CannotAct(
                f"the Image Manager returned no image of patient {patient_id} to report on (RAD-14)",
                shown_by=IMAGE_MANAGER,
            )
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
