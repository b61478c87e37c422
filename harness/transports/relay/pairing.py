"""Which request a response answers: both systems may request, each numbers its own (PS3.7 9.3, 10.3). Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.dicom.statuses import is_pending
from harness.model.names import ExchangeId
from harness.model.transcript import DimseCommand
from harness.transports.dimse.commands import Command
from harness.transports.relay.tap import Side

MOST_OPEN = 4096
"""Requests of one side that are remembered until they are answered; before more, the oldest is forgotten."""

_LONGEST_UID = 64


@dataclass(frozen=True)
class Asked:
    """A request that is to be answered."""

    exchange: ExchangeId
    command: DimseCommand


class Pairing:
    """The open requests of both sides. Any number may be open at a time (PS3.7 D.3.3.3)."""

    def __init__(self) -> None:
        self._open: dict[Side, dict[int, Asked]] = {side: {} for side in Side}

    def asked(self, side: Side, exchange: ExchangeId, command: DimseCommand) -> None:
        """Take a request of a side; of its command no more is kept than a response may need."""
        waiting = self._open[side]
        waiting.pop(command.message_id, None)
        if len(waiting) >= MOST_OPEN:
            waiting.pop(next(iter(waiting)))
        kept = replace(
            command,
            sop_class=command.sop_class[:_LONGEST_UID],
            sop_instance=command.sop_instance[:_LONGEST_UID],
            fields={},
        )
        waiting[command.message_id] = Asked(exchange, kept)

    def open(self, side: Side) -> tuple[Asked, ...]:
        """The requests of a side that await a response, in order."""
        return tuple(self._open[side].values())

    def find(self, side: Side, response: Command) -> Asked | None:
        """The request of the other side that a response of this one answers; None when there is none."""
        return self._open[side.other].get(response.message_id)

    def answered(self, side: Side, response: Command) -> None:
        """A response passed: unless more are to follow, its request is closed (PS3.7 9.1.2.1.7)."""
        if not is_pending(response.status or 0):
            self._open[side.other].pop(response.message_id, None)
