"""The Report Repository: keeps issued reports (RAD-25), and shows and hands them out (RAD-26, RAD-27).

Every version of a report is a report of its own. Nobody tells it of patients: what it shows is what was issued.
"""

from __future__ import annotations

from collections.abc import Iterator

from actors.peers import REPORT_REPOSITORY
from actors.reporting import retrieval
from actors.reporting.store import ReportStore
from harness.actor import Actor, World, register
from harness.dicom.encoding import wrap_large
from harness.dicom.statuses import is_success
from harness.transports.dimse import DimseRequest, DimseResponse, MovePlan, SupportedClass


@register
class ReportRepository(Actor):
    """Report Repository."""

    name = REPORT_REPOSITORY
    supports = (SupportedClass("StructuredReportStorage"), *retrieval.CLASSES)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.reports = ReportStore()
        self._desk = retrieval.Desk(world)

    def close(self) -> None:
        """Hand out nothing any more."""
        self._desk.close()

    def c_store(self, request: DimseRequest) -> DimseResponse:
        """RAD-25: keep a report as it came."""
        response = self.reports.store(request)
        if is_success(response.status) and self.world.decide("report-is-kept", True):
            identity = request.sop_class, request.sop_instance
            payload = request.file or wrap_large(request.content, request.transfer_syntax, *identity)
            self._desk.keep(request.dataset, payload)
        return response

    def c_find(self, request: DimseRequest) -> Iterator[DimseResponse]:
        """RAD-26."""
        return self._desk.find(request)

    def c_move(self, request: DimseRequest) -> MovePlan | DimseResponse:
        """RAD-27."""
        return self._desk.move(request)
