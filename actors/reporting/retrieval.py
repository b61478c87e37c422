"""How reports are asked for and handed out (RAD-26, RAD-27): used by whoever keeps reports for others to read.

Queries and retrieves as an archive answers them (PS3.4 C.4), of structured reports alone. Thread-safe.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from actors.image_manager.archive import Archive, indexed
from actors.image_manager.queries import (
    INDEXED,
    Finder,
    IdentifierError,
    answer,
    is_fully_supported,
    is_patient_root,
    level_of,
    refusal,
    unique_keys,
)
from harness.actor import World
from harness.dicom.bulk import Bulk
from harness.dicom.encoding import encode, wrap_payload
from harness.dicom.paths import first
from harness.errors import CannotAct
from harness.model.system import DimseAddress
from harness.transports.dimse import DimseRequest, DimseResponse, MovePlan, SupportedClass

UNKNOWN_DESTINATION = 0xA801
CANCELLED = 0xFE00

CLASSES = tuple(
    SupportedClass(f"{root}QueryRetrieveInformationModel{service}")
    for root in ("PatientRoot", "StudyRoot")
    for service in ("Find", "Move")
)
"""What a keeper of reports serves besides taking them."""


class Desk:
    """Finds reports and hands them out, as they came."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._archive = Archive()
        self._finder = Finder(self._archive, lambda stored: deepcopy(stored.index), lambda stored: stored.patient_id)

    def close(self) -> None:
        """Hand out nothing any more."""
        self._archive.close()

    def keep(self, report: Dataset, payload: bytes | Bulk | Path) -> None:
        """Take in a report with its Part 10 form; a known instance stays as it is."""
        self._archive.add(indexed(report, INDEXED), payload)

    def write(self, report: Dataset) -> None:
        """Take in a report that was made here."""
        syntax = str(ExplicitVRLittleEndian)
        identity = first(report, "SOPClassUID"), first(report, "SOPInstanceUID")
        self.keep(report, wrap_payload(encode(report, syntax), syntax, *identity))

    def find(self, request: DimseRequest) -> Iterator[DimseResponse]:
        """RAD-26 (PS3.4 C.4.1)."""
        try:
            level = level_of(request.dataset, patient_root=is_patient_root(request.sop_class), retrieve=False)
        except IdentifierError as fault:
            yield refusal(fault)
            return
        pending = 0xFF00 if is_fully_supported(request.dataset, level) else 0xFF01
        keys = request.dataset if self._world.decide("query-keys-match", True) else Dataset()
        for found in self._finder.find(keys, level):
            if request.cancelled():
                yield DimseResponse(CANCELLED)
                return
            yield DimseResponse(pending, answer(request.dataset, found, level, self._address().ae_title))

    def move(self, request: DimseRequest) -> MovePlan | DimseResponse:
        """RAD-27 to a destination that the world knows (PS3.4 C.4.2)."""
        destination = self._world.by_ae_title(request.fields.get("MoveDestination", ""))
        if destination is None or destination.dimse is None:
            return DimseResponse(UNKNOWN_DESTINATION)
        try:
            level = level_of(request.dataset, patient_root=is_patient_root(request.sop_class), retrieve=True)
        except IdentifierError as fault:
            return refusal(fault)
        found = self._finder.find(unique_keys(request.dataset), level)
        instances = [each.payload for match in found for each in match.objects]
        return MovePlan(destination=destination.dimse, instances=instances, calling_ae=self._address().ae_title)

    def _address(self) -> DimseAddress:
        if self._world.me.dimse is None:
            raise CannotAct("whoever keeps reports has no AE title")
        return self._world.me.dimse
