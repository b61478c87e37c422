"""`swf matrix`: plays a system in each of its roles and the box alone, and says how much each play has decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from harness.engine.claims import EXIT_PASS, EXIT_UNDECIDED
from harness.engine.pairwise import pairwise_plays, role_of
from harness.engine.runs import RunProgress, let_go
from harness.engine.tls_planning import is_about_tls
from harness.errors import InputError, NotApplicable
from harness.model.matrix import Cell, LowerBounds, Matrix
from harness.model.names import ActorName, CheckName, LegId, PlayerName, ScenarioId, StepId
from harness.model.plan import Plan, Play
from harness.model.profile import Leg
from harness.model.run import PlayResult, Run
from harness.model.tls import TLS_CHECKS
from harness.model.verdict import Confidence, Outcome, Verdict
from harness.scenario_files.bounds import load_bounds, shipped_bounds, write_bounds
from harness.wiring import (
    BOX_ALONE,
    REFERENCE,
    REFERENCE_WITH_TLS,
    Finished,
    RunRequest,
    execute,
    new_seed,
    plan_only,
    render,
    workshop,
)
from reports.matrix import matrix_json, matrix_lines

_DECIDED = (Outcome.MET, Outcome.VIOLATED)


@dataclass(frozen=True, kw_only=True)
class MatrixRequest:
    """What the user asked for. `suts` as in a run, the reference system when empty; `bounds` takes the place of the
    shipped file; `update` records what was found as the new lower bounds."""

    suts: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    jobs: int = 1
    seed: int | None = None
    out: Path | None = None
    bounds: Path | None = None
    pairwise: bool = False
    update: bool = False
    as_json: bool = False


def matrix(request: MatrixRequest, progress: RunProgress, show: Callable[[str], object]) -> int:
    """`swf matrix`: play, compare with the lower bounds, and show; returns the exit code."""
    file = _bounds_file(request)
    known = load_bounds(file) if file is not None else LowerBounds()
    found, code = _found(request, progress)
    bound = (replace(one, bound=known.of(one.scenario, one.form, one.role)) for one in found.cells)
    found = replace(found, cells=tuple(bound))
    if request.update:
        found = _record(request, found, known, show)
    for line in (matrix_json(found),) if request.as_json else matrix_lines(found):
        show(line)
    return code or (EXIT_PASS if found.green else EXIT_UNDECIDED)


def _bounds_file(request: MatrixRequest) -> Path | None:
    """The shipped file speaks of the reference system and the box alone; what holds for others is theirs to keep."""
    if request.bounds is not None:
        return request.bounds
    if set(request.suts) <= {REFERENCE, REFERENCE_WITH_TLS, BOX_ALONE}:
        return Path(str(shipped_bounds()))
    if request.update:
        raise InputError("--update records the lower bounds of another system in a file of its own: --bounds FILE")
    return None


def _found(request: MatrixRequest, progress: RunProgress) -> tuple[Matrix, int]:
    """The cells without their bounds, and the gravest exit code of the runs."""
    seed = request.seed if request.seed is not None else new_seed()
    runs = list(_runs(replace(request, seed=seed)))
    everything = [plan for _, plan in runs]
    chosen = pairwise_plays(everything) if request.pairwise else None
    begun, cells, codes, strays, folders = monotonic(), list[Cell](), [0], 0, list[str]()
    with TemporaryDirectory(prefix="swf-matrix-") as folder:
        for asked, _ in runs:
            out = (request.out or Path(folder)) / asked.suts[0].split("/")[-1].split(".")[0]
            finished = execute(replace(asked, out=out, only=chosen), progress)
            cells += _cells(finished.run)
            codes.append(finished.run.exit_code)
            strays += len(finished.run.orphans)
            folders += _kept(request, finished)
            del finished
            let_go()
    found = Matrix(
        cells=tuple(cells),
        left_out=sum(len(_plays(plan)) for plan in everything) - len(cells),
        strays=strays,
        seconds=monotonic() - begun,
        seed=seed,
        folders=tuple(folders),
    )
    return found, max(codes)


def _runs(request: MatrixRequest) -> Iterator[tuple[RunRequest, Plan]]:
    """The box alone, then the systems; what does not apply to either is left out. What is about TLS goes with the
    reference system that has it."""
    wanted = tuple(_wanted(request))
    for number, (suts, scenarios) in enumerate(wanted, start=1):
        asked = RunRequest(suts=suts, scenarios=scenarios, jobs=request.jobs, seed=request.seed)
        try:
            yield asked, plan_only(asked)
        except NotApplicable:
            if number == len(wanted):
                raise


def _wanted(request: MatrixRequest) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Which systems are to play which scenarios; none named means all."""
    suts, named = request.suts or (REFERENCE,), request.scenarios
    if BOX_ALONE not in suts:
        yield (BOX_ALONE,), named
    if request.suts:
        yield suts, named
        return
    secured = tuple(one.id for one in workshop().scenarios(named) if is_about_tls(one))
    plain = tuple(name for name in named if name not in secured)
    if plain or not named:
        yield suts, plain
    if secured:
        yield (REFERENCE_WITH_TLS,), secured


