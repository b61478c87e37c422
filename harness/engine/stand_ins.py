"""Who stands in for whom when no scenario drives a run: where our actors listen, and whom they know.

From names and addresses on a command line, or from system files; every other peer is served without being known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from harness.actor import Actor, actor_classes
from harness.engine.planning import our_party
from harness.engine.replaying import parse_target
from harness.engine.routines import ORDER_FILLER, ORIGINATORS
from harness.engine.watching import WATCHED
from harness.errors import InputError
from harness.model.connection import Peer as Listener
from harness.model.connection import in_order
from harness.model.names import HARNESS, ActorName, PlayerName, TransactionId
from harness.model.plan import Assignment
from harness.model.profile import LinkKind
from harness.model.system import DimseAddress, Hl7Address, Party, System, Times
from harness.profiles import Knowledge
from harness.scenario_files.systems import is_ae_title, is_port
from harness.yaml_source import nearest

DICOM_PORT, HL7_PORT = 11112, 2575
"""The ports that are registered for the two protocols and need no right of their own; others count on from there."""


@dataclass(frozen=True, kw_only=True)
class Named:
    """How the user wants one of our actors to be called, and where it listens; None: as usual."""

    actor: ActorName
    title: str
    port: int | None = None


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A system that was named on the command line: `actor` empty where it is only somebody with an AE title.

    `title` is its AE title, or for HL7 its application with `facility`.
    """

    actor: ActorName
    title: str
    host: str
    port: int
    hl7: bool = False
    facility: str = ""


@dataclass(frozen=True, kw_only=True)
class StandIns:
    """What is to be simulated. Ports count on from the given ones in the order of `actors`; 0 means free ones."""

    actors: tuple[ActorName, ...]
    named: tuple[Named, ...] = ()
    peers: tuple[Peer, ...] = ()
    systems: tuple[System, ...] = ()
    bind: str = "127.0.0.1"
    advertise: str = "127.0.0.1"
    dicom_port: int = DICOM_PORT
    hl7_port: int = HL7_PORT
    supporting: tuple[ActorName, ...] = field(default=())


def with_support(wanted: StandIns) -> StandIns:
    """The same with whoever sends orders to our Order Filler, where it is ours and nobody else's patients come."""
    theirs = {peer.actor for peer in wanted.peers} | {actor for system in wanted.systems for actor in system.actors}
    if ORDER_FILLER not in wanted.actors or theirs & set(ORIGINATORS):
        return wanted
    return replace(wanted, supporting=tuple(one for one in ORIGINATORS if one not in wanted.actors))


def peer_of(text: str) -> Peer:
    """`[ACTOR=]AE_TITLE@HOST:PORT`; InputError with what is wrong."""
    actor, _, address = text.rpartition("=")
    target = parse_target(address)
    if not is_ae_title(target.ae_title):
        raise InputError(f"{text!r}: write [ACTOR=]AE_TITLE@HOST:PORT, the AE title with 1 to 16 characters")
    return Peer(actor=_actor(actor), title=target.ae_title, host=target.host, port=target.port)


def hl7_peer_of(text: str) -> Peer:
    """`ACTOR=APPLICATION[|FACILITY]@HOST:PORT`; InputError with what is wrong."""
    actor, _, address = text.partition("=")
    target = parse_target(address)
    application, _, facility = target.ae_title.partition("|")
    if not actor or not application:
        raise InputError(f"{text!r}: write ACTOR=APPLICATION[|FACILITY]@HOST:PORT")
    return Peer(actor=_actor(actor), title=application, facility=facility, host=target.host, port=target.port, hl7=True)


def named_of(text: str) -> Named:
    """`ACTOR=AE_TITLE[:PORT]`; InputError with what is wrong."""
    actor, _, rest = text.partition("=")
    title, _, port = rest.partition(":")
    if not actor or not is_ae_title(title) or not (not port or (port.isdecimal() and is_port(int(port)))):
        raise InputError(f"{text!r}: write ACTOR=AE_TITLE[:PORT], the AE title with 1 to 16 characters")
    return Named(actor=_actor(actor), title=title, port=int(port) if port else None)


