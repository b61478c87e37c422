r"""Escape sequences in text (HL7 v2.5.1 2.7): \F\ \S\ \T\ \R\ \E\ \Xhh..\ \.br\.

Other sequences (highlighting, local \Z..\, character sets \C..\ \M..\) stay as they are written.
"""

from __future__ import annotations

import re
from functools import lru_cache

from harness.hl7.charset import Charset
from harness.hl7.delimiters import DEFAULT, Delimiters

_HEXADECIMAL = r"X(?:[0-9A-Fa-f]{2})+"
_KEPT = r"[HNP]|Z[^{0}]*|[CM][0-9A-Fa-f]+|\.[A-Za-z]{{2}}[^{0}]*"


@lru_cache(maxsize=64)
def _pattern(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    kept = _KEPT.format(mark)
    return re.compile(rf"{mark}(?:([FSTRE]|{_HEXADECIMAL}|\.(?:br|BR))|(?:{kept})){mark}")


@lru_cache(maxsize=64)
def _meanings(delimiters: Delimiters) -> dict[str, str]:
    return {
        "F": delimiters.field.decode("ascii"),
        "S": delimiters.component.decode("ascii") or "^",
        "T": delimiters.subcomponent.decode("ascii") or "&",
        "R": delimiters.repetition.decode("ascii") or "~",
        "E": delimiters.escape.decode("ascii"),
        ".br": "\n",
        ".BR": "\n",
    }


def unescape(text: str, delimiters: Delimiters, charset: Charset) -> str:
    r"""The text meant. \.br\ is a line feed; the bytes of \Xhh..\ are read in the message's character set."""
    escape = delimiters.escape.decode("ascii")
    if not escape or escape not in text:
        return text
    meanings = _meanings(delimiters)

    def meaning(found: re.Match[str]) -> str:
        code: str | None = found.group(1)
        if code is None:
            return found.group()
        if code[0] == "X":
            return charset.decode(bytes.fromhex(code[1:]))
        return meanings[code]

    return _pattern(escape).sub(meaning, text)


def stray_escape(text: str, delimiters: Delimiters) -> int | None:
    """Position of the first escape character that begins no sequence of the standard; None: there is none."""
    escape = delimiters.escape.decode("ascii")
    if not escape or escape not in text:
        return None
    position = text.find(escape)
    pattern = _pattern(escape)
    while position >= 0:
        found = pattern.match(text, position)
        if found is None:
            return position
        position = text.find(escape, found.end())
    return None


@lru_cache(maxsize=8)
def _escapes(delimiters: Delimiters) -> dict[int, str]:
    mark = delimiters.escape.decode("ascii")
    table = {code: f"{mark}X{code:02X}{mark}" for code in (*range(0x20), 0x7F)}
    for letter, delimiter in (
        ("F", delimiters.field),
        ("S", delimiters.component),
        ("T", delimiters.subcomponent),
        ("R", delimiters.repetition),
        ("E", delimiters.escape),
    ):
        if delimiter:
            table[delimiter[0]] = f"{mark}{letter}{mark}"
    return table


def escape(text: str, delimiters: Delimiters = DEFAULT) -> str:
    """The text as it is written in a leaf: separators and control characters escaped."""
    return text.translate(_escapes(delimiters))