def _kept(request: MatrixRequest, finished: Finished) -> tuple[str, ...]:
    if request.out is None:
        return ()
    render(finished)
    return (str(finished.out),)


def _plays(plan: Plan) -> tuple[Play, ...]:
    return tuple(play for assignment in plan.assignments for play in assignment.plays)


def _cells(run: Run) -> Iterable[Cell]:
    plays = {play.id: play for play in _plays(run.plan)}
    for result in run.plays:
        play = plays[result.play]
        yield Cell(
            scenario=play.scenario.id,
            role=role_of(play),
            form=play.form,
            verdict=Verdict.INCONCLUSIVE if result.interrupted else result.verdict,
            checks=core_decisions(play, result),
        )


def core_decisions(play: Play, result: PlayResult) -> int:
    """How many requirements core checks decided on the legs in which a system under test takes part, or on any leg of
    the box alone.

    Each counts once for a step and leg, so that repeated queries and foreign entries add nothing; nor does an optional
    leg to an actor that is there for another scenario.
    """
    cast = _cast(play)
    core = {
        (planned.step.id, leg.leg.id): _core(leg.leg) if {leg.leg.initiator, leg.leg.responder} <= cast else ()
        for planned in play.steps
        for leg in planned.legs
    }
    tested: frozenset[PlayerName] = frozenset(play.roles.values())
    decided: set[tuple[StepId, LegId, str]] = {
        (step.step, leg.leg, judged.requirement.id)
        for step in result.steps
        for leg in step.legs
        if not tested or {leg.initiator_player, leg.responder_player} & tested
        for judged in leg.findings
        if judged.finding.check in core[step.step, leg.leg]
        and judged.finding.outcome in _DECIDED
        and judged.requirement.citation.confidence is not Confidence.UNSURE
    }
    return len(decided)


def _core(leg: Leg) -> tuple[CheckName, ...]:
    """The core checks of a leg, and those on TLS, which decide something where a step tests that."""
    return (*leg.core, *(name for name in leg.checks if name in TLS_CHECKS))


def _cast(play: Play) -> frozenset[ActorName]:
    """The actors without which the play would not be played."""
    required = (leg.leg for planned in play.steps for leg in planned.legs if leg.leg.required)
    ends = {actor for leg in required for actor in (leg.initiator, leg.responder)}
    named = {actor for planned in play.steps for actor in (planned.step.initiator, planned.step.at) if actor}
    return frozenset(ends | named | set(play.roles))


def _record(request: MatrixRequest, found: Matrix, known: LowerBounds, show: Callable[[str], object]) -> Matrix:
    """Write what was found as the new bounds; what did not pass keeps the old one."""
    file = _bounds_file(request)
    if file is None:
        return found
    kept: dict[ScenarioId, dict[str, dict[str, int]]] = {}
    if request.scenarios or request.pairwise:
        kept = {one: {form: dict(roles) for form, roles in forms.items()} for one, forms in known.bounds.items()}
    cells = []
    for cell in found.cells:
        bound = cell.checks if cell.verdict is Verdict.PASS else cell.bound
        if cell.verdict is not Verdict.PASS:
            show(f"{cell.scenario}@{cell.form} {cell.role}: {cell.verdict.value}, so that no new bound is recorded")
        if bound:
            kept.setdefault(cell.scenario, {}).setdefault(cell.form, {})[cell.role] = bound
        cells.append(replace(cell, bound=bound))
    write_bounds(file, LowerBounds(bounds=kept))
    show(f"lower bounds recorded in {file}")
    return replace(found, cells=tuple(cells))
