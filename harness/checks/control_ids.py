"""Message control IDs: MSH-10 is unique together with MSH-3 (RAD TF-2: 2.4.4.2).

One sender gives one receiver no MSH-10 twice for different messages; the same message again, perhaps with a new time of
sending, is a retransmission and no fault. To two receivers, the same message (its addressing and time aside) may well
have one control ID; different messages with one only warn, because no receiver can mistake them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.checks.registry import play_check
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.verdict import Outcome

CHECK = "hl7.control-ids"
_SENDERS = ("adt", "order-placer", "order-filler", "report-manager")
_SEVERAL_RECEIVERS = ("adt", "order-filler")
"""Senders whose messages go to more than one actor."""

RULES = (
    *(f"control-ids/{actor}" for actor in _SENDERS),
    *(f"control-ids/{actor}-across-receivers" for actor in _SEVERAL_RECEIVERS),
)

_ADDRESSING = ("MSH-5", "MSH-6", "MSH-7")


@dataclass(frozen=True)
class _Sent:
    """A message that was sent, and where it is."""

    view: LegView
    exchange: ExchangeView
    message: Message

    @property
    def sender(self) -> tuple[str, ...]:
        return (self.view.initiator, self.message.first("MSH-3"), self.message.first("MSH-4"), self.message.control_id)


@play_check(CHECK, rules=RULES, partial=RULES)
def check(play: PlayView) -> Iterator[Finding]:
    """Each HL7 message of the play against the first with its control ID, to its receiver and to any other."""
    to_receiver: dict[tuple[str, ...], _Sent] = {}
    to_anybody: dict[tuple[str, ...], _Sent] = {}
    for sent in sorted(_messages(play), key=lambda one: one.exchange.exchange.request.seq):
        earlier = to_receiver.setdefault((*sent.sender, sent.view.responder), sent)
        same = earlier is sent or content(earlier.message) == content(sent.message)
        yield from _decided(play, sent, earlier, "", same)
        first = to_anybody.setdefault(sent.sender, sent)
        if first.view.responder != sent.view.responder and earlier is sent:
            same = content(first.message) == content(sent.message)
            yield from _decided(play, sent, first, "-across-receivers", same)


def _messages(play: PlayView) -> Iterator[_Sent]:
    for view in play.legs:
        for exchange in view.exchanges:
            if exchange.request_message is not None and exchange.request_message.control_id:
                yield _Sent(view, exchange, exchange.request_message)


def content(message: Message) -> bytes:
    """The message without its addressing and time."""
    found = [hit for path in _ADDRESSING for hit in message.all(path)]
    raw = message.raw
    for hit in sorted(found, key=lambda one: one.start, reverse=True):
        raw = raw[: hit.start] + raw[hit.end :]
    return raw


def _decided(play: PlayView, sent: _Sent, earlier: _Sent, kind: str, fine: bool) -> Iterator[Finding]:
    yield from play.ruled(
        f"control-ids/{sent.view.initiator.lower().replace(' ', '-')}{kind}",
        sent.view,
        Outcome.MET if fine else Outcome.VIOLATED,
        sent.view.initiator,
        sent.exchange.evidence("MSH-10"),
        expected="a new control ID",
        received=sent.message.control_id,
        origin="" if fine else f"exchange {earlier.exchange.exchange.id}",
    )
