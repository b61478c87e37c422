"""Puts the proofs of `swf selftest` together: of the rules by changed recordings, of the judgement by real runs."""

from __future__ import annotations

import multiprocessing
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from harness.engine.claims import EXIT_FAIL, EXIT_PASS, EXIT_UNDECIDED
from harness.engine.runs import let_go
from harness.engine.tls_planning import is_about_tls
from harness.errors import InputError
from harness.model.live_proof import LiveProof, LiveTrial
from harness.model.names import ActorName, ScenarioId
from harness.model.plan import PlannedStep, Play
from harness.model.run import PlayResult, Run
from harness.model.scenario import Scenario
from harness.model.system import System
from harness.selftest import live
from harness.selftest.proving import Request, prove
from harness.selftest.survivors import known_survivors
from harness.wiring import BOX_ALONE, REFERENCE, REFERENCE_WITH_TLS, RunRequest, execute, workshop
from harness.yaml_source import nearest
from reports.live_proof import live_proof_json, live_proof_lines, trial_line
from reports.proof import proof_json, proof_lines


class Unheard:
    """Nobody hears how the runs of a proof go on."""

    def play_started(self, play: Play) -> None:
        """A play begins."""

    def waiting(self, play: Play, step: PlannedStep, seconds: float) -> None:
        """A system has to act."""

    def step_ended(self, play: Play, step: PlannedStep, state: str, seconds: float) -> None:
        """A step ended."""

    def play_judged(self, result: PlayResult) -> None:
        """A play has its verdict."""


@dataclass(frozen=True, kw_only=True)
class SelftestRequest:
    """What the user asked of `swf selftest`; `kind` and `requirement` are patterns, `every` mutant counts."""

    kind: str = "*"
    requirement: str = "*"
    every: int = 1
    run: Path | None = None
    jobs: int = 0
    seed: int = 1
    as_json: bool = False


def selftest(request: SelftestRequest, show: Callable[[str], object]) -> int:
    """`swf selftest`: record, change, judge, and show what was noticed; returns the exit code."""
    with TemporaryDirectory(prefix="swf-selftest-") as folder:
        runs = (request.run,) if request.run is not None else tuple(_recorded(Path(folder), request.seed))
        workshop()
        proof = prove(
            Request(
                runs=runs,
                kind=request.kind,
                requirement=request.requirement,
                every=request.every,
                jobs=request.jobs,
                seed=request.seed,
            ),
            known_survivors(),
        )
    narrowed = (request.kind, request.requirement) != ("*", "*")
    for line in (proof_json(proof),) if request.as_json else proof_lines(proof, verbose=narrowed):
        show(line)
    if proof.refused and request.run is None:
        return EXIT_UNDECIDED
    return EXIT_PASS if proof.holds else EXIT_FAIL


def _recorded(folder: Path, seed: int) -> Iterator[Path]:
    """Every scenario with all actors simulated, and those about TLS with the reference system, where links have it."""
    box = RunRequest(suts=(BOX_ALONE,), out=folder / "run", jobs=4, seed=seed)
    about_tls = tuple(one.id for one in workshop().files.scenarios() if is_about_tls(one))
    secured = RunRequest(suts=(REFERENCE_WITH_TLS,), scenarios=about_tls, out=folder / "run-tls", jobs=4, seed=seed)
    for request in (box, secured):
        yield execute(request, Unheard()).out


@dataclass(frozen=True, kw_only=True)
class LiveRequest:
    """What the user asked of `swf selftest --live`; `defects` are ids or patterns, none means all."""

    defects: tuple[str, ...] = ()
    jobs: int = 0
    seed: int = 1
    as_json: bool = False


def selftest_live(request: LiveRequest, show: Callable[[str], object]) -> int:
    """`swf selftest --live`: run each defect for real, and show what was noticed; returns the exit code."""
    proof = prove_live(request, (lambda one: None) if request.as_json else (lambda one: show(trial_line(one))))
    for line in (live_proof_json(proof),) if request.as_json else live_proof_lines(proof):
        show(line)
    return EXIT_PASS if proof.holds else EXIT_FAIL


def prove_live(request: LiveRequest, ended: Callable[[LiveTrial], object] = lambda one: None) -> LiveProof:
    """Every wanted defect on both sides, and their scenarios without any; several processes at a time."""
    begun = monotonic()
    shop = workshop()
    known = {defect.id: defect for defect in shop.files.defects()}
    for name in request.defects:
        if not any(fnmatchcase(one, name) for one in known):
            raise InputError(f"no defect is called `{name}`{nearest(name, known)}; see `swf list --defects`")
    wanted = [one for one in known if any(fnmatchcase(one, name) for name in request.defects or ("*",))]
    roles: dict[ScenarioId, set[ActorName]] = defaultdict(set)
    for one in wanted:
        roles[known[one].detection.scenario] |= {deviation.actor for deviation in known[one].deviations}
    jobs = request.jobs or os.cpu_count() or 1
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        clean = [pool.submit(_faultless, name, tuple(actors), request.seed) for name, actors in roles.items()]
        trials = []
        for trial in pool.map(partial(_trial, seed=request.seed), wanted):
            ended(trial)
            trials.append(trial)
        faultless = tuple(line for future in clean for line in future.result())
    return LiveProof(trials=tuple(trials), faultless=faultless, seconds=monotonic() - begun)


def _trial(name: str, *, seed: int) -> LiveTrial:
    shop = workshop()
    defect = shop.defect(name)
    scenario = shop.files.scenario(defect.detection.scenario)
    return live.trial(defect, scenario, _reference_for(scenario), partial(_play, seed=seed))


def _faultless(name: ScenarioId, actors: tuple[ActorName, ...], seed: int) -> tuple[str, ...]:
    scenario = workshop().files.scenario(name)
    return live.faultless(scenario, actors, _reference_for(scenario), partial(_play, seed=seed))


def _reference_for(scenario: Scenario) -> System:
    """The reference system; with TLS on every link for a scenario about that."""
    return workshop().systems((REFERENCE_WITH_TLS if is_about_tls(scenario) else REFERENCE,))[0]


def _play(
    scenario: Scenario, system: System, forms: Sequence[str], *, theirs: str = "", ours: str = "", seed: int
) -> tuple[Run, bool]:
    with TemporaryDirectory(prefix="swf-selftest-") as folder:
        request = RunRequest(
            systems=(system,),
            scenarios=(scenario.id,),
            forms=forms,
            out=Path(folder) / "run",
            defect=theirs,
            own_defect=ours,
            seed=seed,
        )
        let_go()
        finished = execute(request, Unheard())
        return finished.run, finished.untested
