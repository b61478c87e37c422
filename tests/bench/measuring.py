"""Side by side: run several ways of doing the same thing in turn and compare their medians."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

ROUNDS = 7


def side_by_side(
    ways: Mapping[str, Callable[[], int]],
    rounds: int = ROUNDS,
    clock: Callable[[], float] = time.perf_counter,
    settle: Callable[[], None] = lambda: None,
) -> dict[str, float]:
    """Operations per second of each way, the median over interleaved rounds; a way returns how many it did.

    `clock`: processor time, where no way waits for anything outside the process. `settle` is called before each way is
    timed, to wait for what the one before left behind.
    """
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _ in range(rounds):
        for name, way in ways.items():
            settle()
            begin = clock()
            done = way()
            rates[name].append(done / (clock() - begin))
    return {name: statistics.median(found) for name, found in rates.items()}


def report(title: str, rates: Mapping[str, float], ours: str) -> None:
    """Print the rates, and ours as a ratio to each other one."""
    print(title)
    for name, rate in rates.items():
        ratio = "" if name == ours else f"   ours is {rates[ours] / rate:.1f} x"
        print(f"  {name:28} {rate:12.0f} /s{ratio}")
