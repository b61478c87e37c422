"""Fixtures of the specimens: the recording tools, and the baseline workflow."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from harness.profiles import Knowledge, knowledge


def _beside(name: str) -> ModuleType:
    """A module of this folder, which is not on the import path."""
    full = f"specimen_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, Path(__file__).parent / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        spec.loader.exec_module(module)
    return sys.modules[full]


@pytest.fixture(scope="session")
def tools() -> ModuleType:
    """Recording tools."""
    return _beside("builder")


@pytest.fixture(scope="session")
def workflow() -> ModuleType:
    """The baseline workflow."""
    return _beside("workflow")


@pytest.fixture(scope="session")
def real() -> Knowledge:
    """What the profiles say."""
    return knowledge()


@pytest.fixture(scope="session")
def record(tools: ModuleType, workflow: ModuleType, real: Knowledge) -> Callable[..., object]:
    """Records the baseline with changes; every change must have had something to change."""

    def make(form: str, changes: dict[str, object] | None = None) -> object:
        made = workflow.Workflow(tools, real, form, changes or {})
        recording = made.record()
        assert set(changes or {}) <= made.used
        return recording.play()

    return make
