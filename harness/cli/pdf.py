"""`swf pdf`: the report of a run on paper."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli._claiming import put
from harness.engine.claims import EXIT_PASS
from reports.json_run import RUN_FILE, read_run
from reports.paper import PDF_FILE
from reports.paper.report import report_pdf


@click.command("pdf", short_help="Write the report of a run as PDF.")
@click.argument("run", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    metavar="FILE",
    help="File to write (default: report.pdf in DIR).",
)
def command(run: Path, out: Path | None) -> int:
    """Write what people read of the run in DIR as PDF: verdict, claims, failures in full, what was not judged.

    It needs WeasyPrint: pip install 'swf-harness[pdf]'. Messages and diagrams are in report.html.
    """
    found = read_run(run / RUN_FILE)
    target = out or run / PDF_FILE
    put(report_pdf(found, run), target, "pdf")
    click.echo(f"{target}: {found.verdict.value}, {target.stat().st_size // 1024 + 1} KB")
    return EXIT_PASS
