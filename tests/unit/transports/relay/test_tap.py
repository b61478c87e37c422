"""What every tap records of a crossing: its links and how they ended."""

from __future__ import annotations

import pytest

from harness.model.transcript import EventKind
from harness.transports.relay import RELAY, Ending, How, Links, Side
from tests.unit.transports.relay.crossings import HERE, PACS, RIS, THERE, crossing


def test_each_side_has_another() -> None:
    assert [side.other for side in Side] == [Side.OPENED, Side.ACCEPTED]


def test_both_links_know_their_hop_and_the_opened_one_whose_messages_it_carries() -> None:
    made, recorder = crossing()
    links = made.record_links(accepted={"calling_ae": "CT"}, opened={"called_ae": "PACS"})
    accepted, opened = recorder.transcript().links
    assert links == Links(accepted.id, opened.id)
    assert [links.of(side) for side in Side] == [accepted.id, opened.id]
    assert (accepted.ours, accepted.local, accepted.peer, accepted.time) == (False, HERE, RIS, 10.0)
    assert (opened.ours, opened.local, opened.peer, opened.time) == (True, THERE, PACS, 10.1)
    assert (accepted.hop, opened.hop) == ("orders", "orders")
    assert (accepted.relays, opened.relays) == (None, accepted.id)
    assert accepted.facts == {"tls": "TLSv1.3", "calling_ae": "CT"}
    assert opened.facts == {"called_ae": "PACS"}
    assert {accepted.actor, opened.actor} == {RELAY}


def test_a_crossing_knows_who_is_on_which_side() -> None:
    made, _ = crossing()
    assert [made.end(side).player for side in Side] == ["RIS", "PACS"]
    assert [made.wire(side).peer for side in Side] == [RIS, PACS]


@pytest.mark.parametrize(
    ("how", "kind", "text", "by"),
    [
        (How.CLOSED, EventKind.LINK_CLOSED, "closed by the peer", "peer"),
        (How.LOST, EventKind.LINK_LOST, "Connection reset by peer", "peer"),
        (How.CUT, EventKind.LINK_CLOSED, "the relay stops", "relay"),
    ],
)
def test_who_ended_a_link_is_told(how: How, kind: EventKind, text: str, by: str) -> None:
    made, recorder = crossing()
    links = made.record_links()
    made.record_endings(links, {Side.OPENED: Ending(how, text, 20.0)})
    (event,) = recorder.events()
    assert (event.kind, event.link, event.time) == (kind, links.opened, 20.0)
    assert event.text == (f"closed by us: {text}" if how is How.CUT else text)
    assert event.facts == {"hop": "orders", "ended_by": by}


def test_a_silence_is_told_on_the_link_of_the_request() -> None:
    made, recorder = crossing()
    links = made.record_links()
    made.record_silence(links.accepted, "no answer: closed by the peer", 21.0)
    (event,) = recorder.events()
    assert (event.kind, event.link, event.time) == (EventKind.NO_RESPONSE, links.accepted, 21.0)
