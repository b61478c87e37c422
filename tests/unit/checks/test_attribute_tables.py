from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.checks import attribute_tables
from harness.dicom import edit
from harness.model.names import ActorName, TransactionId
from harness.model.profile import Service
from harness.model.tables import AttributeRow, AttributeTable
from harness.model.transcript import Half
from harness.model.verdict import Confidence, Outcome

MET, VIOLATED, NOT_APPLICABLE, UNDECIDED = Outcome.MET, Outcome.VIOLATED, Outcome.NOT_APPLICABLE, Outcome.UNDECIDED


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
        ("1", "P1", MET),
        ("1", "", VIOLATED),
        ("1", None, VIOLATED),
        ("2", "P1", MET),
        ("2", "", MET),
        ("2", None, VIOLATED),
        ("-", None, MET),
        ("-", "", VIOLATED),
        ("-", "P1", VIOLATED),
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


def test_whatever_a_condition_in_prose_says_the_attribute_is_not_there_without_a_value(tools: Any) -> None:
    rows = {"PatientID": row("1C", condition="if known")}
    assert judged(tools.dataset(PatientID="P1"), rows) == [(MET, "PatientID")]
    assert judged(tools.dataset(PatientID=""), rows) == [(VIOLATED, "PatientID")]
    assert judged(tools.dataset(PatientID=""), {"PatientID": row("2C", condition="if known")}) == [
        (NOT_APPLICABLE, "PatientID")
    ]


def test_a_return_key_is_judged_only_where_it_was_asked_for(tools: Any) -> None:
    rows = {"PatientID": row("1", when_requested=True)}
    assert judged(tools.dataset(), rows, tools.dataset(PatientID="")) == [(VIOLATED, "PatientID")]
    assert judged(tools.dataset(), rows, tools.dataset()) == []


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
        PerformingPhysicianName="",
        ProtocolName="P",
        OperatorsName="",
        SeriesInstanceUID="1.2",
        SeriesDescription="",
        RetrieveAETitle="",
        ReferencedImageSequence=[],
        ReferencedNonImageCompositeSOPInstanceSequence=[],
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
        "mpps-n-set/PerformedProcedureStepEndDate",
        "mpps-n-set/PerformedSeriesSequence",
    }


def test_a_sequence_has_at_most_so_many_items(tools: Any) -> None:
    rows = {"ProcedureCodeSequence": row("3", at_most=1)}
    one, two = [tools.dataset(CodeValue="A")], [tools.dataset(CodeValue="A"), tools.dataset(CodeValue="B")]
    assert judged(tools.dataset(), rows) == []
    assert judged(tools.dataset(ProcedureCodeSequence=one), rows) == [(MET, "ProcedureCodeSequence")]
    assert judged(tools.dataset(ProcedureCodeSequence=two), rows) == [(VIOLATED, "ProcedureCodeSequence")]


def test_an_obligation_may_turn_into_its_opposite_where_the_condition_does_not_hold(tools: Any) -> None:
    rows = {"FailedSOPSequence": row("1C", when="EventTypeID = 2", only_then=True)}
    failed = tools.dataset(FailedSOPSequence=[tools.dataset(FailureReason=274)])

    def outcomes(dataset: Any, event: str) -> list[Outcome]:
        found = attribute_tables.judge(dataset, table_of(rows), fields={"EventTypeID": event})
        return [one.outcome for one in found]

    assert outcomes(failed, "2") == [MET]
    assert outcomes(failed, "1") == [VIOLATED]
    assert outcomes(tools.dataset(), "1") == [MET]
    assert outcomes(tools.dataset(), "2") == [VIOLATED]


@pytest.mark.parametrize(
    ("keyword", "good", "bad"),
    [
        ("PerformedProcedureStepStartDate", "20240229", "20230229"),
        ("PerformedProcedureStepStartTime", "111500.5", "2500"),
        ("StudyInstanceUID", "1.2.0.4", "1.02.4"),
    ],
)
def test_a_value_has_the_form_of_its_representation_unless_it_is_a_key(
    keyword: str, good: str, bad: str, tools: Any
) -> None:
    rows = {keyword: row("2")}
    wrong = edit.set_value(tools.dataset(), keyword, bad)
    assert judged(tools.dataset(**{keyword: good}), rows) == [(MET, keyword)]
    assert judged(wrong, rows) == [(VIOLATED, keyword)]
    as_key = attribute_tables.judge(wrong, table_of(rows), keys=True)
    assert [one.outcome for one in as_key] == [MET]


def test_conditions_that_are_joined_are_read_in_the_same_item(tools: Any) -> None:
    path = "PerformedProtocolCodeSequence[*]."
    condition = f"{path}LongCodeValue absent and {path}URNCodeValue absent"
    rows = {f"{path}CodeValue": row("1C", when=condition)}
    items = [
        tools.dataset(CodeValue="A"),
        tools.dataset(LongCodeValue="A in full"),
        tools.dataset(URNCodeValue="urn:a"),
        tools.dataset(CodeMeaning="A"),
    ]
    assert judged(tools.dataset(PerformedProtocolCodeSequence=items), rows) == [(VIOLATED, f"{path[:-4]}[3].CodeValue")]
    assert (MET, f"{path[:-4]}[0].CodeValue") in judged(tools.dataset(PerformedProtocolCodeSequence=items[:3]), rows)


def test_a_final_change_counts_on_what_other_steps_have_set(recording: Callable[..., Any], tools: Any) -> None:
    rec = recording()
    early, late = rec.leg("RAD-7", "to-pps-manager", "listed"), rec.leg("RAD-7", "to-pps-manager", "completed")
    dates = {"PerformedProcedureStepEndDate": "20240102", "PerformedProcedureStepEndTime": "1015"}
    listed = rec.dimse(early, Service.N_SET, tools.dataset(**dates), instance="1.2.9")
    rec.dimse(late, Service.N_SET, tools.dataset(PerformedProcedureStepStatus="COMPLETED"), instance="1.2.9")
    alone = {one.requirement for one in attribute_tables.check_requests(rec.view(late)) if one.outcome is VIOLATED}
    found = attribute_tables.check_requests(rec.view(late), (listed,))
    assert alone - {one.requirement for one in found if one.outcome is VIOLATED} == {
        f"mpps-n-set/{key}" for key in dates
    }
