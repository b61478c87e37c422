"""Reads the data files of the profiles into Knowledge.

Owns where each kind of file stands in a profile's folder, and that every fault of every file is told at once. What
must agree between the files is in `agreement`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TypeVar

from harness.errors import Place as SourcePlace
from harness.errors import SourceError
from harness.model.names import CheckName, TransactionId
from harness.model.profile import Profile, Transaction
from harness.model.tables import AttributeTable, Edge, Hl7Table, KeyTable, LegRule, PlayRule, StateMachine
from harness.profiles.agreement import Loaded, agree, agree_on_implied, agree_on_options
from harness.profiles.files import (
    ClauseFile,
    EdgeGroup,
    EdgeRow,
    RuleFile,
    include_rows,
    prepare_edges,
    prepare_keys,
    prepare_rows,
    prepare_rules,
    prepare_states,
)
from harness.profiles.knowledge import Knowledge
from harness.profiles.notation import parse_place
from harness.profiles.places import places
from harness.yaml_source import Faults, SourceMapping, nearest, read, validate

T = TypeVar("T")

_FOLDERS = ("transactions", "rows", "hl7", "dicom", "consistency", "states", "rules", "keys")
_FILES = ("profile.yaml",)


@cache
def knowledge() -> Knowledge:
    """Everything that the shipped data files say; SourceError lists every fault in them."""
    return load_knowledge(files("harness.profiles"))


def load_knowledge(root: Traversable) -> Knowledge:
    """Read `clauses.yaml` and every profile folder (one with a `profile.yaml`) under a root."""
    reader = _Reader()
    paths = dict(_data_files(root, reader.faults))
    for path, file in paths.items():
        reader.read(path, file)
    reader.faults.raise_if_any()
    reader.build()
    reader.faults.raise_if_any()
    agree(reader.loaded, reader.faults)
    reader.faults.raise_if_any()
    loaded = replace(reader.knowledge(_digest(paths)), places=places(reader.loaded, str(root)))
    for repeated in loaded.repeated_ids():
        reader.faults.add(SourcePlace(str(root), 1, 1), f"two requirements are called `{repeated}`")
    agree_on_implied(reader.loaded, (one.id for one in loaded.requirements()), reader.faults)
    agree_on_options(reader.loaded, (one.id for one in loaded.requirements()), reader.faults)
    reader.faults.raise_if_any()
    return loaded


def _data_files(root: Traversable, faults: Faults) -> Iterator[tuple[str, Traversable]]:
    """Every data file in sorted order, named by its path under the root with forward slashes."""
    clauses = root / "clauses.yaml"
    if clauses.is_file():
        yield "clauses.yaml", clauses
    for folder in sorted(root.iterdir(), key=lambda entry: entry.name):
        if folder.is_dir() and (folder / "profile.yaml").is_file():
            yield from _profile_files(folder, faults)


def _profile_files(folder: Traversable, faults: Faults) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        inside = sorted(entry.iterdir(), key=lambda one: one.name) if entry.is_dir() else [entry]
        data = [file for file in inside if file.name.endswith((".yaml", ".yml"))]
        known = _FOLDERS if entry.is_dir() else _FILES
        if data and entry.name not in known:
            hint = nearest(entry.name, known)
            faults.add(SourcePlace(str(entry), 1, 1), f"no data of a profile is called `{entry.name}`{hint}")
            continue
        for file in data:
            middle = f"{entry.name}/" if entry.is_dir() else ""
            yield f"{folder.name}/{middle}{file.name}", file


def _digest(paths: Mapping[str, Traversable]) -> str:
    digest = hashlib.sha256()
    for path, file in sorted(paths.items()):
        content = file.read_bytes()
        digest.update(f"{path}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


@dataclass
class _Reader:
    """Collects what the files hold; first as read, then as built."""

    faults: Faults = field(default_factory=Faults)
    sources: dict[str, SourceMapping] = field(default_factory=dict)
    loaded: Loaded = field(default_factory=Loaded)

    def read(self, path: str, file: Traversable) -> None:
        try:
            self.sources[path] = read(file)
        except SourceError as error:
            self.faults.extend(error)

    def build(self) -> None:
        loaded = self.loaded
        self._clauses()
        self._each("profile.yaml", Profile, lambda _, source: None, loaded.profiles, "profile")
        self._each("transactions", Transaction, lambda _, source: None, loaded.transactions, "transaction")
        row_sets = {_stem(path): source for path, source in self._sources("rows")}

        def with_rows(_: str, source: SourceMapping) -> None:
            include_rows(source, row_sets, self.faults)
            prepare_rows()(source)

        self._each("hl7", Hl7Table, with_rows, loaded.hl7_tables)
        attribute_rows = {_stem(path): source for path, source in self._sources("dicom")}

        def with_attributes(_: str, source: SourceMapping) -> None:
            include_rows(source, attribute_rows, self.faults)
            prepare_rows()(source)

        self._each("dicom", AttributeTable, with_attributes, loaded.attribute_tables)
        self._each("states", StateMachine, lambda _, source: prepare_states(source), loaded.states)
        self._each("keys", KeyTable, lambda _, source: prepare_keys(source), loaded.keys)
        self._rules()
        self._edges()

    def knowledge(self, rule_set: str) -> Knowledge:
        loaded = self.loaded
        leg_rules: dict[CheckName, tuple[LegRule, ...]] = {}
        play_rules: list[PlayRule] = []
        for _, rules in loaded.rules:
            if rules.leg_rules:
                check = CheckName(rules.check)
                leg_rules[check] = leg_rules.get(check, ()) + tuple(rules.leg_rules.values())
            play_rules.extend(rules.play_rules.values())
        return Knowledge(
            profiles={profile.id: profile for _, profile in loaded.profiles.values()},
            transactions={
                TransactionId(one.id): one
                for _, one in sorted(loaded.transactions.values(), key=lambda pair: _number(pair[1]))
            },
            hl7_tables={name: table for name, (_, table) in loaded.hl7_tables.items()},
            attribute_tables={name: table for name, (_, table) in loaded.attribute_tables.items()},
            edges=tuple(edge for _, edge in loaded.edges),
            leg_rules=leg_rules,
            play_rules=tuple(play_rules),
            states={machine.name: machine for _, machine in loaded.states.values()},
            keys={name: table for name, (_, table) in loaded.keys.items()},
            rule_set=rule_set,
            clauses=loaded.clauses,
            every_leg=frozenset(CheckName(rules.check) for _, rules in loaded.rules if rules.every_leg),
        )

    def _clauses(self) -> None:
        source = self.sources.get("clauses.yaml")
        if source is not None:
            clauses = self._validated(source, ClauseFile)
            self.loaded.clauses = dict(clauses.clauses) if clauses else {}

    def _rules(self) -> None:
        for _, source in self._sources("rules"):
            prepare_rules(source)
            rules = self._validated(source, RuleFile)
            if rules is not None:
                self.loaded.rules.append((source, rules))

    def _edges(self) -> None:
        for _, source in self._sources("consistency"):
            prepare_edges(source)
            groups = self._validated(source, dict[str, EdgeGroup])
            for rule, group in (groups or {}).items():
                for index, row in enumerate(group.edges):
                    place = source.place_of(rule, "edges", index)
                    self._edge(place, rule, group, row)

    def _edge(self, place: SourcePlace, rule: str, group: EdgeGroup, row: EdgeRow) -> None:
        try:
            origin, target = parse_place(row.origin), parse_place(row.target)
        except ValueError as error:
            self.faults.add(place, str(error))
            return
        edge = Edge(
            id=f"{rule}.{origin.transaction.lower()}-to-{target.transaction.lower()}",
            rule=rule,
            source_place=origin,
            target=target,
            by=row.by,
            compare=group.compare,
            cases=row.cases,
            when_valued=row.when_valued,
            sop_classes=row.sop_classes,
            strength=row.strength,
            confidence=row.confidence,
            source=row.source,
            citation=row.citation,
            implies=row.implies,
        )
        self.loaded.edges.append((place, edge))

    def _each(
        self,
        kind: str,
        type_: type[T],
        prepare: Callable[[str, SourceMapping], None],
        into: dict[str, tuple[SourceMapping, T]],
        what: str = "table",
    ) -> None:
        for path, source in self._sources(kind):
            prepare(path, source)
            value = self._validated(source, type_)
            if value is None:
                continue
            name = str(source.get("id") or _stem(path))
            if name in into:
                self.faults.add(source.place, f"two {what}s are called `{name}`: {into[name][0].place.path}")
            into[name] = (source, value)

    def _sources(self, kind: str) -> Iterator[tuple[str, SourceMapping]]:
        for path, source in self.sources.items():
            if path.split("/")[1:2] == [kind]:
                yield path, source

    def _validated(self, source: SourceMapping, type_: type[T]) -> T | None:
        try:
            return validate(source, type_)
        except SourceError as error:
            self.faults.extend(error)
            return None


def _stem(path: str) -> str:
    return path.rsplit("/", 1)[-1].removesuffix(".yaml").removesuffix(".yml")


def _number(transaction: Transaction) -> int:
    return int(transaction.id.removeprefix("RAD-"))
