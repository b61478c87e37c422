"""A scripted run as if a relay had watched it: the same messages without plan, causes and events of plays.

What a scenario knew is gone: who sent a message is known by the hop alone, and a record may begin late, end early, or
hold several plays at the same time.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.engine.reading import transcript_of
from harness.model.hop import Hop, HopSide, Watching
from harness.model.names import ActorName, ExchangeId, LinkId, PlayerName, PlayId
from harness.model.plan import Plan
from harness.model.run import Run
from harness.model.system import Times
from harness.model.transcript import Capture, Direction, Event, EventKind, Exchange, Link, Transcript

RELAY = ActorName("Relay")
_ENDS = frozenset({EventKind.LINK_CLOSED, EventKind.LINK_LOST})
_FEW = 4
_DAY = 60.0
"""How many times slower a department works than the test that stands for it."""

SYSTEMS: Mapping[str, str] = {
    "ADT": "HIS",
    "Order Placer": "HIS",
    "Order Filler": "RIS",
    "PPS Manager": "RIS",
    "Modality": "CT",
    "Image Manager": "PACS",
    "Report Repository": "PACS",
    "Image Display": "workstation",
    "Evidence Creator": "workstation",
    "Report Creator": "dictation",
    "Report Manager": "reporting",
    "Report Reader": "reader",
    "Enterprise Report Repository": "EHR",
    "External Report Repository Access": "archive",
}
"""A department of several products: who plays what."""


def apart(actor: ActorName) -> PlayerName:
    """Every actor is a product of its own."""
    return PlayerName(f"the {actor}")


def department(actor: ActorName) -> PlayerName:
    """Products that play several actors."""
    return PlayerName(SYSTEMS[actor])


@dataclass(frozen=True)
class Placed:
    """Where the scripted run had an exchange."""

    play: PlayId
    initiator: ActorName
    responder: ActorName


def placed(run: Run) -> Mapping[ExchangeId, Placed]:
    """Every exchange of a scripted run with the actors at its ends."""
    return {
        number: Placed(play.play, leg.initiator, leg.responder)
        for play in run.plays
        for step in play.steps
        for leg in step.legs
        for number in leg.exchanges
    }


class Relayed:
    """The exchanges of a scripted run as a relay between the systems would have recorded them.

    What stays inside one product passes no relay.
    """

    def __init__(
        self,
        run: Run,
        transcript: Transcript,
        player: Callable[[ActorName], PlayerName] = department,
        *,
        only: Collection[PlayId] = (),
        times: Times | None = None,
        slower: float = _DAY,
        title: Callable[[Exchange], str] | None = None,
    ) -> None:
        self._player = player
        self._slower = slower
        self._title = title
        self._times = times or Times()
        self._run = run
        known = placed(run)
        self.exchanges = [
            one
            for one in transcript.exchanges
            if one.id in known and (not only or known[one.id].play in only)
            if player(known[one.id].initiator) != player(known[one.id].responder)
        ]
        self._known = known
        self._events = [one for one in transcript.events if one.kind in _ENDS and one.link is not None]
        self._connections: dict[tuple[object, ...], LinkId] = {}
        self._ends = {one.link.id: self._ends_of_link(one) for one in self.exchanges}

    @property
    def hops(self) -> tuple[Hop, ...]:
        """Every way that was taken."""
        ways = {(one.link.kind, *self._ends[one.link.id]): None for one in self.exchanges}
        return tuple(
            Hop(
                name=f"{kind.value} {opener} {other}",
                kind=kind,
                accepts=HopSide(player=opener, host="127.0.0.1", port=1),
                leads_to=HopSide(player=other, host="127.0.0.1", port=2),
            )
            for kind, opener, other in ways
        )

    @property
    def plan(self) -> Plan:
        """A plan that knows the hops and nothing else."""
        before = self._run.plan
        group = replace(before.assignments[0], id="watched", ours={}, theirs=(), serves={}, plays=(), times=self._times)
        return replace(before, systems=(), assignments=(group,), defect="", lost=(), watching=Watching(hops=self.hops))

    def transcript(
        self, order: Sequence[Exchange] | None = None, first: int = 0, last: int | None = None
    ) -> Transcript:
        """The record of the exchanges, perhaps in another order, of those from the `first` to the `last` capture."""
        exchanges = self.exchanges if order is None else order
        captures = sorted(
            (capture for number, one in enumerate(exchanges) for capture in self._captures(one)),
            key=lambda capture: capture.seq,
        )
        if order is not None:
            captures = [
                replace(one, seq=place, time=float(place))
                for place, one in enumerate(capture for one in exchanges for capture in self._captures(one))
            ]
        kept = captures[first:last]
        span = (kept[0].seq, kept[-1].seq) if kept else (0, 0)
        ends = {one.link.id: self._number(one.link) for one in exchanges}
        events = (
            []
            if order is not None
            else [
                replace(
                    event, link=LinkId(2 * ends[event.link] - side), seq=4 * event.seq, time=event.time * self._slower
                )
                for event in self._events
                if event.link in ends and span[0] <= 4 * event.seq <= span[1]
                for side in (1, 0)
            ]
        )
        opened = {self._number(one.link): one for one in reversed(exchanges)}
        links = [link for number, one in sorted(opened.items()) for link in self._links(number, one, span[0])]
        return transcript_of(tuple(links), tuple(kept), tuple(events))

    @staticmethod
    def lasting(seen: Transcript, seconds: float) -> Transcript:
        """The record, which goes on for some time after its last message."""
        last = seen.captures[-1]
        quiet = Event(seq=last.seq + 1, time=last.time + seconds, kind=EventKind.LISTENING)
        return replace(seen, events=(*seen.events, quiet))

    def interleaved(self, seed: int) -> list[Exchange]:
        """The exchanges with the plays mixed up, each of them in its own order; without queries that show many entries,
        which would tell of what comes later."""
        chance = random.Random(seed)
        waiting: dict[PlayId, list[Exchange]] = defaultdict(list)
        for one in (one for one in self.exchanges if len(one.responses) <= _FEW):
            waiting[self._known[one.id].play].append(one)
        mixed: list[Exchange] = []
        while waiting:
            play = chance.choice(list(waiting))
            mixed.append(waiting[play].pop(0))
            if not waiting[play]:
                del waiting[play]
        return mixed

    def _number(self, link: Link) -> LinkId:
        """The connection of a link: where both of its ends were ours, it is recorded at both. A port is used again."""
        return self._connections.setdefault((frozenset({link.local, link.peer}), self._ends[link.id]), link.id)

    def _ends_of_link(self, one: Exchange) -> tuple[PlayerName, PlayerName]:
        known = self._known[one.id]
        ends = self._player(known.initiator), self._player(known.responder)
        return ends if one.link.ours is one.sent else (ends[1], ends[0])

    def _links(self, number: LinkId, one: Exchange, seq: int) -> list[Link]:
        link = one.link
        if self._title is not None:
            link = replace(link, facts={**link.facts, "calling_ae": self._title(one)})
        opener, other = self._ends[link.id]
        name = f"{link.kind.value} {opener} {other}"
        bare = replace(
            link, actor=RELAY, peer_actor=None, cause=None, leg=None, hop=name, time=link.time * self._slower
        )
        accepted = replace(bare, id=LinkId(2 * number - 1), ours=False, seq=seq)
        return [accepted, replace(bare, id=LinkId(2 * number), ours=True, relays=accepted.id, seq=seq)]

    def _captures(self, one: Exchange) -> list[Capture]:
        number = self._number(one.link)
        here, there = LinkId(2 * number - 1), LinkId(2 * number)
        if one.link.ours is not one.sent:
            here, there = there, here
        found = []
        for capture in (one.request, *one.responses):
            ways = (here, there) if capture is one.request else (there, here)
            for step, (link, way) in enumerate(zip(ways, (Direction.RECEIVED, Direction.SENT), strict=True)):
                moved = replace(capture, seq=4 * capture.seq + step, time=capture.time * self._slower + step / 1000)
                found.append(replace(moved, link=link, direction=way))
        return found
