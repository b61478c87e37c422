"""Attributes made from text of other systems: cut and cleaned to what their VR can hold (PS3.5 6.2).

Whatever HL7 carried, what is written here can be encoded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset

from actors.objects.copying import put
from harness.model.scenario import Code

MAX_LENGTH: Mapping[str, int] = MappingProxyType(
    {"AE": 16, "CS": 16, "LO": 64, "PN": 64, "SH": 16, "ST": 1024, "UI": 64, "DA": 8, "TM": 14}
)
"""Maximum characters by VR (PS3.5 Table 6.2-1); of a PN for each component group."""

_ONE_LINE = frozenset({"AE", "CS", "LO", "PN", "SH", "UI"})


def set_text(ds: Dataset, keyword: str, text: str) -> None:
    """Set an attribute of a textual VR; empty text makes it empty."""
    put(ds, keyword, clean(dictionary_VR(keyword), text) or None)


def set_items(ds: Dataset, keyword: str, items: Iterable[Dataset]) -> None:
    """Set a sequence; no items make it empty."""
    put(ds, keyword, list(items))


def clean(vr: str, text: str) -> str:
    """The text as the VR can hold it: no backslash, no control characters, cut to length; no date, no text."""
    if vr == "DA" and not (len(text) == MAX_LENGTH["DA"] and text.isascii() and text.isdigit()):
        return ""
    kept = "".join(" " if char == "\\" or (vr in _ONE_LINE and not char.isprintable()) else char for char in text)
    if vr == "PN":
        return "=".join(group[: MAX_LENGTH[vr]].strip() for group in kept.split("="))
    return kept[: MAX_LENGTH.get(vr, len(kept))].strip()


def code_items(*codes: Code) -> list[Dataset]:
    """Items of a code sequence (PS3.3 8.8); codes without a value are left out."""
    return [_code_item(code) for code in codes if code.value]


def _code_item(code: Code) -> Dataset:
    item = Dataset()
    long = len(code.value) > MAX_LENGTH["SH"]
    set_text(item, "LongCodeValue" if long else "CodeValue", code.value)
    set_text(item, "CodingSchemeDesignator", code.scheme)
    set_text(item, "CodeMeaning", code.meaning)
    return item


def charset_for(ds: Dataset) -> str:
    """The Specific Character Set that holds every text of the data set: Latin-1 where it serves, else UTF-8."""
    try:
        ds_text(ds).encode("latin-1")
    except UnicodeEncodeError:
        return "ISO_IR 192"
    return "ISO_IR 100"


def ds_text(ds: Dataset) -> str:
    """All text of a data set, nested items included."""
    parts = []
    for element in ds:
        if element.VR == "SQ":
            parts += [ds_text(item) for item in element.value]
        else:
            parts.append(str(element.value))
    return "".join(parts)
