"""What a peer may ask of us on an association that we opened: event reports, and the stores of a C-GET."""

from __future__ import annotations

import queue
from collections.abc import Callable

from harness.model.profile import Service
from harness.transports.dimse.arrivals import Arrivals
from harness.transports.dimse.handler import DimseHandler
from harness.transports.dimse.primitives import DimseRequest, DimseResponse

OnEventReport = Callable[[DimseRequest], DimseResponse]


class Requestor(DimseHandler):
    """Answers what a peer sends on an association of ours: event reports, and the stores of a C-GET."""

    def __init__(self, on_event_report: OnEventReport | None) -> None:
        self.received: list[DimseRequest] = []
        self.reports: queue.SimpleQueue[DimseRequest | None] = queue.SimpleQueue()
        self._on_event_report = on_event_report
        self.arrivals = Arrivals()

    def arriving(self) -> None:
        """A C-GET takes as long as objects come."""
        self.arrivals.note()

    def c_store(self, request: DimseRequest) -> DimseResponse:
        """Keep what a C-GET brings."""
        self.received.append(request)
        return DimseResponse(0x0000)

    def n_event_report(self, request: DimseRequest) -> DimseResponse:
        """Answer as the association's user says, or with success."""
        return self._on_event_report(request) if self._on_event_report else DimseResponse(0x0000)

    def concluded(self, request: DimseRequest) -> None:
        """Hand a report on only when it was answered: whoever waits for it may release the association at once."""
        if request.service is Service.N_EVENT_REPORT:
            self.reports.put(request)
