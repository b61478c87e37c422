"""The Report Repository: keeps issued reports (RAD-25)."""

from __future__ import annotations

from actors.peers import REPORT_REPOSITORY
from actors.reporting.store import ReportStore
from harness.actor import Actor, World, register
from harness.transports.dimse import DimseRequest, DimseResponse, SupportedClass


@register
class ReportRepository(Actor):
    """Report Repository."""

    name = REPORT_REPOSITORY
    supports = (SupportedClass("StructuredReportStorage"),)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.reports = ReportStore()

    def c_store(self, request: DimseRequest) -> DimseResponse:
        """RAD-25: keep a report."""
        return self.reports.store(request)
