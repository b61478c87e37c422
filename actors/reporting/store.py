"""Reports as a Storage SCP keeps them; used by the Report Manager and the Report Repository. Thread-safe."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pydicom.dataset import Dataset

from harness.dicom import paths
from harness.transports.dimse import DimseRequest, DimseResponse

SUCCESS = 0x0000
DOES_NOT_MATCH_SOP_CLASS = 0xA900
CANNOT_UNDERSTAND = 0xC000


class ReportStore:
    """Structured reports by SOP Instance UID, in the order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reports: dict[str, Dataset] = {}

    def store(self, request: DimseRequest) -> DimseResponse:
        """Keep what a C-STORE brings; the first copy of an instance stays (PS3.4 B.2.3)."""
        report = request.dataset
        if not len(report):
            return DimseResponse(CANNOT_UNDERSTAND, fields={"ErrorComment": "Data set cannot be decoded"})
        named = paths.first(report, "SOPClassUID"), paths.first(report, "SOPInstanceUID")
        if named != (request.sop_class, request.sop_instance):
            comment = {"ErrorComment": "SOP class or instance differs from the command"}
            return DimseResponse(DOES_NOT_MATCH_SOP_CLASS, fields=comment)
        with self._lock:
            self._reports.setdefault(request.sop_instance, report)
        return DimseResponse(SUCCESS)

    def find(self, sop_instance: str) -> Dataset | None:
        """The report of that UID."""
        with self._lock:
            return self._reports.get(sop_instance)

    def add(self, report: Dataset) -> None:
        """Keep a report that was made here."""
        with self._lock:
            self._reports.setdefault(paths.first(report, "SOPInstanceUID"), report)

    def latest(self, wanted: Callable[[Dataset], bool]) -> Dataset | None:
        """The last report that is as wanted."""
        with self._lock:
            reports = tuple(self._reports.values())
        return next((one for one in reversed(reports) if wanted(one)), None)
