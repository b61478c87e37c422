"""Walking an attribute path item by item, so that an item that lacks an attribute is seen too.

`[*]` and no index mean every item. Knows data sets only, no tables and no exchanges.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from harness.dicom.paths import PathPart, element_of, parse_path, value_text
from harness.model.record import plentiful


@plentiful
class Spot:
    """Where an attribute stands, or would stand: its path with every index, its item, and the element if present."""

    path: str
    item: Dataset
    element: DataElement | None

    @property
    def present(self) -> bool:
        """Whether the attribute is there, possibly empty."""
        return self.element is not None

    @property
    def vr(self) -> str:
        """Its value representation; empty when it is absent."""
        element = self.element
        return "" if element is None else str(element.VR)

    @property
    def count(self) -> int:
        """The number of items of a sequence; 0 for anything else."""
        element = self.element
        return len(element.value or ()) if element is not None and element.VR == "SQ" else 0

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


def spots(dataset: Dataset, path: str) -> tuple[Spot, ...]:
    """Every place the path names in the existing items; ValueError for a bad path."""
    parts = parse_path(path)
    if len(parts) == 1:
        return (Spot(parts[0].name, dataset, element_of(dataset, parts[0].tag)),)
    return tuple(_walk(dataset, parts, ""))


def _walk(item: Dataset, parts: tuple[PathPart, ...], prefix: str) -> Iterator[Spot]:
    part, rest = parts[0], parts[1:]
    if not rest:
        yield Spot(f"{prefix}{part.name}", item, element_of(item, part.tag))
        return
    for index, child in enumerate(items_of(item, part)):
        if part.index in (None, index):
            yield from _walk(child, rest, f"{prefix}{part.name}[{index}].")


def items_of(item: Dataset, part: PathPart) -> tuple[Dataset, ...]:
    """The items of a sequence; none when it is absent, empty or no sequence."""
    element = element_of(item, part.tag)
    return tuple(element.value) if element is not None and element.VR == "SQ" else ()


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
