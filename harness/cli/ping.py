"""`swf ping`: try each link of a system and say in plain words what is wrong."""

from __future__ import annotations

import click

from harness.engine.claims import EXIT_PASS, EXIT_UNDECIDED
from harness.engine.pinging import PingResult, ping
from harness.wiring import RunRequest, started_systems


@click.command("ping", short_help="Try each link of a system, and say in plain words what is wrong.")
@click.option(
    "--sut",
    "suts",
    multiple=True,
    required=True,
    metavar="FILE",
    help="System file, or name of a shipped one.",
)
def command(suts: tuple[str, ...]) -> int:
    """Verify every address of the systems: a C-ECHO for DICOM, a connection for HL7, where no message is sent.

    Exit code 0 when all links work, 2 otherwise.
    """
    works = True
    with started_systems(RunRequest(suts=suts)) as systems:
        for system in systems:
            for result in ping(system):
                works &= result.works
                click.echo(f"{_word(result):4}  {system.name}: {result.actor}: {result.what}: {result.text}")
    return EXIT_PASS if works else EXIT_UNDECIDED


def _word(result: PingResult) -> str:
    if not result.tried:
        return "-"
    return "ok" if result.works else "FAIL"
