"""Messages of one direction, and going on after what is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.profile import Service
from harness.transports.dimse.assembly import Message
from harness.transports.dimse.commands import Command
from harness.transports.dimse.spooling import Spool
from harness.transports.relay.messages import Fault, MessageReader, kind_of
from harness.transports.relay.pdus import Fragment, PduReader
from tests.unit.transports.relay.associations import cut, data, sent

ECHO = Message(context_id=1, command=Command(service=Service.C_ECHO, message_id=1))
STORE = Message(
    context_id=3,
    command=Command(service=Service.C_STORE, message_id=2, sop_class="1.2", sop_instance="1.2.3", has_dataset=True,
                    fields={"Priority": "0"}),
    content=bytes(range(256)) * 20,
)  # fmt: skip
FOUND = Message(
    context_id=5,
    command=Command(service=Service.C_FIND, message_id=3, status=0xFF00, has_dataset=True),
    content=b"x" * 500,
)
JUNK = data((7, b"\3no command set"))


def reader(folder: Path = Path("nowhere"), in_memory: int = 1 << 20) -> MessageReader:
    return MessageReader(lambda _, command: Spool(lambda: folder, b"head", in_memory=in_memory))


def read(stream: bytes, places: list[int] | None = None, into: MessageReader | None = None) -> list[Message | Fault]:
    pdus, messages = PduReader(), into or reader()
    found = []
    for piece in cut(stream, places or []):
        for unit in pdus.feed(piece):
            assert isinstance(unit, Fragment)
            message = messages.feed(unit)
            found += [message] if message is not None else []
    return found


STREAM = sent(ECHO) + sent(STORE, 500) + sent(FOUND, 100)


def test_messages_come_whole_however_their_bytes_came() -> None:
    assert read(STREAM) == [ECHO, STORE, FOUND]
    assert read(STREAM, list(range(len(STREAM)))) == [ECHO, STORE, FOUND]


@given(st.lists(st.integers(0, len(STREAM)), max_size=10))
def test_messages_come_whole_from_a_stream_cut_anywhere(places: list[int]) -> None:
    assert read(STREAM, places) == [ECHO, STORE, FOUND]


def test_large_data_sets_of_any_message_go_to_disk(tmp_path: Path) -> None:
    store, answer = read(sent(STORE) + sent(FOUND), into=reader(tmp_path, in_memory=400))
    assert isinstance(store, Message)
    assert isinstance(answer, Message)
    assert store.file is not None
    assert answer.file is not None
    assert store.file.path.read_bytes() == b"head" + bytes(range(256)) * 20
    assert store.content == STORE.content
    assert answer.content == FOUND.content


@pytest.mark.parametrize(
    "broken",
    [
        JUNK,
        data((3, b"\1half a")) + data((5, b"\3command")),
        data((3, b"\0a data set without its command")) + data((3, b"\2and its end")),
        data((3, b"\2data alone")),
    ],
)
def test_reading_goes_on_behind_what_is_no_message(broken: bytes) -> None:
    found = read(sent(ECHO) + broken + sent(STORE, 500))
    assert isinstance(found[1], Fault)
    assert [one for one in found if not isinstance(one, Fault)] == [ECHO, STORE]


def test_the_data_set_of_what_is_no_command_set_is_left_out() -> None:
    found = read(JUNK + data((7, b"\0its data set")) + data((7, b"\2and the end")) + sent(ECHO))
    assert [type(one) for one in found] == [Fault, Message]


def test_what_has_come_of_a_message_is_said() -> None:
    messages = reader()
    assert messages.unfinished == ""
    command, rest = data((3, b"\1half a command")), sent(STORE, 2000)
    read(command, into=messages)
    assert messages.unfinished == "a part of a command set"
    messages = reader()
    read(rest[: rest.rindex(b"\4\0")], into=messages)
    assert messages.unfinished == "a C-STORE request with 3988 bytes of its data set"


def test_what_is_discarded_leaves_no_file(tmp_path: Path) -> None:
    messages, stream = reader(tmp_path, in_memory=400), sent(STORE, 1000)
    read(stream[: stream.rindex(b"\4\0")], into=messages)
    assert len(list(tmp_path.iterdir())) == 1
    messages.discard()
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.tuples(st.integers(0, 3), st.binary(min_size=1, max_size=80)), max_size=12))
def test_any_values_are_messages_or_faults_and_the_next_one_is_read(values: list[tuple[int, bytes]]) -> None:
    messages = reader()
    read(b"".join(data(value) for value in values), into=messages)
    read(data((1, b"\3x")) + data((1, b"\3x")), into=messages)
    assert read(sent(ECHO), into=messages) == [ECHO]


def test_messages_in_words() -> None:
    assert kind_of(FOUND.command) == "C-FIND response"
    assert kind_of(Command(service=None, message_id=1)) == "C-CANCEL request"
