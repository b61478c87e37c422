"""What must agree between the data files: names that refer to each other, paths, conditions and citations.

Faults are collected at their places; nothing here raises for what a file says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from harness.errors import Place
from harness.model.profile import Leg, LinkKind, Option, Profile, Transaction
from harness.model.tables import (
    AttributeTable,
    Edge,
    Hl7Row,
    Hl7Table,
    KeyTable,
    StateMachine,
)
from harness.model.tables import Place as EdgePlace
from harness.profiles.files import CASES, RuleFile
from harness.profiles.notation import (
    check_attribute_path,
    check_citation,
    check_hl7_path,
    parse_condition,
)
from harness.profiles.requirements import DATA_CHECKS, MPPS_TRANSACTIONS, TYPES
from harness.profiles.sop_classes import GROUPS, keywords
from harness.yaml_source import Faults, SourceMapping, fits, nearest

_PARTIES = ("initiator", "responder")
_LEG_DATA_CHECKS = frozenset({"hl7.table", "dimse.request", "dimse.response"})


@dataclass
class Loaded:
    """All data files as built, each with its source for the places of faults."""

    clauses: dict[str, str] = field(default_factory=dict)
    profiles: dict[str, tuple[SourceMapping, Profile]] = field(default_factory=dict)
    transactions: dict[str, tuple[SourceMapping, Transaction]] = field(default_factory=dict)
    hl7_tables: dict[str, tuple[SourceMapping, Hl7Table]] = field(default_factory=dict)
    attribute_tables: dict[str, tuple[SourceMapping, AttributeTable]] = field(default_factory=dict)
    states: dict[str, tuple[SourceMapping, StateMachine]] = field(default_factory=dict)
    keys: dict[str, tuple[SourceMapping, KeyTable]] = field(default_factory=dict)
    rules: list[tuple[SourceMapping, RuleFile]] = field(default_factory=list)
    edges: list[tuple[Place, Edge]] = field(default_factory=list)
    implied: list[tuple[Place, str]] = field(default_factory=list)
    """Patterns of requirements that a row implies, each with its place."""

    def actors(self) -> frozenset[str]:
        """Every actor of some profile."""
        return frozenset(actor for _, profile in self.profiles.values() for actor in profile.actors)

    def leg_checks(self) -> frozenset[str]:
        """Checks that a leg may name."""
        return _LEG_DATA_CHECKS | {rules.check for _, rules in self.rules if rules.leg_rules}

    def checks(self) -> frozenset[str]:
        """Every check that some data are for."""
        return DATA_CHECKS | {rules.check for _, rules in self.rules}


def agree(loaded: Loaded, faults: Faults) -> None:
    """Note every disagreement between the files."""
    judge = _Agreement(loaded, faults)
    for source, profile in loaded.profiles.values():
        judge.profile(source, profile)
    for source, transaction in loaded.transactions.values():
        judge.transaction(source, transaction)
    for source, table in loaded.hl7_tables.values():
        judge.hl7_table(source, table)
    for source, attributes in loaded.attribute_tables.values():
        judge.attribute_table(source, attributes)
    for source, machine in loaded.states.values():
        judge.machine(source, machine)
    for source, keys in loaded.keys.values():
        judge.key_table(source, keys)
    for source, rules in loaded.rules:
        judge.rules(source, rules)
    judge.edges()


def agree_on_options(loaded: Loaded, ids: Iterable[str], faults: Faults) -> None:
    """What an option says of requirements is about some that exist."""
    known = tuple(ids)
    for source, profile in loaded.profiles.values():
        for name, option in profile.options.items():
            for index, pattern in enumerate(option.requirements):
                if not any(fits(one, pattern) for one in known):
                    place = source.place_of("options", name, "requirements", index)
                    faults.add(place, f"unknown requirement `{pattern}`{nearest(pattern, known)}")


def agree_on_implied(loaded: Loaded, requirements: Iterable[str], faults: Faults) -> None:
    """Note every pattern of `implies` that fits no requirement."""
    ids = tuple(requirements)
    for place, pattern in loaded.implied:
        if not any(fnmatchcase(one, pattern) for one in ids):
            faults.name(place, "requirement", pattern, ids)


class _Agreement:
    def __init__(self, loaded: Loaded, faults: Faults) -> None:
        self.loaded = loaded
        self.faults = faults
        self.actors = loaded.actors()

    def profile(self, source: SourceMapping, profile: Profile) -> None:
        self._citation(source, profile.citation.text, "citation", "text")
        for actor, needs in profile.actors.items():
            for transaction in needs:
                self._transaction(source, transaction, "actors", actor, transaction)
        for name, option in profile.options.items():
            self._option(source, profile, ("options", name), option)

    def _option(self, source: SourceMapping, profile: Profile, at: tuple[str, str], option: Option) -> None:
        self._citation(source, option.citation.text, *at, "citation", "text")
        for index, actor in enumerate(option.actors):
            self.faults.name(source.place_of(*at, "actors", index), f"actor of {profile.id}", actor, profile.actors)
        taken = {transaction for actor in option.actors for transaction in profile.actors.get(actor, {})}
        for index, transaction in enumerate(option.transactions):
            place = source.place_of(*at, "transactions", index)
            self.faults.name(place, "transaction of the option's actors", transaction, taken)
        if not option.actors:
            self.faults.add(source.place_of(*at), "an option has at least one actor")

    def transaction(self, source: SourceMapping, transaction: Transaction) -> None:
        self._citation(source, transaction.citation.text, "citation", "text")
        seen: set[str] = set()
        for index, leg in enumerate(transaction.legs):
            if leg.id in seen:
                self.faults.add(source.place_of("legs", index), f"two legs are called `{leg.id}`")
            seen.add(leg.id)
            self._leg(source, leg, ("legs", index))
        for index, requirement in enumerate(transaction.requirements):
            at = ("requirements", index)
            self._citation(source, requirement.citation.text, *at, "citation", "text")
            self._actor(source, requirement.actor, *at, "actor")
            if (requirement.check is None) == (requirement.untestable is None):
                self.faults.add(source.place_of(*at), "a requirement has a check, or says why it is untestable")

    def _leg(self, source: SourceMapping, leg: Leg, at: tuple[str | int, ...]) -> None:
        self._actor(source, leg.initiator, *at, "initiator")
        self._actor(source, leg.responder, *at, "responder")
        for index, check in enumerate(leg.checks):
            self.faults.name(source.place_of(*at, "checks", index), "check", check, self.loaded.leg_checks())
        for index, check in enumerate(leg.core):
            decided = set(leg.checks) | (self.loaded.checks() - self.loaded.leg_checks())
            self.faults.name(source.place_of(*at, "core", index), "check of the leg", check, decided)
        if bool(leg.messages) != (leg.link is LinkKind.MLLP) or bool(leg.dimse) != (leg.link is LinkKind.DIMSE):
            self.faults.add(source.place_of(*at), "an mllp leg has messages, a dimse leg has a dimse form")
        for index, form in enumerate(leg.messages):
            place = source.place_of(*at, "messages", index, "table")
            self.faults.name(place, "table", form.table, self.loaded.hl7_tables)
        if leg.dimse is not None:
            for index, name in enumerate(leg.dimse.sop_classes):
                place = source.place_of(*at, "dimse", "sop_classes", index)
                self.faults.name(place, "SOP class", name, (*GROUPS, *keywords()))
            for key in ("request_table", "response_table"):
                table = getattr(leg.dimse, key)
                if table:
                    place = source.place_of(*at, "dimse", key)
                    self.faults.name(place, "table", table, self.loaded.attribute_tables)

    def hl7_table(self, source: SourceMapping, table: Hl7Table) -> None:
        self._transaction(source, table.transaction, "transaction")
        self._actor(source, table.actor, "actor")
        self._citation(source, table.citation, "citation")
        for path, row in table.rows.items():
            self._try(self._key(source, path), check_hl7_path, path)
            self._hl7_row(source, path, row)
            self._implied(source, row.implies, "rows", path)

    def _hl7_row(self, source: SourceMapping, path: str, row: Hl7Row) -> None:
        at = ("rows", path)
        self._citation(source, row.citation, *at, "citation")
        if row.equals:
            self._try(source.place_of(*at, "equals"), check_hl7_path, row.equals)
        if row.when:
            self._try(source.place_of(*at, "when"), parse_condition, row.when)

    def attribute_table(self, source: SourceMapping, table: AttributeTable) -> None:
        self._transaction(source, table.transaction, "transaction")
        self._actor(source, table.actor, "actor")
        self._citation(source, table.citation, "citation")
        for path, row in table.rows.items():
            self._try(self._key(source, path), check_attribute_path, path)
            self._citation(source, row.citation, "rows", path, "citation")
            self.faults.name(source.place_of("rows", path, "type"), "type", row.type, TYPES)
            self._implied(source, row.implies, "rows", path)
            if row.when:
                self._try(source.place_of("rows", path, "when"), parse_condition, row.when)

    def key_table(self, source: SourceMapping, table: KeyTable) -> None:
        self._citation(source, table.citation, "citation")
        for path, row in table.rows.items():
            self._try(self._key(source, path), check_attribute_path, path)
            self._citation(source, row.citation, "rows", path, "citation")

    def machine(self, source: SourceMapping, machine: StateMachine) -> None:
        states = {machine.initial} | {row.state for row in machine.transitions}
        seen: set[tuple[str, str]] = set()
        for index, row in enumerate(machine.transitions):
            at = ("transitions", index)
            self._citation(source, row.citation, *at, "citation")
            self.faults.name(source.place_of(*at, "to"), "state", row.to, states)
            self.faults.name(source.place_of(*at, "event"), "service", row.event.split()[0], MPPS_TRANSACTIONS)
            if (row.state, row.event) in seen:
                self.faults.add(source.place_of(*at), f"two rows for {row.event} in state {row.state}")
            seen.add((row.state, row.event))

    def rules(self, source: SourceMapping, rules: RuleFile) -> None:
        for row, leg_rule in rules.leg_rules.items():
            self._citation(source, leg_rule.citation, "leg_rules", row, "citation")
            place = source.place_of("leg_rules", row, "charged")
            self.faults.name(place, "party", leg_rule.charged, _PARTIES)
            self._implied(source, leg_rule.implies, "leg_rules", row)
        for row, play_rule in rules.play_rules.items():
            at = ("play_rules", row)
            self._citation(source, play_rule.citation, *at, "citation")
            self._actor(source, play_rule.actor, *at, "actor")
            self._transaction(source, play_rule.transaction, *at, "transaction")
            self._implied(source, play_rule.implies, *at)

    def edges(self) -> None:
        seen: set[str] = set()
        for place, edge in self.loaded.edges:
            if edge.id in seen:
                self.faults.add(place, f"two edges are called `{edge.id}`")
            seen.add(edge.id)
            self.faults.name(place, "actor", edge.by, self.actors)
            self._try(place, self._known_citation, edge.citation)
            for case in edge.cases:
                self.faults.name(place, "case", case, CASES)
            self.loaded.implied.extend((place, pattern) for pattern in edge.implies)
            for name in edge.sop_classes:
                self.faults.name(place, "SOP class", name, (*GROUPS, *keywords()))
            for end in (edge.source_place, edge.target):
                self._edge_place(place, end)

    def _edge_place(self, place: Place, end: EdgePlace) -> None:
        known = self.faults.name(place, "transaction", end.transaction, self.loaded.transactions)
        if known and end.leg is not None:
            legs = [leg.id for leg in self.loaded.transactions[end.transaction][1].legs]
            self.faults.name(place, f"leg of {end.transaction}", end.leg, legs)

    def _key(self, source: SourceMapping, path: str) -> Place:
        rows = source.mapping("rows")
        return rows.keys_at[path] if rows is not None else source.place

    def _actor(self, source: SourceMapping, actor: str, *at: str | int) -> None:
        self.faults.name(source.place_of(*at), "actor", actor, self.actors)

    def _transaction(self, source: SourceMapping, transaction: str, *at: str | int) -> None:
        self.faults.name(source.place_of(*at), "transaction", transaction, self.loaded.transactions)

    def _implied(self, source: SourceMapping, patterns: tuple[str, ...], *at: str | int) -> None:
        for index, pattern in enumerate(patterns):
            self.loaded.implied.append((source.place_of(*at, "implies", index), pattern))

    def _citation(self, source: SourceMapping, text: str, *at: str | int) -> None:
        self._try(source.place_of(*at), self._known_citation, text)

    def _known_citation(self, text: str) -> None:
        check_citation(text, self.loaded.clauses)

    def _try(self, place: Place, check: Callable[[str], object], text: str) -> None:
        try:
            check(text)
        except ValueError as error:
            self.faults.add(place, str(error))
