"""The framer: input whole, byte by byte and with a tail; then any bytes at all, split anyhow."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.transports.mllp import MESSAGE_LIMIT, Frame, Framer, Noise, NoiseKind, wrap

A = b"MSH|^~\\&|A\rPID|1\r"
B = b"MSH|^~\\&|B\r"
OUTSIDE, UNFINISHED = NoiseKind.OUTSIDE, NoiseKind.UNFINISHED
NO_CR, OVERSIZE = NoiseKind.NO_CARRIAGE_RETURN, NoiseKind.OVERSIZE

CASES = {
    "nothing": (b"", []),
    "one block": (wrap(A), [A]),
    "empty message": (wrap(b""), [b""]),
    "two blocks in one write": (wrap(A) + wrap(B), [A, B]),
    "CR LF between blocks": (b"\r\n" + wrap(A) + b"\r\n" + wrap(B) + b"\n", [A, B]),
    "garbage before": (b"junk" + wrap(A), [(OUTSIDE, 4), A]),
    "garbage between": (wrap(A) + b"\r\njunk\r\n" + wrap(B), [A, (OUTSIDE, 8), B]),
    "garbage alone": (A, [(OUTSIDE, len(A))]),
    "no end": (b"\x0b" + A, [(UNFINISHED, 1 + len(A))]),
    "no end, then a new block": (b"\x0b" + A + wrap(B), [(UNFINISHED, 1 + len(A)), B]),
    "start doubled": (b"\x0b" + wrap(A), [(UNFINISHED, 1), A]),
    "end without CR": (b"\x0b" + A + b"\x1c" + wrap(B), [A, (NO_CR, 0), B]),
    "end without CR at the end": (b"\x0b" + A + b"\x1c", [A, (NO_CR, 0)]),
    "end with LF": (b"\x0b" + A + b"\x1c\n" + wrap(B), [A, (NO_CR, 1), B]),
    "end inside the text": (b"\x0bMSH|\x1cPID|\x1c\r" + wrap(B), [b"MSH|", (NO_CR, 6), B]),
    "end doubled": (b"\x0b" + A + b"\x1c\x1c\r" + wrap(B), [A, (NO_CR, 2), B]),
    "stray end": (b"\x1c\r" + wrap(A), [(OUTSIDE, 2), A]),
    "LF ends segments": (wrap(b"MSH|\nPID|\n"), [b"MSH|\nPID|\n"]),
    "not ASCII": (wrap(bytes(range(0x80, 0x100))), [bytes(range(0x80, 0x100))]),
}


def said(items: list[Frame | Noise]) -> list[object]:
    return [item.content if isinstance(item, Frame) else (item.kind, item.size) for item in items]


def framed(stream: bytes, cuts: list[int], limit: int = MESSAGE_LIMIT) -> list[Frame | Noise]:
    framer = Framer(limit)
    items: list[Frame | Noise] = []
    edges = [0, *sorted(cuts), len(stream)]
    for start, end in pairwise(edges):
        items += framer.feed(stream[start:end])
        assert framer.held <= limit
    return items + list(framer.close())


@pytest.mark.parametrize("name", CASES)
def test_whole(name: str) -> None:
    stream, expected = CASES[name]
    assert said(framed(stream, [])) == expected


@pytest.mark.parametrize("name", CASES)
def test_byte_by_byte(name: str) -> None:
    stream, expected = CASES[name]
    assert said(framed(stream, list(range(len(stream))))) == expected


@pytest.mark.parametrize("name", CASES)
def test_split_in_two_at_every_place(name: str) -> None:
    stream, expected = CASES[name]
    assert all(said(framed(stream, [cut])) == expected for cut in range(len(stream)))


@pytest.mark.parametrize("name", CASES)
def test_with_a_tail(name: str) -> None:
    stream, expected = CASES[name]
    framer = Framer()
    items = framer.feed(stream + wrap(b"TAIL")) + list(framer.close())
    assert said(items)[-1] == b"TAIL"
    frames = [item for item in expected if isinstance(item, bytes)]
    assert [item.content for item in items if isinstance(item, Frame)] == [*frames, b"TAIL"]


def test_frame_is_delivered_before_its_carriage_return() -> None:
    framer = Framer()
    assert said(framer.feed(b"\x0bA\x1c")) == [b"A"]
    assert framer.feed(b"\r") == []
    assert framer.close() == []


def test_carriage_return_still_to_come_is_not_missing_when_we_stopped_first() -> None:
    framer = Framer()
    framer.feed(b"\x0bA\x1c")
    assert framer.close(certain=False) == []


def test_message_of_exactly_the_limit_is_taken() -> None:
    assert said(framed(wrap(b"12345678"), [], limit=8)) == [b"12345678"]


@pytest.mark.parametrize("cuts", [[], [3], list(range(20))], ids=["whole", "split", "bytes"])
def test_oversize_message_is_skipped_and_the_next_one_read(cuts: list[int]) -> None:
    stream = wrap(b"123456789") + wrap(b"ok")
    items = framed(stream, cuts, limit=8)
    assert said(items) == [(OVERSIZE, 11), b"ok"]
    assert isinstance(items[0], Noise)
    assert items[0].head == b"\x0b123456789\x1c"


def test_oversize_message_without_end_stops_at_the_next_start() -> None:
    assert said(framed(b"\x0b123456789" + wrap(b"ok"), [], limit=8)) == [(OVERSIZE, 10), b"ok"]
    assert said(framed(b"\x0b123456789", [], limit=8)) == [(OVERSIZE, 10)]


def test_noise_says_what_where_how_much_and_how_it_begins() -> None:
    noise = framed(wrap(A) + b"junk" + wrap(B), [])[1]
    assert str(noise) == f"bytes outside a block: 4 bytes at offset {len(wrap(A))}, first 6a 75 6e 6b"


def test_endless_garbage_is_counted_and_not_kept() -> None:
    framer = Framer()
    for _ in range(1000):
        assert framer.feed(b"x" * 1000) == []
    assert framer.pending
    assert framer.held == 0
    (noise,) = framer.close()
    assert (noise.size, len(noise.head)) == (1_000_000, 64)


def test_pending_tells_a_started_message_from_a_quiet_link() -> None:
    framer = Framer()
    framer.feed(wrap(A) + b"\r\n")
    assert not framer.pending
    framer.feed(b"\x0b")
    assert framer.pending
    assert framer.inside


streams = st.lists(st.sampled_from([b"\x0b", b"\x1c", b"\r", b"\n", b"x", b"yz", wrap(b"A")])).map(
    b"".join
) | st.binary(max_size=200)


@given(stream=streams, data=st.data(), limit=st.integers(0, 20))
def test_any_bytes_split_anyhow(stream: bytes, data: st.DataObject, limit: int) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(stream))))
    items = framed(stream, cuts, limit)
    assert items == framed(stream, [], limit)
    position = 0
    for item in items:
        assert item.offset >= position
        assert not stream[position : item.offset].strip(b"\r\n"), "bytes lost between two items"
        if isinstance(item, Frame):
            assert stream[item.offset : item.offset + item.size] == b"\x0b" + item.content + b"\x1c"
        else:
            assert stream[item.offset : item.offset + item.size].startswith(item.head)
        position = item.offset + item.size
    assert not stream[position:].strip(b"\r\n"), "bytes lost at the end"
