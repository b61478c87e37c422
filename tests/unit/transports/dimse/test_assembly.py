from __future__ import annotations

import pytest

from harness.model.profile import Service
from harness.transports.dimse import assembly
from harness.transports.dimse.assembly import Assembler, Message, MessageError, fragments
from harness.transports.dimse.commands import Command

FIND = Message(
    context_id=3,
    command=Command(
        service=Service.C_FIND, message_id=1, sop_class="1.2.3", has_dataset=True, fields={"Priority": "0"}
    ),
    content=bytes(range(256)) * 5,
)
ECHO = Message(context_id=1, command=Command(service=Service.C_ECHO, message_id=2))


@pytest.mark.parametrize("largest_pdu", [0, 7, 8, 64, 128, 1000, 1 << 17])
def test_a_message_survives_fragments_of_any_size(largest_pdu: int) -> None:
    assembler = Assembler()
    taken = [assembler.feed(3, value) for value in fragments(FIND, largest_pdu)]
    assert taken[:-1] == [None] * (len(taken) - 1)
    assert taken[-1] == FIND


@pytest.mark.parametrize("largest_pdu", [7, 64, 128, 1000])
def test_no_fragment_is_larger_than_the_peer_takes(largest_pdu: int) -> None:
    assert all(len(value) + 5 <= largest_pdu for value in fragments(FIND, largest_pdu))


def test_a_message_without_data_set_is_complete_with_its_command() -> None:
    (only,) = fragments(ECHO, 0)
    assert Assembler().feed(1, only) == ECHO


def test_messages_follow_each_other() -> None:
    assembler = Assembler()
    values = [*((3, value) for value in fragments(FIND, 100)), *((1, value) for value in fragments(ECHO, 100))]
    assert [taken for taken in (assembler.feed(*pair) for pair in values) if taken] == [FIND, ECHO]


def test_an_empty_data_set_that_was_announced_ends_with_its_fragment() -> None:
    assembler = Assembler()
    command, _ = fragments(FIND, 0)
    assert assembler.feed(3, command) is None
    taken = assembler.feed(3, b"\x02")
    assert taken is not None
    assert taken.content == b""


@pytest.mark.parametrize(
    "values",
    [
        [(3, b"")],
        [(3, b"\x02data before command")],
        [(3, b"\x03garbage that is no command set")],
        [(3, b"\x01half"), (5, b"\x03other context")],
    ],
)
def test_fragments_that_make_no_message_are_refused(values: list[tuple[int, bytes]]) -> None:
    assembler = Assembler()

    def feed() -> None:
        for context_id, value in values:
            assembler.feed(context_id, value)

    with pytest.raises(MessageError):
        feed()


def test_a_second_command_in_place_of_the_data_set_is_refused() -> None:
    assembler = Assembler()
    command, _ = fragments(FIND, 0)
    assembler.feed(3, command)
    with pytest.raises(MessageError, match="data set is due"):
        assembler.feed(3, command)


def test_memory_is_bounded() -> None:
    assembler = Assembler(largest_data_set=1000)
    command, _ = fragments(FIND, 0)
    assembler.feed(3, command)
    with pytest.raises(MessageError, match="more than 1000 bytes"):
        assembler.feed(3, b"\0" + bytes(1001))
    with pytest.raises(MessageError, match="more than"):
        Assembler().feed(3, b"\1" + bytes(assembly.LARGEST_COMMAND + 1))
