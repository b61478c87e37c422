"""One change in a faultless workflow breaks one rule, and no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydicom.dataset import Dataset

from harness.checks.identifiers import ledger
from harness.dicom import edit as attributes
from harness.dicom.uids import uid_of
from harness.hl7 import edit as fields
from harness.model.verdict import Outcome

OLD, NEW = "2.3.1", "2.5.1"
WRONG = "9.9.9.9"
MR = uid_of("MRImageStorage")
LISTED = "PerformedSeriesSequence[0].ReferencedImageSequence"
IMAGE = "1.2.3.4.5.1.2"
Change = Callable[[Any], Any]


def field(path: str, value: str) -> Change:
    """Give an HL7 field another value."""
    return lambda message: fields.set_value(message, path, value)


def no_field(path: str) -> Change:
    """Take an HL7 field or segment out."""
    return lambda message: fields.remove(message, path)


def attribute(path: str, value: str) -> Change:
    """Give an attribute another value."""
    return lambda dataset: attributes.set_value(dataset, path, value)


def no_attribute(path: str) -> Change:
    """Take an attribute out."""
    return lambda dataset: attributes.remove(dataset, path)


def gone(_: Any) -> None:
    """Take the message out of the recording."""


def says(*responses: Any) -> Change:
    """Answer otherwise."""
    return lambda _: list(responses)


def entries(change: Change) -> Change:
    """Change the entries of a query's responses."""
    return lambda responses: [(status, change(entry) if entry is not None else None) for status, entry in responses]


def failed(dataset: Dataset) -> Dataset:
    """Report the second instance as failed."""
    changed = attributes.remove(dataset, "ReferencedSOPSequence[1]")
    item = Dataset()
    item.ReferencedSOPClassUID = dataset.ReferencedSOPSequence[1].ReferencedSOPClassUID
    item.ReferencedSOPInstanceUID = dataset.ReferencedSOPSequence[1].ReferencedSOPInstanceUID
    item.FailureReason = 0x0110
    changed.FailedSOPSequence = [item]
    return changed


def list_of_failed() -> Dataset:
    """The identifier of a final response with failed sub-operations."""
    identifier = Dataset()
    identifier.FailedSOPInstanceUIDList = [IMAGE]
    return identifier


def second_request(dataset: Dataset) -> Dataset:
    """Ask for, or report, the second instance under another Transaction UID."""
    changed = attributes.remove(dataset, "ReferencedSOPSequence[0]")
    return attributes.set_value(changed, "TransactionUID", f"{WRONG}.1")


def second_code(item: str) -> Change:
    """Add a second protocol code to a scheduled step."""
    path = f"{item}.ScheduledProtocolCodeSequence"

    def change(dataset: Dataset) -> Dataset:
        changed = attributes.duplicate(dataset, f"{path}[0]")
        return attributes.set_value(changed, f"{path}[1].CodeValue", "X9")

    return change


def two_codes(*names: str) -> dict[str, Change]:
    """The same second protocol code in several messages."""
    items = {"entry": "ScheduledProcedureStepSequence[0]", "started": "ScheduledStepAttributesSequence[0]"}
    return {name: second_code(items.get(name, "RequestAttributesSequence[0]")) for name in names}


def second_protocol(message: bytes) -> bytes:
    """Announce a second protocol code."""
    return fields.set_value(fields.duplicate(message, "IPC-6"), "IPC-6[2].1", "X9")


