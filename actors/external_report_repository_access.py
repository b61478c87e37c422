"""The External Report Repository Access: reports from outside the department, as structured reports (RAD-26, RAD-27).

What the laboratory has of a patient it looks up when it is asked: one report, made once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

from pydicom.dataset import Dataset

from actors.objects.attributes import set_text
from actors.peers import EXTERNAL_REPORT_REPOSITORY_ACCESS
from actors.reporting import retrieval
from actors.reporting.document import ReportedStudy, Statement, basic_text_report
from harness.actor import Actor, World, register
from harness.dicom.paths import first
from harness.transports.dimse import DimseRequest, DimseResponse, MovePlan

LABORATORY = Statement(
    findings="Blood count and coagulation are within normal limits.",
    impression="No laboratory finding of note.",
    reader="ANALYST^LEO^^DR",
    organization="Laboratory",
)
"""What our laboratory says of everybody."""

_OPEN = ("*", "?", "\\")
"""What a key holds that does not name one patient."""


@register
class ExternalReportRepositoryAccess(Actor):
    """External Report Repository Access."""

    name = EXTERNAL_REPORT_REPOSITORY_ACCESS
    supports = retrieval.CLASSES

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._desk = retrieval.Desk(world)
        self._lock = threading.Lock()
        self._known: set[str] = set()

    def close(self) -> None:
        """Hand out nothing any more."""
        self._desk.close()

    def c_find(self, request: DimseRequest) -> Iterator[DimseResponse]:
        """RAD-26."""
        self._look_up(request.dataset)
        return self._desk.find(request)

    def c_move(self, request: DimseRequest) -> MovePlan | DimseResponse:
        """RAD-27."""
        return self._desk.move(request)

    def _look_up(self, keys: Dataset) -> None:
        """Fetch the report of the patient whom the keys name."""
        patient_id = first(keys, "PatientID")
        if not patient_id or any(mark in patient_id for mark in _OPEN):
            return
        with self._lock:
            if patient_id in self._known:
                return
            self._known.add(patient_id)
        self._desk.write(self._report(patient_id, first(keys, "PatientName")))

    def _report(self, patient_id: str, name: str) -> Dataset:
        identifiers, now = self.world.identifiers, self.world.clock.now()
        study = Dataset()
        for keyword, value in (
            ("PatientID", patient_id),
            ("PatientName", "" if any(mark in name for mark in _OPEN) else name),
            ("StudyInstanceUID", identifiers.uid()),
            ("StudyDate", f"{now:%Y%m%d}"),
            ("StudyTime", f"{now:%H%M%S}"),
            ("StudyID", identifiers.number("LAB")),
        ):
            set_text(study, keyword, value)
        return basic_text_report(
            ReportedStudy(study=study, requests=(), instances=()),
            LABORATORY,
            instance_uid=identifiers.uid(),
            series_uid=identifiers.uid(),
            now=now,
        )
