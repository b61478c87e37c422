"""Overrides: reads a site's file, and makes the knowledge in which the rows that it changes demand something else.

Every fault is told with file, line and column. What an override does to a verdict is the engine's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from harness.errors import Place
from harness.model.names import HARNESS, PlayerName, RequirementId
from harness.model.override import Effect, Override, Overrides, RowChange
from harness.model.profile import Requirement
from harness.model.record import Record
from harness.model.tables import AttributeRow, Hl7Row, Usage
from harness.model.verdict import Strength
from harness.profiles.knowledge import Knowledge
from harness.profiles.notation import check_path, parse_condition
from harness.profiles.requirements import TYPES
from harness.yaml_source import Faults, SourceMapping, fits, nearest, read, validate

_MANDATORY = ("reason", "author")
Row = Hl7Row | AttributeRow


@dataclass(frozen=True, kw_only=True)
class _OverrideFile(Record):
    overrides: tuple[Override, ...]


def load_overrides(files: Iterable[tuple[Path, PlayerName | None]], knowledge: Knowledge, day: str) -> Overrides:
    """Read overrides files, each with the system whose file names it, to whom it is then limited.

    SourceError with every fault of a file at its place.
    """
    entries: list[Override] = []
    names: list[str] = []
    digest = hashlib.sha256()
    for path, system in dict.fromkeys(files):
        source = read(path)
        found = _read(source, knowledge)
        entries += [replace(one, systems=one.systems or ((system,) if system else ())) for one in found]
        names.append(str(path))
        digest.update(path.read_bytes())
    named = {one.place: named_by(one, knowledge) for one in entries}
    return Overrides(
        entries=tuple(entries),
        named=named,
        files=tuple(names),
        sha256=digest.hexdigest() if names else "",
        day=day,
    )


def named_by(override: Override, knowledge: Knowledge) -> tuple[RequirementId, ...]:
    """The requirements that an override applies to; one that weakens passes over what is no SHALL."""
    return tuple(one.id for one in _meant(override, knowledge) if not _is_idle(override, one, knowledge))


def changed_knowledge(knowledge: Knowledge, overrides: Overrides) -> Knowledge:
    """The knowledge in which the rows of tables demand what the live overrides say; itself when none changes a row."""
    hl7_tables, attribute_tables = dict(knowledge.hl7_tables), dict(knowledge.attribute_tables)
    for override in reversed(overrides.entries):  # the first one has the last word
        if override.effect is not Effect.CHANGE or override.to is None or overrides.has_expired(override):
            continue
        for requirement in overrides.named.get(override.place, ()):
            name, _, path = requirement.partition("/")
            if name in hl7_tables:
                fields = hl7_tables[name]
                row = _changed_field(fields.rows[path], override.to)
                hl7_tables[name] = replace(fields, rows={**fields.rows, path: row})
            elif name in attribute_tables:
                attributes = attribute_tables[name]
                changed = _changed_attribute(attributes.rows[path], override.to)
                attribute_tables[name] = replace(attributes, rows={**attributes.rows, path: changed})
    if hl7_tables == knowledge.hl7_tables and attribute_tables == knowledge.attribute_tables:
        return knowledge
    return replace(knowledge, hl7_tables=hl7_tables, attribute_tables=attribute_tables)


def _changed_field(row: Hl7Row, to: RowChange) -> Hl7Row:
    return replace(
        row,
        use=row.use if to.use is None else Usage(to.use),
        type=row.type if to.type is None else to.type,
        values=row.values if to.values is None else to.values,
        when=row.when if to.when is None else to.when,
        condition=row.condition if to.when is None else "",
    )


def _changed_attribute(row: AttributeRow, to: RowChange) -> AttributeRow:
    return replace(
        row,
        type=row.type if to.type is None else to.type,
        values=row.values if to.values is None else to.values,
        when=row.when if to.when is None else to.when,
        condition=row.condition if to.when is None else "",
    )


def _meant(override: Override, knowledge: Knowledge) -> tuple[Requirement, ...]:
    return tuple(one for one in knowledge.requirements() if fits(one.id, override.requirement))


def _is_idle(override: Override, one: Requirement, knowledge: Knowledge) -> bool:
    """Whether an override can do nothing to a requirement."""
    if override.effect is Effect.WEAKEN:
        return one.strength is not Strength.SHALL or one.untestable is not None
    return one.untestable is not None or (override.effect is Effect.CHANGE and _row(one.id, knowledge) is None)


def _row(requirement: RequirementId, knowledge: Knowledge) -> Row | None:
    name, _, path = requirement.partition("/")
    if name in knowledge.hl7_tables:
        return knowledge.hl7_tables[name].rows.get(path)
    if name in knowledge.attribute_tables:
        return knowledge.attribute_tables[name].rows.get(path)
    return None


# reading


def _read(source: SourceMapping, knowledge: Knowledge) -> tuple[Override, ...]:
    for _, entry in source.mappings("overrides"):
        entry.supply("place", f"{entry.place.path}:{entry.place.line}")
    found = validate(source, _OverrideFile).overrides
    faults = Faults()
    for index, override in enumerate(found):
        _entry(source, override, ("overrides", index), knowledge, faults)
    faults.raise_if_any()
    return found


def _entry(
    source: SourceMapping, override: Override, at: tuple[str | int, ...], knowledge: Knowledge, faults: Faults
) -> None:
    place = source.place_of(*at, "requirement")
    meant = _meant(override, knowledge)
    if not meant:
        hint = nearest(override.requirement, (one.id for one in knowledge.requirements()))
        faults.add(place, f"no requirement is called `{override.requirement}`{hint}")
    elif not named_by(override, knowledge):
        faults.add(place, _useless(override, meant))
    for key in _MANDATORY:
        if not getattr(override, key).strip():
            faults.add(source.place_of(*at, key), f"{key} is empty: an override says who wants it, and why")
    if not _is_day(override.expires):
        faults.add(source.place_of(*at, "expires"), f"expires: `{override.expires}` is no day written YYYY-MM-DD")
    if HARNESS in override.systems:
        text = "systems: simulated actors are judged by the shipped rules, and overrides do not concern them"
        faults.add(source.place_of(*at, "systems", override.systems.index(HARNESS)), text)
    if override.path and "*" not in override.path:
        _try(source.place_of(*at, "path"), check_path, override.path, faults)
    _to(source, override, meant, at, knowledge, faults)


def _useless(override: Override, meant: Sequence[Requirement]) -> str:
    if all(one.untestable is not None for one in meant):
        return f"`{override.requirement}` is not tested, so there is nothing to override; it can be attested"
    if override.effect is Effect.WEAKEN:
        return f"`{override.requirement}` is {meant[0].strength.value}, and only a SHALL can be weakened"
    return f"`{override.requirement}` is no row of a field or attribute table: only these can be changed"


def _to(
    source: SourceMapping,
    override: Override,
    meant: Sequence[Requirement],
    at: tuple[str | int, ...],
    knowledge: Knowledge,
    faults: Faults,
) -> None:
    if (override.effect is Effect.CHANGE) != (override.to not in (None, RowChange())):
        faults.add(source.place_of(*at, "to"), "`to` says what a row demands instead, and goes with `effect: change`")
        return
    if override.to is None:
        return
    rows = [row for one in meant if (row := _row(one.id, knowledge)) is not None]
    if override.to.use is not None and any(isinstance(row, AttributeRow) for row in rows):
        faults.add(source.place_of(*at, "to", "use"), "use: attributes have a type and no usage")
    if override.to.use is not None:
        faults.name(source.place_of(*at, "to", "use"), "usage", override.to.use, [code.value for code in Usage])
    if override.to.type is not None and any(isinstance(row, AttributeRow) for row in rows):
        faults.name(source.place_of(*at, "to", "type"), "type", override.to.type, TYPES)
    if override.to.when:
        _try(source.place_of(*at, "to", "when"), parse_condition, override.to.when, faults)


def _try(place: Place, check: Callable[[str], object], text: str, faults: Faults) -> None:
    try:
        check(text)
    except ValueError as error:
        faults.add(place, str(error))


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
