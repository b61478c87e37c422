"""Reads scenarios and defects, and checks them against the names that the profiles know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from importlib.resources.abc import Traversable
from pathlib import Path

from harness.model.deviation import MISUSES, Change, Defect, Deviation
from harness.model.scenario import Case, Expectation, Scenario, Step
from harness.scenario_files.names import Names
from harness.scenario_files.query_keys import CANCELLABLE, LEVELLED, RETRIEVING, keys_of
from harness.yaml_source import Faults, SourceMapping, nearest, read, validate

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*")
_STATUS = re.compile(r"[0-9A-F]{4}|AA|AE|AR")
_INSTANCES = re.compile(r"stored|\d+")

_ONLY_IN: Mapping[str, tuple[str, ...]] = {
    "unscheduled": ("RAD-6",),
    "entries": ("RAD-6",),
    "performed": ("RAD-6", "RAD-7", "RAD-8"),
    "billing": ("RAD-7",),
    "unknown": ("RAD-7",),
    "visit": ("RAD-1", "RAD-12"),
    "delay": ("RAD-13", "RAD-48"),
    "level": LEVELLED,
    "to": RETRIEVING,
    "cancel": CANCELLABLE,
    "unreported": ("RAD-8",),
    "objects": ("RAD-8",),
    "transfer_syntax": ("RAD-8",),
    "frames": ("RAD-7", "RAD-8"),
    "matrix": ("RAD-7", "RAD-8"),
}
"""Keys of a step that mean something in some transactions only."""

_LEAST: Mapping[str, int] = {"frames": 1, "matrix": 16}
"""How small an image of our modality can be."""

_UNSAID = {field.name: field.default for field in fields(Step)}
"""What a key of a step is when the file does not name it."""
MAIN_VISIT = "main"
"""The case's own visit, as an expectation names it."""

_KINDS = tuple(field.name for field in fields(Expectation))
"""What a step may expect; each has a requirement for each transaction of which it can be expected."""

_NEEDS: Mapping[Change, tuple[str, ...]] = {
    Change.REMOVE: ("path",),
    Change.SET: ("path",),
    Change.DUPLICATE: ("path",),
    Change.REORDER: ("path",),
    Change.WRONG_IDENTIFIER: ("path",),
    Change.NEVER: (),
    Change.LATE: ("seconds",),
    Change.TWICE: (),
    Change.WRONG_ANSWER: ("value",),
    Change.SILENCE: (),
    Change.DECIDE: ("decision", "value"),
    Change.TRUNCATE: (),
    **dict.fromkeys(MISUSES, ()),
}
"""What each kind of change cannot do without."""


def load_scenario(path: Path | Traversable, names: Names, cases: Mapping[str, Case]) -> Scenario:
    """Read a scenario; SourceError with every fault, at its place and with the nearest valid name."""
    source = read(path)
    source.supply("path", str(path))
    for _, step in source.mappings("steps"):
        step.rename("from", "initiator")
        step.supply("line", str(step.place.line))
    scenario = validate(source, Scenario)
    faults = Faults()
    _identity(source, scenario.id, faults, _ID)
    faults.name(source.place_of("case"), "case", scenario.case, cases)
    for profile, clause in scenario.citation.items():
        at = source.place_of("citation", profile)
        faults.name(at, "profile", profile, names.profiles)
        if names.clauses and " TF-" in clause:
            faults.name(at, "clause", clause, names.clauses)
    for index, form in enumerate(scenario.forms):
        faults.name(source.place_of("forms", index), "HL7 version", form, names.forms)
    if not scenario.steps or not scenario.forms or not scenario.citation:
        faults.add(source.place, "a scenario has steps, forms and a citation for each of its profiles")
    _options(source, scenario, names, faults)
    _steps(source, scenario, names, cases.get(scenario.case), faults)
    faults.raise_if_any()
    return scenario


def load_defect(path: Path | Traversable, names: Names, scenarios: Iterable[Scenario] = ()) -> Defect:
    """Read a defect; its detection is checked when the scenarios are given."""
    source = read(path)
    defect = validate(source, Defect)
    faults = Faults()
    _identity(source, defect.id, faults, _NAME)
    if not defect.deviations:
        faults.add(source.place, "a defect deviates somewhere")
    for index, deviation in enumerate(defect.deviations):
        _deviation(source, deviation, ("deviations", index), names, faults)
    known = {scenario.id: scenario for scenario in scenarios}
    seen = defect.detection
    if known and faults.name(source.place_of("detection", "scenario"), "scenario", seen.scenario, known):
        steps = [step.id for step in known[seen.scenario].steps]
        faults.name(source.place_of("detection", "step"), "step", seen.step, steps)
    if names.requirements:
        place = source.place_of("detection", "requirement")
        faults.name(place, "requirement", seen.requirement, names.requirements)
    faults.raise_if_any()
    return defect


def _identity(source: SourceMapping, name: str, faults: Faults, form: re.Pattern[str]) -> None:
    """An id is of small letters, digits and hyphens, and its last part is the file's name."""
    place = source.place_of("id")
    file = re.split(r"[/\\]", place.path)[-1].split(".")[0]
    if form.fullmatch(name) is None:
        faults.add(place, f"id: `{name}` is not made of small letters, digits and single hyphens")
    elif name.rsplit(".", 1)[-1] != file:
        faults.add(place, f"id: `{name}` does not end in the name of its file, `{file}`")


