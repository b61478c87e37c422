"""Appointments over a play: which one a notification is about, and of which orders (RAD TF-3: 4.48)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice

from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.checks.registry import play_check
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.plan import LegState
from harness.model.transcript import Half
from harness.model.verdict import Outcome

CHECK = "hl7.appointments"
SAME = "appointments/same-appointment"
PLACER = "appointments/placer-number"
FILLER = "appointments/filler-number"

_BOOKED, _OF = "SIU^S12", "RAD-48"
_NUMBERS = ((PLACER, "SCH-26.1", "ORC-2.1"), (FILLER, "SCH-27.1", "ORC-3.1"))

_SHOWN = 5
"""So many numbers are named as expected."""

Notification = tuple[int, LegView, ExchangeView, Message]


@play_check(CHECK, rules=(SAME, PLACER, FILLER))
def check(play: PlayView) -> Iterator[Finding]:
    """Each notification of the play, after the bookings and orders before it."""
    told = sorted(_notifications(play), key=lambda one: one[0])
    yield from _same(play, told)
    for rule, path, field in _NUMBERS:
        yield from _numbers(play, told, rule, path, field)


def _notifications(play: PlayView) -> Iterator[Notification]:
    for view in play.of(_OF):
        if view.planned.state is LegState.LIVE:
            for exchange in view.exchanges:
                if exchange.request_message is not None:
                    yield exchange.exchange.request.seq, view, exchange, exchange.request_message


def _same(play: PlayView, told: list[Notification]) -> Iterator[Finding]:
    """A later notification about the orders of a booking names the booking's SCH-2."""
    booked: dict[tuple[str, str], set[str]] = {}
    for _, view, exchange, message in told:
        number, keys = message.first("SCH-2.1").strip(), _about(message)
        if message.type == _BOOKED:
            for key in keys if number else ():
                booked.setdefault(key, set()).add(number)
            continue
        known = set().union(*(booked.get(key, ()) for key in keys))
        if len(known) != 1:
            continue
        outcome = Outcome.MET if number in known else Outcome.VIOLATED
        evidence = exchange.evidence("SCH-2.1")
        yield from play.ruled(
            SAME, view, outcome, view.initiator, evidence, expected=min(known), received=number or "absent"
        )


def _about(message: Message) -> list[tuple[str, str]]:
    """What tells the orders of a notification: their numbers, else what is done."""
    for path in ("SCH-26.1", "SCH-27.1", "AIS-3.1"):
        values = dict.fromkeys(hit.value.strip() for hit in message.all(path) if hit.value.strip())
        if values:
            return [(path, value) for value in values]
    return []


def _numbers(play: PlayView, told: list[Notification], rule: str, path: str, field: str) -> Iterator[Finding]:
    """The order numbers are those of orders that the filler was told of, or told others of, before."""
    waiting = deque(sorted(_orders(play, field)))
    known: dict[str, None] = {}
    for seq, view, exchange, message in told:
        while waiting and waiting[0][0] < seq:
            known[waiting.popleft()[1]] = None
        for hit in message.all(path):
            number = hit.value.strip()
            if number and known:
                outcome = Outcome.MET if number in known else Outcome.VIOLATED
                evidence = exchange.evidence(hit.path)
                expected = " | ".join(islice(known, _SHOWN))
                yield from play.ruled(rule, view, outcome, view.initiator, evidence, expected=expected, received=number)


def _orders(play: PlayView, field: str) -> Iterator[tuple[int, str]]:
    """Numbers of orders in the messages that the filler takes part in."""
    for transaction in ("RAD-2", "RAD-3", "RAD-4", "RAD-13"):
        for view in play.of(transaction):
            if view.planned.state is not LegState.LIVE:
                continue
            for exchange in view.exchanges:
                halves = ((Half.REQUEST, exchange.request_message), (Half.RESPONSE, exchange.answer_message))
                for half, message in halves:
                    for hit in message.all(field) if message is not None else ():
                        if hit.value.strip():
                            request = half is Half.REQUEST
                            seq = exchange.exchange.request.seq if request else exchange.exchange.responses[0].seq
                            yield seq, hit.value.strip()
