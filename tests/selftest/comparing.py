"""What two runs of the same plays have in common when nothing but the time they took differs."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.model.names import ExchangeId, PlayerName
from harness.model.plan import Play
from harness.model.run import PlayResult, Run
from harness.model.system import Strain, System
from harness.model.transcript import PayloadKind
from harness.model.verdict import Outcome
from harness.proofs import Unheard
from harness.wiring import REFERENCE, RunRequest, execute, workshop

Facts = Mapping[str, object]
CHANCE = frozenset({"storage/report-repeated", "rad-10.report/role-selection"})
"""Decided only when an archive had to send a report again, or to open an association for it because the one of the
request was gone by then: both are a matter of time.
"""


def facts(run: Run) -> Mapping[str, Facts]:
    """For each play and step its verdict, and what was decided about whom.

    A decision counts once for a leg: a probe that had to be repeated says the same more often, and a broad query says
    it of each foreign entry. What is said of the repetition of a message alone does not count: its sender has shown by
    the first one what it knows. Which entries a query shows before it is cancelled is chance: its verdict counts.
    """
    again = frozenset(_repetitions(run))
    plays = {play.id: play for assignment in run.plan.assignments for play in assignment.plays}
    return {result.play: _steps(result, plays[result.play], again) for result in run.plays}


def _repetitions(run: Run) -> Iterator[ExchangeId]:
    seen: set[tuple[object, ...]] = set()
    for exchange in run.transcript.exchanges if run.transcript is not None else ():
        payload = exchange.request.payload
        if payload is not None and payload.kind is PayloadKind.HL7:
            key = (exchange.link.actor, exchange.link.peer_actor, exchange.sent, payload.sha256)
            if key in seen:
                yield exchange.id
            seen.add(key)


def _steps(result: PlayResult, play: Play, again: frozenset[ExchangeId]) -> Facts:
    return {
        step.step: (
            step.verdict,
            frozenset(
                (leg.leg, judged.requirement.id, judged.finding.outcome, judged.finding.actor, judged.verdict)
                for leg in step.legs
                for judged in leg.findings
                if judged.finding.outcome is not Outcome.NOT_APPLICABLE
                and judged.requirement.id not in CHANCE
                and not play.step(step.step).step.cancel
                and not (judged.finding.evidence is not None and judged.finding.evidence.exchange in again)
            ),
        )
        for step in result.steps
    }


def difference(one: Mapping[str, Facts], other: Mapping[str, Facts]) -> list[str]:
    """What two runs do not have in common, a line for each step."""
    found = [f"{play} was played in one of them" for play in sorted(set(one) ^ set(other))]
    for play in sorted(set(one) & set(other)):
        for step, fact in one[play].items():
            if fact != other[play][step]:
                found.append(f"{play} {step}: {_told(fact, other[play][step])}")
    return found


def _told(one: object, other: object) -> str:
    if not (isinstance(one, tuple) and isinstance(other, tuple)):
        return f"{one} and {other}"
    apart = sorted(map(str, one[1] ^ other[1]))[:5]
    return f"{one[0].value} and {other[0].value}; {'; '.join(apart)}"


def reference(actors: Sequence[str], strain: Strain | None = None) -> System:
    """The reference system in those of its roles, perhaps a difficult one."""
    shipped = workshop().files.system(REFERENCE)
    claims = tuple(
        replace(claim, actors=kept)
        for claim in shipped.claims
        if (kept := tuple(actor for actor in claim.actors if actor in actors))
    )
    patient = replace(shipped.times, answer=30.0, act=30.0, show=30.0)
    return replace(shipped, name=PlayerName("reference"), claims=claims, times=patient, strain=strain or Strain())


def shuffled(scenarios: Sequence[str], seed: int) -> tuple[str, ...]:
    """The scenarios in another order."""
    found = list(scenarios)
    random.Random(seed).shuffle(found)
    return tuple(found)


class Heard(Unheard):
    """Hears what is said of each play when it ends."""

    def __init__(self) -> None:
        self.results: list[PlayResult] = []

    def play_judged(self, result: PlayResult) -> None:
        """A play was sealed and judged."""
        self.results.append(result)


def played(system: System, scenarios: Sequence[str], jobs: int, out: Path) -> Run:
    """Run them against the system; what was said of each play when it ended is what is said in the end."""
    request = RunRequest(systems=(system,), scenarios=scenarios, jobs=jobs, out=out, seed=5)
    heard = Heard()
    run = execute(request, heard).run
    told = {result.play: (result.verdict, tuple(step.verdict for step in result.steps)) for result in heard.results}
    assert told == {result.play: (result.verdict, tuple(step.verdict for step in result.steps)) for result in run.plays}
    return run
