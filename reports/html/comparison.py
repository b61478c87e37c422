"""Two runs held against each other as one HTML page that needs no network."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from harness.model.comparison import Comparison, Level, News, Way
from reports.comparison import (
    by_message,
    by_news,
    count_lines,
    latency_words,
    places_words,
    rule_words,
    said_word,
    told_verdicts,
    total_words,
    value_words,
    verdict_pair,
)
from reports.html.render import inline_source, templates
from reports.wording import player_words

_STYLE = Path(__file__).parent / "templates" / "comparison.css"
_ROWS = 500
"""Rows of a table that the page shows; the JSON has them all."""


def comparison_html(found: Comparison) -> str:
    """The page as text."""
    environment = templates()
    environment.globals.update(
        News=News,
        Level=Level,
        Way=Way,
        count_lines=count_lines,
        latency_words=latency_words,
        places_words=places_words,
        player_words=player_words,
        rule_words=rule_words,
        said_word=said_word,
        value_words=value_words,
        verdict_pair=verdict_pair,
    )
    style = _STYLE.read_text(encoding="utf-8")
    return environment.get_template("comparison.html").render(
        found=found,
        news=list(by_news(found)),
        messages=list(by_message(found.fields[:_ROWS])),
        verdicts=told_verdicts(found.verdicts),
        total=total_words(found),
        rows=_ROWS,
        policy=f"default-src 'none'; style-src {inline_source(style)}; base-uri 'none'; form-action 'none'",
        style=Markup(style),  # noqa: S704 - our own file, not data
    )
