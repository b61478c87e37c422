"""`swf sheet`: what the administrator of a product has to enter, so that it can be tested."""

from __future__ import annotations

from pathlib import Path

import click

from harness.engine.claims import EXIT_PASS, EXIT_UNDECIDED
from harness.engine.sheets import sheets
from harness.errors import InputError
from harness.model.connection import Sheet
from harness.wiring import RunRequest, plan_only
from reports.html.sheet import sheet_html
from reports.sheet import sheet_csv, sheet_text


@click.command("sheet", short_help="Print what the administrator of a product must enter.")
@click.option(
    "--sut", "suts", multiple=True, required=True, metavar="FILE", help="System file, or name of a shipped one."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "csv", "html"]),
    default=None,
    help="Default: what the name of --out says, else text.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Write to a file.")
@click.argument("scenarios", nargs=-1)
def command(suts: tuple[str, ...], form: str | None, out: Path | None, scenarios: tuple[str, ...]) -> int:
    """Print what a product must be told of us: AE titles, hosts, ports, applications, and what will cross each link.

    Only what the SCENARIOs (default: all that apply) really use is listed, and beside it what we were told of the
    product. No link is opened.

    \b
    Exit codes:
      0  everything fits together
      2  something has to be mended in the system file first; the sheet says what
    """
    found = sheets(plan_only(RunRequest(suts=suts, scenarios=scenarios)))
    if not found:
        raise InputError("without a system under test there is nothing to enter; name a system file")
    text = _rendered(found, form or _form_of(out))
    if out is None:
        click.echo(text, nl=False)
    else:
        _write(out, text)
        click.echo(f"{out}: what to enter for {', '.join(sheet.system for sheet in found)}")
    told = [problem for sheet in found for problem in sheet.problems]
    if told and (out is not None or (form or "text") != "text"):
        for problem in told:
            click.echo(f"to be mended first: {problem}", err=True)
    return EXIT_UNDECIDED if told else EXIT_PASS


def _form_of(out: Path | None) -> str:
    ending = out.suffix.lower().removeprefix(".") if out else ""
    return {"csv": "csv", "html": "html", "htm": "html"}.get(ending, "text")


def _rendered(found: tuple[Sheet, ...], form: str) -> str:
    if form == "csv":
        return sheet_csv(found)
    return sheet_html(found) if form == "html" else "".join(f"{line}\n" for line in sheet_text(found))


def _write(out: Path, text: str) -> None:
    try:
        with out.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        raise InputError(f"{out}: {error.strerror}") from error
