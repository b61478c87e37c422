"""The reader of PDUs: whole, byte by byte, cut anywhere, and fed with anything at all."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.transports.relay.pdus import LONGEST_CONTROL, Control, Fragment, PduError, PduReader, PduType
from tests.unit.transports.relay.associations import (
    RELEASE_RP,
    RELEASE_RQ,
    VERIFICATION,
    abort,
    cut,
    data,
    pdu,
    request,
)

COMMAND, LAST = 0b01, 0b10
VALUES = ((1, bytes((COMMAND | LAST,)) + b"a command"), (3, b"\0the first"), (3, bytes((LAST,)) + b"and the last"))
STREAM = request({1: VERIFICATION}) + data(VALUES[0]) + data(*VALUES[1:]) + RELEASE_RQ + RELEASE_RP + abort(2, 1)


def joined(pieces: list[bytes]) -> list[Control | tuple[int, bool, bytes]]:
    """What a reader finds; pieces of one command or data set put together."""
    reader = PduReader()
    found: list[Control | tuple[int, bool, bytes]] = []
    open_value: tuple[int, bool, bytes] | None = None
    for piece in pieces:
        for unit in reader.feed(piece):
            if isinstance(unit, Control):
                found.append(unit)
                continue
            begun = open_value or (unit.context_id, unit.command, b"")
            assert begun[:2] == (unit.context_id, unit.command)
            open_value = (*begun[:2], begun[2] + bytes(unit.content))
            if unit.last:
                found.append(open_value)
                open_value = None
        assert reader.held <= LONGEST_CONTROL
    reader.close()
    assert not reader.pending
    return found


def test_whole() -> None:
    found = joined([STREAM])
    assert [unit.type if isinstance(unit, Control) else unit for unit in found] == [
        PduType.A_ASSOCIATE_RQ,
        (1, True, b"a command"),
        (3, False, b"the firstand the last"),
        PduType.A_RELEASE_RQ,
        PduType.A_RELEASE_RP,
        PduType.A_ABORT,
    ]
    assert found[0] == Control(PduType.A_ASSOCIATE_RQ, request({1: VERIFICATION})[6:])


def test_byte_by_byte() -> None:
    assert joined([bytes((one,)) for one in STREAM]) == joined([STREAM])


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_cut_anywhere(places: list[int]) -> None:
    assert joined(cut(STREAM, places)) == joined([STREAM])


def test_with_a_tail_that_is_no_whole_pdu() -> None:
    reader = PduReader()
    assert len(list(reader.feed(RELEASE_RQ + data(VALUES[0])[:-1]))) == 2
    assert reader.pending
    reader.close()


def test_data_are_handed_on_as_they_come_and_not_held() -> None:
    reader = PduReader()
    assert list(reader.feed(struct.pack(">BBLLBB", 4, 0, 0xFFFF_FFFF, 0xFFFF_0000, 1, LAST))) == []
    for _ in range(8):
        (piece,) = reader.feed(bytes(1 << 16))
        assert isinstance(piece, Fragment)
        assert (len(piece.content), piece.last) == (1 << 16, False)
        assert reader.held == 0


def test_the_last_piece_of_a_value_alone_is_the_last_fragment() -> None:
    reader = PduReader()
    stream = data((5, bytes((LAST,)) + b"0123456789"))
    pieces = [unit for piece in cut(stream, [14, 18]) for unit in reader.feed(piece)]
    assert [(bytes(unit.content), unit.last, unit.header) for unit in pieces if isinstance(unit, Fragment)] == [
        (b"01", False, 0),
        (b"2345", False, 0),
        (b"6789", True, LAST),
    ]


def test_an_empty_value_ends_a_data_set() -> None:
    (piece,) = PduReader().feed(data((1, bytes((LAST,)))))
    assert isinstance(piece, Fragment)
    assert (bytes(piece.content), piece.last, piece.command) == (b"", True, False)


def test_pdus_without_a_body() -> None:
    assert list(PduReader().feed(pdu(5, b"") + pdu(4, b"") + pdu(7, b""))) == [
        Control(PduType.A_RELEASE_RQ, b""),
        Control(PduType.A_ABORT, b""),
    ]


HOSTILE = {
    "another protocol": (b"GET / HTTP/1.1\r\n", "begin no PDU, at byte 0: 47 45 54 20 2f 20"),
    "TLS": (b"\x16\x03\x01\x02\0\x01\0", "TLS on a connection that is relayed in the clear"),
    "no PDU behind one": (RELEASE_RQ + b"\x09\0\0\0\0\0", "begin no PDU, at byte 10"),
    "a request beyond bounds": (struct.pack(">BBL", 1, 0, LONGEST_CONTROL + 1), "an A-ASSOCIATE-RQ of 1048577 bytes"),
    "a value longer than its PDU": (pdu(4, struct.pack(">LBB", 30, 1, 3) + b"short"), "where its PDU has room for 7"),
    "a value too short for its header": (pdu(4, struct.pack(">LBB", 1, 1, 3)), "value of 1 bytes at byte 6"),
    "a PDU too short for a value": (pdu(4, b"\0\0\0"), "3 bytes behind the last presentation data value"),
    "bytes behind the last value": (pdu(4, data((1, b"\3x"))[6:] + b"\0\0"), "2 bytes behind the last"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("step", [1, 1 << 20])
def test_what_cannot_be_read_is_said(name: str, step: int) -> None:
    stream, said = HOSTILE[name]
    reader = PduReader()

    def feed() -> None:
        for start in range(0, len(stream), step):
            list(reader.feed(stream[start : start + step]))

    with pytest.raises(PduError, match=said):
        feed()


def test_a_few_bytes_and_an_end_are_no_pdu() -> None:
    reader = PduReader()
    assert list(reader.feed(b"hi")) == []
    with pytest.raises(PduError, match="at byte 0: 68 69"):
        reader.close()


PDUS = st.one_of(
    st.binary(max_size=40),
    st.builds(pdu, st.integers(0, 9), st.binary(max_size=60)),
    st.builds(
        lambda values: data(*values), st.lists(st.tuples(st.integers(0, 255), st.binary(min_size=1, max_size=30)))
    ),
)


def read(pieces: list[bytes]) -> tuple[list[object], str]:
    """What comes of it, each byte of data apart, and the fault at its end."""
    reader = PduReader()
    found: list[object] = []
    try:
        for piece in pieces:
            for unit in reader.feed(piece):
                if isinstance(unit, Control):
                    found.append(unit)
                else:
                    found += [(unit.context_id, unit.command, byte) for byte in bytes(unit.content)]
                    found += [(unit.context_id, unit.command, "last")] if unit.last else []
            assert reader.held <= LONGEST_CONTROL
        reader.close()
    except PduError as fault:
        return found, str(fault)
    return found, ""


@given(st.lists(PDUS, max_size=6), st.data())
def test_anything_at_all_reads_the_same_however_it_comes(parts: list[bytes], drawn: st.DataObject) -> None:
    stream = b"".join(parts)
    places = drawn.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    assert read(cut(stream, places)) == read([stream])
