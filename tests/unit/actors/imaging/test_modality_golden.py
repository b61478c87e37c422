"""From worklist entry to performed step to image: every expected value was typed by hand (RAD TF-2x: A.1).

Nothing here is computed by the code under test: a value that is copied from the wrong place shows.
"""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from harness.dicom.paths import first, present

MPPS_CREATED = {
    "SpecificCharacterSet": "ISO_IR 100",
    "ScheduledStepAttributesSequence[0].StudyInstanceUID": "1.2.826.0.1.99.500.7",
    "ScheduledStepAttributesSequence[0].ReferencedStudySequence[0].ReferencedSOPClassUID": "1.2.840.10008.3.1.2.3.1",
    "ScheduledStepAttributesSequence[0].ReferencedStudySequence[0].ReferencedSOPInstanceUID": "1.2.826.0.1.99.500.8",
    "ScheduledStepAttributesSequence[0].AccessionNumber": "A-2024-77",
    "ScheduledStepAttributesSequence[0].PlacerOrderNumberImagingServiceRequest": "PL900",
    "ScheduledStepAttributesSequence[0].FillerOrderNumberImagingServiceRequest": "FI900",
    "ScheduledStepAttributesSequence[0].RequestedProcedureID": "RP-12",
    "ScheduledStepAttributesSequence[0].RequestedProcedureDescription": "MR of the knee",
    "ScheduledStepAttributesSequence[0].RequestedProcedureCodeSequence[0].CodeValue": "24800-7",
    "ScheduledStepAttributesSequence[0].RequestedProcedureCodeSequence[0].CodingSchemeDesignator": "LN",
    "ScheduledStepAttributesSequence[0].RequestedProcedureCodeSequence[0].CodeMeaning": "MR Knee",
    "ScheduledStepAttributesSequence[0].ScheduledProcedureStepID": "SPS-3",
    "ScheduledStepAttributesSequence[0].ScheduledProcedureStepDescription": "Knee, sagittal",
    "ScheduledStepAttributesSequence[0].ScheduledProtocolCodeSequence[0].CodeValue": "P-SAG",
    "ScheduledStepAttributesSequence[0].ScheduledProtocolCodeSequence[0].CodingSchemeDesignator": "99RIS",
    "ScheduledStepAttributesSequence[0].ScheduledProtocolCodeSequence[0].CodeMeaning": "Knee sagittal T1",
    "PatientName": "Müller^Zoë",
    "PatientID": "P1001",
    "IssuerOfPatientID": "CITY",
    "PatientBirthDate": "19880229",
    "PatientSex": "F",
    "ReferencedPatientSequence": "",
    "PerformedProcedureStepID": "PPS",
    "PerformedStationAETitle": "MOD",
    "PerformedStationName": "MR-ROOM-2",
    "PerformedLocation": "",
    "PerformedProcedureStepStartDate": "20240305",
    "PerformedProcedureStepStartTime": "102030",
    "PerformedProcedureStepStatus": "IN PROGRESS",
    "PerformedProcedureStepDescription": "MR of the knee",
    "PerformedProcedureTypeDescription": "",
    "ProcedureCodeSequence[0].CodeValue": "24800-7",
    "ProcedureCodeSequence[0].CodingSchemeDesignator": "LN",
    "PerformedProcedureStepEndDate": "",
    "PerformedProcedureStepEndTime": "",
    "CommentsOnThePerformedProcedureStep": "",
    "PerformedProcedureStepDiscontinuationReasonCodeSequence": "",
    "Modality": "MR",
    "StudyID": "RP-12",
    "PerformedProtocolCodeSequence[0].CodeValue": "P-SAG",
    "PerformedSeriesSequence": "",
    "BillingProcedureStepSequence": "",
    "FilmConsumptionSequence": "",
    "BillingSuppliesAndDevicesSequence": "",
}

MPPS_COMPLETED = {
    "PerformedProcedureStepStatus": "COMPLETED",
    "PerformedProcedureStepEndDate": "20240305",
    "PerformedProcedureStepEndTime": "103530",
    "PerformedProcedureStepDescription": "MR of the knee",
    "ProcedureCodeSequence[0].CodeValue": "24800-7",
    "PerformedProtocolCodeSequence[0].CodeValue": "P-SAG",
    "PerformedSeriesSequence[0].PerformingPhysicianName": "Knox^Ken",
    "PerformedSeriesSequence[0].OperatorsName": "OPERATOR^MODALITY",
    "PerformedSeriesSequence[0].ProtocolName": "Knee sagittal T1",
    "PerformedSeriesSequence[0].SeriesDescription": "Knee sagittal T1",
    "PerformedSeriesSequence[0].RetrieveAETitle": "",
    "PerformedSeriesSequence[0].ReferencedImageSequence[0].ReferencedSOPClassUID": "1.2.840.10008.5.1.4.1.1.4",
    "PerformedSeriesSequence[0].ReferencedNonImageCompositeSOPInstanceSequence": "",
}

