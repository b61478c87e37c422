"""Which legs a message could be."""

from __future__ import annotations

import pytest

from harness.dicom.uids import uid_of
from harness.model.names import ActorName, LegId, TransactionId
from harness.model.profile import Service
from harness.profiles import form_of, knowledge, recognise_dimse, recognise_hl7

PLACER, FILLER, ARCHIVE = ActorName("Order Placer"), ActorName("Order Filler"), ActorName("Image Manager")
ADT, MODALITY, MANAGER = ActorName("ADT"), ActorName("Modality"), ActorName("PPS Manager")
REPORTS = ActorName("Report Manager")


@pytest.mark.parametrize(
    ("message", "initiator", "responder", "expected"),
    [
        (("ORM^O01", "2.3.1", "NW"), PLACER, FILLER, [("RAD-2", "to-order-filler", "rad-2.orm-o01-nw")]),
        (("ORM^O01", "2.3.1", "CA"), PLACER, FILLER, [("RAD-2", "to-order-filler", "rad-2.orm-o01-ca")]),
        (("ORM^O01", "2.3.1", "NW"), FILLER, ARCHIVE, [("RAD-4", "to-image-manager", "rad-4.orm-o01")]),
        (("ORM^O01", "2.3.1", "SN"), None, None, [("RAD-3", "to-order-placer", "rad-3.orm-o01-sn")]),
        (("ORM^O01", "2.3.1", "CA"), FILLER, PLACER, [("RAD-3", "to-order-placer", "rad-3.orm-o01-oc")]),
        (("OMG^O19", "2.5.1", "SC"), None, PLACER, [("RAD-3", "to-order-placer", "rad-3.omg-o19-sc")]),
        (("OMI^O23", "2.5.1", "NW"), None, ARCHIVE, [("RAD-4", "to-image-manager", "rad-4.omi-o23")]),
        (("OMI^O23", "2.5.1", "NW"), None, REPORTS, [("RAD-4", "to-report-manager", "rad-4.omi-o23")]),
        (("ADT^A04", "2.3.1", ""), ADT, PLACER, [("RAD-1", "to-order-placer", "rad-1.adt-a04-2.3.1")]),
        (("ADT^A04", "2.5.1", ""), ADT, FILLER, [("RAD-1", "to-order-filler", "rad-1.adt-a04-2.5.1")]),
        (("ADT^A08", "2.3.1", ""), FILLER, ARCHIVE, [("RAD-12", "to-image-manager", "rad-12.adt-a08-2.3.1")]),
        (("ADT^A08", "2.3.1", ""), FILLER, REPORTS, [("RAD-12", "to-report-manager", "rad-12.adt-a08-2.3.1")]),
        (("ORM^O01", "2.3.1", "XO"), FILLER, ARCHIVE, [("RAD-13", "to-image-manager", "rad-13.orm-o01")]),
        (("OMI^O23", "2.5.1", "DC"), None, REPORTS, [("RAD-13", "to-report-manager", "rad-13.omi-o23")]),
        (("SIU^S13", "2.4", ""), FILLER, PLACER, [("RAD-48", "to-order-placer", "rad-48.siu-s13-2.4")]),
        (("ORU^R01", "2.3.1", ""), None, None, [("RAD-28", "export", "rad-28.oru-r01-2.3.1")]),
        (("ORM^O01", "2.3.1", "ZZ"), None, None, []),
        (("ORM^O01", "2.3.1", "NW"), ARCHIVE, None, []),
        (("QRY^A19", "2.3.1", ""), None, None, []),
    ],
)
def test_hl7_messages(
    message: tuple[str, str, str],
    initiator: ActorName | None,
    responder: ActorName | None,
    expected: list[tuple[str, str, str]],
) -> None:
    found = recognise_hl7(*message, initiator, responder)
    assert [(transaction.id, leg.id, form.table) for transaction, leg, form in found] == expected


