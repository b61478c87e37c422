"""What a record that no scenario drove proves, and what it does not.

Such a record begins in the middle of a day: orders were placed, patients merged and worklists read before; and it ends
while work goes on. It may not see every way between two systems either. A message alone, or a question with its answer,
is judged as ever. What rests on several messages is held against a system only where the record has the beginning of
what they are about, all of it is between the same systems, and nothing that came before, beside or after can explain
it. Else the violation becomes undecided, with the reason; what is met stays met.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType

from harness.checks.archive_changes import COERCIBLE
from harness.checks.carriers import Carrier
from harness.checks.recording import PlayView
from harness.checks.registry import Scope, scopes
from harness.dicom.paths import name_of
from harness.engine.seen import Seen
from harness.engine.seen_beginnings import Beginnings, Group
from harness.engine.seen_copying import OF_OTHERS, UNSEEN, Copying
from harness.engine.sides import alike
from harness.model.finding import Finding
from harness.model.names import CheckName, ExchangeId, PlayerName, PlayId
from harness.model.profile import Service
from harness.model.system import Times
from harness.model.transcript import Half
from harness.model.verdict import Outcome

_BEFORE = "what its receiver knew before is not in the record"
_BEGAN_BEFORE = "the record does not have the beginning of it"
_MAY_FOLLOW = "more may follow, or have gone another way"
_SEVERAL = "several systems play the same actor in it"
_TOO_SOON = "it may not have taken effect yet"
_ELSEWHERE = "there may be some that came another way"
_CHANGED = "it may have been changed by what the record does not have"
_NOBODY_KNOWS = "what is not in the record may explain it"

_MIXED = "several devices or archives may be mixed up in it"
_ENDED = "it may have been ended where the record does not show it"
_NOT_YET = "the record ends before its time was up"
_UNREAD = "some of what passed could not be read"

_ORDINARY = frozenset({_BEGAN_BEFORE, _TOO_SOON, _ELSEWHERE, _NOT_YET, _ENDED, _SEVERAL, _MIXED, OF_OTHERS, UNSEEN})
"""What every record that begins and ends somewhere has: it says nothing about anybody."""

_CHANGEABLE = frozenset(name_of(tag) for tag in COERCIBLE)


class Proof:
    """Which violations a record of traffic proves."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._grounds: dict[PlayId, _Ground] = {}

    def told(self, view: PlayView, check: CheckName, findings: Iterable[Finding]) -> Iterator[Finding]:
        """The findings of a check on a play; a violation that the record does not prove is undecided, or none where the
        edges of the record bring such a thing about in any traffic."""
        for finding in findings:
            if finding.outcome is not Outcome.VIOLATED:
                yield finding
                continue
            why = self._doubt(view, check, finding)
            received = f"{finding.received}; {why}" if finding.received else why
            outcome = Outcome.NOT_APPLICABLE if why in _ORDINARY else Outcome.UNDECIDED
            yield replace(finding, outcome=outcome, received=received) if why else finding

    def _doubt(self, view: PlayView, check: CheckName, finding: Finding) -> str:
        """Why a violation is not proven; empty when it is."""
        alone = scopes().get(check) in (Scope.MESSAGE, Scope.EXCHANGE)
        fitting = (own for pattern, own in _DOUBTS.items() if fnmatchcase(finding.requirement, pattern))
        doubts = next(fitting, () if alone else _WHOLE)
        if not doubts:
            return ""
        if self._seen.unread:
            return _UNREAD
        ground = self._grounds.get(view.play.id)
        if ground is None or ground.view is not view:
            ground = self._grounds[view.play.id] = _Ground(view, self._seen)
        return next(filter(None, (doubt(ground, finding) for doubt in doubts)), "")


