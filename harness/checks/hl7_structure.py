"""Whether a message can be read, has the segments it must have, and has them in the order of its structure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from harness.checks.hl7_form import forms
from harness.checks.hl7_groups import Groups
from harness.checks.recording import LegView
from harness.checks.registry import Scope, leg_check
from harness.hl7 import Fault, Message
from harness.hl7.grammar import StructureFaultKind, has_structure, structure_faults
from harness.model.finding import Finding
from harness.model.tables import Hl7Table
from harness.model.verdict import Outcome

CHECK = "hl7.structure"


class FaultKind(Enum):
    """What a fault of reading is about, and so which rule it breaks."""

    CHARACTERS = "characters"
    SEGMENT_END = "segment end"
    STRUCTURE = "structure"


_NO_FIELD = "has no field"
"""Separators at the end of a segment may be left out, so that one without any value is its name alone."""
_OF_CHARACTERS = ("decoded as", "MSH-18")
_OF_SEGMENT_END = ("CR LF", "line feed", "has no end")
_NOT_DEMANDED = frozenset({("ADT_A38", "DRG")})
"""Segments that the grammar of version 2.3.1 demands and the use in IHE leaves out."""
_OF_ORDER = ("TQ1", "OBR", "IPC")
"""Segments of an order group: a table that demands one demands it of every order."""


@dataclass(frozen=True)
class Departure:
    """One departure from the structure: where, what should be there, what was met."""

    path: str
    expected: str
    received: str


@leg_check(CHECK, rows=("structure",), scope=Scope.MESSAGE)
def check(view: LegView) -> Iterator[Finding]:
    """Each message of the leg against the segments of its table and the base standard's structure."""
    for exchange, message, form in forms(view):
        table = view.knowledge.hl7_tables.get(form.table)
        found = tuple(departures(message, table))
        for one in found:
            evidence = exchange.evidence(one.path)
            yield from view.ruled(
                CHECK, "structure", Outcome.VIOLATED, evidence, expected=one.expected, received=one.received
            )
        if not found:
            yield from view.ruled(CHECK, "structure", Outcome.MET, exchange.evidence())


def departures(message: Message, table: Hl7Table | None) -> Iterator[Departure]:
    """Everything that is wrong with a message before any of its fields is looked at; segments foreign to the structure
    are left alone, because a receiver ignores them."""
    for fault in message.faults:
        if fault_kind(fault) is FaultKind.STRUCTURE and not fault.text.endswith(_NO_FIELD):
            yield Departure("", "a readable message", f"offset {fault.offset}: {fault.text}")
    if table is None:
        return
    names = message.segment_names()
    missing = [segment for segment in table.segments if segment not in names]
    for segment in missing:
        yield Departure(segment, segment, "absent")
    incomplete = [one for one in _incomplete_orders(message, table) if one.expected not in missing]
    yield from incomplete
    if not table.structure or not has_structure(table.structure, table.version):
        return
    told = {*missing, *(one.expected for one in incomplete)}
    for departure in structure_faults(message, table.structure, table.version):
        if departure.kind is StructureFaultKind.FOREIGN or departure.segment in told:
            continue
        if departure.kind is StructureFaultKind.MISSING and (table.structure, departure.segment) in _NOT_DEMANDED:
            continue
        yield Departure(departure.segment, table.structure, departure.text)


def _incomplete_orders(message: Message, table: Hl7Table) -> Iterator[Departure]:
    """What an order lacks when there are several: each has all that the table demands of one."""
    wanted = [segment for segment in _OF_ORDER if segment in table.segments]
    orders = message.once(Groups).led_by("ORC")
    if not wanted or len(orders) < 2:
        return
    for number, found in enumerate(orders, 1):
        for segment in wanted:
            if segment not in found:
                yield Departure(f"ORC[{number}]", segment, f"no {segment} follows ORC[{number}]")


def fault_kind(fault: Fault) -> FaultKind:
    """What a fault of reading is about."""
    if any(mark in fault.text for mark in _OF_CHARACTERS):
        return FaultKind.CHARACTERS
    if any(mark in fault.text for mark in _OF_SEGMENT_END):
        return FaultKind.SEGMENT_END
    return FaultKind.STRUCTURE
