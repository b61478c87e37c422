"""One job and eight against the same slow and noisy reference system, in one run: wall time, and whether they agree.

`python tests/bench/jobs.py [ROLE ...]` (Order Filler when none is named) plays every scenario that applies.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from harness.model.system import Strain
from harness.wiring import applicable_to, workshop
from tests.selftest.comparing import difference, facts, played, reference, shuffled

DELAY = 0.5
"""Seconds that each answer and each message of the system takes longer."""


def main() -> None:
    """Measure, and compare."""
    roles = sys.argv[1:] or ["Order Filler"]
    system = reference(roles, Strain(delay=DELAY, noise=True))
    names = {cell.scenario for cell in applicable_to([system]) if cell.applies}
    scenarios = [scenario.id for scenario in workshop().files.scenarios() if scenario.id in names]
    seconds, found = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for jobs in (8, 1):
            begun = time.monotonic()
            run = played(system, shuffled(scenarios, jobs), jobs, Path(folder) / str(jobs))
            seconds[jobs] = time.monotonic() - begun
            found[jobs] = facts(run)
            print(
                f"{jobs} jobs: {len(run.plays)} plays, {run.checks} checks, {seconds[jobs]:.1f} s, {run.verdict.value}"
            )
    print(f"8 jobs are {seconds[1] / seconds[8]:.1f} x as fast as one")
    apart = difference(found[1], found[8])
    print("\n".join(apart) if apart else "the results are the same")


if __name__ == "__main__":
    main()
