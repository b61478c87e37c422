"""From a tree to a dataclass of the model, and from a validation error to a sentence with a place.

pydantic validates; a key without a value becomes the empty text where a text is wanted.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar, Union

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from harness.errors import Place
from harness.yaml_source.reading import read
from harness.yaml_source.tree import Faults, SourceMapping, SourceSequence, find, nearest, parent_of

T = TypeVar("T")


def load(path: Path | Traversable, type_: type[T], *, prepare: Callable[[SourceMapping], None] | None = None) -> T:
    """Read a file into a dataclass; SourceError lists every fault. `prepare` may rename or fill in keys first."""
    source = read(path)
    if prepare is not None:
        prepare(source)
    return validate(source, type_)


def validate(source: SourceMapping, type_: type[T]) -> T:
    """Turn what was read into a dataclass; SourceError lists every fault."""
    adapter: TypeAdapter[T] = _adapter(type_)  # type: ignore[arg-type]  # a type can be hashed
    try:
        return adapter.validate_python(source)
    except ValidationError as error:
        errors = error.errors(include_url=False)
    blanks = [detail for detail in errors if detail["type"] == "string_type" and detail["input"] is None]
    if blanks:
        for detail in blanks:
            _fill(source, detail["loc"])
        return validate(source, type_)
    faults = Faults()
    for detail in errors:
        faults.add(*_explain(source, type_, detail))
    faults.raise_if_any()
    raise AssertionError("a validation error without details")


@cache
def _adapter(type_: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(type_)


def _fill(source: SourceMapping, location: Sequence[str | int]) -> None:
    """Make a key without a value the empty string."""
    parent, last = parent_of(source, location), location[-1]
    if isinstance(parent, SourceMapping):
        parent[str(last)] = ""
    elif isinstance(parent, SourceSequence) and isinstance(last, int):
        parent[last] = ""


def _explain(source: SourceMapping, type_: object, detail: ErrorDetails) -> tuple[Place, str]:
    location, kind = detail["loc"], detail["type"]
    place, written = find(source, location)
    parent = parent_of(source, location)
    last = location[-1] if location else ""
    if kind in ("unexpected_keyword_argument", "extra_forbidden") and isinstance(parent, SourceMapping):
        key = parent.written.get(str(last), str(last))
        owner = _type_at(type_, location[:-1])
        known = [parent.written.get(name, name) for name in _field_names(owner)]
        hint = nearest(key, (name for name in known if name))
        return parent.keys_at.get(str(last), place), f"unknown key `{key}`{hint}"
    if kind == "missing" or (kind == "missing_argument" and isinstance(parent, SourceMapping)):
        key = parent.written.get(str(last), str(last)) if isinstance(parent, SourceMapping) else str(last)
        return (parent.place if parent is not None else place), f"`{key}` is missing"
    if kind == "enum":
        member = _type_at(type_, location)
        names = [str(one.value) for one in member] if isinstance(member, type) and issubclass(member, Enum) else []
        return place, f"{written}: `{detail['input']}` is not a valid value{nearest(str(detail['input']), names)}"
    if detail["input"] is None:
        return place, f"{written} is empty: give it a value, or leave the key out"
    message = detail["msg"].removeprefix("Value error, ")
    if kind == "value_error":
        return place, f"{written}: {message}"
    got = detail["input"] if isinstance(detail["input"], str) else type(detail["input"]).__name__
    kinds = {"SourceMapping": "a mapping", "SourceSequence": "a sequence"}
    return place, f"{written}: {message[:1].lower()}{message[1:]}, not {kinds.get(str(got), f'`{got}`')}"


def _field_names(type_: object) -> list[str]:
    if isinstance(type_, type) and dataclasses.is_dataclass(type_):
        return [field.name for field in dataclasses.fields(type_)]
    return []


def _type_at(type_: object, location: Sequence[str | int]) -> object:
    """The declared type at a location: fields of dataclasses, values of mappings, items of tuples."""
    for part in location:
        type_ = _bare(type_)
        origin, arguments = typing.get_origin(type_), typing.get_args(type_)
        if isinstance(type_, type) and dataclasses.is_dataclass(type_):
            type_ = _hints(type_).get(str(part))
        elif isinstance(origin, type) and issubclass(origin, Mapping):
            type_ = arguments[1]
        elif isinstance(origin, type) and issubclass(origin, Sequence):
            type_ = arguments[0]
        else:
            return None
    return _bare(type_)


@cache
def _hints(type_: type) -> dict[str, object]:
    return typing.get_type_hints(type_)


def _bare(type_: object) -> object:
    """Without `| None` and NewType."""
    if typing.get_origin(type_) in (Union, types.UnionType):
        rest = [argument for argument in typing.get_args(type_) if argument is not type(None)]
        type_ = rest[0] if rest else type_
    return getattr(type_, "__supertype__", type_)
