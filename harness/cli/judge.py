"""`swf judge`: judge the evidence of an earlier run again, and rebuild its reports."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from harness.cli._options import judging_options, strictness
from harness.wiring import rejudge


@click.command("judge", short_help="Judge the evidence of an earlier run again, and rebuild its reports.")
@click.argument("out", metavar="DIR", type=click.Path(path_type=Path))
@judging_options
def command(out: Path, strict: bool, confidence: str) -> int:
    """Judge the evidence below DIR with today's rules. No link is opened."""
    return rejudge(out, strictness(strict, confidence), Console())