@dataclass(frozen=True)
class _Ground:
    """One play, and what is known of its beginnings and of the record around it."""

    view: PlayView
    seen: Seen

    @cached_property
    def beginnings(self) -> Beginnings:
        return Beginnings(self.view)

    @cached_property
    def copying(self) -> Copying:
        return Copying(self.view, self.beginnings, self.seen.stations)

    @cached_property
    def players(self) -> Mapping[ExchangeId, tuple[PlayerName, PlayerName]]:
        return {
            one.exchange.id: (leg.planned.initiator, leg.planned.responder)
            for leg in self.view.legs
            for one in leg.exchanges
        }

    def times(self, carrier: Carrier) -> Times:
        """The declared times of a transaction."""
        return self.seen.plan.assignments[0].times.of(carrier.leg.step.transaction.id)

    @property
    def declared(self) -> bool:
        """Whether anybody said how long the systems may take."""
        return self.seen.plan.assignments[0].times != Times()

    def of(self, finding: Finding) -> tuple[Carrier | None, Group | None]:
        """The message that a finding is about, and what it belongs to."""
        carrier = self.beginnings.at(finding.evidence)
        return carrier, self.beginnings.group(carrier) if carrier is not None else None


Doubt = Callable[[_Ground, Finding], str]
"""Says why a violation is not proven, or nothing."""


def _unseen_reason(ground: _Ground, finding: Finding) -> str:
    """A refusal may rest on what the record does not have; who only asks is owed an answer all the same."""
    carrier = ground.beginnings.at(finding.evidence)
    command = carrier.exchange.exchange.request.command if carrier is not None else None
    return "" if command is not None and command.service is Service.C_FIND else _BEFORE


def _began_before(ground: _Ground, finding: Finding) -> str:
    """Whether the order that a message is of may be older than the record, or another one than those that are in it."""
    carrier, group = ground.of(finding)
    if carrier is None or group is None or not group.ordered:
        return _BEGAN_BEFORE
    announced = group.announced(carrier)
    for one in carrier.identifiers:
        known = announced.get(one.kind)
        if known and one.value not in known:
            return _BEGAN_BEFORE
    return ""


def _step_began_before(ground: _Ground, finding: Finding) -> str:
    """Whether a performed step, or the order that it is of, may be older than the record."""
    carrier, group = ground.of(finding)
    created = group.created if group is not None else frozenset()
    if carrier is not None and (carrier.instance in created or _named_step(carrier) & created):
        return ""
    return "" if group is not None and group.ordered else _BEGAN_BEFORE


def _named_step(carrier: Carrier) -> frozenset[str]:
    return frozenset(one.value for one in carrier.identifiers if one.kind == "mpps")


def _several(ground: _Ground, finding: Finding) -> str:
    """Whether two systems play an actor that a message is of, or to, in what it belongs to, others' questions apart."""
    carrier, group = ground.of(finding)
    ends = {finding.actor, carrier.leg.initiator, carrier.leg.responder} if carrier is not None else {finding.actor}
    players: dict[str, set[PlayerName]] = {}
    for one in group.carriers if group is not None else filter(None, [carrier]):
        command = one.exchange.exchange.request.command
        asks = command is not None and command.service in (Service.C_FIND, Service.C_MOVE, Service.C_GET)
        planned = one.leg.planned
        if asks and (carrier is None or one.exchange is not carrier.exchange):
            continue
        players.setdefault(one.leg.initiator, set()).add(planned.initiator)
        players.setdefault(one.leg.responder, set()).add(planned.responder)
    return _SEVERAL if any(len(own) > 1 for actor, own in players.items() if actor in ends) else ""


def _may_follow(ground: _Ground, finding: Finding) -> str:
    """Whether what is missing may still come: its time was not up when the record ended, or nobody declared one."""
    _, group = ground.of(finding)
    if group is None:
        return _MAY_FOLLOW
    last = max(group.carriers, key=lambda one: one.seq)
    if ground.seen.ends - _end(last) < ground.times(last).act:
        return _NOT_YET
    return "" if ground.declared else _MAY_FOLLOW


def _undeclared(ground: _Ground, finding: Finding) -> str:
    """Whether nobody declared how long a reaction may take that did not come."""
    return "" if ground.declared else _MAY_FOLLOW


def _missing_may_follow(ground: _Ground, finding: Finding) -> str:
    """The same, where not something else is at fault: what is stored and not listed in the end is so for good."""
    return _may_follow(ground, finding) if "not stored" in finding.received else ""


def _too_soon(ground: _Ground, finding: Finding) -> str:
    """Whether a change had come less than the time before in which it has to show."""
    carrier = ground.beginnings.at(finding.evidence)
    if carrier is None:
        return _TOO_SOON
    asked = carrier.exchange.exchange.request.time
    changes = [
        _end(one)
        for one in ground.beginnings.carriers
        if one.seq < carrier.exchange.exchange.request.seq and _changes(one)
    ]
    return _TOO_SOON if changes and asked - max(changes) < ground.times(carrier).show else ""


