"""The sequence diagram of a play as coordinates: lifelines are actors, arrows are exchanges in time order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.model.names import ActorName, ExchangeId, PlayerName
from harness.model.run import LegResult, PlayResult, StepResult
from harness.model.transcript import Exchange
from harness.model.verdict import Verdict, worst
from reports.exchanges import Headline
from reports.printable import printable
from reports.wording import exchange_anchor, href, player_words, step_anchor

ARROW_LIMIT = 120
_LANES = (150, 204)
"""The narrowest and the widest lane."""

_WIDTH = 1120
"""What the page has room for; more lifelines than fit make the diagram scroll."""

_MARGIN = 86
_TOP = 66
_ROW = 46


@dataclass(frozen=True)
class Lifeline:
    """An actor: `x` of its line, its name, and who plays it."""

    x: int
    actor: str
    player: str
    under_test: bool


@dataclass(frozen=True, kw_only=True)
class Arrow:
    """One exchange, or one that never came (`never`). The answer runs back below the request."""

    y: int
    x1: int
    x2: int
    label: str
    time: str
    answer: str
    verdict: Verdict
    href: str
    never: bool = False

    @property
    def middle(self) -> int:
        """Where the label stands."""
        return (self.x1 + self.x2) // 2

    @property
    def direction(self) -> int:
        """1 when the request runs to the right."""
        return 1 if self.x2 >= self.x1 else -1


@dataclass(frozen=True, kw_only=True)
class Sequence:
    """A diagram: its size, lines and arrows; `omitted` arrows are counted, not drawn."""

    width: int
    height: int
    top: int
    lifelines: tuple[Lifeline, ...]
    arrows: tuple[Arrow, ...]
    omitted: int


def sequence_of(
    play: PlayResult,
    exchanges: Mapping[ExchangeId, Exchange],
    headlines: Mapping[ExchangeId, Headline],
    start: float,
) -> Sequence | None:
    """The diagram of a play; None when it has no legs."""
    lifelines = _lifelines(play)
    if not lifelines:
        return None
    position = {line.actor: line.x for line in lifelines}
    drawn = _drawn(play, exchanges)
    arrows = []
    for row, (step, leg, exchange) in enumerate(drawn[:ARROW_LIMIT]):
        ends = (position[printable(leg.initiator, 40)], position[printable(leg.responder, 40)])
        arrows.append(_arrow(_TOP + 34 + row * _ROW, ends, play, step, leg, exchange, headlines, start))
    return Sequence(
        width=_MARGIN * 2 + _lane(len(lifelines)) * (len(lifelines) - 1),
        height=_TOP + 24 + max(len(arrows), 1) * _ROW,
        top=_TOP,
        lifelines=lifelines,
        arrows=tuple(arrows),
        omitted=max(len(drawn) - ARROW_LIMIT, 0),
    )


def _drawn(
    play: PlayResult, exchanges: Mapping[ExchangeId, Exchange]
) -> list[tuple[StepResult, LegResult, Exchange | None]]:
    """Exchanges by the time of their request; one that never came stands where the scenario has it."""
    found: list[tuple[float, StepResult, LegResult, Exchange | None]] = []
    latest = 0.0
    for step in play.steps:
        for leg in step.legs:
            recorded = [exchanges[number] for number in leg.exchanges if number in exchanges]
            found += [(exchange.request.time, step, leg, exchange) for exchange in recorded]
            latest = max([latest, *(exchange.request.time for exchange in recorded)])
            if not recorded and leg.verdict.rank > Verdict.PASS.rank:
                found.append((latest, step, leg, None))
    found.sort(key=lambda entry: entry[0])
    return [(step, leg, exchange) for _, step, leg, exchange in found]


def _lifelines(play: PlayResult) -> tuple[Lifeline, ...]:
    players: dict[ActorName, PlayerName] = {}
    for step in play.steps:
        for leg in step.legs:
            players.setdefault(leg.initiator, leg.initiator_player)
            players.setdefault(leg.responder, leg.responder_player)
    lane = _lane(len(players))
    return tuple(
        Lifeline(
            _MARGIN + index * lane,
            printable(actor, 40),
            printable(play.roles[actor], 24) if actor in play.roles else player_words(player)[:24],
            actor in play.roles,
        )
        for index, (actor, player) in enumerate(players.items())
    )


def _verdict(leg: LegResult, exchange: ExchangeId) -> Verdict:
    """The verdict of one exchange of a leg; that of the leg where no finding explains it."""
    found = [
        (judged.finding.evidence.exchange, judged.verdict)
        for judged in leg.findings
        if judged.finding.evidence is not None
    ]
    if leg.verdict is not worst(verdict for _, verdict in found):
        return leg.verdict
    return worst([Verdict.PASS, *(verdict for number, verdict in found if number == exchange)])


def _lane(lifelines: int) -> int:
    narrowest, widest = _LANES
    return min(max((_WIDTH - 2 * _MARGIN) // max(lifelines - 1, 1), narrowest), widest)


def _arrow(
    y: int,
    ends: tuple[int, int],
    play: PlayResult,
    step: StepResult,
    leg: LegResult,
    exchange: Exchange | None,
    headlines: Mapping[ExchangeId, Headline],
    start: float,
) -> Arrow:
    label = f"{printable(step.step, 30)} [{printable(step.transaction, 12)}]"
    if exchange is None:
        anchor = href(step_anchor(play, step))
        return Arrow(
            y=y, x1=ends[0], x2=ends[1], label=label, time="", answer="nothing recorded",
            verdict=leg.verdict, href=anchor, never=True,
        )  # fmt: skip
    return Arrow(
        y=y,
        x1=ends[0],
        x2=ends[1],
        label=label,
        time=f"+{exchange.request.time - start:.2f} s",
        answer=f"{headlines[exchange.id].title.split(' ')[0]}: {headlines[exchange.id].answer}",
        verdict=_verdict(leg, exchange.id),
        href=href(exchange_anchor(exchange.id)),
    )
