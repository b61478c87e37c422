"""Ways between two systems that pass through a relay, and what it is to watch a recording that no scenario drove."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from harness.model.names import ActorName, PlayerName, ScenarioId, StepId
from harness.model.profile import LinkKind
from harness.model.record import Record
from harness.model.tls import TlsFiles, TlsMode

UNREAD = "unread"
"""Fact of an event of a relay: how much of what the system at the link sends passed without being read."""

THIS_ALONE = "this"
ALL_THAT_FOLLOWS = "all that follows"

WATCHED_SCENARIO: Final = ScenarioId("watched")
"""The scenario of every play that was found in traffic. Its steps are called by their transactions, `rad-8`; those of
one kind that come later in a play have a number, `rad-8.2`."""


def step_kind(scenario: ScenarioId, step: StepId) -> StepId:
    """The step without its number, where it was found in traffic: how often a transaction comes is no part of what it
    is. A step of any other scenario is its own kind."""
    return StepId(step.partition(".")[0]) if scenario == WATCHED_SCENARIO else step


@dataclass(frozen=True, kw_only=True)
class HopSide(Record):
    """One side of a hop: where the relay listens (the initiator's), or where it connects to (the responder's).

    `player` is the system there, `actors` those that it plays on this hop; none: whatever its messages show.
    """

    player: PlayerName
    host: str
    port: int
    actors: tuple[ActorName, ...] = ()
    tls: TlsMode = TlsMode.NONE
    tls_files: TlsFiles | None = None


@dataclass(frozen=True, kw_only=True)
class Hop(Record):
    """One way through the relay: who connects to it, and where that leads.

    `accepts` is the listener of the relay, to which the initiator connects; `leads_to` is the responder's own address.
    Requests may pass both ways: an archive reports a commitment on the association of its modality.
    """

    name: str
    kind: LinkKind
    accepts: HopSide
    leads_to: HopSide

    def opposite(self, player: PlayerName) -> HopSide:
        """The side of the other system."""
        return self.leads_to if player == self.accepts.player else self.accepts


@dataclass(frozen=True, kw_only=True)
class Watching(Record):
    """A recording that no scenario drove: real systems through a relay, or our actors as long-running stand-ins.

    Which transactions took place follows from the messages alone. `hops` is empty where our own actors took part.
    """

    hops: tuple[Hop, ...] = ()
