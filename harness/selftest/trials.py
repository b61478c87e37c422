"""Trials: a mutant is made, judged by the checks, and compared with its base.

Leg checks are judged again only on the legs that the change touched. Of the checks of a play, those that need a message
alone are judged again only where a touched leg names them, those of HL7 only where a touched leg is of HL7; the others
always.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from harness.checks.recording import LegView, PlayView
from harness.checks.registry import Scope, leg_checks, play_checks, scopes
from harness.model.finding import Evidence, Finding
from harness.model.names import CheckName, ExchangeId, RequirementId
from harness.model.plan import LegState
from harness.model.profile import LinkKind
from harness.model.proof import Broken, Mutation, Trial
from harness.model.verdict import Outcome
from harness.selftest import bad_peers, copied_values, exchanges, hl7_messages
from harness.selftest.changes import EditMessage, Unchangeable, changed, copies
from harness.selftest.mutants import Base, Mutant, Spot, known
from harness.selftest.recordings import BaseRecording
from harness.selftest.relation import Relation

_OF_HL7, _OF_DIMSE = "hl7.", "dimse."
"""What the names of checks begin with that look at messages of one protocol alone."""
_TOLD = (_OF_HL7, _OF_DIMSE, "consistency", "delivery", "tls.")
"""What the names of checks begin with whose requirements are broken one by one."""
_MORE = frozenset({Mutation.SURPLUS_ITEM, Mutation.MISSING_ITEM})
_FAULTS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What a check raises that does not expect what was on the wire."""
_JUDGED = frozenset({LegState.LIVE, LegState.NOT_OFFERED})


