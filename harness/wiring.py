"""The composition root: the only module that names actors, checks and reports, and puts a run together."""

from __future__ import annotations

import platform
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

from rich.console import Console

import actors
from harness import checks
from harness.actor import actor_classes
from harness.dicom.character_sets import DEFINED_TERMS
from harness.engine.asking import must_be_asked, operator_steps
from harness.engine.claims import EXIT_PASS, EXIT_UNDECIDED
from harness.engine.judging import Strictness
from harness.engine.launching import ReferenceProcess, secured
from harness.engine.pairwise import pairwise_plays
from harness.engine.planning import Planner
from harness.engine.procedures import plan_of
from harness.engine.reference import ReferenceSystem
from harness.engine.runs import RunProgress, RunSession, Setting, judge_again, only
from harness.engine.storage import Evidence
from harness.errors import InputError
from harness.hl7.charset import NAMES
from harness.model.applicable import Applicable
from harness.model.deviation import Defect, Deviation
from harness.model.names import PlayerName, PlayId
from harness.model.override import Overrides
from harness.model.plan import Plan, scenarios_of
from harness.model.profile import LinkKind, Transaction
from harness.model.run import Run
from harness.model.scenario import Case, ProcedurePlan, Scenario
from harness.model.system import Launch, Strain, System
from harness.model.tls import TlsFiles
from harness.operating import DeskMaker, LiveProgress, desk_at_console
from harness.profiles import Knowledge, knowledge
from harness.profiles.overriding import load_overrides
from harness.scenario_files import ScenarioFiles, in_forms
from harness.transports.tls import rehearse
from reports import ReadPayload, reports
from reports.console import ConsoleProgress, idle_words, summary

