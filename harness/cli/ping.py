"""`swf ping`: try each link of a system in both directions, and say in plain words what is wrong and on whose side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

import click

from harness.engine.claims import EXIT_PASS, EXIT_UNDECIDED
from harness.engine.connections import connections
from harness.engine.listening import Listeners, closed_doors, doors, instruction, told
from harness.engine.pinging import Pinger
from harness.engine.recording import TranscriptRecorder
from harness.errors import NotApplicable
from harness.identifiers import SystemClock
from harness.model.connection import Connection
from harness.model.ping import PingResult, State
from harness.model.system import System
from harness.wiring import RunRequest, plan_only, started_systems
from reports.ping import ping_json, result_lines


@click.command("ping", short_help="Try each link of a system in both directions, in plain words.")
@click.option(
    "--sut",
    "suts",
    multiple=True,
    required=True,
    metavar="FILE",
    help="System file, or name of a shipped one.",
)
@click.option(
    "--listen",
    "seconds",
    type=click.FloatRange(min=0.1),
    is_flag=False,
    flag_value=60.0,
    default=None,
    metavar="[SECONDS]",
    help="Open our listeners, and wait (60 s) for the product to call each of them.",
)
@click.option("--message", is_flag=True, help="Send each HL7 receiver a harmless message: a query, NMQ^N01.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (schema swf-ping/1).")
def command(suts: tuple[str, ...], seconds: float | None, message: bool, as_json: bool) -> int:
    """Try every link between the systems and us that a run of all that applies would use.

    From us: for DICOM an association with what each of our actors needs, under its AE title, and a C-ECHO; for HL7 a
    connection, on which nothing is sent without --message. To us: whether our ports can be opened, and with --listen
    whether the product calls them.

    \b
    Exit codes:
      0  every link that was tried works
      2  at least one does not
    """
    told_results: list[PingResult] = []
    clock = SystemClock()
    with started_systems(RunRequest(suts=suts)) as systems:
        found = _connections(systems)
        pinger = Pinger(TranscriptRecorder(clock, None), clock, message=message)
        for system in systems:
            told_results += _told(pinger.outward(system, found), as_json)
        named = [system for system in systems if system.launch is None]
        if seconds is None:
            for system in named:
                told_results += _told(closed_doors(doors(system.name, found)), as_json)
        else:
            told_results += _listened(named, found, seconds, as_json)
    if as_json:
        click.echo(ping_json(told_results))
    return EXIT_UNDECIDED if any(one.state is State.BROKEN for one in told_results) else EXIT_PASS


def _connections(systems: Sequence[System]) -> tuple[Connection, ...]:
    """What a run of everything that applies would use; nothing where nothing applies."""
    try:
        return connections(plan_only(RunRequest(systems=systems, seed=0))) if systems else ()
    except NotApplicable:
        return ()


def _told(results: Iterable[PingResult], silent: bool) -> Iterator[PingResult]:
    """Print each result as soon as it is known."""
    for result in results:
        if not silent:
            for line in result_lines(result):
                click.echo(line)
        yield result


def _listened(
    systems: Sequence[System], found: Sequence[Connection], seconds: float, silent: bool
) -> Iterator[PingResult]:
    clock = SystemClock()
    expected = [door for system in systems for door in doors(system.name, found)]
    with Listeners(expected, TranscriptRecorder(clock, None), clock) as listeners:
        if listeners.open and not silent:
            click.echo(f"\nListening for {seconds:g} s. Now, on the product:")
            for door in listeners.open:
                click.echo(f"  {door.system}: {instruction(door)}")
            click.echo("")
        if not expected and not silent:
            click.echo("\nNobody calls us: there is nothing to listen for.")
        with suppress(KeyboardInterrupt):  # whoever has seen enough is told what was heard so far
            for call in listeners.calls(seconds):
                if not silent:
                    click.echo(f"      heard at {call.ours}: {told(call)}{f'; {call.refused}' if call.refused else ''}")
        results = list(listeners.results())
    yield from _told(results, silent)
