"""`swf relay`, put together: the hops are opened, what passes is recorded and told, and judged when it stops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.text import Text

from harness.engine.judging import Strictness
from harness.engine.procedures import plan_of
from harness.engine.relaying import Relay
from harness.engine.runs import Setting
from harness.engine.watching import Until, WatchedSession, watched_plan
from harness.errors import InputError
from harness.model.hop import Hop, HopSide, Watching
from harness.model.plan import Plan
from harness.model.profile import LinkKind
from harness.model.system import Party, System
from harness.model.tls import TlsMode
from harness.scenario_files.relays import load_relay
from harness.wiring import Finished, conclude, environment, new_out, new_seed, overrides_of, workshop
from reports.printable import printable
from reports.traffic import TrafficLog


@dataclass(frozen=True, kw_only=True)
class RelayRequest:
    """What the user asked for: a relay file, or hops from the command line with the files of their systems.

    `ready`, where it is given, is a file that is written once every listener is open: a line for each hop.
    """

    file: Path | None = None
    hops: Sequence[Hop] = ()
    suts: Sequence[str] = ()
    out: Path | None = None
    until: Until = field(default_factory=Until)
    strictness: Strictness = field(default_factory=Strictness)
    overrides: Sequence[Path] = ()
    known: Sequence[Path] = ()
    quiet: bool = False
    ready: Path | None = None


def relay(request: RelayRequest, console: Console) -> int:
    """Relay until it is stopped, judge what passed, render and summarise; returns the exit code."""
    shop = workshop()
    hops, systems = _asked(request)
    seed = new_seed()
    out = request.out or new_out(seed)
    setting = Setting(
        knowledge=shop.knowledge,
        procedures=shop.procedures(),
        strictness=request.strictness,
        environment=environment(),
    )
    plan = _plan(request, out.name, seed, hops, systems)
    log = TrafficLog(console, lambda payload: session.read(payload), hops, quiet=request.quiet)
    with (
        WatchedSession(setting, plan, out, log) as session,
        Relay(hops, recorder=session.recorder, clock=session.clock) as opened,
    ):
        session.note_watching(Watching(hops=opened.hops))
        words = [hop_words(hop) for hop in opened.hops]
        for text in words:
            console.print(Text(text), soft_wrap=True)
        console.print(Text("Ctrl-C stops the relay; then what passed is judged.", "dim"), soft_wrap=True)
        if request.ready is not None:
            _write(request.ready, "".join(f"{text}\n" for text in words))
        why = session.watch(request.until)
    log.finish()
    console.print(Text(f"The relay has stopped ({why}): {session.exchanges} exchanges. Judging them.", "dim"))
    return conclude(Finished(run=session.judged(), out=out, read=session.read), console)


def hop_words(hop: Hop) -> str:
    """A hop in a line: who connects to which port, and where that leads."""
    protocol = "HL7" if hop.kind is LinkKind.MLLP else "DICOM"
    name, sender, receiver = (printable(one, 80) for one in (hop.name, hop.accepts.player, hop.leads_to.player))
    here, there = _address(hop.accepts), _address(hop.leads_to)
    return f"{name}: {sender} connects to {here} ({protocol}), which leads to {receiver} at {there}"


def _address(side: HopSide) -> str:
    secured = "" if side.tls is TlsMode.NONE else " (TLS)"
    host = f"[{side.host}]" if ":" in side.host else side.host
    return f"{printable(host)}:{side.port}{secured}"


def _asked(request: RelayRequest) -> tuple[tuple[Hop, ...], tuple[System, ...]]:
    """The hops and the systems that have files."""
    shop = workshop()
    if request.file is not None:
        told = load_relay(request.file, shop.files, shop.files.system)
        hops, systems = told.hops, told.systems
    else:
        hops, systems = tuple(request.hops), ()
    names = {side.player for hop in hops for side in (hop.accepts, hop.leads_to)}
    given = tuple(shop.files.system(name) for name in request.suts)
    for one in given:
        if one.name not in names:
            raise InputError(f"{one.name} is at no end of the relay: it connects {', '.join(sorted(names))}")
        if one.launch is not None:
            raise InputError(
                f"{one.name} is started by `swf run` alone; a relay stands between systems that run already"
            )
    own = {one.name for one in given}
    return hops, (*given, *(one for one in systems if one.name not in own))


def _plan(request: RelayRequest, name: str, seed: int, hops: tuple[Hop, ...], systems: tuple[System, ...]) -> Plan:
    shop = workshop()
    names = dict.fromkeys(side.player for hop in hops for side in (hop.accepts, hop.leads_to))
    described = {one.name: one for one in systems}
    parties = (one.party(actor) for one in systems for actor in one.actors)
    plan = watched_plan(
        run=name,
        seed=seed,
        version=version("swf-harness"),
        knowledge=shop.knowledge,
        watching=Watching(hops=hops),
        systems=tuple(described.get(player) or System(name=player, claims=()) for player in names),
        theirs=tuple(party for party in parties if isinstance(party, Party)),
        procedures=plan_of(shop.procedures(), systems),
    )
    return _at_site(plan, request, systems)


def _at_site(plan: Plan, request: RelayRequest, systems: tuple[System, ...]) -> Plan:
    """The plan with what a site overrides and knows."""
    overrides = overrides_of(request.overrides, systems, plan.started)
    known = workshop().files.known(request.known, systems, (), plan.started)
    return replace(plan, overrides=overrides, known=known)


def _write(path: Path, text: str) -> None:
    try:
        part = path.with_name(f"{path.name}.part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None