BOX_ALONE = "none"
REFERENCE = "reference"
REFERENCE_WITH_TLS = "reference-tls"


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What the user asked for, from the command line or from pytest.

    `systems` take the place of `suts`, `forms` are the HL7 versions to play (none: all). `defect` is one of the
    reference system, `own_defect` one of our own actors. `pairwise` chooses plays in which every pair of scenario, role
    and form occurs; `only` are chosen ones. `operator`: how a person is asked; `operator_name`: who that is.
    """

    suts: Sequence[str] = ()
    systems: Sequence[System] = ()
    scenarios: Sequence[str] = ()
    forms: Sequence[str] = ()
    out: Path | None = None
    defect: str = ""
    own_defect: str = ""
    jobs: int = 1
    seed: int | None = None
    strictness: Strictness = field(default_factory=Strictness)
    overrides: Sequence[Path] = ()
    known: Sequence[Path] = ()
    pairwise: bool = False
    only: frozenset[PlayId] | None = None
    operator: str = ""
    operator_name: str = ""


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """Everything that is loaded once: knowledge, and the data files that ship with the harness."""

    knowledge: Knowledge
    files: ScenarioFiles

    def procedures(self) -> ProcedurePlan:
        """The shipped procedure plan."""
        return self.files.procedures()

    def cases(self, scenarios: Sequence[Scenario] = ()) -> Mapping[str, Case]:
        """The shipped cases by id, and those beside the files of the scenarios."""
        return self.files.cases_beside(*(Path(scenario.path) for scenario in scenarios if scenario.path))

    def scenarios(self, names: Sequence[str]) -> tuple[Scenario, ...]:
        """The scenarios of those ids or files, each once; all shipped ones when no name is given."""
        if not names:
            return self.files.scenarios()
        found: dict[str, Scenario] = {}
        for scenario in (self.files.scenario(name) for name in dict.fromkeys(names)):
            other = found.setdefault(scenario.id, scenario)
            if other.steps != scenario.steps:
                raise InputError(f"two scenarios are called {scenario.id}: {other.path} and {scenario.path}")
        return tuple(found.values())

    def systems(self, suts: Sequence[str]) -> tuple[System, ...]:
        """The systems of those files or shipped names; `none` alone means the box without a system."""
        if list(suts) == [BOX_ALONE]:
            return ()
        if BOX_ALONE in suts:
            raise InputError("`--sut none` is the box alone; it does not go with another system")
        systems = tuple(secured(self.files.system(name)) for name in suts or (REFERENCE,))
        for files in (system.tls for system in systems if system.tls is not None):
            rehearse(files)
        return systems

    def defect(self, name: str) -> Defect:
        """A defect of the reference system by its id."""
        return self.files.defect(name)


@cache
def workshop() -> Workshop:
    """Load actors, checks, knowledge and shipped files."""
    actors.load()
    checks.load()
    known = knowledge()
    transactions = known.transactions.values()
    return Workshop(
        knowledge=known,
        files=ScenarioFiles(
            actors=frozenset(actor for profile in known.profiles.values() for actor in profile.actors)
            | frozenset(actor_classes()),
            transactions=frozenset(known.transactions),
            profiles=frozenset(known.profiles),
            initiators={one.id: frozenset(leg.initiator for leg in one.legs) for one in transactions},
            legs={one.id: frozenset(leg.id for leg in one.legs) for one in transactions},
            actors_of={name: frozenset(profile.actors) for name, profile in known.profiles.items()},
            options_of={
                name: {option: frozenset(told.actors) for option, told in profile.options.items()}
                for name, profile in known.profiles.items()
            },
            clauses=frozenset(known.clauses),
            requirements=frozenset(one.id for one in known.requirements()),
            untestable=frozenset(one.id for one in known.requirements() if one.untestable is not None),
            hl7_character_sets=NAMES,
            dicom_character_sets=DEFINED_TERMS,
            parts={one.id: _parts(one) for one in transactions},
        ),
    )


_ADDRESSES: Mapping[LinkKind, str] = MappingProxyType({LinkKind.MLLP: "hl7", LinkKind.DIMSE: "dimse"})


def _parts(transaction: Transaction) -> Mapping[str, frozenset[str]]:
    """The actors of a transaction, each with the keys of the addresses that it needs in it."""
    found: dict[str, set[str]] = {}
    for leg in transaction.legs:
        for actor in (leg.initiator, leg.responder):
            found.setdefault(actor, set()).add(_ADDRESSES[leg.link])
    return {actor: frozenset(keys) for actor, keys in found.items()}


def environment() -> Mapping[str, str]:
    """Versions that a judgement depends on."""
    packages = ("swf-harness", "pydicom", "pynetdicom", "hl7apy")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def new_seed() -> int:
    """A fresh seed for a run that names none."""
    return secrets.randbelow(2**31)


def new_out(seed: int) -> Path:
    """The default folder of a run."""
    return Path("swf-out") / f"{datetime.now():%Y%m%d-%H%M%S}-{seed:08x}"


def make_plan(request: RunRequest, systems: Sequence[System], seed: int, run_name: str) -> Plan:
    """Plan a request for systems whose addresses are known."""
    shop = workshop()
    scenarios = tuple(in_forms(shop.scenarios(request.scenarios), request.forms))
    planner = Planner(shop.knowledge, shop.cases(scenarios), seed)
    started = datetime.now().isoformat(timespec="seconds")
    plan = planner.plan(
        run=run_name,
        seed=seed,
        started=started,
        version=version("swf-harness"),
        scenarios=scenarios,
        systems=systems,
        defect=request.defect,
        named=bool(request.scenarios),
    )
    chosen = pairwise_plays([plan]) if request.pairwise else request.only
    plan = plan if chosen is None else only(plan, chosen)
    return replace(
        plan,
        overrides=overrides_of(request.overrides, systems, started),
        known=shop.files.known(request.known, systems, scenarios, started),
        procedures=plan_of(shop.procedures(), systems),
    )


def overrides_of(files: Sequence[Path], systems: Sequence[System], started: str) -> Overrides:
    """The overrides of those files, then those that the systems name, as they hold on the day of a run."""
    named: list[tuple[Path, PlayerName | None]] = [(path, None) for path in files]
    named += [(Path(one.path).parent / one.overrides, one.name) for one in systems if one.overrides]
    return load_overrides(named, workshop().knowledge, started[: len("YYYY-MM-DD")])


@contextmanager
def launched_systems(
    systems: Iterable[System], seed: int, defect: str
) -> Iterator[tuple[tuple[System, ...], Mapping[PlayerName, ReferenceProcess]]]:
    """Start the systems that the harness starts by itself, and fill in their addresses."""
    systems = tuple(systems)
    if defect and not any(system.launch is Launch.REFERENCE for system in systems):
        raise InputError("--defect is a fault of the reference system, which is not part of this run")
    processes: dict[PlayerName, ReferenceProcess] = {}
    with ExitStack() as stack:
        ready = []
        for system in systems:
            if system.launch is Launch.REFERENCE:
                transactions = workshop().knowledge.transactions
                process = stack.enter_context(
                    ReferenceProcess(system, transactions=transactions, seed=seed, defect=defect)
                )
                processes[system.name] = process
                ready.append(process.system)
            else:
                ready.append(system)
        yield tuple(ready), processes


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A judged run with the folder of its evidence.

    `idle` are deviations of a defect that changed nothing; where that is all of them, the defect was `untested`.
    """

    run: Run
    out: Path
    read: ReadPayload
    idle: tuple[Deviation, ...] = ()
    untested: bool = False


