"""Which requirements a scenario exercises, from the scenario and the knowledge alone: nothing is run.

A requirement is exercised in one form of a scenario when a step has the message, the leg, both ends of the edge or the
event in the state that the requirement is about. Whether it is then decided is for a run to show.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from types import MappingProxyType

from harness.model.names import ActorName, RequirementId, TransactionId
from harness.model.profile import Leg, LinkKind, MessageForm, Service
from harness.model.scenario import Expectation, Scenario, Step
from harness.model.tables import Edge, Place, StateMachine
from harness.profiles.knowledge import Knowledge
from harness.profiles.requirements import edge_id, transition_id

_EXPECTATION = "expectation/"
_PERFORMED = "mpps"
_TLS = "tls-"
_FINAL = ("COMPLETED", "DISCONTINUED")
_CREATED, _SET = "N-CREATE IN PROGRESS", "N-SET"
_UNSCHEDULED, _SIMPLE = "unscheduled", "simple"
_QUERIED, _STARTED = TransactionId("RAD-5"), TransactionId("RAD-6")


@dataclass(frozen=True)
class _Exchange:
    """One leg of a step, with the HL7 forms that its message may have."""

    step: Step
    leg: Leg
    forms: tuple[MessageForm, ...]


class Exercises:
    """Looks up what scenarios exercise in one knowledge."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def of(self, scenario: Scenario, form: str) -> frozenset[RequirementId]:
        """The requirements that a scenario exercises in a form."""
        exchanges = tuple(self._exchanges(scenario, form))
        return frozenset(
            requirement
            for found in (
                self._tables(exchanges, form),
                self._legs(exchanges),
                self._plays(exchanges),
                self._edges(exchanges, scenario),
                self._states(exchanges),
            )
            for requirement in found
        )

    def _exchanges(self, scenario: Scenario, form: str) -> Iterator[_Exchange]:
        legs = [(step, leg) for step in scenario.steps for leg in self._knowledge.transactions[step.transaction].legs]
        present = {actor for _, leg in legs if leg.required for actor in (leg.initiator, leg.responder)}
        for step, leg in legs:
            if not leg.required and not {leg.initiator, leg.responder} <= present:
                continue
            forms = tuple(one for one in leg.messages if one.version == form and _fits(step, one))
            if forms or leg.link is LinkKind.DIMSE:
                yield _Exchange(step, leg, forms)

    # kinds of requirements

    def _tables(self, exchanges: Iterable[_Exchange], form: str) -> Iterator[RequirementId]:
        names: set[str] = set()
        for one in exchanges:
            names.update(message.table for message in one.forms)
            for answer in (answer for message in one.forms for answer in message.answer):
                names.add(self._answers.get((one.step.transaction, answer, form), ""))
            if one.leg.dimse is not None:
                names |= {one.leg.dimse.request_table, one.leg.dimse.response_table}
        for name in names:
            yield from self._rows.get(name, ())

    def _legs(self, exchanges: Iterable[_Exchange]) -> Iterator[RequirementId]:
        """The rules of the legs; those about TLS only where a step tests just that."""
        known = tuple(exchanges)
        tested = {f"{_leg_name(one)}/{_tested_rule(one)}" for one in known}
        for name in {_leg_name(one) for one in known}:
            for rule in self._rows.get(name, ()):
                if not rule.partition("/")[2].startswith(_TLS) or rule in tested:
                    yield rule

    def _plays(self, exchanges: Iterable[_Exchange]) -> Iterator[RequirementId]:
        taken = {one.step.transaction for one in exchanges}
        expected = {
            f"{_EXPECTATION}{one.step.transaction.lower()}-{kind.name}"
            for one in exchanges
            for kind in fields(Expectation)
            if getattr(one.step.expect, kind.name) is not None
        }
        for rule in self._knowledge.play_rules:
            if rule.id in expected if rule.id.startswith(_EXPECTATION) else rule.transaction in taken:
                yield RequirementId(rule.id)
        for transaction in taken:
            stated = self._knowledge.transactions[transaction].requirements
            yield from (one.id for one in stated if one.untestable is None)

    def _edges(self, exchanges: tuple[_Exchange, ...], scenario: Scenario) -> Iterator[RequirementId]:
        case = _case(scenario)
        for edge in self._knowledge.edges:
            if _holds_in(edge, case) and all(self._seen(exchanges, end) for end in (edge.source_place, edge.target)):
                yield edge_id(edge)

    def _seen(self, exchanges: Iterable[_Exchange], place: Place) -> bool:
        return any(
            one.step.transaction == place.transaction
            and place.leg in (None, one.leg.id)
            and (one.leg.link is LinkKind.DIMSE or self._has_segment(one.forms, place))
            for one in exchanges
        )

    def _has_segment(self, forms: Iterable[MessageForm], place: Place) -> bool:
        tables = [table for form in forms if (table := self._knowledge.table_of(form)) is not None]
        known = {name for table in tables for name in (*table.segments, *(path.split("-")[0] for path in table.rows))}
        return not tables or any(path.split("-")[0].split("[")[0] in known for path in place.paths if "-" in path)

    def _states(self, exchanges: Iterable[_Exchange]) -> Iterator[RequirementId]:
        machine = self._knowledge.states.get(_PERFORMED)
        if machine is not None:
            yield from _walk(machine, _events(exchanges))

    # the knowledge by name

    @cached_property
    def _rows(self) -> Mapping[str, tuple[RequirementId, ...]]:
        """Requirements by the part of their id before the slash: a table, or a leg."""
        found: dict[str, list[RequirementId]] = defaultdict(list)
        for requirement in self._knowledge.requirements():
            if requirement.untestable is None:
                found[requirement.id.partition("/")[0]].append(requirement.id)
        return {name: tuple(ids) for name, ids in found.items()}

    @cached_property
    def _answers(self) -> Mapping[tuple[TransactionId, str, str], str]:
        return {
            (table.transaction, table.message, table.version): name
            for name, table in self._knowledge.hl7_tables.items()
        }


