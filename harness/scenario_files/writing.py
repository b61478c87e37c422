"""Writes a new system file: every value that is known, and what else can be said of a product as comments.

A comment of the form `# key: value` is that key as it would stand there; without its `# ` the file still loads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.model.names import ActorName, TransactionId
from harness.model.system import (
    PPS_MANAGER,
    Claim,
    DepartmentActor,
    DimseAddress,
    Hl7Address,
    Hook,
    System,
    SystemActor,
)

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*|\d{1,3}(\.\d{1,3}){3}", re.ASCII)
_OTHER_KINDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"})
SCHEMA = "system.schema.json"
"""The file beside a system file by which an editor completes it."""
_HEAD = f"""\
# yaml-language-server: $schema={SCHEMA}
# What is under test, where it listens, and what it has been told about us. Written by `swf init`.
# A comment that is a key is optional: without its "# " it counts. All keys: docs/system-files.md.
"""
_LONGEST = 118
_DRIVEN = "makes it begin; looked up beside this file, told what to do as JSON on standard input"
_GUIDED = "a person makes it begin, and is told so at the terminal (docs/operator-steps.md)"
_FED = "carries what our stand-in knows into it, before it is asked; told it as JSON and files"


@dataclass(frozen=True, kw_only=True)
class Remarks:
    """What is written beside the values: `titles` of transactions, `options` that each profile has for the claimed
    actors, `claimed` what each actor claims, `asked` what it answers on associations, `begins` what it starts,
    `meetings` what each of our actors has to do with the product."""

    titles: Mapping[TransactionId, str] = field(default_factory=dict)
    options: Mapping[str, Sequence[str]] = field(default_factory=dict)
    claimed: Mapping[ActorName, Sequence[TransactionId]] = field(default_factory=dict)
    asked: Mapping[ActorName, Sequence[TransactionId]] = field(default_factory=dict)
    begins: Mapping[ActorName, Sequence[TransactionId]] = field(default_factory=dict)
    meetings: Mapping[ActorName, str] = field(default_factory=dict)


def system_text(system: System, remarks: Remarks) -> str:
    """The file."""
    lines = [
        *_HEAD.splitlines(),
        f"name: {scalar(system.name)}",
        f"version: {scalar(system.version)}",
        "",
        *_claims(system.claims, remarks),
        "",
        *_actors(system, remarks),
        "",
        *_department(system.department, remarks),
        "",
        *_times(system),
        "",
        *_others(system),
    ]
    return "".join(f"{line}\n" for line in lines)


def scalar(text: str) -> str:
    """A text as one YAML scalar that every reader takes for a text."""
    if _PLAIN.fullmatch(text) and text.lower() not in _OTHER_KINDS:
        return text
    return f'"{"".join(_escaped(character) for character in text)}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(scalar(value) for value in values)}]"


def _mapping(values: Iterable[tuple[str, str]]) -> str:
    return f"{{{', '.join(f'{key}: {value}' for key, value in values)}}}"


def _claims(claims: Sequence[Claim], remarks: Remarks) -> Iterator[str]:
    yield "# What it is said to be. This is what is tested."
    yield "claims:"
    for claim in claims:
        yield f"  - profile: {scalar(claim.profile)}"
        yield f"    actors: {_list(claim.actors)}"
        if claim.transactions:
            yield "    transactions:   # a stand-in plays the rest, and nothing of that is tested"
            width = max(len(name) for name in claim.transactions)
            yield from (f"      - {name:{width}}   # {remarks.titles.get(name, '')}" for name in claim.transactions)
        options = remarks.options.get(claim.profile, ())
        if options:
            yield f"    # options: {_list(options[:1])}   # options of the profile that it has; possible are:"
            yield from (f"    #   - {option}" for option in options)


def _actors(system: System, remarks: Remarks) -> Iterator[str]:
    yield "# Where it listens. Without a port it only calls, and is never called."
    yield "actors:"
    for actor, described in system.actors.items():
        yield f"  {scalar(actor)}:"
        if described.dimse is not None:
            yield f"    dimse: {_dimse(described.dimse)}"
        if described.hl7 is not None:
            yield f"    hl7: {_hl7(described.hl7)}   # MSH-3 and MSH-4 of what it sends"
        yield from _offers(remarks.claimed.get(actor, ()))
        yield from _links(described, remarks.asked.get(actor, ()))
        guided = any(hook.operator is not None for hook in described.acts.values())
        yield from _hooks("acts", described.acts, _GUIDED if guided else _DRIVEN)
        if not described.acts:
            yield from _by_itself(remarks.begins.get(actor, ()), remarks)
        yield from _hooks("feeds", described.feeds, _FED)


def _offers(claimed: Sequence[TransactionId]) -> Iterator[str]:
    if claimed:
        yield f"    # offers: {_list(claimed[:1])}   # what it really has, if less than it claims: the rest fails"


def _way(hook: Hook) -> str:
    if hook.operator is not None:
        way = f"operator: {scalar(hook.operator)}"
    else:
        way = f"http: {scalar(hook.http)}" if hook.http else f"command: {_list(hook.command)}"
    return way if hook.timeout is None else f"{way}, timeout: {hook.timeout:g}"


def _links(described: SystemActor, asked: Sequence[TransactionId]) -> Iterator[str]:
    if asked and described.dimse is not None and described.dimse.port:
        yield f"    # links: {{{asked[0]}: {{dimse: {{port: 105}}}}}}   # another address in a single transaction"


def _hooks(key: str, hooks: Mapping[TransactionId, Hook], why: str) -> Iterator[str]:
    if hooks:
        yield f"    {key}:   # {why}"
        for transaction, hook in hooks.items():
            yield f"      {transaction}: {{{_way(hook)}}}"


def _by_itself(begins: Sequence[TransactionId], remarks: Remarks) -> Iterator[str]:
    """What it begins without a hook: it does so by itself, or somebody sees to it."""
    if begins:
        first = begins[0]
        yield f"    # acts: {{{first}: {{command: [./act.py], timeout: 60}}}}   # a program that makes it begin"
        told = ", ".join(f"{name} {remarks.titles.get(name, '')}".strip() for name in begins)
        yield from _wrapped(f"Begun by itself or by a person, within `times: act`: {told}.", "    # ")


def _wrapped(text: str, prefix: str) -> Iterator[str]:
    line = prefix
    for word in text.split():
        if len(line) + len(word) > _LONGEST and line != prefix:
            yield line.rstrip()
            line = prefix
        line += f"{word} "
    yield line.rstrip()


def _dimse(address: DimseAddress) -> str:
    shown = [("ae_title", scalar(address.ae_title)), ("host", scalar(address.host))]
    return _mapping([*shown, ("port", str(address.port))] if address.port else shown)


def _hl7(address: Hl7Address) -> str:
    shown = [("application", scalar(address.application)), ("facility", scalar(address.facility))]
    reached = [("host", scalar(address.host)), ("port", str(address.port))]
    return _mapping([*shown, *reached] if address.port else shown)


def _department(department: Mapping[ActorName, DepartmentActor], remarks: Remarks) -> Iterator[str]:
    yield "# Our actors that it meets. Enter them in the product: `swf sheet` prints them. Ports are where we listen."
    yield "department:" if department else "department: {}"
    for actor, ours in department.items():
        yield f"  {scalar(actor)}:   # {remarks.meetings.get(actor, '')}".rstrip(" #")
        for key, value in _told(ours):
            yield f"    {key}: {value}"


def _told(ours: DepartmentActor) -> Iterator[tuple[str, str]]:
    names = (("ae_title", ours.ae_title), ("application", ours.application), ("facility", ours.facility))
    yield from ((key, scalar(text)) for key, text in names if text)
    yield from ((key, str(port)) for key, port in (("port", ours.port), ("hl7_port", ours.hl7_port)) if port)
    if ours.bind != DepartmentActor.bind:
        yield "bind", f"{scalar(ours.bind)}   # the interface that we listen on"
    if ours.advertise != DepartmentActor.advertise:
        yield "advertise", f"{scalar(ours.advertise)}   # this machine, as the product dials it"


def _times(system: System) -> Iterator[str]:
    times = system.times
    yield "# How long it may take, in seconds. What has not come by then has not come."
    yield "times:"
    yield f"  answer: {times.answer:g}   # until a response on an open link"
    yield f"  act: {times.act:g}   # until the first message of what it begins"
    yield f"  show: {times.show:g}   # until a change is visible to a query"
    yield f"  settle: {times.settle:g}   # quiet time at the end of a scenario"
    first = next((name for claim in system.claims for name in claim.transactions), "RAD-8")
    yield f"  # transactions: {{{first}: {{answer: 60}}}}   # other times in single transactions"


def _others(system: System) -> Iterator[str]:
    if any(PPS_MANAGER in claim.actors for claim in system.claims):
        yield "# pps_manager: simulated   # its own is switched off, and ours is active"
    yield "# binding: each   # its actors one after the other, instead of all at once"
    yield "# Links with TLS need keys here, at the addresses and in the department: docs/tls.md."
    yield "# codes: {services: {CT-CHEST: {code: {value: X1, scheme: 99RIS, meaning: CT thorax}}}}   # its own codes"
    yield '# character_sets: {hl7: ["8859/1"], dicom: ["ISO_IR 100"]}   # all that it supports, if not every set'
    yield "# known_deviations: our.known.yaml   # failures that are known, and until when (docs/known-deviations.md)"
    yield "# overrides: our-overrides.yaml   # a file of rules that do not hold at this site (docs/overrides.md)"
