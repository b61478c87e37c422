"""Whether two data sets say the same, whatever they were encoded in. Knows no exchanges."""

from __future__ import annotations

from collections.abc import Iterable

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from harness.dicom.bulk import Bulk
from harness.dicom.paths import name_of, value_text

_ENCODING = frozenset({Tag("SpecificCharacterSet")})
_BINARY = (bytes, Bulk)
_BULK = frozenset({"OB", "OW", "OF", "OD", "OL", "OV", "UN"})

Difference = tuple[str, str, str]
"""Path, value of the first, value of the second."""


def difference(
    one: Dataset, other: Dataset, *, ignoring: Iterable[BaseTag] = (), bulk: bool = True, prefix: str = ""
) -> Difference | None:
    """The first attribute in which two data sets differ; None when they are alike.

    The character set counts as encoding. `bulk`: whether binary values are compared.
    """
    skipped = _ENCODING | set(ignoring)
    for tag in sorted({*one.keys(), *other.keys()} - skipped):
        if tag.element == 0:
            continue
        path = f"{prefix}{name_of(tag)}"
        if tag not in one or tag not in other:
            return path, _shown(one, tag), _shown(other, tag)
        found = _element_difference(one[tag], other[tag], path, skipped, bulk)
        if found is not None:
            return found
    return None


def _element_difference(
    one: DataElement, other: DataElement, path: str, skipped: Iterable[BaseTag], bulk: bool
) -> Difference | None:
    if one.VR == "SQ" and other.VR == "SQ":
        if len(one.value) != len(other.value):
            return path, f"{len(one.value)} items", f"{len(other.value)} items"
        for index, (item, like) in enumerate(zip(one.value, other.value, strict=True)):
            found = difference(item, like, ignoring=skipped, bulk=bulk, prefix=f"{path}[{index}].")
            if found is not None:
                return found
        return None
    if isinstance(one.value, _BINARY) and isinstance(other.value, _BINARY):
        same = not bulk or _even(one.value) == _even(other.value)
        return None if same else (path, f"{len(one.value)} bytes", f"{len(other.value)} other bytes")
    if not bulk and one.VR in _BULK:
        return None
    if "UN" in (one.VR, other.VR) and one.VR != other.VR and not _told_as_text(one, other):
        return None
    left, right = _plain(value_text(one)), _plain(value_text(other))
    return None if left == right else (path, left or "empty", right or "empty")


def _told_as_text(one: DataElement, other: DataElement) -> bool:
    """Whether a value whose representation one side does not know, as behind an implicit one, can be compared."""
    known = other if one.VR == "UN" else one
    return isinstance(known.value, str) and known.value.isascii()


def _even(value: bytes | Bulk) -> bytes | Bulk:
    """A binary value with the padding that makes its length even (PS3.5 6.2)."""
    padding = b"\0" * (len(value) % 2)
    return value + padding if isinstance(value, bytes) else Bulk(value, padding)


def _plain(text: str) -> str:
    return "\\".join(part.strip(" \0").rstrip("^=") for part in text.split("\\")).strip(" \0")


def _shown(dataset: Dataset, tag: BaseTag) -> str:
    if tag not in dataset:
        return "absent"
    return value_text(dataset[tag]) or "present"
