from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.checks.expectations import check, expectation_findings, expectation_outcome
from harness.checks.recording import PlayView
from harness.model.deviation import Change, Deviation
from harness.model.names import ActorName, LegId, PlayerName
from harness.model.plan import LegState
from harness.model.profile import Service
from harness.model.scenario import Answer, Expectation
from harness.model.verdict import Outcome

MWL = "ModalityWorklistInformationModelFind"
FIND = "StudyRootQueryRetrieveInformationModelFind"
MOVE = "StudyRootQueryRetrieveInformationModelMove"
COMMIT = "StorageCommitmentPushModel"
ADT = b"MSH|^~\\&|ADT|S|OF|S|2024||ADT^A08^ADT_A01|1|P|2.5.1\rPID|||P1001\r"
ORDER = b"MSH|^~\\&|OP|S|OF|S|2024||OMG^O19^OMG_O19|1|P|2.5.1\rPID|||P1001\rORC|NW|A1\r"
MET, VIOLATED = Outcome.MET, Outcome.VIOLATED
PACS = PlayerName("PACS")


def bound(play: PlayView, players: Mapping[str, Mapping[str, Any]]) -> PlayView:
    """The play with other players on the legs of some steps."""
    legs = [replace(view, planned=replace(view.planned, **players.get(view.step.step.id, {}))) for view in play.legs]
    steps = tuple(
        replace(step, legs=tuple(replace(leg, **players.get(step.step.id, {})) for leg in step.legs))
        for step in play.play.steps
    )
    return replace(play, legs=tuple(legs), play=replace(play.play, steps=steps))


class Probe:
    """Records one step that expects something."""

    def __init__(self, recording: Any, tools: Any, **expect: Any) -> None:
        self.rec = recording()
        self.tools = tools
        self.expect = Expectation(**expect)

    def leg(self, transaction: str, leg: str, **of_step: Any) -> Any:
        return self.rec.leg(transaction, leg, "probe", expect=self.expect, **of_step)

    def outcome(self) -> Outcome:
        play = self.rec.play()
        step = play.play.step("probe")
        legs = [view for view in play.legs if view.step.step.id == "probe"]
        assert list(check(play)) == list(expectation_findings(step, legs, play))
        return expectation_outcome(step, legs, play)

    def finding(self) -> Any:
        (found,) = check(self.rec.play())
        return found

    def worklist(self, leg: Any, *patients: str, status: int = 0) -> None:
        entries = [(0xFF00, self.tools.dataset(PatientID=patient)) for patient in patients]
        self.rec.dimse(leg, Service.C_FIND, self.tools.dataset(PatientID=""), [*entries, (status, None)], sop_class=MWL)

    def images(self, leg: Any, *uids: str, series: str = "1.2.1") -> None:
        make = self.tools.dataset
        keys = make(QueryRetrieveLevel="IMAGE", StudyInstanceUID="1.2", SeriesInstanceUID=series)
        entries = [(0xFF00, make(QueryRetrieveLevel="IMAGE", SOPInstanceUID=uid)) for uid in uids]
        self.rec.dimse(leg, Service.C_FIND, keys, [*entries, (0, None)], sop_class=FIND)

    def store(self, *uids: str, status: int | None = 0) -> None:
        leg = self.rec.leg("RAD-8", "store", "stored")
        answer = [] if status is None else [(status, None)]
        for uid in uids:
            image = self.tools.dataset(SOPInstanceUID=uid, PatientID="P1001")
            self.rec.dimse(leg, Service.C_STORE, image, answer, sop_class="CTImageStorage", instance=uid)


@pytest.fixture
def probe(recording: Callable[..., Any], tools: Any) -> Callable[..., Probe]:
    return lambda **expect: Probe(recording, tools, **expect)


def test_a_step_that_expects_nothing_is_not_judged(probe: Callable[..., Probe]) -> None:
    made = probe()
    made.worklist(made.leg("RAD-5", "query"), "P1001")
    assert made.outcome() is Outcome.NOT_APPLICABLE


