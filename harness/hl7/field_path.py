"""Field paths `SEG[i]-F[r].C.S`: segment occurrence, field, repetition, component, subcomponent; from 1."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

_PATH = re.compile(
    r"(?P<segment>[A-Z][A-Z0-9]{2})(?:\[(?P<occurrence>[1-9][0-9]{0,5})\])?"
    r"(?:-(?P<field>[1-9][0-9]{0,2})(?:\[(?P<repetition>[1-9][0-9]{0,5})\])?"
    r"(?:\.(?P<component>[1-9][0-9]{0,2})(?:\.(?P<subcomponent>[1-9][0-9]{0,2}))?)?)?",
    re.ASCII,
)

_REMEMBERED = 64


@dataclass(frozen=True)
class FieldPath:
    """A parsed path. 0 means not given: any occurrence or repetition, the whole segment, field or
    component."""

    segment: str
    occurrence: int = 0
    field: int = 0
    repetition: int = 0
    component: int = 0
    subcomponent: int = 0

    def __str__(self) -> str:
        return self.text

    @cached_property
    def text(self) -> str:
        """The path as it is written."""
        text = self.segment
        if self.occurrence:
            text += f"[{self.occurrence}]"
        if self.field:
            text += f"-{self.field}"
        if self.repetition:
            text += f"[{self.repetition}]"
        if self.component:
            text += f".{self.component}"
        if self.subcomponent:
            text += f".{self.subcomponent}"
        return text

    def at(self, occurrence: int, repetition: int) -> FieldPath:
        """The same in one occurrence of its segment and one repetition of its field; the first few are remembered."""
        if (occurrence, repetition) == (self.occurrence, self.repetition):
            return self
        found = self._elsewhere.get((occurrence, repetition))
        if found is None:
            found = FieldPath(self.segment, occurrence, self.field, repetition, self.component, self.subcomponent)
            if len(self._elsewhere) < _REMEMBERED:
                self._elsewhere[occurrence, repetition] = found
        return found

    @cached_property
    def _elsewhere(self) -> dict[tuple[int, int], FieldPath]:
        return {}


@lru_cache(maxsize=4096)
def parse_path(text: str) -> FieldPath:
    """The path a text such as `PID-3[2].4.1` or `OBR[2]` names; ValueError saying what is wrong with it."""
    found = _PATH.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:80]!r} is not a field path: {_complaint(text)}")
    parts = found.groupdict(default="0")
    return FieldPath(
        parts["segment"],
        int(parts["occurrence"]),
        int(parts["field"]),
        int(parts["repetition"]),
        int(parts["component"]),
        int(parts["subcomponent"]),
    )


def _complaint(text: str) -> str:
    if re.match(r"[A-Z][A-Z0-9]{2}(?![A-Za-z0-9])", text) is None:
        return "it begins with a segment name of three capitals or digits, as in PID-3.1"
    if re.search(r"[-.\[]0", text):
        return "fields, repetitions and components count from 1"
    if "-" not in text and "." in text:
        return "a hyphen stands between segment and field, as in PID-3.1"
    return "expected SEG[occurrence]-field[repetition].component.subcomponent, as in OBR[2]-4.1 or PID-3[2].4"
