"""The live proof, as a record: each defect of the reference system in real runs, and who was blamed for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from harness.model.deviation import Change, Defect, Deviation
from harness.model.names import ActorName, RequirementId, StepId
from harness.model.record import Record

_CONTENT = (Change.REMOVE, Change.SET, Change.DUPLICATE, Change.REORDER, Change.WRONG_IDENTIFIER)


class DefectKind(Enum):
    """What a defect is about."""

    CONTENT = "content"
    """What a message says."""
    BEHAVIOUR = "behaviour"
    """What an actor does or answers."""


@dataclass(frozen=True)
class Noticed(Record):
    """A requirement that failed, at which step, and who was charged."""

    step: StepId
    requirement: RequirementId
    actor: ActorName

    def __str__(self) -> str:
        return f"{self.step}: {self.requirement} ({self.actor})"


@dataclass(frozen=True, kw_only=True)
class LiveTrial(Record):
    """A defect and what became of it.

    `system`: what failed the system while it had the defect. `box`: what failed the system while our own actors had
    the defect, which has to be nothing. `errors`: plays in which the harness itself was at fault although the system
    had the defect. `idle`: the defect changed nothing. `seconds` of both runs.
    """

    defect: Defect
    system: tuple[Noticed, ...] = ()
    box: tuple[Noticed, ...] = ()
    errors: tuple[str, ...] = ()
    idle: bool = False
    seconds: float = 0.0

    @property
    def actors(self) -> tuple[ActorName, ...]:
        """Who has the defect."""
        return tuple(dict.fromkeys(deviation.actor for deviation in self.defect.deviations))

    @property
    def kind(self) -> DefectKind:
        """What it is about."""
        content = all(deviation.change in _CONTENT for deviation in self.defect.deviations)
        return DefectKind.CONTENT if content else DefectKind.BEHAVIOUR

    @property
    def later(self) -> bool:
        """Whether it is on an item, message or instance that is not the first."""
        return any(_is_later(deviation) for deviation in self.defect.deviations)

    @property
    def noticed(self) -> bool:
        """Whether the requirement that its file names failed, at that step, and its actor was charged."""
        seen = self.defect.detection
        return any(
            (one.step, one.requirement) == (seen.step, seen.requirement) and one.actor in self.actors
            for one in self.system
        )

    @property
    def misplaced(self) -> tuple[Noticed, ...]:
        """What was charged to an actor without the defect."""
        return tuple(one for one in self.system if one.actor not in self.actors) + self.box

    @property
    def holds(self) -> bool:
        """Whether it was noticed, and nobody else was blamed."""
        return self.noticed and not (self.misplaced or self.errors or self.idle)


@dataclass(frozen=True, kw_only=True)
class LiveProof(Record):
    """Every trial. `faultless` is what failed a system without a defect, which has to be nothing."""

    trials: tuple[LiveTrial, ...]
    faultless: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether every defect was noticed with the right blame, and nothing without a defect."""
        return not self.faultless and all(trial.holds for trial in self.trials)


def _is_later(deviation: Deviation) -> bool:
    """An occurrence or an index that is not the first; occurrences and HL7 indices count from 1, DICOM items from 0."""
    hl7 = deviation.path[:3].isupper() and deviation.path[3:4] in ("-", "[")
    first = "1" if hl7 else "0"
    indices = [part.partition("]")[0] for part in deviation.path.split("[")[1:]]
    return deviation.occurrence > 1 or any(index.isdigit() and index != first for index in indices)