def test_a_step_that_showed_nothing_yet_is_undecided(probe: Callable[..., Probe]) -> None:
    made = probe(matches=1)
    made.leg("RAD-5", "query")
    assert made.outcome() is Outcome.UNDECIDED


@pytest.mark.parametrize(
    ("wanted", "patients", "outcome"),
    [
        (1, ["P1001"], MET),
        (1, ["P1001", "SOMEBODY"], MET),
        (1, ["SOMEBODY"], VIOLATED),
        (1, ["P1001", "P1001"], VIOLATED),
        (0, [], MET),
        (0, ["SOMEBODY"], MET),
        (0, ["P1001"], VIOLATED),
    ],
)
def test_entries_of_the_patient_are_counted(
    wanted: int, patients: list[str], outcome: Outcome, probe: Callable[..., Probe]
) -> None:
    made = probe(matches=wanted)
    made.worklist(made.leg("RAD-5", "query"), *patients)
    assert made.outcome() is outcome
    assert made.finding().requirement == "expectation/rad-5-matches"


@pytest.mark.parametrize("wanted", [1, 2])
@pytest.mark.parametrize(
    ("answers", "outcome"),
    [([], Outcome.UNDECIDED), (["AE"], Outcome.UNDECIDED), ([None], Outcome.UNDECIDED), (["AE", "AA"], VIOLATED)],
)
def test_an_order_that_was_not_taken_cannot_be_in_the_worklist(
    answers: list[str | None], outcome: Outcome, wanted: int, probe: Callable[..., Probe]
) -> None:
    made = probe(matches=wanted)
    order = made.rec.leg("RAD-2", "to-order-filler", "order")
    for answer in answers:
        made.rec.hl7(order, ORDER, answer)
    made.worklist(made.leg("RAD-5", "query"))
    assert made.outcome() is outcome


def test_an_entry_that_is_there_all_the_same_counts(probe: Callable[..., Probe]) -> None:
    made = probe(matches=1)
    made.rec.hl7(made.rec.leg("RAD-2", "to-order-filler", "order"), ORDER, None)
    leg = made.leg("RAD-5", "query")
    made.worklist(leg, "P1001")
    assert made.outcome() is MET
    made.worklist(leg, "P1001", "P1001")
    assert made.outcome() is VIOLATED


def test_the_last_of_several_probes_counts(probe: Callable[..., Probe]) -> None:
    made = probe(matches=1)
    leg = made.leg("RAD-5", "query", until=True)
    made.worklist(leg)
    assert made.outcome() is VIOLATED
    made.worklist(leg, "P1001")
    assert made.outcome() is MET


def test_a_query_that_failed_shows_no_absence(probe: Callable[..., Probe]) -> None:
    made = probe(matches=0)
    made.worklist(made.leg("RAD-5", "query"), status=0xA700)
    assert (made.outcome(), made.finding().received) == (VIOLATED, "status A700")


@pytest.mark.parametrize(
    ("found", "outcome"),
    [(["1.7.1", "1.7.2"], MET), (["1.7.1"], VIOLATED), (["1.7.1", "1.7.2", "1.7.3"], VIOLATED), ([], VIOLATED)],
)
def test_exactly_what_was_stored_is_found(found: list[str], outcome: Outcome, probe: Callable[..., Probe]) -> None:
    made = probe(instances="stored")
    made.store("1.7.1", "1.7.2")
    made.images(made.leg("RAD-14", "query"), *found)
    assert made.outcome() is outcome


@pytest.mark.parametrize("found", [["1.7.1", "1.7.2"], ["1.7.2"]])
def test_what_got_no_answer_may_be_found_or_not(found: list[str], probe: Callable[..., Probe]) -> None:
    made = probe(instances="stored")
    made.store("1.7.1", status=None)
    made.store("1.7.2")
    made.images(made.leg("RAD-14", "query"), *found)
    assert made.outcome() is MET


