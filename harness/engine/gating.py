"""The gate over a run: which failures are known, which were until their entry expired, and which are news.

It marks findings and legs, and says of each entry what became of it. No verdict changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from harness.model.failing import Failure, counts, failures_of, finding_failure, leg_failures, scenario_of
from harness.model.hop import step_kind
from harness.model.known import (
    ABSENT,
    NOT_OFFERED,
    UNDECIDED,
    EntryState,
    EntryUse,
    Gate,
    KnownAs,
    KnownDeviation,
    KnownDeviations,
    Standing,
)
from harness.model.names import ScenarioId
from harness.model.run import JudgedFinding, LegResult, PlayResult, StepResult
from harness.model.verdict import Outcome, Verdict
from harness.yaml_source import fits

_DECIDED = (Outcome.MET, Outcome.VIOLATED)


def gated(known: KnownDeviations, plays: Sequence[PlayResult]) -> tuple[tuple[PlayResult, ...], Gate]:
    """The plays with their known failures marked, and the gate over them; without known deviations as they are."""
    if not known.files:
        return tuple(plays), Gate()
    keeper = _Keeper(known)
    marked = tuple(keeper.play(play) for play in plays)
    standings = Counter(failure.standing for play in marked for failure in failures_of(play))
    return marked, Gate(
        files=known.files,
        sha256=known.sha256,
        uses=keeper.uses(marked),
        new=standings[Standing.NEW] + sum(_errors(play) for play in marked),
        known=standings[Standing.KNOWN],
        expired=standings[Standing.EXPIRED],
    )


def accounts_for(entry: KnownDeviation, failure: Failure) -> bool:
    """Whether an entry is about a failure; whether it has expired does not matter."""
    return (
        (entry.scenario, entry.verdict) == (failure.scenario, failure.verdict)
        and entry.step == step_kind(failure.scenario, failure.step)
        and entry.form in ("", failure.form)
        and entry.leg in ("", failure.leg)
        and entry.system in (None, failure.player)
        and fits(failure.requirement, entry.requirement)
        and (not entry.path or fits(failure.path, entry.path) or fits(failure.any_path, entry.path))
        and _received(entry.received, failure.received)
    )


def _received(pinned: str, received: str) -> bool:
    return not pinned or (pinned == ABSENT and not received) or fits(received, pinned)


def _errors(play: PlayResult) -> int:
    """Steps of a play with an ERROR of ours, which is never known."""
    return sum(step.verdict is Verdict.ERROR for step in play.steps)


class _Keeper:
    """Marks the plays of one run and remembers which entry accounted for how many failures."""

    def __init__(self, known: KnownDeviations) -> None:
        self._known = known
        self._by_scenario: dict[ScenarioId, list[KnownDeviation]] = {}
        for entry in known.entries:
            self._by_scenario.setdefault(entry.scenario, []).append(entry)
        self._counts: Counter[str] = Counter()
        self._touched: set[str] = set()

    def play(self, play: PlayResult) -> PlayResult:
        """The play, its known failures marked."""
        if scenario_of(play) not in self._by_scenario:
            return play
        return replace(play, steps=tuple(self._step(play, step) for step in play.steps))

    def _step(self, play: PlayResult, step: StepResult) -> StepResult:
        return replace(step, legs=tuple(self._leg(play, step, leg) for leg in step.legs))

    def _leg(self, play: PlayResult, step: StepResult, leg: LegResult) -> LegResult:
        findings = tuple(self._finding(play, step, leg, judged) for judged in leg.findings)
        whole = [self._mark(failure) for failure in leg_failures(play, step, leg)]
        known = whole[0] if whole and all(whole) else None
        return replace(leg, findings=findings, known=known)

    def _finding(self, play: PlayResult, step: StepResult, leg: LegResult, judged: JudgedFinding) -> JudgedFinding:
        if not counts(leg, judged):
            return judged
        mark = self._mark(finding_failure(play, step, leg, judged))
        return judged if mark is None else replace(judged, known=mark)

    def _mark(self, failure: Failure) -> KnownAs | None:
        """The entry that a failure is known by: the first that has not expired, else the first."""
        found = [one for one in self._by_scenario.get(failure.scenario, ()) if accounts_for(one, failure)]
        if not found:
            return None
        self._touched.update(one.place for one in found)
        best = next((one for one in found if not self._known.has_expired(one)), found[0])
        self._counts[best.place] += 1
        return KnownAs(entry=best.place, expires=best.expires, expired=self._known.has_expired(best))

    def uses(self, plays: Sequence[PlayResult]) -> tuple[EntryUse, ...]:
        """What became of each entry."""
        by_scenario: dict[ScenarioId, list[PlayResult]] = {}
        for play in plays:
            by_scenario.setdefault(scenario_of(play), []).append(play)
        return tuple(
            EntryUse(
                entry=entry,
                state=self._state(entry, by_scenario),
                failures=self._counts[entry.place],
                days=_days(self._known.day, entry.expires),
            )
            for entry in self._known.entries
        )

    def _state(self, entry: KnownDeviation, plays: Mapping[ScenarioId, Iterable[PlayResult]]) -> EntryState:
        if entry.place in self._touched:
            return EntryState.SEEN
        legs = list(_played(entry, plays.get(entry.scenario, ())))
        if not legs:
            return EntryState.NOT_PLAYED
        return EntryState.GONE if any(_is_decided(entry, leg) for leg in legs) else EntryState.NOT_DECIDED


def _days(start: str, end: str) -> int:
    return (date.fromisoformat(end) - date.fromisoformat(start)).days


def _played(entry: KnownDeviation, plays: Iterable[PlayResult]) -> Iterator[LegResult]:
    """The legs of a run that an entry is about."""
    for play in plays:
        if entry.form in ("", play.form) and (not entry.system or entry.system in play.roles.values()):
            for step in play.steps:
                if step_kind(entry.scenario, step.step) == entry.step:
                    yield from (leg for leg in step.legs if entry.leg in ("", leg.leg))


def _is_decided(entry: KnownDeviation, leg: LegResult) -> bool:
    """Whether what an entry names was decided on a leg, so that its absence says something."""
    if entry.requirement == NOT_OFFERED:
        return leg.not_offered is None and leg.verdict is not Verdict.NONE
    if entry.requirement == UNDECIDED:
        return bool(leg.exchanges) and not leg.undecided
    return any(
        judged.finding.outcome in _DECIDED and fits(judged.requirement.id, entry.requirement)
        for judged in leg.findings
        if entry.system in (None, judged.player)
    )
