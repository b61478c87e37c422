"""Plays on the page: steps and legs with what was decided at them; what passed is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from harness.model.names import ExchangeId
from harness.model.run import JudgedFinding, LegResult, PlayResult, StepResult
from harness.model.verdict import Verdict
from reports.exchanges import Headline
from reports.html.findings import Cards, FindingView
from reports.html.happenings import Events
from reports.html.ledger import Ledger, ledger_of
from reports.html.requirements import Brief, briefs
from reports.html.sequence import Diagram, sequence_of
from reports.html.wire import Recorded
from reports.printable import printable
from reports.wording import exchange_anchor, play_anchor, player_words, reasons, step_anchor

_CARDS = 30
_EXCHANGES = 40


@dataclass(frozen=True, kw_only=True)
class LegView:
    """One leg of a step."""

    leg: LegResult
    route: str
    players: str
    exchanges: tuple[tuple[str, ExchangeId, str], ...]
    more: int
    cards: tuple[FindingView, ...]
    omitted: int
    passed: tuple[Brief, ...]


@dataclass(frozen=True, kw_only=True)
class StepView:
    """One step."""

    step: StepResult
    anchor: str
    reasons: tuple[str, ...]
    verdicts: tuple[tuple[str, Verdict], ...]
    legs: tuple[LegView, ...]


@dataclass(frozen=True, kw_only=True)
class PlayView:
    """One play with its diagram and identifiers."""

    play: PlayResult
    anchor: str
    roles: tuple[tuple[str, str], ...]
    steps: tuple[StepView, ...]
    counts: tuple[tuple[Verdict, int], ...]
    warnings: int
    again: str
    sequence: Diagram | None
    ledger: Ledger | None


def play_view(play: PlayResult, wire: Recorded, events: Events, cards: Cards) -> PlayView:
    """Arrange one play."""
    return PlayView(
        play=play,
        anchor=play_anchor(play),
        roles=tuple((printable(actor, 60), printable(player, 60)) for actor, player in play.roles.items()),
        steps=tuple(_step(play, step, wire, cards) for step in play.steps),
        counts=graded(Counter(step.verdict for step in play.steps)),
        warnings=sum(judged.warning for step in play.steps for leg in step.legs for judged in leg.findings),
        again=cards.again.again(play),
        sequence=sequence_of(play, wire, events.get(play.play, ())),
        ledger=ledger_of(play),
    )


def graded(counts: Mapping[Verdict, int]) -> tuple[tuple[Verdict, int], ...]:
    """Counts by verdict, gravest first, without the empty ones."""
    return tuple((verdict, counts[verdict]) for verdict in reversed(Verdict) if counts.get(verdict))


def _step(play: PlayResult, step: StepResult, wire: Recorded, cards: Cards) -> StepView:
    return StepView(
        step=step,
        anchor=step_anchor(play, step),
        reasons=reasons(step),
        verdicts=tuple((player_words(player), verdict) for player, verdict in step.verdicts.items()),
        legs=tuple(_leg(play, step, leg, wire, cards) for leg in step.legs),
    )


def _leg(play: PlayResult, step: StepResult, leg: LegResult, wire: Recorded, cards: Cards) -> LegView:
    found = cards.of_leg(play, step, (judged for judged in leg.findings if is_notable(judged)))
    return LegView(
        leg=leg,
        route=f"{printable(leg.initiator, 60)} \u2192 {printable(leg.responder, 60)}{_other_version(play, leg)}",
        players=f"{player_words(leg.initiator_player)} \u2192 {player_words(leg.responder_player)}",
        exchanges=tuple(
            (exchange_anchor(number), number, _brief(wire.headlines.get(number)))
            for number in leg.exchanges[:_EXCHANGES]
        ),
        more=max(len(leg.exchanges) - _EXCHANGES, 0),
        cards=found[:_CARDS],
        omitted=sum(card.count for card in found[_CARDS:]),
        passed=briefs(judged for judged in leg.findings if not is_notable(judged)),
    )


def _other_version(play: PlayResult, leg: LegResult) -> str:
    """That a link speaks another HL7 version than the play, as the system file says."""
    return f", in HL7 {printable(leg.version, 10)}" if leg.version not in ("", play.form) else ""


def _brief(headline: Headline | None) -> str:
    return f"{headline.title}: {headline.answer}" if headline else "not recorded"


def is_notable(judged: JudgedFinding) -> bool:
    """Whether a finding is shown in full: everything but a plain pass and what did not apply."""
    return judged.verdict.rank > Verdict.PASS.rank or judged.quiet
