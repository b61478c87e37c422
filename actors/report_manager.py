"""The Report Manager: takes reports (RAD-24), issues final ones (RAD-25) and exports them as text (RAD-28)."""

from __future__ import annotations

from pydicom.dataset import Dataset

from actors import messaging
from actors.peers import ENTERPRISE_REPORT_REPOSITORY, REPORT_MANAGER, REPORT_REPOSITORY
from actors.report_document import is_final
from actors.report_export import export
from actors.report_store import ReportStore
from actors.segments import RESULT
from harness.actor import Action, Actor, World, performs, register
from harness.dicom import paths
from harness.dicom.uids import keyword_of
from harness.errors import CannotAct
from harness.model.names import TransactionId
from harness.transports.dimse import DimseRequest, DimseResponse, SupportedClass


@register
class ReportManager(Actor):
    """Report Manager."""

    name = REPORT_MANAGER
    supports = (SupportedClass("StructuredReportStorage"),)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.reports = ReportStore()

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
        if not paths.first(report, "ReferencedRequestSequence.PlacerOrderNumberImagingServiceRequest"):
            raise CannotAct(
                f"report {paths.first(report, 'SOPInstanceUID')} names no placer order number, which OBR-2 needs"
            )
        messaging.deliver(
            self.world,
            action.step.transaction,
            ENTERPRISE_REPORT_REPOSITORY,
            RESULT,
            export(report, action.form, authority=action.bedside.authority),
            version=action.form,
            cause=action.cause,
        )

    def _final(self, action: Action) -> Dataset:
        patient_id = action.bedside.patient_id
        report = self.reports.latest(patient_id, is_final)
        if report is None:
            raise CannotAct(f"the Report Manager has no final report of patient {patient_id} (RAD-24)")
        return report