@pytest.mark.parametrize("found", [[], ["1.7.1"]])
@pytest.mark.parametrize("status", ["nothing sent", 0xA700, None])
def test_where_nothing_was_stored_nothing_is_known_of_what_is_found(
    status: int | str | None, found: list[str], probe: Callable[..., Probe]
) -> None:
    made = probe(instances="stored")
    if isinstance(status, str):
        made.store()
    else:
        made.store("1.7.1", status=status)
    made.images(made.leg("RAD-14", "query"), *found)
    assert made.outcome() is Outcome.UNDECIDED


@pytest.mark.parametrize(("uids", "outcome"), [([], Outcome.UNDECIDED), (["1.7.1"], VIOLATED)])
def test_a_patient_of_whom_nothing_was_stored_is_not_missed(
    uids: list[str], outcome: Outcome, probe: Callable[..., Probe]
) -> None:
    made = probe(patient="main", matches=1)
    made.store(*uids)
    keys = made.tools.dataset(QueryRetrieveLevel="STUDY", PatientID="", PatientName="")
    made.rec.dimse(made.leg("RAD-14", "query"), Service.C_FIND, keys, [(0, None)], sop_class=FIND)
    found = {finding.requirement: finding.outcome for finding in check(made.rec.play())}
    assert found == {"expectation/rad-14-patient": outcome, "expectation/rad-14-matches": outcome}


def test_instances_of_all_series_count_together(probe: Callable[..., Probe]) -> None:
    made = probe(instances="stored")
    made.store("1.7.1", "1.7.2")
    leg = made.leg("RAD-14", "query")
    made.images(leg, series="1.2.1")
    made.images(leg, "1.7.1", series="1.2.1")
    made.images(leg, "1.7.2", series="1.2.2")
    assert made.outcome() is MET


@pytest.mark.parametrize(("wanted", "outcome"), [("2", MET), ("0", VIOLATED)])
def test_a_number_of_instances_is_counted(wanted: str, outcome: Outcome, probe: Callable[..., Probe]) -> None:
    made = probe(instances=wanted)
    made.images(made.leg("RAD-14", "query"), "1.7.1", "1.7.2")
    assert made.outcome() is outcome


def test_no_study_is_no_instance(probe: Callable[..., Probe]) -> None:
    made = probe(instances="0")
    keys = made.tools.dataset(QueryRetrieveLevel="STUDY", PatientID="P1001")
    made.rec.dimse(made.leg("RAD-14", "query"), Service.C_FIND, keys, [(0, None)], sop_class=FIND)
    assert made.outcome() is MET


@pytest.mark.parametrize(("received", "outcome"), [(["1.7.1"], MET), ([], VIOLATED)])
def test_exactly_what_was_stored_is_retrieved(
    received: list[str], outcome: Outcome, probe: Callable[..., Probe]
) -> None:
    made = probe(instances="stored")
    made.store("1.7.1")
    move, store = made.leg("RAD-16", "move"), made.leg("RAD-16", "store")
    keys = made.tools.dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.7")
    made.rec.dimse(move, Service.C_MOVE, keys, sop_class=MOVE)
    for uid in received:
        copy = made.tools.dataset(SOPInstanceUID=uid)
        made.rec.dimse(store, Service.C_STORE, copy, sop_class="CTImageStorage", instance=uid)
    assert made.outcome() is outcome


@pytest.mark.parametrize(
    ("answer", "code", "outcome"),
    [
        (Answer.ACCEPTED, "AA", MET),
        (Answer.ACCEPTED, "AE", VIOLATED),
        (Answer.REFUSED, "AR", MET),
        (Answer.REFUSED, "AA", VIOLATED),
        (Answer.REFUSED, None, VIOLATED),
        (Answer.OBJECTED, "AE", MET),
        (Answer.OBJECTED, "AA", VIOLATED),
        (Answer.EITHER, "AA", Outcome.NOT_APPLICABLE),
        (Answer.EITHER, "AE", Outcome.NOT_APPLICABLE),
    ],
)
def test_a_message_is_taken_or_refused(
    answer: Answer, code: str | None, outcome: Outcome, probe: Callable[..., Probe]
) -> None:
    made = probe(answer=answer)
    made.rec.hl7(made.leg("RAD-12", "to-order-filler"), ADT, code)
    assert made.outcome() is outcome


