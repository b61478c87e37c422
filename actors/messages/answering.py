"""Receiving HL7 messages once: a retransmission is answered as the first time, and does nothing a second time.

A sender that saw no answer sends the same message again under the same MSH-10 (RAD TF-2: 2.4). What was refused may be
sent again when its cause is gone, so that only what was accepted is remembered.
"""

from __future__ import annotations

import threading

from harness.actor import Actor, World
from harness.hl7 import Message

_ACCEPTED = "AA"
REMEMBERED = 10_000
"""How many messages are known again: a retransmission follows soon."""
Key = tuple[str, ...]


class OnceOnly(Actor):
    """An actor that knows a retransmission when it sees one."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._answers: dict[Key, bytes] = {}
        self._answering = threading.Lock()

    def receive(self, message: Message) -> bytes | None:
        """The answer to a message; to one that was accepted before, the answer of then."""
        key = identity(message)
        with self._answering:
            known = self._answers.get(key)
        if known is not None and self.world.decide("message-is-repeated", True):
            return known
        answer = super().receive(message)
        if answer is not None and Message.parse(answer).first("MSA-1") == _ACCEPTED:
            with self._answering:
                self._answers[key] = answer
                while len(self._answers) > REMEMBERED:
                    del self._answers[next(iter(self._answers))]
        return answer


def identity(message: Message) -> Key:
    """What makes two messages the same: sender, control ID and everything after the header."""
    body = message.raw.partition(b"\r")[2]
    return (*(message.first(path) for path in ("MSH-3", "MSH-4", "MSH-9", "MSH-10")), str(hash(body)))
