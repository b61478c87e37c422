"""Messages out of the bytes of both directions: paired, recorded on both sides, and left alone when they are none."""

from __future__ import annotations

import pytest

from harness.engine.recording import TranscriptRecorder
from harness.model.names import LinkId
from harness.model.transcript import Capture, Direction, EventKind, Exchange, Half
from harness.transports.mllp import wrap
from harness.transports.relay import Ending, How, Side
from harness.transports.relay.mllp import Held, MllpTap
from tests.unit.transports.relay.crossings import crossing

A, O = Side.ACCEPTED, Side.OPENED  # noqa: E741


def message(control_id: str, kind: str = "ADT^A04", *more: str) -> bytes:
    return "\r".join((f"MSH|^~\\&|RIS|H|PACS|H|20260101||{kind}|{control_id}|P|2.5.1", *more, "")).encode()


def answer(control_id: str, code: str = "AA", number: str = "1") -> bytes:
    return message(f"ACK{number}", "ACK", f"MSA|{code}|{control_id}")


class Said:
    """A tap, told what passes, at times that count up by a second."""

    def __init__(self, held: Held | None = None, limit: int = 1 << 20) -> None:
        self.crossing, self.recorder = crossing()
        self.tap = MllpTap(self.crossing, held, limit)
        self.time = 100.0

    def raw(self, side: Side, data: bytes, sent: bool = True) -> Said:
        self.time += 1
        self.tap.passed(side, data, self.time, self.time + 0.25 if sent else None)
        return self

    def say(self, side: Side, *messages: bytes) -> Said:
        return self.raw(side, b"".join(map(wrap, messages)))

    def end(self, first: Side = A, how: How = How.CLOSED, then: How = How.CLOSED) -> Said:
        for side, one in ((first, how), (first.other, then)):
            self.time += 1
            self.tap.ended(side, Ending(one, f"{one.value}", self.time))
        return self

    @property
    def exchanges(self) -> list[Exchange]:
        return self.recorder.exchanges()

    @property
    def captures(self) -> tuple[Capture, ...]:
        return self.recorder.transcript().captures

    def pairs(self) -> list[tuple[bytes, list[bytes]]]:
        return [
            (self.content(one.request), [self.content(response) for response in one.responses])
            for one in self.exchanges
        ]

    def content(self, capture: Capture) -> bytes:
        assert capture.payload is not None
        content = self.recorder.read(capture.payload)
        assert isinstance(content, bytes)
        return content

    def texts(self, *kinds: EventKind) -> list[str]:
        return [event.text for event in self.recorder.events() if event.kind in kinds]


def links(recorder: TranscriptRecorder) -> tuple[LinkId, LinkId]:
    accepted, opened = recorder.transcript().links
    return accepted.id, opened.id


def test_a_message_and_its_answer_are_recorded_on_both_links_under_one_number() -> None:
    said = Said().say(A, message("1")).say(O, answer("1"))
    accepted, opened = links(said.recorder)
    assert [(one.exchange, one.half, one.direction, one.link, one.time) for one in said.captures] == [
        (1, Half.REQUEST, Direction.RECEIVED, accepted, 101.0),
        (1, Half.REQUEST, Direction.SENT, opened, 101.25),
        (1, Half.RESPONSE, Direction.RECEIVED, opened, 102.0),
        (1, Half.RESPONSE, Direction.SENT, accepted, 102.25),
    ]
    assert said.pairs() == [(message("1"), [answer("1")])]
    assert said.exchanges[0].link.id == accepted
    assert said.texts(*EventKind) == []


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_it_does_not_matter_how_the_bytes_come(size: int) -> None:
    said = Said()
    stream = wrap(message("1")) + wrap(message("2"))
    for start in range(0, len(stream), size):
        said.raw(A, stream[start : start + size])
    said.say(O, answer("1"), answer("2"))
    assert said.pairs() == [(message("1"), [answer("1")]), (message("2"), [answer("2")])]


