"""What a request is about, in few words; nothing from the wire moves a cursor."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from harness.dicom.encoding import encode, wrap_payload
from harness.model.names import ActorName, ExchangeId, LinkId
from harness.model.profile import LinkKind, Service
from harness.model.transcript import (
    Capture,
    DimseCommand,
    Direction,
    Exchange,
    Half,
    Link,
    Payload,
    PayloadKind,
    SocketAddress,
)
from reports.subjects import subject_of

HERE = SocketAddress("127.0.0.1", 1)


def _exchange(kind: PayloadKind, content: bytes, command: DimseCommand | None = None) -> Exchange:
    link = Link(
        seq=1,
        time=0.0,
        id=LinkId(1),
        kind=LinkKind.MLLP if command is None else LinkKind.DIMSE,
        actor=ActorName("Image Manager"),
        ours=False,
        local=HERE,
        peer=HERE,
    )
    request = Capture(
        seq=2,
        time=0.0,
        link=link.id,
        exchange=ExchangeId(1),
        half=Half.REQUEST,
        direction=Direction.RECEIVED,
        command=command,
        payload=Payload("0" * 64, kind, len(content)),
    )
    return Exchange(id=ExchangeId(1), link=link, request=request)


def _dicom(service: Service, fields: dict[str, str] | None = None, **values: str) -> str:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    syntax = str(ExplicitVRLittleEndian)
    content = wrap_payload(encode(dataset, syntax), syntax, "1.2", "1.3")
    command = DimseCommand(service=service, message_id=1, fields=fields or {})
    return subject_of(_exchange(PayloadKind.DICOM, content, command), lambda payload: content)


def test_a_message_is_about_its_patient_and_its_order_control() -> None:
    content = b"MSH|^~\\&|A|B|C|D|20240517||OMG^O19|1|P|2.5.1\rPID|||P1^^^HOSP||DOE^JANE\rORC|NW\r"
    assert subject_of(_exchange(PayloadKind.HL7, content), lambda payload: content) == "NW DOE^JANE P1"


def test_an_object_is_about_its_patient_and_a_performed_step_about_its_state() -> None:
    assert _dicom(Service.C_STORE, PatientName="DOE^JANE", PatientID="P1") == "DOE^JANE P1"
    assert _dicom(Service.N_SET, PerformedProcedureStepStatus="COMPLETED") == "COMPLETED"


def test_a_query_is_about_its_level_and_keys_and_a_retrieve_about_its_destination() -> None:
    assert _dicom(Service.C_FIND, QueryRetrieveLevel="STUDY", PatientID="P1") == "STUDY PatientID=P1"
    moved = _dicom(Service.C_MOVE, {"MoveDestination": "VIEWER"}, QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2.3")
    assert moved == "STUDY StudyInstanceUID=1.2.3 to VIEWER"


@pytest.mark.parametrize("content", [b"", b"\x1b[2J", b"MSH"])
def test_what_cannot_be_read_is_about_nothing(content: bytes) -> None:
    for kind in PayloadKind:
        command = DimseCommand(service=Service.C_STORE, message_id=1) if kind is PayloadKind.DICOM else None
        assert "\x1b" not in subject_of(_exchange(kind, content, command), lambda payload: content)


def test_control_characters_of_a_name_are_shown_and_not_sent_to_the_terminal() -> None:
    content = b"MSH|^~\\&|A|B|C|D|20240517||ADT^A04|1|P|2.5.1\rPID|||P1||D\x1b[2JE\r"
    assert subject_of(_exchange(PayloadKind.HL7, content), lambda payload: content) == "D\\x1b[2JE P1"
