"""Field tables: usage, value sets, equalities and lexical form of each field of one message (RAD TF-2: 2.3).

Usage R2, RE and O cannot be proved from one message and yield nothing when the field is empty. What a missing segment
means is decided by `hl7_structure`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from harness.checks.conditions import holds
from harness.checks.recording import ExchangeView, LegView
from harness.checks.rows import RowJudgement, summed_up
from harness.hl7 import FieldPath, Located, Message, parse_path
from harness.hl7.grammar import datatype_fault
from harness.hl7.standard import field_definition
from harness.model.finding import Finding
from harness.model.names import ActorName, RequirementId
from harness.model.tables import Hl7Row, Hl7Table, Usage
from harness.model.transcript import Half
from harness.model.verdict import Outcome

CHECK = "hl7.table"

_DEMANDING = frozenset({Usage.REQUIRED, Usage.REQUIRED_BY_IHE, Usage.CONDITIONAL})
_LEXICAL = frozenset({"TS", "DTM", "DT", "TM", "NM", "SI", "ID", "IS", "UID"})


def check(view: LegView) -> Iterator[Finding]:
    """Each message of the leg, and each application answer that has a table, against its field table."""
    for exchange, message, form in view.messages():
        table = view.knowledge.hl7_tables.get(form.table)
        if table is not None:
            yield from _findings(view, exchange, form.table, message, Half.REQUEST)
        yield from _answer_findings(view, exchange)


def _answer_findings(view: LegView, exchange: ExchangeView) -> Iterator[Finding]:
    answer = exchange.answer_message
    if answer is None:
        return
    for name, table in view.knowledge.hl7_tables.items():
        wanted = (view.step.transaction.id, answer.type, answer.version)
        if (table.transaction, table.message, table.version) == wanted:
            yield from _findings(view, exchange, name, answer, Half.RESPONSE)


def _findings(view: LegView, exchange: ExchangeView, name: str, message: Message, half: Half) -> Iterator[Finding]:
    actor: ActorName = view.initiator if half is Half.REQUEST else view.responder
    response = 0 if half is Half.REQUEST else len(exchange.exchange.responses) - 1
    for judgement in judge(message, view.knowledge.hl7_tables[name]):
        yield view.finding(
            CHECK,
            RequirementId(f"{name}/{judgement.row}"),
            judgement.outcome,
            actor,
            exchange.evidence(judgement.path, half, response),
            expected=judgement.expected,
            received=judgement.received,
        )


def judge(message: Message, table: Hl7Table) -> Iterator[RowJudgement]:
    """Every row of the table on a message: each violation, or one judgement that sums the row up."""
    counts: dict[str, int] = {}
    for name in message.segment_names():
        counts[name] = counts.get(name, 0) + 1
    for path, row in table.rows.items():
        target = parse_path(path)
        yield from summed_up(
            judgement
            for occurrence in _occurrences(target, counts)
            for judgement in _judge_place(_Place(message, counts, table, path, occurrence), row)
        )


def _occurrences(target: FieldPath, counts: dict[str, int]) -> range:
    count = counts.get(target.segment, 0)
    if target.occurrence:
        return range(target.occurrence, min(target.occurrence, count) + 1)
    return range(1, count + 1)


@dataclass(frozen=True)
class _Place:
    """One occurrence of the segment that a row is about."""

    message: Message
    counts: dict[str, int]
    table: Hl7Table
    row: str
    occurrence: int

    def at(self, path: str) -> FieldPath:
        """A path bound to this occurrence: of its own segment, or of one that occurs more than once."""
        target = parse_path(path)
        if target.occurrence or self.counts.get(target.segment, 0) <= 1:
            return target
        own = target.segment == parse_path(self.row).segment
        paired = own or self.counts.get(parse_path(self.row).segment, 0) > 1
        return replace(target, occurrence=self.occurrence) if paired else target

    def hits(self, path: str) -> tuple[Located, ...]:
        """What the message has at a path, bound to this occurrence."""
        return self.message.all(str(self.at(path)))

    def values(self, path: str) -> tuple[str, ...]:
        """The values there, blanks trimmed."""
        return tuple(hit.value.strip() for hit in self.hits(path))


def _judge_place(place: _Place, row: Hl7Row) -> Iterator[RowJudgement]:
    hits = _obliged(place)
    valued = [hit for hit in hits if _valued(hit.value)]
    path = str(place.at(place.row))
    applies = _applies(place, row)
    if applies is None and (row.use in _DEMANDING or row.use is Usage.NOT_SUPPORTED) and row.when:
        yield RowJudgement(place.row, Outcome.UNDECIDED, path, row.when, "condition cannot be evaluated")
        return
    if row.use is Usage.NOT_SUPPORTED:
        yield from _judge_absence(place.row, path, applies, valued)
        return
    if row.use in _DEMANDING and applies:
        for where in _missing(place, hits):
            yield RowJudgement(place.row, Outcome.VIOLATED, where, "a value", "absent")
    elif row.use in _DEMANDING and (not valued or applies is False):
        yield RowJudgement(place.row, Outcome.NOT_APPLICABLE, path, row.when or row.condition)
        return
    yield from _judge_values(place, row, valued)


def _missing(place: _Place, hits: tuple[Located, ...]) -> list[str]:
    """Where a demanded value is not: of a field, when no repetition has one; of a component, in each repetition."""
    if _component(place.row) and hits:
        return [hit.path for hit in hits if not _valued(hit.value)]
    if any(_valued(hit.value) for hit in hits) or not (hits or _alone(place)):
        return []
    return [str(place.at(place.row))]


def _judge_absence(name: str, path: str, applies: bool | None, valued: list[Located]) -> Iterator[RowJudgement]:
    if not applies:
        yield RowJudgement(name, Outcome.NOT_APPLICABLE, path)
    elif valued:
        yield RowJudgement(name, Outcome.VIOLATED, valued[0].path, "absent", valued[0].value)
    else:
        yield RowJudgement(name, Outcome.MET, path, "absent", "absent")


def _judge_values(place: _Place, row: Hl7Row, valued: list[Located]) -> Iterator[RowJudgement]:
    for hit in valued:
        fault = _value_fault(place, row, hit)
        if fault is not None:
            yield RowJudgement(place.row, Outcome.VIOLATED, hit.path, fault, hit.value)
    surplus = _repeated(place, valued)
    if surplus is not None:
        yield RowJudgement(place.row, Outcome.VIOLATED, surplus.path, "one repetition", surplus.value)
    decided = row.use in _DEMANDING or row.values or row.equals or row.type in _LEXICAL
    if valued and decided:
        yield RowJudgement(place.row, Outcome.MET, valued[0].path, received=valued[0].value)


def _repeated(place: _Place, valued: list[Located]) -> Located | None:
    """The second repetition of a field that the base standard does not let repeat."""
    target = parse_path(place.row)
    if len(valued) < 2 or target.component or target.segment == "MSH":
        return None
    definition = field_definition(target.segment, target.field, place.table.version)
    return valued[1] if definition is not None and not definition.repeats else None


def _value_fault(place: _Place, row: Hl7Row, hit: Located) -> str | None:
    """What a value should have been; None when it is as the row says. The HL7 null has no form of its own."""
    value = hit.value.strip()
    if value == '""':
        return None
    if row.values and value not in row.values:
        return " | ".join(row.values)
    if row.equals:
        others = [other for other in place.values(row.equals) if other]
        if others and value not in others:
            return f"{others[0]} as in {row.equals}"
    leaf = value.split("^")[0] if row.type == "TS" else value
    fault = datatype_fault(row.type, leaf, place.table.version) if row.type else None
    return f"{row.type}: {fault}" if fault else None


def _applies(place: _Place, row: Hl7Row) -> bool | None:
    """Whether the obligation applies; None when that is prose or cannot be evaluated."""
    if row.when:
        return holds(row.when, place.values)
    if row.condition or row.use is Usage.CONDITIONAL:
        return None
    return True


def _component(path: str) -> bool:
    return "." in path


def _obliged(place: _Place) -> tuple[Located, ...]:
    """The places the row speaks of: for a component, that component of every repetition that has a value."""
    if not _component(place.row):
        return place.hits(place.row)
    target = place.at(place.row)
    parent = str(replace(target, component=0, subcomponent=0))
    found: list[Located] = []
    for repetition, hit in enumerate(place.message.all(parent), 1):
        if _valued(hit.value) and hit.value.strip() != '""':
            found.extend(place.message.all(str(replace(target, repetition=target.repetition or repetition))))
    return tuple(found)


def _alone(place: _Place) -> bool:
    """Whether no row of the table demands the field that the component belongs to."""
    if not _component(place.row):
        return True
    parent = place.row.split(".")[0]
    row = place.table.rows.get(parent)
    return row is None


def _valued(text: str) -> bool:
    return bool(text.strip(" ^&~"))
