"""The claims with what stands behind them, and the draft statement, on paper."""

from __future__ import annotations

from reports.claim_sheet.page import render
from reports.claim_sheet.statement import drafts
from reports.claim_sheet.view import Sheet
from reports.paper.typesetting import pdf


def sheet_pdf(sheet: Sheet) -> bytes:
    """The sheet and the procurement view as PDF."""
    return pdf(render("claims.html", "paper.css", paper=True, sheet=sheet))


def statement_pdf(sheet: Sheet) -> bytes:
    """The drafts as PDF, each page of which says that it is a draft."""
    return pdf(render("statement.html", "paper.css", paper=True, sheet=sheet, drafts=drafts(sheet)))
