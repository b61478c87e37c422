"""What keeps a step from passing, one by one: findings, and legs that no finding explains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from harness.model.known import NOT_OFFERED, UNDECIDED, KnownAs, Standing
from harness.model.names import HARNESS, LegId, PlayerName, ScenarioId, StepId, TransactionId
from harness.model.record import Record
from harness.model.run import JudgedFinding, LegResult, PlayResult, StepResult
from harness.model.verdict import Verdict

FAILING: Final = (Verdict.FAIL, Verdict.INCONCLUSIVE)
"""What may be known; an ERROR is the harness's own, and never is."""


@dataclass(frozen=True, kw_only=True)
class Failure(Record):
    """One thing that keeps a step from passing: a FAIL of a system, or what is INCONCLUSIVE.

    `requirement` is the finding's, or NOT_OFFERED or UNDECIDED where no finding says why.
    """

    scenario: ScenarioId
    form: str
    step: StepId
    transaction: TransactionId
    leg: LegId
    player: PlayerName
    requirement: str
    verdict: Verdict
    path: str = ""
    received: str = ""
    text: str = ""
    known: KnownAs | None = None

    @property
    def standing(self) -> Standing:
        """Whether it is news."""
        return self.known.standing if self.known is not None else Standing.NEW

    @property
    def any_path(self) -> str:
        """The path with `[*]` for the number of each item and repetition."""
        head, *items = self.path.split("[")
        parts = (item.partition("]") for item in items)
        return head + "".join(f"[{'*' if index.isdigit() else index}{end}{rest}" for index, end, rest in parts)


def counts(leg: LegResult, judged: JudgedFinding) -> bool:
    """Whether a finding keeps its leg from passing; on a leg that is not judged, none does."""
    ruling = leg.verdicts.get(judged.player, Verdict.NONE)
    return judged.verdict in FAILING and judged.verdict.rank <= ruling.rank


def failures_of(play: PlayResult) -> Iterator[Failure]:
    """Everything that keeps the steps of a play from passing."""
    for step in play.steps:
        yield from step_failures(play, step)


def step_failures(play: PlayResult, step: StepResult) -> Iterator[Failure]:
    """Everything that keeps a step from passing."""
    for leg in step.legs:
        for judged in leg.findings:
            if counts(leg, judged):
                yield finding_failure(play, step, leg, judged)
        yield from leg_failures(play, step, leg)


def finding_failure(play: PlayResult, step: StepResult, leg: LegResult, judged: JudgedFinding) -> Failure:
    """A finding as a failure."""
    evidence = judged.finding.evidence
    return Failure(
        scenario=scenario_of(play),
        form=play.form,
        step=step.step,
        transaction=step.transaction,
        leg=leg.leg,
        player=judged.player,
        requirement=judged.requirement.id,
        verdict=judged.verdict,
        path=evidence.path if evidence is not None else "",
        received=judged.finding.received,
        text=judged.requirement.text,
        known=judged.known,
    )


def leg_failures(play: PlayResult, step: StepResult, leg: LegResult) -> Iterator[Failure]:
    """What keeps a leg from passing and is no finding."""
    reasons = []
    if leg.not_offered is not None:
        reasons.append((leg.not_offered, NOT_OFFERED, Verdict.FAIL, ""))
    if leg.undecided:
        players = [player for player in (leg.initiator_player, leg.responder_player) if player != HARNESS]
        said = ", ".join(leg.undecided)
        reasons += [(player, UNDECIDED, Verdict.INCONCLUSIVE, said) for player in players or [HARNESS]]
    for player, requirement, verdict, received in reasons:
        yield Failure(
            scenario=scenario_of(play),
            form=play.form,
            step=step.step,
            transaction=step.transaction,
            leg=leg.leg,
            player=player,
            requirement=requirement,
            verdict=verdict,
            received=received,
            text=leg.reason,
            known=leg.known,
        )


def step_standing(play: PlayResult, step: StepResult) -> Standing | None:
    """What a step that did not pass is to the gate: the worst of its failures; None where none keeps it from passing.

    An ERROR is always news.
    """
    if step.verdict is Verdict.ERROR:
        return Standing.NEW
    found = {failure.standing for failure in step_failures(play, step)}
    return next((one for one in (Standing.NEW, Standing.EXPIRED, Standing.KNOWN) if one in found), None)


def play_standing(play: PlayResult) -> Standing | None:
    """The same of a whole play."""
    if play.verdict is Verdict.ERROR or play.interrupted:
        return Standing.NEW
    found = {standing for step in play.steps if (standing := step_standing(play, step)) is not None}
    return next((one for one in (Standing.NEW, Standing.EXPIRED, Standing.KNOWN) if one in found), None)


def scenario_of(play: PlayResult) -> ScenarioId:
    """The play's scenario, whatever its form and roles."""
    return ScenarioId(play.play.partition("@")[0])
