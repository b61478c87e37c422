"""Known deviations: failures of a product that its owner knows of, with a reason and an end; and the gate over a run.

A known deviation changes no finding and no verdict. It says which failures are news.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from harness.model.names import PlayerName, ScenarioId, StepId
from harness.model.record import Record
from harness.model.verdict import Verdict

NOT_OFFERED: Final = "not-offered"
"""What an entry names instead of a requirement where a claimed transaction is not offered."""
UNDECIDED: Final = "undecided"
"""What an entry names instead of a requirement where a core check of a leg decided nothing."""
ABSENT: Final = "absent"
"""How an entry says that no value was received."""


@dataclass(frozen=True, kw_only=True)
class KnownDeviation(Record):
    """One entry of a file of known deviations; what is left empty narrows nothing.

    `requirement` is an id, a pattern in which `*` stands for any text, or one of NOT_OFFERED and UNDECIDED. `verdict`
    is FAIL or INCONCLUSIVE. `path` and `received` pin the place in the message and the value that came. `expires` is
    the last day on which it is known, YYYY-MM-DD. `place` is the entry's file and line.
    """

    scenario: ScenarioId
    step: StepId
    requirement: str
    owner: str
    reason: str
    expires: str
    form: str = ""
    leg: str = ""
    system: PlayerName | None = None
    path: str = ""
    received: str = ""
    verdict: Verdict = Verdict.FAIL
    ticket: str = ""
    place: str = ""


@dataclass(frozen=True, kw_only=True)
class KnownDeviations(Record):
    """The known deviations of a run in the order in which they are tried.

    `sha256` is the digest over their files, `day` the day of the run: what expires is measured by it.
    """

    entries: tuple[KnownDeviation, ...] = ()
    files: tuple[str, ...] = ()
    sha256: str = ""
    day: str = ""

    def has_expired(self, entry: KnownDeviation) -> bool:
        """Whether the last day of an entry is over."""
        return entry.expires < self.day


class Standing(Enum):
    """What a failure is to the gate."""

    NEW = "new"
    KNOWN = "known"
    EXPIRED = "expired"
    """Known once: the last day of its entry is over."""


@dataclass(frozen=True, kw_only=True)
class KnownAs(Record):
    """The entry that a failure is known by: where it stands, its last day, and whether that is over."""

    entry: str
    expires: str
    expired: bool = False

    @property
    def standing(self) -> Standing:
        """KNOWN or EXPIRED."""
        return Standing.EXPIRED if self.expired else Standing.KNOWN


class EntryState(Enum):
    """What became of an entry in a run."""

    SEEN = "seen"
    GONE = "not seen any more"
    """The requirement was decided there, and not violated."""
    NOT_DECIDED = "not decided"
    """The step was played, and what the entry names was not decided."""
    NOT_PLAYED = "not played"


@dataclass(frozen=True, kw_only=True)
class EntryUse(Record):
    """An entry with what became of it: `failures` are those that it accounts for, `days` are left until it expires."""

    entry: KnownDeviation
    state: EntryState
    failures: int
    days: int

    @property
    def expired(self) -> bool:
        """Whether its last day was over when the run began."""
        return self.days < 0


@dataclass(frozen=True, kw_only=True)
class Gate(Record):
    """What of a run is news; without `files` of known deviations all of it is, and the gate says nothing.

    The counts are of failures: findings, or legs that no finding explains.
    """

    files: tuple[str, ...] = ()
    sha256: str = ""
    uses: tuple[EntryUse, ...] = ()
    new: int = 0
    known: int = 0
    expired: int = 0
