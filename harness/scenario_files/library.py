"""The data files by name: what the rest of the harness asks for scenarios, cases, procedure plans, systems, defects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources.abc import Traversable
from pathlib import Path

from harness.errors import InputError
from harness.model.deviation import Defect
from harness.model.known import KnownDeviations
from harness.model.names import PlayerName
from harness.model.product_kind import ProductKind
from harness.model.scenario import Case, ProcedurePlan, Scenario
from harness.model.system import System
from harness.scenario_files.cases import load_case, load_procedures
from harness.scenario_files.kinds import load_kinds, shipped_kinds
from harness.scenario_files.known import family, load_known
from harness.scenario_files.names import Names
from harness.scenario_files.scenarios import load_defect, load_scenario
from harness.scenario_files.shipped import Kind, find, is_path, shipped
from harness.scenario_files.systems import load_system
from harness.yaml_source import nearest

DEFAULT_PLAN = "default"


@dataclass(frozen=True, kw_only=True)
class ScenarioFiles(Names):
    """Loads data files, checked against the names that it is given. Every method raises InputError, or SourceError
    with file, line and column, for what cannot be used. `root` is the folder of the shipped files."""

    root: Traversable | None = None

    @cached_property
    def _shipped_cases(self) -> Mapping[str, Case]:
        return {name: load_case(file) for name, file in shipped(Kind.CASE, self.root).items()}

    @cached_property
    def _shipped_scenarios(self) -> Mapping[str, Scenario]:
        found: dict[str, Scenario] = {}
        for file in shipped(Kind.SCENARIO, self.root).values():
            scenario = load_scenario(file, self, self.cases())
            if scenario.id in found:
                raise InputError(f"two scenarios are called {scenario.id}: {found[scenario.id].path} and {file}")
            found[scenario.id] = scenario
        return found

    def scenarios(self) -> tuple[Scenario, ...]:
        """Every shipped scenario, by folder and name."""
        return tuple(self._shipped_scenarios.values())

    def scenario(self, name: str) -> Scenario:
        """The scenario of a file, or the shipped one of that id. A file may use cases that lie beside it."""
        if is_path(name):
            path = find(Kind.SCENARIO, name, self.root)
            return load_scenario(path, self, self.cases_beside(Path(name)))
        try:
            return self._shipped_scenarios[name]
        except KeyError:
            raise InputError(f"no scenario is called `{name}`{nearest(name, self._shipped_scenarios)}") from None

    def cases(self) -> Mapping[str, Case]:
        """The shipped cases by id."""
        return self._shipped_cases

    def cases_beside(self, *scenarios: Path) -> Mapping[str, Case]:
        """The shipped cases, and those that lie in the folders of scenario files; a nearer one wins."""
        cases = dict(self.cases())
        for folder in {path.parent for path in scenarios}:
            for file in sorted(folder.glob(f"*{Kind.CASE.suffix}")):
                case = load_case(file)
                cases[case.id] = case
        return cases

    def procedures(self, name: str = DEFAULT_PLAN) -> ProcedurePlan:
        """A procedure plan by file or shipped name."""
        return load_procedures(find(Kind.PROCEDURES, name, self.root))

    def systems(self) -> tuple[System, ...]:
        """Every shipped system."""
        return tuple(load_system(file, self, self.procedures) for file in shipped(Kind.SYSTEM, self.root).values())

    def system(self, name: str) -> System:
        """A system by file or shipped name."""
        return load_system(find(Kind.SYSTEM, name, self.root), self, self.procedures)

    def kinds(self) -> Mapping[str, ProductKind]:
        """The kinds of products that a new system file can be written for."""
        return load_kinds(shipped_kinds(), self)

    def known(
        self, files: Iterable[Path], systems: Sequence[System], scenarios: Iterable[Scenario], started: str
    ) -> KnownDeviations:
        """The known deviations of those files, then those that the systems name, as they hold on the day of a run.

        `scenarios` may be named beside the shipped ones.
        """
        named: list[tuple[Path, PlayerName | None]] = [(path, None) for path in files]
        named += [(Path(one.path).parent / one.known_deviations, one.name) for one in systems if one.known_deviations]
        shipped_ones = self.scenarios() if named else ()
        nameable = {one.id: one for one in (*shipped_ones, *scenarios)}
        return load_known(named, self, nameable, started[: len("YYYY-MM-DD")], {family(one.id) for one in shipped_ones})

    def defects(self) -> tuple[Defect, ...]:
        """Every shipped defect of the reference system."""
        return tuple(self._defects(shipped(Kind.DEFECT, self.root).values()))

    def defect(self, name: str) -> Defect:
        """A defect by file or shipped name."""
        return next(iter(self._defects([find(Kind.DEFECT, name, self.root)])))

    def _defects(self, files: Iterable[Path | Traversable]) -> Iterable[Defect]:
        return [load_defect(file, self, self.scenarios()) for file in files]


def in_forms(scenarios: Iterable[Scenario], forms: Sequence[str]) -> Iterator[Scenario]:
    """The scenarios in those forms alone; InputError when there is none of such a form."""
    played = False
    for scenario in scenarios:
        wanted = tuple(form for form in scenario.forms if not forms or form in forms)
        if wanted:
            played = True
            yield replace(scenario, forms=wanted)
    if not played:
        raise InputError(f"none of the scenarios is played in HL7 {', '.join(forms)}")
