"""Changes to a data set for deviations; each returns a changed copy and leaves the rest as it was."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

from pydicom import config
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from harness.dicom.encoding import quiet
from harness.dicom.paths import PathPart, parse_path

_NUMBERS: dict[str, Callable[[str], int | float]] = {
    **dict.fromkeys(("US", "UL", "SS", "SL", "UV", "SV"), int),
    **dict.fromkeys(("FL", "FD"), float),
}
_BYTES = frozenset({"OB", "OW", "OD", "OF", "OL", "OV", "UN"})


def set_value(ds: Dataset, path: str, value: str) -> Dataset:
    """Give the attribute that value (several joined by a backslash), valid or not; missing items are created.

    A sequence becomes empty by the value "". ValueError for a bad path, or a value that the VR cannot hold.
    """
    changed = deepcopy(ds)
    with quiet():
        for parent in _parents(changed, parse_path(path), create=True):
            parent[_last(path).tag] = _element(_last(path).tag, value, parent)
    return changed


def remove(ds: Dataset, path: str) -> Dataset:
    """Leave the attribute, or with a final index the item, out."""
    changed = deepcopy(ds)
    last = _last(path)
    for parent in _parents(changed, parse_path(path)):
        if last.tag not in parent:
            continue
        if last.index is None:
            del parent[last.tag]
        elif parent[last.tag].VR == "SQ" and last.index < len(parent[last.tag].value):
            del parent[last.tag].value[last.index]
    return changed


def duplicate(ds: Dataset, path: str) -> Dataset:
    """Repeat an item of a sequence (the first, without an index), or the values of an attribute."""
    changed = deepcopy(ds)
    last = _last(path)
    for parent in _parents(changed, parse_path(path)):
        if last.tag not in parent:
            continue
        element = parent[last.tag]
        index = last.index or 0
        if element.VR == "SQ":
            if index < len(element.value):
                element.value.insert(index + 1, deepcopy(element.value[index]))
        elif element.VR not in _BYTES and not element.is_empty:
            values = list(element.value) if element.VM > 1 else [element.value]
            repeated = values + values
            parent[last.tag] = DataElement(last.tag, element.VR, repeated, validation_mode=config.IGNORE)
    return changed


def reorder(ds: Dataset, path: str) -> Dataset:
    """Exchange an item (the first, without an index) or value with its successor."""
    changed = deepcopy(ds)
    last = _last(path)
    for parent in _parents(changed, parse_path(path)):
        if last.tag not in parent or parent[last.tag].VR in _BYTES:
            continue
        element = parent[last.tag]
        index = last.index or 0
        values = element.value
        if (element.VR == "SQ" or element.VM > 1) and index + 1 < len(values):
            values[index], values[index + 1] = values[index + 1], values[index]
    return changed


def _last(path: str) -> PathPart:
    return parse_path(path)[-1]


def _parents(ds: Dataset, parts: tuple[PathPart, ...], create: bool = False) -> list[Dataset]:
    """The data sets that hold the last attribute of the path."""
    level = [ds]
    for part in parts[:-1]:
        level = [item for parent in level for item in _chosen(parent, part, create)]
    return level


def _chosen(parent: Dataset, part: PathPart, create: bool) -> list[Dataset]:
    if create and dictionary_VR(part.tag) == "SQ":
        if part.tag not in parent:
            parent[part.tag] = DataElement(part.tag, "SQ", [])
        items = parent[part.tag].value
        while len(items) <= (part.index or 0):
            items.append(Dataset())
    if part.tag not in parent or parent[part.tag].VR != "SQ":
        return []
    items = list(parent[part.tag].value)
    return items if part.index is None else items[part.index : part.index + 1]


def _element(tag: BaseTag, value: str, parent: Dataset) -> DataElement:
    vr = parent[tag].VR if tag in parent else _dictionary_vr(tag)
    if vr == "SQ":
        if value:
            raise ValueError(f"a sequence takes no value but the empty one, not {value!r}")
        return DataElement(tag, "SQ", [])
    if vr in _NUMBERS:
        numbers = [_NUMBERS[vr](one) for one in value.split("\\")] if value else None
        return DataElement(tag, vr, numbers, validation_mode=config.IGNORE)
    if vr in _BYTES:
        return DataElement(tag, vr, value.encode("utf-8"), validation_mode=config.IGNORE)
    return _text_element(tag, vr, value)


def _text_element(tag: BaseTag, vr: str, value: str) -> DataElement:
    """A text value; one that the VR refuses (IS, DS, AT) goes out as LO, which implicit VR does not show."""
    try:
        return DataElement(tag, vr, value, validation_mode=config.IGNORE)
    except (ValueError, TypeError, OverflowError, ArithmeticError):
        return DataElement(tag, "LO", value, validation_mode=config.IGNORE)


def _dictionary_vr(tag: BaseTag) -> str:
    try:
        return dictionary_VR(tag).split(" or ")[0]
    except KeyError:
        return "LO"
