"""Where the messages of two runs differ, field by field, each run's own identifiers and times apart. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from harness.comparing.identity import Days, Difference, Renaming, Votes
from harness.comparing.leaves import THERE, Kind, Leaf, Leaves, leaves_of
from harness.comparing.pairing import (
    LegPair,
    Recorded,
    differing_counts,
    is_final,
    kind_of,
    legs_of,
    paired,
    paired_answers,
)
from harness.comparing.verdicts import Pairs
from harness.hl7.names import path_name
from harness.model.comparison import Count, FieldChange, Place, Way
from harness.model.names import ActorName, ExchangeId, PlayId
from harness.model.run import PlayResult, Run
from harness.model.transcript import Capture, Exchange, Half

_ITEM = re.compile(r"\[\d+\]")
_HL7 = re.compile(r"[A-Z][A-Z0-9]{2}\[\d+\]")
_DISTINCT = 5
"""How many different values of one place are told each by itself."""

_WAYS = {Difference.OTHER: Way.OTHER, Difference.RELATION: Way.RELATION, Difference.FORM: Way.FORM}


@dataclass(frozen=True)
class _Spot:
    """A place of two messages that may differ, and of which messages; None where one has no such place."""

    leg: LegPair
    exchanges: tuple[ExchangeId, ExchangeId]
    message: str
    half: Half
    path: str
    before: Leaf | None
    after: Leaf | None


@dataclass(kw_only=True)
class Messages:
    """What the messages of two runs show: `renamings` by plays of the first run."""

    fields: list[FieldChange] = field(default_factory=list)
    counts: list[Count] = field(default_factory=list)
    renamings: dict[PlayId, Renaming] = field(default_factory=dict)
    compared: int = 0


def messages_moved(before: Recorded, after: Recorded, pairs: Pairs) -> Messages:
    """Compare the messages of every leg that both runs have."""
    found = Messages()
    now = {play.play: play for play in after.run.plays}
    recorded = before.exchanges(), after.exchanges()
    days = Days(_day(before.run), _day(after.run))
    grouped: dict[tuple[object, ...], list[tuple[_Spot, Way, str]]] = defaultdict(list)
    for play in before.run.plays:
        other = now.get(pairs.get(play.play, PlayId("")))
        if other is not None:
            for spot, way, same_as in _Play(before, after, days, found).differences(play, other, recorded):
                grouped[_group(spot, way)].append((spot, way, same_as))
    found.fields = list(_fields(grouped))
    return found


def _day(run: Run) -> date | None:
    try:
        return date.fromisoformat(run.plan.started[:10])
    except ValueError:
        return None


class _Play:
    """The messages of one play in both runs."""

    def __init__(self, before: Recorded, after: Recorded, days: Days, found: Messages) -> None:
        self._before, self._after = before, after
        self._days = days
        self._found = found
        self._votes = Votes()
        self._spots: list[_Spot] = []
        self._play = PlayId("")

    def differences(
        self,
        before: PlayResult,
        after: PlayResult,
        recorded: tuple[Mapping[ExchangeId, Exchange], Mapping[ExchangeId, Exchange]],
    ) -> Iterator[tuple[_Spot, Way, str]]:
        """Places that differ, each with what an identifier was the same as before."""
        self._play = after.play
        for pair in legs_of(before, after, recorded):
            kinds = (
                [kind_of(one, self._before) for one in pair.before],
                [kind_of(one, self._after) for one in pair.after],
            )
            for what, then, now in differing_counts(pair, kinds):
                self._count(pair, what, then, now)
            for one, other in paired(pair.before, pair.after, kinds):
                self._exchange(pair, one, other)
        known = self._found.renamings[before.play] = self._votes.renaming(self._days)
        homes = _homes(self._spots)
        for spot in self._spots:
            way = _way(spot, known)
            if way is not None:
                yield spot, way, _same_as(spot, homes) if way is Way.RELATION else ""

    def _count(self, pair: LegPair, what: str, then: int, now: int) -> None:
        self._found.counts.append(
            Count(
                play=self._play,
                step=pair.step.step,
                leg=pair.leg.leg,
                transaction=pair.step.transaction,
                what=what,
                before=then,
                after=now,
            )
        )

    def _exchange(self, pair: LegPair, before: Exchange, after: Exchange) -> None:
        request = self._leaves(self._before, before.request), self._leaves(self._after, after.request)
        message = _message(before, request[0])
        self._hold(pair, before, after, (message, Half.REQUEST), request)
        then, now = before.responses, after.responses
        if len(then) != len(now):
            self._count(pair, f"responses to a {message}", len(then), len(now))
        pending = [one for one in then if not is_final(one)], [one for one in now if not is_final(one)]
        final = [one for one in then if is_final(one)], [one for one in now if is_final(one)]
        self._answers(pair, (before, after), message, pending)
        self._answers(pair, (before, after), message, final)

    def _answers(
        self,
        pair: LegPair,
        exchanges: tuple[Exchange, Exchange],
        message: str,
        answers: tuple[Sequence[Capture], Sequence[Capture]],
    ) -> None:
        then = [self._leaves(self._before, one) for one in answers[0]]
        now = [self._leaves(self._after, one) for one in answers[1]]
        known = self._votes.renaming(self._days) if len(then) > 1 or len(now) > 1 else NOTHING_KNOWN
        for both in paired_answers(then, now, known):
            self._hold(pair, *exchanges, (message, Half.RESPONSE), both)

    def _leaves(self, recorded: Recorded, capture: Capture) -> Leaves:
        return leaves_of(capture, recorded.content(capture))

    def _hold(
        self,
        pair: LegPair,
        before: Exchange,
        after: Exchange,
        message: tuple[str, Half],
        both: tuple[Leaves, Leaves],
    ) -> None:
        """Take in the places of two messages, and keep those that may differ."""
        self._found.compared += 1
        then, now = both
        for path, leaf in then.items():
            other = now.get(path)
            if other is None:
                continue
            self._votes.add(leaf, other)
            if leaf.value != other.value or leaf.kind is Kind.IDENTIFIER:
                self._spots.append(_Spot(pair, (before.id, after.id), *message, path, leaf, other))
        for path in _alone(then, now):
            self._spots.append(_Spot(pair, (before.id, after.id), *message, path, then[path], None))
        for path in _alone(now, then):
            self._spots.append(_Spot(pair, (before.id, after.id), *message, path, None, now[path]))


NOTHING_KNOWN = Renaming(forth={}, back={}, days=Days(None, None))


def _message(exchange: Exchange, leaves: Leaves) -> str:
    command = exchange.request.command
    if command is not None:
        return command.service.value
    parts = (leaves.get(f"MSH[1]-9[1].{number}") for number in (1, 2))
    return "^".join(part.value for part in parts if part is not None) or exchange.link.kind.value


def _alone(one: Leaves, other: Leaves) -> Iterator[str]:
    """Places that only one message has; not what is within a segment or an item that it alone has."""
    holders = {holder for path in other for holder in _holders(path)}
    for path, leaf in one.items():
        if path not in other and leaf.value and all(holder in holders for holder in _holders(path)):
            yield path


def _holders(path: str) -> Iterator[str]:
    """The segment, or the items, that a place is in."""
    segment = _HL7.match(path)
    if segment is not None:
        yield from (segment.group(),) if segment.end() < len(path) else ()
        return
    yield from (path[: found.end()] for found in _ITEM.finditer(path))


def _way(spot: _Spot, known: Renaming) -> Way | None:
    if spot.before is None:
        return Way.ADDED
    if spot.after is None:
        return Way.ABSENT
    if not spot.after.value and spot.before.value:
        return Way.ABSENT
    if not spot.before.value and spot.after.value:
        return Way.ADDED
    found = known.difference(spot.before, spot.after)
    return _WAYS[found] if found is not None else None


def _homes(spots: Iterable[_Spot]) -> dict[tuple[str, str], str]:
    """Where each identifier of the first run stood first."""
    homes: dict[tuple[str, str], str] = {}
    for spot in spots:
        if spot.before is not None and spot.before.kind is Kind.IDENTIFIER:
            where = f"{shown_path(spot.path)} of {spot.message} in exchange {spot.exchanges[0]}"
            homes.setdefault((spot.before.domain, spot.before.value), where)
    return homes


def _same_as(spot: _Spot, homes: Mapping[tuple[str, str], str]) -> str:
    if spot.before is None:
        return ""
    home = homes.get((spot.before.domain, spot.before.value), "")
    return "" if home.startswith(f"{shown_path(spot.path)} of {spot.message} in") else home


def shown_path(path: str) -> str:
    """A place as people write it: the first segment and the first repetition without a number."""
    if _HL7.match(path):
        return path.replace("[1]", "")
    return path


def _general(path: str) -> str:
    """A place with any item of a sequence for each."""
    return _ITEM.sub("[*]", shown_path(path))


def _group(spot: _Spot, way: Way) -> tuple[object, ...]:
    told = way in (Way.OTHER, Way.FORM) and Kind.IDENTIFIER not in {_kind(spot.before), _kind(spot.after)}
    values = (_value(spot.before), _value(spot.after)) if told else ()
    return (*_where(spot), way, values)


def _where(spot: _Spot) -> tuple[object, ...]:
    return spot.leg.step.transaction, spot.leg.leg.leg, spot.message, spot.half, _general(spot.path)


def _kind(leaf: Leaf | None) -> Kind | None:
    return leaf.kind if leaf is not None else None


def _value(leaf: Leaf | None) -> str:
    return leaf.value if leaf is not None else ""


def _fields(grouped: Mapping[tuple[object, ...], Sequence[tuple[_Spot, Way, str]]]) -> Iterator[FieldChange]:
    """A change for each group; of a place with many different values, one for all of them."""
    by_place: dict[tuple[object, ...], list[FieldChange]] = defaultdict(list)
    for members in grouped.values():
        change = _field(members)
        by_place[(*_where(members[0][0]), change.way)].append(change)
    for changes in by_place.values():
        if len(changes) <= _DISTINCT:
            yield from changes
        else:
            yield replace(changes[0], places=tuple(place for change in changes for place in change.places))


def _field(members: Sequence[tuple[_Spot, Way, str]]) -> FieldChange:
    spot, way, same_as = members[0]
    leg = spot.leg.leg
    answers = spot.half is Half.RESPONSE
    shown = shown_path(spot.path)
    sender: ActorName = leg.responder if answers else leg.initiator
    return FieldChange(
        transaction=spot.leg.step.transaction,
        leg=leg.leg,
        message=spot.message,
        half=spot.half,
        sender=sender,
        receiver=leg.initiator if answers else leg.responder,
        path=shown if len(members) == 1 else _general(spot.path),
        name=_name(shown) if _HL7.match(spot.path) else "",
        way=way,
        before=_told(spot.before),
        after=_told(spot.after),
        same_as=same_as,
        places=tuple(_place(one) for one, _, _ in members),
    )


def _told(leaf: Leaf | None) -> str:
    return "" if leaf is None or leaf.value == THERE else leaf.value


def _name(path: str) -> str:
    try:
        return path_name(path, "")
    except ValueError:
        return ""


def _place(spot: _Spot) -> Place:
    return Place(play=spot.leg.play, step=spot.leg.step.step, before=spot.exchanges[0], after=spot.exchanges[1])
