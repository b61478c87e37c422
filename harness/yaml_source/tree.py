"""What was read: mappings and sequences that remember where each key and value stands, and a collection of faults."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Union

from harness.errors import Place, SourceError

SourceValue = Union["SourceMapping", "SourceSequence", str, None]


class SourceMapping(dict[str, SourceValue]):
    """A mapping of a file that remembers where each key and value stands."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.keys_at: dict[str, Place] = {}
        self.values_at: dict[str, Place] = {}
        self.written: dict[str, str] = {}

    def put(self, key: str, value: SourceValue, at: Place | None = None) -> None:
        """Set a key that the file does not have, or replace its value; it takes `at`, or this mapping's place."""
        self[key] = value
        self.keys_at.setdefault(key, at or self.place)
        self.values_at[key] = at or self.values_at.get(key, self.place)

    def rename(self, written: str, name: str) -> None:
        """Call a key of the file by another name, which the file must not use; faults go on using the written one."""
        if name in self:
            raise fault(self.keys_at[name], f"unknown key `{name}`; did you mean `{written}`?")
        if written in self:
            self[name] = self.pop(written)
            self.keys_at[name] = self.keys_at.pop(written)
            self.values_at[name] = self.values_at.pop(written)
        self.written[name] = written

    def supply(self, key: str, value: str) -> None:
        """Set a key that the harness gives and a file must not; SourceError when the file has it."""
        if key in self:
            raise fault(self.keys_at[key], f"unknown key `{key}`")
        self.put(key, value)
        self.written[key] = ""

    def mapping(self, key: str) -> SourceMapping | None:
        """The mapping under a key; None when there is none."""
        value = self.get(key)
        return value if isinstance(value, SourceMapping) else None

    def mappings(self, key: str) -> Iterator[tuple[str, SourceMapping]]:
        """The mappings inside a mapping or a sequence under a key, each with its key or index."""
        value = self.get(key)
        if isinstance(value, SourceMapping):
            entries: Iterable[tuple[str, SourceValue]] = value.items()
        elif isinstance(value, SourceSequence):
            entries = ((str(index), item) for index, item in enumerate(value))
        else:
            return
        yield from ((name, item) for name, item in entries if isinstance(item, SourceMapping))

    def place_of(self, *location: str | int) -> Place:
        """Where a value stands, or as near to it as the file goes."""
        return find(self, location)[0]


class SourceSequence(list[SourceValue]):
    """A sequence of a file that remembers where each item stands."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.items_at: list[Place] = []


class Faults:
    """Collects faults, so that a reader is told all of them at once."""

    def __init__(self) -> None:
        self._faults: list[tuple[Place, str]] = []

    def add(self, place: Place, text: str) -> None:
        """Note one fault."""
        self._faults.append((place, text))

    def name(self, place: Place, kind: str, name: str, names: Iterable[str]) -> bool:
        """Note a fault unless `name` is one of `names`; whether it is."""
        known = list(names)
        if name not in known:
            self.add(place, f"unknown {kind} `{name}`{nearest(name, known)}")
        return name in known

    def extend(self, error: SourceError) -> None:
        """Note the faults of a file that could not be read."""
        self._faults.extend(error.faults)

    def raise_if_any(self) -> None:
        """SourceError with all faults noted so far, in the order of their places."""
        if self._faults:
            told = dict.fromkeys(self._faults)
            raise SourceError(sorted(told, key=lambda one: (one[0].path, one[0].line, one[0].column)))


def nearest(name: str, names: Iterable[str]) -> str:
    """The end of a sentence that names the nearest valid name, or all of them when there are few; may be empty."""
    known = sorted(set(names))
    folded = {candidate.casefold(): candidate for candidate in reversed(known)}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.5)
    if close:
        return f"; did you mean `{folded[close[0]]}`?"
    return f"; known: {', '.join(known)}" if 0 < len(known) <= 20 else ""


def fits(name: str, pattern: str) -> bool:
    """Whether a name is the one that a pattern says; `*` in it stands for any text, everything else for itself.

    `[*]`, the item of a sequence in names of requirements, stands for itself, too.
    """
    if "*" not in pattern.replace("[*]", ""):
        return name == pattern
    parts = (".*".join(map(re.escape, part.split("*"))) for part in pattern.split("[*]"))
    return re.fullmatch(re.escape("[*]").join(parts), name) is not None


def fault(place: Place, text: str) -> SourceError:
    """One fault as an exception."""
    return SourceError([(place, text)])


def find(source: SourceMapping, location: Sequence[str | int]) -> tuple[Place, str]:
    """Place of a location, and the location as the file writes it."""
    value: SourceValue = source
    place = source.place
    written = ""
    for part in location:
        if isinstance(value, SourceMapping) and isinstance(part, str):
            word = value.written.get(part, part)
            written += f".{word}" if written else word
            if part not in value:
                break
            place, value = value.values_at[part], value[part]
        elif isinstance(value, SourceSequence) and isinstance(part, int) and part < len(value):
            written += f"[{part}]"
            place, value = value.items_at[part], value[part]
        else:
            break
    return place, written


def parent_of(source: SourceMapping, location: Sequence[str | int]) -> SourceMapping | SourceSequence | None:
    """The mapping or sequence that holds a location; None when there is none."""
    value: SourceValue = source
    for part in location[:-1]:
        if isinstance(value, SourceMapping) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, SourceSequence) and isinstance(part, int):
            value = value[part]
    return value if isinstance(value, SourceMapping | SourceSequence) else None
