"""The Evidence Creator: makes images from images, in a performed step of its own (RAD-14, 16, 18, 20, 21, 10).

It knows the patient as a person at the workstation does, and what the archive told and sent it.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from pydicom.dataset import Dataset

from actors.evidence_creator.derived import derive, derived_series, entry_of
from actors.modality import commitment, performed_step
from actors.modality.examination import Examination, Image, PerformedSeries
from actors.modality.performed_step import StepStatus
from actors.objects.asking import FIND, MOVE, Shown, descend, level_and_keys
from actors.peers import EVIDENCE_CREATOR, IMAGE_MANAGER, PPS_MANAGER
from harness.actor import Action, Actor, CannotAct, World, performs, register
from harness.dicom.paths import first
from harness.dicom.statuses import is_failure, is_pending
from harness.dicom.uids import uid_of
from harness.model.names import TransactionId
from harness.model.scenario import QueryLevel, ReportLink
from harness.transports.dimse import Association, DimseRequest, DimseResponse, SupportedClass

DEFAULT_IMAGES = 2
"""Images that are derived when the step does not say how many."""

_PERFORMED_STEP = "ModalityPerformedProcedureStep"


@dataclass(kw_only=True)
class Case:
    """One patient's work: what the archive showed, the performed step if there is one, and what was made."""

    shown: Shown = field(default_factory=Shown)
    examination: Examination | None = None
    series: list[PerformedSeries] = field(default_factory=list)

    def stored(self) -> tuple[Image, ...]:
        """What was made and taken by the archive."""
        return tuple(image for series in self.series for image in series.images if image.stored)