def test_what_never_reached_the_receiver_is_recorded_as_received_alone() -> None:
    said = Said().raw(A, wrap(message("1")), sent=False)
    assert [(one.direction, one.half) for one in said.captures] == [(Direction.RECEIVED, Half.REQUEST)]


def test_answers_that_come_in_another_order_go_to_their_requests() -> None:
    said = Said().say(A, message("1"), message("2")).say(O, answer("2"), answer("1"))
    assert said.pairs() == [(message("1"), [answer("1")]), (message("2"), [answer("2")])]


@pytest.mark.parametrize(
    "wrong", [answer("other"), message("9", "ACK"), b"not HL7 at all", b""], ids=["MSA-2", "no MSA", "no HL7", "empty"]
)
def test_whatever_the_receiver_says_is_its_answer(wrong: bytes) -> None:
    """That it is a wrong one is for the checks to find."""
    said = Said().say(A, message("1")).say(O, wrong)
    assert said.pairs() == [(message("1"), [wrong])]


def test_a_second_answer_belongs_to_the_same_message_and_is_told() -> None:
    said = Said().say(A, message("1")).say(O, answer("1", "CA")).say(O, answer("1", "AA", "2"))
    assert said.pairs() == [(message("1"), [answer("1", "CA"), answer("1", "AA", "2")])]
    assert said.texts(EventKind.NOISE) == [f"a further answer to one message: {len(answer('1', 'AA', '2'))} bytes"]


def test_a_message_with_msa_on_a_connection_of_its_own_is_a_request() -> None:
    """An application acknowledgement of the enhanced mode comes back so."""
    said = Said().say(A, answer("1")).say(O, answer("ACK1", "CA"))
    assert said.pairs() == [(answer("1"), [answer("ACK1", "CA")])]


def test_the_receiver_may_send_messages_of_its_own() -> None:
    said = Said().say(O, message("7")).say(A, answer("7"))
    accepted, opened = links(said.recorder)
    assert said.pairs() == [(message("7"), [answer("7")])]
    assert (said.exchanges[0].link.id, said.exchanges[0].link.relays) == (opened, accepted)


def test_the_sender_may_go_on_before_it_answers_a_message_of_the_receiver() -> None:
    said = Said().say(O, message("7")).say(A, message("1")).say(A, answer("7")).say(O, answer("1"))
    assert said.pairs() == [(message("7"), [answer("7")]), (message("1"), [answer("1")])]


def test_control_ids_are_read_whatever_separates_fields() -> None:
    odd = b"MSH#^~\\&#A#B#C#D#20260101##ADT^A04#one#P#2.5.1\r"
    other = odd.replace(b"#one#", b"#two#")
    back = b"MSH#^~\\&#C#D#A#B#20260101##ACK#9#P#2.5.1\rMSA#AA#two\r"
    said = Said().say(A, odd, other).say(O, back)
    assert [len(one.responses) for one in said.exchanges] == [0, 1]


def test_line_feeds_between_segments_hide_no_acknowledgement() -> None:
    said = Said().say(A, message("1"), message("2")).say(O, answer("2").replace(b"\r", b"\n"))
    assert [len(one.responses) for one in said.exchanges] == [0, 1]


# what is no message


def test_bytes_outside_a_block_are_told_and_the_next_message_is_read() -> None:
    said = Said().raw(A, b"hello?").say(A, message("1"))
    assert said.texts(EventKind.NOISE) == ["bytes outside a block: 6 bytes at offset 0, first 68 65 6c 6c 6f 3f"]
    assert len(said.exchanges) == 1


def test_a_message_that_is_too_long_is_told_and_not_kept() -> None:
    said = Said(limit=100).say(A, bytes(1000)).say(A, b"short")
    assert said.texts(EventKind.NOISE)[0].startswith("message longer than the limit: 1002 bytes")
    assert [said.content(one.request) for one in said.exchanges] == [b"short"]


