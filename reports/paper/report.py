"""The report of a run on paper: what people read and sign. Messages and diagrams are in the HTML report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from harness.model.run import PlayResult, Run
from harness.model.verdict import Verdict
from reports.claim_sheet.page import environment, style_of
from reports.claim_sheet.view import Sheet, sheet_of, told_run
from reports.grouping import Group, ReasonGroup, complaints, warnings
from reports.known import KnownText, gate_words, known_summary, known_texts
from reports.overriding import AttestationText, OverrideText, attestation_texts, override_summary, override_texts
from reports.paper.typesetting import pdf
from reports.reproduction import Reproduction
from reports.wording import (
    citation_words,
    evidence_words,
    more_words,
    not_judged,
    plays_words,
    unexplained,
    verdict_words,
    where,
    why_words,
)

_FOLDER = Path(__file__).parent / "templates"
_FINDINGS = 150
_WARNINGS = 100
_ROWS = 300


@dataclass(frozen=True, kw_only=True)
class Paper:
    """Everything the template lays out. Of what is bounded, the whole count stands beside it."""

    run: Run
    sheet: Sheet
    again: Reproduction
    steps: tuple[tuple[Verdict, int], ...]
    plays: tuple[PlayResult, ...]
    failures: tuple[Group, ...]
    failure_count: int
    unexplained: tuple[ReasonGroup, ...]
    unexplained_count: int
    warnings: tuple[Group, ...]
    warning_count: int
    warned: int
    not_judged: tuple[ReasonGroup, ...]
    not_judged_count: int
    overrides: tuple[OverrideText, ...]
    override_summary: str
    known: tuple[KnownText, ...]
    known_summary: str
    gate: str
    attestations: tuple[AttestationText, ...]


def report_pdf(run: Run, out: Path) -> bytes:
    """The report of the run in that folder as PDF."""
    return pdf(report_page(run, out))


def report_page(run: Run, out: Path) -> str:
    """The page that is set."""
    made = environment(_FOLDER)
    made.globals.update(
        verdict_words=verdict_words,
        evidence_words=evidence_words,
        why_words=why_words,
        where=where,
        more_words=more_words,
        plays_words=plays_words,
        citation_words=citation_words,
        step_counts=_step_counts,
    )
    return made.get_template("report.html").render(
        page=_paper(run, out),
        paper=True,
        style=Markup(style_of("common.css", "paper.css")),  # noqa: S704 - our own file, not data
    )


def _paper(run: Run, out: Path) -> Paper:
    failures, reasons, warned, unjudged = complaints(run), unexplained(run), warnings(run), not_judged(run)
    return Paper(
        run=run,
        sheet=sheet_of([told_run(run, out)]),
        again=Reproduction(out, run),
        steps=_graded(Counter(step.verdict for play in run.plays for step in play.steps)),
        plays=tuple(sorted(run.plays, key=lambda play: -play.verdict.rank))[:_ROWS],
        failures=failures[:_FINDINGS],
        failure_count=len(failures),
        unexplained=reasons[:_ROWS],
        unexplained_count=len(reasons),
        warnings=warned[:_WARNINGS],
        warning_count=len(warned),
        warned=sum(group.count for group in warned),
        not_judged=unjudged[:_ROWS],
        not_judged_count=len(unjudged),
        overrides=override_texts(run),
        override_summary=override_summary(run),
        known=known_texts(run),
        known_summary=known_summary(run),
        gate=gate_words(run),
        attestations=attestation_texts(run),
    )


def _step_counts(play: PlayResult) -> str:
    """`1 fail, 9 pass`."""
    counts = _graded(Counter(step.verdict for step in play.steps))
    return ", ".join(f"{count} {verdict.value}" for verdict, count in counts) or "none"


def _graded(counts: Mapping[Verdict, int]) -> tuple[tuple[Verdict, int], ...]:
    order: Iterable[Verdict] = reversed(Verdict)
    return tuple((verdict, counts[verdict]) for verdict in order if counts.get(verdict))
