"""Segments against a message structure of the base standard: what is missing, out of order, or not of the
structure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from harness.hl7.datatypes import composite_fault, datatype_fault
from harness.hl7.message import Message
from harness.hl7.segment import Segment
from harness.hl7.standard import Kind, Node, has_structure, message_structure

__all__ = [
    "StructureFault",
    "StructureFaultKind",
    "composite_fault",
    "datatype_fault",
    "has_structure",
    "structure_faults",
]

_LIMIT = 20
_DISPLACEMENT_LIMIT = 300  # segments; the search is quadratic


class StructureFaultKind(Enum):
    """How a message departs from its structure."""

    MISSING = "missing"
    OUT_OF_ORDER = "out of order"
    """It is there, but not where it belongs."""
    UNEXPECTED = "unexpected"
    """It is of the structure, but cannot stand there, or not once more."""
    FOREIGN = "foreign"
    """The structure has no such segment."""


@dataclass(frozen=True)
class StructureFault:
    """One departure. `group` is the group of the standard it is about; `offset` counts in the message's
    bytes."""

    kind: StructureFaultKind
    segment: str
    group: str
    offset: int
    text: str


def structure_faults(message: Message, structure: str, version: str) -> tuple[StructureFault, ...]:
    """The departures from a structure such as OMI_O23, in order of their offsets; at most about twenty of a
    kind.

    Z segments may stand anywhere. ValueError when the version has no such structure.
    """
    root = message_structure(structure, version)
    faults: list[StructureFault] = []
    present: list[Segment] = []
    for segment in message.segments:
        if segment.name in root.members:
            present.append(segment)
        elif not segment.name.startswith("Z") and len(faults) < _LIMIT:
            faults.append(_fault(StructureFaultKind.FOREIGN, segment, structure))
    departures = _departures(root, present, len(message.raw))
    if len(departures) > 1 and len(present) <= _DISPLACEMENT_LIMIT:
        departures = _displacement(root, present, len(message.raw)) or departures
    return tuple(sorted(faults + departures, key=lambda fault: fault.offset))


def _departures(root: Node, present: list[Segment], end: int) -> list[StructureFault]:
    """What is missing and what is too much; a segment that is both is out of order."""
    missing, unexpected = _settle(root, present, end)
    lacking = {fault.segment: fault for fault in reversed(missing)}
    faults: list[StructureFault] = []
    for segment in unexpected:
        absent = lacking.pop(segment.name, None)
        if absent is not None:
            missing.remove(absent)
            faults.append(_fault(StructureFaultKind.OUT_OF_ORDER, segment, absent.group))
        else:
            faults.append(_fault(StructureFaultKind.UNEXPECTED, segment, root.name))
    return faults + missing[:_LIMIT]


def _displacement(root: Node, present: list[Segment], end: int) -> list[StructureFault]:
    """The one segment whose being elsewhere, or being there at all, explains everything; nothing when none does.

    A segment before its place in a repeating group looks like two incomplete groups: one fault, not three.
    """
    for position, segment in enumerate(present):
        rest = present[:position] + present[position + 1 :]
        matcher = _Matcher(root, rest, end)
        if matcher.group(root, 0) < len(rest):
            continue
        if not matcher.missing:
            return [_fault(StructureFaultKind.UNEXPECTED, segment, root.name)]
        if len(matcher.missing) == 1 and matcher.missing[0].segment == segment.name:
            return [_fault(StructureFaultKind.OUT_OF_ORDER, segment, matcher.missing[0].group)]
    return []


def _settle(root: Node, present: list[Segment], end: int) -> tuple[list[StructureFault], list[Segment]]:
    """Match, set aside the segment that cannot be placed, match again; what is missing then is truly
    missing."""
    unexpected: list[Segment] = []
    while True:
        matcher = _Matcher(root, present, end)
        position = matcher.group(root, 0)
        if position >= len(present):
            return matcher.missing, unexpected
        if len(unexpected) == _LIMIT:
            return [], unexpected
        unexpected.append(present[position])
        present = present[:position] + present[position + 1 :]


class _Matcher:
    """Greedy, but for an optional group that its first segment need not begin: ORC in OMG_O19 begins a prior result or
    the next order, and is taken for the former only where nothing is missing then."""

    def __init__(self, root: Node, segments: Sequence[Segment], end: int) -> None:
        self.missing: list[StructureFault] = []
        self._segments = segments
        self._names = [segment.name for segment in segments]
        self._single = _single_places(root)
        self._end = end

    def group(self, node: Node, position: int) -> int:
        """Match one occurrence of a group; the position after it."""
        if node.kind is Kind.CHOICE:
            for child in node.children:
                if self._begins(child, position):
                    return self._repeat(node, child, position)
            return position
        for child in node.children:
            position = self._repeat(node, child, position)
        return position

    def _repeat(self, parent: Node, child: Node, position: int) -> int:
        count = 0
        while child.highest < 0 or count < child.highest:
            if not self._begins(child, position):
                break
            told = len(self.missing)
            after = position + 1 if child.kind is Kind.SEGMENT else self.group(child, position)
            if after == position:
                break
            if len(self.missing) > told and count >= child.lowest and self._names[position] not in self._single:
                del self.missing[told:]
                break
            position, count = after, count + 1
        if count < child.lowest and not child.nullable and len(self.missing) < _LIMIT * 5:
            self._lack(parent, child, position)
        return position

    def _begins(self, node: Node, position: int) -> bool:
        """Whether a segment begins the node, or lies within it and nowhere else, so that its beginning is
        missing."""
        if position >= len(self._names):
            return False
        name = self._names[position]
        return name in node.starts or (name in node.members and name in self._single)

    def _lack(self, parent: Node, child: Node, position: int) -> None:
        offset = self._segments[position].start if position < len(self._segments) else self._end
        group = child.name if child.kind is Kind.SEQUENCE else parent.name
        text = f"{child.anchor} is missing in {group}"
        self.missing.append(StructureFault(StructureFaultKind.MISSING, child.anchor, group, offset, text))


@lru_cache(maxsize=128)
def _single_places(root: Node) -> frozenset[str]:
    """The segments that stand in one place of the structure only."""
    counts: Counter[str] = Counter()
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if node.kind is Kind.SEGMENT:
            counts[node.name] += 1
        nodes.extend(node.children)
    return frozenset(name for name, count in counts.items() if count == 1)


def _fault(kind: StructureFaultKind, segment: Segment, group: str) -> StructureFault:
    name = ascii(segment.name)[1:-1]
    text = {
        StructureFaultKind.OUT_OF_ORDER: f"{name} is not where {group} has it",
        StructureFaultKind.UNEXPECTED: f"{name} cannot stand here in {group}, or not once more",
        StructureFaultKind.FOREIGN: f"{group} has no segment {name}",
    }[kind]
    return StructureFault(kind, segment.name, group, segment.start, text)