class Bench:
    """One base recording on the bench: what its checks say, and what they say after a change."""

    def __init__(self, recording: BaseRecording) -> None:
        self._by_leg: Mapping[int, tuple[Finding, ...]] = {id(leg): tuple(_of_leg(leg)) for leg in recording.view.legs}
        self._named = frozenset(name for leg in recording.view.legs for name in leg.planned.leg.checks)
        self._of_play: Mapping[CheckName, tuple[Finding, ...]] = {}
        self._of_play = {name: tuple(check(recording.view)) for name, check in play_checks().items()}
        self.base = Base(recording=recording, findings=self._all())
        self._known = frozenset(_fault(one) for one in self.base.findings if one.outcome is Outcome.VIOLATED)
        self._relation = Relation(self.base, scopes())

    def _all(self) -> tuple[Finding, ...]:
        """What every check says of the base itself."""
        return tuple(finding for found in (*self._by_leg.values(), *self._of_play.values()) for finding in found)

    def mutants(self) -> Iterator[Mutant]:
        """Every mutant of the recording; some teach the same."""
        yield from copied_values.of_play(self.base)
        yield from bad_peers.of_play(self.base)
        for leg in self.base.view.legs:
            for exchange in leg.exchanges:
                message = exchange.request_message
                if message is not None:
                    yield from hl7_messages.of_request(self.base, Spot(leg, exchange), message)
                yield from exchanges.of_exchange(self.base, leg, exchange)

    def lessons(self, mutant: Mutant) -> Iterator[tuple[object, ...]]:
        """What a mutant teaches here; one that has more of something than before may break any rule of the play."""
        whole = any(not place.path for place in mutant.where)
        if not mutant.expected and (mutant.mutation in _MORE or (whole and mutant.mutation is Mutation.REPEATED)):
            return mutant.lessons(self._all_rules)
        return mutant.lessons(self._rules.get(mutant.where[0].exchange, ()))

    @cached_property
    def _all_rules(self) -> tuple[RequirementId, ...]:
        return tuple(sorted({rule for rules in self._rules.values() for rule in rules}))

    @cached_property
    def _rules(self) -> Mapping[ExchangeId, tuple[RequirementId, ...]]:
        """The rules that are met on the leg of each exchange, and of which no table tells what breaks them."""
        ids = {rule.id for rule in self.base.knowledge.play_rules}
        ids |= {one.id for one in self.base.knowledge.requirements() if one.check and not one.check.startswith(_TOLD)}
        return {
            one.exchange.id: tuple(sorted(RequirementId(rule) for rule in self.base.on(leg) if rule in ids))
            for leg in self.base.view.legs
            for one in leg.exchanges
        }

    def trial(self, mutant: Mutant) -> Trial | None:
        """What becomes of a mutant; None when the recording does not admit the change."""
        try:
            view = changed(self.base.view, mutant.changes)
        except Unchangeable:
            return None
        expected = known(mutant.expected, self.base.knowledge)
        try:
            broken = tuple(self._newly_broken(view))
        except _FAULTS as fault:
            crash = f"{type(fault).__name__}: {fault}"
            name = self.base.recording.name
            return Trial(
                base=name,
                place=mutant.place,
                mutation=mutant.mutation,
                expected=expected,
                survived=expected,
                crash=crash,
            )
        fallen = {one.requirement for one in broken}
        unrelated = self._relation.unrelated(self._with_copies(mutant), broken)
        return Trial(
            base=self.base.recording.name,
            place=mutant.place,
            mutation=mutant.mutation,
            expected=expected,
            survived=tuple(one for one in expected if fallen.isdisjoint(one.requirements)),
            broken=_shown(broken),
            collateral=_shown(unrelated),
        )

    def _with_copies(self, mutant: Mutant) -> Mutant:
        """The mutant with the places that it touches in messages that are passed on."""
        edited = [change.at for change in mutant.changes if isinstance(change, EditMessage)]
        others = [other for at in edited for other in copies(self.base.view, at)]
        return replace(
            mutant, where=(*mutant.where, *(replace(one, exchange=other) for other in others for one in mutant.where))
        )

    def _newly_broken(self, view: PlayView) -> Iterator[Finding]:
        for finding in self._findings(view):
            if finding.outcome is Outcome.VIOLATED and _fault(finding) not in self._known:
                yield finding

    def _findings(self, view: PlayView) -> Iterator[Finding]:
        for leg in view.legs:
            known_findings = self._by_leg.get(id(leg))
            yield from _of_leg(leg) if known_findings is None else known_findings
        touched = tuple(leg for leg in view.legs if id(leg) not in self._by_leg)
        for name, check in play_checks().items():
            if self._is_untouched(name, touched):
                yield from self._of_play[name]
            else:
                yield from check(_alike(view, touched) if self._is_of_one_leg(name) else view)

    def _is_of_one_leg(self, name: CheckName) -> bool:
        """Whether a check holds the messages of a leg against their tables, and looks at no other kind of leg."""
        tables = name.startswith((_OF_HL7, _OF_DIMSE)) and name in self._named and name in self._of_play
        return tables and scopes().get(name) is Scope.MESSAGE

    def _is_untouched(self, name: CheckName, touched: Iterable[LegView]) -> bool:
        """Whether nothing that a check of a play looks at was changed."""
        if name.startswith(_OF_HL7) and all(leg.planned.leg.link is not LinkKind.MLLP for leg in touched):
            return name in self._of_play
        named = name in self._named and scopes().get(name) is Scope.MESSAGE
        return named and name in self._of_play and all(name not in leg.planned.leg.checks for leg in touched)


def _alike(view: PlayView, touched: Iterable[LegView]) -> PlayView:
    """The legs of the kinds that were touched: messages of one kind may add up."""
    kinds = {_kind(leg) for leg in touched}
    return replace(view, legs=tuple(leg for leg in view.legs if _kind(leg) in kinds))


def _kind(leg: LegView) -> tuple[str, str]:
    return leg.step.transaction.id, leg.planned.leg.id


def _of_leg(leg: LegView) -> Iterator[Finding]:
    on_legs = leg_checks()
    for name in leg.planned.leg.checks:
        if name in on_legs and leg.exchanges and leg.planned.state in _JUDGED:
            yield from on_legs[name](leg)


def _fault(finding: Finding) -> tuple[object, ...]:
    """What makes a violation the same one."""
    return (finding.requirement, finding.evidence, finding.received)


def _shown(findings: Iterable[Finding]) -> tuple[Broken, ...]:
    return tuple(dict.fromkeys(Broken(one.requirement, _where(one.evidence)) for one in findings))


def _where(evidence: Evidence | None) -> str:
    if evidence is None:
        return ""
    response = f" {evidence.response}" if evidence.response else ""
    return f"exchange {evidence.exchange} {evidence.half.value}{response} {evidence.path}".rstrip()