def _actor(name: str) -> ActorName:
    """The actor of that name, in whatever case it is written; nobody for an empty one."""
    known = {one.casefold(): one for one in actor_classes()}
    if name and name.casefold() not in known:
        raise InputError(f"there is no actor `{name}`{nearest(name, known.values())}")
    return known.get(name.casefold(), ActorName(""))


def with_peer(assignment: Assignment, peer: Peer, knowledge: Knowledge) -> Assignment:
    """The assignment with one more peer, who takes the place of one of the same name."""
    if peer.actor in assignment.ours:
        raise InputError(f"{peer.actor} is simulated here: a peer cannot be it, too")
    others = tuple(one for one in assignment.theirs if not _is_same(one, peer))
    theirs = (*others, *_merged([peer]))
    return replace(assignment, theirs=theirs, serves=_serves(theirs, knowledge))


def _is_same(known: Party, peer: Peer) -> bool:
    """Whether a peer takes the place of a known one: of the same actor, or of the same AE title."""
    titled = known.dimse is not None and known.dimse.ae_title == peer.title
    return known.actor == peer.actor or (not peer.actor and titled)


def as_recorded(assignment: Assignment) -> Assignment:
    """The assignment without peers that are nothing but an address: what they are is read off what they do."""
    classes = actor_classes()
    theirs = tuple(party for party in assignment.theirs if party.actor in classes)
    serves = {actor: served for actor, served in assignment.serves.items() if actor in classes}
    return replace(assignment, theirs=theirs, serves=serves)


def can_order(wanted: StandIns) -> bool:
    """Whether ours are the filler and whoever sends it orders."""
    return {ORDER_FILLER, *ORIGINATORS} <= {*wanted.actors, *wanted.supporting}


def listeners(
    actors: Iterable[ActorName],
    parties: Mapping[ActorName, Party],
    knowledge: Knowledge,
    profiles: Mapping[ActorName, str],
) -> Iterator[Listener]:
    """Where each of our actors can be called, and for what its usual profile requires, in the order of the actors."""
    classes = actor_classes()
    for actor in actors:
        dimse, hl7 = parties[actor].dimse, parties[actor].hl7
        if classes[actor].speaks_dimse() and dimse is not None:
            called = _called(actor, LinkKind.DIMSE, knowledge, profiles)
            yield Listener(
                actor=actor,
                kind=LinkKind.DIMSE,
                ae_title=dimse.ae_title,
                host=dimse.host,
                port=dimse.port,
                called=called,
            )
        if classes[actor].speaks_hl7() and hl7 is not None:
            yield Listener(
                actor=actor,
                kind=LinkKind.MLLP,
                application=hl7.application,
                facility=hl7.facility,
                host=hl7.host,
                port=hl7.port,
                called=_called(actor, LinkKind.MLLP, knowledge, profiles),
            )


def _called(
    actor: ActorName, kind: LinkKind, knowledge: Knowledge, profiles: Mapping[ActorName, str]
) -> tuple[TransactionId, ...]:
    """What the actor is called for on links of that kind; of an actor without a usual profile, by any of them."""
    usual = [knowledge.profiles[profiles[actor]]] if actor in profiles else list(knowledge.profiles.values())
    required = {one for profile in usual for one in profile.transactions_of(actor)}
    return in_order(
        one.id
        for one in knowledge.transactions.values()
        for leg in one.legs
        if one.id in required and leg.link is kind and leg.responder == actor and leg.required
    )


def assignment_of(wanted: StandIns, knowledge: Knowledge) -> Assignment:
    """Who plays whom; InputError for a name that is none, or that is played on both sides."""
    classes = actor_classes()
    theirs = tuple(_theirs(wanted))
    for actor in wanted.actors:
        if actor not in classes:
            raise InputError(f"no actor `{actor}` can be simulated{nearest(actor, classes)}")
        if any(party.actor == actor for party in theirs):
            raise InputError(f"{actor} is to be simulated, and is what a peer was named as: only one of them can be it")
    for one in wanted.named:
        if one.actor not in wanted.actors:
            raise InputError(f"{one.actor} is not simulated: it needs no name{nearest(one.actor, wanted.actors)}")
    return Assignment(
        id=WATCHED,
        ours={party.actor: party for party in _ours(wanted, classes)},
        theirs=theirs,
        serves=_serves(theirs, knowledge),
        plays=(),
        times=_times(wanted.systems),
    )


