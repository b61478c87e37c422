"""What a system file says of TLS: the files of our side, and which addresses and listeners are secured with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import TypeVar

from harness.model.system import DimseAddress, Endpoints, Hl7Address, Launch, System, SystemActor
from harness.model.tls import AUTHORITY, OURS, Badness, TlsFiles, TlsMode
from harness.yaml_source import Faults, SourceMapping

At = tuple[str | int, ...]
Address = TypeVar("Address", DimseAddress, Hl7Address)
_GIVEN = "tls_files"
"""What an address has from the harness, and never from a file."""


def refuse_given(source: SourceMapping) -> None:
    """A fault for what only the harness may say of an address."""
    faults = Faults()
    for _, actor in source.mappings("actors"):
        for holder in (actor, *(link for _, link in actor.mappings("links"))):
            for kind in ("dimse", "hl7"):
                address = holder.mapping(kind)
                if address is not None and _GIVEN in address:
                    faults.add(address.keys_at[_GIVEN], f"unknown key `{_GIVEN}`; did you mean `tls`?")
    faults.raise_if_any()


def secure(source: SourceMapping, system: System, faults: Faults) -> System:
    """The system with the files at each of its secured addresses; a fault for each that is missing."""
    secured = [*_secured(system), *_listeners(system)]
    if system.tls is None:
        for at, _ in secured:
            text = "tls: with what? `tls: {certificate: ..., key: ..., authorities: ...}` at the top names our files"
            faults.add(source.place_of(*at, "tls"), text)
        return system
    files = files_beside(source, system.tls, Path(system.path).parent, faults)
    if not secured and system.launch is not Launch.REFERENCE:
        text = "tls: nothing is secured with it; write `tls: mutual` at each address and department actor that is"
        faults.add(source.place_of("tls"), text)
    for at, mode in secured:
        if not files.certificate and (mode is TlsMode.MUTUAL or at[0] == "department"):
            text = f"tls: {mode.value} needs a `certificate` and a `key` of ours under `tls` at the top"
            faults.add(source.place_of(*at, "tls"), text)
    actors = {actor: _with(described, files) for actor, described in system.actors.items()}
    return replace(system, actors=actors, tls=files)


def _secured(system: System) -> Iterator[tuple[At, TlsMode]]:
    """The addresses of the product that are secured."""
    for actor, described in system.actors.items():
        places: list[tuple[At, SystemActor | Endpoints]] = [(("actors", actor), described)]
        places += [(("actors", actor, "links", name), link) for name, link in described.links.items()]
        for at, holder in places:
            for kind, address in (("dimse", holder.dimse), ("hl7", holder.hl7)):
                if address is not None and address.tls is not TlsMode.NONE:
                    yield (*at, kind), address.tls


def _listeners(system: System) -> Iterator[tuple[At, TlsMode]]:
    for actor, ours in system.department.items():
        if ours.tls is not TlsMode.NONE:
            yield ("department", actor), ours.tls


def files_beside(source: SourceMapping, files: TlsFiles, folder: Path, faults: Faults) -> TlsFiles:
    """The files at their paths, which count from the folder of the file that names them; else those of a PKI."""
    if bool(files.certificate) != bool(files.key):
        faults.add(source.place_of("tls"), "tls: `certificate` and `key` belong together")
    if files.pki:
        return _of_pki(source, files, folder, faults)
    if not files.authorities:
        text = "tls: `authorities` says whom we trust; or name a folder of `swf pki`: `tls: {pki: certs}`"
        faults.add(source.place_of("tls"), text)
    found = {name: str(folder / named) if named else "" for name, named in _named(files)}
    for name, _ in _named(files):
        if found[name] and not Path(found[name]).is_file():
            faults.add(source.place_of("tls", name), f"{name}: there is no file {found[name]}")
    return TlsFiles(**found)


def _of_pki(source: SourceMapping, files: TlsFiles, folder: Path, faults: Faults) -> TlsFiles:
    """The files of a folder that `swf pki` made, but for those that are named."""
    pki = folder / files.pki
    bad = [badness.names for badness in Badness]
    needed = [name for one in bad for name in (one.certificate, one.key)]
    missing = next((name for name in needed if not (pki / name).is_file()), "")
    if missing:
        text = f"pki: there is no file {pki / missing}; `swf pki {pki}` makes the folder"
        faults.add(source.place_of("tls", "pki"), text)
    usual = TlsFiles(certificate=OURS.certificate, key=OURS.key, authorities=AUTHORITY.certificate)
    found = {name: str(folder / named) for name, named in _named(files) if named}
    found |= {name: str(pki / named) for name, named in _named(usual) if name not in found and named}
    found |= {"pki": str(pki)}
    for name in found:
        if name != "pki" and not missing and not Path(found[name]).is_file():
            at = name if getattr(files, name) else "pki"
            faults.add(source.place_of("tls", at), f"{name}: there is no file {found[name]}")
    return TlsFiles(**found)


def _named(files: TlsFiles) -> Iterator[tuple[str, str]]:
    return ((one.name, getattr(files, one.name)) for one in fields(files))


def _with(described: SystemActor, files: TlsFiles) -> SystemActor:
    links = {
        name: replace(link, dimse=_given(link.dimse, files), hl7=_given(link.hl7, files))
        for name, link in described.links.items()
    }
    return replace(described, dimse=_given(described.dimse, files), hl7=_given(described.hl7, files), links=links)


def _given(address: Address | None, files: TlsFiles) -> Address | None:
    if address is None or address.tls is TlsMode.NONE:
        return address
    return replace(address, tls_files=files)
