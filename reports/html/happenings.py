"""What happened in a play, in the order of time: exchanges, what was sent again, what fits no step, what befell links.

Exchanges that say the same in a row are one row; nothing is decided here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from harness.model.names import ExchangeId, LinkId, PlayId
from harness.model.profile import Service
from harness.model.run import LegResult, PlayResult, Run
from harness.model.transcript import Event, EventKind, Exchange
from harness.model.verdict import Verdict, worst
from reports.html.wire import Place, Recorded
from reports.wording import step_anchor

ALIKE: Final = 4
"""So many exchanges in a row that say the same become one arrow."""

_TOLD: Final = frozenset(
    {
        EventKind.LINK_LOST,
        EventKind.UNREACHABLE,
        EventKind.TLS_FAILED,
        EventKind.REJECTED,
        EventKind.CONTEXT_REFUSED,
        EventKind.NO_RESPONSE,
        EventKind.MISUSED,
        EventKind.NOISE,
        EventKind.LEG_EXPIRED,
        EventKind.CANNOT_ACT,
        EventKind.HOOK,
        EventKind.ASKED,
        EventKind.ANSWERED,
        EventKind.INTERRUPTED,
        EventKind.INTERNAL_ERROR,
    }
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing that happened: an exchange of a step or of none, a leg that never came, or an event of a link.

    `kind`: `never`, `stray` (fits no step), `late`, or empty. `tag` says what is special; `count`: how many alike.
    """

    time: float
    place: Place | None = None
    exchange: Exchange | None = None
    event: Event | None = None
    tag: str = ""
    kind: str = ""
    count: int = 1


Events = Mapping[PlayId, tuple[Event, ...]]


def events_of(run: Run) -> Events:
    """What is told of the links and steps of each play."""
    if run.transcript is None:
        return {}
    causes: dict[LinkId, PlayId] = {link.id: link.cause.play for link in run.transcript.links if link.cause}
    links = {exchange.id: exchange.link.id for exchange in run.transcript.exchanges}
    for play in run.plays:
        for step in play.steps:
            for leg in step.legs:
                for number in leg.exchanges:
                    if number in links:
                        causes.setdefault(links[number], play.play)
    found: dict[PlayId, list[Event]] = defaultdict(list)
    for event in run.transcript.events:
        if event.kind in _TOLD:
            play_id = event.play or (event.step.play if event.step else None)
            if play_id is None and event.link is not None:
                play_id = causes.get(event.link)
            if play_id is not None:
                found[play_id].append(event)
    return {play_id: tuple(events) for play_id, events in found.items()}


def rows_of_play(play: PlayResult, known: Recorded, events: Sequence[Event]) -> list[Row]:
    """Everything that is drawn, in the order of time; a leg that never came stands where the scenario has it."""
    found: list[Row] = []
    latest = 0.0
    for step in play.steps:
        for leg in step.legs:
            recorded = [known.exchanges[number] for number in leg.exchanges if number in known.exchanges]
            found += _of_leg(Place(play, step, leg), recorded)
            latest = max([latest, *(exchange.request.time for exchange in recorded)])
            if not recorded and leg.verdict.rank > Verdict.PASS.rank:
                found.append(Row(time=latest, place=Place(play, step, leg), kind="never"))
    found += _strays(found, known)
    found += [Row(time=event.time, event=event) for event in events]
    found.sort(key=lambda row: row.time)
    return _gathered(found, known)


def _of_leg(place: Place, exchanges: Sequence[Exchange]) -> Iterable[Row]:
    """The exchanges of a leg; a request with the bytes of an earlier one is said to be sent again."""
    seen: Counter[str] = Counter()
    for exchange in exchanges:
        payload, command = exchange.request.payload, exchange.request.command
        again = ""
        if payload is not None:
            seen[payload.sha256] += 1
            if seen[payload.sha256] > 1:
                asks = command is not None and command.service is Service.C_FIND
                again = f"{'asked' if asks else 'sent'} again, {seen[payload.sha256]}"
        yield Row(time=exchange.request.time, place=place, exchange=exchange, tag=again)


def _strays(rows: Sequence[Row], known: Recorded) -> list[Row]:
    """What came while the play ran, between its actors, and belongs to no step of any play, or came too late."""
    times = [row.time for row in rows if row.exchange is not None]
    if not times:
        return []
    actors = {end for row in rows if row.place for end in (row.place.leg.initiator, row.place.leg.responder)}
    late = known.run.late
    found = []
    for number in (*known.run.orphans, *late):
        exchange = known.exchanges.get(number)
        if exchange is None or not min(times) <= exchange.request.time <= max(times):
            continue
        if exchange.link.actor in actors and number not in known.places:
            kind = "late" if number in late else "stray"
            tag = "came too late" if kind == "late" else "fits no step"
            found.append(Row(time=exchange.request.time, exchange=exchange, kind=kind, tag=tag))
    return found


def _gathered(rows: Sequence[Row], known: Recorded) -> list[Row]:
    """Exchanges in a row that say the same become one row."""
    runs: list[list[Row]] = []
    for row in rows:
        if runs and _says(row, known) is not None and _says(row, known) == _says(runs[-1][0], known):
            runs[-1].append(row)
        else:
            runs.append([row])
    found: list[Row] = []
    for run in runs:
        if len(run) < ALIKE:
            found += run
        else:
            first = run[0]
            found.append(
                Row(time=first.time, place=first.place, exchange=first.exchange, tag=first.tag, count=len(run))
            )
    return found


def _says(row: Row, known: Recorded) -> tuple[str, ...] | None:
    """What a row says; None for one that always stands by itself."""
    if row.exchange is None or row.place is None:
        return None
    verdict = verdict_in_leg(row.place.leg, row.exchange.id)
    if verdict.rank > Verdict.PASS.rank:
        return None
    headline = known.headlines[row.exchange.id]
    return (step_anchor(row.place.play, row.place.step), row.place.leg.leg, headline.title, headline.answer)


def verdict_in_leg(leg: LegResult, exchange: ExchangeId) -> Verdict:
    """The verdict of one exchange of a leg; that of the leg where no finding explains it."""
    found = leg.exchange_verdicts
    return leg.verdict if found is None else worst([Verdict.PASS, found.get(exchange, Verdict.NONE)])
