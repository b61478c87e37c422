"""`swf tell`: has a running simulation do something, from a script or from another terminal."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from harness.engine.claims import EXIT_PASS, EXIT_UNDECIDED
from harness.engine.telling import tell


@click.command(
    "tell",
    short_help="Tell a running simulation what to do.",
    context_settings={"ignore_unknown_options": True},
)
@click.option(
    "--run",
    "run",
    type=click.Path(path_type=Path),
    default=None,
    metavar="DIR",
    help="Folder of the simulation (default: the one that runs below swf-out/).",
)
@click.argument("words", nargs=-1, required=True)
def command(run: Path | None, words: tuple[str, ...]) -> int:
    """Do in a running `swf simulate` what could be typed there; print what came of it.

    \b
    Examples:
      swf tell next                 the modality performs the next entry of the worklist
      swf tell order                another patient comes onto the worklist
      swf tell help                 everything that can be told

    \b
    Exit codes:
      0  done
      2  not done, and why: an actor lacked something, or was refused
      3  no simulation is running, or there is no such command
    """
    answer = tell(run, shlex.join(words))
    for line in answer.lines:
        click.echo(line)
    return EXIT_PASS if answer.done else EXIT_UNDECIDED
