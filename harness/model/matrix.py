"""The matrix: each scenario in each role and HL7 form, with its verdict and how much of it was really decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from harness.model.names import ScenarioId
from harness.model.record import Record
from harness.model.verdict import Verdict

ALONE = "none"
"""The role of the box alone: every actor is simulated."""


class Colour(Enum):
    """What a cell comes to."""

    GREEN = "green"
    RED = "red"
    """Failed, undecided, or an error of ours."""
    UNBOUND = "no bound"
    """Passed, but nobody has recorded how much has to be decided at least."""
    FALLEN = "fallen"
    """Passed, with fewer core checks than recorded."""


@dataclass(frozen=True, kw_only=True)
class Cell(Record):
    """A scenario in a role and a form. `checks`: requirements that core checks decided, each once for a step and leg.

    `bound` is how many there have to be at least; None when none is recorded.
    """

    scenario: ScenarioId
    role: str
    form: str
    verdict: Verdict
    checks: int
    bound: int | None = None

    @property
    def colour(self) -> Colour:
        """Green only with a pass, a bound, and as many decided requirements as it says."""
        if self.verdict is not Verdict.PASS:
            return Colour.RED
        if not self.bound:
            return Colour.UNBOUND
        return Colour.GREEN if self.checks >= self.bound else Colour.FALLEN


@dataclass(frozen=True, kw_only=True)
class LowerBounds(Record):
    """What was recorded on purpose: scenario to form to role to the least number of decided requirements."""

    bounds: Mapping[ScenarioId, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)

    def of(self, scenario: ScenarioId, form: str, role: str) -> int | None:
        """The bound of a cell; None when there is none."""
        return self.bounds.get(scenario, {}).get(form, {}).get(role)


@dataclass(frozen=True, kw_only=True)
class Matrix(Record):
    """A finished matrix. `left_out` counts the cells of the full matrix that a selection did not play; `strays` are
    messages that fitted no play."""

    cells: tuple[Cell, ...]
    left_out: int = 0
    strays: int = 0
    seconds: float = 0.0
    seed: int = 0
    folders: tuple[str, ...] = ()

    @property
    def green(self) -> bool:
        """Whether every cell is."""
        return bool(self.cells) and not self.strays and all(cell.colour is Colour.GREEN for cell in self.cells)
