"""`swf baseline`: write the failures of a run as known deviations."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from harness.baseline import BaselineRequest, baseline
from harness.scenario_files.baseline import Signature


@click.command("baseline", short_help="Write the failures of a run as a file of known deviations.")
@click.argument("run", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    metavar="FILE",
    help="File to write, or to add to when it exists (default: standard output).",
)
@click.option("--owner", required=True, metavar="NAME", help="Who answers for what is new in the file.")
@click.option("--reason", required=True, metavar="TEXT", help="Why it is accepted for now.")
@click.option("--expires", required=True, metavar="DATE", help="The last day on which it is, YYYY-MM-DD.")
@click.option("--ticket", default="", metavar="TEXT", help="Where it is tracked.")
@click.option("--inconclusive", is_flag=True, help="Take what is inconclusive, too.")
@click.option("--renew", is_flag=True, help="Give the entries that were seen again the new last day.")
@click.option("--force", is_flag=True, help="Take a run that was interrupted, or has an ERROR of the harness.")
def command(
    run: Path,
    out: Path | None,
    owner: str,
    reason: str,
    expires: str,
    ticket: str,
    inconclusive: bool,
    renew: bool,
    force: bool,
) -> int:
    """Write the failures of the run in DIR as known deviations, for `swf run --known FILE`.

    Entries of an existing file are kept as they are, with their owners, reasons and comments.
    """
    request = BaselineRequest(
        run=run,
        signature=Signature(owner=owner, reason=reason, expires=expires, ticket=ticket),
        out=out,
        inconclusive=inconclusive,
        renew=renew,
        force=force,
    )
    baseline(request, click.echo, partial(click.echo, err=True))
    return 0
