"""What of a play a record has the beginning of: orders that were placed in it, steps that were created in it.

Messages belong together here by what they name: an order with its patient, a study, a performed step. What was there
before the record began has messages that it does not hold. Nothing here judges.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.checks.carriers import Carrier, answers, requests
from harness.checks.dimse_reply import accepted
from harness.checks.recording import PlayView
from harness.hl7 import Message
from harness.model.finding import Evidence
from harness.model.names import ExchangeId
from harness.model.profile import Service
from harness.model.transcript import Half

_UNIQUE = ("study", "series", "instance", "mpps", "transaction")
_WITH_PATIENT = ("placer", "filler", "accession", "procedure", "step")
_ORDERING = ("RAD-2", "RAD-3", "RAD-4")
_NEW = frozenset({"NW", "SN"})
_ANNOUNCED = ("study", "procedure", "step", "placer", "filler", "accession")
"""Identifiers that say which order, or step of it, something is of."""


@dataclass(frozen=True, eq=False)
class Group:
    """Messages that belong together, in order."""

    carriers: tuple[Carrier, ...]

    @cached_property
    def ordered(self) -> bool:
        """Whether the order that they are of was placed, or scheduled, in the record: nothing of it is older."""
        first = self.carriers[0]
        content = first.content
        return (
            isinstance(content, Message)
            and first.half is Half.REQUEST
            and first.transaction in _ORDERING
            and content.first("ORC-1") in _NEW
        )

    @cached_property
    def created(self) -> frozenset[str]:
        """The performed steps whose N-CREATE came from their maker in the record, and was accepted."""
        return frozenset(
            one.instance
            for one in self.carriers
            if (command := one.exchange.exchange.request.command) is not None
            and command.service is Service.N_CREATE
            and accepted(one.exchange.status)
            and not one.leg.planned.leg.reaction
        )

    def announced(self, but: Carrier) -> Mapping[str, frozenset[str]]:
        """What orders and worklist entries name, by kind, all but one message; what was made, where there are none. Of
        an entry, other entries do not tell: what has no order may be shown again and again."""
        others = [one for one in self.carriers if one.exchange is not but.exchange]
        entries = not _is_entry(but)
        said = [one for one in others if isinstance(one.content, Message) or (entries and _is_entry(one))]
        return _by_kind(said or [one for one in others if one.half is Half.REQUEST])


class Beginnings:
    """The groups of one play."""

    def __init__(self, view: PlayView) -> None:
        self._carriers = tuple(sorted(_all(view), key=lambda one: one.seq))
        self._at = {(one.exchange.exchange.id, one.half, one.response): one for one in self._carriers}
        self._groups: dict[tuple[str, ...], Group] = {}
        for members in _joined(self._carriers):
            group = Group(members)
            for one in members:
                self._groups.update(dict.fromkeys(keys_of(one), group))

    @property
    def carriers(self) -> Sequence[Carrier]:
        """Every message of the play, in order."""
        return self._carriers

    def at(self, evidence: Evidence | None) -> Carrier | None:
        """The message that evidence points at; the request, where there is no such answer."""
        if evidence is None:
            return None
        response = evidence.response if evidence.half is Half.RESPONSE else 0
        found = self._at.get((evidence.exchange, evidence.half, response))
        return found or self._at.get((evidence.exchange, Half.REQUEST, 0))

    def group(self, carrier: Carrier) -> Group | None:
        """What a message belongs to; None where it names nothing but a patient."""
        return next((self._groups[key] for key in keys_of(carrier) if key in self._groups), None)

    def requests(self, exchange: ExchangeId) -> Carrier | None:
        """The request of an exchange."""
        return self._at.get((exchange, Half.REQUEST, 0))


def keys_of(carrier: Carrier) -> Iterator[tuple[str, ...]]:
    """What a message names that is no patient: what is unique everywhere, and numbers with the patient's."""
    patients = [one.value for one in carrier.identifiers if one.kind == "patient"]
    for one in carrier.identifiers:
        if one.kind in _UNIQUE:
            yield "uid", one.value
        elif one.kind in _WITH_PATIENT:
            yield from ((one.kind, one.value, patient) for patient in patients)


def _all(view: PlayView) -> Iterator[Carrier]:
    for leg in view.legs:
        yield from requests(leg)
        yield from answers(leg)


def _joined(carriers: Sequence[Carrier]) -> Iterator[tuple[Carrier, ...]]:
    parent: dict[tuple[str, ...], tuple[str, ...]] = {}

    def root(key: tuple[str, ...]) -> tuple[str, ...]:
        parent.setdefault(key, key)
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    firsts = []
    for carrier in carriers:
        keys = tuple(keys_of(carrier)) if not _asks(carrier) else ()
        for other in keys[1:]:
            parent[root(other)] = root(keys[0])
        if keys:
            firsts.append((keys[0], carrier))
    groups: dict[tuple[str, ...], list[Carrier]] = defaultdict(list)
    for key, carrier in firsts:
        groups[root(key)].append(carrier)
    yield from (tuple(group) for group in groups.values())


def _asks(carrier: Carrier) -> bool:
    """Whether a message only asks for what it names."""
    command = carrier.exchange.exchange.request.command
    asking = command is not None and command.service in (Service.C_FIND, Service.C_MOVE, Service.C_GET)
    return asking and carrier.half is Half.REQUEST


def _is_entry(carrier: Carrier) -> bool:
    return carrier.half is Half.RESPONSE and carrier.transaction == "RAD-5"


def _by_kind(carriers: Sequence[Carrier]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for carrier in carriers:
        for one in carrier.identifiers:
            if one.kind in _ANNOUNCED:
                found[one.kind].add(one.value)
    return {kind: frozenset(values) for kind, values in found.items()}
