"""Trials: a mutant is made, judged by the checks, and compared with its base.

Leg checks are judged again only on the legs that the change touched, and checks of a message alone only where one of
these legs names them; the other checks of a play are judged whole.
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
from harness.model.proof import Broken, Trial
from harness.model.verdict import Outcome
from harness.selftest import copied_values, exchanges, hl7_messages
from harness.selftest.changes import EditMessage, Unchangeable, changed, copies
from harness.selftest.mutants import Base, Mutant, Spot, known
from harness.selftest.recordings import BaseRecording
from harness.selftest.relation import Relation

_JUDGED = frozenset({LegState.LIVE, LegState.NOT_OFFERED})


class Bench:
    """One base recording on the bench: what its checks say, and what they say after a change."""

    def __init__(self, recording: BaseRecording) -> None:
        self._by_leg: Mapping[int, tuple[Finding, ...]] = {id(leg): tuple(_of_leg(leg)) for leg in recording.view.legs}
        self._of_message: Mapping[CheckName, tuple[Finding, ...]] = {}
        self._of_message = {
            name: tuple(check(recording.view))
            for name, check in play_checks().items()
            if scopes().get(name) is Scope.MESSAGE
        }
        self.base = Base(recording=recording, findings=tuple(self._findings(recording.view)))
        self._known = frozenset(_fault(one) for one in self.base.findings if one.outcome is Outcome.VIOLATED)
        self._relation = Relation(self.base, scopes())

    def mutants(self) -> Iterator[Mutant]:
        """Every mutant of the recording; some teach the same."""
        yield from copied_values.of_play(self.base)
        for leg in self.base.view.legs:
            for exchange in leg.exchanges:
                message = exchange.request_message
                if message is not None:
                    yield from hl7_messages.of_request(self.base, Spot(leg, exchange), message)
                yield from exchanges.of_exchange(self.base, leg, exchange)

    def lessons(self, mutant: Mutant) -> Iterator[tuple[object, ...]]:
        """What a mutant teaches here."""
        return mutant.lessons(self._rules.get(mutant.where[0].exchange, ()))

    @cached_property
    def _rules(self) -> Mapping[ExchangeId, tuple[RequirementId, ...]]:
        """The rules of a whole play that are met on the leg of each exchange, and are in no table."""
        ids = {rule.id for rule in self.base.knowledge.play_rules}
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
        broken = tuple(self._newly_broken(view))
        fallen = {one.requirement for one in broken}
        expected = known(mutant.expected, self.base.knowledge)
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
        touched = {name for leg in view.legs if id(leg) not in self._by_leg for name in leg.planned.leg.checks}
        for name, check in play_checks().items():
            if name in self._of_message and name not in touched:
                yield from self._of_message[name]
            else:
                yield from check(view)


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
