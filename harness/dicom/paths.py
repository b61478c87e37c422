"""Attribute paths: `ScheduledProcedureStepSequence[0].Modality`, by the keywords of the DICOM dictionary.

An index counts items from 0; `[*]` or no index means every item. Private attributes and those without a
keyword are written `(gggg,eeee)`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from pydicom.datadict import keyword_dict, keyword_for_tag, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

_PART = re.compile(r"(?P<name>\w+|\([0-9A-Fa-f]{4},[0-9A-Fa-f]{4}\))(?:\[(?P<index>\d+|\*)\])?\Z")


@dataclass(frozen=True)
class PathPart:
    """One attribute of a path; `index` None means every item."""

    tag: BaseTag
    name: str
    index: int | None = None


class Located(NamedTuple):
    """An element that was found: its path with every index, its values joined by `\\\\`, and the element."""

    path: str
    value: str
    element: DataElement


@lru_cache(maxsize=4096)
def parse_path(text: str) -> tuple[PathPart, ...]:
    """The parts of a path, remembered; ValueError says what is wrong and names the nearest keyword."""
    return tuple(_parse_part(part, text) for part in text.split("."))


def _parse_part(part: str, text: str) -> PathPart:
    match = _PART.match(part)
    if match is None:
        raise ValueError(f"attribute path {text!r}: {part!r} is not a keyword with an optional [index]")
    name = match["name"]
    index = int(match["index"]) if match["index"] not in (None, "*") else None
    if name.startswith("("):
        return PathPart(known_tag(int(name[1:5] + name[6:10], 16)), name, index)
    number = tag_for_keyword(name)
    if number is None:
        near = difflib.get_close_matches(name, keyword_dict, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"attribute path {text!r}: no attribute has the keyword {name!r}{hint}")
    return PathPart(known_tag(number), name, index)


def known_tag(number: int) -> BaseTag:
    """The tag of that number, the same object each time: a dictionary finds it without comparing."""
    return _tag(int(number))


@lru_cache(maxsize=8192)
def _tag(number: int) -> BaseTag:
    return BaseTag(number)


def name_of(tag: BaseTag) -> str:
    """The keyword of a tag, or `(gggg,eeee)` when the dictionary has none."""
    return keyword_for_tag(tag) or f"({tag.group:04X},{tag.element:04X})"


def values(ds: Dataset, path: str) -> tuple[Located, ...]:
    """Every element that the path hits, empty ones included; ValueError for a bad path."""
    parts, there = parse_path(path), ds.keys()
    return tuple(_find(ds, parts, "")) if parts[0].tag in there else ()


def element_of(item: Dataset, tag: BaseTag) -> DataElement | None:
    """The element of that tag, its value converted; None when it is absent. One look-up where pydicom makes three."""
    found: object = item.get_item(tag)
    if isinstance(found, DataElement):
        return found
    return None if found is None else item[tag]


def elements(ds: Dataset) -> list[DataElement]:
    """The elements in order of their tags."""
    return [ds[tag] for tag in sorted(ds.keys(), key=int)]


def _find(ds: Dataset, parts: tuple[PathPart, ...], prefix: str) -> Iterator[Located]:
    part, rest = parts[0], parts[1:]
    element = element_of(ds, part.tag)
    if element is None:
        return
    here = f"{prefix}{part.name}"
    if element.VR != "SQ":
        if not rest and part.index in (None, 0):
            yield Located(here, value_text(element), element)
        return
    if not rest and part.index is None:
        yield Located(here, "", element)
        return
    for index, item in enumerate(element.value):
        if part.index not in (None, index):
            continue
        if rest:
            yield from _find(item, rest, f"{here}[{index}].")
        else:
            yield Located(f"{here}[{index}]", "", element)


def value_text(element: DataElement) -> str:
    """The element's values joined by a backslash; "" for none and for a sequence."""
    value = element.value
    if isinstance(value, str):
        return str(value)
    if value is None or element.VR == "SQ":
        return ""
    if isinstance(value, bytes):
        return _bytes_text(value)
    if isinstance(value, (MultiValue, list, tuple)):
        return "\\".join(_one_text(one) for one in value)
    return _one_text(value)


def _one_text(value: object) -> str:
    if isinstance(value, BaseTag):
        return f"({value.group:04X},{value.element:04X})"
    original = getattr(value, "original_string", None)
    return original if isinstance(original, str) else "" if value is None else str(value)


def _bytes_text(value: bytes) -> str:
    plain = value.rstrip(b"\0 ")
    if all(0x20 <= byte < 0x7F for byte in plain):
        return plain.decode("ascii")
    return value[:256].hex()


def first(ds: Dataset, path: str) -> str:
    """The first value that is not empty; "" when there is none."""
    return next((located.value for located in values(ds, path) if located.value), "")


def has(ds: Dataset, path: str) -> bool:
    """Whether a value is there; for a sequence, at least one item."""
    return any(located.value or _items(located.element) for located in values(ds, path))


def present(ds: Dataset, path: str) -> bool:
    """Whether the attribute is there, possibly empty."""
    return bool(values(ds, path))


def _items(element: DataElement) -> bool:
    return element.VR == "SQ" and bool(element.value)


def all_paths(ds: Dataset, prefix: str = "") -> Iterable[str]:
    """The paths of every element at every level, in order of tags."""
    for tag in sorted(ds.keys()):
        element = ds[tag]
        here = f"{prefix}{name_of(tag)}"
        yield here
        if element.VR == "SQ":
            for index, item in enumerate(element.value):
                yield from all_paths(item, f"{here}[{index}].")
