"""DIMSE messages of one direction out of the pieces of its presentation data values, whatever they are. No socket.

What makes no message is told and left out; reading goes on with the next command set.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.model.profile import Service
from harness.transports.dimse.assembly import Assembler, Message, MessageError, OpenSpool, has_any
from harness.transports.dimse.commands import Command
from harness.transports.relay.pdus import Fragment


@dataclass(frozen=True)
class Fault:
    """What cannot be read, in words."""

    text: str


class MessageReader:
    """Puts the messages of one direction together; data sets are kept by what `open_spool` opens."""

    def __init__(self, open_spool: OpenSpool) -> None:
        self._open_spool = open_spool
        self._assembler = self._fresh()
        self._skipping = False
        self._ended = True

    def _fresh(self) -> Assembler:
        return Assembler(open_spool=self._open_spool, spooled=has_any)

    def feed(self, fragment: Fragment) -> Message | Fault | None:
        """Take a piece; the message that it completes, or why there is none."""
        begins = fragment.command and self._ended
        self._ended = fragment.last
        if self._skipping and not begins:
            return None
        self._skipping = False
        try:
            return self._assembler.take(fragment.context_id, fragment.header, fragment.content)
        except MessageError as fault:
            return self._leave_out(fault)

    def spill(self) -> Fault | None:
        """Keep what came of a data set on disk alone; why that cannot be."""
        try:
            self._assembler.spill()
        except MessageError as fault:
            return self._leave_out(fault)
        return None

    def _leave_out(self, fault: MessageError) -> Fault:
        self._skipping = True
        self._assembler.discard()
        self._assembler = self._fresh()
        return Fault(str(fault))

    @property
    def held(self) -> int:
        """Bytes that are in memory."""
        return self._assembler.held

    @property
    def unfinished(self) -> str:
        """What has come of a message that is not complete, in words; empty between messages."""
        if not self._assembler.begun:
            return ""
        awaiting = self._assembler.awaiting
        if awaiting is None:
            return "a part of a command set"
        command, size = awaiting
        return f"a {kind_of(command)} with {size} bytes of its data set"

    def discard(self) -> None:
        """Forget a message that will never be complete."""
        self._assembler.discard()
        self._assembler = self._fresh()


def kind_of(command: Command) -> str:
    """What a message is, in words: `C-STORE request`."""
    service = Service.C_CANCEL if command.service is None else command.service
    return f"{service.value} {'request' if command.status is None else 'response'}"