@pytest.mark.parametrize(("wanted", "code", "outcome"), [("AR", "AR", MET), ("AR", "AE", VIOLATED)])
def test_an_acknowledgement_code_is_expected(
    wanted: str, code: str, outcome: Outcome, probe: Callable[..., Probe]
) -> None:
    made = probe(status=wanted)
    made.rec.hl7(made.leg("RAD-12", "to-order-filler"), ADT, code)
    assert made.outcome() is outcome


@pytest.mark.parametrize(("status", "outcome"), [(0x0110, MET), (0x0112, VIOLATED), (0, VIOLATED)])
def test_a_status_is_expected_of_the_first_hop(status: int, outcome: Outcome, probe: Callable[..., Probe]) -> None:
    made = probe(status="0110", answer=Answer.REFUSED)
    message = made.tools.dataset(PerformedProcedureStepStatus="COMPLETED")
    made.rec.dimse(made.leg("RAD-7", "to-pps-manager"), Service.N_SET, message, [(status, None)])
    made.rec.dimse(made.leg("RAD-7", "to-order-filler"), Service.N_SET, message, [(0, None)])
    assert made.outcome() is outcome


def test_the_leg_that_deviates_is_the_one_that_is_answered_otherwise(probe: Callable[..., Probe]) -> None:
    made = probe(answer=Answer.REFUSED)
    deviation = Deviation(actor=ActorName("ADT"), change=Change.REMOVE, path="PID-3", leg=LegId("to-order-filler"))
    made.rec.hl7(made.leg("RAD-12", "to-order-placer", deviation=deviation), ADT, "AA")
    made.rec.hl7(made.leg("RAD-12", "to-order-filler", deviation=deviation), ADT, "AE")
    assert made.outcome() is MET


@pytest.mark.parametrize(
    ("shown", "outcome"),
    [
        ({"PatientID": "P1002", "PatientName": "OAKES^ASTA", "PatientBirthDate": "19580714", "PatientSex": "F"}, MET),
        ({"PatientID": "P1002", "PatientName": "OAKES^ASTA"}, MET),
        ({"PatientID": "P1002", "PatientName": "LINDGREN^ASTA"}, VIOLATED),
        ({"PatientID": "P1002", "PatientName": "OAKES^ASTA", "PatientBirthDate": "19580715"}, VIOLATED),
        ({"PatientID": "P1001", "PatientName": "LINDGREN^ASTA"}, VIOLATED),
    ],
)
def test_the_answer_shows_the_patient_by_the_name_of_then(
    shown: dict[str, str], outcome: Outcome, probe: Callable[..., Probe]
) -> None:
    made = probe(patient="other")
    entry = made.tools.dataset(QueryRetrieveLevel="STUDY", **shown)
    keys = made.tools.dataset(QueryRetrieveLevel="STUDY", PatientID="", PatientName="")
    made.rec.dimse(made.leg("RAD-14", "query"), Service.C_FIND, keys, [(0xFF00, entry), (0, None)], sop_class=FIND)
    assert made.outcome() is outcome
    assert made.finding().actor == "Image Manager"


