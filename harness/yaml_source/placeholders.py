"""`{patient.id}` in a text of a file: stands for the value of that name. There is nothing else to it: no expression."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*)\}")
CONSTANTS: Final[Mapping[str, bool | None]] = MappingProxyType({"true": True, "false": False, "null": None})
"""What JSON has a word for, and a file in which every scalar is a text has not."""


def placeholders(value: object) -> Iterator[str]:
    """The names that stand in a text, or in the texts of a mapping or sequence; CONSTANTS are none."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from (*placeholders(str(key)), *placeholders(item))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from placeholders(item)
    elif isinstance(value, str):
        yield from (found[1] for found in PLACEHOLDER.finditer(value) if found[1] not in CONSTANTS)
