"""Expands table rows, leg rules, play rules, state machines and edges into requirements with stable ids.

Owns the ids and the sentences of requirements. It must not know how a requirement is decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from harness.model.names import ActorName, CheckName, RequirementId, TransactionId
from harness.model.profile import Citation, Leg, Requirement, Transaction
from harness.model.tables import (
    AttributeRow,
    AttributeTable,
    Edge,
    Hl7Row,
    Hl7Table,
    LegRule,
    PlayRule,
    StateMachine,
    Transition,
    Usage,
)
from harness.model.transcript import Half
from harness.model.verdict import Strength

_USAGE = {
    Usage.REQUIRED: "is valued",
    Usage.REQUIRED_BY_IHE: "is valued",
    Usage.REQUIRED_IF_KNOWN: "is valued when the sender knows the value",
    Usage.REQUIRED_MAY_BE_EMPTY: "is valued when the sender knows the value",
    Usage.CONDITIONAL: "is valued when its condition holds",
    Usage.CONDITIONAL_MAY_BE_EMPTY: "is valued when its condition holds and the sender knows the value",
    Usage.OPTIONAL: "is well formed where valued",
    Usage.NOT_SUPPORTED: "is not sent",
}

TYPES = {
    "1": "is present with a value",
    "1C": "is present with a value when its condition holds",
    "2": "is present, with a value or empty",
    "2C": "is present, with a value or empty, when its condition holds",
    "3": "is well formed where present",
    "-": "is absent",
}

DATA_CHECKS = frozenset({"hl7.table", "dimse.request", "dimse.response", "consistency", "mpps.states"})
"""Checks whose requirements are rows of tables, machines and edges, and not rules."""

MPPS_TRANSACTIONS = {"N-CREATE": TransactionId("RAD-6"), "N-SET": TransactionId("RAD-7")}


def expand(
    transactions: Mapping[TransactionId, Transaction],
    hl7_tables: Mapping[str, Hl7Table],
    attribute_tables: Mapping[str, AttributeTable],
    edges: tuple[Edge, ...],
    leg_rules: Mapping[CheckName, tuple[LegRule, ...]],
    play_rules: tuple[PlayRule, ...],
    states: Mapping[str, StateMachine],
    every_leg: frozenset[CheckName],
) -> Iterator[Requirement]:
    """Every requirement that the data state, in no particular order."""
    for transaction in transactions.values():
        yield from transaction.requirements
        for leg in transaction.legs:
            checks = (*leg.checks, *sorted(every_leg.difference(leg.checks)))
            yield from _of_leg(transaction, leg, [rule for check in checks for rule in leg_rules.get(check, ())])
    for name, table in hl7_tables.items():
        for path, row in table.rows.items():
            yield _of_field(name, table, path, row)
    for name, attributes in attribute_tables.items():
        for path, attribute in attributes.rows.items():
            yield _of_attribute(name, attributes, path, attribute)
    yield from (_of_edge(edge) for edge in edges)
    yield from (_of_play(rule) for rule in play_rules)
    for machine in states.values():
        yield from (_of_transition(machine, transition) for transition in machine.transitions)


def transition_id(machine: StateMachine, transition: Transition) -> RequirementId:
    """Id of the requirement behind one row of a state machine: `mpps-states/completed.n-set`."""
    return RequirementId(f"{machine.name}-states/{_slug(transition.state)}.{_slug(transition.event)}")


def _slug(text: str) -> str:
    return text.lower().replace(" ", "-")


def _of_leg(transaction: Transaction, leg: Leg, rules: Iterable[LegRule]) -> Iterator[Requirement]:
    for rule in rules:
        yield Requirement(
            id=RequirementId(f"{transaction.id.lower()}.{leg.id}/{rule.row}"),
            text=rule.text,
            citation=Citation(text=rule.citation, confidence=rule.confidence, source=rule.source),
            strength=rule.strength,
            actor=leg.initiator if rule.charged == "initiator" else leg.responder,
            transaction=transaction.id,
            condition=rule.condition,
            check=rule.check,
            implies=rule.implies,
        )


def _of_field(name: str, table: Hl7Table, path: str, row: Hl7Row) -> Requirement:
    parts = [f"{path} {row.name} {_USAGE[row.use]}"]
    if row.values:
        parts.append(f"one of {', '.join(row.values)}")
    if row.equals:
        parts.append(f"equal to {row.equals}")
    if row.type:
        parts.append(f"of type {row.type}")
    return Requirement(
        id=RequirementId(f"{name}/{path}"),
        text=", ".join(parts),
        citation=Citation(text=row.citation, confidence=row.confidence, source=row.source),
        strength=row.strength,
        actor=table.actor,
        transaction=table.transaction,
        condition=row.when or row.condition,
        check=CheckName("hl7.table"),
        implies=row.implies,
    )


def _of_attribute(name: str, table: AttributeTable, path: str, row: AttributeRow) -> Requirement:
    text = f"{path} {TYPES[row.type]}"
    if row.only_then:
        text += ", and without one when it does not"
    if row.at_most:
        text += f", at most {row.at_most} item{'s' if row.at_most > 1 else ''}"
    if row.values:
        text += f", one of {', '.join(row.values)}"
    conditions = [row.when or row.condition] if row.when or row.condition else []
    if row.when_requested:
        conditions.insert(0, "requested")
    return Requirement(
        id=RequirementId(f"{name}/{path}"),
        text=text,
        citation=Citation(text=row.citation, confidence=row.confidence, source=row.source),
        strength=row.strength,
        actor=table.actor,
        transaction=table.transaction,
        condition=", ".join(conditions),
        check=CheckName("dimse.request" if table.half is Half.REQUEST else "dimse.response"),
        implies=row.implies,
    )


def edge_id(edge: Edge) -> RequirementId:
    """Id of the requirement behind an edge: `consistency/study-instance-uid.rad-5-to-rad-6`."""
    return RequirementId(f"consistency/{edge.id}")


def _of_edge(edge: Edge) -> Requirement:
    return Requirement(
        id=edge_id(edge),
        text=f"{edge.target} equals {edge.source_place}",
        citation=Citation(text=edge.citation, confidence=edge.confidence, source=edge.source),
        strength=edge.strength,
        actor=edge.by,
        transaction=edge.target.transaction,
        condition=f"case: {', '.join(edge.cases)}",
        check=CheckName("consistency"),
        implies=edge.implies,
    )


def _of_play(rule: PlayRule) -> Requirement:
    return Requirement(
        id=RequirementId(rule.id),
        text=rule.text,
        citation=Citation(text=rule.citation, confidence=rule.confidence, source=rule.source),
        strength=rule.strength,
        actor=rule.actor,
        transaction=rule.transaction,
        condition=rule.condition,
        check=rule.check,
        implies=rule.implies,
    )


def _of_transition(machine: StateMachine, transition: Transition) -> Requirement:
    answer = f" with {transition.answer}H" if transition.answer else ""
    outcome = f"is accepted and leads to {transition.to}" if transition.accepted else f"is refused{answer}"
    return Requirement(
        id=transition_id(machine, transition),
        text=f"{transition.event} in state {transition.state} {outcome}",
        citation=Citation(text=transition.citation, confidence=transition.confidence, source=transition.source),
        strength=Strength.SHALL,
        actor=ActorName("PPS Manager"),
        transaction=MPPS_TRANSACTIONS[transition.event.split()[0]],
        check=CheckName("mpps.states"),
    )