@contextmanager
def session(
    request: RunRequest, progress: RunProgress, desk: DeskMaker | None = None
) -> Iterator[tuple[RunSession, Plan, Path]]:
    """Start what has to be started, plan, and open a run; leaving the context seals its evidence.

    `desk` makes the way in which persons are asked; InputError when one is needed and there is none.
    """
    shop = workshop()
    seed = request.seed if request.seed is not None else new_seed()
    out = request.out or new_out(seed)
    systems = request.systems or shop.systems(request.suts)
    for name in filter(None, (request.defect, request.own_defect)):
        shop.defect(name)
    with launched_systems(systems, seed, request.defect) as (ready, processes):
        plan = make_plan(request, ready, seed, out.name)
        must_be_asked(plan, desk is not None)
        setting = Setting(
            knowledge=shop.knowledge,
            procedures=shop.procedures(),
            launched=processes,
            strictness=request.strictness,
            environment=environment(),
            deviations=shop.defect(request.own_defect).deviations if request.own_defect else (),
        )
        with RunSession(setting, plan, out, progress, desk(out) if desk else None, request.operator_name) as opened:
            yield opened, plan, out


def execute(
    request: RunRequest,
    progress: RunProgress,
    desk: DeskMaker | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> Finished:
    """Run a request and judge it. A person does one thing at a time: that forces one job, which `tell` is told."""
    with session(request, progress, desk) as (opened, plan, out):
        alone = request.jobs > 1 and bool(operator_steps(plan))
        if alone:
            tell(f"one scenario at a time, not {request.jobs}: a person operates a system of this run")
        opened.run(1 if alone else request.jobs)
        idle = opened.idle_deviations()
    deviations = workshop().defect(request.defect).deviations if request.defect else ()
    untested = bool(idle) and len(idle) == len(deviations)
    return Finished(run=opened.judged(), out=out, read=opened.read, idle=idle, untested=untested)


def render(finished: Finished) -> None:
    """Write every report."""
    for report in reports():
        report.write(finished.run, finished.out, finished.read)


def plan_only(request: RunRequest) -> Plan:
    """`swf plan`: the plan of a request, with no system started and no link opened."""
    seed = request.seed if request.seed is not None else new_seed()
    return make_plan(request, request.systems or workshop().systems(request.suts), seed, "plan")


def applicable(suts: Sequence[str]) -> tuple[Applicable, ...]:
    """`swf list --sut`: which of the shipped scenarios test which role of the systems, in which forms."""
    systems = workshop().systems(suts)
    if not systems:
        raise InputError("without a system under test every scenario is played; name a system file")
    return applicable_to(systems)


def applicable_to(systems: Sequence[System]) -> tuple[Applicable, ...]:
    """The same for systems that are loaded."""
    shop = workshop()
    return tuple(Planner(shop.knowledge, shop.cases(), 0).applicable(shop.scenarios(()), systems))


@contextmanager
def started_systems(request: RunRequest) -> Iterator[tuple[System, ...]]:
    """The systems of a request; those that the harness starts are running."""
    seed = request.seed if request.seed is not None else new_seed()
    with launched_systems(workshop().systems(request.suts), seed, request.defect) as (systems, _):
        yield systems


def run(request: RunRequest, console: Console) -> int:
    """`swf run`: execute, judge, render and summarise; returns the exit code."""
    with ConsoleProgress(console) as shown:
        finished = execute(request, LiveProgress(shown), desk_at_console(request.operator, shown), shown.tell)
    return conclude(finished, console)


def conclude(finished: Finished, console: Console) -> int:
    """Write the reports of a finished run and summarise it; the exit code."""
    render(finished)
    summary(finished.run, finished.out, console)
    for deviation in finished.idle:
        console.print(idle_words(deviation), markup=False, highlight=False, soft_wrap=True)
    return finished.run.exit_code or (EXIT_UNDECIDED if finished.untested else EXIT_PASS)


def rejudge(
    out: Path,
    strictness: Strictness,
    console: Console,
    overrides: Sequence[Path] | None = None,
    known: Sequence[Path] | None = None,
) -> int:
    """`swf judge`: judge stored evidence again and rebuild the reports.

    `overrides` and `known` deviations take the place of those that the run was judged with; None leaves them.
    """
    shop, others, other_known = workshop(), None, None
    if overrides is not None:
        others = overrides_of(overrides, (), Evidence(out).plan().started)
    if known is not None:
        plan = Evidence(out).plan()
        other_known = shop.files.known(known, (), scenarios_of(plan), plan.started)
    judged, read, altered = judge_again(out, shop.knowledge, strictness, environment(), others, other_known)
    for name in altered:
        console.print(f"evidence/{name} was altered since the run was sealed", markup=False, soft_wrap=True)
    return conclude(Finished(run=judged, out=out, read=read), console)


@contextmanager
def reference_system(seed: int, defect: str, strain: Strain, tls: TlsFiles | None) -> Iterator[ReferenceSystem]:
    """The reference system, serving; with `tls` every link of it is secured."""
    shop = workshop()
    deviations = shop.defect(defect).deviations if defect else ()
    with ReferenceSystem(
        shop.knowledge,
        shop.procedures(),
        seed=seed,
        deviations=deviations,
        history=tuple(shop.cases().values()),
        strain=strain,
        tls=tls,
    ) as system:
        yield system