def test_an_order_between_unknown_ends_could_be_two_things() -> None:
    found = recognise_hl7("ORM^O01", "2.3.1", "NW", None, None)
    assert {transaction.id for transaction, _, _ in found} == {"RAD-2", "RAD-4"}


def test_another_version_takes_the_form_of_the_type() -> None:
    found = recognise_hl7("OMI^O23", "2.8", "NW", None, ARCHIVE)
    assert [form.version for _, _, form in found] == ["2.5.1"]


def test_only_the_given_transactions_are_looked_at() -> None:
    given = [knowledge().transactions[TransactionId("RAD-4")]]
    assert {one.id for one, _, _ in recognise_hl7("ORM^O01", "2.3.1", "NW", None, None, given)} == {"RAD-4"}
    assert recognise_dimse(Service.C_STORE, uid_of("CTImageStorage"), None, None, given) == ()


def test_the_form_of_a_leg_is_found_by_control_code_first() -> None:
    leg = knowledge().transactions[TransactionId("RAD-3")].leg(LegId("to-order-placer"))
    form = form_of(leg, "ORM^O01", "2.5.1", "SC")
    assert form is not None
    assert form.table == "rad-3.orm-o01-sc"
    assert form_of(leg, "ORM^O01", "2.3.1", "XX") is None


@pytest.mark.parametrize(
    ("service", "keyword", "initiator", "responder", "expected"),
    [
        (Service.C_FIND, "ModalityWorklistInformationModelFind", None, None, [("RAD-5", "query")]),
        (Service.N_CREATE, "ModalityPerformedProcedureStep", MODALITY, None, [("RAD-6", "to-pps-manager")]),
        (
            Service.N_SET,
            "ModalityPerformedProcedureStep",
            MANAGER,
            ARCHIVE,
            [("RAD-7", "to-image-manager"), ("RAD-21", "to-image-manager")],
        ),
        (Service.C_STORE, "CTImageStorage", MODALITY, ARCHIVE, [("RAD-8", "store")]),
        (Service.C_STORE, "CTImageStorage", ARCHIVE, None, [("RAD-16", "store"), ("RAD-16", "creator-store")]),
        (Service.C_STORE, "EnhancedSRStorage", ActorName("Report Creator"), None, [("RAD-24", "submit")]),
        (Service.C_STORE, "EnhancedSRStorage", ActorName("Report Manager"), None, [("RAD-25", "issue")]),
        (Service.C_STORE, "CTImageStorage", ActorName("Report Creator"), None, []),
        (
            Service.N_ACTION,
            "StorageCommitmentPushModel",
            None,
            None,
            [("RAD-10", "request"), ("RAD-10", "creator-request")],
        ),
        (Service.N_EVENT_REPORT, "StorageCommitmentPushModel", ARCHIVE, MODALITY, [("RAD-10", "report")]),
        (Service.C_FIND, "StudyRootQueryRetrieveInformationModelFind", FILLER, ARCHIVE, [("RAD-11", "query")]),
        (
            Service.C_FIND,
            "PatientRootQueryRetrieveInformationModelFind",
            None,
            None,
            [
                ("RAD-11", "query"),
                ("RAD-14", "query"),
                ("RAD-14", "creator-query"),
                ("RAD-26", "query"),
                ("RAD-26", "query-external"),
            ],
        ),
        (
            Service.C_MOVE,
            "StudyRootQueryRetrieveInformationModelMove",
            None,
            None,
            [("RAD-16", "move"), ("RAD-16", "creator-move"), ("RAD-27", "move"), ("RAD-27", "move-external")],
        ),
        (Service.C_ECHO, "Verification", None, None, []),
    ],
)
def test_dimse_messages(
    service: Service,
    keyword: str,
    initiator: ActorName | None,
    responder: ActorName | None,
    expected: list[tuple[str, str]],
) -> None:
    found = recognise_dimse(service, uid_of(keyword), initiator, responder)
    assert [(transaction.id, leg.id) for transaction, leg in found] == expected
