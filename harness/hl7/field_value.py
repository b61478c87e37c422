"""Values of fields in their parts, and how they are written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from harness.hl7.delimiters import DEFAULT, Delimiters
from harness.hl7.escapes import escape

FieldValue: TypeAlias = "str | tuple[FieldValue, ...] | list[FieldValue]"
"""A str is a leaf and gets escaped; a tuple holds components, one within it subcomponents; a list
repetitions."""


def render(value: FieldValue, delimiters: Delimiters = DEFAULT) -> str:
    """The field as it is written, trailing empty parts left out; ValueError when parts nest too deep."""
    if isinstance(value, list):
        return _join((_repetition(item, delimiters) for item in value), delimiters.repetition)
    return _repetition(value, delimiters)


def _repetition(value: FieldValue, delimiters: Delimiters) -> str:
    if isinstance(value, tuple):
        return _join((_component(item, delimiters) for item in value), delimiters.component)
    return _leaf(value, delimiters)


def _component(value: FieldValue, delimiters: Delimiters) -> str:
    if isinstance(value, tuple):
        return _join((_leaf(item, delimiters) for item in value), delimiters.subcomponent)
    return _leaf(value, delimiters)


def _leaf(value: FieldValue, delimiters: Delimiters) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a {type(value).__name__} cannot stand here: list > tuple > tuple > str")
    return escape(value, delimiters)


def _join(parts: Iterable[str], separator: bytes) -> str:
    written = list(parts)
    while written and not written[-1]:
        written.pop()
    return separator.decode("ascii").join(written)
