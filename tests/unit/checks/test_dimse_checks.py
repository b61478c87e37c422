from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.checks import attribute_tables, dimse_reply, queries, retrieval, worklist
from harness.model.names import ActorName, TransactionId
from harness.model.profile import Service
from harness.model.scenario import Answer, Expectation
from harness.model.tables import AttributeRow, AttributeTable
from harness.model.transcript import Half
from harness.model.verdict import Confidence, Outcome

MET, VIOLATED, NOT_APPLICABLE, UNDECIDED = Outcome.MET, Outcome.VIOLATED, Outcome.NOT_APPLICABLE, Outcome.UNDECIDED
FIND = "ModalityWorklistInformationModelFind"
STUDY_FIND = "StudyRootQueryRetrieveInformationModelFind"
IMAGE = {"SOPClassUID": "1.2.8", "SOPInstanceUID": "1.2.3", "StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.2.1"}
MOVE = "StudyRootQueryRetrieveInformationModelMove"


def table_of(rows: dict[str, AttributeRow]) -> AttributeTable:
    return AttributeTable(
        transaction=TransactionId("RAD-6"),
        actor=ActorName("Modality"),
        half=Half.REQUEST,
        citation="PS3.4 F.7",
        rows=rows,
    )


def row(kind: str, **parts: Any) -> AttributeRow:
    return AttributeRow(type=kind, confidence=Confidence.VERIFIED, **parts)


def judged(dataset: Any, rows: dict[str, AttributeRow], identifier: Any = None) -> list[tuple[Outcome, str]]:
    return [(one.outcome, one.path) for one in attribute_tables.judge(dataset, table_of(rows), identifier)]


@pytest.mark.parametrize(
    ("kind", "value", "outcome"),
    [
        ("1", "P1", MET), ("1", "", VIOLATED), ("1", None, VIOLATED),
        ("2", "P1", MET), ("2", "", MET), ("2", None, VIOLATED),
        ("-", None, MET), ("-", "", VIOLATED), ("-", "P1", VIOLATED),
    ],
)
def test_types_say_what_has_to_be_there(kind: str, value: str | None, outcome: Outcome, tools: Any) -> None:
    dataset = tools.dataset() if value is None else tools.dataset(PatientID=value)
    assert judged(dataset, {"PatientID": row(kind)}) == [(outcome, "PatientID")]


def test_an_optional_attribute_is_judged_by_its_values_alone(tools: Any) -> None:
    rows = {"PatientSex": row("3", values=("M", "F"))}
    assert judged(tools.dataset(), rows) == []
    assert judged(tools.dataset(PatientSex="F"), rows) == [(MET, "PatientSex")]
    assert judged(tools.dataset(PatientSex="X"), rows) == [(VIOLATED, "PatientSex")]


def test_an_obligation_lies_on_every_existing_item(tools: Any) -> None:
    rows = {"PerformedSeriesSequence[*].SeriesInstanceUID": row("1")}
    items = [tools.dataset(SeriesInstanceUID="1.2"), tools.dataset(), tools.dataset(SeriesInstanceUID="")]
    assert judged(tools.dataset(PerformedSeriesSequence=items), rows) == [
        (VIOLATED, "PerformedSeriesSequence[1].SeriesInstanceUID"),
        (VIOLATED, "PerformedSeriesSequence[2].SeriesInstanceUID"),
    ]
    assert judged(tools.dataset(PerformedSeriesSequence=[]), rows) == []
    assert judged(tools.dataset(), rows) == []


def test_a_condition_is_read_in_the_same_item(tools: Any) -> None:
    condition = "ProcedureCodeSequence[*].CodeValue valued"
    rows = {"ProcedureCodeSequence[*].CodingSchemeDesignator": row("1C", when=condition)}
    items = [tools.dataset(CodeValue="A", CodingSchemeDesignator="S"), tools.dataset(CodeMeaning="M")]
    assert judged(tools.dataset(ProcedureCodeSequence=items), rows) == [
        (MET, "ProcedureCodeSequence[0].CodingSchemeDesignator")
    ]
    items[1].CodeValue = "B"
    assert judged(tools.dataset(ProcedureCodeSequence=items), rows) == [
        (VIOLATED, "ProcedureCodeSequence[1].CodingSchemeDesignator")
    ]


def test_a_condition_in_prose_is_not_judged_and_one_that_cannot_be_read_stays_open(tools: Any) -> None:
    assert judged(tools.dataset(), {"PatientID": row("1C", condition="if known")}) == [(NOT_APPLICABLE, "PatientID")]
    assert judged(tools.dataset(), {"PatientID": row("1C", when="whenever it pleases")}) == [(UNDECIDED, "PatientID")]


