"""What the administrator of a product has to enter of us, and what does not fit: from the connections of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.engine.connections import connections
from harness.model.connection import Connection, Need, Peer, Sheet, Told, in_order, is_loopback
from harness.model.names import ActorName
from harness.model.plan import Plan
from harness.model.profile import LinkKind, Service
from harness.model.system import DimseAddress, Hl7Address, System
from harness.model.tls import TlsMode


def sheets(plan: Plan) -> tuple[Sheet, ...]:
    """One sheet for each system of the plan."""
    found = connections(plan)
    return tuple(_sheet(plan, system, [one for one in found if one.system == system.name]) for system in plan.systems)


def _sheet(plan: Plan, system: System, found: Sequence[Connection]) -> Sheet:
    scenarios = {
        play.scenario.id
        for assignment in plan.assignments
        for play in assignment.plays
        if system.name in play.roles.values()
    }
    return Sheet(
        system=system.name,
        version=system.version,
        scenarios=len(scenarios),
        peers=tuple(_peers(found)),
        told=tuple(_told(found)),
        problems=tuple(dict.fromkeys(problems(found))),
    )


def _peers(found: Sequence[Connection]) -> Iterator[Peer]:
    for actor, kind in dict.fromkeys((one.ours.actor, one.kind) for one in found):
        yield _peer(actor, kind, [one for one in found if (one.ours.actor, one.kind) == (actor, kind)])


def _peer(actor: ActorName, kind: LinkKind, found: Sequence[Connection]) -> Peer:
    ours = found[0].ours
    dimse, hl7 = (ours.dimse, None) if kind is LinkKind.DIMSE else (None, ours.hl7)
    called = [one for one in found if one.inward]
    return Peer(
        actor=actor,
        kind=kind,
        ae_title=dimse.ae_title if dimse else "",
        application=hl7.application if hl7 else "",
        facility=hl7.facility if hl7 else "",
        host=found[0].our_host,
        port=found[0].our_port if called else 0,
        calls=in_order(name for one in found if not one.inward for name in one.transactions),
        called=in_order(name for one in called for name in one.transactions),
        contents=tuple(dict.fromkeys(text for one in found for need in one.needs for text in contents(need))),
        tls=any(one is not None and one.tls is not TlsMode.NONE for one in (dimse, hl7)),
        facing=tuple(dict.fromkeys(one.theirs.actor for one in found)),
    )


def contents(need: Need) -> Iterator[str]:
    """What a leg sends, as an administrator looks for it: `C-STORE Storage`, `ADT^A04 (2.5.1)`.

    A C-CANCEL goes where the query goes, and has no SOP class of its own.
    """
    yield from need.messages
    if need.sop_classes and need.service != Service.C_CANCEL.value:
        yield f"{need.service} {' or '.join(need.sop_classes)}"


def _told(found: Sequence[Connection]) -> Iterator[Told]:
    """The addresses of the product's own actors that take part."""
    for actor, kind, address in dict.fromkeys((one.theirs.actor, one.kind, one.their_address) for one in found):
        if address is not None:
            yield _told_address(actor, kind, address)


def _told_address(actor: ActorName, kind: LinkKind, address: DimseAddress | Hl7Address) -> Told:
    return Told(
        actor=actor,
        kind=kind,
        ae_title=address.ae_title if isinstance(address, DimseAddress) else "",
        application=address.application if isinstance(address, Hl7Address) else "",
        facility=address.facility if isinstance(address, Hl7Address) else "",
        host=address.host if address.port else "",
        port=address.port,
        tls=address.tls is not TlsMode.NONE,
    )


def problems(found: Iterable[Connection]) -> Iterator[str]:
    """What cannot work as the system file has it, each with the way to mend it."""
    found = tuple(found)
    for one in found:
        yield from faults_of_listener(one)
        yield from _of_their_address(one)
    yield from _shared_ports(found)


def faults_of_listener(one: Connection) -> Iterator[str]:
    """What cannot work at the listener that a product calls."""
    if not one.inward:
        return
    actor, names = one.ours.actor, ", ".join(one.transactions)
    key = "hl7_port" if one.kind is LinkKind.MLLP else "port"
    if one.needs_fixed_port and not one.our_port:
        yield (
            f"{one.system} calls our {actor} ({names}), which would listen at a free port that nobody can know: "
            f"give `department: {actor}: {key}` a number"
        )
    if one.their_host and not is_loopback(one.their_host):
        if is_loopback(one.ours.bind):
            yield (
                f"{one.system} is at {one.their_host}, and our {actor} listens on {one.ours.bind}, which only this "
                f"machine reaches: set `department: {actor}: bind` to 0.0.0.0"
            )
        if is_loopback(one.our_host):
            yield (
                f"{one.system} is at {one.their_host} and is to call our {actor} at {one.our_host}, which is itself: "
                f"set `department: {actor}: advertise` to this machine's address"
            )


def _of_their_address(one: Connection) -> Iterator[str]:
    address = one.their_address
    key = "hl7" if one.kind is LinkKind.MLLP else "dimse"
    if not one.inward and not one.can_do_without and (address is None or not address.port):
        yield (
            f"our {one.ours.actor} calls {one.theirs.actor} of {one.system} ({', '.join(one.transactions)}), whose "
            f"address is not known: give `actors: {one.theirs.actor}: {key}` a host and a port"
        )


def _shared_ports(found: Sequence[Connection]) -> Iterator[str]:
    """Two listeners of ours cannot share a port."""
    takers: dict[int, dict[tuple[ActorName, LinkKind], None]] = {}
    for one in found:
        if one.inward and one.our_port:
            takers.setdefault(one.our_port, {})[one.ours.actor, one.kind] = None
    for port, who in takers.items():
        if len(who) > 1:
            names = ", ".join(f"{actor} ({kind.value})" for actor, kind in who)
            yield f"port {port} is given to more than one listener of ours: {names}"
