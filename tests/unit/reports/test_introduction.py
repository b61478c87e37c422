"""What is printed when a simulation begins: what to enter on the other side, who is ordered for, who can be called."""

from __future__ import annotations

from harness.engine.population import Population
from harness.identifiers import Identifiers
from harness.model.connection import Peer
from harness.model.names import ActorName, PlayerName, TransactionId
from harness.model.profile import LinkKind
from harness.model.system import DimseAddress, Hl7Address, Party
from harness.wiring import workshop
from reports.introduction import introduction, patients, peers

FILLER = ActorName("Order Filler")
TITLES = {TransactionId("RAD-5"): "Query Modality Worklist", TransactionId("RAD-2"): "Placer Order Management"}


def test_each_listener_is_told_with_what_has_to_be_entered() -> None:
    dicom = Peer(
        actor=FILLER,
        kind=LinkKind.DIMSE,
        ae_title="RIS",
        host="192.0.2.1",
        port=104,
        called=(TransactionId("RAD-5"),),
    )
    hl7 = Peer(
        actor=FILLER,
        kind=LinkKind.MLLP,
        application="RIS",
        facility="SWF",
        host="192.0.2.1",
        port=2575,
        called=(TransactionId("RAD-2"),),
    )
    assert list(introduction([dicom, hl7], TITLES)) == [
        "",
        "  Order Filler  DICOM AE title   RIS      host 192.0.2.1  port 104",
        "                Query Modality Worklist [RAD-5]",
        "                HL7 app|facility RIS|SWF  host 192.0.2.1  port 2575",
        "                Placer Order Management [RAD-2]",
    ]


def test_of_many_patients_the_last_are_listed() -> None:
    population = Population(workshop().cases().values(), Identifiers(1, "population"))
    assert list(patients([])) == []
    some = [population.next() for _ in range(3)]
    lines = list(patients(some))
    assert lines[1] == "Ordered for 3 patients:"
    assert [line.split()[0] for line in lines[2:]] == [case.patients["main"].id for case in some]
    many = [population.next() for _ in range(20)]
    lines = list(patients(many))
    assert lines[1] == "Ordered for 20 patients, the last 12 of them:"
    assert len(lines) == 14


def test_peers_are_told_with_their_addresses_once() -> None:
    viewer = Party(
        actor=ActorName("VIEWER at localhost:104"),
        player=PlayerName("VIEWER"),
        dimse=DimseAddress(ae_title="VIEWER", host="localhost", port=104),
    )
    archive = Party(
        actor=ActorName("Image Manager"),
        player=PlayerName("PACS"),
        dimse=DimseAddress(ae_title="PACS", host="localhost", port=105),
        hl7=Hl7Address(application="PACS", facility="", host="localhost", port=2575),
    )
    assert list(peers([viewer, archive]))[2:] == [
        "  VIEWER at localhost:104",
        "  Image Manager: PACS at localhost:105 and PACS at localhost:2575 (HL7)",
    ]
    assert "--peer" in list(peers([]))[-1]
