"""The Image Manager/Archive: keeps what is stored, commits to it, finds it and hands it out, up to date.

Takes RAD-4, RAD-12, RAD-13 over HL7; RAD-6, RAD-7 (relayed), RAD-8, RAD-10, RAD-11, RAD-14, RAD-16 over DIMSE.
What it holds is in `archive`, what changed since in `patients` and `procedures`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from typing import ClassVar

from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from actors.image_manager import availability, commitment, procedures, wrong_entry
from actors.image_manager.archive import Archive, StoredObject, indexed
from actors.image_manager.handing_out import handed_out
from actors.image_manager.patients import PatientIndex, PatientKey
from actors.image_manager.procedures import Procedures
from actors.image_manager.queries import (
    INDEXED,
    Finder,
    IdentifierError,
    Level,
    answer,
    is_fully_supported,
    is_patient_root,
    level_of,
    refusal,
    unique_keys,
)
from actors.image_manager.revision import Revision
from actors.messages import merges, messaging, received
from actors.messages.answering import OnceOnly
from actors.objects.copying import items, leave_alphabetic_name, put
from actors.objects.performed_steps import PerformedStep, PerformedSteps
from actors.objects.transfer_syntaxes import STORAGE_TRANSFER_SYNTAXES
from actors.peers import IMAGE_MANAGER, ORDER_FILLER
from harness.actor import Action, CannotAct, World, performs, receives, register
from harness.dicom.encoding import wrap_large
from harness.dicom.paths import first
from harness.dicom.scan import skeleton
from harness.dicom.uids import uid_of
from harness.errors import LinkError, LinkLost
from harness.hl7 import AckError, Message
from harness.model.names import TransactionId
from harness.model.system import DimseAddress
from harness.transports.dimse import DimseRequest, DimseResponse, MovePlan, SupportedClass

_SUCCESS = DimseResponse(0x0000)
_PATIENT_ROOT = "PatientRootQueryRetrieveInformationModel"
_STUDY_ROOT = "StudyRootQueryRetrieveInformationModel"
_LOOKS, _LOOK = 10, 0.005
"""How often, and after how many seconds each, it looks whether the requester of a commitment has released."""


@register
class ImageManager(OnceOnly):
    """Our archive. Every answer is truthful, unless a deviation decides otherwise.

    `report_pauses`: seconds after which a commitment report is tried again on an association of its own.
    """

    name = IMAGE_MANAGER
    report_pauses: ClassVar[tuple[float, ...]] = (0.1, 0.3, 0.6, 1.0, 1.5)
    supports = (
        SupportedClass("Storage", STORAGE_TRANSFER_SYNTAXES, requestor_is_scp=True),
        SupportedClass("ModalityPerformedProcedureStep"),
        SupportedClass(commitment.PUSH_MODEL),
        *(
            SupportedClass(f"{root}{service}")
            for root in (_PATIENT_ROOT, _STUDY_ROOT)
            for service in ("Find", "Move", "Get")
        ),
    )

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._archive = Archive()
        self._patients = PatientIndex()
        self._procedures = Procedures()
        self._steps = PerformedSteps(world)
        self._revision = Revision(self._patients, self._procedures)
        self._finder = Finder(self._archive, self._revision.index, self._revision.patient_of, world.decide)
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._transactions: set[str] = set()
        self._notified: set[str] = set()
        self._studies_under_way: set[str] = set()

    def close(self) -> None:
        """Remove the files of large objects; nothing is handed out afterwards."""
        self._closing.set()
        self._archive.close()

    def refuse_unknown(self, message: Message) -> bytes:
        """AR (HL7 table 0008)."""
        return messaging.refuse_unknown(self.world, message, ("ADT", "ORM", "OMI"))

    @receives("ORM^O01", "OMI^O23")
    def take_procedure(self, message: Message) -> bytes:
        """RAD-4 by the order control NW, RAD-13 by CA, DC and XO (RAD TF-2: 4.4, 4.13)."""
        fault = received.missing_study(message)
        if fault is not None:
            return messaging.refuse(self.world, message, fault)
        control = message.first("ORC-1")
        if control == "NW":
            return self._schedule(message)
        procedure = procedures.read(message)
        if control == "XO":
            known = self._procedures.change(procedure)
        elif control in ("CA", "DC"):
            known = self._procedures.cancel(procedure.study)
        else:
            error = AckError(location="ORC^1^1^1^1", code="101", text=f"Order control {control[:2]!r} not taken")
            return messaging.refuse(self.world, message, error)
        if not known:
            return messaging.refuse(self.world, message, procedures.unknown_study(message))
        return messaging.accept(self.world, message)

    def _schedule(self, message: Message) -> bytes:
        fault = received.missing_identity(message)
        if fault is not None:
            return messaging.refuse(self.world, message, fault)
        ids = self._archive.patients_of(received.study(message))
        procedure = procedures.read(message, lambda number, _: number in ids)
        with self._lock:
            under_way = procedure.study in self._studies_under_way
        for patient in received.patients(message):
            self._patients.announce(patient)
        self._procedures.schedule(procedure, late=under_way or self._archive.holds_study(procedure.study))
        return messaging.accept(self.world, message)

    @receives("ADT^A08")
    def correct_patient(self, message: Message) -> bytes:
        """RAD-12 update: whatever is handed out from now on shows the new demographics."""
        fault = received.missing_identity(message)
        if fault is not None:
            return messaging.refuse(self.world, message, fault)
        for patient in received.patients(message):
            self._patients.correct(patient)
        return messaging.accept(self.world, message)

    @receives("ADT^A40")
    def merge_patients(self, message: Message) -> bytes:
        """RAD-12 merge: what was filed under MRG-1 is filed under PID-3 (RAD TF-2: 4.12)."""
        found = merges.read(message)
        if isinstance(found, AckError):
            return messaging.refuse(self.world, message, found)
        for merge in found if self.world.decide("merge-applies", True) else ():
            self._patients.merge(merge.survivor, PatientKey.of(merge.prior_id, merge.prior_authority))
        return messaging.accept(self.world, message)

    @receives("ADT^A02", "ADT^A03", "ADT^A06", "ADT^A07", "ADT^A12", "ADT^A13")
    def take_visit(self, message: Message) -> bytes:
        """RAD-12 about the visit, of which images show nothing."""
        fault = received.missing_identity(message)
        if fault is not None:
            return messaging.refuse(self.world, message, fault)
        return messaging.accept(self.world, message)

    def n_create(self, request: DimseRequest) -> DimseResponse:
        """RAD-6, relayed by the PPS Manager."""
        response = self._steps.create(request)
        if response.status == _SUCCESS.status:
            with self._lock:
                self._studies_under_way |= wrong_entry.scheduled_studies(request.dataset)
        return response

    def n_set(self, request: DimseRequest) -> DimseResponse:
        """RAD-7, relayed; images made with the wrong worklist entry are handed out no more."""
        response = self._steps.set(request)
        if response.status == _SUCCESS.status:
            wrong = wrong_entry.wrongly_identified(request.dataset)
            if wrong and self.world.decide("wrong-entry-is-hidden", True):
                self._archive.hide(wrong)
        return response

    def c_store(self, request: DimseRequest) -> DimseResponse:
        """RAD-8: keep the object as it came (PS3.4 B.4.1, level 2); a duplicate changes nothing."""
        dataset = request.dataset
        whole = self.world.decide("data-set-is-whole", not _ends_early(request))
        if not first(dataset, "SOPInstanceUID") or not whole:
            return DimseResponse(0xC000)
        identity = (first(dataset, "SOPClassUID"), first(dataset, "SOPInstanceUID"))
        where = (first(dataset, "StudyInstanceUID"), first(dataset, "SeriesInstanceUID"))
        fits = identity == (request.sop_class, request.sop_instance) and all(where)
        if not self.world.decide("data-set-fits-request", fits):
            return DimseResponse(0xA900)
        payload = request.file or wrap_large(request.content, request.transfer_syntax, *identity)
        self._archive.add(indexed(dataset, INDEXED), payload)
        return _SUCCESS

    @performs("RAD-49")
    def notify_availability(self, action: Action) -> None:
        """Tell the Order Filler of each finished step of the patient whose instances are all here, once."""
        due = [
            (step, instances)
            for step in self._steps.all()
            if self._is_of(step, action.bedside.patient_id) and step.uid not in self._notified
            if (instances := self._available(step))
        ]
        if not due:
            raise CannotAct(f"no finished step of patient {action.bedside.patient_id} has all its instances here")
        with self.world.associate(
            TransactionId("RAD-49"), ORDER_FILLER, (availability.NOTIFICATION,), action.cause
        ) as association:
            for step, instances in due:
                for content in availability.notifications(step, instances, self._address().ae_title):
                    association.n_create(availability.NOTIFICATION, self.world.identifiers.uid(), content)
                self._notified.add(step.uid)

    def _available(self, step: PerformedStep) -> tuple[StoredObject, ...]:
        """What a step lists when all of it is here; a deviation tells of the rest before it has come."""
        here = tuple(one for uid in availability.listed(step) if (one := self._archive.find(uid)) is not None)
        whole = availability.complete(step, self._archive.find)
        return here if self.world.decide("step-is-complete", bool(whole)) else ()

    def _is_of(self, step: PerformedStep, patient_id: str) -> bool:
        held = (self._archive.find(uid) for uid in availability.listed(step))
        owners = {self._revision.patient_of(one) for one in held if one is not None}
        return patient_id in {first(step.dataset, "PatientID"), *owners}

    @performs("RAD-42")
    def report_work(self, action: Action) -> None:
        """Tell the Order Filler that work on each study of the patient began and is done."""
        query = Dataset()
        put(query, "PatientID", action.bedside.patient_id)
        studies = tuple(self._finder.find(query, Level.STUDY))
        if not studies:
            raise CannotAct(f"nothing of patient {action.bedside.patient_id} is here to work on")
        with self.world.associate(
            TransactionId("RAD-42"), ORDER_FILLER, (availability.WORK_STATUS,), action.cause
        ) as association:
            for study in studies:
                uid, number = self.world.identifiers.uid(), self.world.identifiers.number("WORK")
                now = self.world.clock.now()
                begun = availability.work_begun(study.attributes, number, now)
                association.n_create(availability.WORK_STATUS, uid, begun)
                association.n_set(availability.WORK_STATUS, uid, availability.work_done(now))

    def n_action(self, request: DimseRequest) -> DimseResponse:
        """RAD-10: accept the request; the report follows (PS3.4 J.3.2)."""
        if request.sop_instance != uid_of(commitment.PUSH_MODEL_INSTANCE):
            return DimseResponse(0x0112)
        if request.fields.get("ActionTypeID") != "1":
            return DimseResponse(0x0123)
        transaction_uid = first(request.dataset, "TransactionUID")
        if not transaction_uid or not items(request.dataset, "ReferencedSOPSequence"):
            return DimseResponse(0x0115)
        with self._lock:
            repeated = transaction_uid in self._transactions
            self._transactions.add(transaction_uid)
        self.world.react(partial(self._report, request, repeated))
        return _SUCCESS

    def _report(self, request: DimseRequest, repeated: bool) -> None:
        """Report on the association of the request while it is open, else on one of our own (PS3.4 J.3.3)."""
        report = commitment.judge(request.dataset, self._class_of, self._is_stored, repeated=repeated)
        try:
            self._let_release(request)
            request.report(uid_of(commitment.PUSH_MODEL_INSTANCE), report.event_type, report.information())
        except LinkError:
            self._report_anew(request.calling_ae, report)

    def _let_release(self, request: DimseRequest) -> None:
        """Let a requester that releases at once do so: a report that crosses its release would get no answer."""
        for _ in range(_LOOKS):
            if request.cancelled() or self._closing.wait(_LOOK):
                raise LinkLost("the association of the request is over")

    def _report_anew(self, ae_title: str, report: commitment.Report) -> None:
        requester = self.world.by_ae_title(ae_title)
        if requester is None:
            raise CannotAct(f"the requester of a commitment, {ae_title!r}, is unknown: no report can be sent")
        for pause in (*self.report_pauses, None):
            try:
                with self.world.associate(
                    TransactionId("RAD-10"),
                    requester.actor,
                    (commitment.PUSH_MODEL,),
                    as_scp=(commitment.PUSH_MODEL,),
                ) as association:
                    association.n_event_report(
                        commitment.PUSH_MODEL,
                        uid_of(commitment.PUSH_MODEL_INSTANCE),
                        report.event_type,
                        report.information(),
                    )
                return
            except LinkError:
                again = self.world.decide("report-is-repeated", pause is not None)
                if pause is None or not again or self._closing.wait(pause):
                    raise

    def _class_of(self, sop_instance: str) -> str | None:
        stored = self._archive.find(sop_instance)
        return None if stored is None else stored.sop_class

    def _is_stored(self, stored: bool) -> bool:
        return self.world.decide("instance-is-stored", stored)

    def c_find(self, request: DimseRequest) -> Iterator[DimseResponse]:
        """RAD-11, RAD-14 (PS3.4 C.4.1)."""
        try:
            level = level_of(request.dataset, patient_root=is_patient_root(request.sop_class), retrieve=False)
        except IdentifierError as fault:
            yield refusal(fault)
            return
        pending = 0xFF00 if is_fully_supported(request.dataset, level) else 0xFF01
        for found in self._finder.find(request.dataset, level):
            if request.cancelled():
                yield DimseResponse(0xFE00)
                return
            shown = answer(request.dataset, found, level, self._address().ae_title)
            if not self.world.decide("every-name-group-is-shown", True):
                leave_alphabetic_name(shown)
            yield DimseResponse(pending, shown)

    def c_move(self, request: DimseRequest) -> MovePlan | DimseResponse:
        """RAD-16 to a destination that the world knows, else A801 (PS3.4 C.4.2)."""
        destination = self.world.by_ae_title(request.fields.get("MoveDestination", ""))
        known = destination is not None and destination.dimse is not None
        if not self.world.decide("destination-is-known", known):
            return DimseResponse(0xA801)
        if destination is None or destination.dimse is None:
            return MovePlan(destination=None, instances=[])
        return self._plan(request, destination.dimse)

    def c_get(self, request: DimseRequest) -> MovePlan | DimseResponse:
        """Retrieve on the association of the request (PS3.4 C.4.3)."""
        return self._plan(request, None)

    def _plan(self, request: DimseRequest, destination: DimseAddress | None) -> MovePlan | DimseResponse:
        try:
            level = level_of(request.dataset, patient_root=is_patient_root(request.sop_class), retrieve=True)
        except IdentifierError as fault:
            return refusal(fault)
        found = self._finder.find(unique_keys(request.dataset), level)
        kept = [self._revision.outgoing(each) for match in found for each in match.objects]
        instances = [handed_out(each, self.world.decide) for each in kept]
        return MovePlan(destination=destination, instances=instances, calling_ae=self._address().ae_title)

    def _address(self) -> DimseAddress:
        if self.world.me.dimse is None:
            raise CannotAct("the archive has no AE title")
        return self.world.me.dimse


def _ends_early(request: DimseRequest) -> bool:
    """Whether the data set breaks off: a decoder that takes what it can get does not say so. Large ones are in a file,
    and are not walked."""
    content, syntax = request.content, request.transfer_syntax
    if not isinstance(content, bytes) or syntax == DeflatedExplicitVRLittleEndian:
        return False
    return bool(skeleton(content, syntax).text)
