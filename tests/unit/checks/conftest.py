"""Fixtures of the checks' tests: recording tools (shared with the specimens), and what the profiles say."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness.model.finding import Finding
from harness.model.profile import Service
from harness.model.verdict import Outcome
from harness.profiles import Knowledge, knowledge

_SPECIMENS = Path(__file__).parents[2] / "specimens"


def _specimen_module(name: str) -> ModuleType:
    full = f"specimen_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, _SPECIMENS / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        spec.loader.exec_module(module)
    return sys.modules[full]


@pytest.fixture(scope="session")
def tools() -> ModuleType:
    """Recording tools."""
    return _specimen_module("builder")


@pytest.fixture(scope="session")
def workflow() -> ModuleType:
    """The baseline workflow."""
    return _specimen_module("workflow")


@pytest.fixture(scope="session")
def real() -> Knowledge:
    """What the profiles say."""
    return knowledge()


@pytest.fixture
def recording(tools: ModuleType, real: Knowledge) -> Callable[..., object]:
    """A new recording; keywords replace parts of the knowledge."""

    def make(form: str = "2.5.1", **parts: object) -> object:
        return tools.Recording(replace(real, **parts) if parts else real, form=form)

    return make


@pytest.fixture(scope="session")
def outcomes() -> Callable[[Iterable[Finding]], dict[str, set[Outcome]]]:
    """The outcomes of findings by requirement."""

    def of(findings: Iterable[Finding]) -> dict[str, set[Outcome]]:
        found: dict[str, set[Outcome]] = {}
        for finding in findings:
            found.setdefault(finding.requirement, set()).add(finding.outcome)
        return found

    return of


@pytest.fixture
def exchange(recording: Callable[..., Any], tools: Any) -> Callable[..., Any]:
    """A leg with one DIMSE exchange."""

    def make(
        transaction: str, leg: str, service: Service, request: Any, responses: Any, sop_class: str, **of_step: Any
    ) -> Any:
        rec = recording()
        opened = rec.leg(transaction, leg, "step", **of_step)
        rec.dimse(opened, service, request, responses, sop_class=sop_class, instance="1.2.3")
        return rec.view(opened)

    return make


@pytest.fixture(scope="session")
def by_row() -> Callable[[Iterable[Finding]], dict[str, set[Outcome]]]:
    """The outcomes of findings by the row of their requirement."""

    def of(findings: Iterable[Finding]) -> dict[str, set[Outcome]]:
        found: dict[str, set[Outcome]] = {}
        for one in findings:
            found.setdefault(one.requirement.partition("/")[2], set()).add(one.outcome)
        return found

    return of
