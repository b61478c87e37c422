"""Whose a message is while one of our actors has it in hand: the play that a thread works for.

The same strong keys as in attribution, but known at once: deviations, reactions and identifiers of a play must not wait
until a message is recorded. What fits no play is nobody's, unless only one play is running.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from harness.engine.keys import Key
from harness.model.names import PlayId
from harness.model.plan import Play


def patients_of(plays: Iterable[Play]) -> Mapping[PlayId, tuple[str, ...]]:
    """The patient IDs of each play."""
    return {play.id: tuple({patient.id for patient in play.case.patients.values() if patient.id}) for play in plays}


class Belonging:
    """What is known of the keys of each play; thread-safe."""

    def __init__(self, patients: Mapping[PlayId, Iterable[str]]) -> None:
        self._plays: dict[Key, PlayId] = {}
        self._running: Counter[PlayId] = Counter()
        self._lock = threading.Lock()
        self._thread = threading.local()
        self.expect(patients)

    def expect(self, patients: Mapping[PlayId, Iterable[str]]) -> None:
        """Learn which patients a play has."""
        with self._lock:
            self._plays.update({("patient", number): play for play, numbers in patients.items() for number in numbers})

    @property
    def here(self) -> PlayId | None:
        """The play that the current thread works for; else the only one that is running, if it is only one."""
        play: PlayId | None = getattr(self._thread, "play", None)
        if play is not None:
            return play
        with self._lock:
            running = [play for play, count in self._running.items() if count > 0]
        return running[0] if len(running) == 1 else None

    def turn_to(self, play: PlayId | None) -> None:
        """From now on the current thread works for that play."""
        self._thread.play = play

    @contextmanager
    def working(self, play: PlayId | None) -> Iterator[None]:
        """The current thread works for a play inside the block."""
        before: PlayId | None = getattr(self._thread, "play", None)
        self.turn_to(play)
        try:
            yield
        finally:
            self.turn_to(before)

    @contextmanager
    def running(self, play: PlayId) -> Iterator[None]:
        """A play runs inside the block, on the current thread."""
        with self._lock:
            self._running[play] += 1
        try:
            with self.working(play):
                yield
        finally:
            with self._lock:
                self._running[play] -= 1

    def whose(self, keys: Iterable[Key]) -> PlayId | None:
        """The one play that the keys name, its patients before anything else."""
        keys = frozenset(keys)
        patients = {key for key in keys if key[0] == "patient"}
        with self._lock:
            owners = {self._plays[key] for key in patients if key in self._plays}
            owners = owners or {self._plays[key] for key in keys - patients if key in self._plays}
        return owners.pop() if len(owners) == 1 else None

    def learn(self, play: PlayId, keys: Iterable[Key]) -> None:
        """Keys that belong to a play, unless they are known already."""
        with self._lock:
            for key in keys:
                self._plays.setdefault(key, play)
