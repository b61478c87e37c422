"""Where each requirement stands: file and line of the row, so that a person who holds the text can correct it.

Reads the places that the loader kept; neither the model nor the digest of the rule set knows them.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.errors import Place
from harness.model.names import RequirementId
from harness.model.profile import Transaction
from harness.profiles.agreement import Loaded
from harness.profiles.requirements import edge_id, transition_id
from harness.yaml_source import SourceMapping

HOME = "harness/profiles"
"""The folder of the data files in the project."""


def places(loaded: Loaded, root: str) -> dict[RequirementId, Place]:
    """Requirement to the place of its row; the path begins with `harness/profiles`."""
    short: dict[Place, Place] = {}
    found = {}
    for requirement, place in _places(loaded):
        if place not in short:
            short[place] = _short(place, root)
        found[requirement] = short[place]
    return found


def _places(loaded: Loaded) -> Iterator[tuple[RequirementId, Place]]:
    for name, (source, _) in (*loaded.hl7_tables.items(), *loaded.attribute_tables.items()):
        for path, place in _keys(source, "rows").items():
            yield RequirementId(f"{name}/{path}"), place
    for source, transaction in loaded.transactions.values():
        for index, requirement in enumerate(transaction.requirements):
            yield requirement.id, source.place_of("requirements", index)
    for source, rules in loaded.rules:
        for row, place in _keys(source, "leg_rules").items():
            for _, transaction in loaded.transactions.values():
                yield from ((one, place) for one in _of_legs(transaction, row, rules.check, rules.every_leg))
        for rule_id, place in _keys(source, "play_rules").items():
            yield RequirementId(rules.play_rules[rule_id].id), place
    yield from ((edge_id(edge), place) for place, edge in loaded.edges)
    for source, machine in loaded.states.values():
        for index, transition in enumerate(machine.transitions):
            yield transition_id(machine, transition), source.place_of("transitions", index)


def _of_legs(transaction: Transaction, row: str, check: str, every_leg: bool) -> Iterator[RequirementId]:
    for leg in transaction.legs:
        if every_leg or check in leg.checks:
            yield RequirementId(f"{transaction.id.lower()}.{leg.id}/{row}")


def _keys(source: SourceMapping, key: str) -> dict[str, Place]:
    rows = source.mapping(key)
    return rows.keys_at if rows is not None else {}


def _short(place: Place, root: str) -> Place:
    inside = place.path.removeprefix(root).replace("\\", "/").strip("/")
    return Place(f"{HOME}/{inside}", place.line, place.column)
