"""From the bytes of a file to a tree with places: our subset of YAML, over PyYAML's C parser.

Events are built into a tree with a stack of our own, within limits of size and nesting.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Protocol

import yaml
from yaml.reader import ReaderError

from harness.errors import Place
from harness.yaml_source.tree import Faults, SourceMapping, SourceSequence, SourceValue, fault

SIZE_LIMIT = 2 * 1024 * 1024
"""Bytes; a larger file is refused unread."""
NESTING_LIMIT = 32
_TOO_DEEP = f"nested deeper than {NESTING_LIMIT} levels"


def read(path: Path | Traversable) -> SourceMapping:
    """Read a file as a mapping with places; SourceError when it is unreadable or not of our subset."""
    name = str(path)
    text = _text(path, name)
    try:
        return _Builder(name).build(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        raise fault(_place(name, error.problem_mark or error.context_mark), _problem(error)) from None
    except ReaderError as error:
        before = text[: error.position].split("\n")
        place = Place(name, len(before), len(before[-1]) + 1)
        raise fault(place, f"not YAML: {error.reason}") from None


def _text(path: Path | Traversable, name: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise fault(Place(name, 1, 1), f"cannot be read: {error.strerror or error}") from None
    if len(content) > SIZE_LIMIT:
        raise fault(Place(name, 1, 1), f"larger than {SIZE_LIMIT} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = len(before) - (before.rfind(b"\n") + 1) + 1
        place = Place(name, before.count(b"\n") + 1, column)
        raise fault(place, f"not UTF-8: byte 0x{content[error.start]:02X}") from None


def _problem(error: yaml.MarkedYAMLError) -> str:
    if "maximum nesting depth" in (error.problem or ""):  # a limit of the parser's own, far above ours
        return _TOO_DEEP
    parts = (error.context, error.problem)
    return "not YAML: " + ", ".join(part for part in parts if part)


class _Mark(Protocol):
    """A position as the parser gives it; both count from 0."""

    line: int
    column: int


def _place(name: str, mark: _Mark | None) -> Place:
    return Place(name, mark.line + 1, mark.column + 1) if mark else Place(name, 1, 1)


class _Builder:
    """Builds places and values from parser events with a stack of its own, so that nesting cannot exhaust ours."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.faults = Faults()
        self.stack: list[SourceMapping | SourceSequence] = []
        self.keys: list[tuple[str, Place] | None] = []
        self.root: SourceMapping | None = None
        self.documents = 0

    def build(self, events: Iterable[yaml.Event]) -> SourceMapping:
        for event in events:
            self._take(event)
        if self.documents == 0:
            self.faults.add(Place(self.name, 1, 1), "the file is empty")
        self.faults.raise_if_any()
        if self.root is None:
            raise fault(Place(self.name, 1, 1), "not a mapping of keys to values")
        return self.root

    def _take(self, event: yaml.Event) -> None:
        place = _place(self.name, event.start_mark)
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise fault(place, "a second document in one file")
        elif isinstance(event, yaml.AliasEvent):
            raise fault(place, f"aliases (*{event.anchor}) are not allowed")
        elif isinstance(event, yaml.NodeEvent):
            self._refuse_decoration(event, place)
            self._node(event, place)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.stack.pop()
            self.keys.pop()

    @staticmethod
    def _refuse_decoration(event: yaml.NodeEvent, place: Place) -> None:
        if event.anchor is not None:
            raise fault(place, f"anchors (&{event.anchor}) are not allowed")
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise fault(place, f"tags ({tag}) are not allowed")

    def _node(self, event: yaml.NodeEvent, place: Place) -> None:
        if isinstance(event, yaml.ScalarEvent):
            if self._is_key():
                self._key(event.value, place)
            else:
                self._attach(_scalar(event), place)
            return
        if self._is_key():
            raise fault(place, "a key must be a plain word")
        if len(self.stack) == NESTING_LIMIT:
            raise fault(place, _TOO_DEEP)
        mapping = isinstance(event, yaml.MappingStartEvent)
        value = SourceMapping(place) if mapping else SourceSequence(place)
        self._attach(value, place)
        self.stack.append(value)
        self.keys.append(None)

    def _is_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1], SourceMapping) and self.keys[-1] is None

    def _key(self, key: str, place: Place) -> None:
        if key == "<<":
            raise fault(place, "merge keys (<<) are not allowed")
        self.keys[-1] = (key, place)

    def _attach(self, value: SourceValue, place: Place) -> None:
        if not self.stack:
            if not isinstance(value, SourceMapping):
                empty = value is None
                raise fault(place, "the file is empty" if empty else "not a mapping of keys to values")
            self.root = value
            return
        parent = self.stack[-1]
        if isinstance(parent, SourceSequence):
            parent.append(value)
            parent.items_at.append(place)
            return
        named = self.keys[-1]
        self.keys[-1] = None
        if named is None:
            raise AssertionError("a value without a key")
        key, at = named
        if key in parent:
            self.faults.add(at, f"duplicate key `{key}`, first at line {parent.keys_at[key].line}")
            return
        parent[key] = value
        parent.keys_at[key] = at
        parent.values_at[key] = place


def _scalar(event: yaml.ScalarEvent) -> str | None:
    plain = event.style is None or event.style == ""
    if plain and event.value in ("", "~", "null"):
        return None
    return str(event.value)
