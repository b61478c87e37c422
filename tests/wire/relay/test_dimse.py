"""DICOM through a relay between systems that record themselves: all three records of a message are the same."""

from __future__ import annotations

import random
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydicom.dataset import Dataset

from harness.errors import LinkLost, Rejected
from harness.model.names import LinkId
from harness.model.system import DimseAddress
from harness.model.tls import TlsMode
from harness.model.transcript import Direction, EventKind, Exchange, Transcript
from harness.transports.dimse import DimseHandler, DimseRequest, DimseResponse
from harness.transports.relay.dimse import DimseTap
from harness.transports.relay.tap import Crossing, Ending, Side
from tests.unit.transports.relay.associations import VERIFICATION, acceptance, request
from tests.wire.relay.department import (
    COMMITMENT,
    COMMITMENT_INSTANCE,
    CT,
    FIND,
    GET,
    MOVE,
    WORKLIST,
    Archive,
    System,
    ended,
    hop,
    image,
    said,
)
from tests.wire.relay.rig import Rig, dial, read_all, read_some


@pytest.fixture
def ct() -> Iterator[System]:
    system = System("CT")
    yield system
    system.stop()


@pytest.fixture
def pacs() -> Iterator[System]:
    system = System("PACS")
    yield system
    system.stop()


@pytest.fixture
def archive() -> Archive:
    return Archive()


def through(rig: Rig, address: DimseAddress, **more: Any) -> DimseAddress:
    """The address of a relay to an address."""
    return replace(address, port=rig.open(hop(address, **more), DimseTap))


def seen(rig: Rig, links: int = 2) -> Transcript:
    """What the relay recorded, once so many links have ended."""
    assert rig.recorder.wait(lambda: len(ended(rig.recorder.transcript())) >= links, 10), rig.recorder.events()
    return rig.recorder.transcript()


def links_of(transcript: Transcript, name: str = "images") -> tuple[LinkId, LinkId]:
    accepted, opened = (link.id for link in transcript.links if link.hop == name)
    return accepted, opened


def nothing_unread(transcript: Transcript) -> None:
    kinds = (EventKind.NOISE, EventKind.INTERNAL_ERROR, EventKind.NO_RESPONSE)
    assert [event.text for event in transcript.events if event.kind in kinds] == []


def all_the_same(rig: Rig, ct: System, pacs: System) -> None:
    """Every message is in all four records, in the same order: of both systems, and of both links of the relay."""
    relayed = seen(rig)
    accepted, opened = links_of(relayed)
    (own,), (other,) = ct.transcript.links, pacs.transcript.links
    assert Counter(said(ct.transcript, own.id)) == Counter(said(relayed, accepted))
    assert Counter(said(pacs.transcript, other.id)) == Counter(said(relayed, opened))
    for direction, turned in ((Direction.SENT, Direction.RECEIVED), (Direction.RECEIVED, Direction.SENT)):
        sent = said(ct.transcript, own.id, direction)
        assert sent == said(relayed, accepted, turned) == said(relayed, opened, direction)
        assert sent == said(pacs.transcript, other.id, turned)
    nothing_unread(relayed)


def test_images_are_stored_unchanged(rig: Rig, ct: System, pacs: System, archive: Archive) -> None:
    with ct.calls(through(rig, pacs.listen(archive)), CT) as association:
        for number, size in enumerate((10, 4096, 500_000, 3_000_000)):
            assert association.c_store(image(number, size)).status == 0
    all_the_same(rig, ct, pacs)
    assert len(archive.requests) == 4


def test_an_image_that_is_larger_than_memory_may_be(rig: Rig, ct: System, pacs: System, archive: Archive) -> None:
    with ct.calls(through(rig, pacs.listen(archive)), CT) as association:
        assert association.c_store(image(1, 40 << 20)).status == 0
    all_the_same(rig, ct, pacs)
    assert [path for path in rig.recorder.spool().iterdir() if path.suffix == ".part"] == []


