"""`swf reference`: the bundled reference system, alone in its process. `swf run` starts it; a person rarely does."""

from __future__ import annotations

import json
import sys

import click

from harness.wiring import reference_system


@click.command("reference", hidden=True)
@click.option("--seed", default=1, type=int)
@click.option("--defect", default="")
def command(seed: int, defect: str) -> int:
    """Serve until standard input is closed."""
    with reference_system(seed, defect) as system:
        click.echo(json.dumps(system.introduction()))
        sys.stdout.flush()
        sys.stdin.read()
    return 0