SPECIMENS: list[tuple[str, str, dict[str, Change], set[str]]] = [
    # acknowledgements
    ("no answer", NEW, {"order.ack": gone}, {"rad-2.to-order-filler/ack-answered"}),
    ("another MSA-2", NEW, {"order.ack": field("MSA-2", "OTHER")}, {"rad-2.to-order-filler/ack-echo"}),
    ("an enhanced code", NEW, {"order.ack": field("MSA-1", "CA")}, {"rad-2.to-order-filler/ack-code"}),
    (
        "a good message refused",
        OLD,
        {"order.ack": field("MSA-1", "AE")},
        {"rad-2.to-order-filler/ack-accepted"},
    ),
    # header and structure
    ("a lower version", NEW, {"order": field("MSH-12", "2.3")}, {"rad-2.to-order-filler/version"}),
    (
        "another structure",
        NEW,
        {"scheduled": field("MSH-9.3", "OMI_O99")},
        {"rad-4.to-image-manager/message-type"},
    ),
    ("no TQ1", NEW, {"order": no_field("TQ1")}, {"rad-2.to-order-filler/structure"}),
    (
        "undeclared characters",
        NEW,
        {"order": lambda message: message.replace(b"Radiology", b"Radiolog\xe9")},
        {"rad-2.to-order-filler/character-set"},
    ),
    (
        "line feeds",
        NEW,
        {"order": lambda message: message.replace(b"\r", b"\r\n")},
        {"rad-2.to-order-filler/segment-end"},
    ),
    (
        "other separators",
        NEW,
        {"order": lambda message: message.replace(b"^~\\&", b"^~\\$")},
        {"rad-2.to-order-filler/delimiters"},
    ),
    # field tables
    ("no order status", NEW, {"scheduled": no_field("ORC-5")}, {"rad-4.omi-o23/ORC-5"}),
    ("another order status", OLD, {"scheduled": field("ORC-5", "XX")}, {"rad-4.orm-o01/ORC-5"}),
    ("OBR-2 differs", NEW, {"order": field("OBR-2.1", "A2")}, {"rad-2.omg-o19-nw/OBR-2.1"}),
    ("no time stamp", NEW, {"order": field("ORC-9", "yesterday")}, {"rad-2.omg-o19-nw/ORC-9"}),
    # control IDs
    (
        "one control ID from two senders",
        NEW,
        {"order": field("MSH-10", "SAME"), "order.ack": field("MSA-2", "SAME"), "scheduled": field("MSH-10", "SAME")},
        set(),
    ),
    # worklist
    (
        "two steps in one entry",
        NEW,
        {"entry": lambda entry: attributes.duplicate(entry, "ScheduledProcedureStepSequence[0]")},
        {"rad-5.query/one-step-per-entry"},
    ),
    ("an unasked attribute", NEW, {"entry": attribute("PatientComments", "X")}, {"rad-5.query/only-requested"}),
    (
        "no answer to the query",
        NEW,
        {"worklist.responses": lambda _: []},
        {"rad-5.query/answered"},
    ),
    ("a query refused", NEW, {"worklist.responses": lambda _: [(0xA700, None)]}, {"rad-5.query/status"}),
    (
        "no procedure ID in the entry",
        NEW,
        {"entry": attribute("RequestedProcedureID", "")},
        {"mwl-response/RequestedProcedureID", "consistency/requested-procedure-id.rad-4-to-rad-5"},
    ),
    # MPPS
    (
        "created as completed",
        NEW,
        {
            "started": attribute("PerformedProcedureStepStatus", "COMPLETED"),
            "started.responses": says((0x0106, None)),
            "started.to-order-filler": gone,
            "started.to-image-manager": gone,
            "completed.responses": says((0x0112, None)),
            "completed.to-order-filler": gone,
            "completed.to-image-manager": gone,
        },
        {"mpps-n-create/PerformedProcedureStepStatus", "mpps/initiator-follows-states"},
    ),
    (
        "created as completed, and accepted",
        NEW,
        {"started": attribute("PerformedProcedureStepStatus", "COMPLETED")},
        {
            "mpps-n-create/PerformedProcedureStepStatus",
            "mpps/initiator-follows-states",
            "mpps-states/none.n-create-other",
            "mpps-states/none.n-set-completed",
        },
    ),
    (
        "a legal N-CREATE refused",
        NEW,
        {"started.responses": says((0x0110, None))},
        {
            "mpps-states/none.n-create-in-progress",
            "mpps/initiator-follows-states",
            "mpps-states/none.n-set-completed",
        },
    ),
    (
        "a relay changed",
        NEW,
        {"started.to-order-filler": attribute("PatientName", "SOMEBODY")},
        {"mpps/relayed-unchanged"},
    ),
    # consistency
    (
        "another accession number in the worklist",
        NEW,
        {
            "entry": attribute("AccessionNumber", "ACC9"),
            "started": attribute("ScheduledStepAttributesSequence[0].AccessionNumber", "ACC9"),
            "image.1": attribute("AccessionNumber", "ACC9"),
            "image.2": attribute("AccessionNumber", "ACC9"),
        },
        {"consistency/accession-number.rad-4-to-rad-5"},
    ),
    (
        "a worklist entry without the protocol code that RAD-4 told",
        NEW,
        {
            "entry": lambda entry: attributes.remove(
                entry, "ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence"
            )
        },
        {"consistency/scheduled-protocol-code.rad-4-to-rad-5"},
    ),
    (
        "a second identifier of the patient, from elsewhere, in RAD-4",
        NEW,
        {
            "scheduled": lambda message: fields.set_value(
                fields.duplicate(message, "PID-3"), "PID-3[2]", "ALT1^^^OTHER^MR"
            )
        },
        set(),
    ),
    (
        "another study in the second image",
        NEW,
        {"image.2": attribute("StudyInstanceUID", WRONG), "found.2": gone, "copy.2": gone},
        {"consistency/study-instance-uid.rad-6-to-rad-8"},
    ),
    (
        "another birth date in RAD-4",
        NEW,
        {"scheduled": field("PID-7", "19580715")},
        {"consistency/patient-birth-date.rad-2-to-rad-4"},
    ),
    (
        "no request attributes in an image",
        OLD,
        {"image.1": no_attribute("RequestAttributesSequence")},
        {
            "consistency/requested-procedure-id.rad-6-to-rad-8",
            "consistency/scheduled-procedure-step-id.rad-6-to-rad-8",
            "consistency/scheduled-procedure-step-description.rad-6-to-rad-8",
            "consistency/scheduled-protocol-code.rad-6-to-rad-8",
            "consistency/requested-procedure-code.rad-6-to-rad-8",
        },
    ),
    # sets
    (
        "an instance not stored",
        NEW,
        {"image.2": gone, "copy.2": gone, "found.2": gone},
        {
            "storage/listed-equals-stored",
            "storage/never-stored-not-committed",
        },
    ),
    (
        "an instance not listed",
        NEW,
        {"completed": no_attribute("PerformedSeriesSequence[0].ReferencedImageSequence[1]")},
        {"storage/listed-equals-stored"},
    ),
    (
        "an instance not reported",
        NEW,
        {"report": no_attribute("ReferencedSOPSequence[1]")},
        {"storage/committed-equals-requested"},
    ),
    (
        "a report on another request",
        NEW,
        {"report": attribute("TransactionUID", WRONG)},
        {"storage/committed-equals-requested"},
    ),
    (
        "an instance not requested",
        NEW,
        {"commit": no_attribute("ReferencedSOPSequence[1]"), "report": no_attribute("ReferencedSOPSequence[1]")},
        {"storage/requested-contains-stored"},
    ),
    (
        "a stored instance not committed",
        NEW,
        {"report": failed, "report.fields": lambda _: {"EventTypeID": "2"}},
        {"storage/stored-is-committed"},
    ),
    ("an instance not found", NEW, {"found.2": gone}, {"storage/found-contains-stored"}),
    ("an instance not retrieved", NEW, {"copy.2": gone}, {"storage/retrieved-equals-stored"}),
    ("a retrieved instance changed", NEW, {"copy.2": attribute("StudyID", "X")}, {"storage/retrieved-equals-stored"}),
    (
        "a second instance listed in another series than it is in",
        NEW,
        {"image.2": attribute("SeriesInstanceUID", "1.2.3.4.5.2"), "found.2": gone},
        {"storage/listed-series"},
    ),
    (
        "a second instance listed with another class",
        NEW,
        {"completed": attribute(f"{LISTED}[1].ReferencedSOPClassUID", MR)},
        {"storage/listed-class"},
    ),
    (
        "a second instance listed twice",
        NEW,
        {"completed": lambda dataset: attributes.duplicate(dataset, f"{LISTED}[1]")},
        {"storage/listed-once"},
    ),
    (
        "commitment requested for another class",
        NEW,
        {
            "commit": attribute("ReferencedSOPSequence[1].ReferencedSOPClassUID", MR),
            "report": attribute("ReferencedSOPSequence[1].ReferencedSOPClassUID", MR),
        },
        {"storage/requested-class"},
    ),
    (
        "commitment requested twice for an instance",
        NEW,
        {"commit": lambda dataset: attributes.duplicate(dataset, "ReferencedSOPSequence[1]")},
        {"storage/requested-once"},
    ),
    (
        "another class reported",
        NEW,
        {"report": attribute("ReferencedSOPSequence[1].ReferencedSOPClassUID", MR)},
        {"storage/reported-class"},
    ),
    (
        "an instance reported twice",
        NEW,
        {"report": lambda dataset: attributes.duplicate(dataset, "ReferencedSOPSequence[1]")},
        {"storage/reported-once"},
    ),
    (
        "an instance committed and failed",
        NEW,
        {
            "report": lambda dataset: attributes.set_value(
                attributes.duplicate(failed(dataset), "ReferencedSOPSequence[0]"),
                "ReferencedSOPSequence[1].ReferencedSOPInstanceUID",
                IMAGE,
            ),
            "report.fields": lambda _: {"EventTypeID": "2"},
        },
        {"storage/committed-equals-requested", "storage/stored-is-committed"},
    ),
    ("a report told again", NEW, {"report.again": lambda dataset: dataset}, set()),
    (
        "a report told again with another result",
        NEW,
        {"report.again": no_attribute("ReferencedSOPSequence[1]")},
        {"storage/one-report", "storage/committed-equals-requested"},
    ),
    (
        "a Transaction UID used again after its report",
        NEW,
        {"commit.again": lambda dataset: dataset, "report.again": lambda dataset: dataset},
        {"storage/transaction-used-once"},
    ),
    (
        "a second request, for the rest, under its own Transaction UID",
        NEW,
        {
            "commit": no_attribute("ReferencedSOPSequence[1]"),
            "report": no_attribute("ReferencedSOPSequence[1]"),
            "commit.again": second_request,
            "report.again": second_request,
        },
        set(),
    ),
    (
        "an image that belongs nowhere, after the step was completed",
        NEW,
        {"image.late": lambda dataset: dataset},
        {
            "storage/listed-equals-stored",
            "storage/requested-contains-stored",
            "storage/found-contains-stored",
            "storage/retrieved-equals-stored",
        },
    ),
    (
        "an image of a performed step that does not exist",
        NEW,
        {"image.2": attribute("ReferencedPerformedProcedureStepSequence[0].ReferencedSOPInstanceUID", WRONG)},
        {"consistency/mpps-instance.rad-6-to-rad-8"},
    ),
    (
        "a refused image is not committed, found or retrieved",
        NEW,
        {
            "image.2.responses": says((0xA700, None)),
            "report": failed,
            "report.fields": lambda _: {"EventTypeID": "2"},
            "found.2": gone,
            "copy.2": gone,
        },
        {"rad-8.store/status"},
    ),
    (
        "a refused image shown all the same",
        NEW,
        {
            "image.2.responses": says((0xA700, None)),
            "report": failed,
            "report.fields": lambda _: {"EventTypeID": "2"},
            "copy.2": gone,
        },
        {"rad-8.store/status", "storage/refused-not-found"},
    ),
    (
        "a refused image committed all the same",
        NEW,
        {"image.2.responses": says((0xA700, None)), "found.2": gone, "copy.2": gone},
        {"rad-8.store/status", "storage/never-stored-not-committed"},
    ),
    (
        "an end before the start",
        NEW,
        {"completed": attribute("PerformedProcedureStepEndTime", "110000")},
        {"mpps/end-not-before-start"},
    ),
    (
        "a second protocol code that was not scheduled",
        NEW,
        {"started": second_code("ScheduledStepAttributesSequence[0]")},
        {"consistency/scheduled-protocol-code.rad-5-to-rad-6"},
    ),
    (
        "two protocol codes all the way",
        NEW,
        {"scheduled": second_protocol, **two_codes("entry", "started", "image.1", "image.2")},
        set(),
    ),
    (
        "a second protocol code lost in the worklist",
        NEW,
        {"scheduled": second_protocol},
        {"codes/worklist-has-every-code"},
    ),
    (
        "a second protocol code lost in the performed step",
        NEW,
        {"scheduled": second_protocol, **two_codes("entry")},
        {"codes/mpps-has-every-code"},
    ),
    (
        "a second protocol code lost in the second image",
        NEW,
        {"scheduled": second_protocol, **two_codes("entry", "started", "image.1")},
        {"codes/image-has-every-code"},
    ),
    # queries
    (
        "an answer of another study",
        NEW,
        {"found.1": attribute("StudyInstanceUID", WRONG)},
        {"rad-14.query/matches-key", "consistency/study-instance-uid.rad-8-to-rad-14"},
    ),
    (
        "a query without its study",
        NEW,
        {"find": attribute("StudyInstanceUID", "")},
        {
            "rad-14.query/level",
            "rad-14.query/hierarchy-refused",
            "query-request/StudyInstanceUID",
        },
    ),
    (
        "remaining sub-operations at the end",
        NEW,
        {"move.responses": says((0, None, {"NumberOfRemainingSuboperations": "0"}))},
        {"rad-16.move/counters"},
    ),
    (
        "a retrieve that counts more than it sent",
        NEW,
        {"move.responses": says((0, None, {"NumberOfCompletedSuboperations": "3"}))},
        {"retrieve/counts-what-was-sent"},
    ),
    (
        "a list of failed instances beside success",
        NEW,
        {"move.responses": says((0, list_of_failed(), {"NumberOfCompletedSuboperations": "2"}))},
        {"rad-16.move/failed-list"},
    ),
    ("a retrieve with failures", NEW, {"move.responses": says((0xB000, None))}, {"rad-16.move/completed"}),
]


