"""The filler asked with everything requested."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydicom.dataset import Dataset

from actors.objects.copying import put
from actors.order_filler import OrderFiller
from harness.model.profile import Service
from harness.transports.dimse import DimseRequest, DimseResponse

ROOT_KEYS = (
    "AccessionNumber",
    "IssuerOfAccessionNumberSequence",
    "ReferringPhysicianName",
    "ReferencedStudySequence",
    "ReferencedPatientSequence",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "IssuerOfPatientIDQualifiersSequence",
    "PatientBirthDate",
    "PatientSex",
    "PatientWeight",
    "MedicalAlerts",
    "Allergies",
    "PregnancyStatus",
    "StudyInstanceUID",
    "RequestingPhysician",
    "RequestingService",
    "RequestedProcedureDescription",
    "RequestedProcedureCodeSequence",
    "AdmissionID",
    "IssuerOfAdmissionIDSequence",
    "SpecialNeeds",
    "CurrentPatientLocation",
    "PatientState",
    "RequestedProcedureID",
    "ReasonForTheRequestedProcedure",
    "ReasonForRequestedProcedureCodeSequence",
    "RequestedProcedurePriority",
    "PatientTransportArrangements",
    "PlacerOrderNumberImagingServiceRequest",
    "OrderPlacerIdentifierSequence",
    "FillerOrderNumberImagingServiceRequest",
    "OrderFillerIdentifierSequence",
    "ConfidentialityConstraintOnPatientDataDescription",
    "ScheduledProcedureStepSequence",
)

Ask = Callable[..., list[DimseResponse]]


@pytest.fixture
def ask() -> Ask:
    """Query a filler; `cancelled` answers whether a C-CANCEL came."""

    def query(filler: OrderFiller, keys: Dataset, cancelled: Callable[[], bool] = lambda: False) -> list[DimseResponse]:
        request = DimseRequest(
            service=Service.C_FIND, sop_class="1.2.840.10008.5.1.4.31", dataset=keys, cancelled=cancelled
        )
        return list(filler.c_find(request))

    return query


@pytest.fixture
def everything(ask: Ask) -> Callable[[OrderFiller], list[Dataset]]:
    """Every entry with every attribute."""
    keys = Dataset()
    for keyword in ROOT_KEYS:
        put(keys, keyword, [] if keyword.endswith("Sequence") else None)

    def entries(filler: OrderFiller) -> list[Dataset]:
        return [response.dataset for response in ask(filler, keys) if response.dataset is not None]

    return entries
