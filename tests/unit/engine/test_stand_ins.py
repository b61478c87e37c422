"""Who stands in for whom: names, ports and peers as they are written on a command line, or in a system file."""

from __future__ import annotations

import pytest

from harness.engine.stand_ins import (
    Named,
    Peer,
    StandIns,
    as_recorded,
    assignment_of,
    can_order,
    hl7_peer_of,
    listeners,
    named_of,
    peer_of,
    with_peer,
    with_support,
)
from harness.errors import InputError
from harness.model.names import HARNESS, ActorName, TransactionId
from harness.model.plan import Assignment
from harness.wiring import workshop

FILLER, ARCHIVE = ActorName("Order Filler"), ActorName("Image Manager")
MODALITY, PLACER = ActorName("Modality"), ActorName("Order Placer")


def _assigned(wanted: StandIns) -> Assignment:
    return assignment_of(with_support(wanted), workshop().knowledge)


def test_ports_count_on_in_the_order_of_the_actors() -> None:
    ours = _assigned(StandIns(actors=(FILLER, ARCHIVE), dicom_port=104, hl7_port=2575)).ours
    assert [ours[actor].dimse.port for actor in (FILLER, ARCHIVE)] == [104, 105]
    assert [ours[actor].hl7.port for actor in (FILLER, ARCHIVE)] == [2575, 2576]


def test_port_0_means_free_ones() -> None:
    ours = _assigned(StandIns(actors=(FILLER, ARCHIVE), dicom_port=0, hl7_port=0)).ours
    assert {ours[actor].dimse.port for actor in (FILLER, ARCHIVE)} == {0}
    assert {ours[actor].hl7.port for actor in (FILLER, ARCHIVE)} == {0}


def test_a_name_and_a_port_of_its_own_use_up_no_other_port() -> None:
    named = (Named(actor=FILLER, title="RIS", port=4242),)
    ours = _assigned(StandIns(actors=(FILLER, ARCHIVE), named=named, dicom_port=104)).ours
    assert (ours[FILLER].dimse.ae_title, ours[FILLER].dimse.port) == ("RIS", 4242)
    assert (ours[FILLER].hl7.application, ours[ARCHIVE].dimse.port) == ("RIS", 104)


def test_only_our_filler_needs_somebody_who_orders() -> None:
    assert with_support(StandIns(actors=(FILLER,))).supporting == ("ADT", "Order Placer")
    assert with_support(StandIns(actors=(FILLER, PLACER))).supporting == ("ADT",)
    assert with_support(StandIns(actors=(ARCHIVE,))).supporting == ()
    theirs = StandIns(actors=(FILLER,), peers=(hl7_peer_of("Order Placer=HIS@localhost:2575"),))
    assert with_support(theirs).supporting == ()
    assert not can_order(with_support(theirs))
    assert can_order(with_support(StandIns(actors=(FILLER,))))


def test_who_orders_is_reached_by_nobody_else() -> None:
    ours = _assigned(StandIns(actors=(FILLER,), bind="0.0.0.0", advertise="192.0.2.1")).ours
    assert (ours[FILLER].bind, ours[FILLER].dimse.host) == ("0.0.0.0", "192.0.2.1")
    assert (ours[PLACER].bind, ours[PLACER].hl7.port) == ("127.0.0.1", 0)


def test_a_peer_serves_every_transaction_of_its_actor() -> None:
    assigned = _assigned(StandIns(actors=(MODALITY,), peers=(peer_of("Order Filler=RIS@localhost:104"),)))
    assert assigned.player(FILLER, TransactionId("RAD-5")) == "RIS"
    party = assigned.party(FILLER, assigned.player(FILLER, TransactionId("RAD-5")))
    assert (party.dimse.ae_title, party.dimse.host, party.dimse.port) == ("RIS", "localhost", 104)
    assert assigned.player(ARCHIVE, TransactionId("RAD-8")) == HARNESS


def test_one_peer_may_speak_both_protocols() -> None:
    peers = (peer_of("image manager=PACS@localhost:104"), hl7_peer_of("Image Manager=PACS|HOSP@localhost:2575"))
    (party,) = _assigned(StandIns(actors=(FILLER,), peers=peers)).theirs
    assert (party.actor, party.dimse.port, party.hl7.port, party.hl7.facility) == (ARCHIVE, 104, 2575, "HOSP")


