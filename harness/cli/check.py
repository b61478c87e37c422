"""`swf check`: judge HL7 messages and DICOM files without a run."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console

from harness.cli._options import judging_options, overrides_option, strictness
from harness.engine.checking import Checking, named_leg
from harness.engine.loose_files import files_of
from harness.engine.loose_reading import HEAD, is_readable
from harness.errors import InputError
from harness.wiring import overrides_of, workshop
from reports.checked import checked_text
from reports.checked_json import checked_json
from reports.html.checked import checked_html


@click.command("check", short_help="Judge HL7 messages, DICOM files or folders of them, without a run.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--as",
    "named",
    default="",
    metavar="RAD-N[/LEG]",
    help="What the messages are, instead of what they look like: RAD-4, or RAD-4/to-image-manager.",
)
@click.option("--alone", is_flag=True, help="Judge each message alone, and not those of one case against each other.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (schema swf-check-json/1).")
@click.option(
    "--html",
    "page",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page as well, with every message and its fields: one file that needs no network.",
)
@click.option("--all", "everything", is_flag=True, help="Show also what is met, and what does not apply.")
@click.option("--quiet", is_flag=True, help="Show only what is wrong, and the total.")
@judging_options
@overrides_option
def command(
    files: tuple[str, ...],
    named: str,
    alone: bool,
    as_json: bool,
    page: Path | None,
    everything: bool,
    quiet: bool,
    strict: bool,
    confidence: str,
    overrides: tuple[Path, ...],
) -> int:
    """Say of each message in FILEs or folders (`-`: standard input) which transaction it looks like, and what is wrong.

    \b
    HL7: one message or many, any line ends, MLLP blocks, batches. DICOM: files with or without header, of objects,
    MPPS, worklist entries, queries, commitment.

    \b
    Exit codes:
      0  nothing wrong
      1  a requirement is violated
      2  undecided, or nothing was judged
      3  a file or an argument cannot be used
    """
    knowledge = workshop().knowledge
    checking = Checking(
        knowledge=knowledge,
        strictness=strictness(strict, confidence),
        named=named_leg(named, knowledge) if named else None,
        together=not alone,
        overrides=overrides_of(overrides, (), datetime.now().isoformat()),
    )
    found = checking.check(files_of(files, sys.stdin.buffer, is_readable, HEAD))
    if page is not None:
        _write(page, checked_html(found))
    if as_json:
        click.echo(checked_json(found, everything=everything))
    else:
        checked_text(found, Console(), everything=everything, quiet=quiet)
    return found.exit_code


def _write(file: Path, page: str) -> None:
    try:
        file.write_text(page, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror or error}") from None
