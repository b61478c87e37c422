"""report.html: the whole run in one file that needs no network and runs no code but its own.

`page` arranges what is shown, `sequence` the diagrams, `ledger` the identifiers; templates only lay it out.
"""

from __future__ import annotations

from reports.html.render import HtmlReport

REPORT = HtmlReport()
