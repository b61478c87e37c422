"""The tap of a DICOM hop, fed with what makes no sense, with what was tampered with, and with anything at all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.dicom.encoding import wrap_payload
from harness.engine.reading import is_complete
from harness.model.hop import UNREAD
from harness.model.profile import Service
from harness.model.transcript import Direction, EventKind
from harness.transports.dimse.assembly import Message
from harness.transports.relay.dimse import MOST_FAULTS, DimseTap
from harness.transports.relay.held import HELD_LIMIT, Held
from harness.transports.relay.tap import How, Side
from tests.unit.transports.relay.associations import (
    COMMITMENT,
    CT,
    EXPLICIT,
    RELEASE_RP,
    RELEASE_RQ,
    VERIFICATION,
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
from tests.unit.transports.relay.lines import (
    CANCEL,
    CONTEXTS,
    ECHO,
    ECHOED,
    ENDED,
    ENDS,
    FIND,
    A,
    B,
    Line,
    command,
    found,
    made,
    store,
    stored,
)


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
