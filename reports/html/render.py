"""Turns a page into HTML: escaping is always on, a missing name is an error, inline code is pinned.

What is long and not needed at once goes into packed blocks: the same templates make it, and the same escaping.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from harness.model.run import Run
from harness.model.verdict import Verdict
from reports import ReadPayload
from reports.html.packing import BLOCK_TYPE, Packing
from reports.html.page import Page, build_page
from reports.html.plays import PlayView
from reports.html.requirements import RequirementTable
from reports.html.wire import pack_exchanges
from reports.printable import printable
from reports.wording import HTML_REPORT, by_number, href, step_anchor

_FOLDER: Final = Path(__file__).parent / "templates"
STYLES: Final = ("base.css", "parts.css", "diagram.css", "wire.css", "print.css")
_SCRIPTS: Final = ("parts.js", "messages.js", "exchanges.js", "filters.js", "report.js")

AT_ONCE: Final = 400_000
"""Characters of plays, and of requirements, that are on the page as they are; what is beyond them is packed."""

MOST: Final = 14_400_000
"""Bytes that a page may take up, about: what is beyond that stays beside it, what passed first."""

PLAYS: Final = 5_000_000
"""Bytes that packed plays may take up, and packed requirements."""

_LINE: Final = 24
"""Bytes that the line of an exchange takes up when it is packed, about."""

_OPEN: Final = 3
"""Plays that did not pass and are open when the page is."""


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
    page = build_page(run, out, payload)
    packing = Packing()
    bodies = _bodies(environment.get_template("play.html"), page, packing)
    tables = _tables(environment.get_template("requirements.html"), page.requirements, packing)
    style, script = joined(STYLES), joined(_SCRIPTS)
    shown = sum(map(len, (style, script, *bodies.values(), *tables.values())))
    left = MOST - shown - packing.size - _LINE * len(page.recorded)
    packed = pack_exchanges(page.known_exchanges, packing, left)
    return environment.get_template("report.html").render(
        page=page,
        bodies=bodies,
        tables=tables,
        opened=_opened(page.plays, bodies),
        beside=len(page.recorded) - len(packed),
        blocks=packing.blocks,
        block_type=BLOCK_TYPE,
        policy=policy_of(style, script),
        style=Markup(style),  # noqa: S704 - our own file, not data
        script=Markup(script),  # noqa: S704 - our own file, not data
    )


def policy_of(style: str, script: str = "") -> str:
    """A Content-Security-Policy that lets nothing in but exactly this style and this script."""
    scripts = f" script-src {inline_source(script)};" if script else ""
    return f"default-src 'none'; style-src {inline_source(style)};{scripts} base-uri 'none'; form-action 'none'"


def _bodies(template: Template, page: Page, packing: Packing) -> Mapping[str, Markup | str]:
    """What is inside each play: markup where it is on the page, else the id of its block."""
    ranked = sorted(page.plays, key=lambda view: -view.play.verdict.rank)
    return _placed(((view.anchor, partial(template.render, view=view)) for view in ranked), packing, "p")


def _tables(template: Template, tables: Iterable[RequirementTable], packing: Packing) -> Mapping[str, Markup | str]:
    """What is inside each table of requirements."""
    return _placed(((table.anchor, partial(template.render, table=table)) for table in tables), packing, "r")


def _placed(parts: Iterable[tuple[str, Callable[[], str]]], packing: Packing, name: str) -> Mapping[str, Markup | str]:
    """Each part on the page as it is, or packed, or, when there is no room left, an empty text."""
    found: dict[str, Markup | str] = {}
    size, before = 0, packing.size
    for number, (anchor, rendered) in enumerate(parts):
        if packing.size - before > PLAYS:
            found[anchor] = ""
            continue
        text = rendered()
        size += len(text)
        if size <= AT_ONCE:
            found[anchor] = Markup(text)  # noqa: S704 - made by our own templates, which escape
        else:
            found[anchor] = packing.add(f"{name}{number}", text)
    return MappingProxyType(found)


def _opened(plays: Iterable[PlayView], bodies: Mapping[str, Markup | str]) -> frozenset[str]:
    """The plays that are open when the page is: the only one, or the first that did not pass."""
    views = tuple(plays)
    failing = [view for view in views if view.play.verdict.rank > Verdict.PASS.rank]
    chosen = views if len(views) == 1 else failing[:_OPEN]
    return frozenset(view.anchor for view in chosen if isinstance(bodies[view.anchor], Markup))


def templates(*folders: Path) -> Environment:
    """The templates of those folders, else of this package: escaping is always on, and a missing name is an error."""
    environment = Environment(
        loader=FileSystemLoader(folders or _FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["p"] = printable
    environment.filters["href"] = href
    environment.filters["by_number"] = by_number
    environment.globals["step_anchor"] = step_anchor
    return environment


def inline_source(text: str) -> str:
    """A Content-Security-Policy source that allows exactly this inline text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def joined(names: Iterable[str]) -> str:
    """Files of ours, one behind the other."""
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8").rstrip("\n") for name in names) + "\n"
