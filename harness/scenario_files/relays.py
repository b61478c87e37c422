"""Reads relay files: which ways lead through the relay, and which systems are at their ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

from harness.errors import InputError
from harness.model.connection import is_loopback
from harness.model.hop import Hop, HopSide
from harness.model.names import HARNESS, ActorName, PlayerName
from harness.model.profile import LinkKind
from harness.model.record import Record
from harness.model.system import System
from harness.model.tls import TlsFiles, TlsMode
from harness.scenario_files.limits import MOST_PORT
from harness.scenario_files.names import Names
from harness.scenario_files.securing import files_beside
from harness.yaml_source import Faults, SourceMapping, read, validate

LOOPBACK = "127.0.0.1"

WRITTEN_AS: Mapping[str, str] = MappingProxyType({"accepts": "from", "leads_to": "to"})
"""What files write for a field that has another name here."""

At = tuple[str | int, ...]


class Protocol(Enum):
    """What is spoken on a hop."""

    HL7 = "hl7"
    DICOM = "dicom"

    @property
    def kind(self) -> LinkKind:
        """The kind of its links."""
        return LinkKind.MLLP if self is Protocol.HL7 else LinkKind.DIMSE


@dataclass(frozen=True, kw_only=True)
class RelayEntrance(Record):
    """Where the relay listens, and for whom. `port` 0 is a free one."""

    system: PlayerName
    bind: str = LOOPBACK
    port: int = 0
    actors: tuple[ActorName, ...] = ()
    tls: TlsMode = TlsMode.NONE


@dataclass(frozen=True, kw_only=True)
class RelayTarget(Record):
    """Where the relay connects to."""

    system: PlayerName
    host: str = LOOPBACK
    port: int
    actors: tuple[ActorName, ...] = ()
    tls: TlsMode = TlsMode.NONE


@dataclass(frozen=True, kw_only=True)
class RelayHop(Record):
    """One way through the relay, as written: `from` and `to`."""

    protocol: Protocol
    accepts: RelayEntrance
    leads_to: RelayTarget


@dataclass(frozen=True, kw_only=True)
class RelayFile(Record):
    """A relay file. `systems` are system files or names of shipped ones, of those systems that have one."""

    hops: Mapping[str, RelayHop]
    systems: tuple[str, ...] = ()
    tls: TlsFiles | None = None


@dataclass(frozen=True, kw_only=True)
class RelayPlan(Record):
    """What a relay does: its ways, and the systems that are described by files of their own."""

    hops: tuple[Hop, ...]
    systems: tuple[System, ...] = field(default_factory=tuple)


def load_relay(path: Path | Traversable, names: Names, system: Callable[[str], System]) -> RelayPlan:
    """Read a relay file; SourceError with every fault, at its place and with the nearest valid name.

    `system` reads a system file, or a shipped one by its name.
    """
    source = read(path)
    for _, hop in source.mappings("hops"):
        for name, word in WRITTEN_AS.items():
            hop.rename(word, name)
    written = validate(source, RelayFile)
    faults = Faults()
    if not written.hops:
        faults.add(source.place_of("hops"), "hops: a relay has at least one way through it")
    folder = Path(str(path)).parent
    files = None if written.tls is None else files_beside(source, written.tls, folder, faults)
    hops = tuple(_hop(source, name, hop, files, names, faults) for name, hop in written.hops.items())
    _no_circles(source, hops, faults)
    systems = _systems(source, written, hops, folder, system, faults)
    faults.raise_if_any()
    return RelayPlan(hops=hops, systems=systems)


def _hop(source: SourceMapping, name: str, hop: RelayHop, files: TlsFiles | None, names: Names, faults: Faults) -> Hop:
    at = ("hops", name)
    if not name.strip():
        faults.add(source.place_of(*at), "a hop has a name, by which the record calls it")
    for key, side, least in (("accepts", hop.accepts, 0), ("leads_to", hop.leads_to, 1)):
        here = (*at, key)
        _name(source, side.system, (*here, "system"), faults)
        if not least <= side.port <= MOST_PORT:
            faults.add(source.place_of(*here, "port"), f"port: {side.port} is not between {least} and {MOST_PORT}")
        for number, actor in enumerate(side.actors):
            faults.name(source.place_of(*here, "actors", number), "actor", actor, names.actors)
        _secured(source, side, here, files, faults)
    for key, host in (("bind", hop.accepts.bind), ("host", hop.leads_to.host)):
        if not host.strip():
            side_key = "accepts" if key == "bind" else "leads_to"
            faults.add(source.place_of(*at, side_key, key), f"{key}: a host name or an address is needed")
    if hop.accepts.system == hop.leads_to.system:
        faults.add(source.place_of(*at, "leads_to", "system"), f"{hop.accepts.system} is on both sides of the hop")
    accepts, leads_to = hop.accepts, hop.leads_to
    return Hop(
        name=name,
        kind=hop.protocol.kind,
        accepts=HopSide(
            player=accepts.system,
            host=accepts.bind,
            port=accepts.port,
            actors=accepts.actors,
            tls=accepts.tls,
            tls_files=files if accepts.tls is not TlsMode.NONE else None,
        ),
        leads_to=HopSide(
            player=leads_to.system,
            host=leads_to.host,
            port=leads_to.port,
            actors=leads_to.actors,
            tls=leads_to.tls,
            tls_files=files if leads_to.tls is not TlsMode.NONE else None,
        ),
    )


def _name(source: SourceMapping, name: str, at: At, faults: Faults) -> None:
    if not name.strip():
        faults.add(source.place_of(*at), "system: a name is needed, by which reports call it")
    elif name == HARNESS:
        faults.add(source.place_of(*at), f"system: `{HARNESS}` is the harness itself; give the product's name")


def _secured(
    source: SourceMapping, side: RelayEntrance | RelayTarget, at: At, files: TlsFiles | None, faults: Faults
) -> None:
    """A secured side has files, and a certificate of ours where one is shown."""
    if side.tls is TlsMode.NONE:
        return
    place = source.place_of(*at, "tls")
    if files is None:
        text = "tls: with what? `tls: {certificate: ..., key: ..., authorities: ...}` at the top names our files"
        faults.add(place, text)
    elif not files.certificate and (side.tls is TlsMode.MUTUAL or isinstance(side, RelayEntrance)):
        faults.add(place, f"tls: {side.tls.value} needs a `certificate` and a `key` of ours under `tls` at the top")


def _no_circles(source: SourceMapping, hops: tuple[Hop, ...], faults: Faults) -> None:
    """No two listeners at one address, and no hop that leads to one of them."""
    listeners: dict[tuple[str, int], str] = {}
    for hop in hops:
        if not hop.accepts.port:
            continue
        here = (_host(hop.accepts.host), hop.accepts.port)
        other = listeners.setdefault(here, hop.name)
        if other != hop.name:
            place = source.place_of("hops", hop.name, "accepts", "port")
            faults.add(place, f"port: {hop.accepts.port} is where `{other}` listens already")
    for hop in hops:
        there = (_host(hop.leads_to.host), hop.leads_to.port)
        if there in listeners:
            place = source.place_of("hops", hop.name, "leads_to", "port")
            faults.add(place, f"port: `{hop.name}` leads back to the relay, where `{listeners[there]}` listens")


def _host(host: str) -> str:
    """A host as far as two of them can be compared without asking anybody."""
    return LOOPBACK if is_loopback(host) or host in ("0.0.0.0", "::", "") else host.lower()  # noqa: S104


def _systems(
    source: SourceMapping,
    written: RelayFile,
    hops: tuple[Hop, ...],
    folder: Path,
    system: Callable[[str], System],
    faults: Faults,
) -> tuple[System, ...]:
    """The systems that have files, each of which is at an end of some hop."""
    known = {side.player for hop in hops for side in (hop.accepts, hop.leads_to)}
    found: list[System] = []
    for index, name in enumerate(written.systems):
        place = source.place_of("systems", index)
        beside = folder / name
        try:
            read_one = system(str(beside) if beside.is_file() else name)
        except InputError as error:
            faults.add(place, str(error))
            continue
        if any(one.name == read_one.name for one in found):
            faults.add(place, f"{read_one.name} is described twice")
        if faults.name(place, "system of a hop", read_one.name, known):
            found.append(read_one)
    return tuple(found)
