"""Reports on paper: the report of a run, the claims, and the draft statement as PDF.

WeasyPrint sets them, an optional dependency: nothing of it is imported before a PDF is asked for. A PDF is made when
somebody asks for it, and does not outlive the judgement that it tells of.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from harness.model.run import Run
from reports import ReadPayload

PDF_FILE: Final = "report.pdf"


class OutdatedPaper:
    """Removes the report.pdf of an earlier judgement."""

    name = "paper"
    order = 5

    def write(self, run: Run, out: Path, payload: ReadPayload) -> None:
        """Remove what tells of another judgement."""
        (out / PDF_FILE).unlink(missing_ok=True)


REPORT = OutdatedPaper()
