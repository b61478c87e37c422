"""`swf reference`: the bundled reference system, alone in its process. `swf run` starts it; a person rarely does."""

from __future__ import annotations

import json
import sys

import click

from harness.model.system import Strain
from harness.wiring import reference_system


@click.command("reference", hidden=True)
@click.option("--seed", default=1, type=int)
@click.option("--defect", default="")
@click.option("--delay", default=0.0, type=float, help="Seconds that each answer and each message takes longer.")
@click.option("--noise", is_flag=True, help="Foreign patients, repeated messages and unrelated associations.")
def command(seed: int, defect: str, delay: float, noise: bool) -> int:
    """Serve until standard input is closed."""
    with reference_system(seed, defect, Strain(delay=delay, noise=noise)) as system:
        click.echo(json.dumps(system.introduction()))
        sys.stdout.flush()
        sys.stdin.read()
    return 0
