"""What vendors claim against what was observed: the sheet of states, the procurement view, and the draft of an
Integration Statement. Reads finished runs and decides nothing."""

from __future__ import annotations

from reports.claim_sheet.page import ClaimSheet

REPORT = ClaimSheet()
