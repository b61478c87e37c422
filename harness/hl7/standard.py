"""The base standard's tables as hl7apy 1.3.5 carries them, turned into our own words.

The only module that knows hl7apy or the layout of its tuples: (kind, children, data type, long name, table,
length) for an element and (name, element, (minimum, maximum), kind) for a child; -1 is unbounded. Its parser
and validator are not used. Tables are loaded when first asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from hl7apy import SUPPORTED_LIBRARIES, load_library

_FALLBACK = "2.5.1"


class Kind(Enum):
    """What a node of a message structure is."""

    SEGMENT = "segment"
    SEQUENCE = "sequence"
    """A group whose members come in order."""
    CHOICE = "choice"
    """A group of which one member comes."""


@dataclass(frozen=True)
class Node:
    """A segment or group of a message structure. `highest` is -1 when it repeats without bound.

    `starts` are the segments it may begin with, `members` all within it, `anchor` the segment that names it
    in a fault.
    """

    name: str
    kind: Kind
    lowest: int
    highest: int
    children: tuple[Node, ...]
    starts: frozenset[str]
    members: frozenset[str]
    anchor: str
    nullable: bool


@dataclass(frozen=True)
class Definition:
    """A field or component: its name as the standard prints it, data type, table number (`0119`) and
    parts."""

    name: str
    datatype: str
    table: str
    required: bool
    repeats: bool
    components: tuple[Definition, ...]


@lru_cache(maxsize=64)
def table_version(version: str) -> str:
    """The version whose tables serve: the same, else the nearest lower, else the lowest; 2.5.1 for what is
    none."""
    version = version.strip()
    if version in SUPPORTED_LIBRARIES:
        return version
    wanted = _numbers(version)
    if wanted is None:
        return _FALLBACK
    known = sorted(SUPPORTED_LIBRARIES, key=lambda text: _numbers(text) or ())
    lower: list[str] = [text for text in known if (_numbers(text) or ()) <= wanted]
    return lower[-1] if lower else str(known[0])


def has_structure(structure: str, version: str) -> bool:
    """Whether the version's tables define that message structure."""
    return structure in _library(table_version(version)).MESSAGES


@lru_cache(maxsize=128)
def message_structure(structure: str, version: str) -> Node:
    """The grammar of a message structure such as OMI_O23; ValueError when the version has none of that
    name."""
    library = _library(table_version(version))
    reference = library.MESSAGES.get(structure)
    if reference is None:
        raise ValueError(f"HL7 {table_version(version)} defines no message structure {structure[:20]!r}")
    return _node(library, structure, reference, (1, 1), "GRP")


@lru_cache(maxsize=4096)
def field_definition(segment: str, number: int, version: str) -> Definition | None:
    """The definition of a field; None when the version's tables have no such segment or field."""
    reference = _library(table_version(version)).SEGMENTS.get(segment)
    if reference is None or not 1 <= number <= len(reference[1]):
        return None
    _, element, cardinality, _ = reference[1][number - 1]
    return _definition(element, cardinality)


@lru_cache(maxsize=256)
def table_codes(table: str, version: str) -> tuple[str, ...]:
    """The codes of a table such as `0119`; nothing when it is user-defined without suggestions, or
    unknown."""
    found = _library(table_version(version)).TABLES.get(f"HL7{table}")
    return tuple(found[1]) if found else ()


@lru_cache(maxsize=16)
def _library(version: str) -> Any:
    return load_library(version)


def _numbers(version: str) -> tuple[int, ...] | None:
    parts = version[:12].split(".")
    return tuple(map(int, parts)) if all(part.isascii() and part.isdigit() for part in parts) else None


def _node(library: Any, name: str, reference: Any, cardinality: tuple[int, int], kind: str) -> Node:
    lowest, highest = cardinality
    if kind == "SEG":
        alone = frozenset({name})
        return Node(name, Kind.SEGMENT, lowest, highest, (), alone, alone, name, lowest == 0)
    reference = reference if reference is not None else library.GROUPS[name]
    children = tuple(_node(library, child, element, bounds, what) for child, element, bounds, what in reference[1])
    members = frozenset[str]().union(*(child.members for child in children))
    if reference[0] == "choice":
        starts = frozenset[str]().union(*(child.starts for child in children))
        anchor = " or ".join(child.anchor for child in children)
        empty = lowest == 0
        return Node(name, Kind.CHOICE, lowest, highest, children, starts, members, anchor, empty)
    first: set[str] = set()
    for child in children:
        first |= child.starts
        if not child.nullable:
            break
    anchor = next((child.anchor for child in children if not child.nullable), children[0].anchor)
    empty = lowest == 0 or all(child.nullable for child in children)
    return Node(name, Kind.SEQUENCE, lowest, highest, children, frozenset(first), members, anchor, empty)


def _definition(element: Any, cardinality: tuple[int, int]) -> Definition:
    _, children, datatype, name, table = element[:5]
    parts = tuple(_definition(child, bounds) for _, child, bounds, _ in children or ())
    return Definition(
        name=_printed(name or ""),
        datatype=datatype or "",
        table=(table or "").removeprefix("HL7"),
        required=cardinality[0] > 0,
        repeats=cardinality[1] == -1 or cardinality[1] > 1,
        components=parts,
    )


_SMALL = frozenset({"of", "for", "the", "and", "to", "in", "on", "or", "by", "from", "with", "a"})
_CAPITALS = frozenset({"ID", "SSN", "UID", "HL7", "NDC", "VIP", "DRG", "OBR", "OBX", "PID", "RGS", "AIS"})


def _printed(name: str) -> str:
    """`DATE_TIME_OF_BIRTH` as `Date/Time of Birth`."""
    words: list[str] = []
    for word in name.split("_"):
        if words and word.lower() in _SMALL:
            words.append(word.lower())
        else:
            words.append(word if word in _CAPITALS else word.capitalize())
    return " ".join(words).replace("Date Time", "Date/Time")
