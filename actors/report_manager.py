"""The Report Manager: takes reports (RAD-24), issues final ones (RAD-25) and exports them as text (RAD-28).

RAD-4 and RAD-13 tell it which order a study belongs to, as images carry no order numbers; RAD-12 who a patient is by
now. A report that was taken stays as it is: one with other data is a new version (PS3.3 C.17.2).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from pydicom.dataset import Dataset

from actors.image_manager.patients import PatientIndex, PatientKey
from actors.messages import merges, messaging, received
from actors.messages.answering import OnceOnly
from actors.messages.segments import RESULT
from actors.peers import ENTERPRISE_REPORT_REPOSITORY, REPORT_MANAGER, REPORT_REPOSITORY
from actors.reporting.document import is_final, new_version, with_changes
from actors.reporting.export import OrderNumbers, export, order_of
from actors.reporting.store import ReportStore
from harness.actor import Action, World, performs, receives, register
from harness.dicom import paths
from harness.dicom.uids import keyword_of
from harness.errors import CannotAct
from harness.hl7 import AckError, Message
from harness.model.names import TransactionId
from harness.transports.dimse import DimseRequest, DimseResponse, SupportedClass


@register
class ReportManager(OnceOnly):
    """Report Manager."""

    name = REPORT_MANAGER
    supports = (SupportedClass("StructuredReportStorage"),)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.reports = ReportStore()
        self._patients = PatientIndex()
        self._lock = threading.Lock()
        self._orders: dict[str, OrderNumbers] = {}

    def refuse_unknown(self, message: Message) -> bytes:
        """AR."""
        return messaging.refuse_unknown(self.world, message, ("ADT", "ORM", "OMI"))

    # RAD-4, RAD-12, RAD-13

    @receives("ORM^O01", "OMI^O23")
    def take_procedure(self, message: Message) -> bytes:
        """RAD-4: remember placer and filler order number of the study; RAD-13: of a study that is known."""
        fault = received.missing_identity(message) or received.missing_study(message)
        study = received.study(message)
        with self._lock:
            known = study in self._orders
        if fault is None and message.first("ORC-1") != "NW" and not known:
            fault = AckError(location=received.study_location(message), code="204", text="Study Instance UID unknown")
        if fault is not None:
            return messaging.refuse(self.world, message, fault)
        order = received.order(message)
        with self._lock:
            self._orders[study] = OrderNumbers(placer=order.placer, filler=order.filler)
        return messaging.accept(self.world, message)

    @receives("ADT^A08")
    def correct_patient(self, message: Message) -> bytes:
        """RAD-12 update: what is issued and exported from now on shows the new demographics."""
        fault = received.missing_identity(message)
        if fault is not None:
            return messaging.refuse(self.world, message, fault)
        for patient in received.patients(message):
            self._patients.correct(patient)
        return messaging.accept(self.world, message)

    @receives("ADT^A40")
    def merge_patients(self, message: Message) -> bytes:
        """RAD-12 merge: reports of the dissolved identity are the surviving patient's (RAD TF-2: 4.12)."""
        found = merges.read(message)
        if isinstance(found, AckError):
            return messaging.refuse(self.world, message, found)
        for merge in found:
            self._patients.merge(merge.survivor, PatientKey.of(merge.prior_id, merge.prior_authority))
        return messaging.accept(self.world, message)

    @receives("ADT^A02", "ADT^A03", "ADT^A06", "ADT^A07", "ADT^A12", "ADT^A13")
    def take_visit(self, message: Message) -> bytes:
        """RAD-12 about the visit, of which reports show nothing."""
        fault = received.missing_identity(message)
        if fault is not None:
            return messaging.refuse(self.world, message, fault)
        return messaging.accept(self.world, message)

    # RAD-24, RAD-25, RAD-28

    def c_store(self, request: DimseRequest) -> DimseResponse:
        """RAD-24: keep a report."""
        return self.reports.store(request)

    @performs("RAD-25")
    def issue_report(self, action: Action) -> None:
        """Store the patient's latest final report at the Report Repository: as it was submitted, or with the patient's
        new data as a version of its own."""
        report = self._final(action)
        changes = self._changes(report)
        if changes:
            report = new_version(report, instance_uid=self.world.identifiers.uid(), changes=changes)
            self.reports.add(report)
        sop_class = keyword_of(paths.first(report, "SOPClassUID"))
        with self.world.associate(
            TransactionId("RAD-25"), REPORT_REPOSITORY, (sop_class,), action.cause
        ) as association:
            association.c_store(report)

    @performs("RAD-28")
    def export_report(self, action: Action) -> None:
        """Send the patient's latest final report to the Enterprise Report Repository as ORU^R01."""
        report = self._final(action)
        with self._lock:
            scheduled = self._orders.get(paths.first(report, "StudyInstanceUID"), OrderNumbers())
        order = order_of(report, scheduled)
        if not order.placer:
            raise CannotAct(
                f"neither report {paths.first(report, 'SOPInstanceUID')} nor RAD-4 names a placer order number, "
                "which OBR-2 needs"
            )
        current = with_changes(report, self._changes(report))
        receiver = ENTERPRISE_REPORT_REPOSITORY
        version = self.world.version(action.step.transaction, receiver, action.form, action.cause)
        messaging.deliver(
            self.world,
            action.step.transaction,
            receiver,
            RESULT,
            export(current, order, version, authority=action.bedside.authority),
            version=version,
            cause=action.cause,
        )

    def _final(self, action: Action) -> Dataset:
        patient_id = action.bedside.patient_id
        report = self.reports.latest(lambda one: self._patient_of(one) == patient_id and self._is_final(one))
        if report is None:
            raise CannotAct(f"the Report Manager has no final report of patient {patient_id} (RAD-24)")
        return report

    def _is_final(self, report: Dataset) -> bool:
        return self.world.decide("report-is-final", is_final(report))

    def _patient_of(self, report: Dataset) -> str:
        """The Patient ID under which the report is filed by now."""
        return self._patients.resolve(paths.first(report, "PatientID"), paths.first(report, "IssuerOfPatientID")).id

    def _changes(self, report: Dataset) -> Mapping[str, str]:
        """What the patient is called by now, where the report says otherwise."""
        wanted = self._patients.revision(paths.first(report, "PatientID"), paths.first(report, "IssuerOfPatientID"))
        changed = {keyword: value for keyword, value in wanted.items() if paths.first(report, keyword) != value}
        return changed if self.world.decide("update-applies", bool(changed)) else {}