def test_a_return_key_is_judged_only_where_it_was_asked_for(tools: Any) -> None:
    rows = {"PatientID": row("1", when_requested=True)}
    assert judged(tools.dataset(), rows, tools.dataset(PatientID="")) == [(VIOLATED, "PatientID")]
    assert judged(tools.dataset(), rows, tools.dataset()) == []


@pytest.fixture
def exchange(recording: Callable[..., Any], tools: Any) -> Callable[..., Any]:
    """A leg with one exchange."""

    def make(
        transaction: str, leg: str, service: Service, request: Any, responses: Any, sop_class: str, **of_step: Any
    ) -> Any:
        rec = recording()
        opened = rec.leg(transaction, leg, "step", **of_step)
        rec.dimse(opened, service, request, responses, sop_class=sop_class, instance="1.2.3")
        return rec.view(opened)

    return make


def rows_of(findings: Any) -> dict[str, set[Outcome]]:
    found: dict[str, set[Outcome]] = {}
    for one in findings:
        found.setdefault(one.requirement.partition("/")[2], set()).add(one.outcome)
    return found


@pytest.mark.parametrize(
    ("responses", "answered", "defined", "status"),
    [
        ([(0, None)], MET, MET, MET),
        ([(0xB000, None)], MET, MET, MET),
        ([(0xA700, None)], MET, MET, VIOLATED),
        ([(0x1234, None)], MET, VIOLATED, VIOLATED),
        ([], VIOLATED, None, None),
        ([(0xFF00, None)], VIOLATED, VIOLATED, None),
    ],
)
def test_a_store_is_answered_with_a_final_status(
    responses: Any, answered: Outcome, defined: Outcome | None, status: Outcome | None, exchange: Any, tools: Any
) -> None:
    view = exchange("RAD-8", "store", Service.C_STORE, tools.dataset(**IMAGE), responses, "CTImageStorage")
    replies, accepted = rows_of(dimse_reply.reply(view)), rows_of(dimse_reply.status(view))
    assert replies["answered"] == {answered}
    assert replies.get("status-defined") == (None if defined is None else {defined})
    assert accepted.get("status") == (None if status is None else {status})


@pytest.mark.parametrize(
    ("reports", "outcomes"),
    [
        # on whose association, Transaction UID, answered
        ([("archive", "1.8", True)], {MET}),
        ([("archive", "1.8", False)], {VIOLATED}),
        ([("requester", "1.8", False)], {UNDECIDED}),
        ([("requester", "1.8", False), ("archive", "1.8", True)], {NOT_APPLICABLE, MET}),
        ([("archive", "1.8", False), ("archive", "1.8", True)], {NOT_APPLICABLE, MET}),
        ([("requester", "1.8", False), ("archive", "1.9", True)], {UNDECIDED, MET}),
        ([("requester", "1.8", False), ("archive", "1.8", False)], {UNDECIDED, VIOLATED}),
    ],
)
def test_a_report_that_crosses_the_release_may_be_repeated(
    reports: list[tuple[str, str, bool]], outcomes: set[Outcome], recording: Callable[..., Any], tools: Any
) -> None:
    rec = recording()
    leg = rec.leg("RAD-10", "report", "committed")
    for opened_by, uid, answered in reports:
        rec.dimse(
            leg,
            Service.N_EVENT_REPORT,
            tools.dataset(TransactionUID=uid),
            [(0, None)] if answered else [],
            sop_class="StorageCommitmentPushModel",
            opened_by_peer=opened_by == "requester",
        )
    assert rows_of(dimse_reply.reply(rec.view(leg)))["answered"] == outcomes


