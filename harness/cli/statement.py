"""`swf statement`: draft an Integration Statement from what runs showed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from harness.cli._claiming import Rendering, form_of, put, sheet_from
from harness.engine.claims import EXIT_PASS
from harness.model.claimed import LEAST_PARTNERS
from reports.claim_sheet.data import statement_json
from reports.claim_sheet.page import statement_html
from reports.claim_sheet.statement import statement_text
from reports.paper.claims import statement_pdf

_FORMS: Mapping[str, Rendering] = {
    "text": lambda sheet: "".join(f"{line}\n" for line in statement_text(sheet)),
    "json": statement_json,
    "html": statement_html,
    "pdf": statement_pdf,
}


@click.command("statement", short_help="Draft an Integration Statement from what runs showed.")
@click.argument("runs", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path))
@click.option("--system", "systems", multiple=True, metavar="NAME", help="Only that system.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(_FORMS)),
    default=None,
    help="Default: what the name of --out says, else text.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Write to a file.")
def command(runs: tuple[Path, ...], systems: tuple[str, ...], form: str | None, out: Path | None) -> int:
    """List the actors and options of which the runs in DIRs showed everything, and nothing violated.

    The draft says that a test made it. What is claimed and cannot be listed follows, with the reason. Only the vendor
    can make the statement.
    """
    sheet = sheet_from(runs, out, LEAST_PARTNERS, systems)
    chosen = form_of(out, form, _FORMS)
    put(_FORMS[chosen](sheet), out, chosen)
    if out is not None:
        click.echo(f"{out}: draft for {', '.join(system.title for system in sheet.systems) or 'no system'}")
    return EXIT_PASS