def test_both_links_say_who_negotiated_what(rig: Rig, ct: System, pacs: System, archive: Archive) -> None:
    with ct.calls(through(rig, pacs.listen(archive)), "Verification", CT, as_scp=[CT]) as association:
        assert association.c_echo().status == 0
    relayed = seen(rig)
    accepted, opened = relayed.links
    (own,), (other,) = ct.transcript.links, pacs.transcript.links
    assert {**opened.facts} == {**own.facts}
    assert {**accepted.facts} == {**other.facts}
    assert (accepted.peer, opened.peer) == (own.local, other.local)
    assert {event.link: event.text for event in relayed.events if event.kind is EventKind.LINK_CLOSED} == {
        accepted.id: "released by CT",
        opened.id: "closed by us: released by CT",
    }


def test_queries_with_their_answers(rig: Rig, ct: System, pacs: System, archive: Archive) -> None:
    asked = Dataset()
    asked.PatientID = ""
    with ct.calls(through(rig, pacs.listen(archive)), WORKLIST, FIND) as association:
        assert len(association.c_find(WORKLIST, asked)) == 4
        assert len(association.c_find(FIND, asked)) == 4
        assert len(association.c_find(WORKLIST, asked, cancel=True)) >= 1
    all_the_same(rig, ct, pacs)
    services = [one.request.command.service.value for one in seen(rig).exchanges if one.request.command]
    assert services == ["C-FIND", "C-FIND", "C-FIND", "C-CANCEL"]


def test_a_report_on_the_same_association(rig: Rig, ct: System, pacs: System, archive: Archive) -> None:
    asked = Dataset()
    asked.TransactionUID = "2.25.31"
    with ct.calls(through(rig, pacs.listen(archive)), COMMITMENT) as association:
        assert association.n_action(COMMITMENT, COMMITMENT_INSTANCE, 1, asked).status == 0
        assert association.wait_event_report(10) is not None
        assert archive.reported.wait(10)
    all_the_same(rig, ct, pacs)
    action, report = seen(rig).exchanges
    assert (action.link.relays, report.link.relays) == (None, action.link.id)
    assert report.final is not None


def test_a_report_on_an_association_of_the_archive(rig: Rig, ct: System, pacs: System, archive: Archive) -> None:
    archive.reports = False
    modality = Archive()
    asked = Dataset()
    asked.TransactionUID = "2.25.32"
    back = through(rig, ct.listen(modality), name="reports", here="PACS", there="CT")
    with ct.calls(through(rig, pacs.listen(archive)), COMMITMENT) as association:
        association.n_action(COMMITMENT, COMMITMENT_INSTANCE, 1, asked)
    with pacs.calls(back, as_scp=[COMMITMENT]) as association:
        association.n_event_report(COMMITMENT, COMMITMENT_INSTANCE, 1, asked)
    relayed = seen(rig, 4)
    nothing_unread(relayed)
    assert [one.link.hop for one in relayed.exchanges] == ["images", "reports"]
    assert relayed.exchanges[1].link.facts["scp_roles"] == COMMITMENT
    assert len(modality.requests) == 1


def test_a_move_and_its_sub_operations_on_another_hop(rig: Rig, ct: System, pacs: System, archive: Archive) -> None:
    archive.instances = [image(number, 100_000) for number in range(3)]
    there = through(rig, ct.listen(Archive()), name="retrieved", here="PACS", there="CT")
    archive.destination = there
    with ct.calls(through(rig, pacs.listen(archive)), MOVE) as association:
        responses = association.c_move(MOVE, Dataset(), "CT")
    assert responses[-1].fields["NumberOfCompletedSuboperations"] == "3"
    relayed = seen(rig, 4)
    nothing_unread(relayed)
    move, *stores = relayed.exchanges
    assert (move.link.hop, [one.link.hop for one in stores]) == ("images", ["retrieved"] * 3)
    assert len(move.responses) == len(responses)
    for store in stores:
        assert store.request.command is not None
        assert store.request.command.fields["MoveOriginatorApplicationEntityTitle"] == "CT"
        assert move.request.time <= store.request.time <= move.responses[-1].time


