"""Field tables: usage, value sets, equalities and lexical form of each field of one message (RAD TF-2: 2.3).

Usage R2, RE and O cannot be proved from one message and yield nothing when the field is empty; what the sender is
known to hold is decided by `known_values`, what a missing segment means by `hl7_structure`. Every occurrence of a
segment is judged, and every repetition of a field.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.checks.conditions import holds
from harness.checks.hl7_form import forms
from harness.checks.hl7_groups import Groups
from harness.checks.recording import ExchangeView, LegView
from harness.checks.rows import RowJudgement, is_unfilled, summed_up
from harness.hl7 import FieldPath, Located, Message, parse_path
from harness.hl7.grammar import composite_fault, datatype_fault
from harness.hl7.standard import Definition, field_definition
from harness.model.finding import Finding
from harness.model.names import ActorName, RequirementId
from harness.model.profile import MessageForm
from harness.model.tables import Hl7Row, Hl7Table, Usage
from harness.model.transcript import Half
from harness.model.verdict import Outcome

CHECK = "hl7.table"

NULL = '""'
"""The HL7 null: the sender states that there is no value. It has no form of its own."""

_DEMANDING = (Usage.REQUIRED, Usage.REQUIRED_BY_IHE, Usage.CONDITIONAL)
_LEXICAL = frozenset({"TS", "DTM", "DT", "TM", "NM", "SI", "ID", "IS", "UID"})


def check(view: LegView) -> Iterator[Finding]:
    """Each message of the leg, and each application answer that has a table, against its field table."""
    for exchange, message, form in forms(view):
        if form.table in view.knowledge.hl7_tables:
            yield from _findings(view, exchange, form.table, message, Half.REQUEST)
        yield from _answer_findings(view, exchange)


def _answer_findings(view: LegView, exchange: ExchangeView) -> Iterator[Finding]:
    answer = exchange.answer_message
    if answer is None:
        return
    name = answer_table(view, exchange.request_message, answer)
    if name:
        yield from _findings(view, exchange, name, answer, Half.RESPONSE)


def answer_table(view: LegView, request: Message | None, answer: Message) -> str:
    """The field table of an application answer; empty when it has none, as a plain acknowledgement, or what takes its
    place: the tables are of answers that the transaction calls for."""
    kind = answer.type
    form = view.message_form(request) if request is not None else None
    if kind.partition("^")[0] == "ACK" or (form is not None and kind not in form.answer) or _plain_will_do(form):
        return ""
    tables = {
        one.version: name
        for name, one in view.knowledge.hl7_tables.items()
        if (one.transaction, one.message) == (view.step.transaction.id, kind)
    }
    return tables.get(answer.version) or tables.get(view.play.form) or next(iter(tables.values()), "")


def _plain_will_do(form: MessageForm | None) -> bool:
    return form is not None and "ACK" in form.answer


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


@dataclass(frozen=True, slots=True)
class _Obligation:
    """A row of a table with what can be told of it before a message is there."""

    path: str
    row: Hl7Row
    target: FieldPath
    segment: str
    field: int
    demanding: bool
    silent: bool
    """Says nothing of a field that is empty."""
    lexical: bool
    decisive: bool
    """Is met by a value that is as it should be."""
    once: bool
    """The base standard does not let the field repeat."""
    definition: Definition | None
    """Of a composite: what the base standard says of the field."""
    judged_elsewhere: tuple[bool, ...]
    """Of each component whether it has a row of its own."""


def _obligations(table: Hl7Table) -> tuple[_Obligation, ...]:
    return tuple(_obligation(table, path, row) for path, row in table.rows.items())


def _obligation(table: Hl7Table, path: str, row: Hl7Row) -> _Obligation:
    target = parse_path(path)
    definition = field_definition(target.segment, target.field, table.version) if not target.component else None
    components = definition.components if definition is not None else ()
    demanding, lexical = row.use in _DEMANDING, row.type in _LEXICAL
    return _Obligation(
        path=path,
        row=row,
        target=target,
        segment=target.segment,
        field=target.field,
        demanding=demanding,
        silent=not demanding and row.use is not Usage.NOT_SUPPORTED,
        lexical=lexical,
        decisive=bool(demanding or row.values or row.equals or lexical),
        once=definition is not None and not definition.repeats,
        definition=definition if components else None,
        judged_elsewhere=tuple(f"{path}.{number}" in table.rows for number in range(1, len(components) + 1)),
    )


def judge(message: Message, table: Hl7Table) -> Iterator[RowJudgement]:
    """Every row of the table on a message: each violation, or one judgement that sums the row up."""
    groups, blanks = message.once(Groups), message.once(blanks_of)
    lacking: set[str] = set()
    for one in table.once(_obligations):
        target = one.target
        segments = groups.of(one.segment)
        if not segments:
            if one.segment not in lacking and _demands_segment(message, table, target, one.row):
                lacking.add(one.segment)
                yield RowJudgement(one.path, Outcome.VIOLATED, one.path, "a value", f"no segment {one.segment}")
            continue
        if target.occurrence:
            segments = segments[target.occurrence - 1 : target.occurrence]
        alone = len(segments) == 1 and not target.occurrence
        judgements: list[RowJudgement] = []
        for segment in segments:
            written = segment.written(one.field)
            if one.silent and not written:
                continue
            bound = target if alone else at_occurrence(target, segment.occurrence)
            judgements += _judge_place(_Place(message, groups, blanks, table, one, target, bound, written))
        if len(judgements) > 1:
            yield from summed_up(judgements)
        else:
            yield from judgements


def _demands_segment(message: Message, table: Hl7Table, target: FieldPath, row: Hl7Row) -> bool:
    """Whether a field that another segment makes due has no segment to stand in; one that is always due is a matter of
    the structure."""
    if row.use is not Usage.CONDITIONAL or not row.when or target.segment in table.segments:
        return False
    return holds(row.when, lambda path: [hit.value.strip() for hit in message.all(path)]) is True


def blanks_of(message: Message) -> str:
    """What is no value: blanks, and the separators that the message declares."""
    marks = message.delimiters
    separators = (marks.component, marks.repetition, marks.subcomponent)
    return " " + b"".join(mark for mark in separators if mark).decode("latin-1")


def at_occurrence(path: FieldPath, number: int, repetition: int = 0) -> FieldPath:
    """The path in one occurrence of its segment, and perhaps in one repetition of its field."""
    return path.at(number, repetition or path.repetition)


@dataclass(slots=True)
class _Place:
    """One occurrence of the segment that a row is about."""

    message: Message
    groups: Groups
    blanks: str
    table: Hl7Table
    obligation: _Obligation
    target: FieldPath
    bound: FieldPath
    written: bytes

    @property
    def row(self) -> str:
        """The row's path."""
        return self.obligation.path

    @property
    def path(self) -> str:
        """The row's path in this occurrence, as findings show it."""
        return self.bound.text

    def hits(self, path: str) -> Sequence[Located]:
        """What the message has at a path, in this occurrence or in the segments that belong to it."""
        wanted = parse_path(path)
        if wanted.segment == self.target.segment:
            return self.message.located(at_occurrence(wanted, self.bound.occurrence))
        if wanted.occurrence or self.groups.count(wanted.segment) < 2:
            return self.message.located(wanted)
        beside = self.groups.beside(self.target.segment, self.bound.occurrence or 1, wanted.segment)
        return [hit for number in beside for hit in self.message.located(at_occurrence(wanted, number))]

    def values(self, path: str) -> tuple[str, ...]:
        """The values there, blanks and empty parts at the end trimmed."""
        return tuple(hit.value.strip().rstrip(self.blanks) for hit in self.hits(path))

    def valued(self, text: str) -> bool:
        """Whether a text is a value."""
        return bool(text.strip(self.blanks))


