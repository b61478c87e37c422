"""`swf claims`: what vendors claim against what runs showed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from harness.cli._claiming import Rendering, form_of, put, sheet_from
from harness.engine.claims import EXIT_FAIL, EXIT_PASS, EXIT_UNDECIDED
from harness.model.claimed import LEAST_PARTNERS, Observation
from reports.claim_sheet.data import sheet_json
from reports.claim_sheet.page import sheet_html
from reports.claim_sheet.text import sheet_csv, sheet_text
from reports.claim_sheet.view import Sheet
from reports.paper.claims import sheet_pdf

_FORMS: Mapping[str, Rendering] = {
    "text": lambda sheet: "".join(f"{line}\n" for line in sheet_text(sheet)),
    "csv": sheet_csv,
    "json": sheet_json,
    "html": sheet_html,
    "pdf": sheet_pdf,
}


@click.command("claims", short_help="Compare what vendors claim with what runs showed, claim by claim.")
@click.argument("runs", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path))
@click.option(
    "--partners",
    default=LEAST_PARTNERS,
    show_default=True,
    type=click.IntRange(1, 20),
    help="Distinct partners with which a transaction must be shown to be verified.",
)
@click.option("--system", "systems", multiple=True, metavar="NAME", help="Only that system.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(_FORMS)),
    default=None,
    help="Default: what the name of --out says, else text.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Write to a file.")
def command(runs: tuple[Path, ...], partners: int, systems: tuple[str, ...], form: str | None, out: Path | None) -> int:
    """Say of each claim of a system (actor or option of a profile) what the runs in DIRs showed of it, and with whom.

    Several runs are put together; a product in another version is another system. Our simulator is not a partner.

    \b
    Exit codes:
      0  everything that is claimed was observed
      1  a claim is contradicted
      2  something that is claimed was not observed, or not decided
      3  a run or an argument cannot be used
    """
    sheet = sheet_from(runs, out, partners, systems)
    chosen = form_of(out, form, _FORMS)
    put(_FORMS[chosen](sheet), out, chosen)
    if out is not None:
        count = sum(len(system.claims) for system in sheet.systems)
        click.echo(f"{out}: {count} claim{'' if count == 1 else 's'}")
    return _code(sheet)


def _code(sheet: Sheet) -> int:
    seen = {claim.part.observation for system in sheet.systems for claim in system.claims}
    if Observation.CONTRADICTED in seen:
        return EXIT_FAIL
    return EXIT_PASS if seen == {Observation.OBSERVED} and not sheet.interrupted else EXIT_UNDECIDED
