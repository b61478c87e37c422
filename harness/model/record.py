"""The base of every model class that is read from or written to a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Record:
    """Closed schema: a loader refuses keys that the class does not name."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
