"""The hand-written rules beside the tables: sections of PS3.3, conditions, conditional modules, enumerated values.

Owns the schema of `rules.yaml` and which row holds where. Every row is cited; a row that is a guess is `unsure`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from harness.dicom.iod.expressions import Condition, parse, tag_of
from harness.model.record import Record
from harness.model.verdict import Confidence
from harness.yaml_source import load


@dataclass(frozen=True, kw_only=True)
class ModuleRow(Record):
    """A module: its section of PS3.3; `when` it is required if conditional; `present`: what shows that it is meant."""

    section: str
    when: str = ""
    present: str = ""
    confidence: Confidence = Confidence.BELIEVED


@dataclass(frozen=True, kw_only=True)
class GroupRow(Record):
    """The functional groups that an IOD requires, shared or for each frame."""

    citation: str
    groups: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ConditionRow(Record):
    """When an attribute of type 1C or 2C is required; `module`, `within` (a sequence) and `iods` say where it holds."""

    attribute: str
    module: str = ""
    within: str = ""
    iods: tuple[str, ...] = ()
    when: str = ""
    not_when: str = ""
    citation: str
    confidence: Confidence = Confidence.BELIEVED


@dataclass(frozen=True, kw_only=True)
class ValueRow(Record):
    """Enumerated values of an attribute, or of its value number `index`.

    A row with `iods` holds in the outermost data set alone.
    """

    attribute: str
    values: tuple[str, ...]
    index: str = ""
    iods: tuple[str, ...] = ()
    citation: str
    confidence: Confidence = Confidence.BELIEVED


@dataclass(frozen=True, kw_only=True)
class Rules(Record):
    """What `rules.yaml` says."""

    iods: Mapping[str, str]
    modules: Mapping[str, ModuleRow]
    functional_groups: Mapping[str, GroupRow]
    conditions: tuple[ConditionRow, ...]
    values: tuple[ValueRow, ...]


@dataclass(frozen=True, slots=True)
class Demand:
    """A condition, ready to be evaluated; None stands for what the row does not say."""

    when: Condition | None
    not_when: Condition | None
    text: str
    citation: str
    unsure: bool


@dataclass(frozen=True, slots=True)
class Values:
    """Enumerated values, ready to be looked up; `index` None: every value of the attribute."""

    allowed: frozenset[str]
    index: int | None
    expected: str
    citation: str
    unsure: bool


@cache
def rules() -> Rules:
    """The shipped rules; SourceError lists what is wrong with them."""
    return load(files("harness.dicom.iod").joinpath("rules.yaml"), Rules)


def demand(attribute: str, module: str, within: str, iod: str) -> Demand | None:
    """The condition of an attribute at a place; None when no row states it."""
    for row in _conditions().get(attribute, ()):
        fits = (not row.module or row.module == module) and (not row.within or row.within == within)
        if fits and (not row.iods or iod in row.iods):
            return _demand(row)
    return None


@cache
def _conditions() -> Mapping[str, tuple[ConditionRow, ...]]:
    found: dict[str, tuple[ConditionRow, ...]] = {}
    for row in rules().conditions:
        found[row.attribute] = (*found.get(row.attribute, ()), row)
    return found


@cache
def _demand(row: ConditionRow) -> Demand:
    return Demand(
        parse(row.when) if row.when else None,
        parse(row.not_when) if row.not_when else None,
        row.when,
        row.citation,
        row.confidence is Confidence.UNSURE,
    )


@cache
def values_of(iod: str, *, at_root: bool) -> Mapping[int, tuple[Values, ...]]:
    """Enumerated values by tag, for the outermost data set or for items."""
    found: dict[int, tuple[Values, ...]] = {}
    for row in rules().values:
        if row.iods and not (at_root and iod in row.iods):
            continue
        one = Values(
            frozenset(row.values),
            int(row.index) - 1 if row.index else None,
            ", ".join(row.values),
            row.citation,
            row.confidence is Confidence.UNSURE,
        )
        found[tag_of(row.attribute)] = (*found.get(tag_of(row.attribute), ()), one)
    return found


def module_row(module: str) -> ModuleRow | None:
    """What the rules say of a module."""
    return rules().modules.get(module)


def module_name(module: str) -> str:
    """A module with its section of PS3.3 where it is known: `ct-image (PS3.3 C.8.2.1)`."""
    row = module_row(module)
    return f"{module} (PS3.3 {row.section})" if row is not None else module


def module_citation(module: str) -> str:
    """The section that defines a module; that of all modules where it is not known."""
    row = module_row(module)
    return f"PS3.3 {row.section}" if row is not None else "PS3.3 C"
