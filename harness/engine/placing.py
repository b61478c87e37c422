"""A recording with every message placed at its play, step and leg: what the checks are given to see.

Late messages, orphans, and what an interruption cut short are told apart here; nothing is judged.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from pydicom.dataset import Dataset

from harness.checks.recording import ExchangeView, LegView, PlayView, ReadPayload
from harness.engine.attribution import Attribution, Attributor, Learnt, attribute_all
from harness.engine.breaks import Breaks
from harness.engine.reading import Twins, is_complete, twins
from harness.engine.seen import Seen
from harness.model.names import HARNESS, ActorName, ExchangeId, LegId, LinkId, PlayId, StepId, TransactionId
from harness.model.plan import Assignment, LegState, Plan, PlannedLeg, PlannedStep, Play
from harness.model.profile import Leg
from harness.model.system import DimseAddress, Hl7Address
from harness.model.transcript import Event, EventKind, Exchange, Transcript
from harness.profiles import Knowledge


class PlacedRecording:
    """A transcript seen through its plan. `late` came after all their plays were sealed, `orphans` fit no play.

    `seen` is what was found in it, where no scenario drove it: then everything has its place already.
    """

    def __init__(
        self,
        plan: Plan,
        transcript: Transcript,
        read: ReadPayload,
        knowledge: Knowledge,
        learnt: Learnt | None = None,
        seen: Seen | None = None,
    ) -> None:
        if seen is not None:
            transcript = replace(transcript, events=(*transcript.events, *seen.events))
        self._transcript = transcript
        self._knowledge = knowledge
        self._seen = seen
        plays = [play for assignment in plan.assignments for play in assignment.plays]
        self._views, self._placed = self._found(plays, read, learnt)
        self._breaks = Breaks.of(transcript.events)
        self._at: dict[tuple[PlayId, StepId, LegId], list[tuple[Attribution, Exchange]]] = defaultdict(list)
        for exchange in transcript.exchanges:
            for place in self._placed[exchange.id]:
                if exchange.request.seq > self._breaks.abandoned.get(place.play, 0):
                    self._at[place.play, place.step, place.leg].append((place, exchange))
        self._events: dict[PlayId | None, list[Event]] = defaultdict(list)
        for event in sorted(transcript.events, key=lambda event: event.seq):
            self._events[event.play].append(event)
        self._sealed = {event.play: event.seq for event in transcript.events if event.kind is EventKind.PLAY_SEALED}
        self._started = {event.play: event.seq for event in transcript.events if event.kind is EventKind.PLAY_STARTED}
        self._broken = {
            event.link
            for event in transcript.events
            if event.kind in (EventKind.NO_RESPONSE, EventKind.LINK_LOST)
            if event.seq < self._breaks.end and not self._breaks.apart(event.seq)
        }
        self._plays = {play.id: play for play in plays}
        self._recogniser = Attributor(knowledge, ())
        self.late = [
            exchange.id
            for exchange in transcript.exchanges
            if self._placed[exchange.id] and all(self._is_late(one, exchange) for one in self._placed[exchange.id])
        ]
        misused = frozenset(_far_ends_of_misused(transcript))
        self.orphans = [
            exchange.id
            for exchange in transcript.exchanges
            if seen is None and not self._placed[exchange.id] and self._foreign(exchange)
            if not self._breaks.of_earlier_attempt(exchange.request.seq) and exchange.link.id not in misused
        ]
        self.orphans += seen.unknown if seen is not None else ()

    def _found(
        self, plays: Sequence[Play], read: ReadPayload, learnt: Learnt | None
    ) -> tuple[Mapping[ExchangeId, ExchangeView], Mapping[ExchangeId, tuple[Attribution, ...]]]:
        """Every exchange as the checks see it, and where each of them belongs."""
        if self._seen is not None:
            nowhere = {exchange.id: () for exchange in self._transcript.exchanges}
            return self._seen.views, {**nowhere, **self._seen.places}
        decoded: dict[str, Dataset | None] = {}
        views = {one.id: ExchangeView(one, read, decoded) for one in self._transcript.exchanges}
        return views, attribute_all(self._knowledge, plays, views.values(), self._transcript.events, learnt)

    def view(self, assignment: Assignment, play: Play) -> PlayView:
        """What the checks see of a play."""
        return PlayView(
            play=play,
            legs=tuple(self._leg_view(play, planned, leg) for planned in play.steps for leg in planned.legs),
            events=tuple(sorted(self._events_of(play), key=lambda event: event.seq)),
            knowledge=self._knowledge,
            proven=self._proven(assignment) if self._seen is None else self._seen.actors(play),
            interrupted=play.id not in self._sealed,
            unheard=frozenset(self._unheard(assignment)) if self._seen is None else frozenset(),
        )

    def orphan_legs(self, view: PlayView) -> Iterable[tuple[LegView, ExchangeId]]:
        """Legs that a system was to start while a message of that shape came that fits nothing."""
        start, end = self._started.get(view.play.id, 0), self._sealed.get(view.play.id, float("inf"))
        for orphan in self.orphans:
            if not start < self._views[orphan].exchange.request.seq < end:
                continue
            shapes = set(self._recogniser.candidates(self._views[orphan]))
            for leg in view.legs:
                awaited = self._seen is None and leg.planned.state is LegState.LIVE and leg.planned.initiator != HARNESS
                if awaited and (leg.step.transaction.id, leg.planned.leg.id) in shapes:
                    yield leg, orphan

    def _leg_view(self, play: Play, planned: PlannedStep, leg: PlannedLeg) -> LegView:
        here = (play.id, planned.step.id, leg.leg.id)
        parts = self._seen.parts if self._seen is not None else {}
        exchanges = tuple(
            parts.get((play.id, exchange.id), self._views[exchange.id])
            for place, exchange in self._at.get(here, ())
            if not self._is_late(place, exchange) and not self._is_cut_short(place, exchange)
        )
        return LegView(play=play, step=planned, planned=leg, exchanges=exchanges, knowledge=self._knowledge)

    def _is_late(self, place: Attribution, exchange: Exchange) -> bool:
        sealed = self._sealed.get(place.play)
        return sealed is not None and exchange.request.seq > sealed

    def _is_cut_short(self, place: Attribution, exchange: Exchange) -> bool:
        """Whether the record of an unfinished play ends before the answer, or before its time was up."""
        if is_complete(exchange) or exchange.link.id in self._broken:
            return False
        sealed = self._sealed.get(place.play)
        return sealed is None or self._breaks.cut_short(exchange.request.seq, sealed)

    def span(self, play: Play) -> tuple[float, float]:
        """First and last time of the play's own events, in seconds since the epoch."""
        times = [event.time for event in self._events.get(play.id, ())]
        return (min(times), max(times)) if times else (0.0, 0.0)

    def _events_of(self, play: Play) -> Iterator[Event]:
        """The play's own events, and nobody's (a reaction, an interruption) while the play ran.

        What breaks after an interruption breaks because of it.
        """
        breaks = self._breaks
        last, first = float("inf") if play.id in self._sealed else breaks.end, breaks.abandoned.get(play.id, 0)
        own = self._events.get(play.id, ())
        yield from (event for event in own if first < event.seq <= last and not breaks.apart(event.seq))
        begin = self._started.get(play.id)
        if begin is not None:
            nobodys = self._events.get(None, [])
            after = bisect_right(nobodys, begin, key=lambda event: event.seq)
            end = bisect_left(nobodys, self._sealed.get(play.id, float("inf")), key=lambda event: event.seq)
            yield from (event for event in nobodys[after:end] if event.seq <= last and not breaks.apart(event.seq))

    def _proven(self, assignment: Assignment) -> frozenset[ActorName]:
        """Actors whose system connected to us or answered us; what our own actors say to each other proves nothing."""
        players = {player for actor in self._heard if actor for player in assignment.serves.get(actor, {}).values()}
        return frozenset(actor for actor, served in assignment.serves.items() if players & set(served.values()))

    def _unheard(self, assignment: Assignment) -> Iterator[tuple[ActorName, TransactionId]]:
        """Actors in transactions whose own address never took a connection of ours: it may be wrong."""
        for party in assignment.theirs:
            for transaction, link in party.links.items():
                pairs = ((link.dimse, party.dimse), (link.hl7, party.hl7))
                ports = [one.port for one, own in pairs if one is not None and _place(one) != _place(own)]
                if any((party.actor, port) not in self._reached for port in ports):
                    yield party.actor, transaction

    @cached_property
    def _reached(self) -> frozenset[tuple[ActorName | None, int]]:
        """Actors and their ports that took a connection of ours."""
        return frozenset((link.peer_actor, link.peer.port) for link in self._transcript.links if link.ours)

    @cached_property
    def _heard(self) -> frozenset[ActorName | None]:
        """Actors that spoke to us from outside, on any link of the run."""
        own = twins(self._transcript.links, self._transcript.events)
        heard = {link.peer_actor for link in self._transcript.links if not link.ours and link.id not in own}
        for exchange in self._transcript.exchanges:
            if exchange.link.id not in own and (not exchange.sent or exchange.final is not None):
                heard.add(exchange.link.peer_actor)
                heard |= {leg.initiator for leg in self._legs_of(exchange) if not exchange.sent}
        return frozenset(heard)

    def _legs_of(self, exchange: Exchange) -> Iterable[Leg]:
        """The legs that an exchange was placed at: an HL7 sender is known by them alone."""
        for place in self._placed[exchange.id]:
            transaction = self._plays[place.play].step(place.step).transaction
            yield transaction.leg(place.leg)

    def _foreign(self, exchange: Exchange) -> bool:
        """Whether a message came from outside, to one of our endpoints, and could be part of SWF."""
        return not exchange.sent and bool(self._recogniser.candidates(self._views[exchange.id]))


def _far_ends_of_misused(transcript: Transcript) -> Iterator[LinkId]:
    """The links of ours at whose other end one of our actors misused them on purpose: what came there is no message."""
    known = Twins((link for link in transcript.links if link.ours and link.facts.get("misuse")), transcript.events)
    yield from (link.id for link in transcript.links if not link.ours and known.has(link))


def _place(address: DimseAddress | Hl7Address | None) -> tuple[str, int]:
    return (address.host, address.port) if address is not None else ("", 0)
