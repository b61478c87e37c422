"""Mutants of HL7 fields, row by row of the field tables: what has to break is the row itself.

Owns what each kind of row forbids, read off the row and the base grammar. It must not know how a row is checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from harness.hl7 import FieldPath, Located, Message, field_definition, parse_path, set_value
from harness.model.names import ExchangeId, RequirementId
from harness.model.proof import Mutation
from harness.model.tables import Hl7Row, Hl7Table, Usage
from harness.model.transcript import Half
from harness.profiles.notation import parse_condition
from harness.selftest.edits import Edit, Operation
from harness.selftest.mutants import WRONG, WRONG_UID, Mutant, Spot, bare, of_one

_DEMANDED = frozenset({Usage.REQUIRED, Usage.REQUIRED_BY_IHE})
_OUTSIDE = "ZZ9"
_WRONG_FORM: Mapping[str, str] = MappingProxyType(
    {
        "TS": "20241341",
        "DTM": "20241341",
        "DT": "yesterday",
        "TM": "noon",
        "NM": "twelve",
        "SI": "first",
        "ID": "A\x07B",
        "IS": "A\x07B",
        "UID": "1.02.x",
    }
)
"""A value that is not of the type, for the types that have a form of their own (HL7 v2.5.1 2.A)."""
_CHOOSING: Mapping[str, str] = MappingProxyType({"MSH-9": "message-type", "MSH-12": "version", "ORC-1": ""})
"""Fields by which a message has one form of its leg or another, with the rule of the header that speaks of them."""
_TIMES = ("TS", "DTM", "DT", "TM", "SI")
"""Types of the parts of a composite value that have a form of their own."""
_OF_TYPE: Mapping[str, str] = MappingProxyType(
    {"TS": "20240102", "DTM": "20240102", "DT": "20240102", "TM": "1015", "NM": "7", "SI": "1", "UID": WRONG_UID}
)


def of_table(spot: Spot, message: Message, name: str, table: Hl7Table) -> Iterator[Mutant]:
    """Every row of a field table, at the first and the last segment that it is about."""
    for path, row in table.rows.items():
        target = parse_path(path)
        count = message.segment_names().count(target.segment)
        for occurrence in sorted({1, count}) if count else ():
            bound = replace(target, occurrence=occurrence) if count > 1 else target
            yield from _Row(spot, message, name, table, path, row, bound).mutants()


@dataclass(frozen=True)
class _Row:
    """A row at one segment of a message."""

    spot: Spot
    message: Message
    name: str
    table: Hl7Table
    path: str
    row: Hl7Row
    bound: FieldPath

    def mutants(self) -> Iterator[Mutant]:
        """Every mutant that breaks the row."""
        applies = self._applies()
        if self.row.use is Usage.NOT_SUPPORTED:
            if applies:
                yield self._mutant(Mutation.FORBIDDEN, "usage", self._set(_OF_TYPE.get(self.row.type, WRONG)))
            return
        if applies and (self.row.use in _DEMANDED or self.row.use is Usage.CONDITIONAL):
            yield from self._removed()
        elif applies is False and self.row.use in (*_DEMANDED, Usage.CONDITIONAL):
            yield from self._under_condition()
            return
        yield from self._of_value()

    def _removed(self) -> Iterator[Mutant]:
        if not self.bound.component:
            if self._valued():
                yield self._mutant(Mutation.REMOVED, "usage", self._set(""))
            return
        for hit in self._first_and_last():
            parent = parse_path(hit.path)
            rest = Message.parse(self._with(hit.path, "")).first(str(replace(parent, component=0, subcomponent=0)))
            if rest.strip(" ^&~"):
                later = parent.repetition > 1
                yield self._mutant(Mutation.REMOVED, "usage", Edit(Operation.SET, hit.path, ""), later=later)

    def _under_condition(self) -> Iterator[Mutant]:
        """The condition is made to hold, and the value taken out."""
        condition = parse_condition(self.row.when)
        other = self._paired(condition.path)
        if self.bound.component and not condition.absent:
            return
        value = "" if condition.absent else (condition.values or (WRONG,))[0]
        row = self.table.rows.get(condition.path)
        if row is not None and condition.absent and row.use in _DEMANDED:
            return
        edits = (Edit(Operation.SET, other, value), Edit(Operation.SET, str(self.bound), ""))
        changed = [edit for edit in edits if self.message.first(edit.path) != edit.value]
        if changed and (not self.bound.component or self._valued()):
            yield self._mutant(Mutation.CONDITION, "usage", *changed, touched=(str(self.bound), other))

    def _of_value(self) -> Iterator[Mutant]:
        row = self.row
        for hit in self._first_and_last():
            later = parse_path(hit.path).repetition > 1
            if row.values:
                yield self._mutant(Mutation.OUTSIDE, "values", Edit(Operation.SET, hit.path, _OUTSIDE), later=later)
            if row.equals and any(self.message.all(self._paired(row.equals))):
                value = WRONG_UID if row.type == "UID" else WRONG
                yield self._mutant(Mutation.WRONG_VALUE, "equals", Edit(Operation.SET, hit.path, value), later=later)
            if row.type in _WRONG_FORM and not row.values:
                edit = Edit(Operation.SET, hit.path, _WRONG_FORM[row.type])
                yield self._mutant(Mutation.WRONG_TYPE, "type", edit, later=later)
            part = self._wrong_part(hit)
            if part is not None:
                yield self._mutant(Mutation.WRONG_TYPE, "part", part, later=later)
        yield from self._repeated()

    def _wrong_part(self, hit: Located) -> Edit | None:
        """One part of a composite value that is not of its type: an authority without an identifier, a universal ID
        without its type, a time that is none. None where another row speaks of it, or nothing can be wrong with it."""
        definition = field_definition(self.bound.segment, self.bound.field, self.table.version)
        if definition is None or self.bound.component or not self.row.type or b"^" not in hit.raw:
            return None
        free = [n for n, _ in enumerate(definition.components, 1) if f"{self.path}.{n}" not in self.table.rows]
        if definition.datatype in ("CX", "EI") and 1 in free:
            return Edit(Operation.SET, f"{hit.path}.1", "")
        for number in free:
            kind = definition.components[number - 1].datatype
            if kind in _TIMES:
                return Edit(Operation.SET, f"{hit.path}.{number}", _WRONG_FORM[kind])
            if kind == "HD" and definition.datatype != "CX":
                return Edit(Operation.SET, f"{hit.path}.{number}.2", "1.2.3")
        return None

    def _repeated(self) -> Iterator[Mutant]:
        target = self.bound
        definition = field_definition(target.segment, target.field, self.table.version)
        if target.component or target.segment == "MSH" or definition is None or definition.repeats:
            return
        if self._valued():
            yield self._mutant(Mutation.REPEATED, "repetition", Edit(Operation.DUPLICATE, str(target)))

    def _mutant(
        self, mutation: Mutation, kind: str, *edits: Edit, touched: tuple[str, ...] = (), later: bool = False
    ) -> Mutant:
        return self.spot.mutant(
            mutation,
            edits,
            of_one(f"hl7.table {kind}", *self._requirements()),
            touched=touched,
            later=later or self.bound.occurrence > 1,
        )

    def _requirements(self) -> tuple[str, ...]:
        """The row; of a field that tells one form of the leg from another, the same row of any form, or the header."""
        own = f"{self.name}/{self.path}"
        header = _CHOOSING.get(bare(self.path).split(".")[0])
        if header is None:
            return (own,)
        if self.spot.half is Half.RESPONSE:
            return (own, self.spot.rule("ack-type")) if header == "message-type" else (own,)
        tables = (form.table for form in self.spot.leg.planned.leg.messages)
        others = (f"{table}/{self.path}" for table in tables if table)
        return tuple(dict.fromkeys((own, *others, *((self.spot.rule(header),) if header else ()))))

    def _set(self, value: str) -> Edit:
        return Edit(Operation.SET, str(self.bound), value)

    def _with(self, path: str, value: str) -> bytes:
        return edited(self.message.raw, Edit(Operation.SET, path, value))

    def _valued(self) -> tuple[Located, ...]:
        return tuple(hit for hit in self.message.all(str(self.bound)) if hit.value.strip(" ^&~"))

    def _first_and_last(self) -> tuple[Located, ...]:
        hits = self._valued()
        return hits if len(hits) < 2 else (hits[0], hits[-1])

    def _applies(self) -> bool | None:
        """Whether the row's condition holds; None when it is prose."""
        if not self.row.when:
            prose = self.row.condition or self.row.use is Usage.CONDITIONAL
            return None if prose else True
        condition = parse_condition(self.row.when)
        values = [hit.value.strip() for hit in self.message.all(self._paired(condition.path)) if hit.value.strip()]
        if condition.values:
            return any(value in condition.values for value in values)
        return bool(values) is condition.valued

    def _paired(self, path: str) -> str:
        """A path at the segment that goes with this one."""
        target = parse_path(path)
        several = self.message.segment_names().count(target.segment) > 1
        return str(replace(target, occurrence=self.bound.occurrence)) if several and self.bound.occurrence else path


