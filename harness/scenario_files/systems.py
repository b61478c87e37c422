"""Reads systems under test, and checks them against the names that the profiles know."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from importlib.resources.abc import Traversable
from pathlib import Path

from harness.model.scenario import ProcedurePlan
from harness.model.system import Attestation, Claim, DimseAddress, Hl7Address, Strain, System
from harness.scenario_files.codes import complete_codes, refuse_plan
from harness.scenario_files.hooks import check_hook
from harness.scenario_files.limits import AE_TITLE, MOST_PORT
from harness.scenario_files.links import check_links, check_pps_manager, check_times, complete_links
from harness.scenario_files.names import Names
from harness.scenario_files.securing import refuse_given, secure
from harness.yaml_source import Faults, SourceMapping, fits, nearest, read, validate


def load_system(path: Path | Traversable, names: Names, plan: Callable[[], ProcedurePlan] | None = None) -> System:
    """Read a system file; SourceError with every fault, at its place and with the nearest valid name.

    `plan` gives the shipped procedure plan, whose services a code map may name.
    """
    source = read(path)
    source.supply("path", str(path))
    complete_links(source)
    refuse_given(source)
    refuse_plan(source)
    system = validate(source, System)
    faults = Faults()
    _claims(source, system, names, faults)
    for actor, offered in system.actors.items():
        at = ("actors", actor)
        faults.name(source.place_of(*at), "actor", actor, names.actors)
        _address(source, offered.dimse, (*at, "dimse"), faults)
        _address(source, offered.hl7, (*at, "hl7"), faults)
        check_links(source, actor, offered, names, faults, _address)
        for index, transaction in enumerate(offered.offers):
            faults.name(source.place_of(*at, "offers", index), "transaction", transaction, names.transactions)
        for key, hooks in (("acts", offered.acts), ("feeds", offered.feeds)):
            for transaction, hook in hooks.items():
                place = source.place_of(*at, key, transaction)
                faults.name(place, "transaction", transaction, names.transactions)
                if not math.isfinite(hook.seconds) or hook.seconds <= 0:
                    faults.add(place, f"timeout: {hook.seconds} is not a time in seconds")
                check_hook(source, hook, (*at, key, transaction), faults)
    for actor, ours in system.department.items():
        at = ("department", actor)
        faults.name(source.place_of(*at), "actor", actor, names.actors)
        if ours.ae_title:
            _ae_title(source, ours.ae_title, (*at, "ae_title"), faults)
        _port(source, ours.port, (*at, "port"), faults)
        _port(source, ours.hl7_port, (*at, "hl7_port"), faults)
    check_times(source, system, names, faults)
    check_pps_manager(source, system, faults)
    _character_sets(source, system, names, faults)
    if system.strain != Strain() and system.launch is None:
        faults.add(source.place_of("strain"), "strain: only a system that the harness starts can be strained by it")
    if system.secured and (system.launch is None or system.tls is not None):
        text = "secured: only of a system that the harness starts, and that has no `tls` of its own"
        faults.add(source.place_of("secured"), text)
    if not math.isfinite(system.strain.delay) or system.strain.delay < 0:
        faults.add(source.place_of("strain", "delay"), f"delay: {system.strain.delay} is not a time in seconds")
    for index, attestation in enumerate(system.attestations):
        _attestation(source, attestation, ("attestations", index), names, faults)
    system = secure(source, system, faults)
    if plan is not None and (system.procedures or system.codes.services):
        system = complete_codes(source, system, plan(), faults)
    faults.raise_if_any()
    return system


def _claims(source: SourceMapping, system: System, names: Names, faults: Faults) -> None:
    if not system.claims:
        faults.add(source.place_of("claims"), "a system claims at least one actor of a profile")
    for index, claim in enumerate(system.claims):
        at = ("claims", index)
        known = faults.name(source.place_of(*at, "profile"), "profile", claim.profile, names.profiles)
        actors = names.actors_of.get(claim.profile, frozenset()) if known else frozenset()
        for number, actor in enumerate(claim.actors):
            place = source.place_of(*at, "actors", number)
            if faults.name(place, "actor", actor, names.actors) and actors:
                faults.name(place, f"actor of {claim.profile}", actor, actors)
        for number, transaction in enumerate(claim.transactions):
            place = source.place_of(*at, "transactions", number)
            faults.name(place, "transaction", transaction, names.transactions)
        if known:
            _options(source, claim, at, names.options_of.get(claim.profile, {}), faults)
        if not claim.actors:
            faults.add(source.place_of(*at), "a claim names at least one actor")


def _options(
    source: SourceMapping,
    claim: Claim,
    at: tuple[str | int, ...],
    options: Mapping[str, frozenset[str]],
    faults: Faults,
) -> None:
    """An option is one of the profile, and of one of the claimed actors."""
    for number, name in enumerate(claim.options):
        place = source.place_of(*at, "options", number)
        if faults.name(place, f"option of {claim.profile}", name, options) and options[name].isdisjoint(claim.actors):
            who = ", ".join(sorted(options[name]))
            faults.add(place, f"`{name}` is an option of {who}, and of no actor of this claim")


def _character_sets(source: SourceMapping, system: System, names: Names, faults: Faults) -> None:
    """Each set is one that we can write and read."""
    declared = system.character_sets
    for key, sets, known in (
        ("hl7", declared.hl7, names.hl7_character_sets),
        ("dicom", declared.dicom, names.dicom_character_sets),
    ):
        for number, name in enumerate(sets):
            if known:
                faults.name(source.place_of("character_sets", key, number), "character set", name, known)


def _attestation(
    source: SourceMapping, attestation: Attestation, at: tuple[str | int, ...], names: Names, faults: Faults
) -> None:
    """A person attests what no recording can show; what a check decides is not a matter of attestation."""
    place = source.place_of(*at, "requirement")
    meant = [one for one in names.requirements if fits(one, attestation.requirement)]
    if names.requirements and not meant:
        text = f"no requirement is called `{attestation.requirement}`"
        faults.add(place, f"{text}{nearest(attestation.requirement, names.untestable)}")
    testable = sorted(one for one in meant if one not in names.untestable)
    if testable:
        faults.add(place, f"`{testable[0]}` is tested by a check: only what no recording can show is attested")
    for key in ("statement", "by"):
        if not getattr(attestation, key).strip():
            faults.add(source.place_of(*at, key), f"{key}: an attestation has a statement, and somebody who makes it")
    if not is_day(attestation.date):
        faults.add(source.place_of(*at, "date"), f"date: `{attestation.date}` is not a day written YYYY-MM-DD")


def is_day(text: str) -> bool:
    """Whether a text is a day written YYYY-MM-DD."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _address(
    source: SourceMapping, address: DimseAddress | Hl7Address | None, at: tuple[str | int, ...], faults: Faults
) -> None:
    if address is None:
        return
    _port(source, address.port, (*at, "port"), faults)
    if not address.host:
        faults.add(source.place_of(*at, "host"), "host: an address has a host")
    if isinstance(address, DimseAddress):
        _ae_title(source, address.ae_title, (*at, "ae_title"), faults)


def _ae_title(source: SourceMapping, title: str, at: tuple[str | int, ...], faults: Faults) -> None:
    if not is_ae_title(title):
        text = f"ae_title: `{title}` is not 1 to 16 ASCII characters without backslash"
        faults.add(source.place_of(*at), text)


def is_ae_title(title: str) -> bool:
    """Whether a text can be an application entity title (PS3.5 6.2)."""
    return re.fullmatch(AE_TITLE, title) is not None


def is_port(port: int) -> bool:
    """Whether a number can be a TCP port; 0 stands for none, or a free one."""
    return 0 <= port <= MOST_PORT


def _port(source: SourceMapping, port: int, at: tuple[str | int, ...], faults: Faults) -> None:
    if not is_port(port):
        faults.add(source.place_of(*at), f"{at[-1]}: {port} is not a TCP port")
