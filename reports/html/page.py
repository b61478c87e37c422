"""What the page shows, as data: sentences from `wording`, messages from `exchanges`, nothing decided here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.model.names import ActorName, ExchangeId, RequirementId
from harness.model.run import ClaimResult, JudgedFinding, LegResult, PlayResult, Run, StepResult
from harness.model.transcript import Exchange
from harness.model.verdict import Confidence, Verdict
from reports import ReadPayload
from reports.exchanges import ExchangeView, exchange_view, marks_of, start_of, title_of
from reports.html.ledger import Ledger, ledger_of
from reports.html.sequence import Sequence, sequence_of
from reports.printable import printable
from reports.wording import (
    citation_words,
    comparison,
    decisive,
    evidence_words,
    exchange_anchor,
    next_step,
    play_anchor,
    player_words,
    reasons,
    statement,
    step_anchor,
    subject,
    verdict_words,
)

FULL_EXCHANGES = 400
"""Exchanges that are shown with their messages; those with violations come first."""

_NOTABLE = 60


@dataclass(frozen=True, kw_only=True)
class FindingView:
    """A finding in its five parts."""

    word: str
    css: str
    subject: str
    comparison: str
    text: str
    blame: str
    evidence: str
    anchor: str
    citation: str
    condition: str
    source: str
    next_step: str


@dataclass(frozen=True)
class PassedRow:
    """Findings of one requirement that were met or did not apply, counted."""

    requirement: str
    text: str
    citation: str
    actor: str
    believed: bool
    met: int
    other: int


@dataclass(frozen=True, kw_only=True)
class LegView:
    """One leg of a step."""

    leg: LegResult
    route: str
    players: str
    exchanges: tuple[tuple[str, ExchangeId, str], ...]
    more: int
    notable: tuple[FindingView, ...]
    omitted: int
    passed: tuple[PassedRow, ...]


@dataclass(frozen=True, kw_only=True)
class StepView:
    """One step."""

    step: StepResult
    anchor: str
    reasons: tuple[str, ...]
    verdicts: tuple[tuple[str, Verdict], ...]
    legs: tuple[LegView, ...]
    received: str


@dataclass(frozen=True, kw_only=True)
class PlayView:
    """One play with its diagram and identifiers."""

    play: PlayResult
    anchor: str
    roles: tuple[tuple[str, str], ...]
    steps: tuple[StepView, ...]
    counts: tuple[tuple[Verdict, int], ...]
    sequence: Sequence | None
    ledger: Ledger | None


@dataclass(frozen=True)
class BriefExchange:
    """An exchange that is listed without its messages."""

    id: ExchangeId
    anchor: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """Everything the template lays out."""

    run: Run
    claims: tuple[ClaimResult, ...]
    steps: tuple[tuple[Verdict, int], ...]
    step_total: int
    plays: tuple[PlayView, ...]
    failing: tuple[tuple[PlayResult, StepView], ...]
    exchanges: tuple[ExchangeView, ...]
    brief: tuple[BriefExchange, ...]
    out: str


def build_page(run: Run, out: Path, payload: ReadPayload) -> Page:
    """Arrange a run for the page."""
    recorded = {exchange.id: exchange for exchange in run.transcript.exchanges} if run.transcript else {}
    start = start_of(run)
    plays = tuple(_play(play, recorded, payload, start, out) for play in run.plays)
    full, brief = _exchanges(run, recorded, payload, start)
    counts = Counter(step.verdict for play in run.plays for step in play.steps)
    return Page(
        run=run,
        claims=run.claims,
        steps=_graded(counts),
        step_total=sum(counts.values()),
        plays=plays,
        failing=tuple(
            (view.play, step) for view in plays for step in view.steps if step.step.verdict.rank > Verdict.PASS.rank
        ),
        exchanges=full,
        brief=brief,
        out=str(out),
    )


def _graded(counts: Mapping[Verdict, int]) -> tuple[tuple[Verdict, int], ...]:
    return tuple((verdict, counts[verdict]) for verdict in reversed(Verdict) if counts.get(verdict))


def _play(
    play: PlayResult, recorded: Mapping[ExchangeId, Exchange], payload: ReadPayload, start: float, out: Path
) -> PlayView:
    titles = {
        number: title_of(recorded[number], payload)
        for step in play.steps
        for leg in step.legs
        for number in leg.exchanges
        if number in recorded
    }
    return PlayView(
        play=play,
        anchor=play_anchor(play),
        roles=tuple((printable(actor, 60), printable(player, 60)) for actor, player in play.roles.items()),
        steps=tuple(_step(play, step, titles, out) for step in play.steps),
        counts=_graded(Counter(step.verdict for step in play.steps)),
        sequence=sequence_of(play, recorded, payload, start),
        ledger=ledger_of(play),
    )


def _step(play: PlayResult, step: StepResult, titles: Mapping[ExchangeId, str], out: Path) -> StepView:
    first = next((statement(judged) for _, judged in decisive(step)), "")
    why = reasons(step)
    return StepView(
        step=step,
        anchor=step_anchor(play, step),
        reasons=why,
        verdicts=tuple((player_words(player), verdict) for player, verdict in step.verdicts.items()),
        legs=tuple(_leg(play, step, leg, titles, out) for leg in step.legs),
        received=first or "; ".join(why),
    )


def _leg(play: PlayResult, step: StepResult, leg: LegResult, titles: Mapping[ExchangeId, str], out: Path) -> LegView:
    notable = sorted((judged for judged in leg.findings if _is_notable(judged)), key=lambda j: -j.verdict.rank)
    return LegView(
        leg=leg,
        route=f"{printable(leg.initiator, 60)} \u2192 {printable(leg.responder, 60)}",
        players=f"{player_words(leg.initiator_player)} \u2192 {player_words(leg.responder_player)}",
        exchanges=tuple(
            (exchange_anchor(number), number, titles.get(number, "not recorded")) for number in leg.exchanges[:40]
        ),
        more=max(len(leg.exchanges) - 40, 0),
        notable=tuple(_finding(play, step, judged, out) for judged in notable[:_NOTABLE]),
        omitted=max(len(notable) - _NOTABLE, 0),
        passed=_passed(judged for judged in leg.findings if not _is_notable(judged)),
    )


def _is_notable(judged: JudgedFinding) -> bool:
    return judged.verdict.rank > Verdict.PASS.rank or judged.warning or judged.declared


def _finding(play: PlayResult, step: StepResult, judged: JudgedFinding, out: Path) -> FindingView:
    finding = judged.finding
    quiet = judged.warning or judged.declared
    return FindingView(
        word=verdict_words(judged).lower(),
        css="note" if quiet else judged.verdict.value,
        subject=subject(judged),
        comparison=comparison(judged),
        text=printable(judged.requirement.text),
        blame=f"{printable(finding.actor, 60)} ({player_words(judged.player)}, {judged.owner.value})",
        evidence=evidence_words(finding.evidence),
        anchor=exchange_anchor(finding.evidence.exchange) if finding.evidence else "",
        citation=citation_words(judged),
        condition=printable(judged.requirement.condition),
        source=printable(judged.requirement.citation.source),
        next_step=next_step(play, step, finding.evidence, out).partition(" ; ")[2],
    )


def _passed(findings: Iterable[JudgedFinding]) -> tuple[PassedRow, ...]:
    met: Counter[tuple[RequirementId, ActorName]] = Counter()
    other: Counter[tuple[RequirementId, ActorName]] = Counter()
    sample: dict[tuple[RequirementId, ActorName], JudgedFinding] = {}
    for judged in findings:
        key = (judged.requirement.id, judged.finding.actor)
        sample.setdefault(key, judged)
        (met if judged.verdict is Verdict.PASS else other)[key] += 1
    return tuple(
        PassedRow(
            printable(judged.requirement.id, 100),
            printable(judged.requirement.text, 200),
            printable(judged.requirement.citation.text, 120),
            printable(judged.finding.actor, 60),
            judged.requirement.citation.confidence is not Confidence.VERIFIED,
            met[key],
            other[key],
        )
        for key, judged in sample.items()
    )


def _exchanges(
    run: Run, recorded: Mapping[ExchangeId, Exchange], payload: ReadPayload, start: float
) -> tuple[tuple[ExchangeView, ...], tuple[BriefExchange, ...]]:
    marks = marks_of(run)
    violated = [number for number in recorded if any(mark.violated for mark in marks.get(number, ()))]
    chosen = set(list(dict.fromkeys([*violated, *recorded]))[:FULL_EXCHANGES])
    full = tuple(
        exchange_view(exchange, payload, marks.get(number, ()), start)
        for number, exchange in recorded.items()
        if number in chosen
    )
    brief = tuple(
        BriefExchange(number, exchange_anchor(number), title_of(exchange, payload))
        for number, exchange in recorded.items()
        if number not in chosen
    )
    return full, brief
