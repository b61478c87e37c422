"""`swf selftest`: the proof that each rule can fail, and only it."""

from __future__ import annotations

from pathlib import Path

import click

from harness.errors import InputError
from harness.proofs import LiveRequest, SelftestRequest, selftest, selftest_live


@click.command("selftest", short_help="Prove that each rule can fail: change recordings, and see what is noticed.")
@click.option("--kind", default="*", metavar="PATTERN", help="Only mutants that a rule of this kind has to notice.")
@click.option(
    "--requirement", default="*", metavar="PATTERN", help="Only mutants that these requirements have to notice."
)
@click.option(
    "--run",
    "run_",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Change the recordings of an earlier run instead of new ones.",
)
@click.option(
    "--every", type=click.IntRange(1), default=1, metavar="N", help="Only each N-th mutant: a sample of the proof."
)
@click.option("--jobs", type=click.IntRange(0), default=0, help="Processes; 0 (default): one for each processor.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Seed of the recordings.")
@click.option("--live", is_flag=True, help="Run the defects of the reference system for real instead.")
@click.option(
    "--defect", "defects", multiple=True, metavar="NAME", help="With --live: only this defect, or those of a pattern."
)
@click.option("--json", "as_json", is_flag=True, help="Print the proof as JSON.")
def command(
    kind: str,
    requirement: str,
    every: int,
    run_: Path | None,
    jobs: int,
    seed: int,
    live: bool,
    defects: tuple[str, ...],
    as_json: bool,
) -> int:
    """Change faultless recordings in one place each, judge them, and require that the right rule fails and no other.

    Recorded are all shipped scenarios with every actor simulated, on loopback; the shipped specimens come in addition.
    With --kind or --requirement each mutant is shown with what it broke.

    With --live each defect of the reference system is run in the scenario that its file names: once in the system under
    test, where it has to be noticed at that step and charged to its actor, and once in our own actors, where no system
    may be blamed. The same scenarios without a defect have to pass.

    Exit code 0 when every rule held, 1 when one did not, 2 when a recording was not faultless.
    """
    if live:
        if (kind, requirement, run_) != ("*", "*", None):
            raise InputError("--live runs defects: --kind, --requirement and --run do not go with it")
        return selftest_live(LiveRequest(defects=defects, jobs=jobs, seed=seed, as_json=as_json), click.echo)
    if defects:
        raise InputError("--defect names what --live runs")
    request = SelftestRequest(
        kind=kind, requirement=requirement, every=every, run=run_, jobs=jobs, seed=seed, as_json=as_json
    )
    return selftest(request, click.echo)
