"""What came of trying links, for people and as JSON."""

from __future__ import annotations

import json

from harness.model.names import ActorName, PlayerName, TransactionId
from harness.model.ping import PingResult, Side, State
from harness.model.profile import LinkKind
from reports.ping import ping_json, result_lines

BROKEN = PingResult(
    system=PlayerName("PACS\x1b[31m"),
    inward=False,
    kind=LinkKind.DIMSE,
    theirs=(ActorName("Image Manager"),),
    ours=ActorName("Modality"),
    what="DICOM PACS at 192.0.2.10:104",
    state=State.BROKEN,
    seen="rejects the association",
    side=Side.PRODUCT,
    advice="enter us in it",
    notes=("a note",),
    transactions=(TransactionId("RAD-8"), TransactionId("RAD-10")),
    refused={TransactionId("RAD-8"): ("CTImageStorage",)},
)


def test_a_broken_link_says_what_was_seen_whose_side_it_is_and_what_to_do() -> None:
    assert list(result_lines(BROKEN)) == [
        "FAIL  our Modality -> Image Manager of PACS\\x1b[31m, DICOM PACS at 192.0.2.10:104 [RAD-8, RAD-10]",
        "      Rejects the association",
        "      Its side: enter us in it",
        "      note: a note",
    ]


def test_the_direction_is_seen() -> None:
    inward = PingResult(
        system=PlayerName("CT"),
        inward=True,
        theirs=(ActorName("Modality"),),
        ours=ActorName("Image Manager"),
        what="DICOM A at 127.0.0.1:1",
        state=State.WORKS,
        seen="CT called",
    )
    assert next(result_lines(inward)).startswith("ok    Modality of CT -> our Image Manager, ")


def test_the_same_as_json() -> None:
    told = json.loads(ping_json([BROKEN]))
    assert told["schema"] == "swf-ping/1"
    (link,) = told["links"]
    assert (link["direction"], link["state"], link["side"]) == ("outward", "broken", "product")
    assert link["refused"] == {"RAD-8": ["CTImageStorage"]}
