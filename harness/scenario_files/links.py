"""What a system file says of single transactions: addresses, HL7 versions, times; and which PPS Manager is active."""

from __future__ import annotations

import math
from collections.abc import Callable

from harness.model.names import ActorName
from harness.model.system import PPS_MANAGER, SIMULATED, DimseAddress, Hl7Address, System, SystemActor
from harness.scenario_files.names import Names
from harness.yaml_source import Faults, SourceMapping

_KINDS = {"dimse": "DICOM", "hl7": "HL7"}
At = tuple[str | int, ...]
CheckAddress = Callable[[SourceMapping, DimseAddress | Hl7Address | None, At, Faults], None]


def complete_links(source: SourceMapping) -> None:
    """Fill in what the links of an actor leave out: it is the actor's own."""
    for _, actor in source.mappings("actors"):
        for _, link in actor.mappings("links"):
            for kind in _KINDS:
                own, other = actor.mapping(kind), link.mapping(kind)
                for key, value in (own or {}).items():
                    if own is not None and other is not None and key not in other:
                        other.put(key, value, own.values_at[key])


def check_links(
    source: SourceMapping, actor: ActorName, described: SystemActor, names: Names, faults: Faults, check: CheckAddress
) -> None:
    """Each link is of a transaction that the actor takes part in, and of the kind that carries it."""
    at: At = ("actors", actor)
    _version(source, described.hl7, (*at, "hl7"), names, faults)
    for transaction, link in described.links.items():
        here = (*at, "links", transaction)
        place = source.place_of(*here)
        if link.dimse is None and link.hl7 is None:
            faults.add(place, f"a link of {transaction} has another `dimse` or `hl7` address than the actor")
        for kind, address in (("dimse", link.dimse), ("hl7", link.hl7)):
            check(source, address, (*here, kind), faults)
        _version(source, link.hl7, (*here, "hl7"), names, faults)
        if not faults.name(place, "transaction", transaction, names.transactions):
            continue
        parts = names.parts.get(transaction, {})
        if parts and actor in names.actors and actor not in parts:
            faults.add(place, f"{actor} takes no part in {transaction}; those who do: {', '.join(parts)}")
        needed = parts.get(actor, frozenset(_KINDS))
        for kind, address in (("dimse", link.dimse), ("hl7", link.hl7)):
            if address is not None and kind not in needed:
                text = f"{kind}: {actor} has no {_KINDS[kind]} link in {transaction}"
                faults.add(source.place_of(*here, kind), text)


def _version(source: SourceMapping, address: Hl7Address | None, at: At, names: Names, faults: Faults) -> None:
    if address is not None and address.version:
        faults.name(source.place_of(*at, "version"), "HL7 version", address.version, names.forms)


def check_times(source: SourceMapping, system: System, names: Names, faults: Faults) -> None:
    """Times are positive; a quiet time may be none."""
    for key in ("answer", "act", "show", "settle"):
        _seconds(source, getattr(system.times, key), ("times", key), faults, least=0.0 if key == "settle" else None)
    for transaction, own in system.times.transactions.items():
        at: At = ("times", "transactions", transaction)
        faults.name(source.place_of(*at), "transaction", transaction, names.transactions)
        for key in ("answer", "act", "show"):
            _seconds(source, getattr(own, key), (*at, key), faults)


def _seconds(
    source: SourceMapping, seconds: float | None, at: At, faults: Faults, *, least: float | None = None
) -> None:
    if seconds is None:
        return
    if not math.isfinite(seconds) or seconds < 0 or (seconds == 0 and least is None):
        faults.add(source.place_of(*at), f"{at[-1]}: {seconds} is not a time in seconds")


def check_pps_manager(source: SourceMapping, system: System, faults: Faults) -> None:
    """The active PPS Manager is one of the system's actors that is reached by DICOM, or none of its."""
    chosen, place = system.pps_manager, source.place_of("pps_manager")
    if not chosen:
        return
    known = {SIMULATED, PPS_MANAGER, *system.actors}
    if not faults.name(place, "actor of this system", chosen, known) or chosen == SIMULATED:
        return
    if not any(PPS_MANAGER in claim.actors for claim in system.claims):
        faults.add(place, f"pps_manager: no claim names the {PPS_MANAGER}; claim it, or say `{SIMULATED}`")
    if chosen == PPS_MANAGER:
        return
    host, own = system.actors[ActorName(chosen)], system.actors.get(PPS_MANAGER)
    if host.dimse is None:
        faults.add(place, f"pps_manager: {chosen} has no DICOM address at which it could be reached")
    if own is not None and (own.dimse is not None or own.links):
        at = source.place_of("actors", PPS_MANAGER)
        faults.add(at, f"the {PPS_MANAGER} is reached where the {chosen} is: it has no address of its own")
