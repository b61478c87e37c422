"""In a project without scenarios the plugin is a guest that costs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

Pytest = Any

HEAVY = ("pydicom", "pynetdicom", "hl7apy", "pydantic", "harness.wiring", "harness.engine", "actors", "reports")

SPY = f"""\
import sys


def test_nothing_heavy_was_loaded():
    loaded = [name for name in sys.modules if name.startswith({HEAVY!r})]
    assert loaded == []


def test_the_plugin_is_there(pytestconfig):
    assert pytestconfig.getoption("--sut") == []
"""


def test_nothing_heavy_is_imported(run_apart: Pytest, project: Path) -> None:
    (project / "test_spy.py").write_text(SPY, encoding="utf-8")
    ended = run_apart("-W", "error", "--strict-markers", "--strict-config")
    assert ended.code == 0, ended.text
    assert "2 passed" in ended.text
    assert "Scheduled Workflow" not in ended.text


def test_the_options_explain_themselves(run_pytest: Pytest) -> None:
    ended = run_pytest("--help")
    assert "IHE Scheduled Workflow scenarios:" in ended.text
    for option in ("--sut=FILE", "--swf-out=DIR", "--defect=NAME", "--swf-seed=N", "--swf-strict", "--swf-confidence"):
        assert option in ended.text


def test_scenarios_and_ordinary_tests_live_together(run_pytest: Pytest, scenario: Any, project: Path) -> None:
    (project / "test_own.py").write_text("def test_own():\n    assert True\n", encoding="utf-8")
    scenario("one")
    ended = run_pytest("--sut", "none")
    assert ended.code == 0
    assert "3 passed" in ended.text