def _judge_place(place: _Place) -> Sequence[RowJudgement]:
    obligation = place.obligation
    row, demanding = obligation.row, obligation.demanding
    hits = _obliged(place) if place.written else ()
    valued = [hit for hit in hits if hit.value.strip(place.blanks)]
    applies = _applies(place, row)
    if applies is None and not obligation.silent and row.when:
        return (RowJudgement(place.row, Outcome.UNDECIDED, place.path, row.when, "condition cannot be evaluated"),)
    if row.use is Usage.NOT_SUPPORTED:
        return (_judge_absence(place, applies, valued),)
    if demanding and applies:
        if not hits or len(valued) < len(hits):
            missing = _missing(place, hits)
            faults = [RowJudgement(place.row, Outcome.VIOLATED, where, "a value", "absent") for where in missing]
            return [*faults, *_judge_values(place, row, valued)]
    elif demanding and (not valued or applies is False):
        return (RowJudgement(place.row, Outcome.NOT_APPLICABLE, place.path, row.when or row.condition),)
    elif row.when and not applies:
        return ()
    return _judge_values(place, row, valued)


def _missing(place: _Place, hits: Sequence[Located]) -> list[str]:
    """Where a demanded value is not: of a field, when no repetition has one; of a component, in each repetition."""
    if place.target.component and hits:
        return [hit.path for hit in hits if not place.valued(hit.value)]
    if any(place.valued(hit.value) for hit in hits) or not (hits or _alone(place)):
        return []
    return [place.path]


