"""What the page shows, as data: sentences from `wording`, messages from `exchanges`, nothing decided here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from harness.model.claimed import Observation
from harness.model.names import ExchangeId
from harness.model.run import ClaimResult, PlayResult, Run
from harness.model.transcript import Transcript
from harness.model.verdict import Verdict
from reports import ReadPayload
from reports.exchanges import headline_of, marks_of, start_of
from reports.grouping import ReasonGroup, complaints, warnings
from reports.html.excerpts import Excerpts
from reports.html.findings import Cards, FindingView
from reports.html.happenings import events_of
from reports.html.headline import Choice, choices_of, headline_words
from reports.html.plays import PlayView, graded, play_view
from reports.html.requirements import RequirementTable, requirement_tables
from reports.html.timing import TimingTable, timing_table
from reports.html.wire import Recorded, places_of
from reports.known import KnownText, gate_words, known_summary, known_texts
from reports.latency import timings_of
from reports.overriding import (
    AttestationText,
    OverrideText,
    attestation_texts,
    override_summary,
    override_texts,
)
from reports.printable import printable
from reports.reproduction import Reproduction
from reports.wording import not_judged, play_anchor, plays_words, step_anchor, unexplained

_FIRST = "attention/"
_COLOURS: Mapping[Observation | None, str] = MappingProxyType(
    {
        None: "none",
        Observation.OBSERVED: "pass",
        Observation.PARTLY_OBSERVED: "inconclusive",
        Observation.CONTRADICTED: "fail",
        Observation.NOT_OBSERVED: "none",
    }
)
_WARNED = "warning/"
_CARDS = 20
_ROWS = 200


@dataclass(frozen=True)
class ReasonRow:
    """Steps of one reason, as a row: the first of them with a link, the others counted."""

    verdict: Verdict
    step: str
    transaction: str
    anchor: str
    reason: str
    plays: str
    count: int


@dataclass(frozen=True)
class Option:
    """An option of a claim, what was seen of it, and the colour of that."""

    name: str
    seen: str
    css: str


@dataclass(frozen=True)
class Claimed:
    """What came of a claim, with the options that the vendor claims for it, and the products at the other end."""

    result: ClaimResult
    options: tuple[Option, ...]
    partners: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """A play in the matrix: its verdict, and its place on the page."""

    verdict: Verdict
    anchor: str
    title: str


@dataclass(frozen=True)
class Matrix:
    """Scenarios and forms by the role of the system under test."""

    roles: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]


@dataclass(frozen=True, kw_only=True)
class Page:
    """Everything the template lays out."""

    run: Run
    words: str
    choices: tuple[Choice, ...]
    claims: tuple[Claimed, ...]
    untested: tuple[Claimed, ...]
    steps: tuple[tuple[Verdict, int], ...]
    step_total: int
    matrix: Matrix | None
    cards: tuple[FindingView, ...]
    more_cards: tuple[FindingView, ...]
    unexplained: tuple[ReasonRow, ...]
    attention: int
    warnings: tuple[FindingView, ...]
    warned: int
    not_judged: tuple[ReasonRow, ...]
    unjudged: int
    plays: tuple[PlayView, ...]
    requirements: tuple[RequirementTable, ...]
    overrides: tuple[OverrideText, ...]
    override_summary: str
    known: tuple[KnownText, ...]
    known_summary: str
    gate: str
    attestations: tuple[AttestationText, ...]
    timing: TimingTable
    known_exchanges: Recorded
    recorded: frozenset[ExchangeId]
    out: str


def build_page(run: Run, out: Path, payload: ReadPayload) -> Page:
    """Arrange a run for the page."""
    wire = recorded_of(run, payload)
    cards = Cards(Reproduction(out, run), Excerpts(wire.exchanges, payload, wire.marks))
    events = events_of(run)
    claims = tuple(Claimed(claim, _options(run, claim), _partners(claim)) for claim in run.claims)
    failures, warned, unjudged = complaints(run), warnings(run), not_judged(run)
    counts = Counter(step.verdict for play in run.plays for step in play.steps)
    reasons = tuple(_reason(group) for group in unexplained(run))
    return Page(
        run=run,
        words=headline_words(run, failures),
        choices=choices_of(run),
        claims=claims,
        untested=tuple(one for one in claims if one.result.verdict is Verdict.NONE and not one.result.transactions),
        steps=graded(counts),
        step_total=sum(counts.values()),
        matrix=_matrix(run.plays),
        cards=tuple(cards.of(group, _FIRST) for group in failures[:_CARDS]),
        more_cards=tuple(cards.of(group, _FIRST) for group in failures[_CARDS : _CARDS + _ROWS]),
        unexplained=reasons[:_ROWS],
        attention=len(failures) + len(reasons),
        warnings=tuple(cards.of(group, _WARNED) for group in warned[:_ROWS]),
        warned=sum(group.count for group in warned),
        not_judged=tuple(_reason(group) for group in unjudged[:_ROWS]),
        unjudged=sum(len(group.members) for group in unjudged),
        plays=tuple(play_view(play, wire, events, cards) for play in run.plays),
        requirements=requirement_tables(run),
        overrides=override_texts(run),
        override_summary=override_summary(run),
        known=known_texts(run),
        known_summary=known_summary(run),
        gate=gate_words(run),
        attestations=attestation_texts(run),
        timing=timing_table(run, wire.timings),
        known_exchanges=wire,
        recorded=frozenset(wire.exchanges),
        out=str(out),
    )


def recorded_of(run: Run, payload: ReadPayload) -> Recorded:
    """What is known of the exchanges of a run."""
    transcript = run.transcript or Transcript(links=(), captures=(), events=(), exchanges=())
    exchanges = {exchange.id: exchange for exchange in transcript.exchanges}
    return Recorded(
        run=run,
        payload=payload,
        exchanges=exchanges,
        headlines={number: headline_of(exchange, payload) for number, exchange in exchanges.items()},
        timings=timings_of(transcript),
        marks=marks_of(run),
        places=places_of(run),
        start=start_of(run),
        strays=frozenset(run.orphans),
    )


def _options(run: Run, claim: ClaimResult) -> tuple[Option, ...]:
    """The options that the system's file claims with the actor, with what was observed of each that the profile has."""
    shown = {
        part.option: part.observation
        for part in run.claimed
        if (part.system, part.profile, part.actor) == (claim.system, claim.profile, claim.actor)
    }
    names = dict.fromkeys(
        option
        for system in run.plan.systems
        if system.name == claim.system
        for one in system.claims
        if one.profile == claim.profile and claim.actor in one.actors
        for option in one.options
    )
    return tuple(
        Option(printable(name, 60), shown[name].value if name in shown else "", _COLOURS[shown.get(name)])
        for name in names
    )


