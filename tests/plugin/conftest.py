"""pytest as a user calls it, in a project of its own: in this process, or in one of its own where that matters."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.pytest_plugin import collecting
from harness.wiring import workshop

DEADLINE = 120.0

SHORT = """\
id: own.{name}
title: Registered and ordered
citation: {{SWF.b: "RAD TF-1: 34"}}
forms: ["2.5.1"]
case: outpatient-ct-chest
steps:
  - {{id: register, transaction: RAD-1, from: ADT, trigger: A04}}
  - {{id: order, transaction: RAD-2, from: Order Placer, control: NW}}
"""


@dataclass(frozen=True)
class Session:
    """How a pytest session ended."""

    code: int
    text: str
    folder: Path

    def outcomes(self) -> dict[str, str]:
        """Outcome by node id, as `-v` prints them."""
        found = re.findall(r"^(?:\[gw\d+\].*?)?(\S+\.yaml::\S+) (PASSED|FAILED|ERROR|SKIPPED)", self.text, re.MULTILINE)
        distributed = re.findall(
            r"^\[gw\d+\].*? (PASSED|FAILED|ERROR|SKIPPED) (\S+\.yaml::\S+)", self.text, re.MULTILINE
        )
        return {**dict(found), **{node: outcome for outcome, node in distributed}}


Pytest = Callable[..., Session]


@pytest.fixture
def project(pytester: pytest.Pytester) -> Path:
    """An empty project: no settings, no tests."""
    pytester.makeini("[pytest]\n")
    return pytester.path


@pytest.fixture
def scenario(project: Path) -> Callable[..., Path]:
    """Write a short scenario of that name into the project, perhaps with a text changed."""

    def write(name: str, change: tuple[str, str] = ("", "")) -> Path:
        path = project / f"{name}.scenario.yaml"
        path.write_text(SHORT.format(name=name).replace(*change), encoding="utf-8")
        return path

    return write


@pytest.fixture
def system(project: Path) -> Callable[..., str]:
    """Write a file of the reference system in those roles."""

    def write(*roles: str) -> str:
        (project / "product.system.yaml").write_text(
            "name: reference\nlaunch: reference\nbinding: each\n"
            f"claims: [{{profile: SWF.b, actors: [{', '.join(roles)}]}}]\n",
            encoding="utf-8",
        )
        return "product.system.yaml"

    return write


@pytest.fixture(scope="session")
def loaded() -> None:
    """Everything that a session loads is loaded once, and stays when a session in this process is over."""
    assert collecting.ScenarioFile
    workshop()


@pytest.fixture
def run_pytest(project: Path, pytester: pytest.Pytester, loaded: None, monkeypatch: pytest.MonkeyPatch) -> Pytest:
    """Run pytest in the project, in this process."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Session:
        ended = pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments)
        return Session(int(ended.ret), "\n".join([*ended.outlines, *ended.errlines]), project)

    return run


@pytest.fixture
def run_apart(project: Path) -> Pytest:
    """Run pytest in the project, in a process of its own."""

    def run(*arguments: str) -> Session:
        path = os.pathsep.join(entry for entry in sys.path if entry)
        settings = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
            cwd=project,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE,
            env={**settings, "PYTHONPATH": path, "COLUMNS": "200"},
            check=False,
        )
        return Session(ended.returncode, ended.stdout, project)

    return run
