"""Turns a page into HTML: escaping is always on, a missing name is an error, inline code is pinned."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.model.run import Run
from reports import ReadPayload
from reports.html.page import build_page
from reports.printable import printable
from reports.wording import HTML_REPORT, by_number, href, step_anchor

_FOLDER = Path(__file__).parent / "templates"


class HtmlReport:
    """Writes report.html."""

    name = "html"
    order = 40

    def write(self, run: Run, out: Path, payload: ReadPayload) -> None:
        """Write the run as one self-contained page."""
        (out / HTML_REPORT).write_text(render(run, out, payload), encoding="utf-8", errors="backslashreplace")


def render(run: Run, out: Path, payload: ReadPayload) -> str:
    """The page as text."""
    environment = templates()
    environment.filters["href"] = href
    environment.filters["by_number"] = by_number
    environment.globals["step_anchor"] = step_anchor
    style = (_FOLDER / "report.css").read_text(encoding="utf-8")
    script = (_FOLDER / "report.js").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; style-src {inline_source(style)}; script-src {inline_source(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return environment.get_template("report.html").render(
        page=build_page(run, out, payload),
        policy=policy,
        style=Markup(style),  # noqa: S704 - our own file, not data
        script=Markup(script),  # noqa: S704 - our own file, not data
    )


def templates() -> Environment:
    """The templates: escaping is always on, and a missing name is an error."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["p"] = printable
    return environment


def inline_source(text: str) -> str:
    """A Content-Security-Policy source that allows exactly this inline text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
