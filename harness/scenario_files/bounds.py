"""The recorded lower bounds of the matrix: read, and written anew on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from harness.errors import InputError
from harness.model.matrix import LowerBounds
from harness.scenario_files.shipped import PACKAGE
from harness.yaml_source import read, validate

NAME = "lower-bounds.yaml"
_HEAD = """\
# The least number of requirements that core checks decide in each scenario, HL7 form and role (none: the box alone).
# Written by `swf matrix --update`; a number that falls says that a change made a check blind.
"""


def shipped_bounds() -> Traversable:
    """The file that ships, for the reference system and the box alone."""
    return files(PACKAGE) / NAME


def load_bounds(path: Path | Traversable) -> LowerBounds:
    """Read a file of bounds; one that does not exist holds none. SourceError for one that cannot be used."""
    if not path.is_file():
        return LowerBounds()
    return validate(read(path), LowerBounds)


def write_bounds(path: Path, bounds: LowerBounds) -> None:
    """Write a file of bounds, by scenario, form and role."""
    try:
        path.write_text(_HEAD + "".join(f"{line}\n" for line in _lines(bounds)), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: the lower bounds cannot be written: {error}") from None


def _lines(bounds: LowerBounds) -> Iterator[str]:
    yield "bounds:" if bounds.bounds else "bounds: {}"
    for scenario, forms in sorted(bounds.bounds.items()):
        yield f"  {scenario}:"
        for form, roles in sorted(forms.items()):
            yield f'    "{form}":'
            yield from (f"      {role}: {number}" for role, number in sorted(roles.items()))
