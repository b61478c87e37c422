"""Whose a finding is, and why.

The charged actor's player answers for what it sent, or owed. A fault is charged once, where it began: what was copied
from it, was compared with it, or came after a request that was wrongly refused is a consequence, and fails nobody. A
simulated actor works with what it was given: after a system broke a rule in the same play, or where a system asked the
question, what our actor then does wrong cannot be told from the recording to be our fault.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.checks import consistency
from harness.checks.copies import Copies
from harness.checks.delivery import took_effect
from harness.checks.move_results import not_taken
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.checks.registry import Scope, scopes
from harness.model.deviation import MISUSES
from harness.model.finding import Evidence, Finding
from harness.model.names import HARNESS, ActorName, ExchangeId, LegId, PlayerName, StepId
from harness.model.question import done, undone
from harness.model.run import Why
from harness.model.scenario import Answer, Step
from harness.model.tls import TLS_CHECKS
from harness.model.transcript import Half
from harness.model.verdict import Confidence, Outcome, Owner, Reason, Strength
from harness.profiles import Knowledge

_ASKED = "expectations"
_SENT = "delivery"
_REACHABLE = "/reachable"
_ACCEPTED = "/ack-accepted"
_OUTCOME = ("/completed", "/status", "/answered")
"""What is owed of a retrieve that its receiver may stand in the way of."""
_PLAIN = re.compile(r"[A-Z ]*|[0-9A-F]{4}|.{0,3}")
"""Words, codes and statuses: that two findings name the same one joins nothing."""


@dataclass(frozen=True)
class Charge:
    """Whose a finding is. `player` plays the charged actor. `excused`: it fails nobody, because the scenario asked for
    it or it began elsewhere."""

    player: PlayerName
    owner: Owner
    why: Why
    excused: bool = False


class _Plain(dict[PlayerName, Charge]):
    """By player, the charge of what the player did itself and of which nothing more is to be said."""

    def __missing__(self, player: PlayerName) -> Charge:
        charge = Charge(player, Owner.HARNESS if player == HARNESS else Owner.SYSTEM, Why())
        return self.setdefault(player, charge)


@dataclass(frozen=True)
class _Fault:
    """A sure violation of an obligation; `when` is its place in the recording, None when it is about no message."""

    leg: LegView
    finding: Finding
    player: PlayerName
    when: int | None


class _Near:
    """The faults of a play by what may join a finding to one of them: few of many."""

    def __init__(self, faults: Sequence[_Fault], exchanges: Mapping[ExchangeId, ExchangeView]) -> None:
        self._faults = faults
        self._exchanges = exchanges
        self._places: dict[tuple[PlayerName, str, str | ExchangeId], list[int]] = defaultdict(list)
        self._players = frozenset(fault.player for fault in faults)
        for place, fault in enumerate(faults):
            evidence, value = fault.finding.evidence, fault.finding.received
            if evidence is not None:
                self._places[fault.player, "exchange", evidence.exchange].append(place)
                self._places[fault.player, "instance", _instance(exchanges.get(evidence.exchange))].append(place)
                if not _PLAIN.fullmatch(value):
                    self._places[fault.player, "value", value].append(place)

    def to(self, finding: Finding, player: PlayerName) -> Iterator[_Fault]:
        """The faults of others than the player that have a message, an instance or a value in common with a finding, in
        their order."""
        keys: list[tuple[str, str | ExchangeId]] = [("value", finding.received)]
        keys += [("value", one) for one in finding.expected.split(" | ")]
        keys += [("exchange", one.exchange) for one in (finding.given, finding.evidence) if one is not None]
        instance = _instance(self._exchanges.get(finding.evidence.exchange)) if finding.evidence is not None else ""
        if instance:
            keys.append(("instance", instance))
        others = self._players - {player}
        found = {
            place for other in others for kind, name in keys for place in self._places.get((other, kind, name), ())
        }
        yield from (self._faults[place] for place in sorted(found))


class Blame:
    """The faults of one play, and what they explain."""

    def __init__(
        self, view: PlayView, findings: Mapping[tuple[StepId, LegId], Iterable[Finding]], knowledge: Knowledge
    ) -> None:
        self._view = view
        self._knowledge = knowledge
        self._copies = Copies(view)
        self._plain = _Plain()
        self._order = {planned.step.id: place for place, planned in enumerate(view.play.steps)}
        self._exchanges = {exchange.exchange.id: exchange for leg in view.legs for exchange in leg.exchanges}
        self._faults = sorted(self._found(findings), key=lambda fault: self._order[fault.leg.step.step.id])
        self._near = _Near(self._faults, self._exchanges)
        self._undone = tuple(undone(view.events))
        self._done = done(view.events)
        self._first = next((fault for fault in self._faults if fault.player != HARNESS), None)

    def charge(self, view: LegView, finding: Finding) -> Charge:
        """Whose a finding is, and why."""
        player = player_of(view, finding.actor)
        if finding.outcome is Outcome.MET:
            return self._plain[player]
        if finding.outcome is Outcome.UNDECIDED:
            return self._undecided(finding, player)
        if finding.outcome is Outcome.NOT_APPLICABLE:
            return self._given(finding.given, player) or self._plain[player]
        own = self._plain[player].owner
        purpose = purpose_of(view.step.step)
        if own is Owner.HARNESS and purpose is not None:
            return Charge(player, Owner.SCENARIO, Why(reason=purpose), excused=True)
        return (
            self._consequence(finding, player)
            or self._not_taken(view, finding, player)
            or self._after_undone(view, finding, player)
            or (self._copied(view, finding) if own is Owner.HARNESS else None)
            or (self._excuse(view, finding) if own is Owner.HARNESS else None)
            or Charge(player, own, Why(reason=_how(view, finding)))
        )

    # what is charged elsewhere

    def _given(self, source: Evidence | None, player: PlayerName) -> Charge | None:
        """What another player had given."""
        giver = self._sender(source) if source is not None else None
        if source is None or giver is None:
            return None
        owner = Owner.HARNESS if giver == HARNESS else Owner.OTHER_SYSTEM
        why = Why(reason=Reason.COPIED_FROM, player=giver, exchange=source.exchange, path=source.path)
        return Charge(player, owner, why, excused=True)

    def _copied(self, view: LegView, finding: Finding) -> Charge | None:
        """What one of our actors only passed on, as a system had given it."""
        if finding.check == consistency.CHECK or finding.evidence is None or not finding.evidence.path:
            return None
        source = self._copies.source_of(view, finding.actor, finding.evidence)
        charge = self._given(source.evidence, HARNESS) if source is not None else None
        return charge if charge is not None and charge.owner is Owner.OTHER_SYSTEM else None

    def _consequence(self, finding: Finding, player: PlayerName) -> Charge | None:
        """What follows from an earlier fault of somebody else, as the recording shows."""
        when = self._when(finding.evidence)
        for fault in self._near.to(finding, player):
            earlier = when is not None and fault.when is not None and fault.when < when
            if earlier and self._joined(fault, finding):
                owner = Owner.HARNESS if fault.player == HARNESS else Owner.OTHER_SYSTEM
                return Charge(player, owner, _after(fault), excused=True)
        return None

    def _after_undone(self, view: LegView, finding: Finding, player: PlayerName) -> Charge | None:
        """What rests on several messages of a play in which the operator left a step out, or could not do it: that they
        do not fit may be because of it. What differs from a value that was seen does so all the same."""
        if not self._undone or finding.check == consistency.CHECK or scopes().get(finding.check) is not Scope.PLAY:
            return None
        step = view.step.step.id
        later = any(self._order[step] > self._order[one] for one in self._undone)
        if finding.check in (_ASKED, _SENT) and (not later or (finding.check == _SENT and step in self._done)):
            return None
        return Charge(player, Owner.UNDECIDED, Why(reason=Reason.AFTER_UNDONE))

    def _joined(self, fault: _Fault, finding: Finding) -> bool:
        """Whether a finding is about the faulty value, about its refusal, or about the instance that was refused."""
        here, there = finding.evidence, fault.finding.evidence
        if here is None or there is None:
            return False
        if finding.given is not None and finding.given == there:
            return True
        if self._refuses(finding, there):
            return True
        value = fault.finding.received
        if here.path and there.path and not _PLAIN.fullmatch(value):
            return value in (finding.received, *finding.expected.split(" | "))
        one, other = self._exchanges.get(there.exchange), self._exchanges.get(here.exchange)
        refused = one is not None and fault.finding.actor == fault.leg.responder and not took_effect(one)
        return refused and one is not other and _instance(one) == _instance(other) != ""

    def _refuses(self, finding: Finding, there: Evidence) -> bool:
        """Whether a finding is that a message was refused in which somebody else's fault stands."""
        here = finding.evidence
        return (
            here is not None
            and finding.requirement.endswith(_ACCEPTED)
            and here.exchange == there.exchange
            and there.half is Half.REQUEST
        )

    def _not_taken(self, view: LegView, finding: Finding, player: PlayerName) -> Charge | None:
        """The end of a retrieve whose receiver did not take what was sent; what the end says of that is judged as
        ever."""
        move = self._exchanges.get(finding.evidence.exchange) if finding.evidence is not None else None
        if move is None or finding.actor != view.responder or not finding.requirement.endswith(_OUTCOME):
            return None
        kept = {
            store.exchange.id: leg.planned.responder
            for leg, store in not_taken(self._view, view, move)
            if leg.planned.responder != player
        }
        for fault in self._faults:
            evidence = fault.finding.evidence
            if evidence is not None and kept.get(evidence.exchange) == fault.player:
                owner = Owner.HARNESS if fault.player == HARNESS else Owner.OTHER_SYSTEM
                return Charge(player, owner, _after(fault), excused=True)
        for number, receiver in kept.items():
            why = Why(reason=Reason.NOT_TAKEN, player=receiver, exchange=number)
            return Charge(player, Owner.UNDECIDED, why)
        return None

    def _excuse(self, view: LegView, finding: Finding) -> Charge | None:
        """What a system's doing may be behind, though the recording does not prove it."""
        if self._first is not None and self._order[view.step.step.id] >= self._order[self._first.leg.step.step.id]:
            return Charge(HARNESS, Owner.UNDECIDED, _after(self._first))
        if self._asked_by_system(view, finding):
            return Charge(HARNESS, Owner.UNDECIDED, Why(reason=Reason.ASKED_BY_SYSTEM, player=view.planned.initiator))
        return None

    def _asked_by_system(self, view: LegView, finding: Finding) -> bool:
        if finding.check == _ASKED:
            return view.planned.initiator != HARNESS
        triggers = [leg.initiator for leg in view.step.legs if not leg.leg.reaction]
        return finding.check == _SENT and view.planned.leg.reaction and any(one != HARNESS for one in triggers)

    # what is not decided

    def _undecided(self, finding: Finding, player: PlayerName) -> Charge:
        if finding.check == _SENT and finding.evidence is not None:
            return Charge(player, Owner.UNDECIDED, Why(reason=Reason.FITS_NO_PLAY, exchange=finding.evidence.exchange))
        if self._view.interrupted:
            return Charge(player, Owner.UNDECIDED, Why(reason=Reason.CUT_SHORT))
        if finding.check == _SENT and finding.requirement.endswith(_REACHABLE):
            return Charge(player, Owner.ENVIRONMENT, Why(reason=Reason.NOT_REACHED))
        if finding.check == _SENT and player != HARNESS and finding.actor not in self._view.proven:
            return Charge(player, Owner.ENVIRONMENT, Why(reason=Reason.LINK_NOT_PROVEN))
        return Charge(player, Owner.UNDECIDED, Why(reason=Reason.NOT_IN_RECORDING))

    # the faults

    def _found(self, findings: Mapping[tuple[StepId, LegId], Iterable[Finding]]) -> Iterator[_Fault]:
        for leg in self._view.legs:
            for finding in findings.get((leg.step.step.id, leg.planned.leg.id), ()):
                if finding.outcome is Outcome.VIOLATED and self._is_sure(finding):
                    player = player_of(leg, finding.actor)
                    if player != HARNESS or purpose_of(leg.step.step) is None:
                        yield _Fault(leg, finding, player, self._when(finding.evidence))

    def _is_sure(self, finding: Finding) -> bool:
        requirement = self._knowledge.requirement(finding.requirement)
        sure = requirement.citation.confidence is not Confidence.UNSURE
        return sure and requirement.strength is Strength.SHALL

    def _when(self, evidence: Evidence | None) -> int | None:
        exchange = self._exchanges.get(evidence.exchange) if evidence is not None else None
        if exchange is None or evidence is None:
            return None
        responses = exchange.exchange.responses
        answered = evidence.half is Half.RESPONSE and evidence.response < len(responses)
        return responses[evidence.response].seq if answered else exchange.exchange.request.seq

    def _sender(self, evidence: Evidence) -> PlayerName | None:
        for leg in self._view.legs:
            if any(exchange.exchange.id == evidence.exchange for exchange in leg.exchanges):
                return leg.planned.initiator if evidence.half is Half.REQUEST else leg.planned.responder
        return None