def test_a_get_brings_its_images_the_other_way(rig: Rig, ct: System, pacs: System, archive: Archive) -> None:
    archive.instances = [image(number, 200_000) for number in range(3)]
    with ct.calls(through(rig, pacs.listen(archive)), GET, as_scp=[CT]) as association:
        assert association.c_get(GET, Dataset())[-1].status == 0
    all_the_same(rig, ct, pacs)
    get, *stores = seen(rig).exchanges
    assert get.link.relays is None
    assert [one.link.relays for one in stores] == [get.link.id] * 3


def delays(exchange: Exchange, transcript: Transcript) -> list[float]:
    """Between in and out of the relay, for each message of an exchange."""
    captures = [one for one in transcript.captures if one.exchange == exchange.id]
    return [sent.time - received.time for received, sent in zip(captures[::2], captures[1::2], strict=True)]


def test_the_time_of_each_hop_can_be_told(rig: Rig, ct: System, pacs: System, archive: Archive) -> None:
    with ct.calls(through(rig, pacs.listen(archive)), "Verification") as association:
        association.c_echo()
    relayed = seen(rig)
    (exchange,) = relayed.exchanges
    assert all(0 <= delay < 1 for delay in delays(exchange, relayed))
    times = [one.time for one in relayed.captures]
    assert times == sorted(times)


@pytest.mark.parametrize("secured", ["both", "accepts", "leads_to"])
def test_tls_on_either_side(rig: Rig, ct: System, pacs: System, archive: Archive, authority: Any, secured: str) -> None:
    files = {name: authority.issue(name) for name in ("ct", "pacs", "relay")}
    own = {"tls": TlsMode.MUTUAL, "tls_files": files["relay"]}
    there = secured in ("both", "leads_to")
    here = secured in ("both", "accepts")
    address = pacs.listen(archive, tls=TlsMode.MUTUAL, tls_files=files["pacs"]) if there else pacs.listen(archive)
    way = through(rig, address, accepts=own if here else {}, leads_to=own if there else {})
    called = replace(way, tls=TlsMode.MUTUAL, tls_files=files["ct"]) if here else way
    with ct.calls(called, CT) as association:
        for number in range(2):
            assert association.c_store(image(number, 300_000)).status == 0
    all_the_same(rig, ct, pacs)
    accepted, opened = seen(rig).links
    assert ("tls" in accepted.facts, "tls" in opened.facts) == (here, there)
    assert accepted.facts.get("tls_peer", "CN=ct") == "CN=ct"
    assert opened.facts.get("tls_peer", "CN=pacs") == "CN=pacs"


def test_a_rejected_association(rig: Rig, ct: System, pacs: System, archive: Archive) -> None:
    way = replace(through(rig, pacs.listen(archive)), ae_title="WRONG")
    with pytest.raises(Rejected), ct.calls(way, "Verification"):
        pass
    relayed = seen(rig)
    (rejected,) = [event for event in relayed.events if event.kind is EventKind.REJECTED]
    assert rejected.text.startswith("rejected-permanent, service-user: called-AE-title-not-recognized")
    assert (rejected.facts["calling_ae"], rejected.facts["called_ae"]) == ("CT", "WRONG")
    assert rejected.link == links_of(relayed)[1]
    nothing_unread(relayed)


def test_classes_that_are_refused(rig: Rig, ct: System, pacs: System, archive: Archive) -> None:
    with ct.calls(through(rig, pacs.listen(archive)), "Verification", "MRImageStorage") as association:
        association.c_echo()
    (refused,) = [event for event in seen(rig).events if event.kind is EventKind.CONTEXT_REFUSED]
    assert refused.text == "MRImageStorage: abstract syntax not supported"


class Disturbed(Exception):
    """Ends an association by an abort."""


def test_an_abort(rig: Rig, ct: System, pacs: System, archive: Archive) -> None:
    way = through(rig, pacs.listen(archive))

    def disturb() -> None:
        with ct.calls(way, "Verification") as association:
            association.c_echo()
            raise Disturbed

    with pytest.raises(Disturbed):
        disturb()
    relayed = seen(rig)
    ends = {event.kind: event.text for event in relayed.events if event.link in ended(relayed)}
    assert ends == {
        EventKind.LINK_LOST: "aborted by CT (service user, reason 0)",
        EventKind.LINK_CLOSED: "closed by us: aborted by CT (service user, reason 0)",
    }
    assert pacs.recorder.wait(lambda: bool(ended(pacs.transcript)), 10)
    assert [one.text for one in pacs.transcript.events if one.kind is EventKind.LINK_LOST] == [
        "aborted by the peer (service user, reason 0)"
    ]


