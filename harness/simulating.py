"""`swf simulate`, put together: any of our actors as stand-ins that serve until they are stopped, then judged."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.text import Text

from harness.actor import actor_classes
from harness.engine.commands import Commands, Done
from harness.engine.department import Department
from harness.engine.judging import Strictness
from harness.engine.population import Population
from harness.engine.procedures import plan_of
from harness.engine.routines import ORDER, ROUTINES
from harness.engine.runs import Setting
from harness.engine.simulation import Simulation
from harness.engine.stand_ins import (
    StandIns,
    as_recorded,
    assignment_of,
    can_order,
    listeners,
    peer_of,
    with_peer,
    with_support,
)
from harness.engine.telling import told
from harness.engine.watching import Until, WatchedSession, watched_plan
from harness.errors import HarnessError, InputError, PortInUse
from harness.identifiers import Identifiers
from harness.model.hop import Watching
from harness.model.names import ActorName, ExchangeId
from harness.model.plan import Plan
from harness.model.profile import LinkKind
from harness.model.system import System
from harness.model.transcript import Event, Exchange
from harness.transports.operator.keyboard import Keyboard
from harness.transports.operator.lines import Lines
from harness.wiring import Finished, conclude, environment, new_out, new_seed, overrides_of, workshop
from reports.command_line import CommandLine
from reports.introduction import introduction, patients, peers
from reports.printable import printable
from reports.traffic import TrafficLog

USUAL_WORKLIST = 8
"""Patients on the worklist of a simulated Order Filler when nobody says how many."""
_WAITING = 1000
"""Messages of peers whose consequences wait to be carried out."""
_SECONDS = 5.0
"""How long the end waits for what is being done."""


@dataclass(frozen=True, kw_only=True)
class SimulateRequest:
    """What the user asked for. `worklist` None: the usual number of patients, where we can order for them."""

    stand_ins: StandIns
    worklist: int | None = None
    form: str = "2.5.1"
    seed: int | None = None
    out: Path | None = None
    until: Until = field(default_factory=Until)
    strictness: Strictness = field(default_factory=Strictness)
    overrides: Sequence[Path] = ()
    known: Sequence[Path] = ()
    quiet: bool = False


def actors_of(words: Iterable[str]) -> tuple[ActorName, ...]:
    """The actors that are meant: by their names, or by a kind of product that `swf init` knows (`ris`, `pacs`)."""
    kinds = workshop().files.kinds()
    known = {name.casefold(): name for name in actor_classes()}
    found: list[ActorName] = []
    for word in words:
        if word.casefold() in known:
            found.append(known[word.casefold()])
        elif word.casefold() in kinds:
            found += kinds[word.casefold()].actors
        else:
            raise InputError(
                f"nothing called `{word}` can be simulated; kinds of products: {', '.join(kinds)}; "
                f"actors: {', '.join(sorted(known.values()))}"
            )
    return tuple(dict.fromkeys(found))


def _usual_profiles() -> Mapping[ActorName, str]:
    """The profile that each actor has first of all, by the kinds of products."""
    kinds = workshop().files.kinds().values()
    return {actor: kind.profiles[0] for kind in reversed(tuple(kinds)) for actor in kind.actors}


def systems_of(suts: Sequence[str]) -> tuple[System, ...]:
    """The systems of the files, or none."""
    return workshop().systems(suts) if suts else ()


def simulate(request: SimulateRequest, console: Console) -> int:
    """Serve until stopped, then judge what was seen and write every report; the exit code."""
    seed = request.seed if request.seed is not None else new_seed()
    out = request.out or new_out(seed)
    running = _Running(request, seed, out, console)
    with running.session as session:
        why = running.serve()
    _line(console, f"The simulation has ended ({why}): {session.exchanges} exchanges. Judging them.", "dim")
    return conclude(Finished(run=session.judged(), out=out, read=session.read), console)


class _Running:
    """One simulation: its session, its department, and everybody who can tell it something."""

    def __init__(self, request: SimulateRequest, seed: int, out: Path, console: Console) -> None:
        shop = workshop()
        self._request, self._seed, self._out, self._console = request, seed, out, console
        self._stand_ins = with_support(request.stand_ins)
        self._knowledge, self._shipped = shop.knowledge, shop.procedures()
        self._plan = self._make_plan()
        self._count = _count(request, self._stand_ins)
        self._log = TrafficLog(console, lambda payload: self.session.read(payload), quiet=request.quiet)
        self._followed: queue.Queue[Exchange | None] = queue.Queue(_WAITING)
        self._typed: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._begun_with = ExchangeId(0)
        keyboard = Keyboard()
        self._keys = keyboard if keyboard.is_there and console.is_terminal else None
        setting = Setting(
            knowledge=shop.knowledge,
            procedures=self._shipped,
            strictness=request.strictness,
            environment=environment(),
        )
        self.session = WatchedSession(setting, self._plan, out, self)

    def _make_plan(self) -> Plan:
        shop, wanted = workshop(), self._stand_ins
        assignment = assignment_of(wanted, shop.knowledge)
        plan = watched_plan(
            run=self._out.name,
            seed=self._seed,
            version=version("swf-harness"),
            knowledge=shop.knowledge,
            watching=Watching(),
            systems=wanted.systems,
            procedures=plan_of(self._shipped, wanted.systems),
        )
        return replace(
            plan,
            assignments=(assignment,),
            overrides=overrides_of(self._request.overrides, wanted.systems, plan.started),
            known=shop.files.known(self._request.known, wanted.systems, (), plan.started),
        )

    # serving

    def serve(self) -> str:
        """Open everything, serve until it is time to stop, close everything; why it ended."""
        with ExitStack() as stack:
            try:
                department = stack.enter_context(self._department())
            except PortInUse as fault:
                raise PortInUse(f"{fault}; here that is --dicom-port, --hl7-port or --as ACTOR=AE_TITLE:PORT") from None
            self._note(department)
            self._simulation = Simulation(
                department,
                Population(workshop().cases().values(), Identifiers(self._seed, "population")),
                form=self._request.form,
            )
            self._commands = Commands(
                self._simulation,
                self._knowledge.transactions,
                stop=lambda: self.session.end("told to"),
                status=self._status,
                introduce=lambda text: self._introduce(department, text),
            )
            faults = self._fill()
            stack.enter_context(told(self._out, self._told))
            stack.enter_context(_thread("consequences", self._follow, lambda: self._followed.put(None)))
            stack.enter_context(_thread("commands", self._do_typed, lambda: self._typed.put(None)))
            for text in (*self._status(), *faults):
                _line(self._console, text)
            stack.enter_context(self._heard())
            why = self.session.watch(self._request.until)
        self._log.finish()
        return why

    def _department(self) -> Department:
        return Department(
            self._plan.assignments[0],
            knowledge=self._knowledge,
            recorder=self.session.recorder,
            clock=self.session.clock,
            seed=self._seed,
            procedures=self._plan.procedures or self._shipped,
        )

    def _note(self, department: Department) -> None:
        """Keep the ports that our endpoints really got, and whom they know."""
        self._plan = replace(self._plan, assignments=(as_recorded(department.assignment),))
        self.session.note(self._plan)

    def _introduce(self, department: Department, text: str) -> None:
        """Know one more peer from now on."""
        department.bind(with_peer(department.assignment, peer_of(text), self._knowledge))
        self._note(department)

    def _fill(self) -> Sequence[str]:
        """Order for so many patients; what went wrong. What passes for it is not shown."""
        order = next(one for one in ROUTINES if ORDER in one.acts)
        faults: list[str] = []
        with self.session.recorder.overhearing() as heard:
            for _ in range(self._count):
                try:
                    tuple(self._simulation.carry_out(order))
                except HarnessError as why:
                    faults.append(f"The worklist could not be filled: {why}")
                    break
        self._begun_with = max(heard, default=self._begun_with)
        return faults

    def _status(self) -> Sequence[str]:
        """What is simulated, where it listens, and whom it knows."""
        return tuple(self._status_lines())

    def _status_lines(self) -> Iterator[str]:
        simulation = self._simulation
        listening = tuple(listeners(self._stand_ins.actors, simulation.parties, self._knowledge, _usual_profiles()))
        titles = {one.id: one.title for one in self._knowledge.transactions.values()}
        yield f"Simulated: {', '.join(self._stand_ins.actors)}. What to enter on the other side:"
        yield from introduction(listening, titles)
        yield from patients(simulation.population.given())
        yield from peers(simulation.peers)
        words = ", ".join(one.word for one in self._commands.known())
        way = "Type a command here, or" if self._keys is not None else "Commands come as lines of standard input, or"
        yield f"{way} from elsewhere with `swf tell COMMAND`: {words}."
        yield f"Everything is recorded in {self._out}. Ctrl-C ends it; then what was seen is judged."

    # who hears of what passes

    def exchanged(self, exchange: Exchange) -> None:
        """Show what passed, and have our actors do what follows from it."""
        if exchange.id <= self._begun_with:
            return
        self._log.exchanged(exchange)
        if not exchange.sent and exchange.link.kind is LinkKind.MLLP:
            with suppress(queue.Full):
                self._followed.put_nowait(exchange)

    def happened(self, event: Event) -> None:
        """Show what went wrong."""
        self._log.happened(event)

    def _follow(self) -> None:
        while (exchange := self._followed.get()) is not None:
            for text in self._simulation.follow(exchange):
                _line(self._console, f"  {text}")

    # who tells it something

    def _heard(self) -> AbstractContextManager[object]:
        """Take commands from the keyboard, or from standard input where that is no terminal."""
        if self._keys is not None:
            return CommandLine(self._console, self._keys, self._typed.put)
        Lines().listen(self._typed.put)
        return nullcontext()

    def _do_typed(self) -> None:
        while (line := self._typed.get()) is not None:
            if line.strip():
                self._told(line)

    def _told(self, line: str) -> Done:
        """Run a command, from wherever it came, and show what comes of it."""
        _line(self._console, f"> {line.strip()}", "bold cyan")
        done = self._commands.run(line, lambda text: _line(self._console, f"  {text}"))
        if not done.done:
            _line(self._console, "  not done", "yellow")
        return done


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(printable(text, 1000), style), soft_wrap=True)


def _count(request: SimulateRequest, wanted: StandIns) -> int:
    """How many patients are ordered for at the beginning."""
    able = can_order(wanted)
    if request.worklist and not able:
        raise InputError("--worklist fills the worklist of a simulated Order Filler that nobody else sends orders to")
    if request.worklist is not None:
        return request.worklist
    return USUAL_WORKLIST if able else 0


@contextmanager
def _thread(name: str, target: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=target, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join(_SECONDS)