def purpose_of(step: Step) -> Reason | None:
    """Why what our actors do wrong in a step is the scenario's doing; None when it is not."""
    if step.deviation is not None and step.deviation.change not in MISUSES:
        return Reason.DEVIATION
    if step.illegal:
        return Reason.ILLEGAL_STEP
    if step.expect.answer in (Answer.REFUSED, Answer.OBJECTED):
        return Reason.REFUSAL_WANTED
    return Reason.LEFT_UNSTORED if step.unstored > 0 else None


def _how(view: LegView, finding: Finding) -> Reason:
    """Whether the charged actor sent the message that a finding is about, or owed one."""
    if finding.check in TLS_CHECKS:
        return Reason.OWN_DOING
    if finding.evidence is None:
        return Reason.OWED_IT
    sender = view.initiator if finding.evidence.half is Half.REQUEST else view.responder
    return Reason.SENT_IT if finding.actor == sender else Reason.OWN_DOING


def _after(fault: _Fault) -> Why:
    evidence = fault.finding.evidence
    return Why(
        reason=Reason.AFTER_FAULT_OF,
        player=fault.player,
        exchange=evidence.exchange if evidence is not None else None,
        path=evidence.path if evidence is not None else "",
        requirement=fault.finding.requirement,
    )


def _instance(exchange: ExchangeView | None) -> str:
    command = exchange.exchange.request.command if exchange is not None else None
    return command.sop_instance if command is not None else ""


def player_of(view: LegView, actor: ActorName) -> PlayerName:
    """Who plays the charged actor in a leg's step."""
    if actor == view.initiator:
        return view.planned.initiator
    if actor == view.responder:
        return view.planned.responder
    for leg in view.step.legs:
        if actor == leg.leg.initiator:
            return leg.initiator
        if actor == leg.leg.responder:
            return leg.responder
    return HARNESS
