"""The names that data files may use, given from outside: what the profiles know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Names:
    """Valid names. An empty optional set means that its names are not checked.

    `initiators` maps a transaction to the actors that may start it, `legs` to the names of its legs; `actors_of` maps
    a profile to its actors, `options_of` to its options with the actors that may claim each; `forms` are HL7 versions.
    `untestable` are the requirements that no recording can show. `parts` maps a transaction to its actors, each with
    the keys of the addresses that it needs there: `dimse`, `hl7`.
    """

    actors: frozenset[str]
    transactions: frozenset[str]
    profiles: frozenset[str]
    initiators: Mapping[str, frozenset[str]] = field(default_factory=dict)
    legs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    actors_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    options_of: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)
    clauses: frozenset[str] = frozenset()
    requirements: frozenset[str] = frozenset()
    untestable: frozenset[str] = frozenset()
    hl7_character_sets: frozenset[str] = frozenset()
    dicom_character_sets: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset({"2.3.1", "2.5.1"})
    parts: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)
