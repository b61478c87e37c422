"""Misused associations: every byte is recorded, nobody hangs, and the next association works."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from harness.dicom.uids import uid_of
from harness.model.deviation import Change
from harness.model.profile import Service
from harness.model.system import DimseAddress
from harness.model.transcript import EventKind
from harness.transports.dimse import Occasion, SupportedClass, misused
from harness.transports.recorder import LinkOwner

WORKLIST = "ModalityWorklistInformationFind"


@pytest.fixture
def occasion(recorder: Any) -> Any:
    def make(address: DimseAddress) -> Occasion:
        return Occasion(
            address=address,
            calling_ae="OUR_SCU",
            sop_class=WORKLIST,
            service=Service.C_FIND,
            unknown="2.25.4711",
            owner=LinkOwner(actor="Modality", peer_actor="Order Filler"),  # type: ignore[arg-type]
            recorder=recorder,
        )

    return make


OUTCOMES = [
    (Change.WRONG_CALLED_AE, "rejected"),
    (Change.UNKNOWN_SYNTAX, "refused"),
    (Change.ABORT, "taken"),
    (Change.OVERSIZED_PDU, "closed"),
    (Change.HALF_OPEN, "begun"),
]


@pytest.mark.parametrize(("change", "outcome"), OUTCOMES)
def test_the_next_association_works(
    change: Change, outcome: str, listen: Any, associate: Any, answering: Any, recorder: Any, occasion: Any
) -> None:
    address = listen(answering, supported=(SupportedClass(WORKLIST),))
    with misused(change, occasion(address)), associate(address, WORKLIST) as association:
        assert association.accepted(WORKLIST)
    (event,) = recorder.events(EventKind.MISUSED)
    assert (event.facts["misuse"], event.facts["outcome"]) == (change.value, outcome)
    assert event.owner.peer_actor == "Order Filler"
    assert answering.requests == [], "what was begun and cut off reached the actor"


def test_every_byte_is_recorded(listen: Any, answering: Any, recorder: Any, occasion: Any) -> None:
    address = listen(answering)
    with misused(Change.WRONG_CALLED_AE, occasion(address)):
        pass
    (event,) = recorder.events(EventKind.MISUSED)
    sent, received = bytes.fromhex(event.facts["sent"]), bytes.fromhex(event.facts["received"])
    assert (sent[0], sent[10:26]) == (0x01, b"SWF_NOBODY      ")
    assert uid_of(WORKLIST).encode() in sent
    assert received[:6] == b"\x03\x00\x00\x00\x00\x04"


def test_a_huge_pdu_is_announced_and_not_sent(listen: Any, answering: Any, recorder: Any, occasion: Any) -> None:
    address = listen(answering)
    with misused(Change.OVERSIZED_PDU, occasion(address)):
        pass
    (event,) = recorder.events(EventKind.MISUSED)
    assert bytes.fromhex(event.facts["sent"]).endswith(b"\x04\x00\x7f\xff\xff\xf0" + bytes(4096))


def test_nobody_there_is_told_and_raises_nothing(recorder: Any, occasion: Any) -> None:
    with misused(Change.ABORT, occasion(DimseAddress(ae_title="NOBODY", host="127.0.0.1", port=1))):
        pass
    (event,) = recorder.events(EventKind.MISUSED)
    assert event.facts["outcome"] == "unreachable"
    assert recorder.links == []


@pytest.mark.parametrize("change", [change for change, _ in OUTCOMES])
def test_a_peer_that_says_nothing_is_not_waited_for(
    change: Change, recorder: Any, occasion: Any, silent: DimseAddress
) -> None:
    with misused(change, occasion(silent)):
        pass
    (event,) = recorder.events(EventKind.MISUSED)
    assert event.facts["outcome"] in ("kept", "begun")
    assert event.facts["received"] == ""


@pytest.fixture
def silent() -> Any:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield DimseAddress(ae_title="SILENT", host="127.0.0.1", port=listener.getsockname()[1])
