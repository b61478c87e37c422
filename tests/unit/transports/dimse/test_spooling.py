from __future__ import annotations

import hashlib
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from harness.dicom.bulk import LARGE, Bulk
from harness.model.profile import Service
from harness.transports.dimse import spooling
from harness.transports.dimse.assembly import Assembler, Message, MessageError, fragments
from harness.transports.dimse.commands import Command
from harness.transports.dimse.spooling import Spool, SpoolError

HEAD = b"the head"
FRAGMENT = bytes(range(256)) * 4096
STORE = Command(service=Service.C_STORE, message_id=1, sop_class="1.2.3", sop_instance="1.2.3.4", has_dataset=True)
Usage = namedtuple("Usage", "total used free")


def filled(spool: Spool, count: int) -> Spool:
    for _ in range(count):
        spool.write(FRAGMENT)
    return spool


def test_a_small_data_set_stays_in_memory(tmp_path: Path) -> None:
    content, file = filled(Spool(lambda: tmp_path, HEAD), 2).finish()
    assert (content, file) == (FRAGMENT * 2, None)
    assert list(tmp_path.iterdir()) == []


def test_a_large_one_goes_into_a_file_behind_its_head(tmp_path: Path) -> None:
    count = LARGE // len(FRAGMENT) + 3
    content, file = filled(Spool(lambda: tmp_path, HEAD), count).finish()
    assert isinstance(content, Bulk)
    assert file is not None
    assert file.path.read_bytes() == HEAD + FRAGMENT * count
    assert file.sha256 == hashlib.sha256(HEAD + FRAGMENT * count).hexdigest()
    assert content == FRAGMENT * count


def test_what_is_not_finished_leaves_no_file(tmp_path: Path) -> None:
    spool = filled(Spool(lambda: tmp_path, HEAD), LARGE // len(FRAGMENT) + 1)
    assert len(list(tmp_path.iterdir())) == 1
    spool.discard()
    assert list(tmp_path.iterdir()) == []


def test_more_than_the_limit_is_refused(tmp_path: Path) -> None:
    spool = Spool(lambda: tmp_path, HEAD, limit=3 * len(FRAGMENT))
    with pytest.raises(SpoolError, match=f"more than {3 * len(FRAGMENT)} bytes"):
        filled(spool, 4)


def test_some_of_the_disk_is_left_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1 << 40, 0, spooling.DISK_RESERVE))
    spool = Spool(lambda: tmp_path, HEAD)
    with pytest.raises(SpoolError, match=f"{spooling.DISK_RESERVE} stay free"):
        filled(spool, LARGE // len(FRAGMENT) + 1)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(SpoolError, match="cannot be kept"):
        filled(Spool(lambda: tmp_path / "missing", HEAD), LARGE // len(FRAGMENT) + 1)


@pytest.mark.parametrize("largest_pdu", [0, 16384, 1 << 17])
def test_a_large_object_to_store_survives_fragments(largest_pdu: int, tmp_path: Path) -> None:
    content = Bulk(*[FRAGMENT] * (LARGE // len(FRAGMENT) + 1), b"end.")
    assembler = Assembler(open_spool=lambda _context, _command: Spool(lambda: tmp_path, HEAD))
    message = Message(context_id=3, command=STORE, content=content)
    *before, last = [assembler.feed(3, value) for value in fragments(message, largest_pdu)]
    assert not any(before)
    assert last is not None
    assert last.content == content
    assert last.file is not None


def test_a_spool_that_cannot_go_on_ends_the_message(tmp_path: Path) -> None:
    assembler = Assembler(open_spool=lambda _context, _command: Spool(lambda: tmp_path, HEAD, limit=10))
    command, data = fragments(Message(context_id=3, command=STORE, content=b"eleven bytes"), 0)
    assembler.feed(3, command)
    with pytest.raises(MessageError, match="more than 10 bytes"):
        assembler.feed(3, data)
    assembler.discard()


def test_what_is_no_object_to_store_is_never_spooled(tmp_path: Path) -> None:
    find = Command(service=Service.C_FIND, message_id=1, sop_class="1.2.3", has_dataset=True)
    assembler = Assembler(100, lambda _context, _command: pytest.fail("spooled"))
    command, data = fragments(Message(context_id=3, command=find, content=bytes(101)), 0)
    assembler.feed(3, command)
    with pytest.raises(MessageError, match="more than 100 bytes"):
        assembler.feed(3, data)