@pytest.mark.parametrize("form", [OLD, NEW])
def test_the_baseline_breaks_no_rule(form: str, record: Callable[..., Any], tools: Any) -> None:
    findings = tools.findings_of(record(form))
    assert tools.violated(findings) == set()
    open_ones = [one for one in findings if one.outcome is Outcome.UNDECIDED]
    assert not [one for one in open_ones if not one.requirement.endswith("/iod-condition-open")]
    assert len(tools.met(findings)) > 200


@pytest.mark.parametrize(
    ("form", "changes", "broken"), [row[1:] for row in SPECIMENS], ids=[row[0] for row in SPECIMENS]
)
def test_one_change_breaks_one_rule(
    form: str, changes: dict[str, Change], broken: set[str], record: Callable[..., Any], tools: Any
) -> None:
    assert tools.violated(tools.findings_of(record(form, changes))) == broken


def test_every_finding_stands_on_a_requirement_and_in_the_wire(
    record: Callable[..., Any], tools: Any, real: Any
) -> None:
    for _, form, changes, _ in SPECIMENS:
        for finding in tools.findings_of(record(form, changes)):
            assert real.requirement(finding.requirement).id == finding.requirement
            assert finding.evidence is not None or finding.step is not None


def test_the_ledger_follows_an_identifier_to_where_it_breaks(record: Callable[..., Any]) -> None:
    numbers = [
        entry
        for entry in ledger(record(NEW, {"entry": attribute("AccessionNumber", "ACC9")}))
        if entry.name == "Accession Number"
    ]
    assert numbers[0].place == "scheduled: OMI^O23 IPC-1.1"
    assert not numbers[0].broken
    assert ("ACC9", "worklist: C-FIND response AccessionNumber") in {
        (entry.value, entry.place) for entry in numbers if entry.broken
    }
    assert [(entry.value, entry.place) for entry in numbers if entry.first] == [
        ("ACC1", "scheduled: OMI^O23 IPC-1.1"),
        ("ACC9", "worklist: C-FIND response AccessionNumber"),
    ]
    broken = min((entry for entry in numbers if entry.broken), key=lambda entry: entry.exchange)
    assert (broken.charged, broken.requirement) == ("Order Filler", "consistency/accession-number.rad-4-to-rad-5")


def test_the_ledger_has_an_identifier_that_had_to_be_there(record: Callable[..., Any]) -> None:
    entries = ledger(record(NEW, {"entry": no_attribute("AccessionNumber")}))
    missing = [entry for entry in entries if entry.broken]
    assert [(entry.value, entry.place, entry.charged) for entry in missing] == [
        ("", "worklist: C-FIND response AccessionNumber", "Order Filler")
    ]
