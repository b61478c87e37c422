"""The file of survivors: its reasons, and what in it stands for nothing any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import SourceError
from harness.model.names import RequirementId
from harness.model.proof import Broken, Expected, Mutation, SurvivorReason, Trial
from harness.selftest.survivors import known_survivors

FILE = """\
survivors:
  - {mutant: "RAD-2/*: removed", requirement: "t/*", reason: equivalent message, why: because}
unproved:
  - {requirement: "t/*", reason: not in a recording, why: because}
collateral:
  - {mutant: "RAD-2/*", requirement: other/one, reason: a known gap, why: because}
"""
DUE = Expected("kind", (RequirementId("t/PID-3"),))


def trial(place: str = "RAD-2/leg request PID-3", **more: object) -> Trial:
    return Trial(base="b", place=place, mutation=Mutation.REMOVED, **more)  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "survivors.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_a_survivor_has_its_reason(path: Path) -> None:
    file = known_survivors(path)
    assert file.explained(trial(), DUE).reason is SurvivorReason.EQUIVALENT
    assert file.explained(trial("RAD-4/leg request PID-3"), DUE).reason is None
    assert file.explained(trial(), Expected("kind", (RequirementId("u/PID-3"),))).reason is None


def test_an_unproved_requirement_has_its_reason(path: Path) -> None:
    ids = [RequirementId("t/PID-3"), RequirementId("u/PID-3")]
    assert known_survivors(path).of_unproved(ids) == {ids[0]: SurvivorReason.NOT_RECORDED, ids[1]: None}


def test_collateral_that_is_known_is_taken_out(path: Path) -> None:
    known, new = Broken(RequirementId("other/one")), Broken(RequirementId("other/two"))
    assert known_survivors(path).unexplained(trial(collateral=(known, new))).collateral == (new,)


def test_an_entry_that_stands_for_nothing_is_drift(path: Path) -> None:
    file = known_survivors(path)
    survivor = file.explained(trial(), DUE)
    hit = trial(collateral=(Broken(RequirementId("other/one")),))
    assert file.drift([hit], [survivor], [RequirementId("t/PID-3")]) == ()
    assert len(file.drift([], [], [])) == 3


def test_a_reason_is_from_the_closed_list(path: Path) -> None:
    path.write_text(FILE.replace("a known gap", "it annoyed me"), encoding="utf-8")
    with pytest.raises(SourceError, match="`it annoyed me` is not a valid value"):
        known_survivors(path)


def test_the_shipped_file_is_read() -> None:
    assert known_survivors().survivors
