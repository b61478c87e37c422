"""Read an OMI^O23 and take five fields from it: our lossless reader, hl7apy's parser, python-hl7."""

from __future__ import annotations

import hl7
from hl7apy.parser import parse_message
from measuring import report, side_by_side

from harness.hl7 import Message

MESSAGE = b"\r".join(
    (
        rb"MSH|^~\&|RIS|RAD|PACS|RAD|20260102101500||OMI^O23^OMI_O23|RIS000124|P|2.5.1",
        b"PID|||P1001^^^HOSP&1.2.3&ISO^MR||DOE^JANE||19700101|F||||||||||ACC77^^^HOSP",
        b"PV1||O||||||88^REFER^RAY",
        b"ORC|NW|A1^OP|F1^RIS||SC||||20260102101400|||77^ORDER^DOC|||||ORG^Ward^L",
        b"TQ1|1||||||20260102110000||R",
        b"OBR|1|A1^OP|F1^RIS|P1^CT head^L||||||||||||77^ORDER^DOC|||||||||||||||^headache|||||||||||||P1^CT head^L",
        b"IPC|ACC1^RIS|RP1^RIS|1.2.3.4.5|SPS1^RIS|CT|X1^CT head plain^DSS|||CT1",
        b"",
    )
)
PATHS = ("PID-3.1", "ORC-2.1", "OBR-44.1", "IPC-1.1", "IPC-3")


def ours() -> int:
    """Parse and take the fields."""
    for _ in range(2000):
        message = Message.parse(MESSAGE)
        for path in PATHS:
            message.first(path)
    return 2000


def python_hl7() -> int:
    """Parse and take the fields."""
    text = MESSAGE.decode()
    for _ in range(500):
        message = hl7.parse(text)
        for segment, field in (("PID", 3), ("ORC", 2), ("OBR", 44), ("IPC", 1), ("IPC", 3)):
            str(message.segment(segment)[field])
    return 500


def hl7apy() -> int:
    """Parse; its accessors are not even asked."""
    text = MESSAGE.decode()
    for _ in range(20):
        parse_message(text, find_groups=False)
    return 20


if __name__ == "__main__":
    report("messages read", side_by_side({"ours": ours, "python-hl7": python_hl7, "hl7apy": hl7apy}), "ours")