def _missing_too_soon(ground: _Ground, finding: Finding) -> str:
    """The same of what did not come at all; what came is as it is."""
    return _too_soon(ground, finding) if "not received" in finding.received else ""


def _changes(carrier: Carrier) -> bool:
    command = carrier.exchange.exchange.request.command
    return carrier.half is Half.REQUEST and (command is None or command.service not in _ASKING)


_ASKING = (Service.C_FIND, Service.C_MOVE, Service.C_GET, Service.C_CANCEL)


def _surplus(ground: _Ground, finding: Finding) -> str:
    """Whether more was shown than the record knows of: it may have come another way."""
    least = finding.expected.split(" ")[0]
    if least.isdigit() and finding.received.isdigit():
        return _ELSEWHERE if int(finding.received) > int(least) else ""
    return _ELSEWHERE if "not stored" in finding.received else ""


def _sent_elsewhere(ground: _Ground, finding: Finding) -> str:
    """Whether what is missing of a retrieve may have gone another way: nothing came by this one, or not to its end."""
    return _still_sending(ground, finding) if "not received" in finding.received else ""


def _still_sending(ground: _Ground, finding: Finding) -> str:
    """Whether the objects of a retrieve were not all sent yet when the record ended, or are sent another way."""
    carrier = ground.beginnings.at(finding.evidence)
    if carrier is None:
        return _ELSEWHERE
    stores = [
        exchange.exchange
        for leg in ground.view.legs
        if leg.step is carrier.leg.step and leg.planned.leg.reaction
        for exchange in leg.exchanges
    ]
    last = max([_end(carrier), *(one.final.time for one in stores if one.final is not None)])
    if not stores:
        return _ELSEWHERE
    return _NOT_YET if ground.seen.ends - last < ground.times(carrier).show else ""


def _end(carrier: Carrier) -> float:
    """When an exchange came to its end."""
    exchange = carrier.exchange.exchange
    return max(capture.time for capture in (exchange.request, *exchange.responses))


def _changed(ground: _Ground, finding: Finding) -> str:
    """Whether a value may have been put right where the record does not show it."""
    path = finding.evidence.path if finding.evidence is not None else ""
    return _CHANGED if path.partition(".")[0].partition("[")[0] in _CHANGEABLE else ""


def _unseen_request(ground: _Ground, finding: Finding) -> str:
    """Whether a report may be of a request from before; one whose request is there has to fit it."""
    unknown = finding.evidence is not None and finding.evidence.path == "TransactionUID"
    return _began_before(ground, finding) if unknown else ""


def _one_station(ground: _Ground, finding: Finding) -> str:
    """Whether another device of the same actor may be who was shown, or told, what this one was not."""
    carrier, group = ground.of(finding)
    stations = {
        ground.seen.stations.get(one.exchange.exchange.id, "")
        for one in (group.carriers if group is not None else ())
        if one.leg.initiator == finding.actor
    }
    return _MIXED if len(stations) > 1 or carrier is None else ""


def _one_archive(ground: _Ground, finding: Finding) -> str:
    """Whether what was stored may be in another archive of the same product than the one that was asked."""
    carrier, group = ground.of(finding)
    if carrier is None:
        return _MIXED
    asked = ground.seen.called.get(carrier.exchange.exchange.id, "")
    if carrier.leg.planned.leg.reaction:
        asked = ground.seen.stations.get(carrier.exchange.exchange.id, "")
    stored = {
        ground.seen.called.get(one.exchange.exchange.id, "")
        for one in (group.carriers if group is not None else ())
        if _service(one) is Service.C_STORE and not one.leg.planned.leg.reaction
    }
    return "" if all(alike(asked, one) for one in stored) else _MIXED


def _service(carrier: Carrier) -> Service | None:
    command = carrier.exchange.exchange.request.command
    return command.service if command is not None else None


