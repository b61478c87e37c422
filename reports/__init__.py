"""Reports: each reads one finished run and writes files. A module here with a `REPORT` is found by itself.

Reports know the model and how to decode what was recorded; they know no transport, no profile and no engine,
decide nothing, and treat every value as hostile.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

from harness.model.run import Run
from harness.model.transcript import Payload

ReadPayload = Callable[[Payload], bytes | Path]


@runtime_checkable
class Report(Protocol):
    """One rendering of a run. Reports are written in rising `order`; `name` selects one and is unique."""

    name: str
    order: int

    def write(self, run: Run, out: Path, payload: ReadPayload) -> None:
        """Write the report's files under `out`; `payload` reads the bytes of a payload of the evidence."""


def reports() -> tuple[Report, ...]:
    """Every report in this package, in writing order; ValueError when one breaks the contract."""
    found: dict[str, Report] = {}
    for module in pkgutil.iter_modules(__path__):
        report = getattr(importlib.import_module(f"{__name__}.{module.name}"), "REPORT", None)
        if report is None:
            continue
        if not isinstance(report, Report):
            raise ValueError(f"reports.{module.name}.REPORT is not a report: it needs name, order and write()")
        if report.name in found:
            raise ValueError(f"two reports are called {report.name}")
        found[report.name] = report
    return tuple(sorted(found.values(), key=lambda report: (report.order, report.name)))