def test_the_last_query_that_asks_for_the_name_shows_it(probe: Callable[..., Probe]) -> None:
    made = probe(patient="other")
    make, leg = made.tools.dataset, made.leg("RAD-14", "query")
    outcomes = []
    for names in ({}, {"PatientName": "OAKES^ASTA"}, {}):
        keys = make(QueryRetrieveLevel="STUDY", PatientID="", **dict.fromkeys(names, ""))
        answer = make(QueryRetrieveLevel="STUDY", PatientID="P1002", **names)
        made.rec.dimse(leg, Service.C_FIND, keys, [(0xFF00, answer), (0, None)], sop_class=FIND)
        outcomes.append(made.outcome())
    assert outcomes == [Outcome.UNDECIDED, MET, MET]


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ({}, Outcome.NOT_APPLICABLE),
        ({"responder": PACS}, VIOLATED),
        ({"claimed_by": PACS}, VIOLATED),
    ],
)
def test_a_product_shows_the_new_name_only_if_it_takes_or_claims_the_update(
    told: dict[str, str], outcome: Outcome, probe: Callable[..., Probe]
) -> None:
    made = probe(patient="other")
    update = made.rec.leg("RAD-12", "to-image-manager", "renamed", patient="other")
    made.rec.hl7(update, ADT)
    entry = made.tools.dataset(QueryRetrieveLevel="STUDY", PatientID="P1002", PatientName="LINDGREN^ASTA")
    keys = made.tools.dataset(QueryRetrieveLevel="STUDY", PatientID="", PatientName="")
    query = made.leg("RAD-14", "query", patient="other")
    made.rec.dimse(query, Service.C_FIND, keys, [(0xFF00, entry), (0, None)], sop_class=FIND)
    play = bound(made.rec.play(), {"renamed": told, "probe": {"responder": PACS}})
    (found,) = check(play)
    assert (found.outcome, found.actor) == (outcome, "Image Manager")


def test_our_stand_in_is_not_asked_for_a_name_that_only_the_product_was_told(probe: Callable[..., Probe]) -> None:
    made = probe(patient="other")
    made.rec.hl7(made.rec.leg("RAD-12", "to-image-manager", "renamed", patient="other"), ADT)
    entry = made.tools.dataset(QueryRetrieveLevel="STUDY", PatientID="P1002", PatientName="LINDGREN^ASTA")
    keys = made.tools.dataset(QueryRetrieveLevel="STUDY", PatientID="", PatientName="")
    query = made.leg("RAD-14", "query", patient="other")
    made.rec.dimse(query, Service.C_FIND, keys, [(0xFF00, entry), (0, None)], sop_class=FIND)
    for told, outcome in (({}, VIOLATED), ({"responder": PACS}, Outcome.NOT_APPLICABLE)):
        (found,) = check(bound(made.rec.play(), {"renamed": told}))
        assert found.outcome is outcome


def test_a_product_that_we_feed_shows_what_our_stand_in_was_told(probe: Callable[..., Probe]) -> None:
    made = probe(patient="other")
    make, leg = made.tools.dataset, made.leg("RAD-5", "query", patient="other")
    entry = make(PatientID="P1002", PatientName="LINDGREN^ASTA")
    keys = make(PatientID="", PatientName="")
    made.rec.dimse(leg, Service.C_FIND, keys, [(0xFF00, entry), (0, None)], sop_class=MWL)
    for fed, outcome in ((False, Outcome.NOT_APPLICABLE), (True, VIOLATED)):
        (found,) = check(bound(made.rec.play(), {"probe": {"responder": PACS, "fed": fed}}))
        assert (found.outcome, found.actor) == (outcome, "Order Filler")


def test_nobody_is_asked_for_what_was_stored_between_two_products(probe: Callable[..., Probe]) -> None:
    made = probe(instances="stored")
    made.rec.leg("RAD-8", "store", "stored", state=LegState.NOT_OBSERVABLE)
    made.images(made.leg("RAD-14", "query"), "1.7.1")
    assert made.outcome() is Outcome.NOT_APPLICABLE
    assert made.finding().received == "what was stored is not observable"


@pytest.mark.parametrize(("status", "outcome"), [(0, VIOLATED), (0xC000, Outcome.UNDECIDED)])
def test_only_an_answered_query_shows_that_there_is_no_instance(
    status: int, outcome: Outcome, probe: Callable[..., Probe]
) -> None:
    made = probe(instances="1")
    keys = made.tools.dataset(QueryRetrieveLevel="STUDY", PatientID="P1001")
    made.rec.dimse(made.leg("RAD-14", "query"), Service.C_FIND, keys, [(status, None)], sop_class=FIND)
    assert made.outcome() is outcome


