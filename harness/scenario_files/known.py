"""Reads files of known deviations, and checks them against the scenarios and the names that the profiles know."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.model.failing import FAILING
from harness.model.hop import WATCHED_SCENARIO
from harness.model.known import NOT_OFFERED, UNDECIDED, KnownDeviation, KnownDeviations
from harness.model.names import PlayerName, ScenarioId
from harness.model.record import Record
from harness.model.scenario import Scenario
from harness.scenario_files.names import Names
from harness.scenario_files.systems import is_day
from harness.yaml_source import Faults, SourceMapping, fits, nearest, read, validate

_WORDS = (NOT_OFFERED, UNDECIDED)
_MANDATORY = ("owner", "reason")


@dataclass(frozen=True, kw_only=True)
class _KnownFile(Record):
    known: tuple[KnownDeviation, ...]


def load_known(
    files: Iterable[tuple[Path, PlayerName | None]],
    names: Names,
    scenarios: Mapping[ScenarioId, Scenario],
    day: str,
    families: Collection[str] = (),
) -> KnownDeviations:
    """Read files of known deviations, each with the system whose file names it, to whom it is then limited.

    SourceError with every fault of a file at its place. `day` is that of the run. `families` are first words of ids:
    of these, every scenario is among `scenarios`.
    """
    entries: list[KnownDeviation] = []
    read_files: list[str] = []
    digest = hashlib.sha256()
    for path, system in dict.fromkeys(files):
        found = read_known(path, names, scenarios, families)
        entries += [replace(one, system=one.system or system) for one in found]
        read_files.append(str(path))
        digest.update(path.read_bytes())
    return KnownDeviations(
        entries=tuple(entries),
        files=tuple(read_files),
        sha256=digest.hexdigest() if read_files else "",
        day=day,
    )


def read_known(
    path: Path, names: Names, scenarios: Mapping[ScenarioId, Scenario], families: Collection[str] = ()
) -> tuple[KnownDeviation, ...]:
    """The entries of one file; SourceError with every fault at its place."""
    source = read(path)
    for _, written in source.mappings("known"):
        written.supply("place", f"{written.place.path}:{written.place.line}")
    found = validate(source, _KnownFile).known
    faults = Faults()
    first: dict[KnownDeviation, int] = {}
    for index, entry in enumerate(found):
        at = ("known", index)
        _entry(source, entry, at, names, faults)
        scenario = scenarios.get(entry.scenario)
        if entry.scenario == WATCHED_SCENARIO:
            _seen_place(source, entry, at, names, faults)
        elif scenario is not None:
            _place(source, entry, at, names, scenario, faults)
        elif "." not in entry.scenario or family(entry.scenario) in families:
            faults.name(source.place_of(*at, "scenario"), "scenario", entry.scenario, scenarios)
        line = source.place_of(*at).line
        other = first.setdefault(_what(entry), line)
        if other != line:
            faults.add(source.place_of(*at), f"says the same as the entry at line {other}")
    faults.raise_if_any()
    return found


def _what(entry: KnownDeviation) -> KnownDeviation:
    """What an entry is about, without who said so."""
    return replace(entry, owner="", reason="", expires="", ticket="", place="")


def _entry(
    source: SourceMapping, entry: KnownDeviation, at: tuple[str | int, ...], names: Names, faults: Faults
) -> None:
    _requirement(source, entry, at, names, faults)
    for key in _MANDATORY:
        if not getattr(entry, key).strip():
            faults.add(source.place_of(*at, key), f"{key} is empty: a known deviation says whose it is, and why")
    if not is_day(entry.expires):
        faults.add(source.place_of(*at, "expires"), f"expires: `{entry.expires}` is no day written YYYY-MM-DD")
    if entry.verdict not in FAILING:
        text = f"verdict: `{entry.verdict.value}` cannot be known: fail or inconclusive; an ERROR is the harness's own"
        faults.add(source.place_of(*at, "verdict"), text)


def _place(
    source: SourceMapping,
    entry: KnownDeviation,
    at: tuple[str | int, ...],
    names: Names,
    scenario: Scenario,
    faults: Faults,
) -> None:
    """Form, step and leg are those of the scenario."""
    if entry.form:
        faults.name(source.place_of(*at, "form"), f"form of {entry.scenario}", entry.form, scenario.forms)
    steps = {step.id: step for step in scenario.steps}
    known = faults.name(source.place_of(*at, "step"), f"step of {entry.scenario}", entry.step, steps)
    if known and entry.leg:
        transaction = steps[entry.step].transaction
        legs = names.legs.get(transaction, frozenset())
        faults.name(source.place_of(*at, "leg"), f"leg of {transaction}", entry.leg, legs)


def _seen_place(
    source: SourceMapping, entry: KnownDeviation, at: tuple[str | int, ...], names: Names, faults: Faults
) -> None:
    """Of what is found in traffic, a step is called by its transaction, and may come in either form."""
    if entry.form:
        faults.name(source.place_of(*at, "form"), f"form of {entry.scenario}", entry.form, names.forms)
    steps = {transaction.lower(): transaction for transaction in names.transactions}
    known = faults.name(source.place_of(*at, "step"), f"step of {entry.scenario}", entry.step, steps)
    if known and entry.leg:
        transaction = steps[entry.step]
        legs = names.legs.get(transaction, frozenset())
        faults.name(source.place_of(*at, "leg"), f"leg of {transaction}", entry.leg, legs)


def family(scenario: str) -> str:
    """The first word of an id. A site's own scenarios, which may be no part of this run, have one of their own."""
    return scenario.partition(".")[0]


def _requirement(
    source: SourceMapping, entry: KnownDeviation, at: tuple[str | int, ...], names: Names, faults: Faults
) -> None:
    place = source.place_of(*at, "requirement")
    if entry.requirement in _WORDS:
        return
    if not entry.requirement.strip("*/"):
        faults.add(place, f"`{entry.requirement}` would hide every failure of the step: name the requirement")
    elif names.requirements and not any(fits(one, entry.requirement) for one in names.requirements):
        hint = nearest(entry.requirement, (*_WORDS, *names.requirements))
        faults.add(place, f"no requirement is called `{entry.requirement}`{hint}")
