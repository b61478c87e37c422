"""Plain words for what went wrong: whose side it likely is, and what to do."""

from __future__ import annotations

import pytest

from harness.engine.diagnosing import Target, diagnose
from harness.errors import ContextRefused, LinkError, LinkLost, NoResponse, Rejected
from harness.model.names import PlayerName
from harness.model.ping import Side
from harness.model.profile import LinkKind

PACS = Target(
    system=PlayerName("Our PACS"), kind=LinkKind.DIMSE, host="192.0.2.10", port=104, called="PACS", calling="SWF_CT"
)
HL7 = Target(system=PlayerName("Our PACS"), kind=LinkKind.MLLP, host="192.0.2.10", port=2575)


@pytest.mark.parametrize(
    ("error", "target", "side", "seen", "advice"),
    [
        (
            Rejected("A to B at C:1: Rejected Permanent, Service User: Called AE title not recognised"),
            PACS,
            Side.SETTINGS,
            "rejects the association: Called AE title not recognised",
            "does not call itself PACS",
        ),
        (
            Rejected("x: Calling AE title not recognised"),
            PACS,
            Side.PRODUCT,
            "Calling AE title not recognised",
            "enter SWF_CT and this machine's address in it",
        ),
        (Rejected("x: Local limit exceeded"), PACS, Side.PRODUCT, "Local limit exceeded", "try again when it is idle"),
        (Rejected("x: No reason given"), PACS, Side.PRODUCT, "No reason given", "its log says why"),
        (ContextRefused("x"), PACS, Side.PRODUCT, "none of the services", "enable these services in Our PACS"),
        (NoResponse("no answer within 1 s"), PACS, Side.SETTINGS, "says nothing", "does not speak DICOM"),
        (NoResponse("no answer within 1 s"), HL7, Side.SETTINGS, "says nothing", "does not speak HL7 over MLLP"),
        (LinkLost("the peer closed"), PACS, Side.SETTINGS, "closes it", "is not DICOM or wants TLS"),
        (LinkLost("the peer closed"), HL7, Side.SETTINGS, "closes it", "is not HL7 over MLLP"),
        (LinkLost("6 bytes that begin no PDU: 0b 4d 53"), PACS, Side.SETTINGS, "HL7 over MLLP answers", "for HL7"),
        (LinkLost("6 bytes that begin no PDU: 15 03 03"), PACS, Side.SETTINGS, "TLS answers", "takes TLS alone"),
        (LinkLost("6 bytes that begin no PDU: 48 54 54 50"), PACS, Side.SETTINGS, "HTTP answers", "a web server"),
    ],
)
def test_each_way_to_fail_has_its_words(error: LinkError, target: Target, side: Side, seen: str, advice: str) -> None:
    found = diagnose(error, target)
    assert found.side is side
    assert seen in found.seen
    assert advice in found.advice
