"""`swf matrix`: the box alone and a system in its roles, lower bounds that are recorded, missing and fallen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

Swf = Any
SCENARIO = """\
id: own.short
title: Registered and ordered
citation: {SWF.b: "RAD TF-1: 34"}
forms: ["2.5.1"]
case: outpatient-ct-chest
steps:
  - {id: register, transaction: RAD-1, from: ADT, trigger: A04}
  - {id: order, transaction: RAD-2, from: Order Placer, control: NW}
"""
SYSTEM = """\
name: reference
launch: reference
binding: each
claims: [{profile: SWF.b, actors: [ADT, Order Filler]}]
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, ...]:
    """Arguments for a short scenario, two roles, and bounds of their own."""
    (tmp_path / "short.scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "box.system.yaml").write_text(SYSTEM, encoding="utf-8")
    return ("--sut", "box.system.yaml", "--bounds", "bounds.yaml", "short.scenario.yaml")


def test_bounds_are_missing_recorded_and_fallen(swf: Swf, files: tuple[str, ...], tmp_path: Path) -> None:
    missing = swf("matrix", *files)
    assert missing.code == 2
    assert "own.short@2.5.1 the box alone: no lower bound is recorded" in missing.out
    assert "3 cells: 3 no bound" in missing.out

    recorded = swf("matrix", *files, "--update")
    assert recorded.code == 0, recorded.out
    assert "3 cells: 3 green" in recorded.out

    bounds = tmp_path / "bounds.yaml"
    text = bounds.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if "Order Filler:" in line)
    bounds.write_text(text.replace(line, "      Order Filler: 9999"), encoding="utf-8")
    fallen = swf("matrix", *files, "--json", "--jobs", "2")
    assert fallen.code == 2
    colours = {cell["role"]: cell["colour"] for cell in json.loads(fallen.out)["cells"]}
    assert colours == {"none": "green", "ADT": "green", "Order Filler": "fallen"}


def test_the_bounds_of_another_system_need_a_file(swf: Swf, files: tuple[str, ...]) -> None:
    ended = swf("matrix", "--sut", "box.system.yaml", "--update", "short.scenario.yaml")
    assert ended.code == 3
    assert "--bounds FILE" in ended.err
