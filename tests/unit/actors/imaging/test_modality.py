"""The modality: what it asks, sends, keeps and refuses to do."""

from __future__ import annotations

import pytest

from harness.actor import CannotAct
from harness.dicom import edit
from harness.dicom.encoding import decode_payload
from harness.dicom.paths import first
from harness.errors import Unreachable
from harness.model.scenario import ReportLink


def references(dataset, path="PerformedSeriesSequence"):
    return [
        reference.ReferencedSOPInstanceUID
        for series in dataset[path].value
        for reference in series.ReferencedImageSequence
    ]


def stored(department):
    return [call.sop_instance for call in department.wire.of("C_STORE")]


def test_whole_examination_lists_and_commits_what_it_stored(department):
    department.examine("RAD-5", "RAD-6", "RAD-8", "RAD-7", "RAD-10")
    assert [call.response.status for call in department.wire.calls] == [0] * 8
    assert len(stored(department)) == 4
    assert references(department.wire.last("N_SET")) == stored(department)
    requested = [item.ReferencedSOPInstanceUID for item in department.wire.last("N_ACTION").ReferencedSOPSequence]
    assert requested == stored(department)


def test_no_entry_on_the_worklist_is_an_answer_but_nothing_can_be_started(department):
    department.peer.entries = []
    department.examine("RAD-5")
    with pytest.raises(CannotAct, match="no entry for patient P1001"):
        department.examine("RAD-6")


def test_entries_of_other_patients_are_not_taken(department, entry):
    department.peer.entries = [entry("P2002")]
    department.examine("RAD-5")
    with pytest.raises(CannotAct):
        department.examine("RAD-6")


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("StudyInstanceUID", "StudyInstanceUID"),
        ("RequestedProcedureID", "RequestedProcedureID"),
        ("ScheduledProcedureStepSequence[0].ScheduledProcedureStepID", "ScheduledProcedureStepID"),
        ("ScheduledProcedureStepSequence", "ScheduledProcedureStepID"),
    ],
)
def test_an_entry_without_what_images_need_cannot_be_started(department, entry, path, named):
    department.peer.entries = [edit.remove(entry(), path)]
    department.examine("RAD-5")
    with pytest.raises(CannotAct, match=rf"P1001 has no {named} \(type 1"):
        department.examine("RAD-6")
    assert department.wire.of("N_CREATE") == []


def test_a_step_that_was_refused_when_it_was_created_is_not_set(department):
    department.examine("RAD-5")
    department.peer.status = 0x0110
    department.examine("RAD-6")
    department.peer.status = 0x0000
    with pytest.raises(CannotAct, match="refused when it was created"):
        department.examine("RAD-7")
    assert department.wire.of("N_SET") == []


@pytest.mark.parametrize("transaction", ["RAD-7", "RAD-8"])
def test_nothing_without_an_examination(department, transaction):
    with pytest.raises(CannotAct, match="no examination"):
        department.examine(transaction)


def test_nothing_to_commit(department):
    with pytest.raises(CannotAct, match="nothing was stored"):
        department.examine("RAD-5", "RAD-6", "RAD-10")


def test_no_more_images_after_the_final_report(department):
    department.examine("RAD-5", "RAD-6", "RAD-7")
    with pytest.raises(CannotAct, match="COMPLETED"):
        department.examine("RAD-8")


def test_images_announced_by_the_final_report_are_stored_afterwards(department):
    department.examine("RAD-5", "RAD-6")
    department.examine("RAD-7", instances=3)
    listed = references(department.wire.last("N_SET"))
    department.examine("RAD-8")
    assert len(listed) == 3
    assert stored(department) == listed


def test_each_protocol_code_has_its_series(department, entry):
    department.peer.entries = [entry(protocols=3)]
    department.examine("RAD-5", "RAD-6")
    department.examine("RAD-8", instances=4)
    series = [call.dataset.SeriesInstanceUID for call in department.wire.of("C_STORE")]
    assert [series.count(uid) for uid in dict.fromkeys(series)] == [2, 1, 1]
    numbers = [call.dataset.SeriesNumber for call in department.wire.of("C_STORE")]
    assert numbers == [1, 1, 2, 3]


def test_two_scheduled_steps_become_two_performed_steps(department, entry):
    department.peer.entries = [entry(step_id="SPS2"), entry(step_id="SPS1")]
    department.examine("RAD-5", "RAD-6", "RAD-7", "RAD-6", "RAD-7")
    steps = [
        first(call.dataset, "ScheduledStepAttributesSequence[0].ScheduledProcedureStepID")
        for call in department.wire.of("N_CREATE")
    ]
    assert steps == ["SPS1", "SPS2"]


def test_appended_step_has_its_own_identifiers_in_the_same_study(department):
    department.examine("RAD-5", "RAD-6", "RAD-8", "RAD-7")
    department.clock.advance(90)
    department.examine("RAD-6", "RAD-8", "RAD-7")
    one, two = department.wire.of("N_CREATE")
    assert one.sop_instance != two.sop_instance
    assert one.dataset.PerformedProcedureStepID != two.dataset.PerformedProcedureStepID
    assert two.dataset.PerformedProcedureStepStartTime == "102200"
    images = [call.dataset for call in department.wire.of("C_STORE")]
    assert {image.StudyInstanceUID for image in images} == {"1.2.826.0.1.99.4711.1001"}
    assert {image.StudyTime for image in images} == {"102030"}
    own = [image.ReferencedPerformedProcedureStepSequence[0].ReferencedSOPInstanceUID for image in images]
    assert own == [one.sop_instance] * 4 + [two.sop_instance] * 4
    assert {image.SeriesInstanceUID for image in images[:4]}.isdisjoint({i.SeriesInstanceUID for i in images[4:]})