def edited(raw: bytes, edit: Edit) -> bytes:
    """A message after an edit of one value."""
    return set_value(raw, edit.path, edit.value)


def walk(
    spot: Spot,
    message: Message,
    name: str,
    table: Hl7Table | None = None,
    known: frozenset[tuple[ExchangeId, RequirementId]] = frozenset(),
) -> Iterator[Mutant]:
    """Every field that is there, left out, null, and with another value, whether or not a row speaks of it.

    A field that is only due when it is known has to be there where the sender is `known` to hold it. Otherwise it is
    not known from a table what has to break; what breaks besides what speaks of the field is too much.
    """
    for segment in message.segments:
        if segment.occurrence > 1:
            continue
        for number in range(1, segment.field_count + 1):
            path = f"{segment.name}-{number}"
            if (segment.name, number) in (("MSH", 1), ("MSH", 2)) or not message.has(path):
                continue
            definition = field_definition(segment.name, number, message.version)
            value = _OF_TYPE.get(definition.datatype if definition is not None else "", WRONG)
            leaf = f"{path}.1" if message.has(f"{path}.2") else path
            key = (spot.leg.step.transaction.id, spot.half.value, message.version, path)
            row = table.rows.get(path) if table is not None else None
            held = (spot.at.exchange, RequirementId(f"{name}/{path}")) in known
            noticed = (f"{name}/{path}", *_copied(spot, path))
            due = of_one("hl7.table known", *noticed) if held and row and row.use in _IF_KNOWN else ()
            yield spot.mutant(Mutation.REMOVED, (Edit(Operation.SET, path, ""),), due, key=key)
            yield spot.mutant(Mutation.NULLED, (Edit(Operation.SET, path, '""'),), key=key)
            yield spot.mutant(Mutation.WRONG_VALUE, (Edit(Operation.SET, leaf, value),), key=key)


def _copied(spot: Spot, path: str) -> Iterator[str]:
    """The edges that end at the field by which an order is known again: without it, the order is not found."""
    if path != _ORDER:
        return
    for edge in spot.leg.knowledge.edges:
        if edge.target.transaction == spot.leg.step.transaction.id and f"{path}.1" in edge.target.paths:
            yield f"consistency/{edge.id}"


_ORDER = "ORC-2"
_IF_KNOWN = frozenset({Usage.REQUIRED_IF_KNOWN, Usage.REQUIRED_MAY_BE_EMPTY, Usage.CONDITIONAL_MAY_BE_EMPTY})
