"""`swf diff`: what is new, fixed or changed between two runs."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from harness.diffing import DiffRequest, Threshold, compared
from harness.errors import InputError
from reports.comparison import comparison_text
from reports.comparison_json import comparison_json
from reports.html.comparison import comparison_html


@click.command("diff", short_help="Compare two runs: verdicts, messages field by field, times.")
@click.argument("before", metavar="RUN_A", type=click.Path(path_type=Path))
@click.argument("after", metavar="RUN_B", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), default=None, metavar="FILE", help="Write a page, too."
)
@click.option("--no-messages", is_flag=True, help="Verdicts and findings alone.")
@click.option("--as-recorded", is_flag=True, help="Judge neither anew, even if their rules differ.")
@click.option(
    "--exit-on",
    "threshold",
    type=click.Choice([one.value for one in Threshold]),
    default=Threshold.WORSE.value,
    show_default=True,
    help="What else ends with code 1: any other verdict or finding, or any difference in a message, too.",
)
def command(
    before: Path, after: Path, as_json: bool, html: Path | None, no_messages: bool, as_recorded: bool, threshold: str
) -> int:
    """Compare RUN_B with RUN_A: folders of runs, or bundles.

    Identifiers and times that each run has of its own are no difference. Where the two were not judged by the same
    rules, both are judged anew.

    \b
    Exit codes:
      0  nothing is worse
      1  something fails that did not
      2  no new failure, but something is undecided now that was not, or was not played
      3  a run cannot be read
    """
    request = DiffRequest(
        before=before,
        after=after,
        messages=not no_messages,
        as_recorded=as_recorded,
        threshold=Threshold(threshold),
    )
    with compared(request) as (found, code):
        if html is not None:
            _write(html, comparison_html(found))
        if as_json:
            click.echo(comparison_json(found, code))
        else:
            comparison_text(found, Console())
    return code


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None
