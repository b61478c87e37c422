"""Requirements as lines for a terminal, and as data for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypedDict

from harness.errors import Place
from harness.model.names import RequirementId
from harness.model.profile import Requirement


class PlaceData(TypedDict):
    """Where a row stands."""

    file: str
    line: int


class RequirementData(TypedDict):
    """A requirement as JSON has it; what it does not have is empty or null."""

    id: str
    text: str
    strength: str
    actor: str
    transaction: str
    condition: str
    citation: str
    confidence: str
    source: str
    check: str | None
    untestable: str | None
    implies: list[str]
    place: PlaceData | None


def requirement_data(one: Requirement, place: Place | None) -> RequirementData:
    """A requirement for JSON."""
    return RequirementData(
        id=one.id,
        text=one.text,
        strength=one.strength.value,
        actor=one.actor,
        transaction=one.transaction,
        condition=one.condition,
        citation=one.citation.text,
        confidence=one.citation.confidence.value,
        source=one.citation.source,
        check=one.check,
        untestable=one.untestable.value if one.untestable else None,
        implies=list(one.implies),
        place=PlaceData(file=place.path, line=place.line) if place else None,
    )


def requirement_lines(
    found: Sequence[Requirement], places: Mapping[RequirementId, Place], *, with_places: bool
) -> Iterator[str]:
    """A line for each requirement in columns; with its place a second one, where to read and where to correct."""
    width = max((len(one.actor) for one in found), default=0)
    for one in found:
        facts = f"{one.strength.value:6}  {one.citation.confidence.value:8}  {one.transaction:6}  {one.actor:{width}}"
        text = f"{facts}  {one.id}  {obligation(one)}"
        if not with_places:
            yield f"{text}  [{one.citation.text}]"
            continue
        yield text
        yield f"    {_at(places.get(one.id))}  {one.citation.text}; seen in {one.citation.source or 'no source'}"
    if with_places and found:
        yield ""
        yield f"{len(found)} requirements. To correct one, edit its row: confidence, citation, or what it demands."


def obligation(one: Requirement) -> str:
    """The sentence with its condition, and why it is not testable."""
    parts = [one.text]
    if one.condition:
        parts.append(f"(if {one.condition})")
    if one.untestable is not None:
        parts.append(f"(not testable: {one.untestable.value})")
    return " ".join(parts)


def _at(place: Place | None) -> str:
    return f"{place.path}:{place.line}" if place else "-"
