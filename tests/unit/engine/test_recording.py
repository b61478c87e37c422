"""The live record: ordered, complete, waited on, and safe to append to from many threads."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.engine.recording import TranscriptRecorder
from harness.engine.storage import Evidence, EvidenceWriter
from harness.engine.unrecorded import Unrecorded
from harness.identifiers import SystemClock
from harness.model.names import ActorName, ExchangeId, LinkId, PlayId, StepId
from harness.model.plan import StepRef
from harness.model.profile import LinkKind
from harness.model.transcript import Capture, Direction, Event, EventKind, Half, Link, PayloadKind, SocketAddress
from harness.transports.recorder import LinkOwner, Passage

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Say, Wire

OWNER = LinkOwner(
    actor=ActorName("Modality"),
    peer_actor=ActorName("Image Manager"),
    cause=StepRef(PlayId("swf.test@2.3.1"), StepId("stored")),
)


@pytest.fixture
def recorder() -> TranscriptRecorder:
    """A recorder in memory, with real time."""
    return TranscriptRecorder(SystemClock(), None)


def _open(recorder: TranscriptRecorder, port: int = 1024) -> LinkId:
    return recorder.link_opened(
        kind=LinkKind.DIMSE,
        owner=OWNER,
        ours=True,
        local=SocketAddress("127.0.0.1", port),
        peer=SocketAddress("127.0.0.1", 104),
        facts={"called_ae": "ARCHIVE"},
    )


def _passage(link: LinkId, exchange: ExchangeId, half: Half, content: bytes | None) -> Passage:
    return Passage(
        link=link,
        exchange=exchange,
        half=half,
        direction=Direction.SENT,
        content=content,
        kind=PayloadKind.BYTES,
    )


def test_links_and_exchanges_are_numbered_from_one(recorder: TranscriptRecorder) -> None:
    assert [_open(recorder), _open(recorder)] == [1, 2]
    assert [recorder.exchange_opened(), recorder.exchange_opened()] == [1, 2]


def test_a_link_keeps_whose_it_is_and_why_it_exists(recorder: TranscriptRecorder) -> None:
    _open(recorder, 1025)
    (link,) = recorder.transcript().links
    assert (link.actor, link.peer_actor, link.cause) == (OWNER.actor, OWNER.peer_actor, OWNER.cause)
    assert link.local == SocketAddress("127.0.0.1", 1025)
    assert link.facts == {"called_ae": "ARCHIVE"}


def _accept(recorder: TranscriptRecorder, port: int) -> LinkId:
    return recorder.link_opened(
        kind=LinkKind.DIMSE,
        owner=LinkOwner(actor=ActorName("Image Manager")),
        ours=False,
        local=SocketAddress("127.0.0.1", 104),
        peer=SocketAddress("127.0.0.1", port),
        facts={},
    )


def test_the_play_behind_an_accepted_link_is_that_of_our_actor_who_dialled(recorder: TranscriptRecorder) -> None:
    _open(recorder, 1025)
    assert recorder.play_behind(_accept(recorder, 1025)) == PlayId("swf.test@2.3.1")
    assert recorder.play_behind(_accept(recorder, 1026)) is None


def test_a_port_that_is_used_again_by_somebody_else_tells_of_no_play(recorder: TranscriptRecorder) -> None:
    dialled = _open(recorder, 1025)
    recorder.happened(EventKind.LINK_CLOSED, link=dialled)
    assert recorder.play_behind(_accept(recorder, 1025)) is None


def test_an_event_takes_step_and_play_from_its_owner_or_from_the_step_given(recorder: TranscriptRecorder) -> None:
    other = StepRef(PlayId("other@2.3.1"), StepId("started"))
    recorder.happened(EventKind.UNREACHABLE, owner=OWNER)
    recorder.happened(EventKind.STEP_STARTED, step=other)
    recorder.happened(EventKind.PLAY_SEALED, play=PlayId("third@2.3.1"))
    recorder.happened(EventKind.LISTENING)
    assert [(event.step, event.play) for event in recorder.events()] == [
        (OWNER.cause, "swf.test@2.3.1"),
        (other, "other@2.3.1"),
        (None, "third@2.3.1"),
        (None, None),
    ]
    assert recorder.events()[0].peer_actor == "Image Manager"


def test_an_exchange_appears_with_its_request_and_grows_with_each_response(recorder: TranscriptRecorder) -> None:
    link, number = _open(recorder), recorder.exchange_opened()
    assert recorder.exchanges() == []
    recorder.passed(_passage(link, number, Half.REQUEST, b"request"))
    assert [exchange.final for exchange in recorder.exchanges()] == [None]
    recorder.passed(_passage(link, number, Half.RESPONSE, b"first"))
    recorder.passed(_passage(link, number, Half.RESPONSE, None))
    (exchange,) = recorder.exchanges()
    assert [response.payload is None for response in exchange.responses] == [False, True]
    assert recorder.transcript().exchanges == (exchange,)


def test_memory_keeps_each_content_under_its_hash(recorder: TranscriptRecorder) -> None:
    link = _open(recorder)
    for content in (b"", b"\x00\xff", b"same", b"same"):
        recorder.passed(_passage(link, recorder.exchange_opened(), Half.REQUEST, content))
    payloads = [capture.payload for capture in recorder.transcript().captures]
    assert [recorder.read(payload) for payload in payloads if payload] == [b"", b"\x00\xff", b"same", b"same"]
    assert payloads[2] == payloads[3]
    assert payloads[1] is not None
    assert payloads[1].sha256 == hashlib.sha256(b"\x00\xff").hexdigest()
    assert payloads[1].size == 2


def test_what_a_reader_sees_is_a_copy(recorder: TranscriptRecorder) -> None:
    recorder.happened(EventKind.LISTENING)
    recorder.events().clear()
    recorder.exchanges().clear()
    assert len(recorder.events()) == 1


def test_records_are_numbered_without_gap_or_repetition(wire: Wire, say: Say) -> None:
    wire.hl7(say.adt("P1"), "ADT", "Order Filler")
    wire.happened(EventKind.LINK_CLOSED)
    whole = wire.transcript()
    records: list[Link | Capture | Event] = [*whole.links, *whole.captures, *whole.events]
    assert sorted(record.seq for record in records) == [1, 2, 3, 4]


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[EvidenceWriter]:
    """Evidence below the temporary folder, sealed in the end."""
    made = EvidenceWriter(tmp_path / "out")
    yield made
    made.seal()


def test_many_threads_lose_nothing_and_each_exchange_stays_whole(tmp_path: Path, writer: EvidenceWriter) -> None:
    recorder = TranscriptRecorder(SystemClock(), writer)
    start = threading.Barrier(8)

    def converse(thread: int) -> None:
        start.wait(timeout=10)
        link = _open(recorder, 2000 + thread)
        for number in range(25):
            exchange = recorder.exchange_opened()
            recorder.passed(_passage(link, exchange, Half.REQUEST, f"{thread}.{number}".encode()))
            recorder.happened(EventKind.NOISE, link=link, owner=OWNER)
            recorder.passed(_passage(link, exchange, Half.RESPONSE, b"answer"))

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(converse, thread) for thread in range(8)]:
            future.result(timeout=30)
    live, stored = recorder.transcript(), Evidence(tmp_path / "out").transcript()
    assert stored == live
    assert len(live.exchanges) == 200
    assert all(len(exchange.responses) == 1 for exchange in live.exchanges)
    records: list[Link | Capture | Event] = [*live.links, *live.captures, *live.events]
    assert sorted(record.seq for record in records) == list(range(1, 8 + 3 * 200 + 1))
    for exchange in live.exchanges:
        assert exchange.request.payload is not None
        thread = exchange.link.local.port - 2000
        assert recorder.read(exchange.request.payload).startswith(f"{thread}.".encode())


def test_a_wait_returns_as_soon_as_its_condition_holds(recorder: TranscriptRecorder) -> None:
    thread = threading.Timer(0.05, lambda: recorder.happened(EventKind.HOOK, "done"))
    thread.start()
    started = time.monotonic()
    assert recorder.wait(lambda: bool(recorder.events()), 30.0)
    assert time.monotonic() - started < 5.0
    thread.join(timeout=5)


def test_a_wait_whose_condition_holds_already_needs_no_time_at_all(recorder: TranscriptRecorder) -> None:
    assert recorder.wait(lambda: True, 0.0)
    assert recorder.wait(lambda: True, -1.0)


def test_a_wait_ends_at_its_deadline(recorder: TranscriptRecorder) -> None:
    started = time.monotonic()
    assert not recorder.wait(lambda: False, 0.1)
    assert 0.1 <= time.monotonic() - started < 5.0


def test_records_that_change_nothing_do_not_prolong_a_wait(recorder: TranscriptRecorder) -> None:
    asked = []

    def never() -> bool:
        asked.append(1)
        recorder.happened(EventKind.NOISE)
        return False

    assert not recorder.wait(never, 0.05)
    assert asked


class _SlowWriter(EvidenceWriter):
    """Holds each capture back until released."""

    def __init__(self, out: Path) -> None:
        super().__init__(out)
        self.reached, self.released = threading.Event(), threading.Event()

    def append(self, record: Link | Capture | Event) -> None:
        """Write, captures only once released."""
        if isinstance(record, Capture):
            self.reached.set()
            self.released.wait(timeout=10)
        super().append(record)


def test_a_message_that_is_completed_while_the_condition_is_examined_is_not_overlooked(tmp_path: Path) -> None:
    """The record of a message is numbered before it is written: its number alone says nothing about its being there."""
    writer = _SlowWriter(tmp_path / "out")
    recorder = TranscriptRecorder(SystemClock(), writer)
    passage = _passage(_open(recorder), recorder.exchange_opened(), Half.REQUEST, b"x")
    sender = threading.Thread(target=lambda: recorder.passed(passage), daemon=True)
    sender.start()
    assert writer.reached.wait(timeout=10)

    def seen() -> bool:
        there = bool(recorder.exchanges())
        writer.released.set()
        sender.join(timeout=10)
        return there

    started = time.monotonic()
    assert recorder.wait(seen, 30.0)
    assert time.monotonic() - started < 0.9
    writer.seal()


@pytest.mark.parametrize("in_memory", [True, False])
def test_reading_works_with_and_without_a_disk(
    in_memory: bool, writer: EvidenceWriter, wire: Wire, wire_to: Callable[[EvidenceWriter], Wire], say: Say
) -> None:
    recording = wire if in_memory else wire_to(writer)
    recording.hl7(say.adt("P1"), "ADT", "Order Filler")
    payload = recording.transcript().exchanges[0].request.payload
    assert payload is not None
    assert recording.recorder.read(payload) == say.adt("P1")


def test_the_recorder_that_keeps_nothing_keeps_nothing() -> None:
    recorder = Unrecorded()
    link = _open(recorder)
    recorder.passed(_passage(link, recorder.exchange_opened(), Half.REQUEST, b"x"))
    recorder.happened(EventKind.NOISE)
    assert recorder.exchanges() == []
    assert recorder.events() == []


def test_news_are_what_began_and_happened_since_and_how_the_unfinished_stand(wire: Wire, say: Say) -> None:
    recorder = wire.recorder
    first = wire.hl7(say.adt("P1"), "ADT", "Order Filler")
    news = recorder.news(0, 0)
    assert [exchange.id for exchange in news.exchanges] == [first]
    assert news.begun == recorder.begun() == 1
    recorder.happened(EventKind.CANNOT_ACT, "later")
    second = wire.hl7(say.adt("P2"), "ADT", "Order Filler")
    later = recorder.news(news.begun, len(news.events), (first,))
    assert [exchange.id for exchange in later.exchanges] == [first, second]
    assert [event.text for event in later.events] == ["later"]
    nothing = recorder.news(later.begun, len(news.events) + 1)
    assert (nothing.exchanges, nothing.events) == ([], [])


def test_what_has_come_to_its_end_is_let_go_of_once(recorder: TranscriptRecorder) -> None:
    link = _open(recorder)
    first, second = recorder.exchange_opened(), recorder.exchange_opened()
    for exchange in (first, second):
        recorder.passed(_passage(link, exchange, Half.REQUEST, b"question %d" % exchange))
    recorder.passed(_passage(link, first, Half.RESPONSE, b"answer"))
    recorder.happened(EventKind.NOISE, link=link)
    taken = recorder.let_go()
    assert [(exchange.id, len(exchange.responses)) for exchange in taken.exchanges] == [(first, 1)]
    assert [event.kind for event in taken.events] == [EventKind.NOISE]
    assert [exchange.id for exchange in recorder.exchanges()] == [second]
    assert recorder.transcript().captures == ()
    assert recorder.events() == []
    assert recorder.let_go() == ([], [])


def test_a_response_to_what_was_let_go_of_is_not_missed(tmp_path: Path) -> None:
    """It is in the evidence, which is what is judged."""
    writer = EvidenceWriter(tmp_path)
    recorder = TranscriptRecorder(SystemClock(), writer)
    link, exchange = _open(recorder), recorder.exchange_opened()
    recorder.passed(_passage(link, exchange, Half.REQUEST, b"question"))
    recorder.passed(_passage(link, exchange, Half.RESPONSE, b"answer"))
    recorder.let_go()
    recorder.passed(_passage(link, exchange, Half.RESPONSE, b"another answer"))
    assert recorder.let_go().exchanges == []
    writer.seal()
    (found,) = Evidence(tmp_path).transcript().exchanges
    assert len(found.responses) == 2


def test_an_exchange_ends_with_its_link(recorder: TranscriptRecorder) -> None:
    link, exchange = _open(recorder), recorder.exchange_opened()
    recorder.passed(_passage(link, exchange, Half.REQUEST, b"question"))
    assert recorder.let_go().exchanges == []
    recorder.happened(EventKind.LINK_LOST, link=link)
    assert [one.id for one in recorder.let_go().exchanges] == [exchange]
    assert recorder.transcript().links == ()


def test_a_record_may_say_when_it_happened(recorder: TranscriptRecorder) -> None:
    owner, address = LinkOwner(actor=ActorName("Relay")), SocketAddress("127.0.0.1", 1)
    link = recorder.link_opened(
        kind=LinkKind.MLLP, owner=owner, ours=False, local=address, peer=address, facts={}, at=10.0
    )
    exchange = recorder.exchange_opened()
    passage = _passage(link, exchange, Half.REQUEST, b"question")
    recorder.passed(replace(passage, at=11.0))
    recorder.happened(EventKind.LINK_CLOSED, link=link, at=12.0)
    transcript = recorder.transcript()
    assert (transcript.links[0].time, transcript.captures[0].time, transcript.events[0].time) == (10.0, 11.0, 12.0)


def _both_ends(recorder: TranscriptRecorder) -> tuple[LinkId, LinkId]:
    """A link between two of our own actors, as each of them records it."""
    sender, receiver = SocketAddress("127.0.0.1", 4000), SocketAddress("127.0.0.1", 104)
    opened = recorder.link_opened(kind=LinkKind.DIMSE, owner=OWNER, ours=True, local=sender, peer=receiver, facts={})
    accepted = recorder.link_opened(
        kind=LinkKind.DIMSE, owner=LinkOwner(actor=ARCHIVE), ours=False, local=receiver, peer=sender, facts={}
    )
    return opened, accepted


ARCHIVE = ActorName("Image Manager")


def _message(link: LinkId, exchange: ExchangeId, half: Half, *, sent: bool) -> Passage:
    return Passage(
        link=link,
        exchange=exchange,
        half=half,
        direction=Direction.SENT if sent else Direction.RECEIVED,
        content=b"",
        kind=PayloadKind.BYTES,
    )


def test_a_message_between_two_of_ours_is_told_once_when_it_is_let_go_of(recorder: TranscriptRecorder) -> None:
    opened, accepted = _both_ends(recorder)
    one, other = recorder.exchange_opened(), recorder.exchange_opened()
    recorder.passed(_message(opened, one, Half.REQUEST, sent=True))
    recorder.passed(_message(accepted, other, Half.REQUEST, sent=False))
    recorder.passed(_message(accepted, other, Half.RESPONSE, sent=True))
    recorder.passed(_message(opened, one, Half.RESPONSE, sent=False))
    assert [exchange.id for exchange in recorder.let_go().exchanges] == [one]
    assert recorder.exchanges() == []


def test_a_port_that_is_used_again_by_somebody_else_is_no_end_of_ours(recorder: TranscriptRecorder) -> None:
    opened, accepted = _both_ends(recorder)
    for link in (opened, accepted):
        recorder.happened(EventKind.LINK_CLOSED, link=link)
    recorder.let_go()
    again = recorder.link_opened(
        kind=LinkKind.DIMSE,
        owner=LinkOwner(actor=ARCHIVE),
        ours=False,
        local=SocketAddress("127.0.0.1", 104),
        peer=SocketAddress("127.0.0.1", 4000),
        facts={},
    )
    number = recorder.exchange_opened()
    recorder.passed(_message(again, number, Half.REQUEST, sent=False))
    recorder.passed(_message(again, number, Half.RESPONSE, sent=True))
    assert [exchange.id for exchange in recorder.let_go().exchanges] == [number]


def test_what_begins_in_a_block_is_overheard_whatever_is_let_go_of(recorder: TranscriptRecorder) -> None:
    link = _open(recorder)
    before, inside = recorder.exchange_opened(), recorder.exchange_opened()
    recorder.passed(_message(link, before, Half.REQUEST, sent=True))
    with recorder.overhearing() as heard:
        recorder.passed(_message(link, inside, Half.REQUEST, sent=True))
        recorder.passed(_message(link, inside, Half.RESPONSE, sent=False))
        recorder.let_go()
        recorder.passed(_message(link, before, Half.RESPONSE, sent=False))
    assert list(heard) == [inside]
    assert heard[inside].final is not None
    after = recorder.exchange_opened()
    recorder.passed(_message(link, after, Half.REQUEST, sent=True))
    assert after not in heard
