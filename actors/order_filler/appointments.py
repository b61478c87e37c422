"""The appointments of a filler's orders, and what it tells the placer of them (RAD-48, RAD TF-3: 4.48).

An appointment has one number from its booking on. Version 2.4 goes with orders of version 2.3.1, whose own scheduling
segment ends before the order numbers.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from actors.messages.appointment import Appointment, Change, segments
from actors.messages.imaging_order import EntityIdentifier
from actors.messages.segments import V231, siu
from actors.order_filler.announcing import Announcer
from actors.order_filler.notices import DEPARTMENT_PHYSICIAN, Notice
from actors.order_filler.orders import FilledOrder, OrderBook
from actors.order_filler.schedule import NAMESPACE, changed
from actors.peers import ORDER_PLACER
from harness.actor import Action, World
from harness.errors import CannotAct

V24 = "2.4"
CHANGES: Mapping[str, Change] = MappingProxyType({change.event: change for change in Change})
"""What each event says of an appointment."""


class Appointments:
    """One for each order that has a date."""

    def __init__(self, world: World, orders: OrderBook, announcer: Announcer) -> None:
        self._world = world
        self._orders = orders
        self._announcer = announcer
        self._lock = threading.Lock()
        self._numbers: dict[str, str] = {}

    def notify(self, action: Action) -> None:
        """S12 books the order's time, S13 moves it by the step's delay, S15 gives it up."""
        change = CHANGES.get(action.step.trigger or Change.BOOKED.event)
        if change is None:
            raise CannotAct(
                f"the simulated Order Filler sends {', '.join(CHANGES)} in RAD-48, not {action.step.trigger}"
            )
        filled = self._announcer.order(action, lambda known: not known.cancelled, "open order")
        number = self._number(filled, change)
        if change is Change.MOVED and action.step.delay:
            self._move(filled, action.step.delay)
        of_order = self._orders.by_filler(filled.order.filler)
        appointment = Appointment(
            number=EntityIdentifier(number, NAMESPACE),
            order=filled.order,
            contact=DEPARTMENT_PHYSICIAN,
            steps=tuple(step for one in of_order for step in one.procedure.steps),
        )
        spoken = self._announcer.version(action, ORDER_PLACER)
        version = V24 if spoken == V231 else spoken
        notice = Notice(siu(change.event), tuple(segments(appointment, change, version)))
        self._announcer.tell(action, ORDER_PLACER, notice, version)

    def _move(self, filled: FilledOrder, delay: int) -> None:
        for one in self._orders.by_filler(filled.order.filler):
            moved = changed(self._world, one.procedure, None, delay)
            self._orders.update(one.procedure.id, lambda known, moved=moved: replace(known, procedure=moved))  # type: ignore[misc]

    def _number(self, filled: FilledOrder, change: Change) -> str:
        order = filled.order.filler.number
        with self._lock:
            if change is Change.BOOKED:
                self._numbers[order] = self._world.identifiers.number("AP", 10)
            if order not in self._numbers:
                raise CannotAct(f"order {order} has no appointment that could be changed (RAD-48 S12)")
            return self._numbers[order]
