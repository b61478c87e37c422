"""The sheet and the draft statement as HTML pages that need no network, and the sheet of a run beside its report."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from jinja2 import Environment
from markupsafe import Markup

from harness.model.claimed import ClaimState, Observation
from harness.model.run import Run
from reports import ReadPayload
from reports.claim_sheet import words
from reports.claim_sheet.statement import BLANKS, drafts, with_words
from reports.claim_sheet.view import Sheet, sheet_of, told_run
from reports.html.render import policy_of, templates
from reports.wording import citation_words, compared, href, subject

CLAIMS_FILE: Final = "claims.html"
_FOLDER: Final = Path(__file__).parent / "templates"


class ClaimSheet:
    """Writes claims.html, where there is a system that claims something, or was seen."""

    name = "claims"
    order = 45

    def write(self, run: Run, out: Path, payload: ReadPayload) -> None:
        """Write the run's claims; the page of an earlier rendering does not outlive its claims."""
        page = out / CLAIMS_FILE
        if run.claimed:
            sheet = sheet_of([told_run(run, out)])
            page.write_text(sheet_html(sheet), encoding="utf-8", errors="backslashreplace")
        else:
            page.unlink(missing_ok=True)


def sheet_html(sheet: Sheet) -> str:
    """The sheet and the procurement view as one page."""
    return render("claims.html", "screen.css", sheet=sheet)


def statement_html(sheet: Sheet) -> str:
    """The draft statements as one page, a sheet of paper for each product."""
    return render("statement.html", "screen.css", sheet=sheet, drafts=drafts(sheet))


def render(template: str, style_sheet: str, *, paper: bool = False, **data: object) -> str:
    """A page with its style in it; `paper` has no links to other files."""
    style = style_of("common.css", style_sheet)
    return (
        environment()
        .get_template(template)
        .render(
            **data,
            paper=paper,
            policy=policy_of(style),
            style=Markup(style),  # noqa: S704 - our own file, not data
        )
    )


def style_of(*names: str) -> str:
    """The style sheets of this package, one after the other."""
    return "".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)


def environment(*folders: Path) -> Environment:
    """The templates of this package, and those of other folders."""
    made = templates(_FOLDER, *folders)
    made.filters["href"] = href
    made.globals.update(
        words=words,
        states=ClaimState,
        observations=Observation,
        blanks=BLANKS,
        with_words=with_words,
        subject=subject,
        compared=compared,
        citation_words=citation_words,
    )
    return made
