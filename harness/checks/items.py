"""Walking an attribute path item by item, so that an item that lacks an attribute is seen too.

`[*]` and no index mean every item. Knows data sets only, no tables and no exchanges.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from harness.dicom.paths import PathPart, value_text
from harness.dicom.paths import parse_path as read_path


@dataclass(frozen=True)
class Spot:
    """Where an attribute stands, or would stand: the item it belongs to, and the path with every index."""

    item: Dataset
    prefix: str
    part: PathPart

    @property
    def path(self) -> str:
        """Path with the indices of the items it lies in."""
        return f"{self.prefix}{self.part.name}"

    @property
    def element(self) -> DataElement | None:
        """The element; None when the attribute is absent."""
        return self.item.get(self.part.tag)

    @property
    def present(self) -> bool:
        """Whether the attribute is there, possibly empty."""
        return self.part.tag in self.item

    @property
    def valued(self) -> bool:
        """Whether it has a value; a sequence has one when it has an item."""
        element = self.element
        if element is None:
            return False
        return bool(element.value) if element.VR == "SQ" else bool(self.value)

    @property
    def value(self) -> str:
        """Its values joined by a backslash, without padding; empty for a sequence."""
        element = self.element
        return "" if element is None else value_text(element).strip(" \0")


@lru_cache(maxsize=4096)
def parse_path(path: str) -> tuple[PathPart, ...]:
    """The parts of a path, remembered; ValueError for a bad path."""
    return read_path(path)


def spots(dataset: Dataset, path: str) -> tuple[Spot, ...]:
    """Every place the path names in the existing items; ValueError for a bad path."""
    return tuple(_walk(dataset, parse_path(path), ""))


def _walk(item: Dataset, parts: tuple[PathPart, ...], prefix: str) -> Iterator[Spot]:
    part, rest = parts[0], parts[1:]
    if not rest:
        yield Spot(item, prefix, part)
        return
    for index, child in enumerate(items_of(item, part)):
        if part.index in (None, index):
            yield from _walk(child, rest, f"{prefix}{part.name}[{index}].")


def items_of(item: Dataset, part: PathPart) -> tuple[Dataset, ...]:
    """The items of a sequence; none when it is absent, empty or no sequence."""
    if part.tag not in item or item[part.tag].VR != "SQ":
        return ()
    return tuple(item[part.tag].value)


def requested(identifier: Dataset, path: str) -> bool:
    """Whether a query asks for the attribute: by itself, or by a sequence without items (PS3.4 C.2.2.2.6)."""
    current = [identifier]
    parts = parse_path(path)
    for part in parts[:-1]:
        if not any(part.tag in item for item in current):
            return False
        children = [child for item in current for child in items_of(item, part)]
        if not children or all(len(child) == 0 for child in children):
            return True
        current = children
    return any(parts[-1].tag in item for item in current)


def same_indices(path: str, like: str) -> str:
    """`path` with the indices that its leading sequences have in `like`, as far as they are the same sequences."""
    wanted, given = path.split("."), like.split(".")
    for position, (part, indexed) in enumerate(zip(wanted[:-1], given[:-1], strict=False)):
        if part.split("[")[0] != indexed.split("[")[0]:
            break
        wanted[position] = indexed
    return ".".join(wanted)
