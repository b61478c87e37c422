"""Whose a finding is, and why: its sender's, its giver's, the scenario's, or what an earlier fault brought with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from harness.checks.delivery import delivery
from harness.checks.recording import LegView, PlayView
from harness.engine import judging
from harness.engine.judging import judge
from harness.model.deviation import Change, Deviation
from harness.model.finding import Finding
from harness.model.names import HARNESS, ActorName
from harness.model.plan import Plan, Play
from harness.model.profile import Service
from harness.model.run import JudgedFinding, PlayResult
from harness.model.scenario import Answer, Expectation, Step
from harness.model.transcript import EventKind, Half
from harness.model.verdict import Outcome, Owner, Reason, Verdict

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Build, Say, Wire

CT = "CTImageStorage"
REFUSED = 0x0110


@dataclass
class Told:
    """What the check `stub` says about the exchange of a step."""

    outcome: Outcome = Outcome.MET
    charged: str = "initiator"
    path: str = "StudyInstanceUID"
    words: dict[str, str] = field(default_factory=dict)
    given: str = ""


class Trial:
    """Images that our modality stores in an archive, one for each step, and a check that says what it is told."""

    def __init__(self, build: Build, wire: Wire, say: Say) -> None:
        self.build, self.wire, self.say = build, wire, say
        self.told: dict[str, Told] = {}
        self.seen: list[LegView] = []
        self.plan: Plan | None = None

    def __call__(self, view: LegView) -> Iterator[Finding]:
        """One finding for each exchange; the legs come in the order of the scenario."""
        self.seen.append(view)
        told = self.told.get(view.step.step.id, Told())
        for exchange in view.exchanges:
            given = next((one.exchanges[0] for one in self.seen if one.step.step.id == told.given), None)
            yield view.finding(
                "stub",
                view.requirement("shall-believed"),
                told.outcome,
                view.responder if told.charged == "responder" else view.initiator,
                exchange.evidence(told.path),
                given=given.evidence("StudyInstanceUID") if given is not None else None,
                **told.words,
            )

    def begin(self, *steps: Step, system: str, actor: str) -> Play:
        """Plan the steps for a system that plays one actor."""
        self.plan = self.build.plan([self.build.scenario(*steps)], [self.build.system(system, actor)])
        (play,) = self.build.plays(self.plan)
        self.wire.begin(play)
        return play

    def store(self, play: Play, step: str, *, sent: bool = True, status: int = 0) -> int:
        """An image, from our modality or from the system's."""
        cause = self.wire.begin_step(play, step)
        image = self.say.image(play.case.patients["main"].id, "1.2", "1.2.3")
        ours, theirs = ("Modality", "Image Manager") if sent else ("Image Manager", "Modality")
        number = self.wire.dimse(
            Service.C_STORE, CT, ours, theirs, request=image, sent=sent, cause=cause if sent else None,
            responses=[(status, None)], instance="1.2.3",
        )  # fmt: skip
        self.wire.end_step(cause)
        return number

    def judged(self, play: Play) -> PlayResult:
        """The play, judged."""
        assert self.plan is not None
        self.wire.seal(play)
        run = judge(self.plan, self.wire.transcript(), self.wire.recorder.read, self.build.knowledge)
        return run.plays[0]


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch, build: Build, wire: Wire, say: Say) -> Trial:
    """The judge knows the stub, and the real `delivery`."""
    made = Trial(build, wire, say)
    leg_checks: Mapping[str, Callable[[LegView], Iterator[Finding]]] = {"stub": made}
    play_checks: Mapping[str, Callable[[PlayView], Iterator[Finding]]] = {"delivery": delivery}
    monkeypatch.setattr(judging, "leg_checks", lambda: leg_checks)
    monkeypatch.setattr(judging, "play_checks", lambda: play_checks)
    return made


def said(result: PlayResult, step: int = 0, check: str = "stub") -> JudgedFinding:
    """The finding of a check at a step."""
    return next(one for one in result.steps[step].legs[0].findings if one.finding.check == check)


def test_who_sent_the_message_answers_for_it(trial: Trial, build: Build) -> None:
    play = trial.begin(build.step("stored", "RAD-8", "Modality"), system="CT", actor="Modality")
    trial.store(play, "stored", sent=False)
    trial.told["stored"] = Told(Outcome.VIOLATED)
    judged = said(trial.judged(play))
    assert (judged.owner, judged.why.reason, judged.verdict) == (Owner.SYSTEM, Reason.SENT_IT, Verdict.FAIL)


