"""Our listeners, open on the ports that a product was told of, to hear whether it reaches them. Nothing is taken.

A C-ECHO is answered with success, everything else is refused: an HL7 message with AR, a DIMSE request with 0122.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType

from harness.actor import actor_classes
from harness.engine.recording import TranscriptRecorder
from harness.engine.room import VERIFICATION
from harness.engine.sheets import faults_of_listener
from harness.errors import PortInUse
from harness.hl7 import AckError, Message, acknowledgement
from harness.identifiers import Clock, Identifiers
from harness.model.connection import Connection, in_order
from harness.model.names import ActorName, LinkId, PlayerName
from harness.model.ping import Call, PingResult, Side, State
from harness.model.profile import LinkKind
from harness.model.tls import TlsMode
from harness.model.transcript import Event, EventKind, Exchange, Link
from harness.transports.dimse import DimseEndpoint, DimseHandler
from harness.transports.mllp import Hl7Request, MllpEndpoint
from harness.transports.probing import can_listen
from harness.transports.recorder import LinkOwner

_TLS_HELLO = "16 03"
"""How a TLS client begins (RFC 8446 5.1)."""


_ENDS = (EventKind.LINK_CLOSED, EventKind.LINK_LOST)


@dataclass(frozen=True, kw_only=True)
class Door:
    """One listener of ours that a product is to call: its connections all have our same actor and protocol."""

    system: PlayerName
    connections: tuple[Connection, ...]

    @property
    def ours(self) -> ActorName:
        """Our actor."""
        return self.connections[0].ours.actor

    @property
    def kind(self) -> LinkKind:
        """Its protocol."""
        return self.connections[0].kind

    @property
    def port(self) -> int:
        """Its port; 0 for a free one."""
        return self.connections[0].our_port

    @property
    def bind(self) -> str:
        """The interface that it listens on."""
        return self.connections[0].ours.bind

    @property
    def what(self) -> str:
        """`DICOM SWF_MODALITY at 192.0.2.20:11112`."""
        ours, port = self.connections[0].ours, f":{self.port}" if self.port else ", at a free port"
        if self.kind is LinkKind.DIMSE and ours.dimse is not None:
            return f"DICOM {ours.dimse.ae_title} at {ours.dimse.host}{port}"
        name = f"{ours.hl7.application}|{ours.hl7.facility}" if ours.hl7 else ""
        return f"HL7 {name} at {self.connections[0].our_host}{port}"


def doors(system: PlayerName, found: Sequence[Connection]) -> tuple[Door, ...]:
    """The listeners of ours that a product calls."""
    inward = [one for one in found if one.inward and one.system == system]
    return tuple(
        Door(
            system=system,
            connections=tuple(one for one in inward if (one.ours.actor, one.kind) == (actor, kind)),
        )
        for actor, kind in dict.fromkeys((one.ours.actor, one.kind) for one in inward)
    )


def closed_doors(found: Sequence[Door]) -> Iterator[PingResult]:
    """What can be said of our listeners without opening them: settings that cannot work, and ports that are taken."""
    for door in found:
        faults = tuple(dict.fromkeys(fault for one in door.connections for fault in faults_of_listener(one)))
        if faults:
            yield _result(
                door,
                State.BROKEN,
                seen="cannot work as the system file has it",
                side=Side.OURS,
                advice="; ".join(faults),
            )
        elif not door.port:
            yield _result(door, State.UNTRIED, seen="a free port, which its hook is told")
        elif taken := can_listen(door.bind, door.port):
            yield _taken(door, taken)
        else:
            yield _result(door, State.UNTRIED, seen="the port is free; `--listen` waits for a call")


def _taken(door: Door, reason: str) -> PingResult:
    return _result(
        door,
        State.BROKEN,
        seen=f"cannot listen on {door.bind}:{door.port}: {reason}",
        side=Side.OURS,
        advice=(
            "end what uses the port (another run?), or give the actor another one under `department:` in the system "
            "file, and tell the product"
        ),
    )


class Listeners:
    """Every door that has a port, open. Use as a context manager; `calls` tells of each call as it comes."""

    def __init__(self, found: Sequence[Door], recorder: TranscriptRecorder, clock: Clock) -> None:
        self._doors = found
        self._recorder = recorder
        self._clock = clock
        self._identifiers = Identifiers(0, "listening")
        self._stack = ExitStack()
        self._taken: dict[tuple[ActorName, LinkKind], str] = {}
        self._calls: list[Call] = []

    def __enter__(self) -> Listeners:
        try:
            for door in self._doors:
                if door.port:
                    self._open(door)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def open(self) -> tuple[Door, ...]:
        """The doors that are open."""
        return tuple(door for door in self._doors if door.port and (door.ours, door.kind) not in self._taken)

    def calls(self, seconds: float) -> Iterator[Call]:
        """Each call as it comes, until every open door was called properly, or the time is up."""
        deadline = self._clock.seconds() + seconds
        while True:
            fresh = self._fresh()
            self._calls += fresh
            yield from fresh
            left = deadline - self._clock.seconds()
            if not self._missing() or left <= 0 or not self._recorder.wait(lambda: bool(self._fresh()), left):
                return

    def _fresh(self) -> list[Call]:
        return [call for call in self._heard() if call not in self._calls]

    def results(self) -> Iterator[PingResult]:
        """What came of each door."""
        for door in self._doors:
            reason = self._taken.get((door.ours, door.kind))
            if reason is not None:
                yield _taken(door, reason)
            elif not door.port:
                yield from closed_doors([door])
            else:
                yield _heard_at(
                    door, [call for call in self._calls if (call.ours, call.kind) == (door.ours, door.kind)]
                )

    def _missing(self) -> bool:
        called = {(call.ours, call.kind) for call in self._calls if not call.refused}
        return any((door.ours, door.kind) not in called for door in self.open)

    def _open(self, door: Door) -> None:
        owner = LinkOwner(actor=door.ours)
        ours = door.connections[0].ours
        endpoint: MllpEndpoint | DimseEndpoint
        if door.kind is LinkKind.MLLP:
            endpoint = MllpEndpoint(
                owner,
                bind=door.bind,
                port=door.port,
                handler=self._refuse,
                recorder=self._recorder,
                tls=ours.hl7.tls if ours.hl7 else TlsMode.NONE,
                tls_files=ours.hl7.tls_files if ours.hl7 else None,
            )
        else:
            actor, dimse = actor_classes().get(door.ours), ours.dimse
            endpoint = DimseEndpoint(
                owner,
                ae_title=dimse.ae_title if dimse else "",
                bind=door.bind,
                port=door.port,
                supported=(*(actor.supports if actor else ()), VERIFICATION),
                handler=DimseHandler(),
                recorder=self._recorder,
                peer_of=lambda title: None,
                tls=dimse.tls if dimse else TlsMode.NONE,
                tls_files=dimse.tls_files if dimse else None,
            )
        try:
            endpoint.start()
        except PortInUse as fault:
            self._taken[door.ours, door.kind] = str(fault).rpartition(": ")[2]
        else:
            self._stack.callback(endpoint.stop)

    def _refuse(self, request: Hl7Request) -> bytes:
        message = Message.parse(request.message)
        error = AckError("MSH^1^9", "207", "A connection test listens here: the message was not taken")
        control = self._identifiers.number("PING", 10)
        return acknowledgement(message, "AR", control_id=control, now=self._clock.now(), error=error)

    # what was heard

    def _heard(self) -> list[Call]:
        """Every call so far: an association when something was asked on it or it ended, an HL7 connection at once."""
        links: dict[LinkId, Exchange] = {}
        kinds = {door.ours: door.kind for door in self._doors}
        found: list[Call] = []
        for exchange in self._recorder.exchanges():
            links.setdefault(exchange.link.id, exchange)
        transcript = self._recorder.transcript()
        ended = {event.link for event in transcript.events if event.kind in _ENDS}
        for link in transcript.links:
            first = links.get(link.id)
            if first is not None or link.id in ended:
                found.append(self._call(link, first))
        found += [call for event in transcript.events if (call := _turned_away(event, kinds)) is not None]
        return found

    def _call(self, link: Link, first: Exchange | None) -> Call:
        did = "opened a connection" if link.kind is LinkKind.MLLP else "opened an association"
        name = link.facts.get("calling_ae", "")
        if first is not None and first.request.command is not None:
            did = f"sent a {first.request.command.service.value}"
        elif first is not None and first.request.payload is not None:
            content = self._recorder.read(first.request.payload)
            message = Message.parse(content if isinstance(content, bytes) else b"")
            did = f"sent {message.type or 'something that is no HL7 message'}"
            name = "|".join(filter(None, (message.first("MSH-3"), message.first("MSH-4"))))
        return Call(ours=link.actor, kind=link.kind, peer=link.peer.host, name=name, did=did)


def _turned_away(event: Event, kinds: Mapping[ActorName, LinkKind]) -> Call | None:
    """Who asked for another AE title than ours, or does not speak the protocol."""
    if event.actor is None:
        return None
    if event.kind is EventKind.REJECTED:
        called = event.facts.get("called_ae", "")
        return Call(
            ours=event.actor,
            kind=LinkKind.DIMSE,
            peer=event.facts.get("peer", "").rpartition(":")[0],
            name=event.facts.get("calling_ae", ""),
            did=f"asked for AE title {called}",
            refused=f"it calls us {called}, which is not our AE title",
        )
    if event.kind is EventKind.TLS_FAILED:
        return Call(
            ours=event.actor,
            kind=kinds.get(event.actor, LinkKind.DIMSE),
            peer=event.facts.get("peer", "").rpartition(":")[0],
            did="tried to agree on TLS",
            refused=f"{event.text}. {event.facts.get('advice', '')}".rstrip(". "),
        )
    if event.kind is EventKind.NOISE and event.link is None:
        tls = _TLS_HELLO in event.text
        return Call(
            ours=event.actor,
            kind=LinkKind.DIMSE,
            peer=event.facts.get("peer", "").rpartition(":")[0],
            did="sent what is not DICOM",
            refused="it speaks TLS to a listener without TLS" if tls else f"it does not speak DICOM: {event.text}",
        )
    return None


def _heard_at(door: Door, heard: Sequence[Call]) -> PingResult:
    good = [call for call in heard if not call.refused]
    if good:
        seen = "; ".join(dict.fromkeys(told(call) for call in good))
        return _result(door, State.WORKS, seen=seen, notes=tuple(dict.fromkeys(_unlike(door, good))))
    if heard:
        return _result(
            door,
            State.BROKEN,
            seen="; ".join(dict.fromkeys(f"{told(call)}: {call.refused}" for call in heard)),
            side=Side.PRODUCT,
            advice=f"enter in {door.system} what `swf sheet` prints: {door.what}",
        )
    return _result(
        door,
        State.BROKEN,
        seen="nobody called",
        side=Side.SETTINGS,
        advice=(
            f"was it asked to? If so, host or port of ours are wrong in {door.system}, a firewall on this machine or "
            f"between stops it, or we listen on {door.bind} alone"
        ),
    )


def told(call: Call) -> str:
    """`OUR_PACS from 192.0.2.10 sent a C-ECHO`."""
    return " ".join(filter(None, (call.name, f"from {call.peer}", call.did)))


def _unlike(door: Door, heard: Sequence[Call]) -> Iterator[str]:
    """A name that is not the one we were told: the run could not tell whose call it is."""
    known = {one.theirs.dimse.ae_title for one in door.connections if one.theirs.dimse is not None}
    for call in heard:
        if door.kind is LinkKind.DIMSE and known and call.name not in known:
            yield (
                f"it calls itself {call.name}, and the system file says {', '.join(sorted(known))}: correct `ae_title` "
                "there, or in the product"
            )


def _result(
    door: Door, state: State, *, seen: str, side: Side | None = None, advice: str = "", notes: tuple[str, ...] = ()
) -> PingResult:
    return PingResult(
        system=door.system,
        inward=True,
        kind=door.kind,
        theirs=tuple(one.theirs.actor for one in door.connections),
        ours=door.ours,
        what=door.what,
        state=state,
        seen=seen,
        side=side,
        advice=advice,
        notes=notes,
        transactions=in_order(name for one in door.connections for name in one.transactions),
    )


def instruction(door: Door) -> str:
    """What a person presses on the product, in one sentence."""
    ours = door.connections[0].ours
    if door.kind is LinkKind.DIMSE and ours.dimse is not None:
        return (
            f"verify (C-ECHO, often called test, ping or verify) the AE title {ours.dimse.ae_title} at "
            f"{ours.dimse.host}, port {door.port}"
        )
    return (
        f"send any test message to {door.what.removeprefix('HL7 ').partition(' at ')[0]} at "
        f"{door.connections[0].our_host}, port {door.port}; it will be refused (AR), which is right"
    )
