"""Conditions of the rules: read once, evaluated against the readings of a data set. Three values: None is unknown.

`Keyword[n] = A, B`, `!=`, `>`, `present`, `absent`, `valued`; `/Keyword` stands in the outermost data set; `and` binds
closer than `or`; `never` is false. `=` holds when some value is one of those named. Without a value `=` and `>` are
false, and `!=` is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import MappingProxyType

from pydicom._dicom_dict import RepeatersDictionary
from pydicom.datadict import keyword_dict, tag_for_keyword

from harness.dicom.iod.readings import Reading
from harness.yaml_source import nearest

Readings = Mapping[int, Reading]
Condition = Callable[[Readings, Readings], bool | None]
"""From the readings of a data set and of the outermost one to whether the condition holds."""

_CLAUSE = re.compile(
    r"(?P<root>/?)(?P<keyword>\w+)(?:\[(?P<index>\d+)\])? (?:(?P<op>=|!=|>) (?P<values>.+)|(?P<test>\w+))"
)


@cache
def parse(text: str) -> Condition:
    """Read an expression; ValueError says what is wrong."""
    if text == "never":
        return lambda here, root: False
    alternatives = [[_clause(part) for part in one.split(" and ")] for one in text.split(" or ")]
    if len(alternatives) == 1 and len(alternatives[0]) == 1:
        return alternatives[0][0]
    return lambda here, root: _any(_all(clause(here, root) for clause in one) for one in alternatives)


def _all(outcomes: Iterable[bool | None]) -> bool | None:
    known = tuple(outcomes)
    return False if False in known else None if None in known else True


def _any(outcomes: Iterable[bool | None]) -> bool | None:
    known = tuple(outcomes)
    return True if True in known else None if None in known else False


def _clause(text: str) -> Condition:
    match = _CLAUSE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"`{text}` is no condition")
    tag = tag_of(match["keyword"])
    at_root, index = bool(match["root"]), int(match["index"]) - 1 if match["index"] else None
    if match["test"]:
        return _test(tag, match["test"], at_root=at_root)
    values = frozenset(value.strip() for value in match["values"].split(","))
    if match["op"] == ">":
        return _greater(tag, float(match["values"]), at_root=at_root)
    return _one_of(tag, index, values, at_root=at_root, wanted=match["op"] == "=")


_REPEATING: Mapping[str, int] = MappingProxyType(
    {
        entry[4]: int(mask.replace("x", "0"), 16)
        for mask, entry in RepeatersDictionary.items()
        if mask.startswith("60xx")
    }
)
"""Attributes of overlays, in the first of their groups (PS3.5 7.6)."""


def tag_of(keyword: str) -> int:
    """The tag of a keyword, of an overlay's in group 6000; ValueError names the nearest one."""
    tag = tag_for_keyword(keyword) or _REPEATING.get(keyword)
    if tag is None:
        raise ValueError(f"no attribute has the keyword `{keyword}`{nearest(keyword, keyword_dict)}")
    return tag


def _test(tag: int, test: str, *, at_root: bool) -> Condition:
    if test == "present":
        return lambda here, root: tag in (root if at_root else here)
    if test == "absent":
        return lambda here, root: tag not in (root if at_root else here)
    if test == "valued":
        return lambda here, root: (found := (root if at_root else here).get(tag)) is not None and found.valued
    raise ValueError(f"`{test}` is not present, absent or valued")


def _greater(tag: int, limit: float, *, at_root: bool) -> Condition:
    def holds(here: Readings, root: Readings) -> bool | None:
        found = (root if at_root else here).get(tag)
        try:
            return bool(found is not None and found.texts and float(found.texts[0]) > limit)
        except ValueError:
            return None

    return holds


def _one_of(tag: int, index: int | None, values: frozenset[str], *, at_root: bool, wanted: bool) -> Condition:
    def holds(here: Readings, root: Readings) -> bool | None:
        found = (root if at_root else here).get(tag)
        if found is None or not found.valued:
            return False if wanted else None
        texts = found.texts if index is None else found.texts[index : index + 1]
        return (not values.isdisjoint(texts)) is wanted

    return holds
