"""The container file: what it copies is there and is all that its installation needs; its base has a version."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

PROJECT = Path(__file__).parents[2]
FILE = PROJECT / "docs" / "container" / "Containerfile"
DEADLINE = 180.0


def instructions(name: str) -> list[str]:
    """What stands behind an instruction, in order."""
    return re.findall(rf"^{name} (.+)$", FILE.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_base_image_has_a_version_that_the_project_takes() -> None:
    (base,) = instructions("FROM")
    version = re.fullmatch(r"docker\.io/library/python:(\d+)\.(\d+)\.(\d+)-slim-bookworm", base)
    assert version is not None
    wanted = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    assert (int(version[1]), int(version[2])) >= tuple(map(int, wanted.removeprefix(">=").split(".")))


def test_what_is_copied_is_what_the_installation_needs(tmp_path: Path) -> None:
    (install,) = [command for command in instructions("RUN") if command.startswith("pip install")]
    assert install == "pip install --no-cache-dir /src"
    for copied in instructions("COPY"):
        *sources, target = copied.split()
        folder = tmp_path / target.strip("/")
        for source in sources:
            if (PROJECT / source).is_dir():
                shutil.copytree(PROJECT / source, folder, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copy(PROJECT / source, folder)
    subprocess.run(
        [sys.executable, "-m", "pip", "-q", "wheel", "--no-deps", "--wheel-dir", str(tmp_path), str(tmp_path / "src")],
        check=True,
        timeout=DEADLINE,
    )
    (built,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(built).namelist())
    for package in ("harness", "actors", "reports", "scenarios"):
        data = {
            path.relative_to(PROJECT).as_posix()
            for path in (PROJECT / package).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert data <= names


def test_it_runs_the_command_of_the_project_as_a_user_without_rights() -> None:
    (entry,) = instructions("ENTRYPOINT")
    scripts = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert json.loads(entry)[0] in scripts
    (user,) = instructions("USER")
    assert user != "root"
    assert f"useradd --create-home --uid 1000 {user}" in " ".join(instructions("RUN"))
