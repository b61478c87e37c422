from __future__ import annotations

import pytest
from pynetdicom import dimse_messages
from pynetdicom.dimse_primitives import C_STORE, N_ACTION, N_CREATE
from pynetdicom.dsutils import encode

from harness.dicom.uids import uid_of
from harness.model.profile import Service
from harness.transports.dimse.commands import (
    COMMAND_FIELDS,
    Command,
    CommandError,
    decode_command,
    encode_command,
)

CT = uid_of("CTImageStorage")
COMMITMENT = uid_of("StorageCommitmentPushModel")
MPPS = uid_of("ModalityPerformedProcedureStep")


def from_library(name: str, primitive: object) -> bytes:
    message = getattr(dimse_messages, name)()
    message.primitive_to_message(primitive)
    encoded = encode(message.command_set, True, True)
    assert encoded is not None
    return bytes(encoded)


def test_the_command_fields_are_those_of_the_library() -> None:
    """The table is written here and in pynetdicom independently."""
    theirs = {name: code for code, (name, _) in dimse_messages._MESSAGE_TYPES.items()}
    for service, code in COMMAND_FIELDS.items():
        assert theirs[f"{service.value}-RQ"] == code
        assert theirs[f"{service.value}-RSP"] == code | 0x8000


def test_a_store_request_is_encoded_as_the_library_does() -> None:
    request = C_STORE()
    request.MessageID = 7
    request.AffectedSOPClassUID = CT
    request.AffectedSOPInstanceUID = "2.25.1"
    request.Priority = 0
    request.MoveOriginatorApplicationEntityTitle = "DISPLAY"
    request.MoveOriginatorMessageID = 3
    ours = Command(
        service=Service.C_STORE,
        message_id=7,
        sop_class=CT,
        sop_instance="2.25.1",
        fields={"MoveOriginatorApplicationEntityTitle": "DISPLAY", "MoveOriginatorMessageID": "3"},
    )
    theirs = from_library("C_STORE_RQ", request)
    decoded = decode_command(theirs)
    assert decoded.fields == {**ours.fields, "Priority": "0"}
    assert (decoded.message_id, decoded.sop_class, decoded.sop_instance) == (7, CT, "2.25.1")
    assert encode_command(ours) == theirs


def test_a_requested_class_is_encoded_as_the_library_does() -> None:
    request = N_ACTION()
    request.MessageID = 9
    request.RequestedSOPClassUID = COMMITMENT
    request.RequestedSOPInstanceUID = "1.2.840.10008.1.20.1.1"
    request.ActionTypeID = 1
    ours = Command(
        service=Service.N_ACTION,
        message_id=9,
        sop_class=COMMITMENT,
        sop_instance="1.2.840.10008.1.20.1.1",
        fields={"ActionTypeID": "1"},
    )
    theirs = decode_command(from_library("N_ACTION_RQ", request))
    assert decode_command(encode_command(ours)) == Command(
        service=theirs.service,
        message_id=theirs.message_id,
        sop_class=theirs.sop_class,
        sop_instance=theirs.sop_instance,
        fields=theirs.fields,
    )


def test_a_response_with_an_error_is_read() -> None:
    response = N_CREATE()
    response.MessageIDBeingRespondedTo = 4
    response.AffectedSOPClassUID = MPPS
    response.AffectedSOPInstanceUID = "2.25.9"
    response.Status = 0x0110
    response.ErrorComment = "no longer"
    response.ErrorID = 0xA710
    read = decode_command(from_library("N_CREATE_RSP", response))
    assert read.status == 0x0110
    assert read.message_id == 4
    assert read.fields == {"ErrorComment": "no longer", "ErrorID": str(0xA710)}


@pytest.mark.parametrize(
    "command",
    [
        Command(service=Service.C_ECHO, message_id=1, sop_class=uid_of("Verification")),
        Command(service=Service.C_ECHO, message_id=65535, status=0),
        Command(service=None, message_id=5),
        Command(service=Service.N_EVENT_REPORT, message_id=2, sop_class=COMMITMENT, fields={"EventTypeID": "2"}),
        Command(
            service=Service.N_SET,
            message_id=2,
            status=0x0107,
            has_dataset=True,
            fields={"AttributeIdentifierList": "(0010,0010)\\(0040,0252)"},
        ),
    ],
)
def test_what_is_encoded_is_read_again(command: Command) -> None:
    assert decode_command(encode_command(command)) == command


def test_the_group_length_counts_what_follows() -> None:
    encoded = encode_command(Command(service=Service.C_ECHO, message_id=1))
    assert int.from_bytes(encoded[8:12], "little") == len(encoded) - 12


def test_elements_are_in_ascending_order() -> None:
    encoded = encode_command(
        Command(service=Service.C_MOVE, message_id=1, sop_class="1.2.3", fields={"MoveDestination": "STORE"})
    )
    numbers, offset = [], 0
    while offset < len(encoded):
        numbers.append(int.from_bytes(encoded[offset + 2 : offset + 4], "little"))
        offset += 8 + int.from_bytes(encoded[offset + 4 : offset + 8], "little")
    assert numbers == sorted(numbers)
    assert 0x0600 in numbers


def test_a_field_that_is_no_command_element_is_refused() -> None:
    with pytest.raises(ValueError, match="PatientID"):
        encode_command(Command(service=Service.C_ECHO, message_id=1, fields={"PatientID": "x"}))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x10\0\x10\0\x02\0\0\0ab",
        b"\0\0\0\x01\xff\xff\xff\xff",
        b"\0\0\0\x01\x02\0\0\0\x99\x99",
        b"\0\0\0\x01\x03\0\0\0\x01\x00\x00",
    ],
)
def test_bytes_that_are_no_command_set_are_refused(content: bytes) -> None:
    with pytest.raises(CommandError):
        decode_command(content)


def test_every_prefix_of_a_command_set_is_read_or_refused() -> None:
    encoded = encode_command(Command(service=Service.C_FIND, message_id=1, sop_class="1.2.3", has_dataset=True))
    refused = 0
    for end in range(len(encoded)):
        try:
            decode_command(encoded[:end])
        except CommandError:
            refused += 1
    assert refused == len(encoded)
