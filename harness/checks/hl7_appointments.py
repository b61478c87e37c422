"""Appointments over a play: which one a notification is about, and of which orders (RAD TF-3: 4.48)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice

from harness.checks.hl7_table import NULL
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.checks.registry import play_check
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.plan import LegState
from harness.model.verdict import Outcome

CHECK = "hl7.appointments"
SAME = "appointments/same-appointment"
PLACER = "appointments/placer-number"
FILLER = "appointments/filler-number"

_BOOKED, _OF = "SIU^S12", "RAD-48"

_SHOWN = 5
"""So many numbers are named as expected."""

Notification = tuple[int, LegView, ExchangeView, Message]


@play_check(CHECK, rules=(SAME, PLACER, FILLER))
def check(play: PlayView) -> Iterator[Finding]:
    """Each notification of the play, after the bookings and orders before it."""
    told = sorted(_notifications(play), key=lambda one: one[0])
    if told:
        yield from _same(play, told)
        yield from _placers(play, told)
        yield from _fillers(play, told)


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


def _placers(play: PlayView, told: list[Notification]) -> Iterator[Finding]:
    """The placer order numbers are those of orders that the filler was told of, or told others of, before."""
    waiting = deque(_orders(play))
    known: dict[str, None] = {}
    for seq, view, exchange, message in told:
        while waiting and waiting[0][0] < seq:
            known[waiting.popleft()[1]] = None
        for hit in message.all("SCH-26.1"):
            number = hit.value.strip()
            if number and known:
                outcome = Outcome.MET if number in known else Outcome.VIOLATED
                evidence = exchange.evidence(hit.path)
                expected = " | ".join(islice(known, _SHOWN))
                yield from play.ruled(
                    PLACER, view, outcome, view.initiator, evidence, expected=expected, received=number
                )


def _fillers(play: PlayView, told: list[Notification]) -> Iterator[Finding]:
    """The filler order numbers are those that the orders have elsewhere; a new one may be told here first."""
    numbered: dict[str, dict[str, None]] = {}
    for _, placer, filler in _orders(play):
        if filler:
            numbered.setdefault(placer, {})[filler] = None
    for _, view, exchange, message in told:
        placers, fillers = message.all("SCH-26.1"), message.all("SCH-27.1")
        known = dict.fromkeys(one for hit in placers for one in numbered.get(hit.value.strip(), ()))
        for hit in fillers if all(one.value.strip() in numbered for one in placers) else ():
            number = hit.value.strip()
            if number and known:
                outcome = Outcome.MET if number in known else Outcome.VIOLATED
                evidence = exchange.evidence(hit.path)
                expected = " | ".join(islice(known, _SHOWN))
                yield from play.ruled(
                    FILLER, view, outcome, view.initiator, evidence, expected=expected, received=number
                )


def _orders(play: PlayView) -> list[tuple[int, str, str]]:
    """When an order was told of in a message that the filler takes part in, and its placer and filler order number."""
    found: list[tuple[int, str, str]] = []
    for transaction in ("RAD-2", "RAD-3", "RAD-4", "RAD-13"):
        for view in play.of(transaction):
            for exchange in view.exchanges if view.planned.state is LegState.LIVE else ():
                found += _ordered(exchange.request_message, exchange.exchange.request.seq)
                if exchange.answer_message is not None:
                    found += _ordered(exchange.answer_message, exchange.exchange.responses[0].seq)
    return sorted(found)


def _ordered(message: Message | None, seq: int) -> Iterator[tuple[int, str, str]]:
    if message is None:
        return
    for number in range(1, message.segment_names().count("ORC") + 1):
        placer, filler = (message.first(f"ORC[{number}]-{one}.1").strip().replace(NULL, "") for one in (2, 3))
        if placer:
            yield seq, placer, filler