def _partners(claim: ClaimResult) -> tuple[str, ...]:
    """Other products that were at the other end; a simulated actor is none."""
    return tuple(sorted({printable(name, 60) for names in claim.partners.values() for name in names}))


def _reason(group: ReasonGroup) -> ReasonRow:
    play, step = group.members[0]
    return ReasonRow(
        group.verdict,
        f"{printable(play.play.partition('@')[0])} / {printable(step.step)}",
        printable(step.transaction),
        step_anchor(play, step),
        "; ".join(group.reasons)
        or ("no finding says why" if group.verdict is not Verdict.NONE else "nothing to judge"),
        plays_words(play for play, _ in group.members),
        len(group.members),
    )


def _matrix(plays: Sequence[PlayResult]) -> Matrix | None:
    """None when there is but one role."""
    names = [(play, *_split(play)) for play in plays]
    roles = tuple(dict.fromkeys(role for _, _, role in names))
    if len(roles) < 2:
        return None
    rows: dict[str, dict[str, Cell]] = {}
    for play, scenario, role in names:
        cell = Cell(play.verdict, play_anchor(play), f"{printable(play.play)}: {play.verdict.value}")
        rows.setdefault(scenario, {})[role] = cell
    return Matrix(
        tuple(printable(role or "simulated", 60) for role in roles),
        tuple((printable(name), tuple(cells.get(role) for role in roles)) for name, cells in rows.items()),
    )


def _split(play: PlayResult) -> tuple[str, str]:
    scenario, _, role = play.play.partition("[")
    return scenario, role.removesuffix("]")
