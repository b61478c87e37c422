"""The lower bounds: written so that they are read again, and refused when they are not what they should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import InputError, SourceError
from harness.model.matrix import LowerBounds
from harness.model.names import ScenarioId
from harness.scenario_files.bounds import load_bounds, shipped_bounds, write_bounds

BOUNDS = LowerBounds(bounds={ScenarioId("swf.one"): {"2.3.1": {"none": 7, "Order Filler": 3}, "2.5.1": {"ADT": 1}}})


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_bounds(tmp_path / "bounds.yaml", BOUNDS)
    assert load_bounds(tmp_path / "bounds.yaml") == BOUNDS
    write_bounds(tmp_path / "none.yaml", LowerBounds())
    assert load_bounds(tmp_path / "none.yaml") == LowerBounds()


def test_a_file_that_is_not_there_holds_no_bounds(tmp_path: Path) -> None:
    assert load_bounds(tmp_path / "bounds.yaml").of(ScenarioId("swf.one"), "2.3.1", "none") is None
    assert BOUNDS.of(ScenarioId("swf.one"), "2.3.1", "none") == 7


def test_a_file_of_something_else_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "bounds.yaml").write_text('bounds:\n  swf.one:\n    "2.3.1": {ADT: many}\n', encoding="utf-8")
    with pytest.raises(SourceError, match=r"bounds\.yaml:3:"):
        load_bounds(tmp_path / "bounds.yaml")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write_bounds(tmp_path / "nowhere" / "bounds.yaml", BOUNDS)


def test_bounds_ship_for_the_box_alone_and_the_reference_system() -> None:
    bounds = load_bounds(shipped_bounds())
    assert bounds.of(ScenarioId("swf.scheduled"), "2.5.1", "none")
    assert bounds.of(ScenarioId("swf.scheduled"), "2.5.1", "Order Filler")
    assert min(bound for forms in bounds.bounds.values() for roles in forms.values() for bound in roles.values()) > 0
