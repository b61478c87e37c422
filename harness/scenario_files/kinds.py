"""Reads the kinds of products that `swf init` knows, checked against the names of the profiles."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from harness.model.product_kind import ProductKind, ProductKinds
from harness.scenario_files.names import Names
from harness.scenario_files.shipped import PACKAGE
from harness.yaml_source import Faults, read, validate

NAME = "product-kinds.yaml"


def shipped_kinds() -> Traversable:
    """The file that ships."""
    return files(PACKAGE) / NAME


def load_kinds(path: Path | Traversable, names: Names) -> Mapping[str, ProductKind]:
    """The kinds by name; SourceError with every fault, at its place and with the nearest valid name."""
    source = read(path)
    found = validate(source, ProductKinds)
    faults = Faults()
    for name, kind in found.kinds.items():
        at = ("kinds", name)
        for index, profile in enumerate(kind.profiles):
            place = source.place_of(*at, "profiles", index)
            if faults.name(place, "profile", profile, names.profiles):
                known = names.actors_of.get(profile, frozenset())
                for number, actor in enumerate(kind.actors):
                    faults.name(source.place_of(*at, "actors", number), f"actor of {profile}", actor, known)
        for index, transaction in enumerate(kind.transactions):
            faults.name(source.place_of(*at, "transactions", index), "transaction", transaction, names.transactions)
        if not kind.profiles or not kind.actors:
            faults.add(source.place_of(*at), f"{name}: a kind of product has at least one profile and one actor")
    faults.raise_if_any()
    return found.kinds
