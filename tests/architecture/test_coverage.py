"""What tests the requirements, as numbers that change only on purpose, and how much has to be tested at least."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import yaml

from harness.cli._coverage import total_lines
from harness.model.verdict import Strength
from harness.profiles import knowledge
from harness.profiles.coverage import coverage
from harness.wiring import workshop

KEPT = Path(__file__).parent / "coverage.yaml"
UPDATE = "swf requirements --coverage --totals > tests/architecture/coverage.yaml"

LEAST = 300
LEAST_OF_AN_ACTOR = 20
MOST_UNTESTABLE = 0.15
OF_NO_PROFILE = {"rad-28.oru-r01-2.5.1"}
"""Whether the form is part of the profile is unsure."""


def test_the_totals_are_those_that_were_kept() -> None:
    known = knowledge()
    lines = total_lines(coverage(known, workshop().files.scenarios()), len(known.requirements()))
    found, kept = yaml.safe_load("\n".join(lines)), yaml.safe_load(KEPT.read_text(encoding="utf-8"))
    changed = [area for area in found["areas"] if area not in kept["areas"]]
    gone = [area for area in kept["areas"] if area not in found["areas"]]
    assert (found["requirements"], changed, gone) == (kept["requirements"], [], []), f"if this is meant: {UPDATE}"


def test_there_are_enough_requirements_and_enough_of_each_actor_of_scheduled_workflow() -> None:
    known = knowledge()
    counts = Counter(one.actor for one in known.requirements())
    assert sum(counts.values()) >= LEAST
    actors = known.profiles["SWF"].actors
    assert {actor: counts[actor] for actor in actors if counts[actor] < LEAST_OF_AN_ACTOR} == {}


def test_few_obligations_cannot_be_tested_and_each_says_why() -> None:
    shall = [one for one in knowledge().requirements() if one.strength is Strength.SHALL]
    untestable = [one for one in shall if one.untestable is not None]
    assert len(untestable) <= MOST_UNTESTABLE * len(shall)
    assert all((one.check is None) == (one.untestable is not None) for one in shall)


def test_every_requirement_belongs_to_an_actor_of_some_profile() -> None:
    known = knowledge()
    inside = {one.requirement.id for area in coverage(known, ()) for one in area.covered}
    outside = {one.id.partition("/")[0] for one in known.requirements() if one.id not in inside}
    assert outside - OF_NO_PROFILE == set()
