"""Text that is safe to show: nothing from the wire moves a cursor, breaks a line or reverses one."""

from __future__ import annotations

import re
import unicodedata

_ESCAPED = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"
_SUSPECT = re.compile(r"[^\x20-\x7e]")

VALUE_LIMIT = 240
"""Characters of one value that a report shows."""


def printable(text: str, limit: int = VALUE_LIMIT) -> str:
    """The text on one line, cut at `limit` with its whole length told.

    Control, format, unassigned and surrogate characters become visible escapes.
    """
    shown = _SUSPECT.sub(_visible, text[:limit])
    return shown if len(text) <= limit else f"{shown}... ({len(text)} characters)"


def _visible(match: re.Match[str]) -> str:
    character = match.group()
    if character in _JOINERS or unicodedata.category(character) not in _ESCAPED:
        return character
    return character.encode("unicode_escape").decode("ascii")
