"""The matrix for people, and as JSON. Renders a finished matrix and decides nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from harness.model.matrix import ALONE, Cell, Colour, Matrix

SCHEMA = "swf-matrix/1"


def matrix_lines(matrix: Matrix) -> Iterator[str]:
    """A paragraph for each scenario, a line for each role with its forms; then what is not green, and the counts."""
    forms = sorted({cell.form for cell in matrix.cells})
    cells = sorted(matrix.cells, key=lambda cell: cell.scenario)
    for scenario, own in groupby(cells, lambda cell: cell.scenario):
        yield scenario
        roles: dict[str, dict[str, Cell]] = {}
        for cell in own:
            roles.setdefault(cell.role, {})[cell.form] = cell
        for role, played in roles.items():
            columns = "  ".join(f"{form} {_brief(played.get(form)):22}" for form in forms)
            yield f"  {'the box alone' if role == ALONE else role:34} {columns}".rstrip()
    yield ""
    yield from (_told(cell) for cell in matrix.cells if cell.colour is not Colour.GREEN)
    if matrix.strays:
        yield f"{matrix.strays} messages fitted no play"
    yield from (f"report: {folder}/report.html" for folder in matrix.folders)
    colours = Counter(cell.colour for cell in matrix.cells)
    counts = ", ".join(f"{colours[colour]} {colour.value}" for colour in Colour if colours[colour])
    left_out = f", {matrix.left_out} left out by the selection" if matrix.left_out else ""
    checks = sum(cell.checks for cell in matrix.cells)
    yield f"{len(matrix.cells)} cells: {counts}{left_out}"
    yield f"{checks} core checks; {matrix.seconds:.0f} s; seed {matrix.seed}"


def _brief(cell: Cell | None) -> str:
    if cell is None:
        return "-"
    bound = f" of {cell.bound}" if cell.bound else ""
    mark = "" if cell.colour in (Colour.GREEN, Colour.RED) else f" {cell.colour.value}"
    return f"{cell.verdict.value} {cell.checks}{bound}{mark}"


def _told(cell: Cell) -> str:
    """Why a cell is not green, and what to do."""
    where = f"{cell.scenario}@{cell.form} {'the box alone' if cell.role == ALONE else cell.role}"
    if cell.colour is Colour.RED:
        return f"{where}: {cell.verdict.value}"
    if cell.colour is Colour.UNBOUND:
        return (
            f"{where}: no lower bound is recorded, and {cell.checks} core checks decided; `swf matrix --update` records"
        )
    return (
        f"{where}: {cell.checks} core checks decided, and {cell.bound} were recorded: something is tested no more; "
        "mend it, or record the smaller number with `swf matrix --update`"
    )


def matrix_json(matrix: Matrix) -> str:
    """The matrix for programs."""
    return json.dumps(
        {
            "schema": SCHEMA,
            "green": matrix.green,
            "seed": matrix.seed,
            "seconds": round(matrix.seconds, 1),
            "left_out": matrix.left_out,
            "strays": matrix.strays,
            "folders": list(matrix.folders),
            "cells": [
                {
                    "scenario": cell.scenario,
                    "role": cell.role,
                    "form": cell.form,
                    "verdict": cell.verdict.value,
                    "checks": cell.checks,
                    "bound": cell.bound,
                    "colour": cell.colour.value,
                }
                for cell in matrix.cells
            ],
        },
        indent=2,
    )
