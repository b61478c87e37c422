"""Where data files are: those that ship in the package `scenarios`, by name, and those that a user names by path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from harness.errors import InputError
from harness.yaml_source import nearest

PACKAGE = "scenarios"


class Kind(Enum):
    """Kinds of data files; the value is the part of the file name before `.yaml`."""

    SCENARIO = "scenario"
    CASE = "case"
    PROCEDURES = "procedures"
    SYSTEM = "system"
    DEFECT = "defect"

    @property
    def suffix(self) -> str:
        """End of a file's name: `.system.yaml`."""
        return f".{self.value}.yaml"


def shipped(kind: Kind, root: Traversable | None = None) -> Mapping[str, Traversable]:
    """The shipped files of a kind, by their names without the ending, in the order of folder and name.

    A scenario's name has its folder before it, `swf/scheduled`: what a user calls it is its id.
    """
    found: dict[str, Traversable] = {}
    for folder, file in _walk(root or files(PACKAGE), ""):
        if file.name.endswith(kind.suffix):
            name = file.name.removesuffix(kind.suffix)
            if kind is Kind.SCENARIO and folder:
                name = f"{folder}/{name}"
            if name in found:
                raise InputError(f"two files are called {file.name}: {found[name]} and {file}")
            found[name] = file
    return found


def find(kind: Kind, name: str, root: Traversable | None = None) -> Path | Traversable:
    """The file that a user names: a path as it is, else a shipped name; InputError with the nearest name."""
    path = Path(name)
    if is_path(name):
        if not path.is_file():
            raise InputError(f"{name}: there is no such file")
        return path
    known = shipped(kind, root)
    if name in known:
        return known[name]
    raise InputError(f"no {kind.value} is called `{name}`{nearest(name, known)}")


def is_path(name: str) -> bool:
    """Whether a user means a file and not a shipped name."""
    return "/" in name or "\\" in name or name.endswith((".yaml", ".yml")) or Path(name).is_file()


def _walk(folder: Traversable, name: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            yield from _walk(entry, f"{name}/{entry.name}" if name else entry.name)
        elif entry.name.endswith(".yaml"):
            yield name, entry
