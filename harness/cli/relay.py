"""`swf relay`: stand between real systems, change nothing, record and judge what passes."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from harness.cli._hops import hops_of
from harness.cli._interruption import ends_by_hand
from harness.cli._options import judging_options, known_option, overrides_option, strictness
from harness.engine.watching import Until
from harness.errors import InputError
from harness.relayed import RelayRequest, relay

_POSITIVE = click.FloatRange(min=0, min_open=True)


@click.command("relay", short_help="Stand between real systems, change nothing, and judge what passes.")
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@click.option("--hl7", multiple=True, metavar="PORT=HOST:PORT", help="Listen there, and pass HL7 over MLLP on to here.")
@click.option("--dicom", multiple=True, metavar="PORT=HOST:PORT", help="The same for DICOM.")
@click.option("--from", "sender", default="", metavar="NAME", help="The system that connects to those ports.")
@click.option("--to", "receiver", default="", metavar="NAME", help="The system that they lead to.")
@click.option("--sut", "suts", multiple=True, metavar="FILE", help="System file of one of them: its claims, its codes.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for evidence and reports (default: a new one below swf-out/).",
)
@click.option("--for", "seconds", type=_POSITIVE, default=None, metavar="SECONDS", help="Stop after that time.")
@click.option(
    "--exchanges", type=click.IntRange(min=1), default=None, metavar="N", help="Stop after so many exchanges."
)
@click.option(
    "--until-quiet",
    type=_POSITIVE,
    default=None,
    metavar="SECONDS",
    help="Stop when, after a first exchange, nothing came for that time.",
)
@click.option("--quiet", is_flag=True, help="No line for each exchange.")
@click.option(
    "--ready",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE",
    help="Written once it listens.",
)
@judging_options
@overrides_option
@known_option
def command(
    file: Path | None,
    hl7: tuple[str, ...],
    dicom: tuple[str, ...],
    sender: str,
    receiver: str,
    suts: tuple[str, ...],
    out: Path | None,
    seconds: float | None,
    exchanges: int | None,
    until_quiet: float | None,
    quiet: bool,
    ready: Path | None,
    strict: bool,
    confidence: str,
    overrides: tuple[Path, ...],
    known: tuple[Path, ...],
) -> int:
    """Pass bytes between two systems unchanged, record both sides, and judge what passed when it is stopped.

    The ways through it stand in FILE (see docs/relay.md), or are given here:

    \b
      swf relay --hl7 2575=pacs.example.org:2575 --from RIS --to PACS
      swf relay --dicom 0.0.0.0:11112=pacs.example.org:104 --from CT --to PACS --for 3600
      swf relay department.relay.yaml

    It listens on this machine alone unless another address is given before the port. Ctrl-C stops it.
    """
    ends_by_hand()
    short = bool(hl7 or dicom or sender or receiver)
    if file is not None and short:
        raise InputError("the ways stand either in a relay file, or in --hl7, --dicom, --from and --to")
    if file is None and not (hl7 or dicom):
        raise InputError("where to? Give a relay file, or --hl7 and --dicom, as --hl7 2575=pacs.example.org:2575")
    request = RelayRequest(
        file=file,
        hops=hops_of(hl7, dicom, sender, receiver) if file is None else (),
        suts=suts,
        out=out,
        until=Until(seconds=seconds, exchanges=exchanges, quiet=until_quiet),
        strictness=strictness(strict, confidence),
        overrides=overrides,
        known=known,
        quiet=quiet,
        ready=ready,
    )
    return relay(request, Console())
