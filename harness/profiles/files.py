"""Schemas of the data files where they differ from the model, and how rows inherit from their file.

A row takes `citation`, `confidence` and `source` from its file unless it states its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.model.names import ActorName
from harness.model.record import Record
from harness.model.tables import Comparison, LegRule, PlayRule
from harness.model.verdict import Confidence, Strength
from harness.yaml_source import Faults, SourceMapping, SourceSequence

CASES = ("simple", "append", "group", "unscheduled")
"""The acquisition cases that an edge may hold in."""

INHERITED = ("citation", "confidence", "source")


@dataclass(frozen=True, kw_only=True)
class ClauseFile(Record):
    """The clauses of the IHE Technical Frameworks that may be cited; the value says what and how known."""

    clauses: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class RuleFile(Record):
    """The rules that one check decides. `every_leg`: on every leg, and not only on those that name the check."""

    check: str
    every_leg: bool = False
    citation: str
    confidence: Confidence
    source: str = ""
    leg_rules: Mapping[str, LegRule] = field(default_factory=dict)
    play_rules: Mapping[str, PlayRule] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class EdgeRow(Record):
    """An edge as written: the two places are texts."""

    origin: str
    target: str
    by: ActorName
    cases: tuple[str, ...] = CASES
    when_valued: bool = False
    sop_classes: tuple[str, ...] = ()
    strength: Strength = Strength.SHALL
    citation: str
    confidence: Confidence
    source: str = ""
    implies: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EdgeGroup(Record):
    """The edges of one value."""

    compare: Comparison
    citation: str
    confidence: Confidence
    source: str = ""
    edges: tuple[EdgeRow, ...]


def prepare_rows(key: str = "rows") -> Callable[[SourceMapping], None]:
    """Let the rows under a key inherit from their file."""

    def prepare(source: SourceMapping) -> None:
        for _, row in source.mappings(key):
            inherit(source, row)

    return prepare


def prepare_rules(source: SourceMapping) -> None:
    """Give each rule its check and its name, and let it inherit."""
    for key, name in (("leg_rules", "row"), ("play_rules", "id")):
        for row_name, row in source.mappings(key):
            inherit(source, row)
            _default(row, name, row_name)
            _default(row, "check", source.get("check"))


def prepare_edges(source: SourceMapping) -> None:
    """Let the edges of each value inherit, and read `from` and `to`."""
    for group in source.values():
        if isinstance(group, SourceMapping):
            for _, edge in group.mappings("edges"):
                edge.rename("from", "origin")
                edge.rename("to", "target")
                inherit(group, edge)


def prepare_states(source: SourceMapping) -> None:
    """Let transitions inherit; the machine itself has no citation of its own."""
    for _, row in source.mappings("transitions"):
        inherit(source, row)
    for key in INHERITED:
        source.pop(key, None)


def prepare_keys(source: SourceMapping) -> None:
    """Let the rows inherit; the table keeps its citation alone."""
    prepare_rows()(source)
    for key in ("confidence", "source"):
        source.pop(key, None)


def include_rows(source: SourceMapping, row_sets: Mapping[str, SourceMapping], faults: Faults) -> None:
    """Put the rows of the sets named in `use_rows` before the table's own, which win; a set may use others itself."""
    names = source.pop("use_rows", None)
    own = source.mapping("rows")
    if not isinstance(names, SourceSequence) or own is None:
        return
    rows = SourceMapping(own.place)
    for place, name in zip(names.items_at, names, strict=True):
        if not faults.name(place, "set of rows", str(name), row_sets):
            continue
        include_rows(row_sets[str(name)], row_sets, faults)
        for path, row in row_sets[str(name)].mappings("rows"):
            rows.put(path, _copied(row, row_sets[str(name)]), row.place)
    for path, value in own.items():
        rows.put(path, value, own.keys_at[path])
    source["rows"] = rows


def _copied(row: SourceMapping, row_set: SourceMapping) -> SourceMapping:
    copy = SourceMapping(row.place)
    copy.update(row)
    copy.keys_at, copy.values_at = dict(row.keys_at), dict(row.values_at)
    inherit(row_set, copy)
    _default(copy, "source", "")
    return copy


def inherit(source: SourceMapping, row: SourceMapping) -> None:
    """Fill in what a row leaves to its file."""
    for key in INHERITED:
        _default(row, key, source.get(key))


def _default(row: SourceMapping, key: str, value: object) -> None:
    if key not in row and isinstance(value, str):
        row.put(key, value, row.place)
