"""DIMSE messages from and to presentation data values (PS3.7 6.3.1, PS3.8 Annex E). No socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.dicom.bulk import CHUNK, Bulk
from harness.model.profile import Service
from harness.transports.dimse.commands import Command, CommandError, decode_command, encode_command
from harness.transports.dimse.spooling import Spool, SpoolError
from harness.transports.recorder import HashedFile

LARGEST_COMMAND = 1 << 16
"""Bytes of a command set that are taken from a peer."""

LARGEST_DATA_SET = 1 << 28
"""Bytes of a data set that are taken from a peer into memory; objects to store go to disk (`spooling`)."""

_PDV_HEAD = 6
_COMMAND = 0b01
_LAST = 0b10


class MessageError(ValueError):
    """Fragments that make no DIMSE message."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One DIMSE message: presentation context, command set, and the data set's bytes as on the wire.

    `file` is where a large data set that was received is, wrapped as a Part 10 file.
    """

    context_id: int
    command: Command
    content: bytes | Bulk | None = None
    file: HashedFile | None = None


OpenSpool = Callable[[int, Command], Spool]
"""How a data set is kept while it comes: presentation context and command set."""


def is_store(command: Command) -> bool:
    """Whether the data set is an object to store."""
    return command.service is Service.C_STORE and command.status is None


def has_any(command: Command) -> bool:
    """Whether there is a data set, of whatever kind."""
    return command.has_dataset


class Assembler:
    """Puts the messages of one direction of an association together from their fragments.

    `open_spool` keeps the data sets that are `spooled`; all others are kept in memory, up to `largest_data_set` bytes.
    """

    def __init__(
        self,
        largest_data_set: int = LARGEST_DATA_SET,
        open_spool: OpenSpool | None = None,
        spooled: Callable[[Command], bool] = is_store,
    ) -> None:
        self._largest = largest_data_set
        self._open_spool = open_spool
        self._spooled = spooled
        self._spool: Spool | None = None
        self._command_bytes = bytearray()
        self._command: Command | None = None
        self._content = bytearray()
        self._context_id: int | None = None

    def feed(self, context_id: int, value: bytes) -> Message | None:
        """Take one presentation data value, control header first; the message when it is complete.

        MessageError when it cannot belong to a message; the association is of no use then.
        """
        if not value:
            raise MessageError("a presentation data value without message control header")
        return self.take(context_id, value[0], value[1:])

    def take(self, context_id: int, header: int, fragment: bytes | memoryview) -> Message | None:
        """As `feed`, with the control header apart from what it is about."""
        if self._context_id not in (None, context_id):
            raise MessageError(f"context {context_id} inside a message on context {self._context_id}")
        self._context_id = context_id
        if header & _COMMAND:
            return self._feed_command(fragment, bool(header & _LAST))
        return self._feed_data_set(fragment, bool(header & _LAST))

    def _feed_command(self, fragment: bytes | memoryview, last: bool) -> Message | None:
        if self._command is not None:
            raise MessageError("a command fragment where the data set is due")
        self._command_bytes += fragment
        if len(self._command_bytes) > LARGEST_COMMAND:
            raise MessageError(f"a command set of more than {LARGEST_COMMAND} bytes")
        if not last:
            return None
        try:
            self._command = decode_command(bytes(self._command_bytes))
        except CommandError as fault:
            raise MessageError(str(fault)) from fault
        return None if self._command.has_dataset else self._complete(None)

    def _feed_data_set(self, fragment: bytes | memoryview, last: bool) -> Message | None:
        if self._command is None:
            raise MessageError("a data set fragment before its command set")
        if self._open_spool is not None and self._spooled(self._command):
            return self._spool_fragment(self._open_spool, fragment, last)
        self._content += fragment
        if len(self._content) > self._largest:
            raise MessageError(f"a data set of more than {self._largest} bytes")
        return self._complete(bytes(self._content)) if last else None

    def _spool_fragment(self, open_spool: OpenSpool, fragment: bytes | memoryview, last: bool) -> Message | None:
        if self._command is None or self._context_id is None:
            raise MessageError("no command set")
        try:
            if self._spool is None:
                self._spool = open_spool(self._context_id, self._command)
            self._spool.write(fragment)
            if not last:
                return None
            content, file = self._spool.finish()
        except SpoolError as fault:
            raise MessageError(str(fault)) from fault
        self._spool = None
        return self._complete(content, file)

    @property
    def spooling(self) -> bool:
        """Whether an object to store has come in part."""
        return self._spool is not None

    @property
    def held(self) -> int:
        """Bytes of a message that are in memory."""
        spooled = 0 if self._spool is None else self._spool.held
        return len(self._command_bytes) + len(self._content) + spooled

    def spill(self) -> None:
        """Keep what is spooled in its file alone; MessageError when that cannot be."""
        try:
            if self._spool is not None:
                self._spool.spill()
        except SpoolError as fault:
            raise MessageError(str(fault)) from fault

    @property
    def begun(self) -> bool:
        """Whether a message has come in part."""
        return self._context_id is not None

    @property
    def awaiting(self) -> tuple[Command, int] | None:
        """The command set whose data set has not come to its end, and how many bytes of that have come."""
        if self._command is None:
            return None
        return self._command, len(self._content) if self._spool is None else self._spool.size

    def discard(self) -> None:
        """Forget a message that will never be complete."""
        spool, self._spool = self._spool, None
        if spool is not None:
            spool.discard()

    def _complete(self, content: bytes | Bulk | None, file: HashedFile | None = None) -> Message:
        if self._command is None or self._context_id is None:
            raise MessageError("no command set")
        message = Message(context_id=self._context_id, command=self._command, content=content, file=file)
        self._command_bytes, self._content = bytearray(), bytearray()
        self._command, self._context_id = None, None
        return message


def fragments(message: Message, largest_pdu: int) -> Iterator[bytes]:
    """The presentation data values of a message, control header first; `largest_pdu` in bytes, 0 is no limit."""
    yield from _split(encode_command(message.command), _COMMAND, largest_pdu)
    if isinstance(message.content, Bulk):
        yield from _split_bulk(message.content, largest_pdu)
    elif message.content:
        yield from _split(message.content, 0, largest_pdu)


def _split(content: bytes, kind: int, largest_pdu: int) -> Iterator[bytes]:
    step = max(largest_pdu - _PDV_HEAD, 1) if largest_pdu else len(content)
    for start in range(0, len(content), step):
        last = _LAST if start + step >= len(content) else 0
        yield bytes((kind | last,)) + content[start : start + step]


def _split_bulk(content: Bulk, largest_pdu: int) -> Iterator[bytes]:
    """Fragments of a data set that is read meanwhile; never larger than our own reading."""
    left = len(content)
    for chunk in content.chunks(min(max(largest_pdu - _PDV_HEAD, 1) if largest_pdu else CHUNK, CHUNK)):
        left -= len(chunk)
        yield bytes((0 if left else _LAST,)) + chunk
