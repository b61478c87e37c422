"""swf.scheduled with every actor simulated: where its time goes, and how fast its recording is judged."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from harness.engine.judging import judge
from harness.engine.storage import Evidence
from harness.model.plan import PlannedStep, Play
from harness.model.run import PlayResult
from harness.wiring import RunRequest, execute, workshop

ROUNDS = 5


class Steps:
    """Prints what each step took."""

    def play_started(self, play: Play) -> None:
        """A play begins."""
        print(play.id)

    def waiting(self, play: Play, step: PlannedStep, seconds: float) -> None:
        """Nobody else acts here."""

    def step_ended(self, play: Play, step: PlannedStep, state: str, seconds: float) -> None:
        """A step ended."""
        print(f"  {step.step.id:12} {step.transaction.id:7} {state:6} {seconds * 1000:7.1f} ms")

    def play_judged(self, result: PlayResult) -> None:
        """A play has its verdict."""
        print(f"  {result.verdict.value}: {result.seconds * 1000:.0f} ms on the links")


def main() -> None:
    """Run once, judge several times."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        finished = execute(RunRequest(suts=("none",), scenarios=("swf.scheduled",), out=out, seed=1), Steps())
        evidence = Evidence(out)
        plan, transcript, known = evidence.plan(), evidence.transcript(), workshop().knowledge
        begin = time.perf_counter()
        for _ in range(ROUNDS):
            judge(plan, transcript, evidence.read, known)
        seconds = (time.perf_counter() - begin) / ROUNDS
    count = len(transcript.exchanges)
    rate = count / seconds
    print(f"judged: {count} exchanges, {finished.run.checks} checks in {seconds:.3f} s: {rate:.0f} exchanges/s")


if __name__ == "__main__":
    main()
