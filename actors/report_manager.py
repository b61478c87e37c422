"""The Report Manager: takes reports (RAD-24), issues final ones (RAD-25) and exports them as text (RAD-28).

RAD-4 tells it which order a study belongs to: images carry no order numbers.
"""

from __future__ import annotations

import threading

from pydicom.dataset import Dataset

from actors.messages import messaging, received
from actors.messages.answering import OnceOnly
from actors.messages.segments import RESULT
from actors.peers import ENTERPRISE_REPORT_REPOSITORY, REPORT_MANAGER, REPORT_REPOSITORY
from actors.reporting.document import is_final
from actors.reporting.export import OrderNumbers, export, order_of
from actors.reporting.store import ReportStore
from harness.actor import Action, World, performs, receives, register
from harness.dicom import paths
from harness.dicom.uids import keyword_of
from harness.errors import CannotAct
from harness.hl7 import Message
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
        self._lock = threading.Lock()
        self._orders: dict[str, OrderNumbers] = {}

    def refuse_unknown(self, message: Message) -> bytes:
        """AR."""
        return messaging.refuse_unknown(self.world, message, ("ADT", "ORM", "OMI"))

    @receives("ADT^A02", "ADT^A03", "ADT^A06", "ADT^A07", "ADT^A08", "ADT^A12", "ADT^A13")
    def take_visit(self, message: Message) -> bytes:
        """RAD-12 about the patient or the visit, of which a report shows nothing until it is written anew."""
        fault = received.missing_identity(message)
        if fault is not None:
            return messaging.refuse(self.world, message, fault)
        return messaging.accept(self.world, message)

    @receives("ORM^O01", "OMI^O23")
    def take_procedure(self, message: Message) -> bytes:
        """RAD-4: remember placer and filler order number of the study."""
        fault = received.missing_identity(message) or received.missing_study(message)
        if fault is not None:
            return messaging.refuse(self.world, message, fault)
        order = received.order(message)
        with self._lock:
            self._orders[received.study(message)] = OrderNumbers(placer=order.placer, filler=order.filler)
        return messaging.accept(self.world, message)

    def c_store(self, request: DimseRequest) -> DimseResponse:
        """RAD-24: keep a report."""
        return self.reports.store(request)

    @performs("RAD-25")
    def issue_report(self, action: Action) -> None:
        """Store the patient's latest final report at the Report Repository, as it was submitted."""
        report = self._final(action)
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
        messaging.deliver(
            self.world,
            action.step.transaction,
            ENTERPRISE_REPORT_REPOSITORY,
            RESULT,
            export(report, order, action.form, authority=action.bedside.authority),
            version=action.form,
            cause=action.cause,
        )

    def _final(self, action: Action) -> Dataset:
        patient_id = action.bedside.patient_id
        report = self.reports.latest(patient_id, is_final)
        if report is None:
            raise CannotAct(f"the Report Manager has no final report of patient {patient_id} (RAD-24)")
        return report
