"""The shipped specimens of the DICOM transactions: each is legal, and one change breaks exactly the rules it should.

A change is made in the data set of one exchange, and in those of its transaction that carry the same one, as relays do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from pydicom.dataset import Dataset

from harness import checks
from harness.checks.registry import leg_checks, play_checks
from harness.dicom import edit
from harness.dicom.encoding import decode_payload, encode, wrap_payload
from harness.engine.placing import PlacedRecording
from harness.engine.unscripted import UnscriptedExchange, unscripted_play
from harness.model.finding import Finding
from harness.model.profile import LinkKind
from harness.model.verdict import Outcome, Strength
from harness.profiles import knowledge
from harness.selftest.specimens import Specimen, shipped_specimens

KNOWN = knowledge()
checks.load()

NEW = ("RAD-18", "RAD-20", "RAD-21", "RAD-26", "RAD-27", "RAD-42", "RAD-43", "RAD-49")
SSA = "ScheduledStepAttributesSequence"
SERIES = "PerformedSeriesSequence"
AVAILABLE = "ReferencedSeriesSequence[0].ReferencedSOPSequence"
REASON = "PerformedProcedureStepDiscontinuationReasonCodeSequence"

Change = Callable[[Dataset], Dataset]


@cache
def specimens() -> dict[str, Specimen]:
    """The specimens of DICOM transactions by name."""
    return {one.id: one for one in shipped_specimens() if any(part.command is not None for part in one.exchanges)}


@cache
def findings(name: str) -> list[Finding]:
    """What every check finds in a specimen."""
    specimen = specimens()[name]
    return findings_of(specimen.exchanges, specimen.form)


def findings_of(exchanges: tuple[UnscriptedExchange, ...], form: str) -> list[Finding]:
    """What every check finds in a recording."""
    plan, transcript, read = unscripted_play(exchanges, KNOWN, form=form)
    (assignment,) = plan.assignments
    view = PlacedRecording(plan, transcript, read, KNOWN).view(assignment, assignment.plays[0])
    found = [one for check in play_checks().values() for one in check(view)]
    for leg in view.legs:
        named = (leg_checks().get(name) for name in leg.planned.leg.checks)
        found += [one for check in named if check is not None and leg.exchanges for one in check(leg)]
    return found


def broken(found: list[Finding]) -> set[str]:
    """The requirements that are violated."""
    return {one.requirement for one in found if one.outcome is Outcome.VIOLATED}


def changed(exchanges: tuple[UnscriptedExchange, ...], at: str, change: Change) -> tuple[UnscriptedExchange, ...]:
    """The recording with one data set changed; `RAD-8/store#1` names the second exchange of a leg."""
    place, _, number = at.partition("#")
    of_leg = [one for one in exchanges if f"{one.transaction}/{one.leg}" == place]
    original = of_leg[int(number or 0)].request
    assert original is not None
    transaction = of_leg[0].transaction
    same = [one.request == original and one.transaction == transaction for one in exchanges]
    return tuple(_with(one, change) if hit else one for one, hit in zip(exchanges, same, strict=True))


def _with(exchange: UnscriptedExchange, change: Change) -> UnscriptedExchange:
    command = exchange.command
    assert command is not None
    dataset = decode_payload(exchange.request or b"")
    assert dataset is not None
    content = encode(change(dataset), command.transfer_syntax)
    wrapped = wrap_payload(content, command.transfer_syntax, command.sop_class, command.sop_instance)
    return replace(exchange, request=wrapped)


def removed(path: str) -> Change:
    return lambda dataset: edit.remove(dataset, path)


def given(path: str, value: str) -> Change:
    return lambda dataset: edit.set_value(dataset, path, value)


def repeated(path: str) -> Change:
    return lambda dataset: edit.duplicate(dataset, path)


def both(*changes: Change) -> Change:
    def apply(dataset: Dataset) -> Dataset:
        for change in changes:
            dataset = change(dataset)
        return dataset

    return apply


LEGAL = sorted(name for name, one in specimens().items() if not any(part.illegal for part in one.exchanges))


@pytest.mark.parametrize("name", LEGAL)
def test_a_specimen_is_legal(name: str) -> None:
    assert broken(findings(name)) == set()


def test_every_transaction_without_a_scenario_has_a_specimen_that_meets_its_table() -> None:
    for name in NEW:
        legs = [leg for leg in KNOWN.transactions[name].legs if leg.link is LinkKind.DIMSE]  # type: ignore[index]
        tables = {
            leg.dimse.request_table for leg in legs if leg.dimse is not None and leg.required and not leg.reaction
        }
        met = {
            one.requirement.partition("/")[0]
            for specimen in specimens().values()
            if any(part.transaction == name for part in specimen.exchanges)
            for one in findings(specimen.id)
            if one.outcome is Outcome.MET
        }
        assert tables - {""} <= met, name


CHANGES: list[tuple[str, str, str, Change, set[str]]] = [
    # a performed step, in items that are not the first
    (
        "a second scheduled step without its study",
        "rad-6.group",
        "RAD-6/to-pps-manager",
        removed(f"{SSA}[1].StudyInstanceUID"),
        {f"mpps-n-create/{SSA}[*].StudyInstanceUID", "consistency/group-study.rad-8-to-rad-6"},
    ),
    (
        "a protocol code of the second scheduled step without a scheme",
        "rad-6.group",
        "RAD-6/to-pps-manager",
        removed(f"{SSA}[1].ScheduledProtocolCodeSequence[0].CodingSchemeDesignator"),
        {f"mpps-n-create/{SSA}[*].ScheduledProtocolCodeSequence[*].CodingSchemeDesignator"},
    ),
    (
        "a second billed code without a value",
        "rad-7.billing-and-material",
        "RAD-7/to-pps-manager",
        removed("BillingProcedureStepSequence[1].CodeValue"),
        {"mpps-n-set/BillingProcedureStepSequence[*].CodeValue"},
    ),
    (
        "the second film without its size",
        "rad-7.billing-and-material",
        "RAD-7/to-pps-manager",
        removed("FilmConsumptionSequence[1].FilmSizeID"),
        {"mpps-n-set/FilmConsumptionSequence[*].FilmSizeID"},
    ),
    (
        "billing that was not created",
        "rad-7.billing-and-material",
        "RAD-6/to-pps-manager",
        removed("BillingProcedureStepSequence"),
        {"mpps/set-was-created"},
    ),
    (
        "another character set in the change",
        "rad-7.several-changes",
        "RAD-7/to-pps-manager#1",
        given("SpecificCharacterSet", "ISO_IR 192"),
        {"mpps/same-character-set"},
    ),
    (
        "a start date that is none",
        "rad-7.discontinued-without-images",
        "RAD-6/to-pps-manager",
        given("PerformedProcedureStepStartDate", "20230229"),
        {"mpps-n-create/PerformedProcedureStepStartDate"},
    ),
    (
        "a start time that is none",
        "rad-7.discontinued-without-images",
        "RAD-6/to-pps-manager",
        given("PerformedProcedureStepStartTime", "0860"),
        {"mpps-n-create/PerformedProcedureStepStartTime"},
    ),
    (
        "the UID of a second series that is none",
        "rad-49.instances-available",
        "RAD-49/notify",
        both(repeated("ReferencedSeriesSequence[0]"), given("ReferencedSeriesSequence[1].SeriesInstanceUID", "1.02.x")),
        {
            "instance-availability/ReferencedSeriesSequence[*].SeriesInstanceUID",
            "consistency/availability-series.rad-8-to-rad-49",
            "availability/names-each-once",
        },
    ),
    (
        "a patient in a change",
        "rad-7.several-changes",
        "RAD-7/to-pps-manager",
        given("PatientName", "LINDGREN^ASTA"),
        {"mpps-n-set/PatientName"},
    ),
    (
        "given up without a reason",
        "rad-7.discontinued-without-images",
        "RAD-7/to-pps-manager",
        removed(REASON),
        {f"mpps-n-set/{REASON}"},
    ),
    (
        "given up for two reasons",
        "rad-7.discontinued-without-images",
        "RAD-7/to-pps-manager",
        repeated(f"{REASON}[0]"),
        {f"mpps-n-set/{REASON}"},
    ),
    (
        "given up for a reason that nobody knows",
        "rad-7.discontinued-without-images",
        "RAD-7/to-pps-manager",
        given(f"{REASON}[0].CodeValue", "110599"),
        {f"mpps-n-set/{REASON}.CodeValue"},
    ),
    (
        "a final list that no change has given",
        "rad-7.several-changes",
        "RAD-7/to-pps-manager#1",
        removed(SERIES),
        {f"mpps-n-set/{SERIES}", "storage/listed-equals-stored"},
    ),
    (
        "a second image with another protocol",
        "rad-6.group",
        "RAD-8/store#1",
        given("ProtocolName", "HEAD"),
        {"consistency/protocol-name.rad-7-to-rad-8"},
    ),
    (
        "a second image with another operator",
        "rad-6.group",
        "RAD-8/store#1",
        given("OperatorsName", "OTHER^ONE"),
        {"consistency/operator.rad-7-to-rad-8"},
    ),
    (
        "the first of two performed steps under a scheduled step that nobody planned",
        "rad-6.append",
        "RAD-6/to-pps-manager",
        given(f"{SSA}[0].ScheduledProcedureStepID", "SPS9"),
        {"consistency/scheduled-procedure-step-id.rad-5-to-rad-6"},
    ),
    (
        "an accession number in an unscheduled step",
        "rad-6.unscheduled",
        "RAD-6/to-pps-manager",
        given(f"{SSA}[0].AccessionNumber", "ACC9"),
        {"mpps/unscheduled-names-no-step"},
    ),
    (
        "an accession number in an image of an unscheduled step",
        "rad-6.unscheduled",
        "RAD-8/store",
        given("AccessionNumber", "ACC9"),
        {"mpps/unscheduled-images-name-no-step"},
    ),
    (
        "an image with another description of the step",
        "rad-6.append",
        "RAD-8/store#1",
        given("PerformedProcedureStepDescription", "CT head"),
        {"consistency/performed-description.rad-6-to-rad-8"},
    ),
    (
        "an image with another procedure code",
        "rad-6.append",
        "RAD-8/store#1",
        given("ProcedureCodeSequence[0].CodeValue", "P7"),
        {"consistency/performed-procedure-code.rad-6-to-rad-8"},
    ),
    (
        "a second scheduled step in another study than the images",
        "rad-6.group",
        "RAD-6/to-pps-manager",
        given(f"{SSA}[1].StudyInstanceUID", "1.2.3.4.99"),
        {"consistency/group-study.rad-8-to-rad-6"},
    ),
    # the step of an Evidence Creator
    (
        "an Evidence Creator without a station",
        "rad-20.creator-step-started",
        "RAD-20/to-pps-manager",
        removed("PerformedStationAETitle"),
        {"creator-n-create/PerformedStationAETitle"},
    ),
    (
        "an Evidence Creator in another study",
        "rad-20.creator-step-without-schedule",
        "RAD-20/to-pps-manager",
        given(f"{SSA}[0].StudyInstanceUID", "1.2.3.4.99"),
        {"consistency/evidence-study-instance-uid.rad-8-to-rad-20"},
    ),
    (
        "an Evidence Creator that sets what it did not create",
        "rad-21.creator-step-completed",
        "RAD-20/to-pps-manager",
        removed("PerformedProtocolCodeSequence"),
        {"creator-n-create/PerformedProtocolCodeSequence", "mpps/creator-set-was-created"},
    ),
    (
        "an Evidence Creator whose series has no protocol",
        "rad-21.creator-step-completed",
        "RAD-21/to-pps-manager",
        given(f"{SERIES}[0].ProtocolName", ""),
        {f"creator-n-set/{SERIES}[*].ProtocolName"},
    ),
    (
        "a derived image of another patient",
        "rad-18.derived-image",
        "RAD-18/store",
        given("PatientName", "OTHER^ONE"),
        {"consistency/evidence-patient-name.rad-8-to-rad-18"},
    ),
    (
        "a derived image under another accession number",
        "rad-18.derived-image",
        "RAD-18/store",
        given("AccessionNumber", "ACC9"),
        {"consistency/evidence-accession-number.rad-8-to-rad-18"},
    ),
    # commitment
    (
        "an item that was not committed without a reason",
        "rad-10.failures-exist",
        "RAD-10/report",
        removed("FailedSOPSequence[0].FailureReason"),
        {"storage-commitment-report/FailedSOPSequence[*].FailureReason"},
    ),
    (
        "the archive named twice",
        "rad-10.failures-exist",
        "RAD-10/report",
        given("RetrieveAETitle", "ARCHIVE"),
        {"storage-commitment-report/ReferencedSOPSequence[*].RetrieveAETitle"},
    ),
    (
        "a second instance without a class",
        "rad-10.failures-exist",
        "RAD-10/report",
        removed("ReferencedSOPSequence[1].ReferencedSOPClassUID"),
        {"storage-commitment-report/ReferencedSOPSequence[*].ReferencedSOPClassUID"},
    ),
    # availability
    (
        "availability of a second instance that is no word of the standard",
        "rad-49.instances-available",
        "RAD-49/notify",
        given(f"{AVAILABLE}[1].InstanceAvailability", "SOON"),
        {"instance-availability/ReferencedSeriesSequence[*].ReferencedSOPSequence[*].InstanceAvailability"},
    ),
    (
        "a second instance without a place to get it from",
        "rad-49.instances-available",
        "RAD-49/notify",
        removed(f"{AVAILABLE}[1].RetrieveAETitle"),
        {"instance-availability/ReferencedSeriesSequence[*].ReferencedSOPSequence[*].RetrieveAETitle"},
    ),
    (
        "a patient in a notification",
        "rad-49.instances-available",
        "RAD-49/notify",
        given("PatientID", "P1001"),
        {"instance-availability/PatientID"},
    ),
    (
        "an instance that was never stored is available",
        "rad-49.instances-available",
        "RAD-49/notify",
        given(f"{AVAILABLE}[1].ReferencedSOPInstanceUID", "1.2.3.4.5.1.77"),
        {"consistency/availability-instance.rad-8-to-rad-49", "availability/names-every-instance"},
    ),
    (
        "a notification about another study",
        "rad-49.step-unknown",
        "RAD-49/notify",
        given("StudyInstanceUID", "1.2.3.4.99"),
        {"consistency/availability-study.rad-8-to-rad-49"},
    ),
    # documents and reports
    (
        "an evidence document without a flag",
        "rad-43.evidence-document",
        "RAD-43/store",
        removed("CompletionFlag"),
        {"evidence-document/CompletionFlag", "rad-43.store/iod-type-1"},
    ),
    (
        "a report query at image level without its series",
        "rad-26.report-queries",
        "RAD-26/query#2",
        removed("SeriesInstanceUID"),
        {"report-query-request/SeriesInstanceUID", "rad-26.query/level", "rad-26.query/hierarchy-refused"},
    ),
    (
        "a retrieved report that is less complete than the issued one",
        "rad-27.report-retrieved",
        "RAD-27/store",
        given("CompletionFlag", "PARTIAL"),
        {"consistency/report-completion.rad-25-to-rad-27", "storage/retrieved-equals-issued"},
    ),
    # queries
    (
        "an image query without the key of its level",
        "rad-14.every-level",
        "RAD-14/query#2",
        removed("SOPInstanceUID"),
        {"query-request/SOPInstanceUID"},
    ),
    (
        "a worklist query with two items",
        "rad-5.broad-query",
        "RAD-5/query",
        repeated("ScheduledProcedureStepSequence[0]"),
        {"mwl-request/ScheduledProcedureStepSequence"},
    ),
]


@pytest.mark.parametrize(
    ("specimen", "at", "change", "expected"), [one[1:] for one in CHANGES], ids=[one[0] for one in CHANGES]
)
def test_one_change_breaks_one_rule(specimen: str, at: str, change: Change, expected: set[str]) -> None:
    original = specimens()[specimen]
    assert broken(findings_of(changed(original.exchanges, at, change), original.form)) == expected


def test_a_success_report_lists_no_failures() -> None:
    original = specimens()["rad-10.failures-exist"]
    report = original.exchanges[-1]
    assert report.command is not None
    said = replace(report, command=replace(report.command, fields={"EventTypeID": "1"}))
    found = broken(findings_of((*original.exchanges[:-1], said), original.form))
    assert "storage-commitment-report/FailedSOPSequence" in found


def test_what_only_informs_or_warns_says_so() -> None:
    soft = {
        requirement: KNOWN.requirement(requirement)  # type: ignore[arg-type]
        for requirement in (f"mpps-n-set/{REASON}", f"mpps-n-set/{REASON}.CodeValue")
    }
    assert {one.strength for one in soft.values()} == {Strength.SHOULD}


def test_a_long_code_value_stands_in_place_of_the_code_value() -> None:
    original = specimens()["rad-6.group"]
    path = f"{SSA}[1].ScheduledProtocolCodeSequence[0]"
    long_code = both(removed(f"{path}.CodeValue"), given(f"{path}.LongCodeValue", "X2 in full"))
    found = broken(findings_of(changed(original.exchanges, "RAD-6/to-pps-manager", long_code), original.form))
    assert not any(one.startswith("mpps-n-create/") for one in found)


def test_tables_are_shared_by_name_and_keep_their_own_ids() -> None:
    ids: dict[str, Any] = {one.id: one for one in KNOWN.requirements()}
    for path in KNOWN.attribute_tables["mpps-n-create"].rows:
        shared = ids[f"creator-n-create/{path}"]
        assert (shared.actor, shared.transaction) == ("Evidence Creator", "RAD-20")
        assert shared.citation == ids[f"mpps-n-create/{path}"].citation
