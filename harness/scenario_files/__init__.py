"""Scenarios, cases, procedure plans, systems and defects as files: where they ship, how they are read and checked."""

from __future__ import annotations

from harness.scenario_files.library import ScenarioFiles, in_forms
from harness.scenario_files.shipped import Kind, find, shipped

__all__ = ["Kind", "ScenarioFiles", "find", "in_forms", "shipped"]
