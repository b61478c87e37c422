"""Which scenarios a system is tested with: one answer for each scenario, role and HL7 form."""

from __future__ import annotations

from dataclasses import dataclass

from harness.model.names import ActorName, PlayerName, ScenarioId, TransactionId
from harness.model.record import Record


@dataclass(frozen=True, kw_only=True)
class Applicable(Record):
    """Whether a scenario in a form is played to test an actor of a system.

    `why` says why not; `tested` are the transactions in which the actor is judged where it applies.
    """

    scenario: ScenarioId
    system: PlayerName
    role: ActorName
    form: str
    applies: bool
    why: str = ""
    tested: tuple[TransactionId, ...] = ()
