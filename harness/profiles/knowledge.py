"""What the profiles say, loaded and checked: the one object that plans, checks and reports look things up in.

Owns lookup and the expansion of tables, rules and edges into requirements' ids; how the data files are read and
checked is in `loader`. It must not know a message or a link.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from harness.errors import Place
from harness.model.names import ActorName, CheckName, RequirementId, TransactionId
from harness.model.profile import MessageForm, Profile, Requirement, Transaction
from harness.model.remembering import Remembering
from harness.model.tables import AttributeTable, Edge, Hl7Table, KeyTable, LegRule, PlayRule, StateMachine
from harness.profiles.requirements import expand
from harness.yaml_source import fits, nearest


@dataclass(frozen=True, kw_only=True)
class Knowledge(Remembering):
    """Everything that the data files say.

    `rule_set` is the SHA-256 over them, `clauses` the clauses of the frameworks that may be cited, `every_leg` the
    checks whose leg rules hold on every leg, `places` where the row of each requirement stands.
    """

    profiles: Mapping[str, Profile]
    transactions: Mapping[TransactionId, Transaction]
    hl7_tables: Mapping[str, Hl7Table]
    attribute_tables: Mapping[str, AttributeTable]
    edges: tuple[Edge, ...]
    leg_rules: Mapping[CheckName, tuple[LegRule, ...]]
    play_rules: tuple[PlayRule, ...]
    states: Mapping[str, StateMachine]
    keys: Mapping[str, KeyTable]
    rule_set: str
    clauses: Mapping[str, str] = field(default_factory=dict)
    every_leg: frozenset[CheckName] = frozenset()
    places: Mapping[RequirementId, Place] = field(default_factory=dict, compare=False)

    @cached_property
    def _by_id(self) -> Mapping[RequirementId, Requirement]:
        return {one.id: one for one in sorted(self._expanded(), key=lambda one: one.id)}

    def repeated_ids(self) -> tuple[RequirementId, ...]:
        """Ids that two requirements have; none in what the loader hands out."""
        counted = Counter(requirement.id for requirement in self._expanded())
        return tuple(sorted(name for name, count in counted.items() if count > 1))

    def _expanded(self) -> Iterator[Requirement]:
        return expand(
            self.transactions,
            self.hl7_tables,
            self.attribute_tables,
            self.edges,
            self.leg_rules,
            self.play_rules,
            self.states,
            self.every_leg,
        )

    def options_of(self, profile: str, actor: ActorName, requirement: RequirementId) -> tuple[str, ...]:
        """The options of an actor in a profile, one of which has to be claimed for the requirement to hold."""
        return self._optional.get((profile, actor, requirement), ())

    @cached_property
    def _optional(self) -> Mapping[tuple[str, ActorName, RequirementId], tuple[str, ...]]:
        found: dict[tuple[str, ActorName, RequirementId], tuple[str, ...]] = {}
        for profile in self.profiles.values():
            for name, option in profile.options.items():
                for requirement in (one for one in self._by_id if any(fits(one, own) for own in option.requirements)):
                    for actor in option.actors:
                        key = profile.id, actor, requirement
                        found[key] = (*found.get(key, ()), name)
        return found

    def rules_of(self, check: CheckName) -> tuple[PlayRule, ...]:
        """The play rules that a check decides."""
        return tuple(rule for rule in self.play_rules if rule.check == check)

    def requirement(self, requirement_id: RequirementId) -> Requirement:
        """The requirement of that id; KeyError naming the nearest one."""
        try:
            return self._by_id[requirement_id]
        except KeyError:
            raise KeyError(f"{requirement_id}{nearest(requirement_id, self._by_id)}") from None

    def requirements(self) -> tuple[Requirement, ...]:
        """Every requirement, ordered by id."""
        return tuple(self._by_id.values())

    def answer_table(self, transaction: TransactionId, message: str, version: str) -> Hl7Table | None:
        """The field table of an application answer (`ORR^O02` in RAD-3); None when it has none, as a plain ACK."""
        for table in self.hl7_tables.values():
            if (table.transaction, table.message, table.version) == (transaction, message, version):
                return table
        return None

    def table_of(self, form: MessageForm) -> Hl7Table | None:
        """The field table of a form; None when the form has none."""
        return self.hl7_tables.get(form.table)
