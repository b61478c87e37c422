"""What the archive tells the department of images: notifications, and the status of its work."""

from __future__ import annotations

import pytest

from harness.actor import CannotAct
from harness.dicom.paths import first, values
from harness.dicom.uids import uid_of
from harness.model.profile import Service
from harness.transports.dimse import DimseRequest

IAN = uid_of("InstanceAvailabilityNotification")
WORK = uid_of("GeneralPurposePerformedProcedureStep")
NAMED = "ReferencedSeriesSequence[*].ReferencedSOPSequence[*].ReferencedSOPInstanceUID"


def relay(department) -> None:
    """Hand the archive the performed steps, as a PPS Manager does."""
    for call in department.wire.calls:
        if call.service in ("N_CREATE", "N_SET") and call.peer == "PPS Manager":
            service = Service[call.service]
            request = DimseRequest(
                service=service, sop_class=call.sop_class, sop_instance=call.sop_instance, dataset=call.dataset
            )
            (department.archive.n_create if service is Service.N_CREATE else department.archive.n_set)(request)


def sent(department, sop_class: str) -> list:
    return [call for call in department.wire.calls if call.sop_class == sop_class]


@pytest.fixture
def full(department):
    department.examine("RAD-5", "RAD-6", "RAD-8", "RAD-7")
    relay(department)
    return department


def test_a_finished_step_is_notified_with_every_instance(full) -> None:
    full.act(full.archive, "RAD-49")
    (call,) = sent(full, IAN)
    (step,) = call.dataset.ReferencedPerformedProcedureStepSequence
    assert step.ReferencedSOPInstanceUID == full.wire.of("N_CREATE")[0].sop_instance
    assert call.dataset.StudyInstanceUID == "1.2.826.0.1.99.4711.1001"
    stored = {one.sop_instance for one in full.wire.of("C_STORE")}
    assert len(stored) == 4
    assert {one.value for one in values(call.dataset, NAMED)} == stored
    item = call.dataset.ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert (item.InstanceAvailability, item.RetrieveAETitle) == ("ONLINE", "ARCHIVE")


def test_a_step_is_notified_once(full) -> None:
    full.act(full.archive, "RAD-49")
    with pytest.raises(CannotAct, match="no finished step"):
        full.act(full.archive, "RAD-49")


def test_nothing_is_notified_before_every_instance_is_here(department) -> None:
    department.examine("RAD-5", "RAD-6")
    department.examine("RAD-7", instances=2)
    relay(department)
    with pytest.raises(CannotAct, match="no finished step"):
        department.act(department.archive, "RAD-49")
    department.wire.forced["step-is-complete"] = True
    department.examine("RAD-8")
    department.act(department.archive, "RAD-49")
    assert len(sent(department, IAN)) == 1


def test_work_on_a_study_is_reported_begun_and_done(full) -> None:
    full.act(full.archive, "RAD-42")
    begun, done = sent(full, WORK)
    assert (begun.service, done.service) == ("N_CREATE", "N_SET")
    assert begun.sop_instance == done.sop_instance
    assert first(begun.dataset, "PatientID") == "P1001"
    (request,) = begun.dataset.ReferencedRequestSequence
    assert (request.StudyInstanceUID, request.AccessionNumber, request.RequestedProcedureID) == (
        "1.2.826.0.1.99.4711.1001",
        "ACC1",
        "RP1",
    )
    assert done.dataset.GeneralPurposePerformedProcedureStepStatus == "COMPLETED"


def test_nothing_here_is_nothing_to_work_on(department) -> None:
    with pytest.raises(CannotAct, match="nothing of patient P1001"):
        department.act(department.archive, "RAD-42")
