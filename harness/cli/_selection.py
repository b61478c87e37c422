"""Which requirements a user wants to see: by every word that `swf requirements` takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from harness.errors import InputError
from harness.model.profile import Requirement
from harness.profiles import Knowledge
from harness.profiles.coverage import Area
from harness.yaml_source import fits, nearest


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What the list is narrowed to; an empty value narrows nothing.

    `patterns` are ids, or patterns in which `*` stands for any text; `profile`, `option` choose areas of the coverage.
    """

    patterns: tuple[str, ...] = ()
    confidence: str = ""
    strength: str = ""
    transaction: str = ""
    actor: str = ""
    check: str = ""
    words: str = ""
    profile: str = ""
    option: str = ""
    untestable: bool = False

    def must_be_known(self, knowledge: Knowledge) -> None:
        """InputError with the nearest name when one of the names is none."""
        known = knowledge.requirements()
        names: Mapping[str, tuple[str, Iterable[str]]] = {
            "transaction": (self.transaction, (one.transaction for one in known)),
            "actor": (self.actor, (one.actor for one in known)),
            "check": (self.check, (one.check for one in known if one.check is not None)),
            "profile": (self.profile, knowledge.profiles),
            "option": (self.option, (name for profile in knowledge.profiles.values() for name in profile.options)),
        }
        for what, (name, taken) in names.items():
            valid = set(taken)
            if name and name not in valid:
                raise InputError(f"no requirement is of the {what} `{name}`{nearest(name, valid)}")
        for pattern in self.patterns:
            if not any(fits(one.id, pattern) for one in known):
                raise InputError(f"no requirement is called `{pattern}`{nearest(pattern, (one.id for one in known))}")

    def holds(self, one: Requirement) -> bool:
        """Whether a requirement is wanted, profile and option apart."""
        return (
            (not self.patterns or any(fits(one.id, pattern) for pattern in self.patterns))
            and self.confidence in ("", one.citation.confidence.value)
            and self.strength in ("", one.strength.value)
            and self.transaction in ("", one.transaction)
            and self.actor in ("", one.actor)
            and self.check in ("", one.check)
            and self.words.casefold() in f"{one.id} {one.text} {one.condition} {one.citation.text}".casefold()
            and (not self.untestable or one.untestable is not None)
        )

    def areas(self, areas: Iterable[Area]) -> tuple[Area, ...]:
        """The wanted areas with the wanted requirements; one without any is left out where these were narrowed."""
        found = [
            replace(area, covered=tuple(one for one in area.covered if self.holds(one.requirement)))
            for area in areas
            if self.profile in ("", area.profile)
            and self.actor in ("", area.actor)
            and self.option in ("", *area.option.split(", "))
        ]
        return tuple(area for area in found if area.covered or not self._narrows)

    @property
    def _narrows(self) -> bool:
        named = (self.patterns, self.confidence, self.strength, self.transaction, self.check, self.words)
        return self.untestable or any(named)
