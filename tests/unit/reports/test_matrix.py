"""The matrix in lines and as JSON: what is green, what is not and why."""

from __future__ import annotations

import json

import pytest

from harness.model.matrix import ALONE, Cell, Colour, Matrix
from harness.model.names import ScenarioId
from harness.model.verdict import Verdict
from reports.matrix import matrix_json, matrix_lines


def cell(role: str = "ADT", verdict: Verdict = Verdict.PASS, checks: int = 5, bound: int | None = 5) -> Cell:
    return Cell(scenario=ScenarioId("swf.one"), role=role, form="2.5.1", verdict=verdict, checks=checks, bound=bound)


@pytest.mark.parametrize(
    ("given", "colour"),
    [
        (cell(), Colour.GREEN),
        (cell(checks=6), Colour.GREEN),
        (cell(checks=4), Colour.FALLEN),
        (cell(bound=None), Colour.UNBOUND),
        (cell(bound=0), Colour.UNBOUND),
        (cell(verdict=Verdict.FAIL), Colour.RED),
        (cell(verdict=Verdict.NONE), Colour.RED),
        (cell(verdict=Verdict.INCONCLUSIVE), Colour.RED),
    ],
)
def test_a_cell_is_green_only_with_a_pass_and_its_bound(given: Cell, colour: Colour) -> None:
    assert given.colour is colour


def test_a_matrix_is_green_when_every_cell_is_and_nothing_strayed() -> None:
    assert Matrix(cells=(cell(), cell(ALONE))).green
    assert not Matrix(cells=(cell(), cell(checks=1))).green
    assert not Matrix(cells=(cell(),), strays=1).green
    assert not Matrix(cells=()).green


def test_the_lines_say_what_is_not_green_and_what_to_do() -> None:
    found = Matrix(cells=(cell(ALONE), cell(checks=4), cell("Modality", bound=None)), left_out=2, seed=9)
    lines = list(matrix_lines(found))
    assert lines[0] == "swf.one"
    assert lines[1].split() == ["the", "box", "alone", "2.5.1", "pass", "5", "of", "5"]
    assert any(line.startswith("swf.one@2.5.1 ADT: 4 core checks decided, and 5 were recorded") for line in lines)
    assert any(line.startswith("swf.one@2.5.1 Modality: no lower bound is recorded") for line in lines)
    assert lines[-2] == "3 cells: 1 green, 1 no bound, 1 fallen, 2 left out by the selection"


def test_the_json_has_every_cell() -> None:
    told = json.loads(matrix_json(Matrix(cells=(cell(),), seed=3)))
    assert told["green"] is True
    assert told["cells"] == [
        {
            "scenario": "swf.one",
            "role": "ADT",
            "form": "2.5.1",
            "verdict": "pass",
            "checks": 5,
            "bound": 5,
            "colour": "green",
        }
    ]