def test_what_is_known_by_its_address_alone_is_called_and_not_recorded_as_an_actor() -> None:
    wanted = StandIns(actors=(ARCHIVE,), peers=(peer_of("VIEWER@[::1]:104"), peer_of("Modality=CT@localhost:105")))
    assigned = _assigned(wanted)
    viewer = assigned.theirs[0]
    assert (viewer.dimse.ae_title, viewer.dimse.host) == ("VIEWER", "::1")
    assert assigned.party(viewer.actor, assigned.player(viewer.actor, TransactionId("RAD-10"))) == viewer
    recorded = as_recorded(assigned)
    assert [party.actor for party in recorded.theirs] == [MODALITY]
    assert set(recorded.serves) == {MODALITY}


def test_a_later_peer_of_a_name_takes_the_place_of_the_one_before() -> None:
    knowledge = workshop().knowledge
    assigned = _assigned(StandIns(actors=(ARCHIVE,), peers=(peer_of("VIEWER@localhost:104"),)))
    changed = with_peer(assigned, peer_of("VIEWER@localhost:105"), knowledge)
    assert [party.dimse.port for party in changed.theirs] == [105]
    more = with_peer(changed, peer_of("OTHER@localhost:106"), knowledge)
    assert [party.dimse.port for party in more.theirs] == [105, 106]
    with pytest.raises(InputError, match="simulated here"):
        with_peer(assigned, peer_of("Image Manager=PACS@localhost:104"), knowledge)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("VIEWER", "HOST:PORT"),
        ("localhost:104", "AE_TITLE"),
        ("A_TITLE_THAT_IS_TOO_LONG@localhost:104", "16 characters"),
        ("Modalitie=CT@localhost:104", "Modality"),
        ("CT@localhost:70000", "HOST:PORT"),
    ],
)
def test_a_peer_that_cannot_be_read_is_told_how_it_is_written(text: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        peer_of(text)


@pytest.mark.parametrize("text", ["PACS@localhost:2575", "Image Manager=@localhost:2575", "Image Manager=PACS"])
def test_an_hl7_peer_has_an_actor_and_an_application(text: str) -> None:
    with pytest.raises(InputError):
        hl7_peer_of(text)


def test_names_are_read_in_whatever_case_the_actor_is_written() -> None:
    assert named_of("image manager=PACS:4242") == Named(actor=ARCHIVE, title="PACS", port=4242)
    assert named_of("Image Manager=PACS") == Named(actor=ARCHIVE, title="PACS")
    for text in ("PACS:4242", "Image Manager=PACS:x", "Image Manager=", "Image Manager=PACS:70000"):
        with pytest.raises(InputError):
            named_of(text)


def test_what_cannot_be_is_told() -> None:
    with pytest.raises(InputError, match="only one of them"):
        _assigned(StandIns(actors=(ARCHIVE,), peers=(Peer(actor=ARCHIVE, title="P", host="h", port=1),)))
    with pytest.raises(InputError, match="needs no name"):
        _assigned(StandIns(actors=(ARCHIVE,), named=(Named(actor=FILLER, title="RIS"),)))
    with pytest.raises(InputError, match="Image Manager"):
        _assigned(StandIns(actors=(ActorName("Image Manger"),)))


def test_a_system_file_says_where_our_actors_are_and_who_the_peers_are() -> None:
    system = workshop().files.system("orthanc")
    assigned = _assigned(StandIns(actors=(MODALITY,), systems=(system,)))
    told = system.department[MODALITY]
    assert (assigned.ours[MODALITY].dimse.ae_title, assigned.ours[MODALITY].dimse.port) == (told.ae_title, told.port)
    assert assigned.player(ARCHIVE, TransactionId("RAD-8")) == system.name
    beside = _assigned(StandIns(actors=(ARCHIVE,), systems=(system,)))
    assert ARCHIVE not in beside.serves


def test_a_listener_says_what_it_is_called_for() -> None:
    assigned = _assigned(StandIns(actors=(FILLER, ARCHIVE)))
    found = list(listeners((FILLER, ARCHIVE), assigned.ours, workshop().knowledge, {FILLER: "SWF.b"}))
    assert [(one.actor, one.kind.value) for one in found] == [
        (FILLER, "dimse"),
        (FILLER, "mllp"),
        (ARCHIVE, "dimse"),
        (ARCHIVE, "mllp"),
    ]
    assert found[0].called == ("RAD-5", "RAD-6", "RAD-7", "RAD-20", "RAD-21")
    assert {"RAD-1", "RAD-2"} <= set(found[1].called)
    assert {"RAD-8", "RAD-10", "RAD-14", "RAD-16"} <= set(found[2].called)
    assert "RAD-4" in found[3].called
