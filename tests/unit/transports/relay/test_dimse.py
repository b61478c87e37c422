"""The tap of a DICOM hop, fed with what passed: what the record holds of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.dicom.encoding import wrap_payload
from harness.engine.reading import is_complete
from harness.engine.recording import TranscriptRecorder
from harness.engine.storage import EvidenceWriter
from harness.identifiers import FixedClock
from harness.model.hop import UNREAD, Hop, HopSide
from harness.model.names import PlayerName
from harness.model.profile import LinkKind, Service
from harness.model.transcript import Direction, Event, EventKind, Exchange, Half, SocketAddress, Transcript
from harness.transports.dimse.assembly import Message
from harness.transports.dimse.commands import Command
from harness.transports.relay.dimse import IN_MEMORY, MOST_FAULTS, DimseTap
from harness.transports.relay.held import HELD_LIMIT, Held
from harness.transports.relay.tap import Crossing, Ending, How, Side, Wire
from tests.unit.transports.relay.associations import (
    CALLED,
    CALLING,
    COMMITMENT,
    CT,
    EXPLICIT,
    RELEASE_RP,
    RELEASE_RQ,
    VERIFICATION,
    WORKLIST,
    abort,
    acceptance,
    associate,
    data,
    item,
    pdu,
    rejection,
    request,
    role,
    sent,
)

A, B = Side.ACCEPTED, Side.OPENED
CONTEXTS = {1: VERIFICATION, 3: CT, 5: COMMITMENT, 7: WORKLIST}
BASE = 1_700_000_000.0


def command(service: Service | None, number: int, **more: object) -> Command:
    return Command(service=service, message_id=number, **more)  # type: ignore[arg-type]


ECHO = Message(context_id=1, command=command(Service.C_ECHO, 1, sop_class=VERIFICATION))
ECHOED = Message(context_id=1, command=command(Service.C_ECHO, 1, sop_class=VERIFICATION, status=0))
FIND = Message(context_id=7, command=command(Service.C_FIND, 2, sop_class=WORKLIST, has_dataset=True), content=b"key")
CANCEL = Message(context_id=7, command=command(None, 2))
ENDED = Message(context_id=7, command=command(Service.C_FIND, 2, status=0xFE00))


def found(number: int) -> Message:
    return Message(
        context_id=7,
        command=command(Service.C_FIND, 2, status=0xFF00, has_dataset=True),
        content=f"entry {number}".encode(),
    )


def store(number: int, content: bytes = b"an image") -> Message:
    asked = command(Service.C_STORE, number, sop_class=CT, sop_instance=f"1.2.{number}", has_dataset=True)
    return Message(context_id=3, command=asked, content=content)


def stored(number: int, status: int = 0) -> Message:
    return Message(context_id=3, command=command(Service.C_STORE, number, status=status))


@dataclass
class Line:
    """A tap with its record, and a clock of which each piece takes some time to pass."""

    recorder: TranscriptRecorder
    tap: DimseTap
    folder: Path
    now: float = BASE

    def say(self, side: Side, data_: bytes | Message, *, arrives: bool = True) -> None:
        """Something passes from a side: in at one second, out at the next."""
        stream = sent(data_) if isinstance(data_, Message) else data_
        self.now += 2
        self.tap.passed(side, stream, self.now, self.now + 1 if arrives else None)

    def opened(self, *more: bytes, results: Sequence[int] = (0, 0, 0, 0)) -> Line:
        """With an association."""
        self.say(A, request(CONTEXTS, *more, version=b"SENDER"))
        self.say(B, acceptance(dict(zip(CONTEXTS, results, strict=True)), version=b"RECEIVER"))
        return self

    def end(self, first: Side = A, how: How = How.CLOSED, other: How = How.CLOSED) -> None:
        """Both streams end."""
        self.now += 1
        self.tap.ended(first, Ending(how, "closed by the peer", self.now))
        self.tap.ended(first.other, Ending(other, "closed by the peer", self.now + 1))

    def release(self) -> None:
        """In order."""
        self.say(A, RELEASE_RQ)
        self.say(B, RELEASE_RP)
        self.end()

    @property
    def transcript(self) -> Transcript:
        return self.recorder.transcript()

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        return self.transcript.exchanges

    def events(self, *kinds: EventKind) -> list[Event]:
        return [event for event in self.transcript.events if event.kind in kinds]


ENDS = (EventKind.LINK_CLOSED, EventKind.LINK_LOST)


def made(folder: Path, writer: EvidenceWriter | None) -> Line:
    recorder = TranscriptRecorder(FixedClock(datetime(2026, 1, 1)), writer)
    hop = Hop(
        name="images",
        kind=LinkKind.DIMSE,
        accepts=HopSide(player=PlayerName("CT"), host="127.0.0.1", port=11112),
        leads_to=HopSide(player=PlayerName("PACS"), host="192.0.2.7", port=104),
    )
    crossing = Crossing(
        hop=hop,
        accepted=Wire(
            local=SocketAddress("127.0.0.1", 11112), peer=SocketAddress("127.0.0.1", 40001), at=BASE,
            facts={"tls": "TLSv1.3"},
        ),
        opened=Wire(local=SocketAddress("192.0.2.1", 40002), peer=SocketAddress("192.0.2.7", 104), at=BASE + 1),
        recorder=recorder,
    )  # fmt: skip
    return Line(recorder, DimseTap(crossing), folder)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    writer = EvidenceWriter(tmp_path / "out")
    yield made(tmp_path / "out", writer)
    writer.seal()


# the association


def test_both_links_are_recorded_with_what_each_system_was_told(line: Line) -> None:
    line.opened()
    accepted, opened = line.transcript.links
    assert (accepted.hop, accepted.ours, accepted.relays, accepted.time) == ("images", False, None, BASE)
    assert (opened.hop, opened.ours, opened.relays, opened.time) == ("images", True, accepted.id, BASE + 1)
    assert accepted.facts["tls"] == "TLSv1.3"
    for link in (accepted, opened):
        assert (link.facts["calling_ae"], link.facts["called_ae"]) == (CALLING, CALLED)
        assert link.facts["accepted_contexts"].startswith("Verification=ExplicitVRLittleEndian; CTImageStorage=")
    assert accepted.facts["implementation_version_name"] == opened.facts["our_implementation_version_name"] == "SENDER"
    assert (
        opened.facts["implementation_version_name"] == accepted.facts["our_implementation_version_name"] == ("RECEIVER")
    )


def test_nothing_is_recorded_before_the_answer(line: Line) -> None:
    line.say(A, request(CONTEXTS))
    assert line.transcript.links == ()


def told(line: Line) -> list[tuple[Side, EventKind, str, str]]:
    """How both links ended, in order: side, kind, text, and by whom."""
    sides = {None: B, **{link.id: A if link.relays is None else B for link in line.transcript.links}}
    return [(sides[event.link], event.kind, event.text, event.facts["ended_by"]) for event in line.events(*ENDS)]


def test_a_release(line: Line) -> None:
    line.opened().release()
    assert told(line) == [
        (A, EventKind.LINK_CLOSED, "released by CT", "peer"),
        (B, EventKind.LINK_CLOSED, "closed by us: released by CT", "relay"),
    ]
    assert line.events(EventKind.NOISE) == []


def test_a_release_that_the_acceptor_asks_for(line: Line) -> None:
    line.opened().say(B, RELEASE_RQ)
    line.say(A, RELEASE_RP)
    line.end(B)
    assert told(line) == [
        (B, EventKind.LINK_CLOSED, "released by PACS", "peer"),
        (A, EventKind.LINK_CLOSED, "closed by us: released by PACS", "relay"),
    ]


def test_a_release_that_both_ask_for(line: Line) -> None:
    line.opened()
    for side, stream in ((A, RELEASE_RQ), (B, RELEASE_RQ), (A, RELEASE_RP), (B, RELEASE_RP)):
        line.say(side, stream)
    line.end()
    assert [event.kind for event in line.events(*ENDS)] == [EventKind.LINK_CLOSED] * 2
    assert line.events(EventKind.NOISE) == []


def test_an_abort_is_told_on_both_links_with_who_did_it(line: Line) -> None:
    line.opened().say(A, FIND)
    line.say(B, abort(2, 6))
    line.say(A, CANCEL)
    line.end(B)
    assert told(line) == [
        (B, EventKind.LINK_LOST, "aborted by PACS (service provider, reason 6)", "peer"),
        (A, EventKind.LINK_CLOSED, "closed by us: aborted by PACS (service provider, reason 6)", "relay"),
    ]
    assert line.events(EventKind.NOISE) == []


def test_a_rejection(line: Line) -> None:
    line.say(A, request(CONTEXTS))
    line.say(B, rejection())
    line.end()
    accepted, opened = line.transcript.links
    (rejected,) = line.events(EventKind.REJECTED)
    assert rejected.text == (
        "rejected-permanent, service-user: called-AE-title-not-recognized (MODALITY called ARCHIVE)"
    )
    assert (rejected.link, rejected.time) == (opened.id, BASE + 4)
    assert rejected.facts == {
        "hop": "images", "calling_ae": CALLING, "called_ae": CALLED, "peer": "192.0.2.7:104"
    }  # fmt: skip
    assert accepted.facts["accepted_contexts"] == ""
    assert told(line) == [
        (A, EventKind.LINK_CLOSED, "closed by us: rejected by PACS", "relay"),
        (B, EventKind.LINK_CLOSED, "rejected by PACS", "peer"),
    ]


def test_classes_of_which_no_context_was_accepted(line: Line) -> None:
    line.opened(results=(0, 3, 4, 0))
    refused = line.events(EventKind.CONTEXT_REFUSED)
    assert [event.facts for event in refused] == [
        {"hop": "images", "sop_class": CT, "reason": "abstract syntax not supported"},
        {"hop": "images", "sop_class": COMMITMENT, "reason": "transfer syntaxes not supported"},
    ]
    assert {event.link for event in refused} == {line.transcript.links[1].id}


OPEN = "on an open association"


@pytest.mark.parametrize(
    ("first", "how", "other", "expected"),
    [
        (
            A,
            How.CLOSED,
            How.CLOSED,
            [
                (A, EventKind.LINK_LOST, f"CT {OPEN}: closed by the peer", "peer"),
                (B, EventKind.LINK_CLOSED, f"closed by us: CT {OPEN}: closed by the peer", "relay"),
            ],
        ),
        (
            B,
            How.LOST,
            How.CUT,
            [
                (B, EventKind.LINK_LOST, f"PACS {OPEN}: closed by the peer", "peer"),
                (A, EventKind.LINK_CLOSED, f"closed by us: PACS {OPEN}: closed by the peer", "relay"),
            ],
        ),
        (
            A,
            How.CUT,
            How.CUT,
            [(side, EventKind.LINK_CLOSED, "closed by us: closed by the peer", "relay") for side in (A, B)],
        ),
    ],
)
def test_ends_without_a_release(
    line: Line, first: Side, how: How, other: How, expected: list[tuple[Side, EventKind, str, str]]
) -> None:
    line.opened().end(first, how, other)
    assert told(line) == expected


@pytest.mark.parametrize(
    ("ends", "silent"),
    [
        (lambda line: line.say(B, abort()), True),
        (lambda line: line.say(A, abort()), False),
        (lambda line: line.end(B, How.LOST, How.CUT), True),
        (lambda line: line.end(A, How.LOST, How.CUT), False),
        (lambda line: line.end(A, How.CUT, How.CUT), False),
        (lambda line: (line.say(B, RELEASE_RQ), line.say(A, RELEASE_RP)), True),
        (lambda line: (line.say(A, RELEASE_RQ), line.say(B, RELEASE_RP)), False),
    ],
)
def test_a_response_is_missing_only_where_its_sender_ended_the_association(
    line: Line, ends: Callable[[Line], object], silent: bool
) -> None:
    line.opened().say(A, ECHO)
    line.say(B, ECHOED)
    line.say(A, store(7))
    ends(line)
    if not line.events(*ENDS):
        line.end()
    missing = line.events(EventKind.NO_RESPONSE)
    assert [event.link for event in missing] == ([line.transcript.links[0].id] if silent else [])
    assert all(event.text.startswith("no C-STORE response: ") for event in missing)


def test_what_was_asked_after_the_end_awaits_nothing(line: Line) -> None:
    line.opened().say(A, store(1), arrives=False)
    line.say(B, abort())
    line.say(A, store(2))
    line.end(B)
    assert line.events(EventKind.NO_RESPONSE) == []


def test_a_mere_test_of_the_port(line: Line) -> None:
    line.end()
    assert len(line.transcript.links) == 2
    assert [event.kind for event in line.events(*ENDS)] == [EventKind.LINK_CLOSED] * 2
    assert line.events(*ENDS)[0].text == "CT: closed by the peer before any association request"


def test_an_association_request_that_nobody_answers(line: Line) -> None:
    line.say(A, request(CONTEXTS))
    line.end()
    assert line.transcript.links[0].facts["calling_ae"] == CALLING
    assert line.events(*ENDS)[0].kind is EventKind.LINK_LOST


def test_the_kind_of_a_user_identity_is_recorded_and_nothing_else_of_it(line: Line) -> None:
    identity = item(0x58, b"\2\1\0\x08somebody\0\x0bopen-sesame")
    line.opened(identity).release()
    accepted, opened = line.transcript.links
    assert accepted.facts["user_identity"] == opened.facts["our_user_identity"] == "username and passcode"
    assert "user_identity" not in opened.facts
    for file in line.folder.rglob("*"):
        assert not file.is_file() or b"sesame" not in file.read_bytes()


# messages


def test_a_message_is_recorded_as_it_came_and_as_it_went_out(line: Line) -> None:
    line.opened().say(A, store(9))
    line.say(B, stored(9))
    accepted, opened = line.transcript.links
    (exchange,) = line.exchanges
    assert exchange.link == accepted
    assert [(one.link, one.half, one.direction, one.time - BASE) for one in line.transcript.captures] == [
        (accepted.id, Half.REQUEST, Direction.RECEIVED, 6.0),
        (opened.id, Half.REQUEST, Direction.SENT, 7.0),
        (opened.id, Half.RESPONSE, Direction.RECEIVED, 8.0),
        (accepted.id, Half.RESPONSE, Direction.SENT, 9.0),
    ]
    assert len({one.exchange for one in line.transcript.captures}) == 1
    first, second = line.transcript.captures[:2]
    assert first.payload == second.payload
    assert first.payload is not None
    assert line.recorder.read(first.payload) == wrap_payload(b"an image", EXPLICIT, CT, "1.2.9")
    assert is_complete(exchange)


def test_a_command_is_recorded_with_its_elements_and_its_transfer_syntax(line: Line) -> None:
    move = replace_fields(store(4), {"MoveOriginatorMessageID": "12", "MoveOriginatorApplicationEntityTitle": "WS"})
    line.opened().say(A, move)
    recorded = line.exchanges[0].request.command
    assert recorded is not None
    assert (recorded.service, recorded.message_id, recorded.transfer_syntax) == (Service.C_STORE, 4, EXPLICIT)
    assert recorded.fields["MoveOriginatorMessageID"] == "12"


def replace_fields(message: Message, fields: dict[str, str]) -> Message:
    asked = message.command
    return Message(
        context_id=message.context_id,
        command=command(
            asked.service, asked.message_id, sop_class=asked.sop_class, sop_instance=asked.sop_instance,
            has_dataset=True, fields=fields,
        ),
        content=message.content,
    )  # fmt: skip


def test_several_responses_and_a_cancel(line: Line) -> None:
    line.opened().say(A, FIND)
    for number in (1, 2):
        line.say(B, found(number))
    line.say(A, CANCEL)
    line.say(B, ENDED)
    query, cancel = line.exchanges
    statuses = [one.command.status for one in query.responses if one.command]
    assert statuses == [0xFF00, 0xFF00, 0xFE00]
    assert cancel.request.command is not None
    assert (cancel.request.command.service, cancel.request.command.sop_class) == (Service.C_CANCEL, WORKLIST)
    assert cancel.responses == ()


def test_a_report_on_the_same_association_is_a_request_of_the_responder(line: Line) -> None:
    report = Message(
        context_id=5,
        command=command(Service.N_EVENT_REPORT, 1, sop_class=COMMITMENT, sop_instance="1.2", has_dataset=True,
                        fields={"EventTypeID": "1"}),
        content=b"results",
    )  # fmt: skip
    taken = Message(context_id=5, command=command(Service.N_EVENT_REPORT, 1, status=0))
    action = Message(
        context_id=5,
        command=command(Service.N_ACTION, 1, sop_class=COMMITMENT, sop_instance="1.2", has_dataset=True,
                        fields={"ActionTypeID": "1"}),
        content=b"instances",
    )  # fmt: skip
    acted = Message(context_id=5, command=command(Service.N_ACTION, 1, status=0))
    line.opened(role(COMMITMENT, 1, 1)).say(A, action)
    line.say(B, report)
    line.say(A, taken)
    line.say(B, acted)
    accepted, opened = line.transcript.links
    asked, reported = line.exchanges
    assert (asked.link, reported.link) == (accepted, opened)
    assert asked.final is not None
    assert reported.final is not None
    assert (asked.final.link, reported.final.link) == (opened.id, accepted.id)
    assert accepted.facts["scp_roles"] == "StorageCommitmentPushModel"


def test_operations_that_overlap_are_told_apart(line: Line) -> None:
    line.opened()
    for number in (1, 2, 3):
        line.say(A, store(number))
    for number in (2, 3, 1):
        line.say(B, stored(number, status=number))
    assert [one.final.command.status for one in line.exchanges if one.final and one.final.command] == [1, 2, 3]


def test_a_large_data_set_goes_to_disk_and_becomes_evidence(line: Line) -> None:
    content = bytes(range(256)) * (IN_MEMORY // 256 + 1)
    line.opened().say(A, store(1, content))
    (exchange,) = line.exchanges
    payload = exchange.request.payload
    assert payload is not None
    kept = (line.folder / "evidence" / "payload" / payload.file_name).read_bytes()
    assert kept == wrap_payload(content, EXPLICIT, CT, "1.2.1")
    assert hashlib.sha256(kept).hexdigest() == payload.sha256
    assert list((line.folder / "receiving").iterdir()) == []


def test_a_large_answer_goes_to_disk_under_the_names_of_its_request(line: Line) -> None:
    content = b"entry" * IN_MEMORY
    line.opened().say(A, FIND)
    line.say(B, Message(context_id=7, command=found(1).command, content=content))
    payload = line.exchanges[0].responses[0].payload
    assert payload is not None
    assert line.recorder.read(payload) == wrap_payload(content, EXPLICIT, WORKLIST, "")


def test_what_never_reached_the_other_side_is_recorded_as_received_alone(line: Line) -> None:
    line.opened().say(A, store(1), arrives=False)
    assert [one.direction for one in line.transcript.captures] == [Direction.RECEIVED]


def test_a_transfer_that_was_broken_off(line: Line) -> None:
    content = bytes(3 * IN_MEMORY)
    stream = sent(store(1, content))
    line.opened().say(A, stream[: len(stream) // 2])
    assert len(list((line.folder / "receiving").iterdir())) == 1
    line.say(B, abort())
    line.end(B, How.CLOSED, How.LOST)
    assert line.exchanges == ()
    texts = {side: text for side, _, text, _ in told(line)}
    assert "; CT had not finished a C-STORE request with 15" in texts[A]
    assert "finished" not in texts[B]
    assert list((line.folder / "receiving").iterdir()) == []


# what cannot be read


def unread(line: Line) -> list[tuple[str, str]]:
    return [(event.text, event.facts[UNREAD]) for event in line.events(EventKind.NOISE)]


def test_bytes_that_are_not_dicom(line: Line) -> None:
    line.say(A, b"GET / HTTP/1.1\r\n\r\n")
    line.say(B, b"HTTP/1.1 400 Bad Request\r\n\r\n")
    line.end(B)
    accepted, opened = line.transcript.links
    assert [(event.link, event.facts["peer"]) for event in line.events(EventKind.NOISE)] == [
        (accepted.id, "127.0.0.1:40001"),
        (opened.id, "192.0.2.7:104"),
    ]
    assert unread(line) == [
        ("bytes that begin no PDU, at byte 0: 47 45 54 20 2f 20; this is no DICOM", "this"),
        ("bytes that begin no PDU, at byte 0: 48 54 54 50 2f 31; this is no DICOM", "this"),
    ]
    assert [event.kind for event in line.events(*ENDS)] == [EventKind.LINK_CLOSED] * 2


def test_tls_that_the_relay_is_no_part_of(line: Line) -> None:
    line.say(A, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    line.say(B, b"\x16\x03\x03\x00\x7a\x02")
    line.end()
    text = "TLS on a connection that is relayed in the clear; all that follows passes unread"
    assert unread(line) == [(text, "all that follows")] * 2


def test_a_stream_that_breaks_is_no_longer_read_and_the_other_one_is(line: Line) -> None:
    line.opened().say(A, b"\xff" * 100)
    line.say(A, ECHO)
    line.say(B, abort(2, 1))
    line.end(B)
    assert line.exchanges == ()
    assert line.events(EventKind.LINK_LOST)[0].text.startswith("aborted by PACS (service provider, reason 1)")


def test_an_opening_that_cannot_be_read_is_told_without_quoting_it(line: Line) -> None:
    line.say(A, associate(1, item(0x50, b"open-sesame")))  # type: ignore[arg-type]
    line.say(B, acceptance({1: 0}))
    line.say(A, ECHO)
    line.end()
    ((text, how),) = unread(line)
    assert text.startswith("an A-ASSOCIATE-RQ that cannot be read")
    assert how == "all that follows"
    assert "sesame" not in text
    assert b"sesame".hex(" ") not in text
    assert line.exchanges == ()


@pytest.mark.parametrize(
    ("side", "said", "text"),
    [
        (A, data((9, b"\3")), "command set of 0 bytes"),
        (A, sent(Message(context_id=9, command=ECHO.command)), "a C-ECHO request on context 9, which was not accepted"),
        (B, sent(ECHOED), "a C-ECHO response to message 1, which awaits none"),
        (A, data((1, b"\3no command")), "command set of 10 bytes"),
        (B, acceptance({1: 0}), "an A-ASSOCIATE-AC on an open association"),
        (B, RELEASE_RP, "an A-RELEASE-RP on an open association"),
    ],
)
def test_what_makes_no_sense_is_told_and_reading_goes_on(line: Line, side: Side, said: bytes, text: str) -> None:
    line.opened().say(side, said)
    line.say(A, ECHO)
    line.say(B, ECHOED)
    line.release()
    assert len(unread(line)) == 1
    assert text in unread(line)[0][0]
    assert unread(line)[0][1] == "this"
    assert [is_complete(exchange) for exchange in line.exchanges] == [True]
    assert [event.kind for event in line.events(*ENDS)] == [EventKind.LINK_CLOSED] * 2


def test_the_same_fault_is_told_once_and_many_are_the_end_of_reading(line: Line) -> None:
    line.opened()
    for _ in range(50):
        line.say(B, ECHOED)
    assert len(unread(line)) == 1
    for number in range(2, 50):
        line.say(B, Message(context_id=1, command=command(Service.C_ECHO, number, status=0)))
    assert len(unread(line)) == MOST_FAULTS
    assert unread(line)[-1][1] == "all that follows"
    line.say(A, ECHO)
    assert line.exchanges == ()


def test_data_before_the_association_was_accepted(line: Line) -> None:
    line.say(A, request(CONTEXTS) + sent(ECHO))
    line.say(B, acceptance(dict.fromkeys(CONTEXTS, 0)))
    line.say(A, ECHO)
    assert unread(line)[0][0] == "a P-DATA-TF before the association request was answered"
    assert len(line.exchanges) == 1


def test_when_much_is_held_data_sets_go_to_disk_at_once(line: Line) -> None:
    held = Held(HELD_LIMIT // 2)
    line.tap = DimseTap(line.tap._crossing, held)
    content = b"an image" * 100
    stream = sent(store(1, content), 200)
    line.opened().say(A, stream[: len(stream) // 2])
    assert len(list((line.folder / "receiving").iterdir())) == 1
    assert held.size - HELD_LIMIT // 2 < 200
    line.say(A, stream[len(stream) // 2 :])
    payload = line.exchanges[0].request.payload
    assert payload is not None
    assert line.recorder.read(payload) == wrap_payload(content, EXPLICIT, CT, "1.2.1")
    assert list((line.folder / "receiving").iterdir()) == []
    line.release()
    assert held.size == HELD_LIMIT // 2


def test_what_is_held_is_bounded(line: Line) -> None:
    held = Held(HELD_LIMIT - 100)
    line.tap = DimseTap(line.tap._crossing, held)
    line.say(A, request({1: VERIFICATION, 3: CT})[:150])
    line.end()
    assert unread(line) == [
        ("more than 256 MB of unfinished messages are held; all that follows passes unread", "all that follows")
    ]
    assert held.size == HELD_LIMIT - 100


SAYINGS = st.one_of(
    st.binary(max_size=50),
    st.builds(pdu, st.integers(0, 8), st.binary(max_size=60)),
    st.sampled_from(
        [
            request(CONTEXTS),
            acceptance(dict.fromkeys(CONTEXTS, 0)),
            rejection(),
            RELEASE_RQ,
            RELEASE_RP,
            abort(),
            *(sent(one) for one in (ECHO, ECHOED, FIND, CANCEL, ENDED, found(1), store(1), stored(1))),
        ]
    ),
)


@given(said=st.lists(st.tuples(st.sampled_from(Side), SAYINGS, st.booleans()), max_size=20))
def test_nothing_that_passes_is_a_fault_of_ours(said: Iterable[tuple[Side, bytes, bool]]) -> None:
    line = made(Path("nowhere"), None)
    for side, stream, arrives in said:
        line.say(side, stream, arrives=arrives)
    line.end(B, How.LOST, How.CUT)
    transcript = line.transcript
    assert len(transcript.links) == 2
    assert line.tap._held.size == 0
    assert len(line.events(EventKind.NOISE)) <= MOST_FAULTS + 2
    assert len(line.events(*ENDS)) == 2
    received = [one for one in transcript.captures if one.direction is Direction.RECEIVED]
    assert len(transcript.captures) <= 2 * len(received)


TALK: tuple[tuple[Side, bytes], ...] = (
    (A, request(CONTEXTS, role(COMMITMENT, 1, 1))),
    (B, acceptance(dict.fromkeys(CONTEXTS, 0))),
    (A, sent(ECHO) + sent(store(5), 60)),
    (B, sent(ECHOED) + sent(stored(5))),
    (A, sent(FIND) + sent(CANCEL)),
    (B, sent(found(1), 40) + sent(ENDED)),
    (A, RELEASE_RQ),
    (B, RELEASE_RP),
)
CHANGES = st.tuples(st.integers(0, 400), st.sampled_from(("put", "add", "take")), st.binary(min_size=1, max_size=6))


def changed(stream: bytes, changes: Iterable[tuple[int, str, bytes]]) -> bytes:
    """The stream with bytes replaced, added or taken away at some places."""
    for where, how, what in changes:
        place = where % (len(stream) + 1)
        behind = place if how == "add" else place + len(what)
        stream = stream[:place] + (b"" if how == "take" else what) + stream[behind:]
    return stream


@given(st.lists(st.lists(CHANGES, max_size=2), min_size=len(TALK), max_size=len(TALK)))
def test_a_conversation_that_was_tampered_with_is_recorded_as_far_as_it_can_be_read(
    changes: list[list[tuple[int, str, bytes]]],
) -> None:
    line = made(Path("nowhere"), None)
    for (side, stream), own in zip(TALK, changes, strict=True):
        line.say(side, changed(stream, own))
    line.end()
    assert line.tap._held.size == 0
    assert len(line.events(*ENDS)) == 2
    if not any(changes):
        assert len(line.exchanges) == 4
        assert unread(line) == []


@given(st.lists(st.integers(1, 60), min_size=1, max_size=40))
def test_what_is_recorded_does_not_depend_on_how_it_came(sizes: list[int]) -> None:
    whole, pieces = made(Path("nowhere"), None), made(Path("nowhere"), None)
    for number, (side, stream) in enumerate(TALK):
        whole.say(side, stream)
        size = sizes[number % len(sizes)]
        for start in range(0, len(stream), size):
            pieces.say(side, stream[start : start + size])
    whole.end()
    pieces.end()

    def recorded(line: Line) -> list[object]:
        return [(one.link, one.exchange, one.half, one.payload, one.command) for one in line.transcript.captures]

    assert recorded(pieces) == recorded(whole)
    assert [one.text for one in pieces.transcript.events] == [one.text for one in whole.transcript.events]