@register
class EvidenceCreator(Actor):
    """Our post-processing workstation, one for every patient. `report_patience`: seconds it waits for a report."""

    name = EVIDENCE_CREATOR
    supports = (
        SupportedClass("ImageStorage"),
        SupportedClass(commitment.PUSH_MODEL, requestor_is_scp=True),
    )
    report_patience = 5.0

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._lock = threading.Lock()
        self._cases: dict[str, Case] = {}
        self._sources: dict[str, Dataset] = {}
        self._commitments = commitment.Commitments()

    @performs("RAD-14")
    def query_images(self, action: Action) -> None:
        """Ask for the patient's studies, then for their series, then for their images."""
        with self.world.associate(TransactionId("RAD-14"), IMAGE_MANAGER, (FIND,), action.cause) as association:

            def ask(query: Dataset) -> list[Dataset]:
                answers = association.c_find(FIND, query)
                return [each.dataset for each in answers if is_pending(each.status) and each.dataset is not None]

            self._case(action).shown = descend(ask, {"PatientID": action.bedside.patient_id})

    @performs("RAD-16")
    def retrieve_images(self, action: Action) -> None:
        """Have the studies that were found moved here."""
        studies = tuple(self._case(action).shown.unique_keys(QueryLevel.STUDY))
        if not studies or self.world.me.dimse is None:
            raise CannotAct(
                f"no study of patient {action.bedside.patient_id} was found: there is nothing to work on",
                shown_by=IMAGE_MANAGER,
            )
        with self.world.associate(TransactionId("RAD-16"), IMAGE_MANAGER, (MOVE,), action.cause) as association:
            for keys in studies:
                association.c_move(MOVE, level_and_keys(QueryLevel.STUDY, keys), self.world.me.dimse.ae_title)

    def c_store(self, request: DimseRequest) -> DimseResponse:
        """Take an image that the archive sends for a C-MOVE; large ones are not worked on."""
        if request.file is None:
            with self._lock:
                self._sources[request.sop_instance] = request.dataset
        return DimseResponse(0x0000)

    @performs("RAD-20")
    def start_step(self, action: Action) -> None:
        """Report a performed step of our own in progress, for the request that the source images name."""
        case, source = self._case(action), self._source_images(action)[0]
        identifiers, now = self.world.identifiers, self.world.clock.now()
        entry = entry_of(source)
        examination = Examination(
            entry=entry,
            scheduled=(entry,),
            mpps=identifiers.uid(),
            pps_id=identifiers.number("PPS"),
            start=now,
            study_start=now,
            frame_of_reference="",
            study_id=first(source, "StudyID"),
        )
        created = performed_step.in_progress(examination, self._ae_title())
        with self._to_pps_manager("RAD-20", action) as association:
            answer = association.n_create(_PERFORMED_STEP, examination.mpps, created)
        examination.known = not is_failure(answer.status)
        case.examination = examination

    @performs("RAD-18")
    def store_images(self, action: Action) -> None:
        """Derive `step.instances` images in a new series of the source study, and store them."""
        case, sources = self._case(action), self._source_images(action)
        taken = [int(text) for one in sources if (text := first(one, "SeriesNumber")).isdigit()]
        free = max(taken, default=0) + 1 + len(case.series)
        series = derived_series(sources[0], free, self.world.identifiers.uid())
        case.series.append(series)
        for number in range(1, (action.step.instances or DEFAULT_IMAGES) + 1):
            pair = sources[(number - 1) % len(sources)], sources[number % len(sources)]
            uid, now = self.world.identifiers.uid(), self.world.clock.now()
            series.images.append(derive(pair, series, case.examination, uid=uid, number=number, now=now))
        classes = sorted({image.reference.sop_class for image in series.images})
        with self.world.associate(TransactionId("RAD-18"), IMAGE_MANAGER, classes, action.cause) as association:
            for image in series.images:
                image.stored = not is_failure(association.c_store(image.dataset).status)

    @performs("RAD-21")
    def end_step(self, action: Action) -> None:
        """Report the performed step completed, with what was made and stored in it."""
        case = self._case(action)
        examination = case.examination
        if examination is None or not examination.known:
            raise CannotAct(f"no performed step was begun for patient {action.bedside.patient_id} (RAD-20)")
        listed = [series for series in case.series if series.listed()]
        if not listed:
            raise CannotAct("nothing was made in the performed step")
        examination.final = StepStatus.COMPLETED.value
        modified = performed_step.finished(examination, StepStatus.COMPLETED, self.world.clock.now(), listed, "")
        with self._to_pps_manager("RAD-21", action) as association:
            association.n_set(_PERFORMED_STEP, examination.mpps, modified)

    @performs("RAD-10")
    def request_commitment(self, action: Action) -> None:
        """Ask the archive to keep what was made, and wait for its report while patience lasts."""
        references = [image.reference for image in self._case(action).stored()]
        if not references:
            raise CannotAct(f"nothing was made for patient {action.bedside.patient_id}")
        transaction_uid = self.world.identifiers.uid()
        information = commitment.request(transaction_uid, references)
        with self.world.associate(
            TransactionId("RAD-10"), IMAGE_MANAGER, (commitment.PUSH_MODEL,), action.cause
        ) as association:
            answer = association.n_action(commitment.PUSH_MODEL, uid_of(commitment.PUSH_MODEL_INSTANCE), 1, information)
            if is_failure(answer.status):
                return
            if action.step.report_on is ReportLink.SAME:
                self._await_report(association, transaction_uid)
        if action.step.report_on is not ReportLink.SAME:
            self._await_report(association, transaction_uid)

    def _await_report(self, association: Association, transaction_uid: str) -> None:
        def receive(seconds: float) -> Dataset | None:
            report = association.wait_event_report(seconds)
            return None if report is None else report.dataset

        commitment.receive_until(receive, self._commitments, transaction_uid, self.report_patience)

    def n_event_report(self, request: DimseRequest) -> DimseResponse:
        """Take a commitment report that comes on an association of the archive (PS3.4 J.3.3)."""
        self._commitments.report(request.dataset)
        return DimseResponse(0x0000)

    def _case(self, action: Action) -> Case:
        with self._lock:
            return self._cases.setdefault(action.bedside.patient_id, Case())

    def _source_images(self, action: Action) -> list[Dataset]:
        """The images of the first study that was found and has come, in order of series and number."""
        shown = self._case(action).shown
        for study in shown.studies:
            with self._lock:
                found = [self._sources[uid] for _, uid in shown.references(study) if uid in self._sources]
            if found:
                return sorted(found, key=_place)
        raise CannotAct(f"no image of patient {action.bedside.patient_id} has come: there is nothing to work on")

    def _ae_title(self) -> str:
        if self.world.me.dimse is None:
            raise CannotAct("the evidence creator has no AE title")
        return self.world.me.dimse.ae_title

    def _to_pps_manager(self, transaction: str, action: Action) -> AbstractContextManager[Association]:
        return self.world.associate(TransactionId(transaction), PPS_MANAGER, (_PERFORMED_STEP,), action.cause)


def _place(image: Dataset) -> tuple[str, int, str]:
    number = first(image, "InstanceNumber")
    return first(image, "SeriesInstanceUID"), int(number) if number.isdigit() else 0, first(image, "SOPInstanceUID")
