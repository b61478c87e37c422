"""Coverage as lines for a terminal, as data for programs, and as the totals that a test keeps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypedDict

from harness.cli._obligations import RequirementData, requirement_data
from harness.errors import Place
from harness.model.names import RequirementId
from harness.profiles.coverage import Area, Covered, Status

_NAMES = 5
_WORDS = {
    Status.SCENARIO: "in a scenario",
    Status.SPECIMEN: "by specimens only",
    Status.ATTESTED: "attested",
    Status.UNTESTABLE: "not testable",
}


class AttestationData(TypedDict):
    """Who states what."""

    statement: str
    by: str
    date: str


class CoveredData(TypedDict):
    """A requirement with what becomes of it."""

    requirement: RequirementData
    status: str
    scenarios: list[str]
    attestation: AttestationData | None


class AreaData(TypedDict):
    """An actor of a profile, or what an option adds."""

    profile: str
    actor: str
    option: str
    totals: dict[str, int]
    requirements: list[CoveredData]


def coverage_data(areas: Iterable[Area], places: Mapping[RequirementId, Place]) -> list[AreaData]:
    """Areas for JSON."""
    return [
        AreaData(
            profile=area.profile,
            actor=area.actor,
            option=area.option,
            totals={status.value: count for status, count in area.counts.items()},
            requirements=[_covered(one, places) for one in area.covered],
        )
        for area in areas
    ]


def _covered(one: Covered, places: Mapping[RequirementId, Place]) -> CoveredData:
    stated = one.attestation
    return CoveredData(
        requirement=requirement_data(one.requirement, places.get(one.requirement.id)),
        status=one.status.value,
        scenarios=list(one.scenarios),
        attestation=AttestationData(statement=stated.statement, by=stated.by, date=stated.date) if stated else None,
    )


def coverage_lines(areas: Sequence[Area], *, each: bool) -> Iterator[str]:
    """For each area its totals, then what tests it: check by check, or requirement by requirement."""
    for area in areas:
        yield f"{area.profile}  {area.actor}{f', {area.option}' if area.option else ''}: {_totals(area)}"
        yield from _each(area) if each else _checks(area)
        yield ""


def total_lines(areas: Iterable[Area], requirements: int) -> Iterator[str]:
    """The numbers alone, as YAML."""
    yield "# What tests the requirements, by profile, actor and option. After a change that is meant:"
    yield "#   swf requirements --coverage --totals > tests/architecture/coverage.yaml"
    yield f"requirements: {requirements}"
    yield "areas:"
    for area in areas:
        numbers = ", ".join(f"{status.value}: {count}" for status, count in area.counts.items())
        yield f'  - {{profile: {area.profile}, actor: {area.actor}, option: "{area.option}", {numbers}}}'


def _totals(area: Area) -> str:
    numbers = ", ".join(f"{count} {_WORDS[status]}" for status, count in area.counts.items() if count)
    count = len(area.covered)
    return f"{count} requirement{'' if count == 1 else 's'}{f' ({numbers})' if numbers else ''}"


def _checks(area: Area) -> Iterator[str]:
    groups: dict[tuple[Status, str], list[Covered]] = defaultdict(list)
    for one in area.covered:
        reason = one.requirement.untestable
        groups[one.status, reason.value if reason else one.requirement.check or ""].append(one)
    width = max((len(name) for _, name in groups), default=0)
    for status in Status:
        for name in sorted(name for its_status, name in groups if its_status is status):
            covered = groups[status, name]
            yield f"  {name:{width}}  {len(covered):4}  {_how(status, covered)}"


def _how(status: Status, covered: Sequence[Covered]) -> str:
    if status is not Status.SCENARIO:
        return f"{_WORDS[status]}: {_listed(list(dict.fromkeys(_name(one) for one in covered)))}"
    return _listed(sorted({scenario for one in covered for scenario in one.scenarios}))


def _name(one: Covered) -> str:
    """Tables and legs by name, everything else by its id; an attestation with whoever makes it."""
    table, _, row = one.requirement.id.partition("/")
    if one.attestation is not None:
        return f"{one.requirement.id} (by {one.attestation.by}, {one.attestation.date})"
    return table if one.requirement.check in ("hl7.table", "dimse.request", "dimse.response") else f"{table}/{row}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more


def _each(area: Area) -> Iterator[str]:
    for one in area.covered:
        requirement = one.requirement
        if one.attestation is not None:
            how = f"attested: {one.attestation.statement} ({one.attestation.by}, {one.attestation.date})"
        elif requirement.untestable is not None:
            how = f"not testable: {requirement.untestable.value}"
        else:
            how = f"{requirement.check}: {_listed(one.scenarios) or _WORDS[one.status]}"
        yield f"  {requirement.id}  {how}"
