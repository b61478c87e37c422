"""The steps of one thread of messages: what belongs to one occurrence of a transaction.

A step is begun by whoever begins the transaction; what follows by itself, a relay, a commitment report, the objects of
a retrieve, belongs to the step that it follows from. Nothing here judges.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from harness.checks.control_ids import content
from harness.checks.recording import ExchangeView
from harness.dicom.paths import first
from harness.engine.seen_legs import Found
from harness.engine.seen_threads import Part
from harness.engine.sides import Ends
from harness.model.names import LegId, PlayerName, StepId
from harness.model.profile import Count, Leg, Service, Transaction

_RETRIEVES = frozenset({Service.C_MOVE, Service.C_GET})


@dataclass(frozen=True)
class Met:
    """One exchange with the leg that it is, and who stood at its ends."""

    part: Part
    found: Found
    ends: Ends

    @property
    def view(self) -> ExchangeView:
        """The exchange."""
        return self.part.view

    @property
    def leg(self) -> Leg:
        """Its leg."""
        return self.found[1]

    @property
    def players(self) -> tuple[PlayerName, PlayerName]:
        """Who sent it and who got it."""
        return self.ends.sender.player, self.ends.receiver.player


@dataclass
class SeenStep:
    """One occurrence of a transaction; `partial`: of its exchanges only a part is of this thread."""

    id: StepId
    transaction: Transaction
    partial: bool
    legs: dict[LegId, list[Met]] = field(default_factory=dict)

    @property
    def first(self) -> Met:
        """What it began with."""
        return next(iter(self.legs.values()))[0]

    def takes(self, met: Met) -> bool:
        """Whether a leg of the step is still free, or is between the same two."""
        own = self.legs.get(met.leg.id)
        return not own or (own[0].players == met.players and own[0].leg == met.leg)

    def add(self, met: Met) -> None:
        """One more exchange."""
        self.legs.setdefault(met.leg.id, []).append(met)


def steps_of(met: Sequence[Met]) -> list[SeenStep]:
    """The steps of a thread, in the order in which they begin."""
    return _Steps().of(met)


class _Steps:
    def __init__(self) -> None:
        self._steps: list[SeenStep] = []
        self._numbers: dict[str, int] = {}
        self._caused: dict[Hashable, SeenStep] = {}
        self._sent: dict[Hashable, SeenStep] = {}
        self._current: SeenStep | None = None

    def of(self, met: Sequence[Met]) -> list[SeenStep]:
        """The steps, put together."""
        for one in sorted(met, key=lambda one: one.view.exchange.request.seq):
            step = self._step(one)
            step.add(one)
            self._keep(one, step)
            if not one.leg.reaction:
                self._current = step
        return self._steps

    def _step(self, met: Met) -> SeenStep:
        for step in self._fitting(met):
            if step is not None and step.partial is (met.part.responses is not None) and step.takes(met):
                return step
        return self._new(met)

    def _fitting(self, met: Met) -> list[SeenStep | None]:
        """Steps that a message may belong to, the best first."""
        transaction, leg = met.found
        if leg.reaction:
            return [self._caused.get((transaction.id, key)) for key in _causes(met)]
        again = self._sent.get((transaction.id, _subject(met)))
        current = self._current
        if current is None or current.transaction.id != transaction.id:
            return [again]
        going_on = leg.count is Count.MANY or (leg.id not in current.legs and _event(met) == _event(current.first))
        return [again, current if going_on else None]

    def _new(self, met: Met) -> SeenStep:
        transaction, _ = met.found
        number = self._numbers[transaction.id] = self._numbers.get(transaction.id, 0) + 1
        name = transaction.id.lower() + (f".{number}" if number > 1 else "")
        step = SeenStep(StepId(name), transaction, met.part.responses is not None)
        self._steps.append(step)
        return step

    def _keep(self, met: Met, step: SeenStep) -> None:
        """What may follow from a message, or be it again, belongs to its step."""
        transaction, leg = met.found
        self._sent[transaction.id, _subject(met)] = step
        if not leg.reaction:
            for key in _effects(met):
                self._caused[transaction.id, key] = step


def _subject(met: Met) -> Hashable:
    """What tells the messages of one event from others: their content, or the instance and service."""
    view = met.view
    message, command = view.request_message, view.exchange.request.command
    if message is not None:
        return (
            message.type,
            message.first("PID-3.1"),
            message.first("ORC-1"),
            message.first("ORC-2.1"),
            content(message),
        )
    if command is not None and command.service in (Service.N_CREATE, Service.N_SET):
        return command.service, command.sop_instance
    return view.exchange.id


def _event(met: Met) -> Hashable:
    """What a message tells, whoever is told."""
    message = met.view.request_message
    if message is None:
        return met.view.exchange.id
    return tuple(message.first(path) for path in ("MSH-9", "PID-3.1", "ORC-1", "ORC-2.1", "ORC-3.1"))


def _effects(met: Met) -> list[Hashable]:
    """By what a reaction to a message is known."""
    view = met.view
    message, command = view.request_message, view.exchange.request.command
    if message is not None:
        return [("event", message.type, message.first("PID-3.1"), message.first("MRG-1.1"))]
    if command is None:
        return []
    if command.service in _RETRIEVES:
        return [("retrieve", met.players)]
    if command.service is Service.N_ACTION:
        return [("commitment", _transaction(view))]
    return [("instance", command.service, command.sop_instance)]


def _causes(met: Met) -> list[Hashable]:
    """What a reaction may have followed from."""
    view = met.view
    message, command = view.request_message, view.exchange.request.command
    if message is not None:
        return [("event", message.type, message.first("PID-3.1"), message.first("MRG-1.1"))]
    if command is None:
        return []
    if command.service is Service.C_STORE:
        sender, receiver = met.players
        return [("retrieve", (receiver, sender))]
    if command.service is Service.N_EVENT_REPORT:
        return [("commitment", _transaction(view))]
    return [("instance", command.service, command.sop_instance)]


def _transaction(view: ExchangeView) -> str:
    dataset = view.request_dataset
    return first(dataset, "TransactionUID") if dataset is not None else ""