def _leg_name(one: _Exchange) -> str:
    return f"{one.step.transaction.lower()}.{one.leg.id}"


def _tested_rule(one: _Exchange) -> str:
    """The rule about TLS that a step puts to the test on the leg; empty when it does not."""
    deviation, leg = one.step.deviation, one.leg
    if deviation is None or not deviation.secures(one.step.transaction, leg.id, leg.initiator, leg.responder):
        return ""
    return deviation.tls_rule


def _fits(step: Step, form: MessageForm) -> bool:
    """Whether the step's message may have that form: by its trigger event, and by its order control."""
    event = form.type.partition("^")[2]
    by_trigger = not step.trigger or event == step.trigger
    by_control = not step.control or not form.control or step.control in form.control
    return by_trigger and by_control


def _case(scenario: Scenario) -> str:
    """The acquisition case: unscheduled when the modality starts without having asked for a worklist."""
    order = [step.transaction for step in scenario.steps]
    started = order.index(_STARTED) if _STARTED in order else len(order)
    return _UNSCHEDULED if started < len(order) and _QUERIED not in order[:started] else _SIMPLE


def _holds_in(edge: Edge, case: str) -> bool:
    return case in edge.cases or (case == _SIMPLE and not {_SIMPLE, _UNSCHEDULED} & set(edge.cases))


_EVENTS: Mapping[Service, str] = MappingProxyType({Service.N_CREATE: _CREATED, Service.N_SET: _SET})


def _events(exchanges: Iterable[_Exchange]) -> Iterator[tuple[ActorName, str]]:
    """Who starts or sets a performed procedure step, step by step."""
    told: set[str] = set()
    for one in exchanges:
        event = _EVENTS.get(one.leg.dimse.service) if one.leg.dimse is not None else None
        if event is None or one.step.id in told:
            continue
        told.add(one.step.id)
        status = one.step.status.upper() or (_FINAL[0] if event == _SET else "")
        final = next((word for word in _FINAL if status.startswith(word)), "")
        yield one.step.initiator, f"{event} {final}".strip() if event == _SET else event


def _walk(machine: StateMachine, events: Iterable[tuple[ActorName, str]]) -> Iterator[RequirementId]:
    states: dict[ActorName, str] = {}
    for actor, event in events:
        fresh = event == _CREATED
        state = machine.initial if fresh else states.get(actor, machine.initial)
        transition = machine.next(state, event)
        if transition is not None:
            yield transition_id(machine, transition)
            states[actor] = transition.to