def _judge_absence(place: _Place, applies: bool | None, valued: list[Located]) -> RowJudgement:
    if not applies:
        return RowJudgement(place.row, Outcome.NOT_APPLICABLE, place.path)
    if valued:
        return RowJudgement(place.row, Outcome.VIOLATED, valued[0].path, "absent", valued[0].value)
    return RowJudgement(place.row, Outcome.MET, place.path, "absent", "absent")


def _judge_values(place: _Place, row: Hl7Row, valued: list[Located]) -> list[RowJudgement]:
    found: list[RowJudgement] = []
    for hit in valued:
        fault = _value_fault(place, row, hit)
        if fault is not None:
            found.append(RowJudgement(place.row, Outcome.VIOLATED, hit.path, fault, hit.value))
    if row.equals:
        found += _unequal(place, row.equals, valued)
    if len(valued) > 1 and place.obligation.once:
        surplus = valued[1]
        found.append(RowJudgement(place.row, Outcome.VIOLATED, surplus.path, "one repetition", surplus.value))
    if valued and place.obligation.decisive:
        found.append(RowJudgement(place.row, Outcome.MET, valued[0].path, "", valued[0].value))
    return found


def _unequal(place: _Place, equals: str, valued: list[Located]) -> Iterator[RowJudgement]:
    """A field none of whose repetitions is what another one says; repetitions besides are the sender's own."""
    stated = [hit for hit in valued if hit.value.strip() != NULL]
    others = [other for other in place.values(equals) if other]
    if stated and others and not any(hit.value.strip().rstrip(place.blanks) in others for hit in stated):
        expected = f"{others[0]} as in {equals}"
        yield RowJudgement(place.row, Outcome.VIOLATED, stated[0].path, expected, stated[0].value)


def _value_fault(place: _Place, row: Hl7Row, hit: Located) -> str | None:
    """What a value should have been; None when it is as the row says."""
    value = hit.value.strip()
    if value == NULL:
        return None
    if row.values and value not in row.values:
        return " | ".join(row.values)
    if place.obligation.demanding and is_unfilled(value):
        return "a value"
    fault = _form_fault(place, row, hit, value) if row.type else None
    return f"{row.type}: {fault}" if fault else None


def _form_fault(place: _Place, row: Hl7Row, hit: Located, value: str) -> str | None:
    """What is wrong with a value's form: of its text, or of the parts of a composite."""
    obligation, separator = place.obligation, place.message.delimiters.component
    if obligation.lexical:
        leaf = value.split(separator.decode("latin-1"))[0] if separator and row.type == "TS" else value
        return datatype_fault(row.type, leaf, place.table.version)
    definition = obligation.definition
    if definition is None or not separator or separator not in hit.raw:
        return None
    parts = place.message.parts(hit)
    return composite_fault(definition, parts, place.table.version, judged=obligation.judged_elsewhere)


def _applies(place: _Place, row: Hl7Row) -> bool | None:
    """Whether the obligation applies; None when that is prose or cannot be evaluated."""
    if row.when:
        return holds(row.when, place.values)
    if row.condition or row.use is Usage.CONDITIONAL:
        return None
    return True


def _obliged(place: _Place) -> Sequence[Located]:
    """The places the row speaks of: for a component, that component of every repetition that has a value."""
    if not place.target.component:
        return place.message.located(place.bound)
    bound, mark = place.bound, place.message.delimiters.repetition
    if not mark or mark not in place.written:
        written = place.written.decode("latin-1").strip()
        return place.message.located(bound) if place.valued(written) and written != NULL else ()
    parent = replace(bound, component=0, subcomponent=0)
    found: list[Located] = []
    for repetition, hit in enumerate(place.message.located(parent), 1):
        if place.valued(hit.value) and hit.value.strip() != NULL:
            wanted = at_occurrence(bound, bound.occurrence, bound.repetition or repetition)
            found.extend(place.message.located(wanted))
    return found


def _alone(place: _Place) -> bool:
    """Whether no row of the table demands the field that the component belongs to."""
    if not place.target.component:
        return True
    return place.row.split(".")[0] not in place.table.rows
