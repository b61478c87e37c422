"""Whether what broke has to do with what was changed.

Related is what was expected; what speaks of the same place, a part of it or the whole of it; what a table or an edge
ties to that place; an answer that no longer fits a changed request; what shows the value itself; and what a broken
requirement implies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache

from harness.checks.recording import LegView
from harness.checks.registry import Scope
from harness.hl7 import parse_path
from harness.model.finding import Evidence, Finding
from harness.model.names import CheckName, ExchangeId, RequirementId
from harness.model.transcript import Half
from harness.profiles.notation import is_hl7_path, parse_condition
from harness.selftest.mutants import Base, Mutant, bare

_OF_MESSAGES = "hl7.control-ids"
"""The check that holds a message as a whole against an earlier one, which its findings name as their origin."""
_TELLING = 4
"""Characters of a value that says by itself whose it is."""
_CHARACTERS = "MSH-18"
"""The field by which all text of a message is read."""
_CHOOSING = ("MSH-9", "MSH-12", _CHARACTERS, "ORC-1")
"""Fields by which a message has one form of its leg or another, or its text is read: with them all of it changes."""


@dataclass(frozen=True)
class Relation:
    """What the profiles say about which requirements belong together, for one base recording."""

    base: Base
    scopes: Mapping[CheckName, Scope]

    def unrelated(self, mutant: Mutant, broken: Iterable[Finding]) -> tuple[Finding, ...]:
        """Of what broke, what has nothing to do with the change."""
        found = tuple(broken)
        expected = {one for group in mutant.expected for one in group.requirements}
        fallen = {one.requirement for one in found if one.requirement in expected or self._is_near(mutant, one)}
        values = {_value_of(one) for one in fallen} | set(self._values_at(mutant.where))
        fallen |= {one.requirement for one in found if _value_of(one.requirement) in values - {""}}
        fallen |= {one.requirement for one in found if self._shows(one, values - {""})}
        implied = self._implied((*fallen, *self._rows_at(mutant)))
        return tuple(one for one in found if one.requirement not in fallen and one.requirement not in implied)

    def _shows(self, finding: Finding, values: set[str]) -> bool:
        """Whether a rule on a whole play points at a place where one of the copied values stands."""
        evidence = finding.evidence
        leg = self._legs.get(evidence.exchange) if evidence is not None and evidence.path else None
        if evidence is None or leg is None or self.scopes.get(finding.check, Scope.PLAY) is not Scope.PLAY:
            return False
        at = leg.step.transaction.id, evidence.half
        ends = (
            end for edge in self.base.knowledge.edges if edge.rule in values for end in (edge.source_place, edge.target)
        )
        return any(
            (end.transaction, end.half) == at and any(_loose(path) == _loose(evidence.path) for path in end.paths)
            for end in ends
        )

    def _is_near(self, mutant: Mutant, finding: Finding) -> bool:
        scope = self.scopes.get(finding.check, Scope.PLAY)
        whole = not any(place.path for place in mutant.where)
        if any(_overlap(place, finding.evidence, scope) or self._is_tied(place, finding) for place in mutant.where):
            return True
        if whole and (scope is Scope.PLAY or self._is_of_same_leg(mutant, finding)):
            return True
        same = any(_is_same_thing(place, finding.evidence) for place in mutant.where)
        if same and (scope is Scope.PLAY or self._is_of_same_leg(mutant, finding)):
            return True
        if scope is not Scope.PLAY:
            return False
        shown = f"{finding.expected}\n{finding.received}\n{finding.origin}"
        return any(len(value) >= _TELLING and value in shown for value in mutant.values)

    def _is_of_same_leg(self, mutant: Mutant, finding: Finding) -> bool:
        """Whether what was changed is on a leg of the kind where the finding is."""
        legs = [self._legs.get(place.exchange) for place in mutant.where]
        return any(leg is not None and leg.planned.leg.id == finding.leg for leg in legs)

    def _is_tied(self, place: Evidence, finding: Finding) -> bool:
        """Whether the row that broke names the changed place in its condition or as its equal, or was chosen by it."""
        if finding.check == _OF_MESSAGES and finding.origin == f"exchange {place.exchange}":
            return True
        if finding.evidence is None or finding.evidence.exchange != place.exchange:
            return False
        same_half = place.half is finding.evidence.half
        if same_half and any(paths_overlap(_loose(place.path), chosen) for chosen in _CHOOSING):
            return True
        if finding.check.startswith("iod") or finding.check == _OF_MESSAGES:
            return True  # its conditions name other attributes of the object, or it compares whole messages
        table, _, path = finding.requirement.partition("/")
        hl7, attributes = self.base.knowledge.hl7_tables.get(table), self.base.knowledge.attribute_tables.get(table)
        field = hl7.rows.get(path) if hl7 is not None else None
        attribute = attributes.rows.get(path) if attributes is not None else None
        if attribute is not None and attribute.when_requested and place.half is Half.REQUEST:
            return True
        when = field.when if field is not None else attribute.when if attribute is not None else ""
        others = [parse_condition(when).path] if when else []
        others += [field.equals] if field is not None and field.equals else []
        return any(paths_overlap(_loose(other), _loose(place.path)) for other in others)

    def _rows_at(self, mutant: Mutant) -> Iterator[RequirementId]:
        """The rows of tables that speak of a changed place: what they imply may break whether or not they do."""
        for place in mutant.where:
            leg = self._legs.get(place.exchange)
            for name in _tables(leg) if leg is not None and place.path else ():
                for path in (_wild(place.path), _loose(place.path)):
                    if f"{name}/{path}" in self._known:
                        yield RequirementId(f"{name}/{path}")

    def _values_at(self, places: Iterable[Evidence]) -> Iterator[str]:
        """The copied values that stand at some places."""
        for place in places:
            leg = self._legs.get(place.exchange)
            if leg is None:
                continue
            for edge in self.base.knowledge.edges:
                for end in (edge.source_place, edge.target):
                    if (end.transaction, end.half) == (leg.step.transaction.id, place.half) and any(
                        place.path == _CHARACTERS or paths_overlap(_loose(path), _loose(place.path))
                        for path in end.paths
                    ):
                        yield edge.rule

    @cached_property
    def _legs(self) -> Mapping[ExchangeId, LegView]:
        return {one.exchange.id: leg for leg in self.base.view.legs for one in leg.exchanges}

    @cached_property
    def _ids(self) -> tuple[RequirementId, ...]:
        return tuple(one.id for one in self.base.knowledge.requirements())

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self._ids)

    def _implied(self, fallen: Iterable[RequirementId]) -> frozenset[str]:
        """Every requirement that the fallen ones imply, and those imply."""
        found: set[str] = set()
        waiting = list(fallen)
        while waiting:
            for pattern in self.base.knowledge.requirement(waiting.pop()).implies:
                new = [one for one in self._ids if one not in found and fnmatchcase(one, pattern)]
                found.update(new)
                waiting.extend(new)
        return frozenset(found)


def _value_of(requirement: RequirementId) -> str:
    """The value that an edge is about; empty for other requirements."""
    kind, _, name = requirement.partition("/")
    return name.partition(".")[0] if kind == "consistency" else ""


def _overlap(place: Evidence, other: Evidence | None, scope: Scope) -> bool:
    """Whether two places share something: one contains the other, or an answer is judged by its changed request."""
    if other is None or place.exchange != other.exchange:
        return False
    if (place.half, place.response) == (other.half, other.response):
        return paths_overlap(place.path, other.path)
    answer = (place.half, other.half) == (Half.REQUEST, Half.RESPONSE)
    return scope is not Scope.MESSAGE and (answer or not place.path)


def _is_same_thing(place: Evidence, other: Evidence | None) -> bool:
    """Whether a rule on a whole play points at the same field or attribute in another message, or at the segment."""
    if other is None or not place.path or not other.path:
        return False
    if paths_overlap(_loose(place.path), _loose(other.path)):
        return True
    same_message = (place.exchange, place.half) == (other.exchange, other.half)
    return same_message and is_hl7_path(place.path) and _parts(place.path)[:2] == _parts(other.path)[:2]


def _tables(leg: LegView) -> Iterator[str]:
    """The tables of a leg's messages."""
    yield from (form.table for form in leg.planned.leg.messages if form.table)
    if leg.dimse is not None:
        yield from filter(None, (leg.dimse.request_table, leg.dimse.response_table))


def _wild(path: str) -> str:
    """A path as the attribute tables write it: every sequence in it with [*]."""
    *outer, last = _loose(path).split(".")
    return ".".join((*(f"{part}[*]" for part in outer), last))


def _loose(path: str) -> str:
    """A path that means any item and any occurrence."""
    return bare(path).replace("[*]", "")


@lru_cache(maxsize=65536)
def paths_overlap(one: str, other: str) -> bool:
    """Whether one path contains the other; an index that is not given is any."""
    if not one or not other:
        return True
    return all(a == b or 0 in (a, b) for a, b in zip(_parts(one), _parts(other), strict=False))


def _parts(path: str) -> tuple[object, ...]:
    if is_hl7_path(path) or _is_segment(path):
        target = parse_path(path)
        return (target.segment, target.occurrence, target.field, target.repetition, target.component)
    parts: list[object] = []
    for part in path.split("."):
        name, _, index = part.partition("[")
        parts += [name, int(index[:-1]) + 1 if index[:-1].isdigit() else 0]
    return tuple(parts)


def _is_segment(path: str) -> bool:
    name = path.partition("[")[0]
    return len(name) == 3 and name.isupper()
