"""Writing in character sets that the products support, and which patients can be written of in them.

A set is changed only where the product does not have the one that our actor chose: the text stays the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from pydicom.dataset import Dataset

from harness.dicom.character_sets import holds
from harness.dicom.paths import first
from harness.hl7.charset import charset
from harness.hl7.delimiters import DEFAULT
from harness.model.character_sets import CharacterSets
from harness.model.profile import LinkKind
from harness.model.scenario import Case

_MSH_18 = 17
"""Place of MSH-18 among the fields of the header, of which MSH-1 is the separator itself."""
_ESCAPE = b"\x1b"
_SPECIFIC = "SpecificCharacterSet"


def fit_message(raw: bytes, supported: tuple[str, ...]) -> bytes:
    """The message in a set that is supported, where it is in another one and any holds it."""
    if not supported or (raw.isascii() and _ESCAPE not in raw):
        return raw
    separator, repetition = DEFAULT.field.decode(), DEFAULT.repetition.decode()
    header = raw.partition(b"\r")[0].decode("ascii", "replace").split(separator)
    names = tuple(header[_MSH_18].split(repetition)) if len(header) > _MSH_18 else ()
    if all(name in supported for name in names if name):
        return raw
    first_line, end, rest = charset(names).decode(raw).partition("\r")
    fields = first_line.split(separator)
    for name in supported:
        fields[_MSH_18:] = [name, *fields[_MSH_18 + 1 :]]
        encoded = _encoded(separator.join(fields) + end + rest, name)
        if encoded is not None:
            return encoded
    return raw


def fit_dataset(dataset: Dataset, supported: tuple[str, ...]) -> Dataset:
    """The data set in a set that is supported, where it is in another one and any holds it."""
    declared = [name for name in first(dataset, _SPECIFIC).split("\\") if name]
    if not supported or not declared or all(name in supported for name in declared):
        return dataset
    text = "".join(_texts(dataset))
    fitting = next((name for name in supported if holds(("", name), text)), None)
    if fitting is not None:
        dataset.SpecificCharacterSet = fitting
    return dataset


def lacking(case: Case, patient: str, declared: CharacterSets, kind: LinkKind) -> str:
    """The set in which the patient's text would have to be written on a link of that kind; empty where one is declared.

    The sets of the case are a hospital's own for HL7; a data set may be written in any that holds the text.
    """
    person = case.patients[patient]
    text = "".join(_strings(person)) + "".join(_strings(case.visit)) + "".join(_strings(case.order))
    if text.isascii():
        return ""
    if kind is LinkKind.DIMSE:
        serves = not declared.dicom or any(holds(("", name), text) for name in declared.dicom)
        return "" if serves else "one that holds the name"
    if not declared.hl7:
        return ""
    missing = next((name for name in person.characters if name and name not in declared.hl7), "")
    if missing or any(person.characters):
        return missing
    return "" if any(_encoded(text, name) is not None for name in declared.hl7) else "one that holds the name"


def _encoded(text: str, name: str) -> bytes | None:
    try:
        return charset((name,)).encode(text)
    except ValueError:
        return None


def _texts(dataset: Dataset) -> Iterator[str]:
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value or ():
                yield from _texts(item)
        elif element.VR in ("PN", "LO", "LT", "SH", "ST", "UT", "UC"):
            yield str(element.value)


def _strings(value: object) -> Iterator[str]:
    """Every text of a record."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _strings(item)
    elif dataclasses.is_dataclass(value):
        for one in dataclasses.fields(value):
            yield from _strings(getattr(value, one.name))
