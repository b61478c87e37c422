"""What stands at which place of a message, and of what kind it is."""

from __future__ import annotations

import hashlib

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from harness.comparing.leaves import Kind, Leaves, leaves_of
from harness.dicom.encoding import encode, wrap_payload
from harness.dicom.uids import uid_of
from harness.hl7 import compose
from harness.model.names import ExchangeId, LinkId
from harness.model.profile import Service
from harness.model.transcript import Capture, DimseCommand, Direction, Half, Payload, PayloadKind


def leaves(content: bytes | None, kind: PayloadKind, command: DimseCommand | None = None, size: int = 0) -> Leaves:
    payload = Payload(hashlib.sha256(content or b"").hexdigest(), kind, size or len(content or b""))
    capture = Capture(
        seq=1,
        time=0.0,
        link=LinkId(1),
        exchange=ExchangeId(1),
        half=Half.REQUEST,
        direction=Direction.SENT,
        payload=payload,
        command=command,
    )
    return leaves_of(capture, content)


def order() -> Leaves:
    message = compose(
        [
            ("MSH", {3: "OP", 7: "20260131101500", 9: ("OMG", "O19", "OMG_O19"), 10: "17", 12: "2.5.1"}),
            ("PID", {3: [("P1", "", "", "SWF"), ("S2", "", "", "CITY")], 5: ("Lindqvist", "Åsa"), 7: "19710305"}),
            ("ORC", {1: "NW", 2: ("PL4711", "OP"), 7: ("", "", "", "20260131", "", "R")}),
            ("OBR", {2: ("PL4711", "OP"), 4: ("CT", "CT of the chest", "SWF"), 18: "ACC1"}),
            ("ZDS", {1: ("1.2.840.999.1.2", "X", "Application", "DICOM")}),
        ]
    )
    return leaves(message, PayloadKind.HL7)


@pytest.mark.parametrize(
    ("path", "value", "kind", "domain"),
    [
        ("MSH[1]", "(there)", Kind.TEXT, ""),
        ("MSH[1]-7[1].1", "20260131101500", Kind.TIME, ""),
        ("MSH[1]-9[1].2", "O19", Kind.TEXT, ""),
        ("MSH[1]-10[1]", "17", Kind.NUMBERED, ""),
        ("PID[1]-3[1].1", "P1", Kind.IDENTIFIER, "patient"),
        ("PID[1]-3[2].4", "CITY", Kind.TEXT, ""),
        ("PID[1]-7[1].1", "19710305", Kind.TIME, ""),
        ("ORC[1]-2[1].1", "PL4711", Kind.IDENTIFIER, "placer order"),
        ("ORC[1]-2[1].2", "OP", Kind.TEXT, ""),
        ("OBR[1]-2[1].1", "PL4711", Kind.IDENTIFIER, "placer order"),
        ("OBR[1]-18[1]", "ACC1", Kind.IDENTIFIER, "accession"),
        ("ZDS[1]-1[1].1", "1.2.840.999.1.2", Kind.IDENTIFIER, "UID"),
        ("ZDS[1]-1[1].2", "X", Kind.TEXT, ""),
    ],
)
def test_hl7_places(path: str, value: str, kind: Kind, domain: str) -> None:
    found = order()[path]
    assert (found.value, found.kind, found.domain) == (value, kind, domain)


def test_what_has_no_value_is_no_place() -> None:
    assert not any(path.startswith(("PID[1]-8", "PID[1]-3[1].2")) for path in order())


def stored(dataset: Dataset) -> bytes:
    uid = uid_of("CTImageStorage")
    return wrap_payload(encode(dataset, ExplicitVRLittleEndian), ExplicitVRLittleEndian, uid, "1.2.3")


def test_dicom_places() -> None:
    step = Dataset()
    step.ScheduledProcedureStepID = "SPS1"
    dataset = Dataset()
    dataset.SOPClassUID = uid_of("CTImageStorage")
    dataset.SOPInstanceUID = "2.25.1234567890"
    dataset.StudyDate = "20260131"
    dataset.AccessionNumber = "ACC1"
    dataset.PatientName = "Lindqvist^Anna"
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.RequestAttributesSequence = [step]
    dataset.PixelData = bytes(8)
    dataset["PixelData"].VR = "OW"
    found = leaves(stored(dataset), PayloadKind.DICOM)
    assert {path: (leaf.value, leaf.kind, leaf.domain) for path, leaf in found.items()} == {
        "ImageType": ("ORIGINAL\\PRIMARY", Kind.TEXT, ""),
        "SOPClassUID": ("CTImageStorage", Kind.TEXT, ""),
        "SOPInstanceUID": ("2.25.1234567890", Kind.IDENTIFIER, "UID"),
        "StudyDate": ("20260131", Kind.TIME, ""),
        "AccessionNumber": ("ACC1", Kind.IDENTIFIER, "accession"),
        "PatientName": ("Lindqvist^Anna", Kind.TEXT, ""),
        "RequestAttributesSequence": ("(1 item)", Kind.TEXT, ""),
        "RequestAttributesSequence[0].ScheduledProcedureStepID": ("SPS1", Kind.IDENTIFIER, "scheduled step"),
        "PixelData": ("(8 bytes)", Kind.BYTES, ""),
    }


def test_a_command_has_places_of_its_own() -> None:
    command = DimseCommand(
        service=Service.C_STORE,
        message_id=7,
        sop_class=uid_of("CTImageStorage"),
        sop_instance="2.25.1",
        status=0xA700,
        transfer_syntax="1.2.840.10008.1.2.1",
        fields={"ErrorComment": "disk full"},
    )
    found = leaves(None, PayloadKind.DICOM, command, size=1 << 40)
    assert {path: leaf.value for path, leaf in found.items()} == {
        "Status": "A700",
        "SOPClass": "CTImageStorage",
        "TransferSyntax": "ExplicitVRLittleEndian",
        "SOPInstance": "2.25.1",
        "ErrorComment": "disk full",
        "size": str(1 << 40),
    }


@pytest.mark.parametrize("kind", list(PayloadKind))
@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 300, b"MSH", b"MSH|^~\\&|" + b"^" * 9000, b"DICM" * 99, bytes(range(256)) * 9]
)
def test_any_bytes_have_places_or_none(kind: PayloadKind, content: bytes) -> None:
    assert isinstance(dict(leaves(content, kind)), dict)


def test_places_are_bounded() -> None:
    message = b"MSH|^~\\&|A\r" + b"OBX|1|ST|a^b^c^d^e~f~g~h\r" * 9000
    assert len(leaves(message, PayloadKind.HL7)) <= 20_000
