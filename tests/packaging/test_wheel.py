"""The wheel: it holds the data files and no tests, and works from anywhere once it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PACKAGES = ("actors", "harness", "reports", "scenarios")
DEADLINE = 180.0


def _pip(*arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments],
        check=True,
        timeout=DEADLINE,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source tree."""
    folder = tmp_path_factory.mktemp("wheel")
    _pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(PROJECT))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what the wheel installs; dependencies are those of this environment."""
    folder = tmp_path_factory.mktemp("installed")
    _pip("install", "--no-deps", "--target", str(folder), str(wheel))
    return folder


def swf(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(installed / "bin" / "swf"), *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        env={**os.environ, "PYTHONPATH": str(installed)},
        check=False,
    )


def test_the_wheel_holds_every_data_file_and_the_licence(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    data = {
        path.relative_to(PROJECT).as_posix()
        for package in PACKAGES
        for path in (PROJECT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert data <= names
    for part in (
        "scenarios/swf/scheduled.scenario.yaml",
        "scenarios/systems/hooks/",
        "harness/profiles/swf/profile.yaml",
    ):
        assert any(name.startswith(part) for name in names)
    for folder in ("html", "claim_sheet", "paper"):
        assert any(name.startswith(f"reports/{folder}/templates/") for name in names)
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_what_is_installed_is_what_runs(installed: Path, tmp_path: Path) -> None:
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "import actors, harness, reports\nfor one in (actors, harness, reports): print(one.__file__)",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(installed)},
        check=True,
    )
    assert all(Path(name).is_relative_to(installed) for name in found.stdout.split())


def test_the_command_lists_and_runs_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    listed = swf(installed, tmp_path, "list")
    assert listed.returncode == 0, listed.stderr
    assert "swf.scheduled" in listed.stdout
    ran = swf(installed, tmp_path, "run", "--sut", "none", "--out", "run", "swf.scheduled")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "PASS  2 scenarios" in ran.stdout
    assert (tmp_path / "run" / "report.html").is_file()
    assert str(PROJECT) not in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_the_shipped_hooks_are_where_the_system_files_look(installed: Path, tmp_path: Path) -> None:
    planned = swf(installed, tmp_path, "plan", "--sut", "dcmtk-modality", "swf.scheduled")
    assert planned.returncode == 0, planned.stderr
    assert (installed / "scenarios" / "systems" / "hooks" / "dcmtk_store.py").is_file()
