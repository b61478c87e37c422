"""Which leg of which transaction each message of a record is, where no scenario says so.

A message rarely tells on its own: the same query is asked by a workstation and by a RIS, the same order message is sent
to a RIS and by one. What tells is who sent it and who got it, and that shows in the rest of the traffic: whoever
answers a worklist query is an Order Filler. Roles that the user names go before those that are found. Nothing here
judges.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from harness.checks.recording import ExchangeView
from harness.dicom.paths import first
from harness.engine.recognising import Loose, readings
from harness.engine.sides import Ends, Side
from harness.hl7 import Message
from harness.model.names import ActorName, ExchangeId, PlayerName
from harness.model.profile import Leg, Service, Transaction
from harness.profiles import Knowledge
from harness.profiles.recognition import recognise_dimse, recognise_hl7
from harness.profiles.sop_classes import is_in

Found = tuple[Transaction, Leg]
Who = tuple[PlayerName, tuple[ActorName, ...]]

_MODALITY, _FILLER, _MANAGER = ActorName("Modality"), ActorName("Order Filler"), ActorName("Image Manager")
_PPS, _CREATOR, _DISPLAY = ActorName("PPS Manager"), ActorName("Evidence Creator"), ActorName("Image Display")
_WRITER, _REPORTS = ActorName("Report Creator"), ActorName("Report Manager")
_KIN: Mapping[ActorName, frozenset[ActorName]] = MappingProxyType(
    {
        _PPS: frozenset({_FILLER, _MANAGER}),
        _CREATOR: frozenset({_DISPLAY}),
        _WRITER: frozenset({_DISPLAY}),
        ActorName("Report Reader"): frozenset({_DISPLAY}),
        _REPORTS: frozenset({_FILLER}),
        ActorName("Report Repository"): frozenset({_MANAGER, _REPORTS}),
    }
)
"""Actors that a product often plays beside others: a RIS is a PPS Manager more likely than a modality is."""

_NAMED, _SHOWN, _LIKELY, _KINDRED, _OPEN, _OTHER = 16, 8, 4, 2, 1, 0
"""How much speaks for an actor: the user names it, its traffic shows it, or makes it likely, a kindred actor is shown,
nothing is known, others are."""

_USUAL: Mapping[ActorName, int] = MappingProxyType(
    {_DISPLAY: 0, _WRITER: 0, _REPORTS: 1, _CREATOR: 2, _FILLER: 3},
)
"""Who asks an archive, or sends a structured report, the most usual first, where nothing else tells."""

_DOCUMENTS = ("StructuredReportStorage",)
_STEP_SERVICES = frozenset({Service.N_CREATE, Service.N_SET})
_REPORT_UID = "SR Instance UID"
"""The observation by which a result is the export of a structured report (RAD TF-2: 4.28)."""


def _nobody() -> dict[Who, set[ActorName]]:
    return defaultdict(set)


@dataclass
class _Roles:
    """What is known of the actors that players play."""

    shown: dict[Who, set[ActorName]] = field(default_factory=_nobody)
    likely: dict[Who, set[ActorName]] = field(default_factory=_nobody)

    def weight(self, side: Side, actor: ActorName) -> int:
        """How much speaks for a side being an actor."""
        if side.actors:
            return _NAMED if actor in side.actors else _OTHER
        shown, likely = self.shown.get(side.who, set()), self.likely.get(side.who, set())
        if actor in shown:
            return _SHOWN
        if actor in likely:
            return _LIKELY
        if _KIN.get(actor, frozenset()) & (shown | likely):
            return _KINDRED
        return _OTHER if shown or likely else _OPEN


@dataclass(frozen=True)
class _Open:
    """A message that may be several legs, the likeliest by what it says first."""

    view: ExchangeView
    ends: Ends
    candidates: tuple[Found, ...]
    passes_on: bool
    """Its sender got a message about the same instance before: a PPS Manager, or an archive that was asked."""


class SeenLegs:
    """The legs of the exchanges of one record, found once for all of them together."""

    def __init__(
        self, views: Sequence[ExchangeView], ends: Callable[[ExchangeView], Ends], knowledge: Knowledge
    ) -> None:
        self._transactions = tuple(knowledge.transactions.values())
        self._knowledge = knowledge
        self._alike: dict[tuple[object, ...], tuple[Found, ...]] = {}
        roles = _Roles()
        self.ends: dict[ExchangeId, Ends] = {view.exchange.id: ends(view) for view in views}
        passed = _passed_on(views, self.ends)
        waiting: list[_Open] = []
        for view in views:
            own = self.ends[view.exchange.id]
            found = tuple(one for one in self._candidates(view) if _possible(one[1], own))
            if found:
                waiting.append(_Open(view, own, found, view.exchange.id in passed))
                _take_what_is_sure(roles.shown, own, found)
        for one in waiting:
            if one.passes_on and _is_report(one.view) and _MANAGER not in roles.shown[one.ends.sender.who]:
                roles.shown[one.ends.sender.who].add(_REPORTS)
        for decided in (False, False, True):
            best = {one.view.exchange.id: self._best(one, roles) for one in waiting}
            for one in waiting:
                likely = best[one.view.exchange.id][: 1 if decided else None]
                _take_what_is_sure(roles.likely, one.ends, likely)
        self.found = {one.view.exchange.id: self._best(one, roles)[0] for one in waiting}

    # what a message may be

    def _candidates(self, view: ExchangeView) -> tuple[Found, ...]:
        message = view.request_message
        if message is not None:
            return self._of_message(view, message)
        command = view.exchange.request.command
        if command is None:
            return ()
        key = (command.service, command.sop_class)
        if key not in self._alike:
            self._alike[key] = recognise_dimse(command.service, command.sop_class, None, None, self._transactions)
        return self._alike[key]

    def _of_message(self, view: ExchangeView, message: Message) -> tuple[Found, ...]:
        key = (message.type, message.version, message.first("ORC-1"))
        if key not in self._alike:
            hits = recognise_hl7(*key, None, None, self._transactions)
            self._alike[key] = tuple((transaction, leg) for transaction, leg, _ in hits)
        found = self._alike[key]
        if message.type == "ORU^R01" and not any(_REPORT_UID in one.value for one in message.all("OBX-3.2")):
            return ()
        if len({transaction.id for transaction, _ in found}) > 1:
            ranked = {one.transaction.id: rank for rank, one in enumerate(readings(_loose(message), self._knowledge))}
            found = tuple(sorted(found, key=lambda one: ranked.get(one[0].id, len(ranked))))
        return found

    # which of them it is

    def _best(self, one: _Open, roles: _Roles) -> Sequence[Found]:
        """The candidates that most speaks for, all alike; the first is taken where nothing more is found out."""
        if len(one.candidates) == 1:
            return one.candidates

        def rank(found: Found) -> tuple[int, int]:
            leg = found[1]
            speaks = roles.weight(one.ends.sender, leg.initiator), roles.weight(one.ends.receiver, leg.responder)
            against = _against(one, leg)
            return against - min(speaks), against - sum(speaks)

        ranks = [(rank(found), found) for found in self._in_order(one)]
        least = min(of for of, _ in ranks)
        return [found for of, found in ranks if of == least]

    def _in_order(self, one: _Open) -> Sequence[Found]:
        """The candidates with what nothing else tells apart: who begins before who reacts, an image display before a
        creator, a creator where the object was made from others."""
        command = one.view.exchange.request.command
        asks = command is not None and command.service in (Service.C_FIND, Service.C_MOVE)
        reports = _is_report(one.view)
        creates = _is_derived(one.view) if _stores(one.view) and not reports else False

        def rank(found: Found) -> tuple[bool, bool, int]:
            initiator = found[1].initiator
            usual = _USUAL.get(initiator, len(_USUAL)) if asks or reports else 0
            return found[1].reaction, (initiator == _CREATOR) != creates, usual

        return sorted(one.candidates, key=rank)


def _possible(leg: Leg, ends: Ends) -> bool:
    """Whether a leg is between actors that the user, or our own link, says are there."""
    sender, receiver = ends.sender.actors, ends.receiver.actors
    return (not sender or leg.initiator in sender) and (not receiver or leg.responder in receiver)


def _take_what_is_sure(roles: dict[Who, set[ActorName]], ends: Ends, found: Iterable[Found]) -> None:
    """Of some legs what they have in common: who begins them, or who answers."""
    initiators, responders = ({getattr(leg, end) for _, leg in found} for end in ("initiator", "responder"))
    if len(initiators) == 1:
        roles[ends.sender.who] |= initiators
    if len(responders) == 1:
        roles[ends.receiver.who] |= responders


def _against(one: _Open, leg: Leg) -> int:
    """What speaks against a leg: a relay of what its sender never got, a first message from whoever only passes on."""
    command = one.view.exchange.request.command
    if command is None:
        return 0
    if command.service in _STEP_SERVICES and (leg.initiator == _PPS) != one.passes_on:
        return _SHOWN if one.passes_on else _LIKELY
    if command.service is Service.C_STORE and leg.reaction and not one.passes_on:
        return _LIKELY
    if command.service is Service.C_STORE and not leg.reaction and one.passes_on and leg.initiator != _REPORTS:
        return _SHOWN
    return 0


def _passed_on(views: Iterable[ExchangeView], ends: Mapping[ExchangeId, Ends]) -> frozenset[ExchangeId]:
    """The messages about an instance that their sender had been told of, or been asked for, by somebody else before."""
    got: dict[Who, set[str]] = defaultdict(set)
    asked: set[Who] = set()
    found = set()
    for view in sorted(views, key=lambda one: one.exchange.request.seq):
        command, own = view.exchange.request.command, ends[view.exchange.id]
        if command is None:
            continue
        sender, receiver = own.sender.who, own.receiver.who
        if command.service in _STEP_SERVICES or command.service is Service.C_STORE:
            if command.sop_instance in got[sender] or (command.service is Service.C_STORE and sender in asked):
                found.add(view.exchange.id)
            elif sender != receiver:
                got[receiver].add(command.sop_instance)
        elif command.service in (Service.C_MOVE, Service.C_GET):
            asked.add(receiver)
    return frozenset(found)


def _stores(view: ExchangeView) -> bool:
    command = view.exchange.request.command
    return command is not None and command.service is Service.C_STORE


def _is_report(view: ExchangeView) -> bool:
    """Whether an object is a document of the classes that reports are."""
    command = view.exchange.request.command
    return command is not None and command.service is Service.C_STORE and is_in(command.sop_class, _DOCUMENTS)


def _is_derived(view: ExchangeView) -> bool:
    dataset = view.request_dataset
    return dataset is not None and first(dataset, "ImageType").startswith("DERIVED")


def _loose(message: Message) -> Loose:
    return Loose(content=message.raw)
