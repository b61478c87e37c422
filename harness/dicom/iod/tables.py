"""The attributes that an IOD requires, module by module, as `tables.json` has them (made by `generate`).

Owns reading and compiling: a level holds the attributes of one data set or item as flat tuples. It judges nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from harness.dicom.iod.expressions import Condition, parse, tag_of
from harness.dicom.iod.rules import Demand, demand, module_row
from harness.errors import RecordingError
from harness.model.verdict import Confidence

FORMAT = 1
"""Layout of `tables.json`."""


@dataclass(frozen=True, slots=True)
class Required:
    """An attribute of type 1 or 2."""

    tag: int
    keyword: str
    type: str
    module: str


@dataclass(frozen=True, slots=True)
class Conditional:
    """An attribute of type 1C or 2C; `demand` None: nobody has written its condition down."""

    tag: int
    keyword: str
    type: str
    module: str
    demand: Demand | None


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """The attributes of one data set or item; `below` numbers the level of a sequence's items by its tag.

    `named` are all that the table names, optional ones among them.
    """

    named: frozenset[int]
    required: tuple[Required, ...]
    conditional: tuple[Conditional, ...]
    below: Mapping[int, tuple[tuple[str, int], ...]]


@dataclass(frozen=True, slots=True)
class Overlay:
    """A module of usage C or U: `when` it is required, what shows that it is `present`, and its own attributes."""

    module: str
    usage: str
    when: Condition | None
    present: Condition | None
    unsure: bool
    own: frozenset[int]
    level: Level


@dataclass(frozen=True, slots=True)
class Iod:
    """An IOD: what its mandatory modules require, and its other modules."""

    name: str
    base: Level
    overlays: tuple[Overlay, ...]


@dataclass(frozen=True)
class _Tables:
    source: str
    sop_classes: Mapping[str, str]
    iods: Mapping[str, list[str]]
    modules: Mapping[str, int | None]
    levels: list[str]


@cache
def _tables() -> _Tables:
    content = json.loads(files("harness.dicom.iod").joinpath("tables.json").read_text(encoding="ascii"))
    if content.pop("format") != FORMAT:
        raise RecordingError("tables.json has another format: make it again")
    return _Tables(**content)


def source() -> str:
    """Where the tables are from: name and version."""
    return _tables().source


def sop_classes() -> Mapping[str, str]:
    """The SOP classes that have a table, by UID, with the name of their IOD."""
    return dict(_tables().sop_classes)


@cache
def iod_of(sop_class: str) -> Iod | None:
    """The compiled table of a SOP class; None when there is none."""
    name = _tables().sop_classes.get(sop_class)
    return None if name is None else _compiled(name)


@cache
def _compiled(name: str) -> Iod:
    modules = [tuple(entry.split(" ")) for entry in _tables().iods[name]]
    levels = {module: _tables().modules[module] for module, _ in modules}
    mandatory = [
        level_of(name, module, number, "")
        for module, usage in modules
        if usage == "M" and (number := levels[module]) is not None
    ]
    base = _merged(mandatory)
    overlays = [
        _overlay(name, module, usage, number, base)
        for module, usage in modules
        if usage != "M" and (number := levels[module]) is not None
    ]
    return Iod(name, base, tuple(overlays))


def _overlay(iod: str, module: str, usage: str, number: int, base: Level) -> Overlay:
    level = level_of(iod, module, number, "")
    row = module_row(module)
    own = frozenset(one.tag for one in level.required) | {one.tag for one in level.conditional}
    return Overlay(
        module,
        usage,
        parse(row.when) if row is not None and row.when and usage == "C" else None,
        parse(row.present) if row is not None and row.present else None,
        row is not None and row.confidence is Confidence.UNSURE,
        own - base.named,
        level,
    )


def _merged(levels: list[Level]) -> Level:
    """One level of several modules; the strictest type of an attribute wins."""
    required: dict[int, Required] = {}
    for type_ in ("1", "2"):
        for level in levels:
            for one in level.required:
                if one.type == type_:
                    required.setdefault(one.tag, one)
    conditional: dict[tuple[int, str], Conditional] = {}
    for level in levels:
        for other in level.conditional:
            known = required.get(other.tag)
            if known is None or (known.type == "2" and other.type == "1C"):
                conditional.setdefault((other.tag, other.module), other)
    below: dict[int, tuple[tuple[str, int], ...]] = {}
    for level in levels:
        for tag, inside in level.below.items():
            below[tag] = below.get(tag, ()) + tuple(
                one for one in inside if one[1] not in {number for _, number in below.get(tag, ())}
            )
    named = frozenset(tag for level in levels for tag in level.named)
    return Level(named, tuple(required.values()), tuple(conditional.values()), below)


@cache
def level_of(iod: str, module: str, number: int, within: str) -> Level:
    """A level by its number, with the conditions that hold in a module of an IOD, inside a sequence."""
    required: list[Required] = []
    conditional: list[Conditional] = []
    below: dict[int, tuple[tuple[str, int], ...]] = {}
    named: set[int] = set()
    text = _tables().levels[number]
    for part in text.split(";") if text else ():
        keyword, type_, *inside = part.split(" ")
        tag = tag_of(keyword)
        named.add(tag)
        if type_ in ("1", "2"):
            required.append(Required(tag, keyword, type_, module))
        elif type_ in ("1C", "2C"):
            conditional.append(Conditional(tag, keyword, type_, module, demand(keyword, module, within, iod)))
        if inside:
            below[tag] = ((module, int(inside[0])),)
    return Level(frozenset(named), tuple(required), tuple(conditional), below)


@cache
def in_group(level: Level, offset: int) -> Level:
    """The level of a further overlay, whose group is `offset` above the first one (PS3.5 7.6)."""
    step = offset << 16
    return Level(
        frozenset(tag + step for tag in level.named),
        tuple(replace(one, tag=one.tag + step) for one in level.required),
        tuple(replace(one, tag=one.tag + step) for one in level.conditional),
        MappingProxyType({tag + step: inside for tag, inside in level.below.items()}),
    )
