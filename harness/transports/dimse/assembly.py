"""DIMSE messages from and to presentation data values (PS3.7 6.3.1, PS3.8 Annex E). No socket."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.transports.dimse.commands import Command, CommandError, decode_command, encode_command

LARGEST_COMMAND = 1 << 16
"""Bytes of a command set that are taken from a peer."""

LARGEST_DATA_SET = 1 << 30
"""Bytes of a data set that are taken from a peer."""

_PDV_HEAD = 6
_COMMAND = 0b01
_LAST = 0b10


class MessageError(ValueError):
    """Fragments that make no DIMSE message."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One DIMSE message: presentation context, command set, and the data set's bytes as on the wire."""

    context_id: int
    command: Command
    content: bytes | None = None


class Assembler:
    """Puts the messages of one association together from their fragments."""

    def __init__(self, largest_data_set: int = LARGEST_DATA_SET) -> None:
        self._largest = largest_data_set
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
        if self._context_id not in (None, context_id):
            raise MessageError(f"context {context_id} inside a message on context {self._context_id}")
        self._context_id = context_id
        header, fragment = value[0], value[1:]
        if header & _COMMAND:
            return self._feed_command(fragment, bool(header & _LAST))
        return self._feed_data_set(fragment, bool(header & _LAST))

    def _feed_command(self, fragment: bytes, last: bool) -> Message | None:
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

    def _feed_data_set(self, fragment: bytes, last: bool) -> Message | None:
        if self._command is None:
            raise MessageError("a data set fragment before its command set")
        self._content += fragment
        if len(self._content) > self._largest:
            raise MessageError(f"a data set of more than {self._largest} bytes")
        return self._complete(bytes(self._content)) if last else None

    def _complete(self, content: bytes | None) -> Message:
        if self._command is None or self._context_id is None:
            raise MessageError("no command set")
        message = Message(context_id=self._context_id, command=self._command, content=content)
        self._command_bytes, self._content = bytearray(), bytearray()
        self._command, self._context_id = None, None
        return message


def fragments(message: Message, largest_pdu: int) -> Iterator[bytes]:
    """The presentation data values of a message, control header first; `largest_pdu` in bytes, 0 is no limit."""
    yield from _split(encode_command(message.command), _COMMAND, largest_pdu)
    if message.content:
        yield from _split(message.content, 0, largest_pdu)


def _split(content: bytes, kind: int, largest_pdu: int) -> Iterator[bytes]:
    step = max(largest_pdu - _PDV_HEAD, 1) if largest_pdu else len(content)
    for start in range(0, len(content), step):
        last = _LAST if start + step >= len(content) else 0
        yield bytes((kind | last,)) + content[start : start + step]
