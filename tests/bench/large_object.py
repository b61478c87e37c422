"""One multi-frame object of 1 GB through the box: made, stored, kept, committed, found, moved, recorded and judged.

Prints the peak memory of the process beyond what a run with small images takes, and the time of each step. A number of
MiB may be given; the runs are processes of their own, so that the peak is theirs.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness.model.plan import PlannedStep, Play
from harness.model.run import PlayResult
from harness.wiring import BOX_ALONE, RunRequest, execute, render

BOUND = 64
"""MiB that the memory of a process may grow by."""

SCENARIO = """
id: bench.large
title: One clip of {mib} MiB, stored and retrieved
citation: {{SWF.b: "RAD TF-1: 34"}}
forms: ["2.5.1"]
case: outpatient-ct-chest
steps:
  - {{id: register, transaction: RAD-1, from: ADT, trigger: A04}}
  - {{id: order, transaction: RAD-2, from: Order Placer, control: NW, service: US-ABDOMEN}}
  - {{id: scheduled, transaction: RAD-4, from: Order Filler, control: NW, service: US-ABDOMEN}}
  - {{id: worklist, transaction: RAD-5, from: Modality, until: true, expect: {{matches: 1}}, service: US-ABDOMEN}}
  - {{id: started, transaction: RAD-6, from: Modality, service: US-ABDOMEN}}
  - id: stored
    transaction: RAD-8
    from: Modality
    service: US-ABDOMEN
    instances: 1
    frames: {frames}
    matrix: {matrix}
  - {{id: completed, transaction: RAD-7, from: Modality, service: US-ABDOMEN}}
  - {{id: committed, transaction: RAD-10, from: Modality, service: US-ABDOMEN}}
  - {{id: found, transaction: RAD-14, from: Image Display, until: true, expect: {{instances: stored}}}}
  - {{id: retrieved, transaction: RAD-16, from: Image Display}}
"""


class Timing:
    """Notes how long each step took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def play_started(self, play: Play) -> None:
        """Nothing."""

    def waiting(self, play: Play, step: PlannedStep, seconds: float) -> None:
        """Nothing."""

    def step_ended(self, play: Play, step: PlannedStep, state: str, seconds: float) -> None:
        """Keep the time."""
        self.seconds[step.step.id] = seconds

    def play_judged(self, result: PlayResult) -> None:
        """Nothing."""


def peak() -> float:
    """The largest memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(mib: int, sut: str, folder: Path) -> tuple[str, dict[str, float], float]:
    """The verdict, the seconds of each step, and those of the whole run."""
    matrix = 512 if mib >= 1 else 64
    frames = max(mib * 4, 1)
    file = folder / "large.scenario.yaml"
    file.write_text(SCENARIO.format(mib=mib, frames=frames, matrix=matrix), encoding="utf-8")
    timing, begin = Timing(), time.monotonic()
    finished = execute(RunRequest(suts=(sut,), scenarios=(str(file),), out=folder / f"out-{mib}"), timing)
    render(finished)
    return finished.run.verdict.value, timing.seconds, time.monotonic() - begin


def main() -> None:
    """Run with small images, then with the large one, in this process."""
    if sys.argv[1:2] != ["--measure"]:
        _measure_apart(int(sys.argv[1]) if sys.argv[1:] else 1024)
        return
    mib = int(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        run(0, BOX_ALONE, Path(folder))
        before = peak()
        verdict, steps, seconds = run(mib, BOX_ALONE, Path(folder))
        print(json.dumps({"verdict": verdict, "growth": peak() - before, "base": before, "seconds": seconds, **steps}))


def _measure_apart(mib: int) -> None:
    command = [sys.executable, __file__, "--measure", str(mib)]
    said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(f"one object of {mib} MiB: {said['verdict']} in {said['seconds']:.1f} s")
    print(f"memory grew by {said['growth']:.0f} MiB (bound {BOUND}) above {said['base']:.0f} MiB")
    for step in ("stored", "retrieved"):
        print(f"{step:10} {said[step]:.1f} s, {mib / said[step]:.0f} MiB/s")


if __name__ == "__main__":
    main()
