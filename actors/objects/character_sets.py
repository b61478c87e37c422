"""Specific Character Set: which sets hold a text, and which to declare (PS3.3 C.12.1.1.2).

A data set made from HL7 keeps the character sets of the message as long as they hold all of its text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from pydicom.dataset import Dataset

from actors.objects.attributes import ds_text
from actors.objects.copying import put
from harness.dicom.character_sets import holds

UNICODE = "ISO_IR 192"
LATIN_1 = "ISO_IR 100"

_SETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "8859/1": (LATIN_1,),
        "8859/2": ("ISO_IR 101",),
        "8859/3": ("ISO_IR 109",),
        "8859/4": ("ISO_IR 110",),
        "8859/5": ("ISO_IR 144",),
        "8859/6": ("ISO_IR 127",),
        "8859/7": ("ISO_IR 126",),
        "8859/8": ("ISO_IR 138",),
        "8859/9": ("ISO_IR 148",),
        "ISO IR14": ("ISO_IR 13",),
        "ISO IR87": ("", "ISO 2022 IR 87"),
        "ISO IR159": ("", "ISO 2022 IR 159"),
        "KS X 1001": ("", "ISO 2022 IR 149"),
        "GB 18030-2000": ("GB18030",),
        "UNICODE UTF-8": (UNICODE,),
    }
)
"""Specific Character Set by name of HL7 table 0211 (RAD TF-2x: B)."""


def of_message(names: Sequence[str]) -> tuple[str, ...]:
    """The sets that the repetitions of MSH-18 stand for; none when one of them has no counterpart."""
    sets: list[str] = []
    for name in filter(None, names):
        if name not in _SETS:
            return ()
        sets += _SETS[name]
    return tuple(dict.fromkeys(sets))


def declare(ds: Dataset, preferred: Sequence[str] = ()) -> None:
    """Declare the preferred sets where they hold the text of the data set, else Latin-1, else UTF-8."""
    text = ds_text(ds)
    sets: Sequence[str] = next(
        (candidate for candidate in (tuple(preferred), (LATIN_1,)) if candidate and holds(candidate, text)), (UNICODE,)
    )
    put(ds, "SpecificCharacterSet", sets[0] if len(sets) == 1 else list(sets))
