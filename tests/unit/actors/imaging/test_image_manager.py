"""The archive over DIMSE: storing, committing, performed steps, finding, handing out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from actors.image_manager import archive as archive_module
from actors.image_manager.archive import SPILL
from harness.dicom.encoding import decode_payload, encode
from harness.dicom.paths import first
from harness.dicom.uids import uid_of
from harness.errors import CannotAct, Unreachable
from harness.model.profile import Service
from harness.transports.dimse import DimseRequest, MovePlan

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
STUDY = "1.2.826.0.1.99.4711.1001"
PUSH_INSTANCE = "1.2.840.10008.1.20.1.1"


@pytest.fixture
def full(department):
    """The department after an examination of P1001 with four images."""
    department.examine("RAD-5", "RAD-6", "RAD-8", "RAD-7")
    return department


def storing(dataset, *, sop_class=None, sop_instance=None):
    content = encode(dataset, EXPLICIT)
    return DimseRequest(
        service=Service.C_STORE,
        sop_class=sop_class or dataset.SOPClassUID,
        sop_instance=sop_instance or dataset.SOPInstanceUID,
        dataset=dataset,
        content=content,
        transfer_syntax=EXPLICIT,
    )


def an_object(number=1, **attributes):
    made = Dataset()
    made.SOPClassUID = CT
    made.SOPInstanceUID = f"1.2.3.{number}"
    made.StudyInstanceUID = "1.2.3"
    made.SeriesInstanceUID = "1.2.3.0"
    made.PatientID = "P9"
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def retrieving(level, destination="DISPLAY", model="StudyRoot", **keys):
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    return DimseRequest(
        service=Service.C_MOVE,
        sop_class=uid_of(f"{model}QueryRetrieveInformationModelMove"),
        dataset=identifier,
        fields={"MoveDestination": destination},
    )


# storing


def test_object_is_handed_out_byte_for_byte(full, association, stored_bytes):
    sent = {call.sop_instance: encode(call.dataset, EXPLICIT) for call in full.wire.of("C_STORE")}
    plan = full.archive.c_move(retrieving("STUDY", StudyInstanceUID=STUDY))
    assert isinstance(plan, MovePlan)
    out = dict(reversed(stored_bytes(payload)) for payload in plan.instances)
    assert out == sent


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (storing(an_object()), 0x0000),
        (storing(an_object(), sop_instance="1.2.99"), 0xA900),
        (storing(an_object(), sop_class=uid_of("MRImageStorage")), 0xA900),
        (storing(an_object(StudyInstanceUID="")), 0xA900),
        (DimseRequest(service=Service.C_STORE, sop_class=CT, sop_instance="1.2.3"), 0xC000),
    ],
)
def test_store_status(department, request_, status):
    assert department.archive.c_store(request_).status == status


def test_an_object_that_ends_in_its_middle_is_refused_and_not_kept(department):
    whole = storing(an_object())
    cut = replace(whole, content=whole.content[: len(whole.content) // 2 + 1])
    assert department.archive.c_store(cut).status == 0xC000
    (final,) = department.ask_archive("STUDY", StudyInstanceUID="1.2.3")
    assert final.status == 0
    assert department.archive.c_store(whole).status == 0


def test_what_is_wrong_with_an_object_is_stored_when_a_deviation_decides_so(department):
    department.wire.forced = {"data-set-fits-request": True}
    assert department.archive.c_store(storing(an_object(), sop_class=uid_of("MRImageStorage"))).status == 0


def test_duplicate_is_harmless_and_the_first_copy_stays(department):
    assert department.archive.c_store(storing(an_object(StudyID="A"))).status == 0
    assert department.archive.c_store(storing(an_object(StudyID="B"))).status == 0
    answers = department.ask_archive("STUDY", StudyInstanceUID="1.2.3", StudyID="", NumberOfStudyRelatedInstances="")
    assert [(each.dataset.StudyID, each.dataset.NumberOfStudyRelatedInstances) for each in answers[:-1]] == [("A", 1)]


def test_large_objects_live_in_files_that_go_with_the_archive(department):
    department.archive.c_store(storing(an_object(BitsAllocated=8, PixelData=bytes(SPILL))))
    plan = department.archive.c_get(retrieving("STUDY", StudyInstanceUID="1.2.3"))
    assert isinstance(plan, MovePlan)
    (path,) = plan.instances
    assert isinstance(path, Path)
    assert path.name == "00000001.dcm"
    assert decode_payload(path.read_bytes()).PixelData == bytes(SPILL)
    department.archive.close()
    assert not path.parent.exists()


def test_index_holds_no_pixels(full):
    found = archive_module.indexed(full.wire.last("C_STORE"), ("Rows", "StudyID"))
    assert {element.keyword for element in found} == {"SpecificCharacterSet", "Rows", "StudyID"}


# performed steps


def step_request(status, sop_instance="1.2.7"):
    made = Dataset()
    made.PerformedProcedureStepStatus = status
    return DimseRequest(
        service=Service.N_SET,
        sop_class=uid_of("ModalityPerformedProcedureStep"),
        sop_instance=sop_instance,
        dataset=made,
    )


def test_performed_step_runs_through_its_states(department):
    archive = department.archive
    assert archive.n_set(step_request("COMPLETED")).status == 0x0112
    assert archive.n_create(step_request("COMPLETED")).status == 0x0106
    assert archive.n_create(step_request("IN PROGRESS")).status == 0x0000
    assert archive.n_create(step_request("IN PROGRESS")).status == 0x0111
    assert archive.n_set(step_request("IN PROGRESS")).status == 0x0000
    assert archive.n_set(step_request("COMPLETED")).status == 0x0000
    refused = archive.n_set(step_request("COMPLETED"))
    assert (refused.status, refused.fields["ErrorID"]) == (0x0110, "42768")


def test_final_step_is_set_again_when_a_deviation_decides_so(department):
    department.archive.n_create(step_request("IN PROGRESS"))
    department.archive.n_set(step_request("COMPLETED"))
    department.wire.forced = {"mpps-is-final": False}
    assert department.archive.n_set(step_request("COMPLETED")).status == 0x0000


def test_images_made_with_the_wrong_entry_are_handed_out_no_more(department):
    department.wire.answering["PPS Manager"] = department.archive
    department.examine("RAD-5", "RAD-6", "RAD-8")
    assert len(department.ask_archive("STUDY", PatientID="P1001")) == 2
    department.examine("RAD-7", status="DISCONTINUED 110514")
    assert len(department.ask_archive("STUDY", PatientID="P1001")) == 1
    plan = department.archive.c_move(retrieving("STUDY", StudyInstanceUID=STUDY))
    assert plan.instances == []


# commitment


def commit(department, *references, transaction="1.2.8", instance=PUSH_INSTANCE, action="1", calling="MOD", **request_):
    made = Dataset()
    made.TransactionUID = transaction
    made.ReferencedSOPSequence = []
    for sop_class, sop_instance in references:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, sop_instance
        made.ReferencedSOPSequence.append(item)
    request = DimseRequest(
        service=Service.N_ACTION,
        sop_class=uid_of("StorageCommitmentPushModel"),
        sop_instance=instance,
        calling_ae=calling,
        dataset=made,
        fields={"ActionTypeID": action},
        **request_,
    )
    return department.archive.n_action(request).status


def test_report_tells_stored_from_missing_from_misnamed(department):
    department.archive.c_store(storing(an_object(1)))
    department.archive.c_store(storing(an_object(2)))
    assert commit(department, (CT, "1.2.3.1"), (CT, "1.2.3.9"), (uid_of("MRImageStorage"), "1.2.3.2")) == 0
    department.wire.settle()
    (call,) = department.wire.of("N_EVENT_REPORT")
    assert call.dataset.TransactionUID == "1.2.8"
    assert [item.ReferencedSOPInstanceUID for item in call.dataset.ReferencedSOPSequence] == ["1.2.3.1"]
    failed = [(item.ReferencedSOPInstanceUID, item.FailureReason) for item in call.dataset.FailedSOPSequence]
    assert failed == [("1.2.3.9", 0x0112), ("1.2.3.2", 0x0119)]


def test_lie_about_what_is_stored_is_a_decision(department):
    department.wire.forced = {"instance-is-stored": True}
    commit(department, (CT, "1.2.3.9"))
    department.wire.settle()
    report = department.wire.last("N_EVENT_REPORT")
    assert "FailedSOPSequence" not in report
    assert len(report.ReferencedSOPSequence) == 1


def test_transaction_is_used_once(department):
    department.archive.c_store(storing(an_object(1)))
    for _ in range(2):
        commit(department, (CT, "1.2.3.1"))
    department.wire.settle()
    first_report, second_report = (call.dataset for call in department.wire.of("N_EVENT_REPORT"))
    assert "FailedSOPSequence" not in first_report
    assert [item.FailureReason for item in second_report.FailedSOPSequence] == [0x0131]
    assert "ReferencedSOPSequence" not in second_report


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"action": "2"}, 0x0123), ({"instance": "1.2.3"}, 0x0112), ({"transaction": ""}, 0x0115)],
)
def test_unusable_request_is_refused_and_reported_never(department, changed, status):
    assert commit(department, (CT, "1.2.3.1"), **changed) == status
    assert department.wire.reactions == []


def test_report_on_an_association_that_is_over_goes_on_a_new_one(department):
    reported = []
    department.archive.c_store(storing(an_object(1)))
    commit(department, (CT, "1.2.3.1"), cancelled=lambda: True, report=lambda *report: reported.append(report))
    department.wire.settle()
    assert reported == []
    assert len(department.wire.of("N_EVENT_REPORT")) == 1


def test_report_on_an_open_association_stays_there(department):
    reported = []
    department.archive.c_store(storing(an_object(1)))
    commit(department, (CT, "1.2.3.1"), report=lambda *report: reported.append(report))
    department.wire.settle()
    ((instance, event_type, information),) = reported
    assert (instance, event_type, information.TransactionUID) == (PUSH_INSTANCE, 1, "1.2.8")
    assert department.wire.of("N_EVENT_REPORT") == []


def test_report_to_nobody_is_not_passed_over(department):
    commit(department, (CT, "1.2.3.1"), calling="STRANGER")
    with pytest.raises(CannotAct, match="STRANGER"):
        department.wire.settle()


def test_report_is_tried_twice(department):
    department.wire.broken = ["Modality"]
    commit(department, (CT, "1.2.3.1"))
    department.wire.settle()
    assert len(department.wire.of("N_EVENT_REPORT")) == 1


def test_report_that_cannot_be_delivered_is_not_passed_over(department):
    department.wire.broken = ["Modality", "Modality"]
    commit(department, (CT, "1.2.3.1"))
    with pytest.raises(Unreachable):
        department.wire.settle()


# finding


def test_study_level_answer(full):
    final = full.ask_archive(
        "STUDY",
        PatientID="P1001",
        PatientName="doe*",
        StudyInstanceUID="",
        AccessionNumber="",
        ModalitiesInStudy="",
        NumberOfStudyRelatedSeries="",
        NumberOfStudyRelatedInstances="",
        StudyTime="",
    )
    assert [each.status for each in final] == [0xFF00, 0x0000]
    found = final[0].dataset
    assert {element.keyword: str(element.value) for element in found} == {
        "SpecificCharacterSet": "ISO_IR 100",
        "StudyTime": "102030",
        "AccessionNumber": "ACC1",
        "QueryRetrieveLevel": "STUDY",
        "RetrieveAETitle": "ARCHIVE",
        "InstanceAvailability": "ONLINE",
        "ModalitiesInStudy": "CT",
        "PatientName": "DOE^JANE",
        "PatientID": "P1001",
        "StudyInstanceUID": STUDY,
        "NumberOfStudyRelatedSeries": "1",
        "NumberOfStudyRelatedInstances": "4",
    }


def test_series_and_image_level(full):
    request = Dataset()
    request.RequestedProcedureID = "RP1"
    request.ScheduledProcedureStepID = ""
    series = full.ask_archive(
        "SERIES",
        StudyInstanceUID=STUDY,
        SeriesInstanceUID="",
        NumberOfSeriesRelatedInstances="",
        RequestAttributesSequence=[request],
        PerformedProcedureStepStartDate="20240301-20240310",
    )[0].dataset
    assert series.NumberOfSeriesRelatedInstances == 4
    item = series.RequestAttributesSequence[0]
    assert {element.keyword for element in item} == {"RequestedProcedureID", "ScheduledProcedureStepID"}
    images = full.ask_archive(
        "IMAGE",
        StudyInstanceUID=STUDY,
        SeriesInstanceUID=series.SeriesInstanceUID,
        SOPInstanceUID="",
        Rows="",
        InstanceNumber="",
        SOPClassUID="",
    )[:-1]
    assert [each.dataset.InstanceNumber for each in images] == [1, 2, 3, 4]
    assert {(each.dataset.Rows, each.dataset.SOPClassUID) for each in images} == {(64, CT)}


def test_patient_level_counts(full):
    found = full.ask_archive(
        "PATIENT", "PatientRoot", PatientID="P1*", NumberOfPatientRelatedStudies="", NumberOfPatientRelatedInstances=""
    )
    assert [each.status for each in found] == [0xFF00, 0x0000]
    assert found[0].dataset.NumberOfPatientRelatedStudies == 1
    assert found[0].dataset.NumberOfPatientRelatedInstances == 4


@pytest.mark.parametrize(
    "keys", [{"PatientID": "P2"}, {"AccessionNumber": "ACC2"}, {"StudyDate": "20240306-"}, {"ModalitiesInStudy": "MR"}]
)
def test_no_match_is_a_success_without_answers(full, keys):
    assert [each.status for each in full.ask_archive("STUDY", **keys)] == [0x0000]


def test_unsupported_key_is_answered_empty_with_a_warning(full):
    found = full.ask_archive("STUDY", PatientID="P1001", Modality="", InstitutionalDepartmentName="")
    assert found[0].status == 0xFF01
    assert first(found[0].dataset, "Modality") == ""


@pytest.mark.parametrize(
    ("level", "root", "keys"),
    [
        ("", "StudyRoot", {}),
        ("PATIENT", "StudyRoot", {"PatientID": "P1001"}),
        ("SERIES", "StudyRoot", {}),
        ("SERIES", "StudyRoot", {"StudyInstanceUID": ["1.2", "1.3"]}),
        ("IMAGE", "StudyRoot", {"StudyInstanceUID": STUDY}),
        ("STUDY", "PatientRoot", {"PatientID": "P*"}),
    ],
)
def test_identifier_outside_the_model_is_refused(full, level, root, keys):
    assert [each.status for each in full.ask_archive(level, root, **keys)] == [0xA900]


def test_query_ends_when_it_is_cancelled(full):
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    request = DimseRequest(
        service=Service.C_FIND,
        sop_class=uid_of("StudyRootQueryRetrieveInformationModelFind"),
        dataset=identifier,
        cancelled=lambda: True,
    )
    assert [each.status for each in full.archive.c_find(request)] == [0xFE00]


# handing out


def test_unknown_destination(full):
    assert full.archive.c_move(retrieving("STUDY", "NOBODY", StudyInstanceUID=STUDY)).status == 0xA801


def test_nothing_to_move_is_a_plan_without_instances(full):
    plan = full.archive.c_move(retrieving("STUDY", StudyInstanceUID="1.2.99"))
    assert isinstance(plan, MovePlan)
    assert list(plan.instances) == []
    assert plan.destination.ae_title == "DISPLAY"


def test_move_without_the_unique_key_is_refused(full):
    assert full.archive.c_move(retrieving("STUDY", PatientID="P1001")).status == 0xA900


def test_move_of_some_images(full):
    images = [call.dataset for call in full.wire.of("C_STORE")]
    wanted = [images[0].SOPInstanceUID, images[2].SOPInstanceUID]
    plan = full.archive.c_get(
        retrieving(
            "IMAGE", StudyInstanceUID=STUDY, SeriesInstanceUID=images[0].SeriesInstanceUID, SOPInstanceUID=wanted
        )
    )
    assert plan.destination is None
    assert [decode_payload(payload).SOPInstanceUID for payload in plan.instances] == wanted


def test_move_of_a_patient(full):
    plan = full.archive.c_move(retrieving("PATIENT", model="PatientRoot", PatientID="P1001"))
    assert len(plan.instances) == 4


def test_an_archive_that_gives_up_does_not_repeat_its_report(department):
    department.wire.forced["report-is-repeated"] = False
    department.wire.broken = ["Modality"]
    commit(department, (CT, "1.2.3.1"))
    with pytest.raises(Unreachable):
        department.wire.settle()
    assert not department.wire.of("N_EVENT_REPORT")
