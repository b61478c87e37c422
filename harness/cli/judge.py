"""`swf judge`: judge the evidence of an earlier run again, and rebuild its reports."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from harness.cli._options import judging_options, known_option, overrides_option, strictness
from harness.errors import InputError
from harness.wiring import rejudge


@click.command("judge", short_help="Judge the evidence of an earlier run again, and rebuild its reports.")
@click.argument("out", metavar="DIR", type=click.Path(path_type=Path))
@judging_options
@overrides_option
@click.option("--no-overrides", is_flag=True, help="Judge by the shipped rules alone.")
@known_option
@click.option("--no-known", is_flag=True, help="Take every failure for a new one.")
def command(
    out: Path,
    strict: bool,
    confidence: str,
    overrides: tuple[Path, ...],
    no_overrides: bool,
    known: tuple[Path, ...],
    no_known: bool,
) -> int:
    """Judge the evidence below DIR with today's rules. No link is opened.

    The overrides and the known deviations of the run hold again, unless options name others, or none.
    """
    if overrides and no_overrides:
        raise InputError("--overrides and --no-overrides exclude each other")
    if known and no_known:
        raise InputError("--known and --no-known exclude each other")
    others = overrides if overrides or no_overrides else None
    other_known = known if known or no_known else None
    return rejudge(out, strictness(strict, confidence), Console(), others, other_known)