def test_what_was_met_needs_no_reason(trial: Trial, build: Build) -> None:
    play = trial.begin(build.step("stored", "RAD-8", "Modality"), system="CT", actor="Modality")
    trial.store(play, "stored", sent=False)
    judged = said(trial.judged(play))
    assert (judged.owner, judged.why.reason) == (Owner.SYSTEM, Reason.OWN_DOING)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"deviation": Deviation(actor=ActorName("Modality"), change=Change.TWICE)}, Reason.DEVIATION),
        ({"expect": Expectation(answer=Answer.REFUSED)}, Reason.REFUSAL_WANTED),
        ({"illegal": True}, Reason.ILLEGAL_STEP),
        ({"unstored": 2}, Reason.LEFT_UNSTORED),
    ],
)
def test_what_the_scenario_asked_for_is_the_scenarios(
    trial: Trial, build: Build, parameters: dict[str, Any], reason: Reason
) -> None:
    step = build.step("stored", "RAD-8", "Modality", **parameters)
    play = trial.begin(step, system="PACS", actor="Image Manager")
    trial.store(play, "stored")
    trial.told["stored"] = Told(Outcome.VIOLATED)
    judged = said(trial.judged(play))
    assert (judged.owner, judged.why.reason, judged.declared) == (Owner.SCENARIO, reason, True)
    assert (judged.verdict, judged.consequence) == (Verdict.NONE, False)


def two_steps(trial: Trial, build: Build, first: Told, second: Told, *, status: int = 0) -> tuple[PlayResult, int]:
    """Two images of ours; what is said about each, and the number of the first exchange."""
    steps = (build.step("first", "RAD-8", "Modality"), build.step("second", "RAD-8", "Modality"))
    play = trial.begin(*steps, system="PACS", actor="Image Manager")
    number = trial.store(play, "first", status=status)
    trial.store(play, "second")
    trial.told |= {"first": first, "second": second}
    return trial.judged(play), number


THEIRS = Told(Outcome.VIOLATED, "responder", words={"received": "1.2.999.4", "expected": "1.2"})
WORDS: list[Told] = [
    Told(Outcome.VIOLATED, words={"received": "1.2.999.4", "expected": "1.2"}),
    Told(Outcome.VIOLATED, words={"received": "1.2", "expected": "1.2.999.4"}),
    Told(Outcome.VIOLATED, words={"received": "1.2", "expected": "1.3 | 1.2.999.4"}),
    Told(Outcome.VIOLATED, words={"received": "1.2", "expected": "1.3"}, given="first"),
]


@pytest.mark.parametrize("ours", WORDS, ids=["the same value", "compared with it", "one of several", "given it"])
def test_what_follows_from_a_faulty_value_fails_nobody(trial: Trial, build: Build, ours: Told) -> None:
    result, number = two_steps(trial, build, THEIRS, ours)
    judged = said(result, 1)
    assert (judged.owner, judged.verdict, judged.consequence) == (Owner.OTHER_SYSTEM, Verdict.NONE, True)
    assert (judged.why.reason, judged.why.player, judged.why.exchange) == (Reason.AFTER_FAULT_OF, "PACS", number)
    assert judged.why.requirement == "rad-8.store/shall-believed"
    assert not judged.warning
    assert [step.verdict for step in result.steps] == [Verdict.FAIL, Verdict.PASS]


def test_a_code_word_that_two_findings_share_joins_nothing(trial: Trial, build: Build) -> None:
    theirs = Told(Outcome.VIOLATED, "responder", words={"received": "COMPLETED"})
    result, _ = two_steps(trial, build, theirs, Told(Outcome.VIOLATED, words={"received": "COMPLETED"}))
    judged = said(result, 1)
    assert (judged.owner, judged.why.reason, judged.verdict) == (
        Owner.UNDECIDED,
        Reason.AFTER_FAULT_OF,
        Verdict.INCONCLUSIVE,
    )


def test_a_request_that_was_wrongly_refused_explains_the_next_one_on_the_instance(trial: Trial, build: Build) -> None:
    theirs = Told(Outcome.VIOLATED, "responder", path="")
    result, number = two_steps(trial, build, theirs, Told(Outcome.VIOLATED), status=REFUSED)
    judged = said(result, 1)
    assert (judged.owner, judged.why.exchange, judged.verdict) == (Owner.OTHER_SYSTEM, number, Verdict.NONE)


def test_what_a_system_does_with_our_faulty_value_is_ours(trial: Trial, build: Build) -> None:
    ours = Told(Outcome.VIOLATED, words={"received": "1.2.999.4"})
    theirs = Told(Outcome.VIOLATED, "responder", words={"received": "1.2", "expected": "1.2.999.4"})
    result, _ = two_steps(trial, build, ours, theirs)
    judged = said(result, 1)
    assert (judged.owner, judged.why.player, judged.verdict) == (Owner.HARNESS, HARNESS, Verdict.NONE)
    assert result.verdicts[HARNESS] is Verdict.ERROR
    assert result.verdicts.get(judged.player) is not Verdict.FAIL


