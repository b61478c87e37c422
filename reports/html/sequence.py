"""The sequence diagram of a play as coordinates: lifelines are actors, rows are what happened, in the order of time.

Exchanges are arrows, in the band of their step; what was sent again and what fits no step is there, too, and so is what
happened to a link or was asked of a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from harness.model.names import ActorName, PlayerName
from harness.model.run import PlayResult
from harness.model.transcript import Event, EventKind
from harness.model.verdict import Verdict
from reports.exchanges import Headline
from reports.html.happenings import Row, rows_of_play, verdict_in_leg
from reports.html.wire import Place, Recorded, ends_of
from reports.printable import printable
from reports.wording import exchange_anchor, href, player_words, step_anchor

ROW_LIMIT: Final = 400
"""Rows of one diagram; what comes after them is counted."""

GUTTER: Final = 180
"""Room on the left for the steps and the time."""

_LANES: Final = (116, 204)
"""The narrowest and the widest lane."""

_WIDTH: Final = 1176
"""What the page has room for; more lifelines than fit make the diagram scroll."""

_MARGIN: Final = 66
_TOP: Final = 62
_ROW: Final = 42
_NOTE: Final = 28
_PAUSE: Final = 22
_LONG: Final = 2.0
"""Seconds without a row after which the diagram says how long nothing happened."""

_CALM: Final = frozenset({EventKind.HOOK, EventKind.ASKED, EventKind.ANSWERED})


@dataclass(frozen=True)
class Lifeline:
    """An actor: `x` of its line, its name, and who plays it."""

    x: int
    actor: str
    player: str
    under_test: bool


@dataclass(frozen=True, kw_only=True)
class Arrow:
    """One exchange, or several that say the same (`count`), or one that never came. The answer runs back below it.

    `kind`: `never`, `stray` (fits no step), `late`, or empty. `tag` says what is special: a probe, sent again.
    """

    y: int
    x1: int
    x2: int
    label: str
    time: str
    answer: str
    verdict: Verdict
    href: str
    title: str = ""
    tag: str = ""
    kind: str = ""
    count: int = 1

    @property
    def never(self) -> bool:
        """Whether nothing was recorded of it."""
        return self.kind == "never"

    @property
    def middle(self) -> int:
        """Where the label stands."""
        return (self.x1 + self.x2) // 2

    @property
    def direction(self) -> int:
        """1 when the request runs to the right."""
        return 1 if self.x2 >= self.x1 else -1


@dataclass(frozen=True)
class Note:
    """What happened besides messages, at the lifeline of an actor; `tone` is `calm`, `alarm`, or `pause`."""

    y: int
    x: int
    text: str
    time: str
    tone: str


@dataclass(frozen=True)
class Band:
    """Rows of one step that follow each other."""

    y: int
    height: int
    step: str
    transaction: str
    verdict: Verdict
    href: str


@dataclass(frozen=True, kw_only=True)
class Diagram:
    """A diagram: its size, lines, bands, arrows and notes; `omitted` rows are counted, not drawn."""

    width: int
    height: int
    top: int
    gutter: int
    lifelines: tuple[Lifeline, ...]
    bands: tuple[Band, ...]
    arrows: tuple[Arrow, ...]
    notes: tuple[Note, ...]
    omitted: int


def sequence_of(play: PlayResult, known: Recorded, events: Sequence[Event] = ()) -> Diagram | None:
    """The diagram of a play; None when it has no legs."""
    rows = rows_of_play(play, known, events)
    lifelines = _lifelines(play, rows)
    if not lifelines:
        return None
    drawing = _Drawing(play, known, {line.actor: line.x for line in lifelines})
    for row in rows[:ROW_LIMIT]:
        drawing.add(row)
    return Diagram(
        width=GUTTER + _MARGIN * 2 + _lane(len(lifelines)) * (len(lifelines) - 1),
        height=drawing.y + 16,
        top=_TOP,
        gutter=GUTTER,
        lifelines=lifelines,
        bands=tuple(drawing.bands),
        arrows=tuple(drawing.arrows),
        notes=tuple(drawing.notes),
        omitted=sum(row.count for row in rows[ROW_LIMIT:]),
    )


@dataclass
class _Drawing:
    """Gives rows their places."""

    play: PlayResult
    known: Recorded
    position: Mapping[str, int]
    y: int = _TOP
    bands: list[Band] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    _step: str = ""
    _last: float | None = None

    def add(self, row: Row) -> None:
        """Draw a row below those before it."""
        self._pause(row)
        if row.event is not None:
            self._note(row.event)
            return
        self._band(row)
        self.y += _ROW
        ends = self._ends(row)
        self.arrows.append(_arrow(self.y - _ROW + 24, (self._x(ends[0]), self._x(ends[1])), row, self.known))

    def _x(self, actor: str) -> int:
        return self.position[printable(actor, 40)]

    def _ends(self, row: Row) -> tuple[str, str]:
        if row.place is not None:
            return row.place.leg.initiator, row.place.leg.responder
        return ends_of(row.exchange, None) if row.exchange is not None else ("", "")

    def _pause(self, row: Row) -> None:
        if row.kind == "never":
            return
        if self._last is not None and row.time - self._last > _LONG:
            self.notes.append(Note(self.y + 11, 0, f"{row.time - self._last:.1f} s without a message", "", "pause"))
            self.y += _PAUSE
        self._last = row.time

    def _note(self, event: Event) -> None:
        name = printable(event.actor or "", 40)
        text = f"{event.kind.value}: {printable(event.text, 110)}" if event.text else event.kind.value
        tone = "calm" if event.kind in _CALM else "alarm"
        self.notes.append(Note(self.y + 14, self.position.get(name, 0), text, _since(self.known, event.time), tone))
        self.y += _NOTE

    def _band(self, row: Row) -> None:
        """Begin the band of a step, or let it grow when the row above is of the same step."""
        if row.place is None:
            self._step = ""
            return
        step = row.place.step
        anchor = step_anchor(self.play, step)
        if anchor == self._step and self.bands:
            last = self.bands.pop()
            height = self.y + _ROW - last.y
        else:
            last = Band(self.y, _ROW, "", "", step.verdict, href(anchor))
            height = _ROW
        self._step = anchor
        self.bands.append(
            Band(last.y, height, printable(step.step, 26), printable(step.transaction, 12), step.verdict, href(anchor))
        )


def _lifelines(play: PlayResult, rows: Sequence[Row]) -> tuple[Lifeline, ...]:
    players: dict[ActorName, PlayerName | None] = {}
    for step in play.steps:
        for leg in step.legs:
            players.setdefault(leg.initiator, leg.initiator_player)
            players.setdefault(leg.responder, leg.responder_player)
    names = {printable(actor, 40): actor for actor in players}
    for row in rows:
        if row.place is None and row.exchange is not None:
            for end in ends_of(row.exchange, None):
                if printable(end, 40) not in names:
                    names[printable(end, 40)] = ActorName(end)
                    players[ActorName(end)] = None
    lane = _lane(len(players))
    return tuple(
        Lifeline(
            GUTTER + _MARGIN + index * lane,
            printable(actor, 40),
            printable(play.roles[actor], 24) if actor in play.roles else _who(player),
            actor in play.roles,
        )
        for index, (actor, player) in enumerate(players.items())
    )


def _who(player: PlayerName | None) -> str:
    return player_words(player)[:24] if player is not None else "fits no step"


def _lane(lifelines: int) -> int:
    narrowest, widest = _LANES
    return min(max((_WIDTH - GUTTER - 2 * _MARGIN) // max(lifelines - 1, 1), narrowest), widest)


def _since(known: Recorded, time: float) -> str:
    return f"+{time - known.start:.2f} s"


def _arrow(y: int, ends: tuple[int, int], row: Row, known: Recorded) -> Arrow:
    if row.exchange is None:
        return _missing(y, ends, row.place)
    headline = known.headlines[row.exchange.id]
    verdict = verdict_in_leg(row.place.leg, row.exchange.id) if row.place is not None else Verdict.NONE
    return Arrow(
        y=y,
        x1=ends[0],
        x2=ends[1],
        label=_label(headline, row),
        time=_since(known, row.time),
        answer=headline.answer,
        verdict=verdict,
        href=href(exchange_anchor(row.exchange.id)),
        title=f"exchange {row.exchange.id}: {headline.title}",
        tag=row.tag,
        kind=row.kind,
        count=row.count,
    )


def _label(headline: Headline, row: Row) -> str:
    name = headline.title.partition(" ")[0]
    return f"{name} \u00d7{row.count}" if row.count > 1 else name


def _missing(y: int, ends: tuple[int, int], place: Place | None) -> Arrow:
    anchor = href(step_anchor(place.play, place.step)) if place is not None else ""
    label = printable(place.leg.leg, 30) if place is not None else ""
    verdict = place.leg.verdict if place is not None else Verdict.NONE
    return Arrow(
        y=y, x1=ends[0], x2=ends[1], label=label, time="", answer="nothing recorded",
        verdict=verdict, href=anchor, kind="never",
    )  # fmt: skip
