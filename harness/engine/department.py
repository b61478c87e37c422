"""The simulated department: our actors of one assignment, each in a room of its own. It judges nothing."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack

from harness.actor import Actor, actor_classes
from harness.engine.premises import Premises
from harness.engine.recording import TranscriptRecorder
from harness.engine.room import Room
from harness.errors import InputError
from harness.identifiers import Clock
from harness.model.deviation import Deviation
from harness.model.names import ActorName, PlayId
from harness.model.plan import Assignment
from harness.model.scenario import ProcedurePlan
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
    ) -> None:
        super().__init__(
            assignment,
            knowledge=knowledge,
            recorder=recorder,
            clock=clock,
            seed=seed,
            procedures=procedures,
            deviations=deviations,
        )
        self._classes = actor_classes()
        self._rooms: dict[ActorName, Room] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Department:
        try:
            for name in self.assignment.ours:
                if name in self._classes:
                    self._rooms[name] = self._stack.enter_context(Room(self, self._classes[name]))
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._stack.close()

    def actor(self, name: ActorName) -> Actor:
        """Our actor of that name; InputError when we do not play it."""
        if name not in self._rooms:
            raise InputError(f"no simulated {name} is part of this run")
        return self._rooms[name].actor

    def originates(self, name: ActorName) -> bool:
        """Whether an actor of that kind is given the facts of the case."""
        return name in self._classes and self._classes[name].originates

    def idle(self, play: PlayId | None = None) -> bool:
        """Whether no reaction (of a play) is waiting or running."""
        return all(room.idle(play) for room in self._rooms.values())
