"""Exchanges on the page: a line of the index for each, and its messages in blocks that are unpacked when opened.

What a reader looks for first is packed first; what goes beyond the budget keeps its line, and its messages stay beside
the report, in the evidence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from harness.model.names import ExchangeId
from harness.model.run import LegResult, PlayResult, Run, StepResult
from harness.model.transcript import Exchange
from harness.model.verdict import Verdict, worst
from reports import ReadPayload
from reports.associations import address_words
from reports.exchanges import ExchangeView, Headline, MessageView, exchange_view
from reports.html.packing import Packing
from reports.latency import Timing
from reports.marking import Mark, MarkedRow, Marks
from reports.printable import printable
from reports.wording import citation_words, comparison, step_anchor, subject, verdict_words

CHUNK: Final = 32
"""Exchanges of one block."""

_MARKS: Final = 40
_PAYLOAD: Final = re.compile(r"[0-9a-f]{64}\.(hl7|dcm|bin)")

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]


@dataclass(frozen=True)
class Place:
    """Where an exchange belongs: a leg of a step of a play."""

    play: PlayResult
    step: StepResult
    leg: LegResult


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What is known of the exchanges of a run before anything is laid out."""

    run: Run
    payload: ReadPayload
    exchanges: Mapping[ExchangeId, Exchange]
    headlines: Mapping[ExchangeId, Headline]
    timings: Mapping[ExchangeId, Timing]
    marks: Marks
    places: Mapping[ExchangeId, Place]
    start: float = 0.0
    strays: frozenset[ExchangeId] = field(default_factory=frozenset)


def places_of(run: Run) -> Mapping[ExchangeId, Place]:
    """The first leg that each exchange belongs to."""
    found: dict[ExchangeId, Place] = {}
    for play in run.plays:
        for step in play.steps:
            for leg in step.legs:
                for number in leg.exchanges:
                    found.setdefault(number, Place(play, step, leg))
    return found


def pack_exchanges(known: Recorded, packing: Packing, budget: int) -> frozenset[ExchangeId]:
    """Pack the exchanges and their index; those whose messages are on the page."""
    where: dict[ExchangeId, int] = {}
    size, number = packing.size, 0
    chunk: dict[str, Json] = {}
    order = _of_interest(known)
    for place, id_ in enumerate(order):
        view = exchange_view(
            known.exchanges[id_], known.payload, known.marks.get(id_, ()), known.start, known.headlines[id_]
        )
        chunk[str(id_)] = _detail(view, known.marks.get(id_, ()), known.timings.get(id_))
        where[id_] = number
        if len(chunk) == CHUNK or place == len(order) - 1:
            packing.add(f"x{number}", text_of(chunk))
            number, chunk = number + 1, {}
            if packing.size - size > budget:
                break
    packing.add("index", text_of(_index(known, where)))
    return frozenset(where)


def _of_interest(known: Recorded) -> list[ExchangeId]:
    """The exchanges, those that a reader looks for first at the front."""
    run, recorded = known.run, known.exchanges
    violated = (number for number in recorded if any(mark.violated for mark in known.marks.get(number, ())))
    failing = [play for play in run.plays if play.verdict.rank > Verdict.PASS.rank]
    order = [
        *violated,
        *_of_plays(failing, only_failing=True),
        *run.orphans,
        *run.late,
        *_of_plays(failing, only_failing=False),
        *recorded,
    ]
    return [number for number in dict.fromkeys(order) if number in recorded]


def _of_plays(plays: Iterable[PlayResult], *, only_failing: bool) -> Iterable[ExchangeId]:
    """Exchanges of the plays; `only_failing`: of steps that did not pass."""
    return (
        number
        for play in plays
        for step in play.steps
        if not only_failing or step.verdict.rank > Verdict.PASS.rank
        for leg in step.legs
        for number in leg.exchanges
    )


def verdict_of_exchange(known: Recorded, number: ExchangeId) -> Verdict:
    """The gravest verdict of what was decided at an exchange; NONE where nothing was."""
    return worst(mark.judged.verdict for mark in known.marks.get(number, ()) if not mark.quiet)


