"""Messages against the structures of the base standard."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from harness.hl7 import Message, StructureFaultKind, duplicate, has_structure, remove, reorder, structure_faults

VALID = [
    ("O01", "ORM_O01", "2.3.1"),
    ("O01 two steps", "ORM_O01", "2.3.1"),
    ("O01 cancel", "ORM_O01", "2.3.1"),
    ("O02", "ORR_O02", "2.3.1"),
    ("A04", "ADT_A01", "2.3.1"),
    ("A04", "ADT_A01", "2.5.1"),
    ("A08", "ADT_A01", "2.3.1"),
    ("A05", "ADT_A05", "2.5.1"),
    ("A05", "ADT_A01", "2.3.1"),
    ("A40", "ADT_A39", "2.3.1"),
    ("A40 2.5.1", "ADT_A39", "2.5.1"),
    ("O19", "OMG_O19", "2.5.1"),
    ("O20", "ORG_O20", "2.5.1"),
    ("O23", "OMI_O23", "2.5.1"),
    ("O23 two steps", "OMI_O23", "2.5.1"),
    ("R01", "ORU_R01", "2.3.1"),
    ("R01", "ORU_R01", "2.5.1"),
    ("S12", "SIU_S12", "2.3.1"),
    ("S12", "SIU_S12", "2.5.1"),
    ("ACK", "ACK", "2.5.1"),
]


def _faults(raw: bytes, structure: str, version: str) -> list[tuple[str, str]]:
    found = structure_faults(Message.parse(raw), structure, version)
    return [(fault.kind.value, fault.segment) for fault in found]


@pytest.mark.parametrize(("name", "structure", "version"), VALID)
def test_valid_messages_have_no_fault(samples: Mapping[str, bytes], name: str, structure: str, version: str) -> None:
    assert structure_faults(Message.parse(samples[name]), structure, version) == ()


@pytest.mark.parametrize(
    ("name", "structure", "segment"),
    [
        ("O01", "ORM_O01", "PID"),
        ("O01", "ORM_O01", "ORC"),
        ("O01 two steps", "ORM_O01", "ORC[1]"),
        ("O01 two steps", "ORM_O01", "ORC[2]"),
        ("O02", "ORR_O02", "MSA"),
        ("A04", "ADT_A01", "EVN"),
        ("A04", "ADT_A01", "PID"),
        ("A04", "ADT_A01", "PV1"),
        ("A40", "ADT_A39", "MRG"),
        ("O23", "OMI_O23", "ORC"),
        ("O23", "OMI_O23", "OBR"),
        ("O23", "OMI_O23", "IPC"),
        ("O23 two steps", "OMI_O23", "IPC[1]"),
        ("O23 two steps", "OMI_O23", "OBR[2]"),
        ("O19", "OMG_O19", "OBR"),
        ("R01", "ORU_R01", "OBR"),
        ("S12", "SIU_S12", "SCH"),
        ("S12", "SIU_S12", "RGS"),
        ("ACK", "ACK", "MSA"),
    ],
)
def test_a_missing_segment_is_named(samples: Mapping[str, bytes], name: str, structure: str, segment: str) -> None:
    raw = remove(samples[name], segment)
    version = Message.parse(raw).version
    assert _faults(raw, structure, version) == [("missing", segment[:3])]


def test_the_fault_says_where(samples: Mapping[str, bytes]) -> None:
    raw = remove(samples["O23"], "IPC")
    (fault,) = structure_faults(Message.parse(raw), "OMI_O23", "2.5.1")
    assert (fault.group, fault.offset, fault.text) == ("OMI_O23_ORDER", len(raw), "IPC is missing in OMI_O23_ORDER")
    raw = remove(samples["A04"], "PID")
    (fault,) = structure_faults(Message.parse(raw), "ADT_A01", "2.3.1")
    assert raw[fault.offset :].startswith(b"PV1")


def test_optional_segments_may_be_left_out(samples: Mapping[str, bytes]) -> None:
    assert _faults(remove(samples["O01"], "ZDS"), "ORM_O01", "2.3.1") == []
    assert _faults(remove(samples["O01"], "PV1"), "ORM_O01", "2.3.1") == []
    assert _faults(remove(samples["O23"], "TQ1"), "OMI_O23", "2.5.1") == []


@pytest.mark.parametrize(
    ("name", "structure", "moved", "segment"),
    [
        ("A04", "ADT_A01", "EVN", "EVN"),
        ("A04", "ADT_A01", "PID", "PID"),
        ("A40", "ADT_A39", "PID", "MRG"),
        ("O23", "OMI_O23", "OBR", "IPC"),
        ("O23", "OMI_O23", "MSH", "MSH"),
        ("O01", "ORM_O01", "PID", "PID"),
        ("ACK", "ACK", "MSH", "MSH"),
    ],
)
def test_a_segment_out_of_order_is_named(
    samples: Mapping[str, bytes], name: str, structure: str, moved: str, segment: str
) -> None:
    raw = reorder(samples[name], moved)
    assert _faults(raw, structure, Message.parse(samples[name]).version) == [("out of order", segment)]


@pytest.mark.parametrize("rest", ["", "NTE|1||text\r", "DG1|1||R05^Cough^I10\rOBX|1|ST|W^Weight^99X||70||||||F\r"])
def test_a_second_order_is_no_incomplete_result_of_the_first(rest: str) -> None:
    order = f"ORC|NW|A1^OP\rTQ1|1\rOBR||A1^OP||CT^CT^99X\r{rest}"
    raw = f"MSH|^~\\&|OP|S|OF|S|2024||OMG^O19^OMG_O19|1|P|2.5.1\rPID|||P1\rPV1||O\r{order}{order}"
    assert _faults(raw.encode(), "OMG_O19", "2.5.1") == []


def test_a_segment_once_too_often_is_named(samples: Mapping[str, bytes]) -> None:
    assert _faults(duplicate(samples["A04"], "PID"), "ADT_A01", "2.3.1") == [("unexpected", "PID")]
    assert _faults(duplicate(samples["A04"], "PV1"), "ADT_A01", "2.3.1") == [("unexpected", "PV1")]
    assert _faults(duplicate(samples["O23"], "IPC"), "OMI_O23", "2.5.1") == []


def test_a_segment_that_the_structure_lacks_is_named(samples: Mapping[str, bytes]) -> None:
    assert _faults(samples["A04"] + b"IPC|1\r", "ADT_A01", "2.3.1") == [("foreign", "IPC")]
    assert _faults(samples["A04"] + b"\xff\xfe|1\r", "ADT_A01", "2.3.1") == [("foreign", "\xff\xfe")]
    assert _faults(samples["O23"], "ADT_A01", "2.5.1") == [
        ("missing", "EVN"),
        ("foreign", "ORC"),
        ("foreign", "TQ1"),
        ("foreign", "OBR"),
        ("foreign", "IPC"),
    ]


def test_a_choice_takes_one_of_its_members(samples: Mapping[str, bytes]) -> None:
    assert _faults(samples["O01"].replace(b"\rOBR|", b"\rRXO|"), "ORM_O01", "2.3.1") == []
    raw = remove(samples["O02"], "OBR")
    (fault,) = structure_faults(Message.parse(raw), "ORR_O02", "2.3.1")
    assert fault.kind is StructureFaultKind.MISSING
    assert fault.segment.startswith("OBR or ")


def test_z_segments_may_stand_anywhere(samples: Mapping[str, bytes]) -> None:
    raw = samples["O23"].replace(b"\r", b"\rZZ1|x\r")
    assert _faults(raw, "OMI_O23", "2.5.1") == []


def test_an_empty_message_lacks_everything() -> None:
    assert ("missing", "MSH") in _faults(b"", "ADT_A01", "2.3.1")


def test_faults_are_bounded() -> None:
    assert len(_faults(b"MSH|^~\\&|\r" * 500 + b"XXX|\r" * 500, "ADT_A01", "2.3.1")) < 60


def test_a_structure_that_a_version_lacks_is_refused(samples: Mapping[str, bytes]) -> None:
    with pytest.raises(ValueError, match=r"HL7 2\.3\.1 defines no message structure 'OMI_O23'"):
        structure_faults(Message.parse(samples["O23"]), "OMI_O23", "2.3.1")
    assert has_structure("OMI_O23", "2.5.1")
    assert not has_structure("OMI_O23", "2.3.1")
