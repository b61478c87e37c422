"""The base of every model class that is read from or written to a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeVar, dataclass_transform

_T = TypeVar("_T")


class Record:
    """Closed schema: a loader refuses keys that the class does not name."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}


@dataclass_transform(frozen_default=True)
def plentiful(kind: type[_T]) -> type[_T]:
    """The dataclass of a record of which a run makes hundreds of thousands.

    That it is read-only is for the type checker to see: at run time it is made in a third of the time of a frozen one,
    and of that in a third again by those who give its fields in their order, without naming them.
    """
    return dataclass(slots=True, unsafe_hash=True)(kind)
