"""The shipped data: counts, spot checks typed by hand from the sources, and what every row must have."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from harness.hl7 import parse_path
from harness.hl7.standard import field_definition, has_structure
from harness.model.names import CheckName, LegId, TransactionId
from harness.model.profile import LinkKind, Need, Service
from harness.model.tables import Comparison, Usage
from harness.model.transcript import Half
from harness.model.verdict import Confidence, Strength
from harness.profiles import knowledge

KNOWN = knowledge()
R, X, O, C, R2 = Usage.REQUIRED, Usage.NOT_SUPPORTED, Usage.OPTIONAL, Usage.CONDITIONAL, Usage.REQUIRED_IF_KNOWN  # noqa: E741
VERIFIED, BELIEVED, UNSURE = Confidence.VERIFIED, Confidence.BELIEVED, Confidence.UNSURE


def test_counts() -> None:
    assert len(KNOWN.transactions) == 26
    assert sum(len(transaction.legs) for transaction in KNOWN.transactions.values()) == 55
    assert len(KNOWN.hl7_tables) == 58
    assert len(KNOWN.attribute_tables) == 27
    assert len(KNOWN.edges) == 238
    assert sum(len(rules) for rules in KNOWN.leg_rules.values()) == 66
    assert len(KNOWN.play_rules) == 177
    assert len(KNOWN.requirements()) == 4600


@pytest.mark.parametrize(
    ("name", "rows"),
    [("mpps-n-create", 61), ("mpps-n-set", 62), ("mwl-request", 20), ("mwl-response", 45), ("query-response", 27)],
)
def test_counts_of_attribute_rows(name: str, rows: int) -> None:
    assert len(KNOWN.attribute_tables[name].rows) == rows


def test_profiles() -> None:
    assert {name: profile.hl7_versions for name, profile in KNOWN.profiles.items()} == {
        "SWF": ("2.3.1",),
        "SWF.b": ("2.5.1",),
        "PIR": ("2.3.1", "2.5.1"),
        "SINR": ("2.3.1",),
        "ED": ("2.3.1", "2.5.1"),
    }
    swf = KNOWN.profiles["SWF"].actors
    assert {str(actor): " ".join(sorted(needs)) for actor, needs in swf.items()} == {
        "ADT": "RAD-1 RAD-12",
        "Order Placer": "RAD-1 RAD-12 RAD-2 RAD-3 RAD-48",
        "Order Filler": (
            "RAD-1 RAD-11 RAD-12 RAD-13 RAD-2 RAD-20 RAD-21 RAD-3 RAD-4 RAD-42 RAD-48 RAD-49 RAD-5 RAD-6 RAD-7"
        ),
        "Modality": "RAD-10 RAD-5 RAD-6 RAD-7 RAD-8",
        "Image Manager": (
            "RAD-10 RAD-11 RAD-12 RAD-13 RAD-14 RAD-16 RAD-18 RAD-20 RAD-21 RAD-4 RAD-42 RAD-49 RAD-6 RAD-7 RAD-8"
        ),
        "PPS Manager": "RAD-20 RAD-21 RAD-6 RAD-7",
        "Image Display": "RAD-14 RAD-16",
        "Evidence Creator": "RAD-10 RAD-14 RAD-16 RAD-18 RAD-20 RAD-21",
    }
    optional = {(a, t) for a, needs in swf.items() for t, need in needs.items() if need is Need.OPTIONAL}
    assert optional == {
        *(("Order Filler", f"RAD-{number}") for number in (11, 42, 48, 49)),
        *(("Image Manager", f"RAD-{number}") for number in (42, 49)),
        *(("Evidence Creator", f"RAD-{number}") for number in (14, 16, 20, 21)),
        ("Order Placer", "RAD-48"),
    }


def test_swf_b_is_swf_without_the_older_means_to_tell_of_availability() -> None:
    swf, swf_b = KNOWN.profiles["SWF"].actors, KNOWN.profiles["SWF.b"].actors
    assert set(swf) == set(swf_b)
    for actor, needs in swf.items():
        without = {name: need for name, need in needs.items() if name not in ("RAD-11", "RAD-42")}
        assert dict(swf_b[actor]) == without, actor


def test_options_of_swf() -> None:
    options = KNOWN.profiles["SWF"].options
    assert {name: " ".join(option.transactions) for name, option in options.items() if option.transactions} == {
        "Image Availability Query": "RAD-11",
        "Departmental Appointment Notification": "RAD-48",
        "Performed Work Status Update (Send)": "RAD-42",
        "Performed Work Status Update (Receive)": "RAD-42",
        "Instance Availability Notification": "RAD-49",
    }
    assert {name: option.forms for name, option in options.items() if option.forms} == {"HL7 v2.5.1": ("2.5.1",)}
    assert set(options["HL7 v2.5.1"].actors) == {"ADT", "Order Placer", "Order Filler", "Image Manager"}
    assert all(option.means and option.citation.confidence is not VERIFIED for option in options.values())


LEGS = {
    "RAD-1": ["ADT > Order Placer: to-order-placer", "ADT > Order Filler: to-order-filler"],
    "RAD-2": ["Order Placer > Order Filler: to-order-filler"],
    "RAD-3": ["Order Filler > Order Placer: to-order-placer"],
    "RAD-4": ["Order Filler > Image Manager: to-image-manager", "Order Filler > Report Manager: to-report-manager"],
    "RAD-5": ["Modality > Order Filler: query", "Modality > Order Filler: cancel"],
    "RAD-6": [
        "Modality > PPS Manager: to-pps-manager",
        "PPS Manager > Order Filler: to-order-filler (reaction)",
        "PPS Manager > Image Manager: to-image-manager (reaction)",
    ],
    "RAD-7": [
        "Modality > PPS Manager: to-pps-manager",
        "PPS Manager > Order Filler: to-order-filler (reaction)",
        "PPS Manager > Image Manager: to-image-manager (reaction)",
    ],
    "RAD-8": ["Modality > Image Manager: store"],
    "RAD-10": [
        "Modality > Image Manager: request",
        "Image Manager > Modality: report (reaction)",
        "Evidence Creator > Image Manager: creator-request",
        "Image Manager > Evidence Creator: creator-report (reaction)",
    ],
    "RAD-11": ["Order Filler > Image Manager: query"],
    "RAD-12": [
        "ADT > Order Placer: to-order-placer",
        "ADT > Order Filler: to-order-filler",
        "Order Filler > Image Manager: to-image-manager (reaction)",
        "Order Filler > Report Manager: to-report-manager (reaction)",
    ],
    "RAD-13": ["Order Filler > Image Manager: to-image-manager", "Order Filler > Report Manager: to-report-manager"],
    "RAD-14": [
        "Image Display > Image Manager: query",
        "Image Display > Image Manager: cancel",
        "Evidence Creator > Image Manager: creator-query",
    ],
    "RAD-16": [
        "Image Display > Image Manager: move",
        "Image Manager > Image Display: store (reaction)",
        "Evidence Creator > Image Manager: creator-move",
        "Image Manager > Evidence Creator: creator-store (reaction)",
    ],
    "RAD-18": ["Evidence Creator > Image Manager: store"],
    "RAD-20": [
        "Evidence Creator > PPS Manager: to-pps-manager",
        "PPS Manager > Order Filler: to-order-filler (reaction)",
        "PPS Manager > Image Manager: to-image-manager (reaction)",
    ],
    "RAD-21": [
        "Evidence Creator > PPS Manager: to-pps-manager",
        "PPS Manager > Order Filler: to-order-filler (reaction)",
        "PPS Manager > Image Manager: to-image-manager (reaction)",
    ],
    "RAD-24": ["Report Creator > Report Manager: submit"],
    "RAD-25": ["Report Manager > Report Repository: issue"],
    "RAD-26": [
        "Report Reader > Report Repository: query",
        "Report Reader > External Report Repository Access: query-external",
    ],
    "RAD-27": [
        "Report Reader > Report Repository: move",
        "Report Repository > Report Reader: store (reaction)",
        "Report Reader > External Report Repository Access: move-external",
        "External Report Repository Access > Report Reader: store-external (reaction)",
    ],
    "RAD-42": ["Image Manager > Order Filler: create", "Image Manager > Order Filler: set"],
    "RAD-43": ["Evidence Creator > Image Manager: store", "Modality > Image Manager: store-from-modality"],
    "RAD-49": ["Image Manager > Order Filler: notify"],
    "RAD-28": ["Report Manager > Enterprise Report Repository: export"],
    "RAD-48": ["Order Filler > Order Placer: to-order-placer"],
}


def test_legs() -> None:
    found = {
        str(transaction.id): [
            f"{leg.initiator} > {leg.responder}: {leg.id}{' (reaction)' if leg.reaction else ''}"
            for leg in transaction.legs
        ]
        for transaction in KNOWN.transactions.values()
    }
    assert found == LEGS


_OTHER_CORES = ("RAD-24", "RAD-25", "RAD-42", "RAD-43")
"""Transactions that store documents, which have tables of their own."""


def test_each_leg_is_judged_by_what_its_protocol_needs() -> None:
    for transaction in KNOWN.transactions.values():
        for leg in transaction.legs:
            if leg.link is LinkKind.MLLP:
                assert leg.checks[:4] == ("hl7.table", "hl7.structure", "hl7.header", "hl7.ack")
                assert set(leg.checks[4:]) <= {"tls.callers", "tls.listeners"}
                assert leg.core == ("hl7.table", "hl7.ack")
                continue
            assert leg.dimse is not None
            if leg.dimse.service is Service.C_CANCEL:  # it has no answer, and ends the request that it is about
                assert not leg.checks
                assert not leg.required
                continue
            assert leg.checks[:2] == ("dimse.reply", "dimse.status")
            assert "dimse.reply" in leg.core
            judged = leg.dimse.service in (Service.N_CREATE, Service.N_SET, Service.N_ACTION, Service.N_EVENT_REPORT)
            relayed = leg.initiator == "PPS Manager"
            assert ("dimse.request" in leg.core) is (judged and not relayed) or transaction.id in _OTHER_CORES


def test_orders_are_told_apart_by_their_control_code() -> None:
    forms = KNOWN.transactions[TransactionId("RAD-3")].legs[0].messages
    assert [(form.version, form.type, form.control, form.answer) for form in forms] == [
        ("2.3.1", "ORM^O01", ("SN",), ("ORR^O02",)),
        ("2.3.1", "ORM^O01", ("SC",), ("ACK",)),
        ("2.3.1", "ORM^O01", ("OC", "CA", "DC"), ("ACK",)),
        ("2.5.1", "OMG^O19", ("SN",), ("ORG^O20",)),
        ("2.5.1", "OMG^O19", ("SC",), ("ACK", "ORG^O20")),
        ("2.5.1", "OMG^O19", ("OC", "CA", "DC"), ("ACK", "ORG^O20")),
    ]
    scheduled = KNOWN.transactions[TransactionId("RAD-4")].legs[0].messages
    assert [form.answer for form in scheduled] == [("ACK",), ("ACK", "ORI^O24")]


# ---------------------------------------------------------------------------------------------- field tables

FIELDS = [
    ("rad-1.adt-a04-2.3.1", "EVN-2", R, "TS", VERIFIED),
    ("rad-1.adt-a04-2.3.1", "PID-3", R, "CX", VERIFIED),
    ("rad-1.adt-a04-2.3.1", "PID-3.4.1", R, "IS", VERIFIED),
    ("rad-1.adt-a04-2.3.1", "PID-7", R2, "TS", VERIFIED),
    ("rad-1.adt-a04-2.3.1", "PID-8", R, "IS", VERIFIED),
    ("rad-1.adt-a04-2.3.1", "PV1-8", R, "XCN", VERIFIED),
    ("rad-1.adt-a04-2.3.1", "PV1-3", R, "PL", UNSURE),
    ("rad-1.adt-a01-2.3.1", "PV1-3", R, "PL", VERIFIED),
    ("rad-1.adt-a01-2.3.1", "PV1-7", R, "XCN", VERIFIED),
    ("rad-1.adt-a01-2.3.1", "PV1-17", R, "XCN", VERIFIED),
    ("rad-1.adt-a04-2.5.1", "PID-3.5", R, "ID", BELIEVED),
    ("rad-1.adt-a04-2.5.1", "PID-8", Usage.CONDITIONAL_MAY_BE_EMPTY, "IS", VERIFIED),
    ("rad-1.adt-a04-2.5.1", "MSH-9.3", R, "ID", VERIFIED),
    ("rad-2.orm-o01-nw", "ORC-3", X, "", VERIFIED),
    ("rad-2.orm-o01-nw", "ORC-7", R, "TQ", VERIFIED),
    ("rad-2.orm-o01-nw", "OBR-31", R2, "CE", VERIFIED),
    ("rad-2.omg-o19-nw", "ORC-3", X, "", BELIEVED),
    ("rad-2.omg-o19-nw", "ORC-7", X, "", VERIFIED),
    ("rad-2.omg-o19-nw", "TQ1-7", R, "TS", BELIEVED),
    ("rad-3.orm-o01-sn", "ORC-2", X, "", VERIFIED),
    ("rad-3.orm-o01-sn", "OBR-2", X, "", VERIFIED),
    ("rad-3.orm-o01-sc", "ORC-5", R, "ID", VERIFIED),
    ("rad-3.orr-o02", "ORC-2", C, "EI", VERIFIED),
    ("rad-4.orm-o01", "OBR-18", Usage.REQUIRED_BY_IHE, "ST", VERIFIED),
    ("rad-4.orm-o01", "OBR-44", Usage.REQUIRED_BY_IHE, "CE", BELIEVED),
    ("rad-4.orm-o01", "ZDS-1.1", R, "UID", VERIFIED),
    ("rad-4.omi-o23", "IPC-1", R, "EI", VERIFIED),
    ("rad-4.omi-o23", "IPC-3", R, "EI", VERIFIED),
    ("rad-4.omi-o23", "IPC-5", Usage.REQUIRED_BY_IHE, "CE", UNSURE),
    ("rad-4.omi-o23", "PID-8", R, "IS", VERIFIED),
    ("rad-4.omi-o23", "TQ1-7", R, "TS", VERIFIED),
    ("rad-4.omi-o23", "OBR-2", Usage.REQUIRED_MAY_BE_EMPTY, "EI", UNSURE),
    ("rad-12.adt-a08-2.3.1", "PV1-2", R, "IS", VERIFIED),
    ("rad-12.adt-a40-2.3.1", "MRG-1", R, "CX", VERIFIED),
    ("rad-12.adt-a40-2.5.1", "MRG-7", O, "XPN", VERIFIED),
    ("rad-28.oru-r01-2.3.1", "OBX-11", R, "ID", VERIFIED),
    ("rad-28.oru-r01-2.5.1", "OBX-11", R, "ID", UNSURE),
]


@pytest.mark.parametrize(("table", "path", "use", "kind", "confidence"), FIELDS)
def test_field_rows(table: str, path: str, use: Usage, kind: str, confidence: Confidence) -> None:
    row = KNOWN.hl7_tables[table].rows[path]
    assert (row.use, row.type, row.confidence) == (use, kind, confidence)


def test_values_and_equalities_of_orders() -> None:
    order = KNOWN.hl7_tables["rad-2.orm-o01-nw"].rows
    assert order["ORC-1"].values == ("NW",)
    assert (order["OBR-2"].equals, order["OBR-27"].equals, order["OBR-16.1"].equals) == ("ORC-2", "ORC-7", "ORC-12.1")
    scheduled = KNOWN.hl7_tables["rad-4.omi-o23"].rows
    assert (scheduled["ORC-1"].values, scheduled["ORC-5"].values) == (("NW",), ("SC",))
    assert KNOWN.hl7_tables["rad-3.orm-o01-sc"].rows["ORC-5"].values == ("IP", "CM", "DC")
    answer = KNOWN.hl7_tables["rad-3.orr-o02"].rows
    assert (answer["ORC-1"].values, answer["ORC-1"].when) == (("NA",), "MSA-1 = AA")


def test_the_visit_is_named_by_one_of_two_fields() -> None:
    for table in ("rad-1.adt-a04-2.3.1", "rad-2.orm-o01-nw", "rad-4.omi-o23"):
        row = KNOWN.hl7_tables[table].rows["PID-18"]
        assert (row.use, row.when) == (C, "PV1-19 absent")


def test_what_many_senders_leave_out_only_warns() -> None:
    assert KNOWN.hl7_tables["rad-4.orm-o01"].rows["MSH-7"].strength is Strength.SHOULD
    assert KNOWN.hl7_tables["rad-4.omi-o23"].rows["MSH-7"].strength is Strength.SHALL
    assert KNOWN.hl7_tables["rad-4.orm-o01"].rows["MSH-15"].strength is Strength.SHOULD


@pytest.mark.parametrize(
    ("table", "segments", "structure"),
    [
        ("rad-1.adt-a04-2.3.1", "MSH EVN PID PV1", "ADT_A01"),
        ("rad-1.adt-a05-2.3.1", "MSH EVN PID PV1", "ADT_A01"),
        ("rad-1.adt-a05-2.5.1", "MSH EVN PID PV1", "ADT_A05"),
        ("rad-2.orm-o01-nw", "MSH PID PV1 ORC OBR", "ORM_O01"),
        ("rad-2.orm-o01-ca", "MSH ORC", "ORM_O01"),
        ("rad-2.omg-o19-nw", "MSH PID PV1 ORC TQ1 OBR", "OMG_O19"),
        ("rad-3.orr-o02", "MSH MSA", "ORR_O02"),
        ("rad-4.orm-o01", "MSH PID PV1 ORC OBR ZDS", "ORM_O01"),
        ("rad-4.omi-o23", "MSH PID PV1 ORC TQ1 OBR IPC", "OMI_O23"),
        ("rad-12.adt-a40-2.3.1", "MSH EVN PID MRG", "ADT_A39"),
        ("rad-28.oru-r01-2.3.1", "MSH PID OBR OBX", "ORU_R01"),
    ],
)
def test_segments(table: str, segments: str, structure: str) -> None:
    found = KNOWN.hl7_tables[table]
    assert (" ".join(found.segments), found.structure) == (segments, structure)


def test_every_field_exists_in_the_base_standard_with_its_data_type() -> None:
    for name, table in KNOWN.hl7_tables.items():
        assert has_structure(table.structure, table.version), name
        for path, row in table.rows.items():
            place = parse_path(path)
            definition = field_definition(place.segment, place.field, table.version)
            if place.segment == "ZDS":
                continue
            assert definition is not None, f"{name}/{path}"
            if row.type and not place.component:
                assert row.type == definition.datatype, f"{name}/{path}"


def test_every_table_is_named_by_a_form_or_is_an_answer() -> None:
    legs = [leg for transaction in KNOWN.transactions.values() for leg in transaction.legs]
    used = {form.table for leg in legs for form in leg.messages}
    assert set(KNOWN.hl7_tables) - used == {"rad-3.orr-o02", "rad-3.org-o20"}
    forms = [leg.dimse for leg in legs if leg.dimse is not None]
    named = {table for form in forms for table in (form.request_table, form.response_table)}
    assert named - {""} == set(KNOWN.attribute_tables)


def test_forms_and_tables_agree() -> None:
    for transaction in KNOWN.transactions.values():
        for leg in transaction.legs:
            for form in leg.messages:
                table = KNOWN.table_of(form)
                assert table is not None
                assert (table.message, table.version, table.transaction) == (form.type, form.version, transaction.id)
            halves = {"request_table": Half.REQUEST, "response_table": Half.RESPONSE}
            for key, half in halves.items():
                name = getattr(leg.dimse, key, "")
                if name:
                    attributes = KNOWN.attribute_tables[name]
                    actor = leg.initiator if half is Half.REQUEST else leg.responder
                    assert (attributes.half, attributes.transaction, attributes.actor) == (half, transaction.id, actor)


def test_the_answer_to_a_filler_order_has_its_table() -> None:
    table = KNOWN.answer_table(TransactionId("RAD-3"), "ORR^O02", "2.3.1")
    assert table is KNOWN.hl7_tables["rad-3.orr-o02"]
    assert table.actor == "Order Placer"
    assert KNOWN.answer_table(TransactionId("RAD-3"), "ACK", "2.3.1") is None


# ---------------------------------------------------------------------------------------------- attribute tables

STEP = "ScheduledStepAttributesSequence[*]."
SERIES = "PerformedSeriesSequence[*]."
ATTRIBUTES = [
    ("mpps-n-create", "ScheduledStepAttributesSequence", "1"),
    ("mpps-n-create", STEP + "StudyInstanceUID", "1"),
    ("mpps-n-create", STEP + "AccessionNumber", "2"),
    ("mpps-n-create", STEP + "ScheduledProcedureStepID", "2"),
    ("mpps-n-create", "PatientName", "2"),
    ("mpps-n-create", "PerformedProcedureStepID", "1"),
    ("mpps-n-create", "PerformedStationAETitle", "1"),
    ("mpps-n-create", "PerformedStationName", "2"),
    ("mpps-n-create", "PerformedProcedureStepStartTime", "1"),
    ("mpps-n-create", "PerformedProcedureStepEndDate", "2"),
    ("mpps-n-create", "Modality", "1"),
    ("mpps-n-create", "PerformedSeriesSequence", "2"),
    ("mpps-n-create", SERIES + "ProtocolName", "1"),
    ("mpps-n-set", "ScheduledStepAttributesSequence", "-"),
    ("mpps-n-set", "PatientID", "-"),
    ("mpps-n-set", "Modality", "-"),
    ("mpps-n-set", "PerformedProcedureStepStatus", "3"),
    ("mpps-n-set", "PerformedProcedureStepEndTime", "1C"),
    ("mpps-n-set", "PerformedSeriesSequence", "1C"),
    ("mpps-n-set", SERIES + "SeriesInstanceUID", "1"),
    ("mpps-n-set", SERIES + "RetrieveAETitle", "2"),
    ("mpps-n-set", SERIES + "ReferencedImageSequence[*].ReferencedSOPInstanceUID", "1"),
    ("storage-commitment-request", "TransactionUID", "1"),
    ("storage-commitment-report", "FailedSOPSequence", "1C"),
    ("storage-commitment-report", "FailedSOPSequence[*].FailureReason", "1"),
    ("mwl-response", "ScheduledProcedureStepSequence[*].ScheduledStationAETitle", "1"),
    ("mwl-response", "ScheduledProcedureStepSequence[*].ScheduledProcedureStepDescription", "1C"),
    ("mwl-response", "RequestedProcedureID", "1"),
    ("mwl-response", "AccessionNumber", "2"),
    ("mwl-response", "ReferencedStudySequence", "2"),
    ("mwl-response", "PatientWeight", "2"),
    ("query-response", "StudyInstanceUID", "1"),
    ("query-response", "NumberOfStudyRelatedInstances", "1"),
    ("retrieve-request", "IssuerOfPatientID", "-"),
    ("report-submitted", "CompletionFlag", "1"),
]


@pytest.mark.parametrize(("table", "path", "kind"), ATTRIBUTES)
def test_attribute_rows(table: str, path: str, kind: str) -> None:
    assert KNOWN.attribute_tables[table].rows[path].type == kind


def test_conditions_of_attributes() -> None:
    final = "PerformedProcedureStepStatus = COMPLETED, DISCONTINUED"
    rows = KNOWN.attribute_tables["mpps-n-set"].rows
    assert [path for path, row in rows.items() if row.when == final] == [
        "PerformedProcedureStepEndDate",
        "PerformedProcedureStepEndTime",
        "PerformedSeriesSequence",
    ]
    assert KNOWN.attribute_tables["mpps-n-create"].rows["PerformedProcedureStepStatus"].values == ("IN PROGRESS",)
    report = KNOWN.attribute_tables["storage-commitment-report"].rows
    assert (report["ReferencedSOPSequence"].when, report["FailedSOPSequence"].when) == (
        "EventTypeID = 1",
        "EventTypeID = 2",
    )


def test_a_worklist_returns_what_was_requested_and_a_modality_requests_what_it_needs() -> None:
    assert all(row.when_requested for row in KNOWN.attribute_tables["mwl-response"].rows.values())
    request = KNOWN.attribute_tables["mwl-request"].rows
    assert request["StudyInstanceUID"].confidence is BELIEVED
    assert request["QueryRetrieveLevel"].strength is Strength.SHOULD
    step = "ScheduledProcedureStepSequence[*]."
    returned = KNOWN.attribute_tables["mwl-response"].rows
    assert {path for path in request if path != "QueryRetrieveLevel"} <= set(returned)
    assert step + "ScheduledProtocolCodeSequence" in request


@pytest.mark.parametrize(
    ("table", "path", "matching", "kind"),
    [
        ("mwl", "ScheduledProcedureStepSequence[*].ScheduledProcedureStepStartDate", "single value, range", "1"),
        ("mwl", "ScheduledProcedureStepSequence[*].Modality", "single value", "1"),
        ("mwl", "PatientName", "single value, wildcard", "1"),
        ("mwl", "PatientID", "single value", "1"),
        ("mwl", "AccessionNumber", "single value", "2"),
        ("mwl", "StudyInstanceUID", "", "1"),
        ("study-root", "StudyInstanceUID", "single value, list of UID", "U"),
        ("study-root", "StudyDate", "single value, range", "R"),
        ("study-root", "ModalitiesInStudy", "single value, list", "O"),
        ("study-root-series", "SeriesInstanceUID", "single value, list of UID", "U"),
        ("study-root-image", "InstanceNumber", "single value", "R"),
    ],
)
def test_keys(table: str, path: str, matching: str, kind: str) -> None:
    row = KNOWN.keys[table].rows[path]
    assert (row.matching, row.type) == (matching, kind)


def test_keys_are_matched_in_known_ways() -> None:
    words = {"", "single value", "range", "wildcard", "list", "list of UID", "sequence"}
    for table in KNOWN.keys.values():
        for row in table.rows.values():
            assert set(row.matching.split(", ")) <= words


# ---------------------------------------------------------------------------------------------- consistency

CHAIN = ["rad-4-to-rad-5", "rad-5-to-rad-6", "rad-6-to-rad-8"]
SHOWN = ["rad-8-to-rad-14", "rad-4-to-rad-14"]
RENAMED = [f"rad-12-to-rad-{number}" for number in (2, 3, 4, 5, 13, 14)]
REPORTED = ["rad-1-to-rad-3", "rad-2-to-rad-3", "rad-4-to-rad-13"]
PATIENT = ["rad-1-to-rad-2", "rad-2-to-rad-4", *CHAIN, *SHOWN, *RENAMED, *REPORTED]
CHANGED = "rad-13-to-rad-5"


@pytest.mark.parametrize(
    ("rule", "hops", "compare"),
    [
        ("study-instance-uid", [*CHAIN, *SHOWN, "rad-6-to-rad-4"], Comparison.UID),
        ("accession-number", [*CHAIN, *SHOWN, CHANGED, "rad-13-to-rad-14"], Comparison.TEXT),
        ("requested-procedure-id", [*CHAIN, CHANGED], Comparison.TEXT),
        ("scheduled-procedure-step-id", [*CHAIN, CHANGED], Comparison.TEXT),
        ("scheduled-protocol-code", [*CHAIN, CHANGED], Comparison.CODE),
        ("requested-procedure-code", [*CHAIN, CHANGED], Comparison.CODE),
        ("requested-procedure-description", [*CHAIN[:2], CHANGED], Comparison.TEXT),
        ("patient-name", PATIENT, Comparison.NAME),
        ("patient-id", PATIENT, Comparison.TEXT),
        ("patient-birth-date", PATIENT, Comparison.DATE),
        ("patient-sex", PATIENT, Comparison.SEX),
        (
            "placer-order-number",
            ["rad-2-to-rad-3", "rad-3-to-rad-3", "rad-2-to-rad-4", "rad-3-to-rad-4", "rad-4-to-rad-13", *CHAIN[:2]],
            Comparison.TEXT,
        ),
        ("filler-order-number", ["rad-3-to-rad-4", "rad-4-to-rad-13", *CHAIN[:2]], Comparison.TEXT),
        ("mpps-instance", CHAIN[2:], Comparison.UID),
        ("performed-procedure-step-id", CHAIN[2:], Comparison.TEXT),
        ("performed-start-date", CHAIN[2:], Comparison.DATE),
        ("performed-start-time", CHAIN[2:], Comparison.TIME),
    ],
)
def test_values_travel_along_these_edges(rule: str, hops: list[str], compare: Comparison) -> None:
    edges = [edge for edge in KNOWN.edges if edge.rule == rule]
    assert sorted(edge.id for edge in edges) == sorted(f"{rule}.{hop}" for hop in hops)
    assert {edge.compare for edge in edges} == {compare}


def test_an_edge_from_modality_to_image() -> None:
    edge = next(one for one in KNOWN.edges if one.id == "requested-procedure-id.rad-6-to-rad-8")
    assert edge.source_place.paths == ("ScheduledStepAttributesSequence[*].RequestedProcedureID",)
    assert edge.source_place.leg == "to-pps-manager"
    assert edge.target.paths == ("RequestAttributesSequence[*].RequestedProcedureID",)
    assert (edge.by, edge.cases, edge.confidence) == ("Modality", ("simple", "append", "group"), VERIFIED)
    requirement = KNOWN.requirement(next(one.id for one in KNOWN.requirements() if one.id.endswith(edge.id)))
    assert (requirement.id, requirement.check) == (f"consistency/{edge.id}", "consistency")


def test_what_an_archive_answers_may_be_missing_but_not_wrong() -> None:
    answers = [edge for edge in KNOWN.edges if edge.target.transaction == "RAD-14"]
    assert {edge.by for edge in answers} == {"Image Manager"}
    elsewhere = ("RAD-8", "RAD-18", "RAD-20", "RAD-26", "RAD-42", "RAD-43", "RAD-49")
    optional = {
        edge.id
        for edge in KNOWN.edges
        if edge.when_valued and edge.strength is Strength.SHALL and edge.target.transaction not in elsewhere
    }
    assert optional - {edge.id for edge in answers} == {f"placer-order-number.rad-{n}-to-rad-3" for n in (2, 3)}
    assert {edge.id for edge in answers} <= optional
    sources = {(edge.source_place.transaction, edge.confidence) for edge in answers}
    assert sources == {("RAD-8", BELIEVED), ("RAD-4", BELIEVED), ("RAD-12", VERIFIED), ("RAD-13", BELIEVED)}


def test_relayed_legs_are_no_edges_and_orders_hold_in_every_case() -> None:
    for edge in KNOWN.edges:
        for place in (edge.source_place, edge.target):
            if place.transaction in ("RAD-6", "RAD-7"):
                assert place.leg == "to-pps-manager"
        if edge.target.transaction in ("RAD-2", "RAD-5"):
            assert edge.cases == ("simple", "append", "group", "unscheduled")


def test_the_copying_actor_is_an_end_of_the_target() -> None:
    for edge in KNOWN.edges:
        legs = KNOWN.transactions[edge.target.transaction].legs
        ends = {leg.initiator for leg in legs if edge.target.half is Half.REQUEST}
        ends |= {leg.responder for leg in legs if edge.target.half is Half.RESPONSE}
        assert edge.by in ends, edge.id


# ---------------------------------------------------------------------------------------------- requirements


def test_every_requirement_is_cited_and_either_checked_or_excused() -> None:
    for requirement in KNOWN.requirements():
        assert requirement.citation.text, requirement.id
        for clause in requirement.citation.text.split("; "):
            assert clause in KNOWN.clauses or re.match(r"PS3\.\d+|ITI-\d+$", clause), requirement.id
        assert (requirement.check is None) is (requirement.untestable is not None)
        assert requirement.text
        assert re.fullmatch(r"[a-z0-9.-]+/[A-Za-z0-9.\-\[\]*]+", requirement.id), requirement.id


def test_a_verified_requirement_names_its_source() -> None:
    for requirement in KNOWN.requirements():
        if requirement.citation.confidence is VERIFIED:
            assert requirement.citation.source, requirement.id


def test_weaker_sources_are_never_verified() -> None:
    weak = ("HL7v2-ex", "DVTk", "AdvaPACS", "PACS-course", "static-wado")
    for requirement in KNOWN.requirements():
        sources = requirement.citation.source.split(", ")
        if requirement.citation.source and all(source in weak for source in sources):
            assert requirement.citation.confidence is not VERIFIED, requirement.id


def test_requirements_are_sorted_and_found_by_id() -> None:
    found = KNOWN.requirements()
    assert [one.id for one in found] == sorted(one.id for one in found)
    assert KNOWN.requirement(found[7].id) is found[7]
    with pytest.raises(KeyError, match=r"did you mean `rad-5\.query/matches-key`"):
        KNOWN.requirement(type(found[0].id)("rad-5.query/matches-keys"))


@pytest.mark.parametrize(
    ("requirement", "actor", "check"),
    [
        ("rad-4.omi-o23/IPC-3", "Order Filler", "hl7.table"),
        ("mpps-n-create/PatientID", "Modality", "dimse.request"),
        ("mwl-response/PatientID", "Order Filler", "dimse.response"),
        ("rad-4.to-image-manager/ack-echo", "Image Manager", "hl7.ack"),
        ("rad-4.to-image-manager/structure", "Order Filler", "hl7.structure"),
        ("rad-5.query/matches-key", "Order Filler", "mwl.matching"),
        ("rad-8.store/delivered", "Modality", "delivery"),
        ("rad-10.report/answered", "Modality", "dimse.reply"),
        ("storage/committed-equals-requested", "Image Manager", "storage.sets"),
        ("storage/listed-equals-stored", "Modality", "storage.sets"),
        ("expectation/rad-5-matches", "Order Filler", "expectations"),
        ("consistency/study-instance-uid.rad-5-to-rad-6", "Modality", "consistency"),
        ("mpps-states/completed.n-set", "PPS Manager", "mpps.states"),
        ("control-ids/order-filler", "Order Filler", "hl7.control-ids"),
    ],
)
def test_ids_of_requirements(requirement: str, actor: str, check: str) -> None:
    found = {one.id: one for one in KNOWN.requirements()}
    assert (found[requirement].actor, found[requirement].check) == (actor, check)  # type: ignore[index]


def test_each_transaction_can_be_answered_and_expected() -> None:
    ids = Counter(rule.id.split("-")[-1] for rule in KNOWN.rules_of(CheckName("expectations")))
    assert (ids["answer"], ids["status"]) == (len(KNOWN.transactions), len(KNOWN.transactions))


def test_a_leg_is_found_by_name() -> None:
    assert KNOWN.transactions[TransactionId("RAD-10")].leg(LegId("report")).reaction
