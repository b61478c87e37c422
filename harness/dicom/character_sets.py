"""Specific Character Set: its Defined Terms, and which sets hold a text (PS3.3 C.12.1.1.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from pydicom.charset import python_encoding

_CODECS: Mapping[str, str] = MappingProxyType(
    {
        **python_encoding,
        "": "ascii",
        "ISO_IR 6": "ascii",
        "ISO 2022 IR 6": "ascii",
        "ISO_IR 100": "iso8859_1",
        "ISO_IR 101": "iso8859_2",
        "ISO_IR 109": "iso8859_3",
        "ISO_IR 110": "iso8859_4",
        "ISO_IR 144": "iso8859_5",
        "ISO_IR 127": "iso8859_6",
        "ISO_IR 126": "iso8859_7",
        "ISO_IR 138": "iso8859_8",
        "ISO_IR 148": "iso8859_9",
        "ISO_IR 13": "shift_jis",
        "ISO 2022 IR 87": "iso2022_jp",
        "ISO 2022 IR 159": "iso2022_jp_1",
        "ISO 2022 IR 149": "euc_kr",
        "GB18030": "gb18030",
        "ISO_IR 192": "utf_8",
    }
)
"""Codecs by Defined Term; pydicom's where a term is not one that our actors write."""

DEFINED_TERMS = frozenset(_CODECS) - {""}


def holds(sets: Sequence[str], text: str) -> bool:
    """Whether each character is in one of the sets."""
    codecs = [_CODECS[name] for name in sets if name in _CODECS]
    return all(any(_encodes(codec, character) for codec in codecs) for character in set(text))


def _encodes(codec: str, character: str) -> bool:
    try:
        character.encode(codec)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