def _one_destination(ground: _Ground, finding: Finding) -> str:
    """Whether the objects of several retrieves may be mixed up: they go to several places, or overlap."""
    carrier = ground.beginnings.at(finding.evidence)
    moves = [
        exchange.exchange
        for leg in ground.view.legs
        for exchange in leg.exchanges
        if (command := exchange.exchange.request.command) is not None and command.service is Service.C_MOVE
    ]
    goals = {one.request.command.fields.get("MoveDestination", "") for one in moves if one.request.command is not None}
    ordered = sorted(moves, key=lambda one: one.request.seq)
    overlap = any(one.final is None or one.final.seq > other.request.seq for one, other in pairwise(ordered))
    return _MIXED if carrier is None or overlap or len(goals) > 1 else ""


def _copied(ground: _Ground, finding: Finding) -> str:
    return ground.copying.doubt(finding)


def _unseen_end(ground: _Ground, finding: Finding) -> str:
    """What is scheduled may be ended, or taken back, where nobody sees it."""
    return _ENDED


def _never(ground: _Ground, finding: Finding) -> str:
    """What such a record cannot prove at all."""
    return _NOBODY_KNOWS


_WHOLE: tuple[Doubt, ...] = (_began_before, _several)
_OF_STEP: tuple[Doubt, ...] = (_step_began_before, _several)

_DOUBTS: Mapping[str, tuple[Doubt, ...]] = MappingProxyType(
    {
        # one message, or a question with its answer: what may rest on more
        "*/delivered": (_undeclared,),
        "*/ack-accepted": (_unseen_reason,),
        "rad-*/status": (_unseen_reason,),
        "rad-*/completed": (_never,),
        "rad-*/complete": (_unseen_end,),
        # two messages that speak of the very same thing
        "consistency/*": (_copied,),
        "control-ids/*": (),
        "orders/placer-number-unique": (_several,),
        "orders/filler-number-unique": (_several,),
        "orders/filler-number-echoed": (),
        "orders/one-study-per-procedure": (_several,),
        "orders/study-announced-once": (_several,),
        "cancel/*": (),
        "availability/names-each-once": (),
        "storage/listed-once": (),
        "storage/listed-class": (),
        "storage/requested-once": (),
        "storage/requested-class": (),
        "storage/reported-once": (),
        "storage/reported-class": (),
        "storage/committed-equals-requested": (_unseen_request,),
        "storage/one-report": (_several,),
        "storage/transaction-used-once": (_several,),
        "mpps/set-was-created": (_step_began_before,),
        "mpps/same-character-set": (_step_began_before,),
        "mpps/creator-set-was-created": (_step_began_before,),
        "mpps/creator-same-character-set": (_step_began_before,),
        "mpps/created-once": (),
        "mpps/creator-created-once": (),
        "mpps/end-not-before-start": (_step_began_before,),
        "mpps/one-item-per-scheduled-step": (),
        "mpps/images-name-step-class": (),
        # what has its beginning in the performed step
        "mpps/unscheduled*": (_never,),
        "mpps/relayed": (_step_began_before, _several, _may_follow),
        "mpps/*": _OF_STEP,
        "mpps-states/*": _OF_STEP,
        "storage/listed-series": _OF_STEP,
        "storage/listed-equals-stored": (*_OF_STEP, _missing_may_follow),
        # what is missing, and may still come
        "availability/names-every-instance": (*_OF_STEP, _may_follow),
        "storage/requested-contains-stored": (*_WHOLE, _may_follow),
        # what is shown, and may have come another way, or too soon
        "storage/related-counts": (*_WHOLE, _too_soon, _surplus, _one_archive),
        "storage/found-contains-stored": (*_WHOLE, _too_soon, _one_archive),
        "storage/refused-not-found": (*_WHOLE, _too_soon, _one_archive),
        "storage/wrong-entry-not-found": (*_WHOLE, _too_soon, _one_archive),
        "storage/stored-is-committed": (*_WHOLE, _one_archive),
        "storage/retrieved-equals-*": (*_WHOLE, _missing_too_soon, _surplus, _changed, _sent_elsewhere),
        "retrieve/*": (_several, _one_destination, _still_sending),
        "updates/cancelled-not-started": (*_WHOLE, _one_station),
        "updates/*": (_several, _too_soon),
    }
)
"""By requirement, what keeps a violation from being proven; the first pattern that fits holds. Without one, a message
or an exchange is judged as ever, and several messages where they have their beginning in the record."""
