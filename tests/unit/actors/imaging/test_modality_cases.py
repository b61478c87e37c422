"""The modality examines without an entry, in a group, otherwise than scheduled, and against the states."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.actor import CannotAct
from harness.dicom.paths import first, has

SSA = "ScheduledStepAttributesSequence"
RAS = "RequestAttributesSequence"


def images(department):
    return [call.dataset for call in department.wire.of("C_STORE")]


def second_order(entry):
    """An entry of another order, procedure and study for the same patient."""
    made = entry(step_id="SPS7")
    made.StudyInstanceUID, made.AccessionNumber, made.RequestedProcedureID = "1.2.826.0.1.99.4712", "ACC2", "RP2"
    made.RequestedProcedureDescription = "CT head"
    made.RequestedProcedureCodeSequence[0].CodeValue = "30799-1"
    made.ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartTime = "110000"
    made.ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence[0].CodeValue = "RPID22"
    return made


def test_an_unscheduled_step_names_a_study_of_its_own_and_nothing_of_a_schedule(department):
    department.examine("RAD-6", unscheduled=True)
    department.examine("RAD-8", instances=2)
    department.examine("RAD-7")
    created = department.wire.last("N_CREATE")
    item = created[SSA][0]
    assert item.StudyInstanceUID.startswith("2.25.")
    empty = ("AccessionNumber", "RequestedProcedureID", "ScheduledProcedureStepID", "ReferencedStudySequence")
    assert [keyword in item and not has(item, keyword) for keyword in empty] == [True] * 4
    assert (str(created.PatientName), created.PatientID) == ("DOE^JANE", "P1001")
    assert {image.StudyInstanceUID for image in images(department)} == {item.StudyInstanceUID}
    assert not any(RAS in image or first(image, "AccessionNumber") for image in images(department))


def test_a_group_has_an_item_for_each_entry_and_its_images_name_both(department, entry):
    department.peer.entries = [entry(), second_order(entry)]
    department.examine("RAD-5")
    department.examine("RAD-6", entries=2)
    department.examine("RAD-8", "RAD-7")
    created = department.wire.last("N_CREATE")
    assert [(item.AccessionNumber, item.ScheduledProcedureStepID) for item in created[SSA]] == [
        ("ACC1", "SPS1"),
        ("ACC2", "SPS7"),
    ]
    made = images(department)
    assert [[item.ScheduledProcedureStepID for item in image[RAS]] for image in made] == [["SPS1", "SPS7"]] * len(made)
    assert {first(image, "AccessionNumber") for image in made} == {""}
    assert {image.StudyInstanceUID for image in made} == {item.StudyInstanceUID for item in created[SSA]}
    assert not {"1.2.826.0.1.99.4712", "1.2.826.0.1.99.4711.1001"} & {image.StudyInstanceUID for image in made}


def test_a_group_of_one_procedure_keeps_its_study_and_accession_number(department, entry):
    department.peer.entries = [entry(step_id="SPS1"), entry(step_id="SPS2")]
    department.examine("RAD-5")
    department.examine("RAD-6", entries=2)
    department.examine("RAD-8")
    assert {image.StudyInstanceUID for image in images(department)} == {"1.2.826.0.1.99.4711.1001"}
    assert {image.AccessionNumber for image in images(department)} == {"ACC1"}


def test_a_group_needs_so_many_entries(department):
    department.examine("RAD-5")
    with pytest.raises(CannotAct, match="had 1 entries"):
        department.examine("RAD-6", entries=2)


def test_what_is_done_instead_is_performed_and_what_was_scheduled_stays_scheduled(department, entry):
    department.peer.entries = [second_order(entry)]
    department.examine("RAD-5", "RAD-6")
    department.examine("RAD-8", performed="CTCHEST", instances=1)
    department.examine("RAD-7", performed="CTCHEST")
    created, final, image = department.wire.last("N_CREATE"), department.wire.last("N_SET"), images(department)[0]
    assert first(created, f"{SSA}[0].ScheduledProtocolCodeSequence[0].CodeValue") == "RPID22"
    for said in (final, image):
        assert first(said, "PerformedProtocolCodeSequence[0].CodeValue") == "RPID16"
        assert first(said, "ProcedureCodeSequence[0].CodeValue") == "36643-5"
    assert first(image, f"{RAS}[0].ScheduledProtocolCodeSequence[0].CodeValue") == "RPID22"


def test_charges_are_set_when_the_step_ends(department):
    department.examine("RAD-5", "RAD-6", "RAD-8")
    department.examine("RAD-7", billing=True)
    created, final = department.wire.last("N_CREATE"), department.wire.last("N_SET")
    for keyword in ("BillingProcedureStepSequence", "FilmConsumptionSequence", "BillingSuppliesAndDevicesSequence"):
        assert keyword in created
        assert not has(created, keyword)
        assert len(final[keyword].value) == 2


def test_images_of_a_step_that_is_created_later_name_it(department):
    department.examine("RAD-5")
    department.examine("RAD-8", unreported=True, instances=2)
    department.examine("RAD-6", "RAD-7")
    created = department.wire.of("N_CREATE")
    assert [
        image.ReferencedPerformedProcedureStepSequence[0].ReferencedSOPInstanceUID for image in images(department)
    ] == [created[0].sop_instance] * 2
    assert [call.service for call in department.wire.calls[1:]] == ["C_STORE", "C_STORE", "N_CREATE", "N_SET"]


def test_illegal_steps_create_again_create_completed_and_set_what_is_unknown(department):
    department.examine("RAD-5")
    department.examine("RAD-6", illegal=True, status="COMPLETED")
    department.examine("RAD-7", illegal=True, unknown=True)
    department.examine("RAD-6")
    department.examine("RAD-6", illegal=True)
    completed, started, again = department.wire.of("N_CREATE")
    (unknown,) = department.wire.of("N_SET")
    assert completed.dataset.PerformedProcedureStepStatus == "COMPLETED"
    assert started.sop_instance == again.sop_instance
    assert len({completed.sop_instance, started.sop_instance, unknown.sop_instance}) == 3
    department.examine("RAD-7")
    assert department.wire.of("N_SET")[-1].sop_instance == started.sop_instance


def test_an_entry_that_left_the_worklist_is_performed_once_more(department):
    department.examine("RAD-5", "RAD-6", "RAD-7")
    department.peer.entries = []
    department.examine("RAD-5", "RAD-6")
    one, two = department.wire.of("N_CREATE")
    assert first(one.dataset, f"{SSA}[0].ScheduledProcedureStepID") == first(
        two.dataset, f"{SSA}[0].ScheduledProcedureStepID"
    )


@pytest.mark.parametrize(
    ("decision", "same"), [("performed-step-id-is-new", "PerformedProcedureStepID"), ("image-names-own-step", "")]
)
def test_a_second_step_can_be_made_to_look_like_the_first(department, decision, same):
    department.wire.forced[decision] = False
    department.examine("RAD-5", "RAD-6", "RAD-8", "RAD-7", "RAD-6", "RAD-8")
    one, two = department.wire.of("N_CREATE")
    if same:
        assert one.dataset[same].value == two.dataset[same].value
    else:
        named = images(department)[-1].ReferencedPerformedProcedureStepSequence[0].ReferencedSOPInstanceUID
        assert named == one.sop_instance != two.sop_instance


# whoever comes next


def test_with_nobody_at_the_bedside_everybody_is_asked_for_and_whoever_comes_is_examined(department, entry):
    department.peer.entries = [entry("P1001"), entry("P2002")]
    department.ask_for_everybody()
    asked = department.wire.last("C_FIND")
    assert not any(has(asked, keyword) for keyword in ("PatientID", "PatientName", "AccessionNumber"))
    department.examine("RAD-6", "RAD-8", "RAD-7", patient_id="P2002", instances=None)
    created = department.wire.of("N_CREATE")[0].dataset
    assert (first(created, "PatientID"), first(created, f"{SSA}[0].AccessionNumber")) == ("P2002", "ACC1")


def test_of_somebody_whom_everybody_was_asked_for_the_entry_of_the_service_is_taken(department, entry):
    department.peer.entries = [entry(), second_order(entry)]
    department.ask_for_everybody()
    action = department.action(department.modality, "RAD-6")
    department.modality.perform(replace(action, bedside=replace(action.bedside, service="30799-1")))
    assert first(department.wire.last("N_CREATE"), f"{SSA}[0].AccessionNumber") == "ACC2"


def test_what_was_stored_is_let_go_of_when_the_next_is_asked_for(department, entry):
    department.peer.entries = [entry("P1001"), entry("P2002")]
    department.ask_for_everybody()
    department.examine("RAD-6", "RAD-8", "RAD-7", patient_id="P1001")
    department.examine("RAD-6", "RAD-8", patient_id="P2002")
    department.peer.entries = [entry("P2002"), entry("P3003")]
    department.ask_for_everybody()
    done, under_way, fresh = (department.modality._patients.file(number) for number in ("P1001", "P2002", "P3003"))
    assert [len(image.dataset) for image in done.examinations[0].images()] == [0] * 4
    assert all(len(image.dataset) for image in under_way.examinations[0].images())
    assert fresh.listed
    assert not fresh.examinations
    department.peer.entries = []
    department.ask_for_everybody()
    assert not department.modality._patients.file("P3003").listed
    department.examine("RAD-10", patient_id="P1001")
    assert len(department.wire.last("N_ACTION").ReferencedSOPSequence) == 4