def test_refused_images_are_not_listed(department):
    department.wire.answering["Image Manager"] = department.peer
    department.examine("RAD-5", "RAD-6", "RAD-8", "RAD-7")
    final = department.wire.last("N_SET")
    assert len(final.PerformedSeriesSequence) == 1
    assert references(final) == []
    assert final.PerformedSeriesSequence[0].ProtocolName == "CT chest plain"


def test_discontinued_step_says_why(department):
    department.examine("RAD-5", "RAD-6")
    department.examine("RAD-7", status="DISCONTINUED 110514")
    final = department.wire.last("N_SET")
    reason = final.PerformedProcedureStepDiscontinuationReasonCodeSequence[0]
    assert final.PerformedProcedureStepStatus == "DISCONTINUED"
    assert (reason.CodeValue, reason.CodingSchemeDesignator) == ("110514", "DCM")
    assert reason.CodeMeaning == "Incorrect worklist entry selected"


def test_discontinued_step_without_a_reason_is_unspecified(department):
    department.examine("RAD-5", "RAD-6")
    department.examine("RAD-7", status="DISCONTINUED")
    reason = department.wire.last("N_SET").PerformedProcedureStepDiscontinuationReasonCodeSequence[0]
    assert reason.CodeValue == "110513"


def test_unknown_status_is_no_ending(department):
    department.examine("RAD-5", "RAD-6")
    with pytest.raises(CannotAct, match="CID 9301"):
        department.examine("RAD-7", status="FINISHED")


def test_intermediate_report_keeps_the_step_in_progress(department):
    department.examine("RAD-5", "RAD-6")
    department.examine("RAD-7", status="IN PROGRESS")
    assert "PerformedProcedureStepEndDate" not in department.wire.last("N_SET")
    department.examine("RAD-8", "RAD-7")
    assert references(department.wire.last("N_SET")) == stored(department)


def test_final_step_is_reported_again_when_asked(department):
    department.examine("RAD-5", "RAD-6", "RAD-8", "RAD-7", "RAD-7")
    first_time, second_time = department.wire.of("N_SET")
    assert first_time.sop_instance == second_time.sop_instance
    assert references(first_time.dataset) == references(second_time.dataset)


def test_failed_link_leaves_images_to_be_stored(department):
    department.examine("RAD-5", "RAD-6")
    department.wire.broken = ["Image Manager"]
    with pytest.raises(Unreachable):
        department.examine("RAD-8", instances=2)
    department.examine("RAD-8", instances=9)
    assert len(stored(department)) == 2


@pytest.mark.parametrize("link", list(ReportLink))
def test_report_is_taken_on_either_association(department, link):
    department.wire.keeps_association = link is ReportLink.SAME
    department.examine("RAD-5", "RAD-6", "RAD-8")
    department.modality.report_patience = 1.0
    department.examine("RAD-10", report_on=link)
    assert len(department.wire.of("N_EVENT_REPORT")) == (0 if link is ReportLink.SAME else 1)
    department.examine("RAD-6", "RAD-8", "RAD-10")
    again = [item.ReferencedSOPInstanceUID for item in department.wire.last("N_ACTION").ReferencedSOPSequence]
    assert again == stored(department)[4:]


def test_instances_that_were_never_stored_are_asked_for_and_stay_uncommitted(department):
    department.wire.keeps_association = False
    department.examine("RAD-5", "RAD-6", "RAD-8")
    department.examine("RAD-10", unstored=2, report_on=ReportLink.SEPARATE)
    requested = department.wire.last("N_ACTION").ReferencedSOPSequence
    report = department.wire.last("N_EVENT_REPORT")
    assert len(requested) == 6
    assert {item.ReferencedSOPClassUID for item in requested} == {requested[0].ReferencedSOPClassUID}
    assert len(report.ReferencedSOPSequence) == 4
    assert [item.FailureReason for item in report.FailedSOPSequence] == [0x0112] * 2


def test_patients_do_not_mix(department, entry):
    department.peer.entries = [entry("P1001"), entry("P2002")]
    for patient in ("P1001", "P2002"):
        department.examine("RAD-5", "RAD-6", patient_id=patient)
    for patient in ("P2002", "P1001"):
        department.examine("RAD-8", patient_id=patient)
    assert [call.dataset.PatientID for call in department.wire.of("C_STORE")] == ["P2002"] * 4 + ["P1001"] * 4


def test_feeding_writes_the_images_once_and_counts_them_as_stored(department, tmp_path):
    department.examine("RAD-5", "RAD-6")
    for _ in range(2):
        department.modality.feed(department.action(department.modality, "RAD-8", instances=3), tmp_path)
    written = [decode_payload(path.read_bytes()) for path in sorted(tmp_path.iterdir())]
    department.examine("RAD-7")
    assert [image.SOPInstanceUID for image in written] == references(department.wire.last("N_SET"))
    assert len(written) == 3


def test_nothing_to_feed_without_an_examination(department, tmp_path):
    with pytest.raises(CannotAct, match="no examination"):
        department.modality.feed(department.action(department.modality, "RAD-8"), tmp_path)


def test_away_turns_one_association_away_while_a_report_is_due(department):
    commitments = department.modality._commitments
    assert department.modality.available()
    with commitments.away():
        assert [department.modality.available() for _ in range(2)] == [False, True]
    with commitments.away():
        pass
    assert department.modality.available()
