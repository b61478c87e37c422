"""Where our actors listen: every interface that a system file may name, and what is said where they cannot."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping

import pytest

from harness.engine.department import Department
from harness.engine.recording import TranscriptRecorder
from harness.errors import PortInUse
from harness.hl7 import Message, compose
from harness.identifiers import SystemClock
from harness.model.names import HARNESS, ActorName
from harness.model.plan import Assignment
from harness.model.system import DimseAddress, Hl7Address, Party
from harness.transports.dimse import associate
from harness.transports.mllp import send
from harness.transports.recorder import LinkOwner
from harness.wiring import workshop

ARCHIVE, DISPLAY = ActorName("Image Manager"), ActorName("Image Display")
TESTER = LinkOwner(actor=ActorName("Modality"), peer_actor=ARCHIVE)


def _party(actor: ActorName, bind: str, port: int = 0, hl7_port: int = 0) -> Party:
    return Party(
        actor=actor,
        player=HARNESS,
        bind=bind,
        dimse=DimseAddress(ae_title="SWF_TEST", port=port),
        hl7=Hl7Address(application="SWF", facility="RAD", port=hl7_port),
    )


def _department(*parties: Party) -> Department:
    ours: Mapping[ActorName, Party] = {party.actor: party for party in parties}
    shop = workshop()
    return Department(
        Assignment(id="", ours=ours, theirs=(), serves={}, plays=()),
        knowledge=shop.knowledge,
        recorder=TranscriptRecorder(SystemClock(), None),
        clock=SystemClock(),
        seed=1,
        procedures=shop.procedures(),
    )


def _has(host: str) -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind((host, 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("bind", "dialled"),
    [("127.0.0.1", "localhost"), ("localhost", "localhost"), ("0.0.0.0", "127.0.0.1"), ("::1", "::1"), ("::", "::1")],
)
def test_every_listener_is_reached_where_it_is_bound(bind: str, dialled: str) -> None:
    if ":" in bind and not _has(bind):
        pytest.skip("this machine has no IPv6")
    with _department(_party(ARCHIVE, bind)) as department:
        party = department.assignment.ours[ARCHIVE]
        assert party.dimse is not None
        assert party.hl7 is not None
        recorder = TranscriptRecorder(SystemClock(), None)
        address = DimseAddress(ae_title="SWF_TEST", host=dialled, port=party.dimse.port)
        with associate(
            address, calling_ae="TEST", sop_classes=["Verification"], owner=TESTER, recorder=recorder, timeout=10
        ) as association:
            assert association.c_echo().status == 0
        receiver = Hl7Address(application="SWF", facility="RAD", host=dialled, port=party.hl7.port)
        header = {7: "20260504", 9: ("ADT", "A99"), 10: "1", 11: "P", 12: "2.5.1"}
        answer = send(receiver, compose([("MSH", header)]), owner=TESTER, recorder=recorder, timeout=10)
        assert Message.parse(answer).first("MSA-2") == "1"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("kind", ["dimse", "hl7"])
def test_a_port_in_use_is_told_with_its_actor_and_key(taken: int, kind: str) -> None:
    ports = {"port": taken} if kind == "dimse" else {"hl7_port": taken}
    told = rf"the simulated Image Manager: .*127\.0\.0\.1:{taken}: .*in use\. End what uses the port, or give the actor"
    with pytest.raises(PortInUse, match=f"{told} another one under `department: Image Manager:`"):
        _department(_party(ARCHIVE, "127.0.0.1", **ports)).__enter__()


def test_a_port_given_twice_is_told_with_both_actors(taken: int) -> None:
    department = _department(_party(ARCHIVE, "127.0.0.1", taken), _party(DISPLAY, "127.0.0.1", taken))
    with pytest.raises(PortInUse, match=r"the simulated Image Manager: .*That is the port of Image Display, too"):
        department.__enter__()


@pytest.mark.parametrize("bind", ["203.0.113.7", "nosuch.invalid"])
def test_an_interface_that_is_none_of_this_machine(bind: str) -> None:
    with pytest.raises(PortInUse, match=r"`bind` under `department: Image Manager:` .* address of this machine"):
        _department(_party(ARCHIVE, bind)).__enter__()