def _options(source: SourceMapping, scenario: Scenario, names: Names, faults: Faults) -> None:
    """An option is one of the actor, in a profile that the scenario cites."""
    for actor, option in scenario.options.items():
        place = source.place_of("options", actor)
        if faults.name(place, "actor", actor, names.actors) and names.options_of:
            profiles = [names.options_of.get(profile, {}) for profile in scenario.citation]
            known = {name for options in profiles for name, actors in options.items() if actor in actors}
            faults.name(place, f"option of {actor} in {', '.join(scenario.citation)}", option, known)


def _steps(source: SourceMapping, scenario: Scenario, names: Names, case: Case | None, faults: Faults) -> None:
    lines: dict[str, int] = {}
    for index, step in enumerate(scenario.steps):
        at = ("steps", index)
        if _NAME.fullmatch(step.id) is None:
            faults.add(source.place_of(*at, "id"), f"id: `{step.id}` is not made of small letters, digits and hyphens")
        if step.id in lines:
            faults.add(source.place_of(*at, "id"), f"two steps are called `{step.id}`, first at line {lines[step.id]}")
        lines.setdefault(step.id, step.line)
        _step(source, step, at, names, faults)
        if case is not None:
            _of_case(source, step, at, case, faults)


def _of_case(source: SourceMapping, step: Step, at: tuple[str | int, ...], case: Case, faults: Faults) -> None:
    """Patients and visits are those of the case."""
    faults.name(source.place_of(*at, "patient"), "patient of the case", step.patient, case.patients)
    if step.prior:
        faults.name(source.place_of(*at, "prior"), "patient of the case", step.prior, case.patients)
    if step.expect.patient is not None:
        place = source.place_of(*at, "expect", "patient")
        faults.name(place, "patient of the case", step.expect.patient, case.patients)
    if step.visit:
        faults.name(source.place_of(*at, "visit"), "visit of the case", step.visit, case.visits)
    if step.expect.visit not in (None, MAIN_VISIT):
        place = source.place_of(*at, "expect", "visit")
        faults.name(place, "visit of the case", step.expect.visit, case.visits)


def _step(source: SourceMapping, step: Step, at: tuple[str | int, ...], names: Names, faults: Faults) -> None:
    place = source.place_of(*at, "initiator")
    known = faults.name(place, "actor", step.initiator, names.actors)
    transaction = source.place_of(*at, "transaction")
    if faults.name(transaction, "transaction", step.transaction, names.transactions):
        initiators = names.initiators.get(step.transaction, frozenset())
        if initiators and known:
            faults.name(place, f"initiator of {step.transaction}", step.initiator, initiators)
        _expectation(source, step, step.expect, at, names, faults)
    if step.at is not None:
        faults.name(source.place_of(*at, "at"), "actor", step.at, names.actors)
    for key, only in _ONLY_IN.items():
        if getattr(step, key) != _UNSAID[key] and step.transaction not in only:
            text = f"{key}: means nothing in {step.transaction}, only in {', '.join(only)}"
            faults.add(source.place_of(*at, key), text)
    if step.entries < 1:
        faults.add(source.place_of(*at, "entries"), "entries: a performed step is for one entry or more")
    for key in ("frames", "matrix"):
        if getattr(step, key) < _LEAST[key]:
            faults.add(source.place_of(*at, key), f"{key}: an image has {_LEAST[key]} or more")
    if step.copies < 1:
        faults.add(source.place_of(*at, "copies"), "copies: a message is sent at least once")
    _keys(source, step, at, faults)
    if step.deviation is not None:
        _deviation(source, step.deviation, (*at, "deviation"), names, faults)


def _keys(source: SourceMapping, step: Step, at: tuple[str | int, ...], faults: Faults) -> None:
    """The keys of a query are those of its transaction and level."""
    known = keys_of(step)
    for keyword, match in step.keys.items():
        place = source.place_of(*at, "keys", keyword)
        if faults.name(place, "matching key of the query", keyword, known):
            faults.name(place, f"way to match {keyword}", match.value, [one.value for one in known[keyword]])


def _expectation(
    source: SourceMapping, step: Step, expect: Expectation, at: tuple[str | int, ...], names: Names, faults: Faults
) -> None:
    known = [kind for kind in _KINDS if f"expectation/{step.transaction.lower()}-{kind}" in names.requirements]
    for kind in _KINDS:
        if getattr(expect, kind) is not None and names.requirements and kind not in known:
            text = f"no requirement says what `{kind}` could be expected of {step.transaction}{nearest(kind, known)}"
            faults.add(source.place_of(*at, "expect", kind), text)
    if expect.status is not None and _STATUS.fullmatch(expect.status) is None:
        text = f"status: `{expect.status}` is neither an acknowledgement code nor a status such as 0110"
        faults.add(source.place_of(*at, "expect", "status"), text)
    if expect.instances is not None and _INSTANCES.fullmatch(expect.instances) is None:
        text = f"instances: `{expect.instances}` is neither `stored` nor a number"
        faults.add(source.place_of(*at, "expect", "instances"), text)


def _deviation(
    source: SourceMapping, deviation: Deviation, at: tuple[str | int, ...], names: Names, faults: Faults
) -> None:
    faults.name(source.place_of(*at, "actor"), "actor", deviation.actor, names.actors)
    if deviation.transaction is not None:
        place = source.place_of(*at, "transaction")
        faults.name(place, "transaction", deviation.transaction, names.transactions)
        legs = names.legs.get(deviation.transaction, frozenset())
        if deviation.leg is not None and legs:
            place = source.place_of(*at, "leg")
            faults.name(place, f"leg of {deviation.transaction}", deviation.leg, legs)
    for key in _NEEDS[deviation.change]:
        if not getattr(deviation, key):
            faults.add(source.place_of(*at), f"the change `{deviation.change.value}` needs `{key}`")