def test_retrieved_objects_show_the_patient_too(probe: Callable[..., Probe]) -> None:
    made = probe(patient="other")
    made.leg("RAD-16", "move")
    copy = made.tools.dataset(SOPInstanceUID="1.7.1", PatientID="P1002", PatientName="LINDGREN^ASTA")
    made.rec.dimse(made.leg("RAD-16", "store"), Service.C_STORE, copy, sop_class="CTImageStorage", instance="1.7.1")
    found = made.finding()
    assert (found.outcome, found.actor, found.received) == (VIOLATED, "Image Manager", "LINDGREN^ASTA")


@pytest.mark.parametrize(("failed", "outcome"), [(["1.7.9"], MET), ([], VIOLATED), (["1.7.8", "1.7.9"], VIOLATED)])
def test_instances_that_were_never_stored_are_uncommitted(
    failed: list[str], outcome: Outcome, probe: Callable[..., Probe]
) -> None:
    made = probe(uncommitted=1)
    make = made.tools.dataset
    report = make(TransactionUID="1.9", FailedSOPSequence=[make(ReferencedSOPInstanceUID=uid) for uid in failed])
    made.leg("RAD-10", "request")
    made.rec.dimse(made.leg("RAD-10", "report"), Service.N_EVENT_REPORT, report, sop_class=COMMIT)
    assert made.outcome() is outcome
    assert made.finding().actor == "Image Manager"


def test_nothing_is_due_of_a_retrieve_that_does_not_say_what_it_wants(probe: Callable[..., Probe]) -> None:
    made = probe(instances="stored")
    made.store("1.7.1")
    keys = made.tools.dataset(QueryRetrieveLevel="STUDY")
    made.rec.dimse(made.leg("RAD-16", "move"), Service.C_MOVE, keys, [(0xA900, None)], sop_class=MOVE)
    assert made.outcome() is Outcome.NOT_APPLICABLE


def studies(made: Probe, keys: dict[str, str], *patients: str) -> None:
    """A query at study level with its answers, each about a patient."""
    make = made.tools.dataset
    answers = [(0xFF00, make(QueryRetrieveLevel="STUDY", PatientID=patient)) for patient in patients]
    leg = made.leg("RAD-14", "query")
    made.rec.dimse(leg, Service.C_FIND, make(**keys), [*answers, (0, None)], sop_class=FIND)


@pytest.mark.parametrize(
    ("keys", "patient", "outcome"),
    [
        ({"PatientID": "P1001"}, "P1001", MET),
        ({"PatientID": "P1001"}, "", MET),
        ({"StudyInstanceUID": "1.2"}, "", MET),
        ({"PatientName": "LIND*"}, "", VIOLATED),
        ({"PatientID": "P1001"}, "P1002", VIOLATED),
    ],
)
def test_an_entry_that_is_silent_of_its_patient_is_of_whom_was_asked_for(
    probe: Callable[..., Probe], keys: dict[str, str], patient: str, outcome: Outcome
) -> None:
    made = probe(matches=1)
    studies(made, {"QueryRetrieveLevel": "STUDY", **keys}, patient)
    found = made.finding()
    assert found.outcome is outcome
    assert found.evidence.path == ("" if outcome is MET else "PatientID")


@pytest.mark.parametrize("level", ["", "EVERYTHING"])
def test_a_query_that_names_no_level_decides_no_number(probe: Callable[..., Probe], level: str) -> None:
    made = probe(matches=2)
    studies(made, {"QueryRetrieveLevel": level, "PatientID": "P1001"}, "P1001")
    assert made.finding().outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("level", ["SERIES", "IMAGE"])
def test_series_and_images_are_not_counted_as_studies(probe: Callable[..., Probe], level: str) -> None:
    made = probe(matches=1)
    studies(made, {"QueryRetrieveLevel": level, "StudyInstanceUID": "1.2.3"}, "P1001", "P1001")
    found = made.finding()
    assert (found.outcome, found.received.partition(",")[0]) == (
        Outcome.NOT_APPLICABLE,
        "only series and images were asked for",
    )