def test_too_much_noise_is_read_no_more() -> None:
    said = Said()
    for _ in range(300):
        said.raw(A, b"x\x0b")
    noises = said.texts(EventKind.NOISE)
    assert len(noises) == 101
    assert noises[-1] == "more than 100 pieces of noise: what follows passes, and is not read"
    said.say(A, message("1")).say(O, message("2"))
    assert said.pairs() == [(message("2"), [])]


@pytest.mark.parametrize("side", Side)
def test_tls_that_passes_is_told_and_not_read(side: Side) -> None:
    said = Said().raw(side, b"\x16\x03\x01" + bytes(500)).raw(side, wrap(message("1"))).end()
    (text,) = said.texts(EventKind.NOISE)
    assert text == "TLS is spoken through the relay, which then cannot read what passes"
    assert said.exchanges == []
    assert len(said.texts(EventKind.LINK_CLOSED)) == 2


def test_what_all_taps_hold_together_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.transports.relay.mllp.HELD_LIMIT", 10_000)
    held = Held()
    taps = [Said(held) for _ in range(4)]
    for said in taps:
        said.raw(A, b"\x0b" + bytes(3000))
    assert held.size == 9000
    assert [len(said.texts(EventKind.NOISE)) for said in taps] == [0, 0, 0, 1]
    for said in taps:
        said.end()
    assert held.size == 0


def test_what_a_tap_holds_is_let_go_of_with_the_message() -> None:
    held = Held()
    said = Said(held).raw(A, b"\x0b" + message("1"))
    assert held.size == len(message("1"))
    said.raw(A, b"\x1c\r")
    assert held.size == 0


def test_requests_without_an_answer_are_kept_up_to_a_bound() -> None:
    said = Said().say(A, *(message(str(number)) for number in range(1100))).say(O, answer("1099"))
    assert len(said.exchanges) == 1100
    assert len(said.exchanges[-1].responses) == 1


# ends


def test_both_links_end() -> None:
    said = Said().say(A, message("1")).say(O, answer("1")).end()
    accepted, opened = links(said.recorder)
    ends = [event for event in said.recorder.events() if event.kind is EventKind.LINK_CLOSED]
    assert [(event.link, event.time) for event in ends] == [(accepted, 103.0), (opened, 104.0)]
    assert said.texts(EventKind.NO_RESPONSE) == []


def test_an_unfinished_message_is_told_when_its_sender_ends() -> None:
    said = Said().raw(A, b"\x0bMSH|").end()
    assert said.texts(EventKind.NOISE) == ["block without end (0x1C): 5 bytes at offset 0, first 0b 4d 53 48 7c"]


@pytest.mark.parametrize(("how", "then"), [(How.CLOSED, How.CLOSED), (How.LOST, How.CUT)])
def test_a_receiver_that_ends_before_it_answers_has_given_none(how: How, then: How) -> None:
    said = Said().say(A, message("1"), message("2")).say(O, answer("1")).end(O, how, then)
    accepted, _ = links(said.recorder)
    (event,) = [event for event in said.recorder.events() if event.kind is EventKind.NO_RESPONSE]
    assert (event.link, event.text) == (accepted, f"no answer: {how.value}")


@pytest.mark.parametrize(
    ("first", "how", "then"),
    [(A, How.CLOSED, How.CLOSED), (A, How.LOST, How.CUT), (A, How.CUT, How.CUT), (O, How.CUT, How.CUT)],
    ids=["its sender ended first", "its sender was lost", "the relay stopped", "the relay stopped, too"],
)
def test_an_answer_that_nobody_waited_for_is_not_missing(first: Side, how: How, then: How) -> None:
    said = Said().say(A, message("1")).end(first, how, then)
    assert said.texts(EventKind.NO_RESPONSE) == []
    assert len(said.exchanges) == 1


def test_a_connection_on_which_nothing_was_said_is_recorded() -> None:
    said = Said().end()
    assert len(said.recorder.transcript().links) == 2
    assert len(said.texts(EventKind.LINK_CLOSED)) == 2
