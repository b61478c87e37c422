"""Message control IDs: one sender gives one receiver no MSH-10 twice for different messages (RAD TF-2: 2.4.4.2)."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.recording import ExchangeView, PlayView
from harness.checks.registry import play_check
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.verdict import Outcome

CHECK = "hl7.control-ids"
RULES = tuple(f"control-ids/{actor}" for actor in ("adt", "order-placer", "order-filler", "report-manager"))


@play_check(CHECK, rules=RULES)
def check(play: PlayView) -> Iterator[Finding]:
    """Each HL7 message of the play; the same bytes again are a retransmission and no fault."""
    first: dict[tuple[str, ...], tuple[ExchangeView, Message]] = {}
    messages = [
        (view, exchange, exchange.request_message)
        for view in play.legs
        for exchange in view.exchanges
        if exchange.request_message is not None
    ]
    for view, exchange, message in sorted(messages, key=lambda one: one[1].exchange.request.seq):
        key = (view.initiator, message.first("MSH-3"), message.first("MSH-4"), view.responder, message.control_id)
        earlier = first.setdefault(key, (exchange, message))
        if not message.control_id:
            continue
        repeated = earlier[1].raw != message.raw
        yield from play.ruled(
            f"control-ids/{view.initiator.lower().replace(' ', '-')}",
            view,
            Outcome.VIOLATED if repeated else Outcome.MET,
            view.initiator,
            exchange.evidence("MSH-10"),
            expected="a new control ID",
            received=message.control_id,
            origin=f"exchange {earlier[0].exchange.id}" if repeated else "",
        )
