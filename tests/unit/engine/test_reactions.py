"""Reactions: in order for a play, at the same time for several, and idle only when nothing of the play is left."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from harness.engine.belonging import Belonging
from harness.engine.reactions import Reactions
from harness.errors import CannotAct
from harness.model.names import ActorName, PlayId
from harness.model.transcript import EventKind

ONE, TWO = PlayId("one"), PlayId("two")
PATIENCE = 10.0


@dataclass
class Bench:
    belonging: Belonging = field(default_factory=lambda: Belonging({}))
    told: list[tuple[EventKind, str]] = field(default_factory=list)
    ended: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __post_init__(self) -> None:
        tell: Callable[[EventKind, str], None] = lambda kind, text: self.told.append((kind, text))  # noqa: E731
        self.reactions = Reactions(self.belonging, ActorName("ADT"), tell, self.ended.release)

    def add(self, play: PlayId | None, work: Callable[[], None]) -> None:
        with self.belonging.working(play):
            self.reactions.add(work)

    def wait(self, times: int) -> None:
        for _ in range(times):
            assert self.ended.acquire(timeout=PATIENCE)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_reactions_of_a_play_come_in_order_and_work_for_it(bench: Bench) -> None:
    seen: list[tuple[int, PlayId | None]] = []
    for number in range(20):
        bench.add(ONE, lambda number=number: seen.append((number, bench.belonging.here)))  # type: ignore[misc]
    bench.wait(20)
    assert seen == [(number, ONE) for number in range(20)]
    assert bench.reactions.idle(ONE)
    assert bench.reactions.idle(None)


def test_one_play_does_not_wait_for_another(bench: Bench) -> None:
    release = threading.Event()
    bench.add(ONE, lambda: bool(release.wait(PATIENCE)))  # type: ignore[arg-type]
    bench.add(TWO, lambda: None)
    bench.wait(1)
    assert bench.reactions.idle(TWO)
    assert not bench.reactions.idle(ONE)
    assert not bench.reactions.idle(None)
    release.set()
    bench.wait(1)
    bench.reactions.stop(PATIENCE)
    assert bench.reactions.idle(ONE)


def test_what_is_nobodys_may_be_anybodys(bench: Bench) -> None:
    release = threading.Event()
    bench.add(None, lambda: bool(release.wait(PATIENCE)))  # type: ignore[arg-type]
    assert not bench.reactions.idle(ONE)
    release.set()
    bench.wait(1)


def test_what_goes_wrong_is_told_and_the_next_one_runs(bench: Bench) -> None:
    def fail() -> None:
        raise CannotAct("no address")

    def fault() -> None:
        raise ValueError("a fault")

    bench.add(ONE, fail)
    bench.add(ONE, fault)
    bench.add(ONE, lambda: None)
    bench.wait(3)
    assert bench.told[0] == (EventKind.CANNOT_ACT, "no address")
    assert bench.told[1][0] is EventKind.INTERNAL_ERROR
    assert "a fault" in bench.told[1][1]
