"""`swf ping`: try each link of a system and say in plain words what is wrong."""

from __future__ import annotations

import click

from harness.engine.claims import EXIT_PASS, EXIT_UNDECIDED
from harness.engine.pinging import ping
from harness.wiring import RunRequest, started_systems


@click.command("ping")
@click.option(
    "--sut",
    "suts",
    multiple=True,
    required=True,
    metavar="FILE",
    help="System file, or name of a shipped one.",
)
def command(suts: tuple[str, ...]) -> int:
    """Verify every address of the systems. Exit code 0 when all links work, 2 otherwise."""
    works = True
    with started_systems(RunRequest(suts=suts)) as systems:
        for system in systems:
            for result in ping(system):
                works &= result.works
                click.echo(
                    f"{'ok  ' if result.works else 'FAIL'} {system.name}: {result.actor}: {result.what}: {result.text}"
                )
    return EXIT_PASS if works else EXIT_UNDECIDED