IMAGE = {
    "SpecificCharacterSet": "ISO_IR 100",
    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4",
    "PatientName": "Müller^Zoë",
    "PatientID": "P1001",
    "IssuerOfPatientID": "CITY",
    "PatientBirthDate": "19880229",
    "PatientSex": "F",
    "StudyInstanceUID": "1.2.826.0.1.99.500.7",
    "ReferencedStudySequence[0].ReferencedSOPClassUID": "1.2.840.10008.3.1.2.3.1",
    "ReferencedStudySequence[0].ReferencedSOPInstanceUID": "1.2.826.0.1.99.500.8",
    "AccessionNumber": "A-2024-77",
    "ReferringPhysicianName": "Ward^Will",
    "StudyID": "RP-12",
    "StudyDate": "20240305",
    "StudyTime": "102030",
    "ProcedureCodeSequence[0].CodeValue": "24800-7",
    "Modality": "MR",
    "SeriesNumber": "1",
    "ProtocolName": "Knee sagittal T1",
    "SeriesDescription": "Knee sagittal T1",
    "PerformingPhysicianName": "Knox^Ken",
    "OperatorsName": "OPERATOR^MODALITY",
    "PerformedProcedureStepStartDate": "20240305",
    "PerformedProcedureStepStartTime": "102030",
    "PerformedProcedureStepDescription": "MR of the knee",
    "PerformedProtocolCodeSequence[0].CodeValue": "P-SAG",
    "ReferencedPerformedProcedureStepSequence[0].ReferencedSOPClassUID": "1.2.840.10008.3.1.2.3.3",
    "RequestAttributesSequence[0].RequestedProcedureID": "RP-12",
    "RequestAttributesSequence[0].RequestedProcedureDescription": "MR of the knee",
    "RequestAttributesSequence[0].ScheduledProcedureStepID": "SPS-3",
    "RequestAttributesSequence[0].ScheduledProcedureStepDescription": "Knee, sagittal",
    "RequestAttributesSequence[0].ScheduledProtocolCodeSequence[0].CodeValue": "P-SAG",
    "RequestAttributesSequence[0].ScheduledProtocolCodeSequence[0].CodingSchemeDesignator": "99RIS",
    "RequestAttributesSequence[0].ScheduledProtocolCodeSequence[0].CodeMeaning": "Knee sagittal T1",
}


def knee() -> Dataset:
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 100"
    made.PatientName = "Müller^Zoë"
    made.PatientID = "P1001"
    made.IssuerOfPatientID = "CITY"
    made.PatientBirthDate = "19880229"
    made.PatientSex = "F"
    made.AccessionNumber = "A-2024-77"
    made.ReferringPhysicianName = "Ward^Will"
    made.StudyInstanceUID = "1.2.826.0.1.99.500.7"
    study = Dataset()
    study.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.3.1"
    study.ReferencedSOPInstanceUID = "1.2.826.0.1.99.500.8"
    made.ReferencedStudySequence = [study]
    made.PlacerOrderNumberImagingServiceRequest = "PL900"
    made.FillerOrderNumberImagingServiceRequest = "FI900"
    made.RequestedProcedureID = "RP-12"
    made.RequestedProcedureDescription = "MR of the knee"
    procedure = Dataset()
    procedure.CodeValue = "24800-7"
    procedure.CodingSchemeDesignator = "LN"
    procedure.CodeMeaning = "MR Knee"
    made.RequestedProcedureCodeSequence = [procedure]
    step = Dataset()
    step.Modality = "MR"
    step.ScheduledStationName = "MR-ROOM-2"
    step.ScheduledPerformingPhysicianName = "Knox^Ken"
    step.ScheduledProcedureStepID = "SPS-3"
    step.ScheduledProcedureStepDescription = "Knee, sagittal"
    protocol = Dataset()
    protocol.CodeValue = "P-SAG"
    protocol.CodingSchemeDesignator = "99RIS"
    protocol.CodeMeaning = "Knee sagittal T1"
    step.ScheduledProtocolCodeSequence = [protocol]
    made.ScheduledProcedureStepSequence = [step]
    return made


@pytest.fixture
def examined(department):
    department.peer.entries = [knee()]
    department.examine("RAD-5", "RAD-6", "RAD-8")
    department.clock.advance(900)
    department.examine("RAD-7")
    return department.wire


def shown(dataset, expected):
    """The data set's values at the expected paths; a missing attribute is not an empty one."""
    return {path: first(dataset, path) if present(dataset, path) else "absent" for path in expected}


def test_performed_step_in_progress(examined):
    created = examined.last("N_CREATE")
    made = created.PerformedProcedureStepID
    assert shown(created, MPPS_CREATED) == MPPS_CREATED | {"PerformedProcedureStepID": made}
    assert made.startswith("PPS")
    assert 3 < len(made) <= 16


def test_performed_step_completed(examined):
    assert shown(examined.last("N_SET"), MPPS_COMPLETED) == MPPS_COMPLETED


def test_every_image(examined):
    for call in examined.of("C_STORE"):
        assert shown(call.dataset, IMAGE) == IMAGE


def test_images_and_performed_step_name_each_other(examined):
    created, completed = examined.of("N_CREATE")[0], examined.last("N_SET")
    series = completed.PerformedSeriesSequence[0]
    listed = [item.ReferencedSOPInstanceUID for item in series.ReferencedImageSequence]
    images = [call.dataset for call in examined.of("C_STORE")]
    assert [image.SOPInstanceUID for image in images] == listed
    assert {image.SeriesInstanceUID for image in images} == {series.SeriesInstanceUID}
    assert {image.PerformedProcedureStepID for image in images} == {created.dataset.PerformedProcedureStepID}
    steps = {image.ReferencedPerformedProcedureStepSequence[0].ReferencedSOPInstanceUID for image in images}
    assert steps == {created.sop_instance}
    assert [image.InstanceNumber for image in images] == [1, 2, 3, 4]
