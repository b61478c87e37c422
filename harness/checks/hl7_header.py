"""What the field tables cannot say of a header: version, message type, character set, separators, segment ends; and
whether values are longer than their fields (RAD TF-2: 2.4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from harness.checks.hl7_form import nearest_form
from harness.checks.hl7_groups import Groups
from harness.checks.hl7_structure import FaultKind, fault_kind
from harness.checks.hl7_table import at_occurrence
from harness.checks.recording import ExchangeView, LegView
from harness.checks.registry import Scope, leg_check
from harness.hl7 import Message, parse_path
from harness.model.finding import Finding
from harness.model.profile import MessageForm
from harness.model.tables import Hl7Table
from harness.model.verdict import Outcome

CHECK = "hl7.header"

Fault = tuple[str, str, str]
"""Path, expected, received."""
Judge = Callable[[Message, MessageForm, Hl7Table | None], Fault | None]
"""Judges a message as one of the form; a fault, or None."""

_SAME_STRUCTURE = frozenset({"ADT_A09", "ADT_A12"})
"""Either is met for A12: the structure exists, and table 0354 of 2.5.1 does not list it."""


def _version(message: Message, form: MessageForm, table: Hl7Table | None) -> Fault | None:
    value = message.version.strip()
    if not value or _ordered(value) >= _ordered(form.version):
        return None
    return "MSH-12", f"{form.version} or higher", value


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:4] if part.isascii() and part.isdigit() and len(part) < 4)


def _message_type(message: Message, form: MessageForm, table: Hl7Table | None) -> Fault | None:
    wanted, given = table.structure if table is not None else "", message.structure
    if not wanted or not given or given == wanted or {wanted, given} == _SAME_STRUCTURE:
        return None
    return "MSH-9.3", wanted, given


def _character_set(message: Message, form: MessageForm, table: Hl7Table | None) -> Fault | None:
    found = _fault(message, FaultKind.CHARACTERS)
    return ("MSH-18", "the character set of the text", found) if found else None


def _segment_end(message: Message, form: MessageForm, table: Hl7Table | None) -> Fault | None:
    found = _fault(message, FaultKind.SEGMENT_END)
    return ("", "a carriage return ends a segment", found) if found else None


def _delimiters(message: Message, form: MessageForm, table: Hl7Table | None) -> Fault | None:
    marks = (message.first("MSH-1"), message.first("MSH-2"))
    return None if marks == ("|", "^~\\&") else ("MSH-2", "|^~\\&", "".join(marks))


def _length(message: Message, form: MessageForm, table: Hl7Table | None) -> Fault | None:
    """The first value that is longer than its row allows, repetition by repetition."""
    groups = message.once(Groups)
    for path, row in table.rows.items() if table is not None else ():
        if not row.length:
            continue
        target = parse_path(path)
        for segment in groups.of(target.segment):
            span = segment.span(target.field)
            if span is None or span[1] - span[0] <= row.length:
                continue
            for hit in message.located(at_occurrence(target, segment.occurrence)):
                if len(hit.value) > row.length:
                    return hit.path, f"at most {row.length} characters", f"{len(hit.value)}: {hit.value}"
    return None


def _fault(message: Message, kind: FaultKind) -> str:
    return next((fault.text for fault in message.faults if fault_kind(fault) is kind), "")


_JUDGES: Mapping[str, Judge] = MappingProxyType(
    {
        "version": _version,
        "message-type": _message_type,
        "character-set": _character_set,
        "segment-end": _segment_end,
        "delimiters": _delimiters,
        "lengths": _length,
    }
)
_RECOMMENDED = frozenset({"segment-end", "delimiters", "lengths"})


@leg_check(CHECK, rows=tuple(_JUDGES), scope=Scope.MESSAGE)
def check(view: LegView) -> Iterator[Finding]:
    """Each header row on each message of the leg."""
    for exchange in view.exchanges:
        message = exchange.request_message
        if message is None:
            continue
        form = view.message_form(message)
        if form is None:
            yield from _foreign(view, exchange, message)
            continue
        table = view.knowledge.hl7_tables.get(form.table)
        for row, judge in _JUDGES.items():
            wanted = replace(form, version=view.planned.version or form.version) if row == "version" else form
            path, expected, received = judge(message, wanted, table) or ("MSH", "", "")
            yield from view.ruled(
                CHECK,
                row,
                Outcome.VIOLATED if expected else Outcome.MET,
                exchange.evidence(path),
                expected=expected,
                received=received,
            )


def _foreign(view: LegView, exchange: ExchangeView, message: Message) -> Iterator[Finding]:
    """A message whose MSH-9 is none of the leg's: told as what it says it is, and as what it looks like."""
    nearest = nearest_form(view, message)
    wanted = (
        [nearest.type] if nearest is not None else list(dict.fromkeys(one.type for one in view.planned.leg.messages))
    )
    received = message.type or "absent"
    if nearest is not None:
        received += f", and otherwise a message as {nearest.type}"
    expected = " | ".join(wanted)
    evidence = exchange.evidence("MSH-9")
    yield from view.ruled(CHECK, "message-type", Outcome.VIOLATED, evidence, expected=expected, received=received)


def faults(message: Message, form: MessageForm, table: Hl7Table | None) -> Iterator[str]:
    """The header rows that a message breaks, those aside that only recommend."""
    for row, judge in _JUDGES.items():
        if row not in _RECOMMENDED and judge(message, form, table) is not None:
            yield row