def _index(known: Recorded, blocks: Mapping[ExchangeId, int]) -> Mapping[str, Json]:
    """Lines of the list, and the steps and plays that they and links belong to."""
    steps: dict[str, int] = {}
    plays = {play.play: place for place, play in enumerate(known.run.plays)}
    rows: list[Json] = []
    for play in known.run.plays:
        for step in play.steps:
            steps.setdefault(step_anchor(play, step), len(steps))
            rows.append(_step(step_anchor(play, step), plays[play.play], step))
    return {
        "steps": rows,
        "x": [_line(known, number, steps, blocks.get(number, -1)) for number in known.exchanges],
    }


def _step(anchor: str, play: int, step: StepResult) -> Json:
    actors = dict.fromkeys(end for leg in step.legs for end in (leg.initiator, leg.responder))
    return [
        anchor,
        printable(step.step, 60),
        printable(step.transaction, 20),
        step.verdict.value,
        play,
        [printable(actor, 60) for actor in actors],
    ]


def _line(known: Recorded, number: ExchangeId, steps: Mapping[str, int], block: int) -> Json:
    exchange, headline = known.exchanges[number], known.headlines[number]
    place, timing = known.places.get(number), known.timings.get(number)
    sender, receiver = ends_of(exchange, place)
    waited = timing.waited if timing is not None else None
    return [
        number,
        round(exchange.request.time - known.start, 3),
        headline.title,
        headline.answer,
        sender,
        receiver,
        verdict_of_exchange(known, number).value,
        steps.get(step_anchor(place.play, place.step), -1) if place is not None else -1,
        round(waited * 1000, 1) if waited is not None else None,
        block,
        "late" if number in known.run.late else "stray" if number in known.strays else "",
    ]


def ends_of(exchange: Exchange, place: Place | None) -> tuple[str, str]:
    """Who sent the request to whom: the actors of its leg, else as far as the link tells."""
    if place is not None:
        return printable(place.leg.initiator, 60), printable(place.leg.responder, 60)
    ours = printable(exchange.link.actor, 60)
    theirs = printable(exchange.link.peer_actor or address_words(exchange.link.peer), 60)
    return (ours, theirs) if exchange.sent else (theirs, ours)


def _detail(view: ExchangeView, marks: Sequence[Mark], timing: Timing | None) -> Json:
    judged = sorted((mark for mark in marks if mark.violated), key=lambda mark: -mark.judged.verdict.rank)
    return {
        "f": [list(pair) for pair in view.facts],
        "c": [[one.abstract_syntax, one.result, one.accepted] for one in view.contexts],
        "n": list(view.notes),
        "j": [judged_json(mark) for mark in judged[:_MARKS]],
        "met": len(marks) - len(judged),
        "w": [[name, round(seconds, 6)] for name, seconds in timing.marks] if timing is not None else [],
        "m": [message_json(message) for message in view.messages],
    }


def judged_json(mark: Mark) -> Json:
    """A finding in the list above the messages: tone, verdict, subject, what was compared, clause, link to its card."""
    judged = mark.judged
    return [
        mark.tone,
        verdict_words(judged).lower(),
        subject(judged),
        comparison(judged),
        citation_words(judged),
        mark.anchor,
        mark.place,
    ]


def message_json(message: MessageView) -> Json:
    """The bytes stand as the characters of their numbers, so that they pack well beside the values they spell."""
    return {
        "h": message.heading,
        "t": message.time,
        "f": [list(pair) for pair in message.facts],
        "n": list(message.notes),
        "r": [_row(row) for row in message.rows],
        "b": message.wire.decode("latin-1"),
        "s": message.size,
        "p": message.file_name if _PAYLOAD.fullmatch(message.file_name) else "",
    }


def _row(marked: MarkedRow) -> Json:
    """Depth, place, name, value; then, only where there is something: what was decided there, heading, absent."""
    row = marked.row
    short: list[Json] = [row.depth, row.place, row.name, row.value]
    if not (marked.marks or marked.absent or row.heading):
        return short
    complaints: list[Json] = [[mark.tone, mark.words, mark.anchor] for mark in marked.marks[:_MARKS] if mark.violated]
    return [*short, complaints, len(marked.marks), row.heading, marked.absent]


def text_of(data: Json) -> str:
    """Data as JSON, as short as it can be."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
