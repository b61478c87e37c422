"""Records become a transcript: paired into exchanges, and recorded once where both ends are ours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset

from harness.engine.reading import is_complete, transcript_of, twins, without_twins
from harness.model.names import LinkId
from harness.model.profile import LinkKind, Service
from harness.model.transcript import Direction, EventKind, Half, SocketAddress

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Say, Wire


def test_records_are_ordered_by_their_number_whatever_their_order_in_the_file(wire: Wire, say: Say) -> None:
    wire.happened(EventKind.HOOK, "first")
    wire.hl7(say.adt("P1"), "ADT", "Order Filler")
    wire.hl7(say.adt("P2"), "ADT", "Order Filler")
    wire.happened(EventKind.HOOK, "last")
    whole = wire.transcript()
    shuffled = transcript_of(
        tuple(reversed(whole.links)), tuple(reversed(whole.captures)), tuple(reversed(whole.events))
    )
    assert shuffled == whole
    assert [event.text for event in shuffled.events] == ["first", "last"]


def test_a_request_is_paired_with_all_its_responses_in_order(wire: Wire, say: Say) -> None:
    number = wire.dimse(
        Service.C_FIND,
        "ModalityWorklistInformationModelFind",
        "Modality",
        "Order Filler",
        request=Dataset(),
        responses=[(0xFF00, say.entry("P1", "1.2")), (0xFF00, say.entry("P2", "1.3")), (0x0000, None)],
    )
    (exchange,) = wire.transcript().exchanges
    assert exchange.id == number
    assert [response.command.status for response in exchange.responses if response.command] == [0xFF00, 0xFF00, 0]
    assert exchange.final is exchange.responses[2]


def test_interleaved_exchanges_of_two_links_do_not_mix(wire: Wire, say: Say) -> None:
    first, second = (wire.link("ADT", "Order Filler", kind=LinkKind.MLLP) for _ in range(2))
    one = wire.hl7(say.adt("P1"), "ADT", "Order Filler", link=first)
    two = wire.hl7(say.adt("P2"), "ADT", "Order Filler", link=second)
    whole = wire.transcript()
    mixed = sorted(whole.captures, key=lambda capture: (capture.half.value, capture.seq))
    exchanges = transcript_of(whole.links, tuple(mixed), ()).exchanges
    assert [(exchange.id, exchange.link.id) for exchange in exchanges] == [(one, first), (two, second)]


def test_a_response_without_its_request_makes_no_exchange(wire: Wire, say: Say) -> None:
    wire.hl7(say.adt("P1"), "ADT", "Order Filler")
    whole = wire.transcript()
    responses = tuple(capture for capture in whole.captures if capture.half is Half.RESPONSE)
    assert transcript_of(whole.links, responses, ()).exchanges == ()
    assert transcript_of(whole.links, responses, ()).captures == responses


def test_twins_are_links_whose_addresses_stand_elsewhere_turned_round(wire: Wire) -> None:
    dialled, accepted = wire.pair("Modality", "Image Manager")
    alone = wire.link("Modality", "Image Manager")
    links = wire.transcript().links
    assert twins(links, ()) == {dialled, accepted}
    assert twins((link for link in links if link.id != accepted), ()) == frozenset()
    assert alone not in twins(links, ())


def test_a_port_that_is_used_again_makes_no_twin_of_a_closed_link(wire: Wire) -> None:
    """A product connects from a port; later one of our actors dials the same listener from that port."""
    here, there = SocketAddress("127.0.0.1", 40000), SocketAddress("127.0.0.1", 104)
    from_product = wire.link("Image Manager", "Modality", ends=(there, here), ours=False)
    wire.recorder.happened(EventKind.LINK_CLOSED, link=from_product)
    dialled = wire.link("Modality", "Image Manager", ends=(here, there))
    accepted = wire.link("Image Manager", "Modality", ends=(there, here), ours=False)
    transcript = wire.transcript()
    assert twins(transcript.links, transcript.events) == {dialled, accepted}


def test_equal_ports_of_different_hosts_are_no_twins(wire: Wire) -> None:
    here, there = SocketAddress("127.0.0.1", 104), SocketAddress("127.0.0.2", 104)
    wire.link("Modality", "Image Manager", ends=(here, there))
    wire.link("Image Manager", "Modality", ends=(SocketAddress("127.0.0.3", 104), here), ours=False)
    assert twins(wire.transcript().links, ()) == frozenset()


def test_of_a_message_that_both_ends_recorded_the_senders_record_stays(wire: Wire, say: Say) -> None:
    dialled, accepted = wire.pair("ADT", "Order Filler", kind=LinkKind.MLLP)
    sent = wire.hl7(say.adt("P1"), "ADT", "Order Filler", link=dialled)
    received = wire.hl7(say.adt("P1"), "Order Filler", "ADT", link=accepted, sent=False)
    transcript = wire.transcript()
    assert [exchange.id for exchange in transcript.exchanges] == [sent]
    assert {capture.exchange for capture in transcript.captures} == {sent, received}


def test_what_only_we_received_stays(wire: Wire, say: Say) -> None:
    number = wire.hl7(say.adt("P1"), "Order Filler", None, sent=False)
    (exchange,) = wire.transcript().exchanges
    assert exchange.id == number
    assert not exchange.sent


def test_a_report_on_the_association_of_its_request_is_kept_as_the_acceptor_sent_it(wire: Wire) -> None:
    """PS3.4 J.3.3: the N-EVENT-REPORT may come on the association that the N-ACTION used."""
    dialled, accepted = wire.pair("Modality", "Image Manager")
    commitment = "StorageCommitmentPushModel"
    requested = wire.dimse(Service.N_ACTION, commitment, "Modality", "Image Manager", link=dialled)
    wire.dimse(Service.N_ACTION, commitment, "Image Manager", "Modality", link=accepted, sent=False)
    reported = wire.dimse(Service.N_EVENT_REPORT, commitment, "Image Manager", "Modality", link=accepted)
    wire.dimse(Service.N_EVENT_REPORT, commitment, "Modality", "Image Manager", link=dialled, sent=False)
    exchanges = {exchange.id: exchange for exchange in wire.transcript().exchanges}
    assert list(exchanges) == [requested, reported]
    assert exchanges[reported].request.direction is Direction.SENT
    assert exchanges[reported].link.actor == "Image Manager"


def test_removing_twins_twice_changes_nothing(wire: Wire, say: Say) -> None:
    dialled, accepted = wire.pair("ADT", "Order Filler", kind=LinkKind.MLLP)
    wire.hl7(say.adt("P1"), "ADT", "Order Filler", link=dialled)
    wire.hl7(say.adt("P1"), "Order Filler", "ADT", link=accepted, sent=False)
    wire.hl7(say.adt("P2"), "ADT", "Order Placer")
    once = wire.transcript().exchanges
    assert without_twins(once, ()) == once
    assert len(once) == 2


@pytest.mark.parametrize(
    ("statuses", "complete"),
    [
        ((), False),
        ((0xFF00,), False),
        ((0xFF01,), False),
        ((0xFF00, 0x0000), True),
        ((0xA700,), True),
        ((0xB000,), True),
    ],
)
def test_an_exchange_is_complete_with_a_response_that_is_not_pending(
    wire: Wire, statuses: tuple[int, ...], complete: bool
) -> None:
    """PS3.4 C.4.1.3: pending responses go before the final one."""
    wire.dimse(
        Service.C_FIND,
        "ModalityWorklistInformationModelFind",
        "Modality",
        "Order Filler",
        responses=[(status, None) for status in statuses],
    )
    assert is_complete(wire.transcript().exchanges[0]) is complete


@pytest.mark.parametrize(("answer", "complete"), [("AA", True), ("AE", True), (None, False)])
def test_a_message_is_complete_with_any_answer(wire: Wire, say: Say, answer: str | None, complete: bool) -> None:
    wire.hl7(say.adt("P1"), "ADT", "Order Filler", answer=answer)
    assert is_complete(wire.transcript().exchanges[0]) is complete


def test_what_a_relay_sent_on_belongs_to_the_exchange_of_its_sender(wire: Wire, say: Say) -> None:
    wire.hl7(say.adt("P1"), "ADT", "Order Filler")
    (link,), captures = wire.transcript().links, wire.transcript().captures
    accepted = replace(link, ours=False, hop="orders")
    opened = replace(link, id=LinkId(99), ours=True, hop="orders", relays=link.id)
    request, answer = captures
    taken = (
        replace(request, seq=101, direction=Direction.RECEIVED),
        replace(request, seq=102, link=opened.id, direction=Direction.SENT),
        replace(answer, seq=103, link=opened.id, direction=Direction.RECEIVED),
        replace(answer, seq=104, direction=Direction.SENT),
    )
    transcript = transcript_of((accepted, opened), taken, ())
    (exchange,) = transcript.exchanges
    assert (exchange.link, exchange.request.seq, [one.seq for one in exchange.responses]) == (accepted, 101, [103])
    assert transcript.captures == taken
