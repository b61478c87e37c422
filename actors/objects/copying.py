"""Giving data sets values, and taking them over from one data set into another (RAD TF-2x: A.1).

Values are taken as they are, right or wrong: an imaging actor does not correct what another gave it.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy

from pydicom import config
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from harness.dicom.paths import first, has, values

CODE = (
    "CodeValue",
    "CodingSchemeDesignator",
    "CodingSchemeVersion",
    "CodeMeaning",
    "LongCodeValue",
    "URNCodeValue",
)
"""The attributes of a code sequence item (PS3.3 Table 8.8-1)."""

REFERENCE = ("ReferencedSOPClassUID", "ReferencedSOPInstanceUID")
"""The attributes of a reference to an instance (PS3.3 Table 10-11)."""


def put(target: Dataset, keyword: str, value: object) -> None:
    """Give an attribute a value without asking whether its VR allows it; None and "" make it empty."""
    tag, vr = _entry(keyword)
    target[tag] = DataElement(tag, vr, value, validation_mode=config.IGNORE)


def reference_item(sop_class: str, sop_instance: str) -> Dataset:
    """A sequence item that refers to an instance (PS3.3 Table 10-11)."""
    item = Dataset()
    put(item, "ReferencedSOPClassUID", sop_class)
    put(item, "ReferencedSOPInstanceUID", sop_instance)
    return item


def take(source: Dataset, target: Dataset, keywords: Iterable[str]) -> None:
    """Copy attributes of type 2: those the source lacks become empty."""
    for keyword in keywords:
        vr = _entry(keyword)[1]
        found = [located.element.value for located in values(source, keyword) if vr == located.element.VR]
        put(target, keyword, deepcopy(found[0]) if found else [] if vr == "SQ" else None)


def take_valued(source: Dataset, target: Dataset, keywords: Iterable[str]) -> None:
    """Copy attributes of type 3: those without a value are left out."""
    take(source, target, [keyword for keyword in keywords if has(source, keyword)])


def items(source: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence; none when it is absent or is no sequence."""
    return [item for located in values(source, keyword) if located.element.VR == "SQ" for item in located.element.value]


def fresh_items(source: Dataset, keyword: str, attributes: Iterable[str] = CODE) -> list[Dataset]:
    """New items with those of the attributes that have a value; items without any are left out."""
    made = []
    for item in items(source, keyword):
        copy = Dataset()
        for attribute in attributes:
            value = first(item, attribute)
            if value:
                put(copy, attribute, value)
        if copy:
            made.append(copy)
    return made


def leave_alphabetic_name(target: Dataset) -> None:
    """Leave only the first component group of Patient's Name, as who knows no other writing does (PS3.5 6.2.1.1)."""
    if has(target, "PatientName"):
        put(target, "PatientName", first(target, "PatientName").partition("=")[0])


def _entry(keyword: str) -> tuple[int, str]:
    """Tag and VR of a keyword in the dictionary."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError(f"no attribute has the keyword {keyword!r}")
    return tag, dictionary_VR(tag)
