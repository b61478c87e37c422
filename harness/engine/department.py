"""The simulated department: our actors of one assignment, each in a room of its own. It judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack

from harness.actor import Actor, actor_classes
from harness.engine.premises import Premises
from harness.engine.rebuilding import RecordedWire
from harness.engine.recording import TranscriptRecorder
from harness.engine.room import Room
from harness.errors import InputError
from harness.identifiers import Clock
from harness.model.deviation import Deviation
from harness.model.names import ActorName, PlayId
from harness.model.plan import Assignment
from harness.model.scenario import ProcedurePlan
from harness.model.transcript import Exchange
from harness.profiles import Knowledge


class Department(Premises):
    """Our actors of one assignment. Use as a context manager: entering opens the endpoints."""

    def __init__(
        self,
        assignment: Assignment,
        *,
        knowledge: Knowledge,
        recorder: TranscriptRecorder,
        clock: Clock,
        seed: int,
        procedures: ProcedurePlan,
        deviations: Iterable[Deviation] = (),
        attempts: Mapping[PlayId, int] | None = None,
    ) -> None:
        super().__init__(
            assignment,
            knowledge=knowledge,
            recorder=recorder,
            clock=clock,
            seed=seed,
            procedures=procedures,
            deviations=deviations,
            attempts=attempts,
        )
        self._classes = actor_classes()
        self._rooms: dict[ActorName, Room] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Department:
        try:
            for name in self.assignment.ours:
                if name in self._classes:
                    room = self._rooms.get(name) or Room(self, self._classes[name])
                    self._rooms[name] = self._stack.enter_context(room)
            if self.rebuilding is not None:
                self.rebuilding.go_live()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._stack.close()

    def furnish(self, wire: RecordedWire) -> None:
        """Before the endpoints open: a recording stands in the place of the network, until they do."""
        self.rebuilding = wire
        for name in self.assignment.ours:
            if name in self._classes:
                self._rooms[name] = Room(self, self._classes[name])

    def take_again(self, exchange: Exchange) -> None:
        """Hand a recorded request to the actor that it came to."""
        room = self._rooms.get(exchange.link.actor)
        if room is not None and self.rebuilding is not None:
            room.take_again(exchange, self.rebuilding)

    def discard(self) -> None:
        """End what a department that never opened has going on."""
        self.stopping.set()
        if self.rebuilding is not None:
            self.rebuilding.give_up()
        for room in self._rooms.values():
            room.discard()

    def actor(self, name: ActorName) -> Actor:
        """Our actor of that name; InputError when we do not play it."""
        if name not in self._rooms:
            raise InputError(f"no simulated {name} is part of this run")
        return self._rooms[name].actor

    def begin_anew(self, name: ActorName) -> None:
        """End the connections to one of our actors that are open."""
        if name in self._rooms:
            self._rooms[name].begin_anew()

    def originates(self, name: ActorName) -> bool:
        """Whether an actor of that kind is given the facts of the case."""
        return name in self._classes and self._classes[name].originates

    def idle(self, play: PlayId | None = None) -> bool:
        """Whether no reaction (of a play) is waiting or running."""
        return all(room.idle(play) for room in self._rooms.values())
