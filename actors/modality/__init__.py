"""The Acquisition Modality: worklist, performed procedure step, images, storage commitment (RAD-5 to RAD-8, RAD-10).

It knows what a person beside the patient knows, and what the worklist told it; everything else it makes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from actors.modality import charges, commitment, encodings, performed_step, starting, worklist
from actors.modality.examination import Examination, Image, PatientFile, Patients, PerformedSeries
from actors.modality.images import Acquisition, acquire, new_series
from actors.modality.performed_step import REASONS, StepStatus
from actors.objects.copying import leave_alphabetic_name
from actors.peers import IMAGE_MANAGER, MODALITY, ORDER_FILLER, PPS_MANAGER
from harness.actor import Action, Actor, CannotAct, World, feeds, performs, register
from harness.dicom.bulk import Bulk
from harness.dicom.encoding import encode_large, wrap_large
from harness.dicom.paths import first
from harness.dicom.statuses import is_failure, is_pending
from harness.dicom.uids import uid_of
from harness.model.names import ActorName, TransactionId
from harness.model.scenario import PlannedProcedure, ReportLink, Step, TransferSyntax
from harness.transports.dimse import Association, DimseRequest, DimseResponse, SupportedClass

DEFAULT_IMAGES = 4
"""Images of an examination when the step does not say how many."""

_WORKLIST = "ModalityWorklistInformationFind"
_PERFORMED_STEP = "ModalityPerformedProcedureStep"
_COMMITMENT, _COMMITMENT_INSTANCE = commitment.PUSH_MODEL, commitment.PUSH_MODEL_INSTANCE
_UNSPECIFIED = "110513"


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a step wants the performed step to end: its new status, and why when it is discontinued."""

    status: StepStatus
    reason: str = ""

    @classmethod
    def of(cls, step: Step) -> Ending:
        """From the step's `status`: nothing or COMPLETED, IN PROGRESS, or DISCONTINUED with a code of CID 9301."""
        text = step.status.upper()
        if text in ("", StepStatus.COMPLETED.value):
            return cls(status=StepStatus.COMPLETED)
        if text == StepStatus.IN_PROGRESS.value:
            return cls(status=StepStatus.IN_PROGRESS)
        word, _, reason = text.partition(" ")
        reason = reason.strip() or _UNSPECIFIED
        if word == StepStatus.DISCONTINUED.value and reason in REASONS:
            return cls(status=StepStatus.DISCONTINUED, reason=reason)
        raise CannotAct(
            f"step {step.id}: a performed step ends as COMPLETED, or as DISCONTINUED with a code of CID 9301 "
            f"(DISCONTINUED 110514), not as {step.status!r}"
        )


