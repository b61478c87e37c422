"""Our listeners, open to hear whether a product reaches them: every call is told once, and nothing is taken."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from harness.engine.listening import Door, Listeners, doors, instruction
from harness.engine.recording import TranscriptRecorder
from harness.engine.unrecorded import Unrecorded
from harness.hl7 import Message
from harness.identifiers import SystemClock
from harness.model.connection import Connection, Need
from harness.model.names import HARNESS, ActorName, PlayerName, TransactionId
from harness.model.ping import State
from harness.model.profile import LinkKind
from harness.model.system import DimseAddress, Hl7Address, Party
from harness.transports.dimse import associate
from harness.transports.mllp import send
from harness.transports.recorder import LinkOwner

DEADLINE = 30.0
RIS = PlayerName("RIS")
OWNER = LinkOwner(actor=ActorName("Order Filler"))


def free_port() -> int:
    """A port at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def connection(actor: str, kind: LinkKind, port: int, title: str) -> Connection:
    """The product's Order Filler calls that actor of ours."""
    return Connection(
        system=RIS,
        kind=kind,
        inward=True,
        theirs=Party(actor=ActorName("Order Filler"), player=RIS, dimse=DimseAddress(ae_title="RIS")),
        ours=Party(
            actor=ActorName(actor),
            player=HARNESS,
            dimse=DimseAddress(ae_title=title, port=port),
            hl7=Hl7Address(application=title, facility="F", port=port),
        ),
        needs=(Need(transaction=TransactionId("RAD-6")),),
    )


@pytest.fixture
def found() -> tuple[Door, ...]:
    """Two associations and one HL7 connection are awaited."""
    return doors(
        RIS,
        [
            connection("Image Manager", LinkKind.DIMSE, free_port(), "PACS"),
            connection("Modality", LinkKind.DIMSE, free_port(), "CT"),
            connection("Order Placer", LinkKind.MLLP, free_port(), "HIS"),
        ],
    )


@pytest.fixture
def listeners(found: tuple[Door, ...]) -> Iterator[Listeners]:
    """The doors, open."""
    clock = SystemClock()
    with Listeners(found, TranscriptRecorder(clock, None), clock) as opened:
        yield opened


def echo(port: int, called: str) -> None:
    """A verification that also asks for a service that nobody here has."""
    with associate(
        DimseAddress(ae_title=called, port=port),
        calling_ae="RIS",
        sop_classes=["Verification", "BasicGrayscalePrintManagementMeta"],
        owner=OWNER,
        recorder=Unrecorded(),
        timeout=DEADLINE,
    ) as association:
        assert association.c_echo().status == 0


def message(port: int) -> Message:
    """An order status; what is answered."""
    address = Hl7Address(application="HIS", facility="F", port=port)
    text = b"MSH|^~\\&|RIS|RAD|HIS|F|20260101||ORM^O01|1|P|2.3.1\rORC|SC\r"
    return Message.parse(send(address, text, owner=OWNER, recorder=Unrecorded(), timeout=DEADLINE))


def test_waiting_ends_when_every_door_was_called(listeners: Listeners, found: tuple[Door, ...]) -> None:
    answers: list[Message] = []

    def product() -> None:
        echo(found[0].port, "PACS")
        echo(found[1].port, "CT")
        answers.append(message(found[2].port))

    thread = threading.Thread(target=product)
    thread.start()
    calls = list(listeners.calls(DEADLINE))
    thread.join(DEADLINE)
    assert [(call.ours, call.name, call.did) for call in calls] == [
        ("Image Manager", "RIS", "sent a C-ECHO"),
        ("Modality", "RIS", "sent a C-ECHO"),
        ("Order Placer", "RIS|RAD", "sent ORM^O01"),
    ]
    assert [result.state for result in listeners.results()] == [State.WORKS] * 3
    assert answers[0].first("MSA-1") == "AR"
    assert "was not taken" in answers[0].first("MSA-3")


def test_a_door_that_was_not_called_is_told(listeners: Listeners, found: tuple[Door, ...]) -> None:
    echo(found[0].port, "PACS")
    assert [call.ours for call in listeners.calls(0.2)] == ["Image Manager"]
    assert [result.state for result in listeners.results()] == [State.WORKS, State.BROKEN, State.BROKEN]


def test_a_person_is_told_what_to_press(found: tuple[Door, ...]) -> None:
    assert instruction(found[0]).endswith(f"the AE title PACS at 127.0.0.1, port {found[0].port}")
    assert instruction(found[2]).startswith(f"send any test message to HIS|F at 127.0.0.1, port {found[2].port}")
