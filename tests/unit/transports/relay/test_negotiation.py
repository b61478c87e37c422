"""What an association's opening says, read from bytes made by hand and from those that pynetdicom makes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.pdu import A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    AsynchronousOperationsWindowNegotiation,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
    SOPClassExtendedNegotiation,
    UserIdentityNegotiation,
)
from pynetdicom.presentation import build_context, build_role

from harness.transports.dimse.contexts import Accepted
from harness.transports.relay.negotiation import (
    Agreement,
    NegotiationError,
    read_abort,
    read_answer,
    read_rejection,
    read_request,
)
from tests.unit.transports.relay.associations import (
    CALLED,
    CALLING,
    COMMITMENT,
    CT,
    EXPLICIT,
    IMPLICIT,
    VERIFICATION,
    acceptance,
    item,
    request,
    role,
)

UNTOLD = "open-sesame"


def identity(kind: int, primary: str, secondary: str = "") -> bytes:
    """A user identity item (PS3.7 D.3.3.7)."""
    first, second = primary.encode(), secondary.encode()
    return item(0x58, struct.pack(">BBH", kind, 1, len(first)) + first + struct.pack(">H", len(second)) + second)


def test_a_request() -> None:
    read = read_request(request({1: VERIFICATION, 3: CT}, max_pdu=28672)[6:])
    assert (read.calling_ae, read.called_ae) == (CALLING, CALLED)
    assert read.abstract_syntaxes == {1: VERIFICATION, 3: CT}
    assert read.identity.facts == {
        "implementation_class_uid": "1.2.3.4",
        "implementation_version_name": "MADE_UP",
        "max_pdu": "28672",
    }


def test_an_agreement_is_told_to_both_links() -> None:
    asked = request({1: VERIFICATION, 3: CT, 5: COMMITMENT}, role(COMMITMENT, 0, 1), max_pdu=1000, version=b"RQ")
    given_back = acceptance({1: 0, 3: 3, 5: 0}, max_pdu=2000, version=b"AC")
    agreement = Agreement(request=read_request(asked[6:]), answer=read_answer(given_back[6:]))
    assert agreement.accepted == (
        Accepted(1, VERIFICATION, EXPLICIT, as_scu=True, as_scp=False),
        Accepted(5, COMMITMENT, EXPLICIT, as_scu=False, as_scp=True),
    )
    assert agreement.facts(of_requestor=True) == {
        "calling_ae": CALLING,
        "called_ae": CALLED,
        "implementation_class_uid": "1.2.3.4",
        "implementation_version_name": "RQ",
        "max_pdu": "1000",
        "our_implementation_class_uid": "1.2.3.4",
        "our_implementation_version_name": "AC",
        "our_max_pdu": "2000",
        "accepted_contexts": "Verification=ExplicitVRLittleEndian; StorageCommitmentPushModel=ExplicitVRLittleEndian",
        "scp_roles": "StorageCommitmentPushModel",
        "refused_contexts": "CTImageStorage: abstract syntax not supported",
    }
    turned = agreement.facts(of_requestor=False)
    assert (turned["implementation_version_name"], turned["our_implementation_version_name"]) == ("AC", "RQ")
    assert (turned["max_pdu"], turned["our_max_pdu"]) == ("2000", "1000")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (1, "username"),
        (2, "username and passcode"),
        (3, "Kerberos service ticket"),
        (4, "SAML assertion"),
        (5, "JSON web token"),
        (9, "type 9"),
    ],
)
def test_of_a_user_identity_only_its_kind_is_told(kind: int, said: str) -> None:
    read = read_request(request({1: VERIFICATION}, identity(kind, "somebody", UNTOLD))[6:])
    assert read.identity.user_identity == said
    assert UNTOLD not in repr(read)
    assert "somebody" not in repr(read)


def test_what_applies_besides_is_told() -> None:
    window = item(0x53, struct.pack(">HH", 5, 0))
    extended = item(0x56, struct.pack(">H", len(CT)) + CT.encode() + b"\1\1")
    facts = read_request(request({1: CT}, window, extended)[6:]).identity.facts
    assert facts["asynchronous_operations"] == "5 invoked, 0 performed"
    assert facts["extended_negotiation"] == "CTImageStorage"


def pynetdicoms() -> bytes:
    """An A-ASSOCIATE-RQ as pynetdicom encodes it."""
    asked = A_ASSOCIATE()
    asked.application_context_name = "1.2.840.10008.3.1.1.1"
    asked.calling_ae_title, asked.called_ae_title = CALLING, CALLED
    contexts = [build_context(CT, [EXPLICIT, IMPLICIT]), build_context(COMMITMENT, [IMPLICIT])]
    for number, context in enumerate(contexts):
        context.context_id = 2 * number + 1
    asked.presentation_context_definition_list = contexts
    length, implementation = MaximumLengthNotification(), ImplementationClassUIDNotification()
    length.maximum_length_received = 16382
    implementation.implementation_class_uid = "1.2.826.0.1"
    version, window = ImplementationVersionNameNotification(), AsynchronousOperationsWindowNegotiation()
    version.implementation_version_name = "SOMETHING_1"
    window.maximum_number_operations_invoked, window.maximum_number_operations_performed = 3, 4
    extended, user = SOPClassExtendedNegotiation(), UserIdentityNegotiation()
    extended.sop_class_uid, extended.service_class_application_information = CT, b"\1"
    user.user_identity_type, user.primary_field, user.secondary_field = 2, b"somebody", UNTOLD.encode()
    asked.user_information = [
        length,
        implementation,
        version,
        window,
        build_role(COMMITMENT, scu_role=True, scp_role=True),
        extended,
        user,
    ]
    encoded = A_ASSOCIATE_RQ()
    encoded.from_primitive(asked)
    return bytes(encoded.encode())


def test_what_pynetdicom_requests_reads_as_it_was_meant() -> None:
    read = read_request(pynetdicoms()[6:])
    assert (read.calling_ae, read.called_ae) == (CALLING, CALLED)
    assert read.abstract_syntaxes == {1: CT, 3: COMMITMENT}
    assert (read.scu_roles, read.scp_roles) == ((COMMITMENT,), (COMMITMENT,))
    assert read.identity.facts == {
        "implementation_class_uid": "1.2.826.0.1",
        "implementation_version_name": "SOMETHING_1",
        "max_pdu": "16382",
        "asynchronous_operations": "3 invoked, 4 performed",
        "user_identity": "username and passcode",
        "extended_negotiation": "CTImageStorage",
    }


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\0\1\1\7", "rejected-permanent, service-user: called-AE-title-not-recognized"),
        (b"\0\2\3\1", "rejected-transient, service-provider (presentation): temporary-congestion"),
        (b"\0\1\2\2", "rejected-permanent, service-provider (ACSE): protocol-version-not-supported"),
        (b"\0\1\1\5", "rejected-permanent, service-user: reason 5"),
        (b"", "result 0, source 0: reason 0"),
    ],
)
def test_rejections_in_words(body: bytes, said: str) -> None:
    assert str(read_rejection(body)) == said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\0\0\0\0", "service user, reason 0"),
        (b"\0\0\2\6", "service provider, reason 6"),
        (b"\0", "service user, reason 0"),
    ],
)
def test_aborts_in_words(body: bytes, said: str) -> None:
    assert read_abort(body) == said


WHOLE = request({1: VERIFICATION}, role(CT, 1, 1), identity(2, "somebody", UNTOLD))[6:]
BROKEN = {
    "nothing": b"",
    "cut before its items": WHOLE[:60],
    "cut in an item": WHOLE[:-3],
    "an item without its length": WHOLE + b"\x50",
    "a number cut short": WHOLE[:68] + item(0x50, item(0x51, b"\0\0")),
    "a role without a role": WHOLE[:68] + item(0x50, item(0x54, struct.pack(">H", 4) + b"1.2")),
    "too many roles": WHOLE[:68] + item(0x50, b"".join(role(f"1.2.{number}", 1, 1) for number in range(129))),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_refused_and_not_quoted(name: str) -> None:
    with pytest.raises(NegotiationError) as refused:
        read_request(BROKEN[name])
    assert UNTOLD not in str(refused.value)
    assert "somebody" not in str(refused.value)


@given(st.binary(max_size=400))
def test_any_bytes_are_an_opening_or_are_refused(body: bytes) -> None:
    for read in (read_request, read_answer):
        try:
            read(body)
        except NegotiationError:
            continue


@given(st.integers(68, len(WHOLE) - 1), st.binary(min_size=1, max_size=4))
def test_a_changed_request_is_an_opening_or_is_refused(place: int, change: bytes) -> None:
    try:
        read = read_request(WHOLE[:place] + change + WHOLE[place + len(change) :])
    except NegotiationError:
        return
    assert len(Agreement(request=read).facts(of_requestor=True)) >= 11