@register
class Modality(Actor):
    """Our modality, one for every patient. `report_patience`: seconds it waits for a commitment report."""

    name = MODALITY
    supports = (SupportedClass(_COMMITMENT, requestor_is_scp=True),)
    report_patience: ClassVar[float] = 5.0

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._patients = Patients()
        self._commitments = commitment.Commitments()

    @performs("RAD-5")
    def query_worklist(self, action: Action) -> None:
        """Ask for the patient's entries, and keep those for the ordered service; none is an answer, too.

        With nobody at the bedside yet everybody's are asked for, and kept for whoever comes next.
        """
        procedure = self.world.procedures.procedure(action.bedside.service)
        patient_id, keys = action.bedside.patient_id, action.step.keys
        known = worklist.Known(
            bedside=action.bedside,
            entry=next(iter(self._file(action).entries), Dataset()) if patient_id else Dataset(),
            station=self._ae_title(),
            modality=procedure.steps[0].modality,
            today=self.world.clock.now(),
        )
        query = worklist.query(known, keys) if keys or not patient_id else worklist.query(known)
        with self._associate("RAD-5", action) as association:
            cancelled = action.step.cancel
            answers = (
                association.c_find(_WORKLIST, query, cancel=True) if cancelled else association.c_find(_WORKLIST, query)
            )
        if cancelled:
            return
        found = [answer.dataset for answer in answers if is_pending(answer.status) and answer.dataset is not None]
        everybody = dict.fromkeys(first(entry, "PatientID") for entry in found)
        if not patient_id:
            self._patients.tidy(everybody)
        for patient in [patient_id] if patient_id else everybody:
            file, listed = self._patients.file(patient), worklist.entries_of(found, patient)
            if listed or not keys:
                file.listed, file.unasked = listed, not patient_id
                file.entries = worklist.entries_for(listed, procedure) if patient_id else listed

    @performs("RAD-6")
    def start_step(self, action: Action) -> None:
        """Start a performed step for the next scheduled step, or as the step says, and report it in progress.

        An illegal step creates the latest performed step once more, or one that is not in progress.
        """
        file = self._file(action)
        status = Ending.of(action.step).status if action.step.status else StepStatus.IN_PROGRESS
        if action.step.illegal and not action.step.status:
            examination = self._examination(file.latest(), action)
        elif action.step.illegal:
            examination = self._begin(file, action)
        else:
            examination = file.unreported() or self._begin(file, action)
        created = performed_step.in_progress(examination, self._ae_title(), status)
        with self._associate("RAD-6", action) as association:
            answer = association.n_create(_PERFORMED_STEP, examination.mpps, created)
        if not action.step.illegal:
            examination.reported, examination.known = True, not is_failure(answer.status)
            if examination not in file.examinations:
                file.examinations.append(examination)

    def _begin(self, file: PatientFile, action: Action) -> Examination:
        """An examination of what the step says: entries of the worklist, or none."""
        identifiers, now = self.world.identifiers, self.world.clock.now()
        scheduled: tuple[Dataset, ...] = ()
        planned = self.world.procedures.procedure(action.bedside.service)
        if action.step.unscheduled:
            entry = starting.unscheduled(action.bedside, planned.steps[0].modality, identifiers.uid())
        else:
            if file.unasked:
                file.entries = worklist.entries_of_code(file.listed, action.bedside.service)
            scheduled = starting.entries_to_perform(file, action.bedside.patient_id, action.step.entries)
            entry = scheduled[0] if len(scheduled) == 1 else starting.grouped(scheduled, identifiers)
        examination = Examination(
            entry=entry,
            scheduled=scheduled,
            mpps=identifiers.uid(),
            pps_id=identifiers.number("PPS"),
            start=now,
            study_start=now,
            frame_of_reference=identifiers.uid(),
            study_id=first(next(iter(scheduled), entry), "RequestedProcedureID") or identifiers.number("ST"),
            performed=planned if action.step.unscheduled else self._performed(action.step),
        )
        earlier = file.of_study(examination.study)
        if earlier:
            examination.study_start = earlier[0].study_start
            if not self.world.decide("image-names-own-step", True):
                examination.named_step = earlier[0].mpps
            if not self.world.decide("performed-step-id-is-new", True):
                examination.pps_id = earlier[0].pps_id
        return examination

    def _performed(self, step: Step) -> PlannedProcedure | None:
        """What is done instead of what was scheduled."""
        return self.world.procedures.procedure(step.performed) if step.performed else None

    @performs("RAD-8")
    def store_images(self, action: Action) -> None:
        """Store the images that wait, or acquire `step.instances` of them; what is refused is not listed later."""
        file = self._file(action)
        if action.step.unreported:
            file.examinations.append(self._begin(file, action))
        examination = self._examination(file.to_store(), action)
        examination.performed = self._performed(action.step) or examination.performed
        if not examination.pending():
            self._acquire(file, examination, action.step, _count(action.step))
        pending = examination.pending()
        classes = sorted({image.reference.sop_class for image in pending})
        with self._associate("RAD-8", action, *classes) as association:
            for image in pending:
                self._store(association, image, action.step.transfer_syntax)

    def _store(self, association: Association, image: Image, wanted: TransferSyntax | None) -> None:
        response = association.c_store(encodings.encoded(image.dataset, wanted, association.takes))
        image.stored = not is_failure(response.status)

    def _acquire(self, file: PatientFile, examination: Examination, step: Step, images: int) -> None:
        if examination.final:
            raise CannotAct(
                f"the performed step {examination.pps_id} is {examination.final}: no more images are made for it "
                "(PS3.4 F.7.2.2.2); to store after the final N-SET, say `instances` in its step"
            )
        made = sum(len(each.series) for each in file.of_study(examination.study))
        acquisition = Acquisition(
            first_series=made + 1, images=images, frames=step.frames, matrix=step.matrix, objects=step.objects
        )
        try:
            acquire(examination, acquisition, self.world.identifiers)
        except ValueError as fault:
            raise CannotAct(f"step {step.id}: {fault}") from fault
        if not self.world.decide("name-is-copied-whole", True):
            for image in examination.pending():
                leave_alphabetic_name(image.dataset)

    @performs("RAD-7")
    def end_step(self, action: Action) -> None:
        """Report the latest performed step ended, with the instances stored in it.

        With `step.instances` so many images are acquired now, and listed before they are stored. A step that is
        final already, or that nobody created, is reported all the same: the receiver has to refuse that.
        """
        ending = Ending.of(action.step)
        file = self._file(action)
        if action.step.unknown:
            examination = self._begin(file, action)
            examination.known = True
        else:
            examination = self._examination(file.latest(), action)
            examination.performed = self._performed(action.step) or examination.performed
        if not examination.known:
            raise CannotAct("the performed procedure step was refused when it was created: there is nothing to set")
        if action.step.instances and not examination.final:
            self._acquire(file, examination, action.step, action.step.instances)
            for image in examination.pending():
                image.announced = True
        modified = self._modification(examination, ending, billing=action.step.billing)
        with self._associate("RAD-7", action) as association:
            association.n_set(_PERFORMED_STEP, examination.mpps, modified)

    def _modification(self, examination: Examination, ending: Ending, *, billing: bool) -> Dataset:
        if ending.status is StepStatus.IN_PROGRESS:
            return performed_step.progressed(examination)
        examination.final = ending.status.value
        series = [each for each in examination.series if each.listed()] or [self._empty_series(examination)]
        now = self.world.clock.now()
        modified = performed_step.finished(examination, ending.status, now, series, ending.reason)
        if billing:
            charges.put_charges(modified)
        return modified

    def _empty_series(self, examination: Examination) -> PerformedSeries:
        """The series that a performed step without images lists (PS3.4 Table F.7.2-1 note 2)."""
        return new_series(examination, Dataset(), 1, self.world.identifiers)

    @performs("RAD-10")
    def request_commitment(self, action: Action) -> None:
        """Ask the archive to keep what was stored, and wait for its report while patience lasts."""
        references = list(self._file(action).to_commit(self._commitments.committed()))
        if not references:
            raise CannotAct(f"nothing was stored for patient {action.bedside.patient_id}")
        never = [references[0]._replace(sop_instance=self.world.identifiers.uid()) for _ in range(action.step.unstored)]
        transaction_uid = self.world.identifiers.uid()
        information = commitment.request(transaction_uid, (*references, *never))
        away = action.step.report_on is ReportLink.AWAY
        with self._commitments.away() if away else nullcontext():
            with self._associate("RAD-10", action) as association:
                response = association.n_action(_COMMITMENT, uid_of(_COMMITMENT_INSTANCE), 1, information)
                if is_failure(response.status):
                    return
                if action.step.report_on is ReportLink.SAME:
                    self._await_report(association, transaction_uid)
            if action.step.report_on is not ReportLink.SAME:
                self._await_report(association, transaction_uid)

    def _await_report(self, association: Association, transaction_uid: str) -> None:
        """Take the report wherever it comes; a released association may have brought it just before."""

        def receive(seconds: float) -> Dataset | None:
            report = association.wait_event_report(seconds)
            return None if report is None else report.dataset

        commitment.receive_until(receive, self._commitments, transaction_uid, self.report_patience)

    def available(self) -> bool:
        """Whether it takes an association: while it is away, it turns the first one away."""
        return not self._commitments.turns_away()

    def n_event_report(self, request: DimseRequest) -> DimseResponse:
        """Take a commitment report that comes on an association of the archive (PS3.4 J.3.3)."""
        self._commitments.report(request.dataset)
        return DimseResponse(status=0x0000)

    @feeds("RAD-8")
    def write_images(self, action: Action, folder: Path) -> None:
        """Write the images of the examination as Part 10 files, for a product that stores them in our place."""
        file = self._file(action)
        examination = self._examination(file.to_store(), action)
        if not examination.series:
            self._acquire(file, examination, action.step, _count(action.step))
        for number, image in enumerate(examination.images(), start=1):
            Bulk(_part_10(image)).write(folder / f"image-{number:04d}.dcm")
            image.stored = True

    def _examination(self, examination: Examination | None, action: Action) -> Examination:
        if examination is None:
            raise CannotAct(f"no examination was started for patient {action.bedside.patient_id}")
        return examination

    def _file(self, action: Action) -> PatientFile:
        return self._patients.file(action.bedside.patient_id)

    def _ae_title(self) -> str:
        if self.world.me.dimse is None:
            raise CannotAct("the modality has no AE title")
        return self.world.me.dimse.ae_title

    @contextmanager
    def _associate(self, transaction: str, action: Action, *sop_classes: str) -> Iterator[Association]:
        """An association with the responder of the transaction, for its classes or the given ones."""
        peer, classes = _RESPONDERS[transaction]
        with self.world.associate(
            TransactionId(transaction),
            peer,
            sop_classes or classes,
            action.cause,
            transfer_syntaxes=encodings.proposed(action.step.transfer_syntax),
        ) as association:
            yield association


_RESPONDERS: Mapping[str, tuple[ActorName, tuple[str, ...]]] = MappingProxyType(
    {
        "RAD-5": (ORDER_FILLER, (_WORKLIST,)),
        "RAD-6": (PPS_MANAGER, (_PERFORMED_STEP,)),
        "RAD-7": (PPS_MANAGER, (_PERFORMED_STEP,)),
        "RAD-8": (IMAGE_MANAGER, ()),
        "RAD-10": (IMAGE_MANAGER, (_COMMITMENT,)),
    }
)
"""Who answers the modality's transactions, and the SOP classes proposed; RAD-8 proposes those of its images."""


def _count(step: Step) -> int:
    return DEFAULT_IMAGES if step.instances is None else step.instances


def _part_10(image: Image) -> bytes | Bulk:
    syntax = str(ExplicitVRLittleEndian)
    return wrap_large(encode_large(image.dataset, syntax), syntax, *image.reference)