def test_a_consequence_is_no_decision_about_a_system(trial: Trial, build: Build) -> None:
    ours = Told(Outcome.VIOLATED, words={"received": "1.2.999.4"})
    theirs = Told(Outcome.VIOLATED, "responder", words={"received": "1.2", "expected": "1.2.999.4"})
    result, _ = two_steps(trial, build, ours, theirs)
    leg = result.steps[1].legs[0]
    assert (leg.verdict, leg.reason) == (Verdict.INCONCLUSIVE, "nothing was decided by stub")


def test_a_fault_never_explains_what_came_before_it(trial: Trial, build: Build) -> None:
    result, _ = two_steps(trial, build, WORDS[0], THEIRS)
    judged = said(result, 0)
    assert (judged.owner, judged.verdict) == (Owner.HARNESS, Verdict.ERROR)


def test_a_systems_second_fault_is_its_own(trial: Trial, build: Build) -> None:
    result, _ = two_steps(trial, build, THEIRS, THEIRS)
    assert [said(result, step).verdict for step in (0, 1)] == [Verdict.FAIL, Verdict.FAIL]


def test_what_another_gave_names_the_giver(trial: Trial, build: Build) -> None:
    theirs = Told(Outcome.NOT_APPLICABLE, "responder", given="first")
    result, number = two_steps(trial, build, Told(), theirs)
    judged = said(result, 1)
    assert (judged.owner, judged.why.reason, judged.why.player) == (Owner.HARNESS, Reason.COPIED_FROM, HARNESS)
    assert (judged.why.exchange, judged.why.path) == (number, "StudyInstanceUID")


def test_what_never_came_from_a_system_that_was_not_heard_is_the_environments(trial: Trial, build: Build) -> None:
    play = trial.begin(build.step("stored", "RAD-8", "Modality"), system="CT", actor="Modality")
    cause = trial.wire.begin_step(play, "stored")
    trial.wire.end_step(cause)
    judged = said(trial.judged(play), 0, "delivery")
    assert (judged.owner, judged.why.reason) == (Owner.ENVIRONMENT, Reason.LINK_NOT_PROVEN)


def test_what_an_interruption_cut_short_is_undecided(trial: Trial, build: Build) -> None:
    play = trial.begin(build.step("stored", "RAD-8", "Modality"), system="CT", actor="Modality")
    cause = trial.wire.begin_step(play, "stored")
    trial.wire.happened(EventKind.INTERRUPTED, "interrupted by the user")
    trial.wire.end_step(cause, "interrupted")
    assert trial.plan is not None
    run = judge(trial.plan, trial.wire.transcript(), trial.wire.recorder.read, build.knowledge)
    judged = said(run.plays[0], 0, "delivery")
    assert (judged.owner, judged.why.reason) == (Owner.UNDECIDED, Reason.CUT_SHORT)


class Refusing:
    """A check of a registration: what stands in PID-3, and that the message was refused."""

    def __init__(self, faulty: bool) -> None:
        self.faulty = faulty

    def __call__(self, view: LegView) -> Iterator[Finding]:
        for exchange in view.exchanges:
            yield view.finding(
                "stub",
                view.requirement("shall-believed"),
                Outcome.VIOLATED if self.faulty else Outcome.MET,
                view.initiator,
                exchange.evidence("PID-3.1"),
            )
            yield view.finding(
                "stub",
                view.requirement("ack-accepted"),
                Outcome.VIOLATED,
                view.responder,
                exchange.evidence("MSA-1", Half.RESPONSE),
                expected="AA",
                received="AE",
            )


@pytest.mark.parametrize(("faulty", "verdict"), [(True, Verdict.NONE), (False, Verdict.FAIL)])
def test_who_refuses_a_faulty_message_is_not_blamed_for_it(
    monkeypatch: pytest.MonkeyPatch, trial: Trial, build: Build, say: Say, faulty: bool, verdict: Verdict
) -> None:
    monkeypatch.setattr(judging, "leg_checks", lambda: {"stub": Refusing(faulty)})
    play = trial.begin(build.step("register", "RAD-1", "ADT"), system="RIS", actor="Order Filler")
    cause = trial.wire.begin_step(play, "register")
    message = say.adt(play.case.patients["main"].id)
    trial.wire.hl7(message, "ADT", "Order Filler", answer="AE", cause=cause)
    trial.wire.end_step(cause)
    (leg,) = [leg for leg in trial.judged(play).steps[0].legs if leg.findings]
    refusal = next(one for one in leg.findings if one.finding.requirement.endswith("/ack-accepted"))
    assert refusal.verdict is verdict
    assert refusal.owner is (Owner.HARNESS if faulty else Owner.SYSTEM)
