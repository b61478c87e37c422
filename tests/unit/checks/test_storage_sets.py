from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.checks import storage_sets, stored
from harness.model.names import PlayerName, StepId
from harness.model.plan import LegState, StepRef
from harness.model.profile import Service
from harness.model.transcript import Event, EventKind
from harness.model.verdict import Outcome

FIND = "StudyRootQueryRetrieveInformationModelFind"
MOVE = "StudyRootQueryRetrieveInformationModelMove"
COMMIT = "StorageCommitmentPushModel"


class Archive:
    """Records what a modality stores and lists, and what an archive says of it."""

    def __init__(self, recording: Any, tools: Any) -> None:
        self.rec = recording()
        self.tools = tools

    def leg(self, transaction: str, leg: str, step: str, **parts: Any) -> Any:
        known = next((one for one in self.rec.legs if (one.step.id, one.leg) == (step, leg)), None)
        return known or self.rec.leg(transaction, leg, step, **parts)

    def store(self, *uids: str, mpps: str = "", series: str = "1.2.1", status: int | None = 0, **more: str) -> None:
        make = self.tools.dataset
        for uid in uids:
            references = [make(ReferencedSOPInstanceUID=mpps)] if mpps else []
            values = {"StudyInstanceUID": "1.2", "SeriesInstanceUID": series, "PatientID": "P1001", **more}
            image = make(SOPInstanceUID=uid, **values, ReferencedPerformedProcedureStepSequence=references)
            leg = self.leg("RAD-8", "store", "stored")
            answer = [] if status is None else [(status, None)]
            self.rec.dimse(leg, Service.C_STORE, image, answer, sop_class="CTImageStorage", instance=uid)

    def complete(
        self, *uids: str, mpps: str = "1.9", series: str = "1.2.1", reason: str = "", leg: str = "to-pps-manager"
    ) -> None:
        make = self.tools.dataset
        images = [make(ReferencedSOPInstanceUID=uid) for uid in uids]
        performed = make(SeriesInstanceUID=series, ReferencedImageSequence=images)
        message = make(
            PerformedProcedureStepStatus="DISCONTINUED" if reason else "COMPLETED", PerformedSeriesSequence=[performed]
        )
        if reason:
            message.PerformedProcedureStepDiscontinuationReasonCodeSequence = [self.tools.code(reason, "DCM")]
        self.rec.dimse(self.leg("RAD-7", leg, f"completed-{mpps}"), Service.N_SET, message, instance=mpps)

    def commit(self, asked: list[str], committed: list[str], failed: list[str] | None = None, uid: str = "1.8") -> None:
        make = self.tools.dataset

        def items(uids: list[str]) -> list[Any]:
            return [make(ReferencedSOPInstanceUID=one) for one in uids]

        request = make(TransactionUID=uid, ReferencedSOPSequence=items(asked))
        report = make(TransactionUID=uid, ReferencedSOPSequence=items(committed), FailedSOPSequence=items(failed or []))
        self.rec.dimse(self.leg("RAD-10", "request", "committed"), Service.N_ACTION, request, sop_class=COMMIT)
        self.rec.dimse(self.leg("RAD-10", "report", "committed"), Service.N_EVENT_REPORT, report, sop_class=COMMIT)

    def find(self, *uids: str, **keys: str) -> None:
        make = self.tools.dataset
        identifier = make(QueryRetrieveLevel="IMAGE", StudyInstanceUID="1.2", SeriesInstanceUID="1.2.1", **keys)
        entries = [(0xFF00, make(SOPInstanceUID=uid)) for uid in uids]
        leg = self.leg("RAD-14", "query", "found")
        self.rec.dimse(leg, Service.C_FIND, identifier, [*entries, (0, None)], sop_class=FIND)

    def retrieve(self, *uids: str, selected: str = "", **more: str) -> None:
        make = self.tools.dataset
        keys = make(QueryRetrieveLevel="IMAGE" if selected else "STUDY", StudyInstanceUID="1.2")
        if selected:
            keys.SOPInstanceUID = selected.split("\\")
        self.rec.dimse(self.leg("RAD-16", "move", "retrieved"), Service.C_MOVE, keys, sop_class=MOVE)
        for uid in uids:
            values = {"StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.2.1", "PatientID": "P1001", **more}
            copy = make(SOPInstanceUID=uid, **values, ReferencedPerformedProcedureStepSequence=[])
            leg = self.leg("RAD-16", "store", "retrieved")
            self.rec.dimse(leg, Service.C_STORE, copy, sop_class="CTImageStorage", instance=uid)

    def judged(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for one in storage_sets.check(self.rec.play()):
            found.setdefault(one.requirement.partition("/")[2], set()).add(one.outcome.value)
        return found

    def broken(self) -> set[str]:
        return {name for name, outcomes in self.judged().items() if "violated" in outcomes}


@pytest.fixture
def archive(recording: Callable[..., Any], tools: Any) -> Archive:
    return Archive(recording, tools)


def test_everything_that_was_stored_is_listed_committed_found_and_retrieved(archive: Archive) -> None:
    archive.store("1.7.1", "1.7.2")
    archive.complete("1.7.1", "1.7.2")
    archive.commit(["1.7.1", "1.7.2"], ["1.7.1", "1.7.2"])
    archive.find("1.7.1", "1.7.2")
    archive.retrieve("1.7.1", "1.7.2")
    assert set(archive.judged()) == {
        "listed-equals-stored",
        "requested-contains-stored",
        "committed-equals-requested",
        "stored-is-committed",
        "never-stored-not-committed",
        "found-contains-stored",
        "retrieved-equals-stored",
    }
    assert archive.broken() == set()


def test_two_steps_list_their_own_instances(archive: Archive) -> None:
    archive.store("1.7.1", mpps="1.9.1")
    archive.store("1.7.2", mpps="1.9.2", series="1.2.2")
    archive.complete("1.7.1", mpps="1.9.1")
    archive.complete("1.7.2", mpps="1.9.2", series="1.2.2")
    assert archive.broken() == set()
    archive.store("1.7.3", mpps="1.9.2", series="1.2.2")
    assert archive.broken() == {"listed-equals-stored"}


@pytest.mark.parametrize("listed", [["1.7.1", "1.7.2"], ["1.7.2"]])
@pytest.mark.parametrize("status", [0xA700, None])
def test_an_instance_that_was_refused_or_got_no_answer_may_be_listed_or_not(
    status: int | None, listed: list[str], archive: Archive
) -> None:
    archive.store("1.7.1", status=status)
    archive.store("1.7.2")
    archive.complete(*listed)
    assert archive.judged()["listed-equals-stored"] == {"met"}


@pytest.mark.parametrize("listed", [["1.7.1"], []])
def test_where_no_store_was_answered_nothing_is_known_of_what_was_stored(listed: list[str], archive: Archive) -> None:
    archive.store("1.7.1", status=None)
    archive.complete(*listed)
    archive.commit(["1.7.1"], listed, [] if listed else ["1.7.1"])
    archive.find(*listed)
    archive.retrieve(*listed)
    judged = archive.judged()
    assert archive.broken() == set()
    assert judged["listed-equals-stored"] == {"undecided"}
    assert judged["requested-contains-stored"] == {"undecided"}


def test_an_instance_that_got_no_answer_may_be_committed_and_handed_out_or_not(archive: Archive) -> None:
    archive.store("1.7.1", status=None)
    archive.store("1.7.2")
    archive.commit(["1.7.1", "1.7.2"], ["1.7.1", "1.7.2"])
    archive.find("1.7.1", "1.7.2")
    archive.retrieve("1.7.1", "1.7.2")
    assert archive.broken() == set()
    archive.commit(["1.7.2"], ["1.7.2"], uid="1.8.2")
    archive.find("1.7.2")
    archive.retrieve("1.7.2")
    assert archive.broken() == set()


def test_an_answered_repetition_settles_that_an_instance_was_stored(archive: Archive) -> None:
    archive.store("1.7.1", status=None)
    archive.store("1.7.1")
    assert stored.holdings(stored.stored(archive.rec.play())) == stored.Holdings(
        sure=frozenset({"1.7.1"}), unsure=frozenset()
    )
    archive.find()
    assert archive.broken() == {"found-contains-stored"}


def test_a_series_list_that_an_earlier_n_set_gave_holds(archive: Archive) -> None:
    archive.store("1.7.1")
    make = archive.tools.dataset
    series = make(SeriesInstanceUID="1.2.1", ReferencedImageSequence=[make(ReferencedSOPInstanceUID="1.7.1")])
    leg = archive.leg("RAD-7", "to-pps-manager", "completed")
    archive.rec.dimse(leg, Service.N_SET, make(PerformedSeriesSequence=[series]), instance="1.9")
    archive.rec.dimse(leg, Service.N_SET, make(PerformedProcedureStepStatus="COMPLETED"), instance="1.9")
    (one,) = stored.listed(archive.rec.play())
    assert one.instances == {"1.7.1"}
    assert archive.judged()["listed-equals-stored"] == {"met"}


@pytest.mark.parametrize(("sent", "judged"), [(("1.7.1",), [("stored", "Modality", 1)]), ((), [])])
def test_what_our_part_lists_and_the_product_does_not_store_is_charged_to_the_storing(
    sent: tuple[str, ...], judged: list[tuple[str, str, int]], archive: Archive
) -> None:
    archive.leg("RAD-8", "store", "stored")
    archive.store(*sent)
    archive.complete("1.7.1", "1.7.2")
    play = archive.rec.play()
    product = replace(play.legs[0].planned, initiator=PlayerName("STORE"))
    storing = replace(play.legs[0], planned=product)
    found = list(storage_sets.check(replace(play, legs=(storing, *play.legs[1:]))))
    assert {one.outcome for one in found} <= {Outcome.VIOLATED}
    assert [(one.step, one.actor, one.evidence.exchange if one.evidence else 0) for one in found] == judged


def test_what_was_stored_between_two_products_may_be_committed_and_retrieved(archive: Archive) -> None:
    archive.leg("RAD-8", "store", "stored", state=LegState.NOT_OBSERVABLE)
    archive.complete("1.7.1")
    archive.commit(["1.7.1"], ["1.7.1"])
    archive.find("1.7.1")
    archive.retrieve("1.7.1")
    assert archive.judged() == {"listed-equals-stored": {"not applicable"}, "committed-equals-requested": {"met"}}


def test_where_storing_was_not_observed_a_list_is_not_judged(archive: Archive) -> None:
    archive.leg("RAD-8", "store", "stored", state=LegState.NOT_OBSERVABLE)
    archive.complete("1.7.1")
    assert archive.judged() == {"listed-equals-stored": {"not applicable"}}


@pytest.mark.parametrize(
    ("step", "kind", "outcome"),
    [
        ("stored", EventKind.UNREACHABLE, "undecided"),
        ("stored", EventKind.LINK_LOST, "undecided"),
        ("stored", EventKind.LINK_CLOSED, "violated"),
        ("committed", EventKind.UNREACHABLE, "violated"),
    ],
)
def test_whoever_could_hand_nothing_over_is_not_charged_with_its_list(
    step: str, kind: EventKind, outcome: str, archive: Archive
) -> None:
    archive.leg("RAD-8", "store", "stored")
    archive.complete("1.7.1")
    play = archive.rec.play()
    ends: dict[str, Any] = {"actor": "Modality", "peer_actor": "Image Manager"}
    event = Event(seq=99, time=0.0, kind=kind, step=StepRef(play.play.id, StepId(step)), play=play.play.id, **ends)
    (finding,) = storage_sets.check(replace(play, events=(event,)))
    assert finding.outcome.value == outcome


def test_a_list_of_what_never_came_is_wrong(archive: Archive) -> None:
    archive.leg("RAD-8", "store", "stored")
    archive.complete("1.7.1")
    assert archive.broken() == {"listed-equals-stored"}


@pytest.mark.parametrize(
    ("asked", "committed", "failed", "broken"),
    [
        (["1.7.1"], ["1.7.1"], [], set()),
        (["1.7.1", "1.7.9"], ["1.7.1"], ["1.7.9"], set()),
        (["1.7.1", "1.7.9"], ["1.7.1", "1.7.9"], [], {"never-stored-not-committed"}),
        (["1.7.1"], [], ["1.7.1"], {"stored-is-committed"}),
        (["1.7.1"], [], [], {"committed-equals-requested"}),
        (["1.7.1"], ["1.7.1", "1.7.5"], [], {"committed-equals-requested"}),
        (["1.7.1"], ["1.7.1"], ["1.7.1"], {"committed-equals-requested", "stored-is-committed"}),
        (["1.7.9"], [], ["1.7.9"], {"requested-contains-stored"}),
    ],
)
def test_a_report_tells_the_truth_about_the_requested_set(
    asked: list[str], committed: list[str], failed: list[str], broken: set[str], archive: Archive
) -> None:
    archive.store("1.7.1")
    archive.commit(asked, committed, failed)
    assert archive.broken() == broken


def test_several_requests_together_ask_for_everything(archive: Archive) -> None:
    archive.store("1.7.1", "1.7.2")
    archive.commit(["1.7.1"], ["1.7.1"], uid="1.8.1")
    assert archive.broken() == {"requested-contains-stored"}
    archive.commit(["1.7.2"], ["1.7.2"], uid="1.8.2")
    assert archive.broken() == set()


@pytest.mark.parametrize(
    ("keys", "found", "broken"),
    [
        ({}, ["1.7.1", "1.7.2"], set()),
        ({}, ["1.7.1"], {"found-contains-stored"}),
        ({}, ["1.7.1", "1.7.2", "1.7.3"], set()),
        ({"SOPInstanceUID": "1.7.1"}, ["1.7.1"], set()),
        ({"InstanceNumber": "9"}, [], set()),
    ],
)
def test_a_query_finds_what_fits_its_keys(
    keys: dict[str, str], found: list[str], broken: set[str], archive: Archive
) -> None:
    archive.store("1.7.1", "1.7.2", InstanceNumber="1")
    archive.find(*found, **keys)
    assert archive.broken() == broken


def test_the_last_repetition_of_a_probe_counts(archive: Archive) -> None:
    archive.store("1.7.1")
    archive.find()
    archive.find("1.7.1")
    assert archive.broken() == set()


def test_instances_of_a_wrongly_chosen_entry_may_be_hidden(archive: Archive) -> None:
    archive.store("1.7.1")
    archive.complete("1.7.1", reason="110514")
    archive.find()
    assert archive.broken() == set()


@pytest.mark.parametrize(("leg", "broken"), [("to-image-manager", set()), ("", {"requested-contains-stored"})])
def test_a_wrong_entry_that_a_product_told_itself_is_known_by_what_it_passed_on(
    leg: str, broken: set[str], archive: Archive
) -> None:
    archive.store("1.7.1", "1.7.2")
    if leg:
        archive.complete("1.7.1", reason="110514", leg=leg)
    archive.commit(["1.7.2"], ["1.7.2"])
    assert archive.broken() == broken


@pytest.mark.parametrize(
    ("received", "selected", "more", "broken"),
    [
        (["1.7.1", "1.7.2"], "", {}, set()),
        (["1.7.1"], "", {}, {"retrieved-equals-stored"}),
        (["1.7.1", "1.7.2", "1.7.3"], "", {}, {"retrieved-equals-stored"}),
        (["1.7.1"], "1.7.1", {}, set()),
        (["1.7.1", "1.7.2"], "", {"PatientID": "P1002"}, {"retrieved-equals-stored"}),
        (["1.7.1", "1.7.2"], "", {"RetrieveAETitle": "ARCHIVE"}, set()),
    ],
)
def test_what_is_retrieved_is_what_was_stored(
    received: list[str], selected: str, more: dict[str, str], broken: set[str], archive: Archive
) -> None:
    archive.store("1.7.1", "1.7.2")
    archive.retrieve(*received, selected=selected, **more)
    assert archive.broken() == broken


def test_after_an_update_the_archive_may_show_another_patient_but_no_other_study(archive: Archive) -> None:
    archive.store("1.7.1")
    update = b"MSH|^~\\&|OF|S|IM|S|2024||ADT^A08^ADT_A01|1|P|2.5.1\rPID|||P1002\r"
    archive.rec.hl7(archive.leg("RAD-12", "to-image-manager", "renamed"), update)
    archive.retrieve("1.7.1", PatientID="P1002")
    assert archive.broken() == set()
    archive.retrieve("1.7.1", PatientID="P1002", SeriesInstanceUID="1.2.9")
    assert archive.broken() == {"retrieved-equals-stored"}


def test_findings_point_into_the_wire(archive: Archive) -> None:
    archive.store("1.7.1")
    archive.commit(["1.7.1"], [])
    found = [one for one in storage_sets.check(archive.rec.play()) if one.outcome is Outcome.VIOLATED]
    assert [(one.actor, one.leg, one.evidence.path) for one in found] == [
        ("Image Manager", "report", "ReferencedSOPSequence")
    ]
    assert found[0].received == "0 committed, 0 failed; not reported: 1.7.1"


def by_product(play: Any, transaction: str) -> Any:
    """The play with a product as the initiator of a transaction."""
    legs = tuple(
        replace(leg, planned=replace(leg.planned, initiator=PlayerName("product")))
        if leg.step.transaction.id == transaction
        else leg
        for leg in play.legs
    )
    return replace(play, legs=legs)


def judged(play: Any, rule: str) -> set[str]:
    return {one.outcome.value for one in storage_sets.check(play) if one.requirement == rule}


def test_images_of_a_step_that_goes_on_are_not_listed_yet(archive: Archive) -> None:
    archive.store("1.7.1", mpps="1.9")
    archive.complete("1.7.1")
    archive.store("1.7.2", mpps="1.9.2", series="1.2.2")
    assert archive.broken() == set()
    archive.store("1.7.3", mpps="1.9", series="1.2.2")
    assert archive.broken() == {"listed-equals-stored"}


def test_an_object_of_another_study_is_of_no_step(archive: Archive) -> None:
    archive.store("1.7.1", mpps="1.9")
    archive.complete("1.7.1")
    other = archive.tools.dataset(SOPInstanceUID="1.7.9", StudyInstanceUID="1.3", SeriesInstanceUID="1.3.1")
    leg = archive.leg("RAD-8", "store", "stored")
    archive.rec.dimse(leg, Service.C_STORE, other, sop_class="CTImageStorage", instance="1.7.9")
    assert archive.broken() == set()


def test_what_a_discontinued_step_lists_need_not_be_stored(archive: Archive) -> None:
    archive.store("1.7.1", mpps="1.9")
    archive.complete("1.7.1", "1.7.2", reason="110501")
    assert archive.judged()["listed-equals-stored"] == {"undecided"}
    archive.store("1.7.3", mpps="1.9")
    assert archive.broken() == {"listed-equals-stored"}


def test_an_instance_that_was_stored_after_the_request_may_be_reported_as_failed(archive: Archive) -> None:
    archive.store("1.7.1")
    archive.commit(["1.7.1", "1.7.2"], ["1.7.1"], ["1.7.2"])
    archive.store("1.7.2")
    archive.commit(["1.7.2"], ["1.7.2"], uid="1.8.2")
    assert archive.broken() == set()


def test_a_product_may_ask_for_what_it_stored_before(archive: Archive) -> None:
    archive.store("1.7.1")
    archive.commit(["1.7.1", "1.6.1"], ["1.7.1", "1.6.1"])
    assert archive.broken() == {"never-stored-not-committed"}
    assert judged(by_product(archive.rec.play(), "RAD-10"), "storage/never-stored-not-committed") == {"met"}


def test_a_report_on_nothing_of_the_play_is_of_an_earlier_request(archive: Archive) -> None:
    archive.store("1.7.1")
    archive.commit(["1.7.1"], ["1.7.1"])
    make = archive.tools.dataset
    late = make(TransactionUID="1.5", ReferencedSOPSequence=[make(ReferencedSOPInstanceUID="1.6.1")])
    archive.rec.dimse(archive.leg("RAD-10", "report", "committed"), Service.N_EVENT_REPORT, late, sop_class=COMMIT)
    assert archive.broken() == set()
    late.ReferencedSOPSequence[0].ReferencedSOPInstanceUID = "1.7.1"
    archive.rec.dimse(archive.leg("RAD-10", "report", "committed"), Service.N_EVENT_REPORT, late, sop_class=COMMIT)
    assert archive.broken() == {"committed-equals-requested"}


def test_the_report_on_a_request_without_an_answer_is_no_unknown_one(archive: Archive) -> None:
    make = archive.tools.dataset
    content = make(TransactionUID="1.8", ReferencedSOPSequence=[make(ReferencedSOPInstanceUID="1.7.1")])
    archive.store("1.7.1")
    archive.rec.dimse(archive.leg("RAD-10", "request", "committed"), Service.N_ACTION, content, [], sop_class=COMMIT)
    archive.rec.dimse(archive.leg("RAD-10", "report", "committed"), Service.N_EVENT_REPORT, content, sop_class=COMMIT)
    assert archive.broken() == set()


def test_what_was_stored_unseen_may_be_retrieved(archive: Archive) -> None:
    archive.store("1.7.1")
    archive.rec.leg("RAD-18", "store", "derived", state=LegState.NOT_OBSERVABLE)
    archive.retrieve("1.7.1", "1.7.9")
    assert archive.broken() == set()
    archive.retrieve("1.7.8", StudyInstanceUID="1.3")
    assert archive.broken() == {"retrieved-equals-stored"}


def test_an_archive_files_late_images_under_the_surviving_patient(archive: Archive) -> None:
    raw = "MSH|^~\\&|OF|S|IM|S|2024||ADT^A40^ADT_A39|9|P|2.5.1\rPID|||P2||OAKES^ASTA\rMRG|P1001\r"
    archive.rec.hl7(archive.leg("RAD-12", "to-image-manager", "merged"), raw.encode())
    archive.store("1.7.1")
    archive.find("1.7.1")
    archive.find(PatientID="P1001")
    archive.retrieve("1.7.1", PatientID="P2")
    assert archive.broken() == set()


def test_an_issuer_may_be_added_but_not_changed(archive: Archive) -> None:
    archive.store("1.7.1")
    archive.retrieve("1.7.1", IssuerOfPatientID="SWF")
    assert archive.broken() == set()


def test_reports_are_retrieved_as_they_were_issued(archive: Archive) -> None:
    make = archive.tools.dataset
    report = make(SOPInstanceUID="1.8.1", StudyInstanceUID="1.2", SeriesInstanceUID="1.2.8", StudyID="1")
    keys = make(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2")
    for transaction, leg in (("RAD-25", "issue"), ("RAD-27", "store")):
        if transaction == "RAD-27":
            archive.rec.dimse(archive.leg("RAD-27", "move", "read"), Service.C_MOVE, keys, sop_class=MOVE)
        opened = archive.leg(transaction, leg, "issued" if transaction == "RAD-25" else "read")
        archive.rec.dimse(opened, Service.C_STORE, report, sop_class="BasicTextSRStorage", instance="1.8.1")
    assert archive.judged()["retrieved-equals-issued"] == {"met"}
    archive.rec.legs[-1].exchanges[-1].request_dataset.StudyID = "2"
    found = storage_sets.check(archive.rec.play())
    assert {one.actor for one in found if one.outcome is Outcome.VIOLATED} == {"Report Repository"}


def test_an_instance_without_the_uid_that_is_asked_by_may_come_or_not(archive: Archive) -> None:
    archive.store("1.7.1")
    archive.store("1.7.2", StudyInstanceUID="")
    archive.retrieve("1.7.1")
    assert archive.broken() - {"requested-contains-stored"} == set()


def test_a_retrieve_that_brings_too_much_is_the_one_before_it(archive: Archive) -> None:
    archive.store("1.7.1", "1.7.2", "1.7.3")
    archive.retrieve("1.7.1", "1.7.2", selected="1.7.1")
    archive.retrieve("1.7.3", selected="1.7.3")
    (found,) = [one for one in storage_sets.check(archive.rec.play()) if one.outcome is Outcome.VIOLATED]
    assert found.evidence is not None
    assert found.evidence.exchange == 4
    assert found.expected == "2 instances stored under SOPInstanceUID 1.7.1, StudyInstanceUID 1.2"