@pytest.mark.parametrize("lacking", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"])
def test_an_object_without_identity_may_be_refused(lacking: str, exchange: Any, tools: Any) -> None:
    image = tools.dataset(**{**IMAGE, lacking: ""})
    view = exchange("RAD-8", "store", Service.C_STORE, image, [(0xA900, None)], "CTImageStorage")
    assert rows_of(dimse_reply.status(view)) == {"status": {NOT_APPLICABLE}}


def test_a_refusal_of_an_illegal_request_or_one_that_is_expected_is_no_fault(exchange: Any, tools: Any) -> None:
    bad = tools.dataset(TransactionUID="1.2")
    sop_class = "StorageCommitmentPushModel"
    illegal = exchange("RAD-10", "request", Service.N_ACTION, bad, [(0x0110, None)], sop_class)
    assert rows_of(dimse_reply.status(illegal)) == {"status": {NOT_APPLICABLE}}
    expected = exchange(
        "RAD-8", "store", Service.C_STORE, tools.dataset(**IMAGE), [(0xA900, None)], "CTImageStorage",
        expect=Expectation(answer=Answer.REFUSED),
    )
    assert rows_of(dimse_reply.status(expected)) == {"status": {NOT_APPLICABLE}}


def test_a_request_without_a_data_set_is_charged(exchange: Any) -> None:
    view = exchange("RAD-6", "to-pps-manager", Service.N_CREATE, None, [(0, None)], "ModalityPerformedProcedureStep")
    (finding,) = attribute_tables.check_requests(view)
    assert (finding.outcome, finding.received, finding.actor) == (VIOLATED, "no data set", "Modality")


def test_a_data_set_that_cannot_be_decoded_is_charged(recording: Callable[..., Any], tools: Any) -> None:
    rec = recording()
    leg = rec.leg("RAD-6", "to-pps-manager")
    view = rec.dimse(leg, Service.N_CREATE, tools.dataset(PatientID="1"))
    rec.payloads[view.exchange.request.payload.sha256] = b"\xff" * 200
    (finding,) = attribute_tables.check_requests(rec.view(leg))
    assert finding.received == "a data set that cannot be decoded"


def test_a_relayed_step_is_judged_on_its_first_hop_alone(recording: Callable[..., Any], tools: Any, real: Any) -> None:
    rec = recording()
    first, relay = rec.leg("RAD-6", "to-pps-manager", "a"), rec.leg("RAD-6", "to-order-filler", "a")
    rec.dimse(first, Service.N_CREATE, tools.dataset(PatientID="1"))
    rec.dimse(relay, Service.N_CREATE, tools.dataset(PatientID="1"))
    assert list(attribute_tables.check_requests(rec.view(first)))
    form = replace(rec.view(relay).planned.leg.dimse, request_table="mpps-n-create")
    view = rec.view(relay)
    leg = replace(view.planned.leg, dimse=form)
    assert list(attribute_tables.check_requests(replace(view, planned=replace(view.planned, leg=leg)))) == []


def test_what_an_earlier_n_set_gave_need_not_be_given_again(recording: Callable[..., Any], tools: Any) -> None:
    rec = recording()
    leg = rec.leg("RAD-7", "to-pps-manager")
    series = tools.dataset(
        PerformingPhysicianName="", ProtocolName="P", OperatorsName="", SeriesInstanceUID="1.2", SeriesDescription="",
        RetrieveAETitle="", ReferencedImageSequence=[], ReferencedNonImageCompositeSOPInstanceSequence=[],
    )
    early = tools.dataset(PerformedSeriesSequence=[series], PerformedProcedureStepEndDate="20240102")
    late = tools.dataset(PerformedProcedureStepStatus="COMPLETED", PerformedProcedureStepEndTime="101500")
    rec.dimse(leg, Service.N_SET, early, instance="1.2.9")
    rec.dimse(leg, Service.N_SET, late, instance="1.2.9")
    assert not [one for one in attribute_tables.check_requests(rec.view(leg)) if one.outcome is VIOLATED]
    other = recording()
    alone = other.leg("RAD-7", "to-pps-manager")
    other.dimse(alone, Service.N_SET, late, instance="1.2.9")
    found = attribute_tables.check_requests(other.view(alone))
    assert {one.requirement for one in found if one.outcome is VIOLATED} == {
        "mpps-n-set/PerformedProcedureStepEndDate", "mpps-n-set/PerformedSeriesSequence",
    }


def entry(tools: Any, *modalities: str, **more: Any) -> Any:
    return tools.dataset(
        ScheduledProcedureStepSequence=[tools.dataset(Modality=one) for one in modalities], **more
    )


@pytest.mark.parametrize(
    ("modalities", "more", "status", "broken"),
    [
        (("CT",), {"PatientID": "P1"}, 0xFF00, set()),
        (("MR",), {"PatientID": "P1"}, 0xFF00, {"matches-key"}),
        (("CT",), {"PatientID": "P2"}, 0xFF00, {"matches-key"}),
        (("CT", "CT"), {"PatientID": "P1"}, 0xFF00, {"one-step-per-entry"}),
        ((), {"PatientID": "P1"}, 0xFF00, {"matches-key", "one-step-per-entry"}),
        (("CT",), {"PatientID": "P1", "PatientComments": "X"}, 0xFF00, {"only-requested"}),
        (("CT",), {"PatientID": "P1", "SpecificCharacterSet": "ISO_IR 100"}, 0xFF00, set()),
        (("CT",), {"PatientID": "P1", "StudyInstanceUID": "1.3"}, 0xFF00, {"matches-key"}),
        (("CT",), {"PatientID": "P1", "StudyInstanceUID": "1.3"}, 0xFF01, set()),
    ],
)
def test_worklist_entries_fit_the_query(
    modalities: tuple[str, ...], more: dict[str, str], status: int, broken: set[str], exchange: Any, tools: Any
) -> None:
    keys = entry(tools, "CT", PatientID="P1", StudyInstanceUID="1.2" if "StudyInstanceUID" in more else "")
    responses = [(status, entry(tools, *modalities, **more)), (0, None)]
    view = exchange("RAD-5", "query", Service.C_FIND, keys, responses, FIND)
    found = rows_of(worklist.check(view))
    assert {name for name, outcomes in found.items() if VIOLATED in outcomes} == broken


def test_no_match_is_a_success(exchange: Any, tools: Any) -> None:
    view = exchange("RAD-5", "query", Service.C_FIND, entry(tools, "CT"), [(0, None)], FIND)
    assert rows_of(worklist.check(view)) == {}
    assert rows_of(dimse_reply.reply(view))["answered"] == {MET}


@pytest.mark.parametrize(
    ("keys", "answer", "broken"),
    [
        ({"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": "1.2", "SeriesInstanceUID": ""}, {}, set()),
        ({"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": "", "SeriesInstanceUID": ""}, {}, {"level"}),
        ({"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": "1.2\\1.3", "SeriesInstanceUID": ""}, {}, {"level"}),
        ({"QueryRetrieveLevel": "PATIENT", "PatientID": "P1"}, {}, {"level"}),
        ({"QueryRetrieveLevel": "", "PatientID": "P1"}, {}, {"level"}),
        (
            {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": "1.2", "SeriesInstanceUID": ""},
            {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": "1.2"},
            {"answer-level"},
        ),
        (
            {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": "1.2", "SeriesInstanceUID": ""},
            {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": "1.2", "SeriesInstanceUID": ""},
            {"answer-level"},
        ),
        (
            {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": "1.2", "Modality": "CT", "SeriesInstanceUID": ""},
            {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": "1.2", "Modality": "MR", "SeriesInstanceUID": "1.4"},
            {"matches-key"},
        ),
    ],
)
def test_query_and_answers_keep_to_their_level(
    keys: dict[str, str], answer: dict[str, str], broken: set[str], exchange: Any, tools: Any
) -> None:
    responses = [(0xFF00, tools.dataset(**answer)), (0, None)] if answer else [(0, None)]
    view = exchange("RAD-14", "query", Service.C_FIND, tools.dataset(**keys), responses, STUDY_FIND)
    found = rows_of(queries.check(view))
    assert {name for name, outcomes in found.items() if VIOLATED in outcomes} == broken


ALL_COUNTERS = {
    "NumberOfRemainingSuboperations": "1",
    "NumberOfCompletedSuboperations": "1",
    "NumberOfFailedSuboperations": "0",
    "NumberOfWarningSuboperations": "0",
}
AT_THE_END = {name: value for name, value in ALL_COUNTERS.items() if "Remaining" not in name}


@pytest.mark.parametrize(
    ("responses", "broken"),
    [
        ([(0xFF00, None, ALL_COUNTERS), (0, None, AT_THE_END)], set()),
        ([(0xFF00, None, AT_THE_END), (0, None, AT_THE_END)], {"counters"}),
        ([(0, None, ALL_COUNTERS)], {"counters"}),
        ([(0, None, {**AT_THE_END, "NumberOfFailedSuboperations": "1"})], {"counters"}),
        ([(0xB000, None, AT_THE_END)], {"completed"}),
        ([(0xFE00, None, ALL_COUNTERS)], {"completed"}),
        ([(0xA801, None)], {"completed"}),
    ],
)
def test_a_retrieve_ends_as_its_counters_say(responses: Any, broken: set[str], exchange: Any, tools: Any) -> None:
    view = exchange("RAD-16", "move", Service.C_MOVE, tools.dataset(QueryRetrieveLevel="STUDY"), responses, MOVE)
    found = rows_of(retrieval.check(view))
    assert {name for name, outcomes in found.items() if VIOLATED in outcomes} == broken