def _ours(wanted: StandIns, classes: Mapping[ActorName, type[Actor]]) -> Iterator[Party]:
    dicom, hl7 = count(wanted.dicom_port), count(wanted.hl7_port)
    named = {one.actor: one for one in wanted.named}
    told = {actor for system in wanted.systems for actor in system.department}
    for actor in wanted.actors:
        party, one = our_party(wanted.systems, actor), classes[actor]
        if actor not in told:
            party = _at(party, wanted.advertise, wanted.bind)
        title = named[actor].title if actor in named else ""
        port = named[actor].port if actor in named else None
        yield replace(
            party,
            dimse=_dimse(party.dimse, title, dicom if one.speaks_dimse() and wanted.dicom_port else None, port),
            hl7=_hl7(party.hl7, title, hl7 if one.speaks_hl7() and wanted.hl7_port else None),
        )
    yield from (our_party((), actor) for actor in wanted.supporting)


def _at(party: Party, host: str, bind: str) -> Party:
    dimse = replace(party.dimse, host=host) if party.dimse is not None else None
    hl7 = replace(party.hl7, host=host) if party.hl7 is not None else None
    return replace(party, bind=bind, dimse=dimse, hl7=hl7)


def _dimse(
    address: DimseAddress | None, title: str, ports: Iterator[int] | None, port: int | None
) -> DimseAddress | None:
    """The address with its name and port; the next port is used up by whoever has none of its own."""
    if address is None:
        return None
    if port is None:
        port = address.port or (next(ports) if ports is not None else 0)
    return replace(address, ae_title=title or address.ae_title, port=port)


def _hl7(address: Hl7Address | None, title: str, ports: Iterator[int] | None) -> Hl7Address | None:
    if address is None:
        return None
    port = address.port or (next(ports) if ports is not None else 0)
    return replace(address, application=title or address.application, port=port)


def _theirs(wanted: StandIns) -> Iterator[Party]:
    """The systems of the files as what they are and we are not, then the named peers; one peer may speak both."""
    for system in wanted.systems:
        for actor in dict.fromkeys((*system.actors, *(actor for claim in system.claims for actor in claim.actors))):
            party = system.party(actor)
            if party is not None and actor not in wanted.actors:
                yield party
    yield from _merged(wanted.peers)


def _merged(peers: Iterable[Peer]) -> Sequence[Party]:
    """The parties by what they play; a peer that is nothing but an address is an actor of its own."""
    found: dict[ActorName, Party] = {}
    for peer in peers:
        actor = peer.actor or ActorName(f"{peer.title} at {peer.host}:{peer.port}")
        known = found.get(actor, Party(actor=actor, player=PlayerName(peer.title)))
        if peer.hl7:
            hl7 = Hl7Address(application=peer.title, facility=peer.facility, host=peer.host, port=peer.port)
            found[actor] = replace(known, hl7=hl7)
        else:
            found[actor] = replace(known, dimse=DimseAddress(ae_title=peer.title, host=peer.host, port=peer.port))
    return tuple(found.values())


def _serves(theirs: Iterable[Party], knowledge: Knowledge) -> Mapping[ActorName, Mapping[TransactionId, PlayerName]]:
    """Everything that a peer could play is its own part."""
    found: dict[ActorName, dict[TransactionId, PlayerName]] = {}
    for party in theirs:
        if party.player != HARNESS:
            found[party.actor] = dict.fromkeys(knowledge.transactions, party.player)
    return found


def _times(systems: Sequence[System]) -> Times:
    """How long an answer may take: as long as any of the systems says."""
    return max((system.times for system in systems), key=lambda times: times.answer, default=Times())