def test_a_responder_that_goes_away_owes_its_answer(rig: Rig, ct: System, pacs: System) -> None:
    came, gone = threading.Event(), threading.Event()

    class Leaving(DimseHandler):
        def c_store(self, request: DimseRequest) -> DimseResponse:
            came.set()
            assert gone.wait(10)
            return DimseResponse(0x0000)

    def leave() -> None:
        assert came.wait(10)
        pacs.stop()
        gone.set()

    threading.Thread(target=leave, daemon=True).start()
    with ct.calls(through(rig, pacs.listen(Leaving())), CT) as association, pytest.raises(LinkLost):
        association.c_store(image(1))
    relayed = seen(rig)
    (missing,) = [event for event in relayed.events if event.kind is EventKind.NO_RESPONSE]
    assert missing.link == links_of(relayed)[0]
    assert missing.text.startswith("no C-STORE response: aborted by PACS")


def test_many_associations_at_a_time(rig: Rig, ct: System, pacs: System, archive: Archive) -> None:
    way = through(rig, pacs.listen(archive))

    def store(number: int) -> None:
        with ct.calls(way, CT) as association:
            for one in range(3):
                association.c_store(image(10 * number + one, 50_000))

    threads = [threading.Thread(target=store, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    relayed = seen(rig, 24)
    nothing_unread(relayed)
    assert len(relayed.exchanges) == 36
    assert {one.final.command.status for one in relayed.exchanges if one.final and one.final.command} == {0}
    hashes = Counter(one.payload.sha256 for one in ct.transcript.captures if one.payload)
    for direction in Direction:
        passed = [one for one in relayed.captures if one.direction is direction and one.payload]
        assert Counter(one.payload.sha256 for one in passed if one.payload) == hashes


class Both:
    """The tap under test, and the very bytes beside it."""

    def __init__(self, crossing: Crossing, bytes_: dict[Side, bytearray]) -> None:
        self._tap, self._bytes = DimseTap(crossing), bytes_

    def passed(self, side: Side, data: bytes, received_at: float, sent_at: float | None) -> None:
        self._bytes[side] += data
        self._tap.passed(side, data, received_at, sent_at)

    def ended(self, side: Side, ending: Ending) -> None:
        self._tap.ended(side, ending)


@pytest.mark.parametrize("seed", range(6))
def test_hostile_bytes_pass_and_are_told(rig: Rig, seed: int) -> None:
    """An association that is in order, and then anything: both systems get every byte, and nothing of ours fails."""
    rnd = random.Random(seed)
    asked, granted = request({1: VERIFICATION}), acceptance({1: 0})
    junk = {side: rnd.choice((b"", b"\4\0")) + rnd.randbytes(rnd.randrange(1, 300_000)) for side in Side}
    got: list[bytes] = []

    def answer(sock: socket.socket) -> None:
        got.append(read_some(sock, len(asked)))
        sock.sendall(granted + junk[Side.OPENED])
        got.append(read_all(sock))

    bytes_ = {side: bytearray() for side in Side}
    address = DimseAddress(ae_title="X", host="127.0.0.1", port=rig.peer(answer).port)
    port = rig.open(hop(address), lambda crossing: Both(crossing, bytes_))
    with dial(port) as sock:
        sock.sendall(asked)
        assert read_some(sock, len(granted)) == granted
        sock.sendall(junk[Side.ACCEPTED])
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == junk[Side.OPENED]
    relayed = seen(rig)
    assert b"".join(got) == asked + junk[Side.ACCEPTED] == bytes(bytes_[Side.ACCEPTED])
    assert bytes(bytes_[Side.OPENED]) == granted + junk[Side.OPENED]
    assert not [event for event in relayed.events if event.kind is EventKind.INTERNAL_ERROR]
    assert relayed.links[0].facts["accepted_contexts"] == "Verification=ExplicitVRLittleEndian"
