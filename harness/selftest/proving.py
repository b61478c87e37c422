"""The proof: every mutant that teaches something, judged on all processors, and what that says of each requirement.

The choice of mutants is the same on every machine; each is made and judged in one of several processes.
"""

from __future__ import annotations

import multiprocessing
import os
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from time import monotonic

from harness import checks
from harness.model.names import RequirementId
from harness.model.proof import KindResult, Proof, Standing, Trial
from harness.model.tables import Edge
from harness.model.verdict import Outcome
from harness.profiles import knowledge
from harness.profiles.requirements import edge_id
from harness.selftest.changes import Change
from harness.selftest.mutants import Mutant
from harness.selftest.recordings import BaseRecording, Refused, of_run, of_specimens
from harness.selftest.specimens import shipped_specimens
from harness.selftest.survivors import KnownSurvivors
from harness.selftest.trials import Bench


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is to be proved: with the recordings of which runs, and which mutants.

    `kind` and `requirement` are patterns; they choose mutants by what has to break. `runs` are folders of evidence.
    `every`: only each so-many-th mutant is made, and nothing is said of requirements that never broke.
    """

    runs: tuple[Path, ...] = ()
    specimens: bool = True
    kind: str = "*"
    requirement: str = "*"
    jobs: int = 0
    seed: int = 0
    every: int = 1

    @property
    def whole(self) -> bool:
        """Whether no kind of rule and no requirement is left out."""
        return (self.kind, self.requirement) == ("*", "*")

    @property
    def complete(self) -> bool:
        """Whether no mutant is left out."""
        return self.whole and self.every == 1


@dataclass(frozen=True)
class _Benches:
    """The base recordings on their benches, smallest first."""

    benches: tuple[Bench, ...]
    refused: tuple[Refused, ...]
    chosen: tuple[tuple[int, Mutant], ...] = field(default=())


def prove(request: Request, survivors: KnownSurvivors) -> Proof:
    """Make and judge every mutant."""
    begun = monotonic()
    shares = _shares(request)
    done = dict(one for share in shares for one in share.trials)
    trials = tuple(done[number] for number in sorted(done) if _is_shown(done[number], request))
    return _proof(request, shares[0], trials, survivors, monotonic() - begun)


def _is_shown(trial: Trial, request: Request) -> bool:
    """Whether a trial says something of what was asked for."""
    if request.whole or trial.expected:
        return True
    return any(fnmatchcase(one.requirement, request.requirement) for one in trial.broken)


def _prepare(request: Request) -> _Benches:
    known = knowledge()
    bases: list[BaseRecording] = []
    refused: list[Refused] = []
    for out in request.runs:
        good, bad = of_run(out, known)
        bases += good
        refused += bad
    if request.specimens:
        good, bad = of_specimens(shipped_specimens(), known)
        bases += good
        refused += bad
    bases.sort(key=lambda base: (sum(len(leg.exchanges) for leg in base.view.legs), base.name))
    benches = tuple(Bench(base) for base in bases)
    chosen = tuple(_chosen(benches))
    return _Benches(benches, tuple(refused), chosen if request.whole else _narrowed(benches, chosen, request))


def _chosen(benches: Sequence[Bench]) -> Iterator[tuple[int, Mutant]]:
    """The mutants that teach something that none before them does."""
    learnt: set[tuple[object, ...]] = set()
    for index, bench in enumerate(benches):
        made: set[tuple[Change, ...]] = set()
        for mutant in bench.mutants():
            lessons = set(bench.lessons(mutant))
            if lessons <= learnt or (mutant.changes in made and not mutant.expected):
                continue
            learnt |= lessons
            made.add(mutant.changes)
            yield index, mutant


def _narrowed(
    benches: Sequence[Bench], chosen: Iterable[tuple[int, Mutant]], request: Request
) -> tuple[tuple[int, Mutant], ...]:
    """The mutants that a kind of rule or some requirements have to notice.

    Where no table tells which these are, all others of the recordings that decide such a requirement.
    """
    everything = tuple(chosen)
    wanted = tuple((index, mutant) for index, mutant in everything if _is_wanted(mutant, request))
    if wanted or request.kind != "*":
        return wanted
    deciding = {
        index
        for index, bench in enumerate(benches)
        if any(fnmatchcase(one, request.requirement) for one in bench.base.met)
    }
    return tuple((index, mutant) for index, mutant in everything if index in deciding and not mutant.expected)


def _is_wanted(mutant: Mutant, request: Request) -> bool:
    return any(
        fnmatchcase(expected.kind, request.kind)
        and any(fnmatchcase(one, request.requirement) for one in expected.requirements)
        for expected in mutant.expected
    )


@dataclass(frozen=True, kw_only=True)
class _Share:
    """What one process did, and what it knows of the recordings."""

    bases: tuple[str, ...]
    refused: Mapping[str, tuple[str, ...]]
    decided: frozenset[RequirementId]
    trials: tuple[tuple[int, Trial], ...]


def _shares(request: Request) -> list[_Share]:
    jobs = request.jobs or os.cpu_count() or 1
    if jobs == 1 or not request.whole:
        return [_share(request, 0, 1)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context) as pool:
        return list(pool.map(_share, [request] * jobs, range(jobs), [jobs] * jobs))


def _share(request: Request, share: int, shares: int) -> _Share:
    """Every so-many-th mutant, made and judged; the choice is made again in each process, and is the same."""
    checks.load()
    made = _prepare(request)
    numbers = list(range(len(made.chosen)))
    random.Random(request.seed).shuffle(numbers)  # noqa: S311 - spreads the work, decides nothing
    trials = ((number, _trial(made, number)) for number in numbers[:: request.every][share::shares])
    return _Share(
        bases=tuple(bench.base.recording.name for bench in made.benches),
        refused={one.name: one.reasons for one in made.refused},
        decided=frozenset(
            finding.requirement
            for bench in made.benches
            for finding in bench.base.findings
            if finding.outcome in (Outcome.MET, Outcome.VIOLATED)
        ),
        trials=tuple((number, trial) for number, trial in trials if trial is not None),
    )


def _trial(made: _Benches, number: int) -> Trial | None:
    index, mutant = made.chosen[number]
    return made.benches[index].trial(mutant)


def _proof(request: Request, share: _Share, trials: Sequence[Trial], file: KnownSurvivors, seconds: float) -> Proof:
    survivors = tuple(file.explained(trial, expected) for trial in trials for expected in trial.survived)
    standings = _standings(share.decided, trials) if request.complete else {}
    unproved = [one for one, standing in standings.items() if standing is Standing.UNPROVED]
    return Proof(
        bases=share.bases,
        trials=tuple(file.unexplained(trial) for trial in trials),
        kinds=_kinds(trials),
        survivors=survivors,
        standings=standings,
        unproved=file.of_unproved(unproved),
        refused=share.refused,
        drift=file.drift(trials, survivors, unproved) if request.complete else (),
        seconds=seconds,
    )


def _kinds(trials: Iterable[Trial]) -> tuple[KindResult, ...]:
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for trial in trials:
        for expected in trial.expected:
            counts[expected.kind][0] += expected not in trial.survived
            counts[expected.kind][1] += 1
    return tuple(KindResult(kind=kind, killed=one[0], total=one[1]) for kind, one in sorted(counts.items()))


def _alternatives() -> Iterable[list[Edge]]:
    """Edges that say where one value may come from: what is none of these values is charged under one of them."""
    groups: dict[tuple[object, ...], list[Edge]] = defaultdict(list)
    for edge in knowledge().edges:
        groups[edge.by, edge.target, edge.compare].append(edge)
    return groups.values()


def _standings(decided: frozenset[RequirementId], trials: Iterable[Trial]) -> Mapping[RequirementId, Standing]:
    broken = {one.requirement for trial in trials for one in trial.broken}
    broken |= {
        edge_id(one) for group in _alternatives() if any(edge_id(one) in broken for one in group) for one in group
    }
    standings = {}
    for requirement in knowledge().requirements():
        if requirement.check is None:
            standings[requirement.id] = Standing.UNTESTABLE
        elif requirement.id in broken:
            standings[requirement.id] = Standing.PROVED
        else:
            decides = requirement.id in decided
            standings[requirement.id] = Standing.UNPROVED if decides else Standing.NEVER_DECIDED
    return standings
