"""Who stood at the two ends of a message, where no plan says so: systems at a relay's hop, or our actor and its peer.

Owns the names of systems that nobody has named beforehand; which actors they play is found out elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.checks.recording import ExchangeView
from harness.engine.reading import twins
from harness.hl7 import Message
from harness.model.hop import Hop, HopSide
from harness.model.names import HARNESS, ActorName, PlayerName
from harness.model.plan import Plan
from harness.model.system import Party
from harness.model.transcript import Link, Transcript

_LOOPBACK = ("127.", "[::1]", "::1", "localhost")

UNKNOWN = PlayerName("unknown system")
"""Who did not say what it is called."""


@dataclass(frozen=True)
class Side:
    """One end: who plays there, and as which actors, none where that is not known.

    `station` tells the devices of one player apart: the address and AE title, or the application of an HL7 message.
    """

    player: PlayerName
    actors: tuple[ActorName, ...] = ()
    station: str = ""

    @property
    def who(self) -> tuple[PlayerName, tuple[ActorName, ...]]:
        """The player; of ours each actor is somebody of its own."""
        return self.player, self.actors if self.player == HARNESS else ()


@dataclass(frozen=True)
class Ends:
    """Both ends of one exchange, of its request."""

    sender: Side
    receiver: Side


class Sides:
    """The ends of the exchanges of one record that no scenario drove."""

    def __init__(self, plan: Plan, transcript: Transcript) -> None:
        watching = plan.watching
        self._hops: Mapping[str, Hop] = {hop.name: hop for hop in watching.hops} if watching is not None else {}
        self._parties = tuple(party for one in plan.assignments for party in one.theirs)
        self._links = {link.id: link for link in transcript.links}
        self._own = twins(transcript.links, transcript.events)

    def of(self, view: ExchangeView) -> Ends:
        """The two ends of an exchange."""
        link = view.exchange.link
        if link.hop:
            return self._relayed(view, link)
        here = Side(HARNESS, (link.actor,), str(link.actor))
        there = self._peer(view, link)
        return Ends(here, there) if view.exchange.sent else Ends(there, here)

    def _relayed(self, view: ExchangeView, link: Link) -> Ends:
        accepted = self._links.get(link.relays, link) if link.relays is not None else link
        hop = self._hops.get(link.hop)
        initiator = _at(hop.accepts if hop is not None else None, _station(accepted, accepted.peer.host, "calling_ae"))
        leads = f"{hop.leads_to.host}:{hop.leads_to.port}" if hop is not None else link.hop
        responder = _at(hop.leads_to if hop is not None else None, _station(accepted, leads, "called_ae"))
        return Ends(initiator, responder) if link.relays is None else Ends(responder, initiator)

    def _peer(self, view: ExchangeView, link: Link) -> Side:
        """The other end of a link of ours: an actor of ours, a system that the plan knows, or who it says it is."""
        if link.id in self._own:
            actors = (link.peer_actor,) if link.peer_actor is not None else ()
            return Side(HARNESS, actors, str(link.peer_actor or ""))
        called = link.facts.get("called_ae" if link.ours else "calling_ae", "").strip()
        station = f"{link.peer.host} {called}".strip()
        party = self._known(link, called)
        if party is not None:
            return Side(party.player, (party.actor,), station)
        actors = (link.peer_actor,) if link.peer_actor is not None else ()
        return Side(PlayerName(called or _application(view) or UNKNOWN), actors, station)

    def _known(self, link: Link, called: str) -> Party | None:
        """The party of a system that a link leads to, or came from: by actor and AE title, else by what is unique."""
        titled = [one for one in self._parties if called and one.called(called) is not None]
        same = [one for one in titled if one.actor == link.peer_actor]
        by_actor = [one for one in self._parties if link.peer_actor is not None and one.actor == link.peer_actor]
        for found in (same, titled, by_actor):
            if len({(one.player, one.actor) for one in found}) == 1:
                return found[0]
        players = {one.player for one in titled}
        if len(players) == 1:
            return Party(actor=link.peer_actor or titled[0].actor, player=players.pop())
        return None


def _at(side: HopSide | None, station: str) -> Side:
    return Side(side.player, side.actors, station) if side is not None else Side(UNKNOWN, (), station)


def _station(link: Link, host: str, title: str) -> str:
    return f"{host} {link.facts.get(title, '').strip()}".strip()


def _application(view: ExchangeView) -> str:
    """The application that an HL7 peer says it is: as sender of a message, or as the one that it is sent to."""
    message = view.request_message
    if message is None:
        return ""
    return _named(message, ("MSH-5", "MSH-6") if view.exchange.sent else ("MSH-3", "MSH-4"))


def alike(one: str, other: str) -> bool:
    """Whether two stations are one: by AE title, or by an address that is no machine's own."""
    host, _, title = one.partition(" ")
    other_host, _, other_title = other.partition(" ")
    return (title == other_title != "") or (host == other_host and not host.startswith(_LOOPBACK))


def _named(message: Message, fields: Iterable[str]) -> str:
    return " ".join(filter(None, (message.first(f"{field}.1").strip() for field in fields)))
