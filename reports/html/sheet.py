"""The sheet for a product's administrator as one HTML page that needs no network, and prints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from harness.model.connection import Sheet
from reports.html.render import inline_source, templates
from reports.sheet import address_of, name_of, protocol

_STYLE = Path(__file__).parent / "templates" / "sheet.css"


def sheet_html(sheets: Sequence[Sheet]) -> str:
    """The page as text."""
    environment = templates()
    environment.globals.update(address_of=address_of, name_of=name_of, protocol=protocol)
    style = _STYLE.read_text(encoding="utf-8")
    return environment.get_template("sheet.html").render(
        sheets=sheets,
        policy=f"default-src 'none'; style-src {inline_source(style)}; base-uri 'none'; form-action 'none'",
        style=Markup(style),  # noqa: S704 - our own file, not data
    )
