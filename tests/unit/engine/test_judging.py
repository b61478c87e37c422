"""Judgement: findings placed, owners named, verdicts taken from the table and rolled up; the same from disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.checks.delivery import delivery
from harness.checks.recording import LegView, PlayView
from harness.engine import judging
from harness.engine.judging import Strictness, judge
from harness.engine.runs import begin_of, judge_again
from harness.engine.storage import EvidenceWriter
from harness.model.deviation import Change, Deviation
from harness.model.finding import Finding
from harness.model.names import HARNESS, ActorName, ExchangeId, PlayerName
from harness.model.plan import Plan, Play
from harness.model.profile import Service
from harness.model.run import LegResult, PlayResult, Run
from harness.model.scenario import Answer, Expectation, Step
from harness.model.transcript import EventKind
from harness.model.verdict import Confidence, Outcome, Owner, Verdict

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Build, Say, Wire

CT, MPPS = "CTImageStorage", "ModalityPerformedProcedureStep"


class Stub:
    """The check `stub`: decides on each exchange of a step what a test tells it to."""

    def __init__(self) -> None:
        self.outcome: dict[str, Outcome] = {}
        self.row = "shall-believed"
        self.charged: dict[str, str] = {}
        self.silent: set[str] = set()

    def __call__(self, view: LegView) -> Iterator[Finding]:
        """One finding for each exchange; MET unless told otherwise by the name of the step."""
        step = view.step.step.id
        if step in self.silent:
            return
        for exchange in view.exchanges:
            yield view.finding(
                "stub",
                view.requirement(self.row),
                self.outcome.get(step, Outcome.MET),
                view.responder if self.charged.get(step) == "responder" else view.initiator,
                exchange.evidence(),
            )


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Stub:
    """The judge knows two checks: `stub`, which decides as told, and the real `delivery`."""
    made = Stub()
    leg_checks: Mapping[str, Callable[[LegView], Iterator[Finding]]] = {"stub": made}
    play_checks: Mapping[str, Callable[[PlayView], Iterator[Finding]]] = {"delivery": delivery}
    monkeypatch.setattr(judging, "leg_checks", lambda: leg_checks)
    monkeypatch.setattr(judging, "play_checks", lambda: play_checks)
    return made


class Court:
    """One play with its recording, judged on demand."""

    def __init__(self, build: Build, wire: Wire, say: Say) -> None:
        self.build, self.wire, self.say = build, wire, say
        self.plan_: Plan | None = None

    def bind(self, *steps: Step, system: str = "", actors: tuple[str, ...] = (), **parameters: object) -> Play:
        """Plan one play for a system, and start it."""
        systems = [self.build.system(system, *actors, **parameters)] if system else []  # type: ignore[arg-type]
        self.plan_ = self.build.plan([self.build.scenario(*steps)], systems)
        (play,) = self.build.plays(self.plan_)
        self.wire.begin(play)
        return play

    def store(self, play: Play, step: str = "stored", *, sent: bool = True, patient: str = "") -> int:
        """An image of the play's patient, for a step of ours (`sent`) or from the system's modality."""
        cause = self.wire.begin_step(play, step)
        image = self.say.image(patient or play.case.patients["main"].id, "1.2", "1.2.3")
        ours, theirs = ("Modality", "Image Manager") if sent else ("Image Manager", "Modality")
        number = self.wire.dimse(
            Service.C_STORE, CT, ours, theirs, request=image, sent=sent, cause=cause if sent else None
        )
        self.wire.end_step(cause)
        return number

    def run(self, strictness: Strictness | None = None) -> Run:
        """Judge what was recorded."""
        assert self.plan_ is not None
        return judge(
            self.plan_,
            self.wire.transcript(),
            self.wire.recorder.read,
            self.build.knowledge,
            strictness=strictness,
        )

    def result(self, strictness: Strictness | None = None) -> PlayResult:
        """The one play, judged."""
        (play,) = self.run(strictness).plays
        return play


def _leg(result: PlayResult, step: int = 0, leg: int = 0) -> LegResult:
    return result.steps[step].legs[leg]


@pytest.fixture
def court(build: Build, wire: Wire, say: Say, stub: Stub) -> Court:
    """A play, a recording, a judge with two checks."""
    return Court(build, wire, say)


@pytest.fixture
def stored(build: Build) -> Step:
    """A Modality stores."""
    return build.step("stored", "RAD-8", "Modality", line=12)


# who is charged


def test_a_met_requirement_passes_for_its_player(court: Court, stored: Step) -> None:
    play = court.bind(stored, system="CT", actors=("Modality",))
    number = court.store(play, sent=False)
    court.wire.seal(play)
    result = court.result()
    assert result.verdicts == {"CT": Verdict.PASS}
    assert _leg(result).exchanges == (number,)
    assert result.steps[0].checks == 2
    assert result.steps[0].line == 12
    assert (result.play, result.roles) == (play.id, {"Modality": "CT"})


def test_a_violation_by_the_system_is_its_failure(court: Court, stub: Stub, stored: Step) -> None:
    play = court.bind(stored, system="CT", actors=("Modality",))
    court.store(play, sent=False)
    court.wire.seal(play)
    stub.outcome["stored"] = Outcome.VIOLATED
    result = court.result()
    assert result.verdicts == {"CT": Verdict.FAIL}
    judged = _leg(result).findings[0]
    assert (judged.player, judged.owner, judged.verdict) == ("CT", Owner.SYSTEM, Verdict.FAIL)
    assert judged.requirement.id == "rad-8.store/shall-believed"
    assert not judged.warning


def test_a_violation_of_ours_is_an_error_loudly(court: Court, stub: Stub, stored: Step) -> None:
    play = court.bind(stored, system="PACS", actors=("Image Manager",))
    court.store(play)
    court.wire.seal(play)
    stub.outcome["stored"] = Outcome.VIOLATED
    result = court.result()
    assert result.verdicts == {HARNESS: Verdict.ERROR}
    assert _leg(result).findings[0].owner is Owner.HARNESS


def test_our_error_never_hides_their_failure(court: Court, stub: Stub, build: Build) -> None:
    ours, theirs = build.step("ours", "RAD-8", "Modality"), build.step("theirs", "RAD-8", "Modality")
    play = court.bind(ours, theirs, system="PACS", actors=("Image Manager",))
    for step in ("ours", "theirs"):
        court.store(play, step)
        stub.outcome[step] = Outcome.VIOLATED
    stub.charged["theirs"] = "responder"
    court.wire.seal(play)
    result = court.result()
    assert result.verdicts == {HARNESS: Verdict.ERROR, "PACS": Verdict.FAIL}
    assert result.verdict is Verdict.ERROR
    assert [step.verdict for step in result.steps] == [Verdict.ERROR, Verdict.FAIL]


def test_what_we_do_wrong_after_a_system_did_is_not_surely_ours(court: Court, stub: Stub, build: Build) -> None:
    theirs, ours = build.step("theirs", "RAD-8", "Modality"), build.step("ours", "RAD-8", "Modality")
    play = court.bind(theirs, ours, system="PACS", actors=("Image Manager",))
    for step in ("theirs", "ours"):
        court.store(play, step)
        stub.outcome[step] = Outcome.VIOLATED
    stub.charged["theirs"] = "responder"
    court.wire.seal(play)
    result = court.result()
    assert result.verdicts == {HARNESS: Verdict.INCONCLUSIVE, "PACS": Verdict.FAIL}
    assert [step.verdict for step in result.steps] == [Verdict.FAIL, Verdict.INCONCLUSIVE]
    assert _leg(result, 1).findings[0].finding.outcome is Outcome.VIOLATED


def test_a_system_that_did_nothing_wrong_excuses_nothing_of_ours(court: Court, stub: Stub, build: Build) -> None:
    theirs, ours = build.step("theirs", "RAD-8", "Modality"), build.step("ours", "RAD-8", "Modality")
    play = court.bind(theirs, ours, system="PACS", actors=("Image Manager",))
    for step in ("theirs", "ours"):
        court.store(play, step)
    stub.outcome["ours"] = Outcome.VIOLATED
    court.wire.seal(play)
    assert court.result().verdicts[HARNESS] is Verdict.ERROR


@pytest.mark.parametrize(
    "parameters",
    [
        {"deviation": Deviation(actor=ActorName("Modality"), change=Change.TWICE)},
        {"expect": Expectation(answer=Answer.REFUSED)},
        {"unstored": 2},
    ],
    ids=["deviation", "refused", "unstored"],
)
def test_a_declared_deviation_of_ours_is_no_verdict(
    court: Court, stub: Stub, build: Build, parameters: dict[str, object]
) -> None:
    step = build.step("stored", "RAD-8", "Modality", **parameters)
    play = court.bind(step, system="PACS", actors=("Image Manager",))
    court.store(play)
    court.wire.seal(play)
    stub.outcome["stored"] = Outcome.VIOLATED
    (judged, delivered) = _leg(court.result()).findings
    assert (judged.verdict, judged.declared, judged.warning) == (Verdict.NONE, True, False)
    assert (delivered.verdict, delivered.declared) == (Verdict.PASS, False)


def test_a_declared_deviation_excuses_no_system(court: Court, stub: Stub, build: Build) -> None:
    step = build.step(
        "stored", "RAD-8", "Modality", deviation=Deviation(actor=ActorName("Modality"), change=Change.TWICE)
    )
    play = court.bind(step, system="PACS", actors=("Image Manager",))
    court.store(play)
    court.wire.seal(play)
    stub.outcome["stored"], stub.charged["stored"] = Outcome.VIOLATED, "responder"
    assert court.result().verdicts[PlayerName("PACS")] is Verdict.FAIL


@pytest.mark.parametrize(
    ("row", "strictness", "verdict", "warning"),
    [
        ("shall-verified", Strictness(), Verdict.FAIL, False),
        ("shall-unsure", Strictness(), Verdict.NONE, True),
        ("shall-unsure", Strictness(strict=True, least=Confidence.UNSURE), Verdict.NONE, True),
        ("shall-believed", Strictness(least=Confidence.VERIFIED), Verdict.NONE, True),
        ("should-verified", Strictness(), Verdict.PASS, True),
        ("should-verified", Strictness(strict=True), Verdict.FAIL, False),
        ("may-verified", Strictness(strict=True), Verdict.PASS, True),
    ],
)
def test_strength_and_confidence_decide_what_a_violation_weighs(
    court: Court, stub: Stub, stored: Step, row: str, strictness: Strictness, verdict: Verdict, warning: bool
) -> None:
    play = court.bind(stored, system="CT", actors=("Modality",))
    court.store(play, sent=False)
    court.wire.seal(play)
    stub.outcome["stored"], stub.row = Outcome.VIOLATED, row
    judged = _leg(court.result(strictness)).findings[0]
    assert (judged.verdict, judged.warning) == (verdict, warning)


# nothing judged is never a pass


def test_a_core_check_that_decided_nothing_makes_the_leg_inconclusive(court: Court, stub: Stub, stored: Step) -> None:
    play = court.bind(stored, system="CT", actors=("Modality",))
    court.store(play, sent=False)
    court.wire.seal(play)
    stub.silent.add("stored")
    result = court.result()
    assert result.verdicts == {"CT": Verdict.INCONCLUSIVE}
    assert _leg(result).reason == "nothing was decided by stub"
    assert result.steps[0].reason == "nothing was decided by stub"


@pytest.mark.parametrize("outcome", [Outcome.NOT_APPLICABLE, Outcome.UNDECIDED])
def test_a_core_check_that_could_not_decide_makes_the_leg_inconclusive(
    court: Court, stub: Stub, stored: Step, outcome: Outcome
) -> None:
    play = court.bind(stored, system="CT", actors=("Modality",))
    court.store(play, sent=False)
    court.wire.seal(play)
    stub.outcome["stored"] = outcome
    assert court.result().verdicts == {"CT": Verdict.INCONCLUSIVE}


@pytest.mark.parametrize("outcome", [Outcome.MET, Outcome.VIOLATED])
def test_an_unsure_requirement_neither_fails_nor_carries_a_pass(
    court: Court, stub: Stub, stored: Step, outcome: Outcome
) -> None:
    play = court.bind(stored, system="CT", actors=("Modality",))
    court.store(play, sent=False)
    court.wire.seal(play)
    stub.outcome["stored"], stub.row = outcome, "shall-unsure"
    assert court.result().verdicts == {"CT": Verdict.INCONCLUSIVE}


def test_undecided_core_between_our_own_actors_is_ours(court: Court, stub: Stub, stored: Step) -> None:
    play = court.bind(stored)
    court.store(play)
    court.wire.seal(play)
    stub.silent.add("stored")
    assert court.result().verdicts == {HARNESS: Verdict.INCONCLUSIVE}


def test_a_play_that_never_began_passes_nothing(court: Court, build: Build, stored: Step) -> None:
    court.plan_ = build.plan([build.scenario(stored)], [build.system("CT", "Modality")])
    result = court.result()
    assert result.verdicts == {"CT": Verdict.INCONCLUSIVE}
    assert result.interrupted
    assert court.run().exit_code == 2


def test_a_play_with_nothing_but_optional_legs_unseen_is_no_pass(court: Court, build: Build) -> None:
    scenario = build.scenario(build.step("register", "RAD-1", "ADT"))
    court.plan_ = build.plan([scenario], [build.system("HIS", "Order Placer")])
    (play,) = build.plays(court.plan_)
    court.wire.begin(play)
    court.wire.seal(play)
    leg = _leg(court.result())
    assert (leg.verdict, leg.reason) == (Verdict.NONE, "optional, and not seen")
    assert court.run().exit_code != 0


# what the plan says of a leg


def test_claimed_but_not_offered_fails_though_we_played_it_well(court: Court, stored: Step, build: Build) -> None:
    play = court.bind(stored, system="PACS", actors=("Image Manager",), offers=["RAD-4"])
    court.store(play)
    court.wire.seal(play)
    result = court.result()
    assert result.verdicts[PlayerName("PACS")] is Verdict.FAIL
    assert result.verdicts[HARNESS] is Verdict.PASS
    assert _leg(result).reason == "PACS claims Image Manager and does not offer RAD-8"
    (claim,) = court.run().claims
    assert (claim.verdict, claim.transactions) == (Verdict.FAIL, {"RAD-8": Verdict.FAIL})


def test_what_is_not_observable_is_no_verdict_and_blocks_nothing(court: Court, stored: Step, build: Build) -> None:
    step = build.step("scheduled", "RAD-4", "Order Filler")
    play = court.bind(step, stored, system="BOX", actors=("Order Filler", "Image Manager"))
    court.store(play)
    court.wire.seal(play)
    result = court.result()
    leg = _leg(result)
    assert (leg.verdict, leg.verdicts, leg.reason) == (Verdict.NONE, {}, "inside BOX")
    assert result.steps[0].reason == "inside BOX"
    assert result.verdict is Verdict.PASS


def test_what_is_not_applicable_is_no_verdict(court: Court, build: Build, stored: Step) -> None:
    step = build.step("again", "RAD-8", "Modality", unstored=1)
    play = court.bind(step, stored, system="CT", actors=("Modality",))
    court.store(play, sent=False)
    court.wire.seal(play)
    result = court.result()
    assert _leg(result).verdict is Verdict.NONE
    assert "misbehave" in _leg(result).reason
    assert result.verdict is Verdict.PASS


def test_a_reaction_that_nothing_called_for_is_no_verdict(court: Court, build: Build, say: Say) -> None:
    play = court.bind(build.step("started", "RAD-6", "Modality"), system="RIS", actors=("Order Filler",))
    cause = court.wire.begin_step(play, "started")
    dataset = say.mpps(play.case.patients["main"].id, "1.2")
    refused = [(0x0110, None)]
    court.wire.dimse(Service.N_CREATE, MPPS, "Modality", "PPS Manager", request=dataset, responses=refused, cause=cause)
    court.wire.end_step(cause)
    court.wire.seal(play)
    relay = _leg(court.result(), leg=1)
    assert (relay.verdict, relay.reason) == (Verdict.NONE, "did not follow")


# awaited, late, foreign


def _expire(court: Court, play: Play, step: str, leg: str) -> None:
    cause = court.wire.begin_step(play, step)
    court.wire.happened(EventKind.LEG_EXPIRED, step=cause, leg=leg, facts={"seconds": "20"})
    court.wire.end_step(cause, "timed out")


def test_a_system_that_was_heard_and_sent_nothing_fails(court: Court, build: Build, stored: Step) -> None:
    play = court.bind(stored, system="CT", actors=("Modality",))
    court.wire.dimse(Service.C_ECHO, "Verification", "Image Manager", "Modality", sent=False)
    _expire(court, play, "stored", "store")
    court.wire.seal(play)
    result = court.result()
    assert result.verdicts == {"CT": Verdict.FAIL}
    assert _leg(result).findings[0].finding.requirement == "rad-8.store/delivered"


def test_a_system_that_was_never_heard_is_inconclusive(court: Court, stored: Step) -> None:
    play = court.bind(stored, system="CT", actors=("Modality",))
    _expire(court, play, "stored", "store")
    court.wire.seal(play)
    assert court.result().verdicts == {"CT": Verdict.INCONCLUSIVE}


def test_a_system_that_answered_us_was_heard(court: Court, build: Build, say: Say) -> None:
    steps = build.step("worklist", "RAD-5", "Modality"), build.step("scheduled", "RAD-4", "Order Filler")
    play = court.bind(*steps, system="RIS", actors=("Order Filler",))
    cause = court.wire.begin_step(play, "worklist")
    court.wire.dimse(
        Service.C_FIND,
        "ModalityWorklistInformationModelFind",
        "Modality",
        "Order Filler",
        request=say.dataset(),
        cause=cause,
    )
    court.wire.end_step(cause)
    _expire(court, play, "scheduled", "to-image-manager")
    court.wire.seal(play)
    assert court.result().steps[1].verdicts == {"RIS": Verdict.FAIL}


def test_a_system_that_sent_a_message_was_heard(court: Court, build: Build, say: Say) -> None:
    """An HL7 sender says nothing of itself that the link could tell; the message does."""
    steps = build.step("first", "RAD-4", "Order Filler"), build.step("second", "RAD-4", "Order Filler", status="IP")
    play = court.bind(*steps, system="RIS", actors=("Order Filler",))
    cause = court.wire.begin_step(play, "first")
    court.wire.hl7(say.orm(play.case.patients["main"].id), "Image Manager", None, sent=False)
    court.wire.end_step(cause)
    _expire(court, play, "second", "to-image-manager")
    court.wire.seal(play)
    assert court.result().steps[1].verdicts == {"RIS": Verdict.FAIL}


def test_our_stand_in_proves_no_link_of_the_system_it_stands_in_for(court: Court, build: Build, say: Say) -> None:
    steps = build.step("worklist", "RAD-5", "Modality"), build.step("scheduled", "RAD-4", "Order Filler")
    play = court.bind(*steps, system="RIS", actors=("Order Filler",), offers=["RAD-4"])
    worklist = "ModalityWorklistInformationModelFind"
    dialled, accepted = court.wire.pair("Modality", "Order Filler")
    cause = court.wire.begin_step(play, "worklist")
    for link, sent, ends in (
        (dialled, True, ("Modality", "Order Filler")),
        (accepted, False, ("Order Filler", "Modality")),
    ):
        court.wire.dimse(Service.C_FIND, worklist, *ends, request=say.dataset(), sent=sent, link=link)
    court.wire.end_step(cause)
    _expire(court, play, "scheduled", "to-image-manager")
    court.wire.seal(play)
    assert court.result().steps[1].verdicts == {"RIS": Verdict.INCONCLUSIVE}


def test_what_comes_after_the_seal_is_listed_and_changes_no_verdict(court: Court, stub: Stub, stored: Step) -> None:
    play = court.bind(stored, system="CT", actors=("Modality",))
    court.store(play, sent=False)
    court.wire.seal(play)
    before = court.result()
    stub.outcome["stored"] = Outcome.MET
    late = court.store(play, sent=False)
    run = court.run()
    assert run.late == (late,)
    assert run.orphans == ()
    assert run.plays[0].verdicts == before.verdicts
    assert _leg(run.plays[0]) == _leg(before)


def test_an_awaited_leg_that_only_comes_late_did_not_come(court: Court, stored: Step) -> None:
    play = court.bind(stored, system="CT", actors=("Modality",))
    _expire(court, play, "stored", "store")
    court.wire.seal(play)
    late = court.store(play, sent=False)
    run = court.run()
    assert run.late == (late,)
    assert run.plays[0].verdicts == {"CT": Verdict.FAIL}


def _two_plays(court: Court, *steps: Step, system: str, actor: str) -> tuple[Play, ...]:
    scenarios = [court.build.scenario(*steps, id=f"swf.{number}") for number in (1, 2)]
    court.plan_ = court.build.plan(scenarios, [court.build.system(system, actor)])
    plays = court.build.plays(court.plan_)
    for play in plays:
        court.wire.begin(play)
    return plays


def test_a_query_that_two_plays_share_is_late_when_it_is_late_for_both(court: Court, build: Build, say: Say) -> None:
    first, second = _two_plays(court, build.step("worklist", "RAD-5", "Modality"), system="CT", actor="Modality")
    entries = [
        (0xFF00, say.entry(play.case.patients["main"].id, f"1.2.{number}"))
        for number, play in enumerate((first, second), 1)
    ]

    def ask() -> ExchangeId:
        worklist = "ModalityWorklistInformationModelFind"
        keys, answers = say.dataset(PatientID="", PatientName="*"), [*entries, (0x0000, None)]
        ends = "Order Filler", "Modality"
        return court.wire.dimse(Service.C_FIND, worklist, *ends, request=keys, responses=answers, sent=False)

    court.wire.seal(first)
    shared = ask()
    run = court.run()
    assert run.late == ()
    assert [_leg(play).exchanges for play in run.plays] == [(), (shared,)]
    court.wire.seal(second)
    after = ask()
    assert court.run().late == (after,)


def test_an_orphan_makes_every_leg_that_awaits_its_shape_inconclusive(court: Court, stored: Step) -> None:
    """An image with wrong Study UID and wrong patient must never vanish as foreign traffic."""
    plays = _two_plays(court, stored, system="CT", actor="Modality")
    for play in plays:
        court.store(play, sent=False)
    orphan = court.store(plays[0], sent=False, patient="NOBODY")
    for play in plays:
        court.wire.seal(play)
    run = court.run()
    attributed = [exchange for play in run.plays for exchange in _leg(play).exchanges]
    assert orphan in attributed  # the same Study Instance UID joins it


def test_an_orphan_with_nothing_in_common_is_listed_and_blocks_a_pass(court: Court, stored: Step, say: Say) -> None:
    plays = _two_plays(court, stored, system="CT", actor="Modality")
    for play in plays:
        court.store(play, sent=False)
    image = say.image("NOBODY", "9.9", "9.9.9")
    orphan = court.wire.dimse(Service.C_STORE, CT, "Image Manager", "Modality", request=image, sent=False)
    for play in plays:
        court.wire.seal(play)
    run = court.run()
    assert run.orphans == (orphan,)
    assert [play.verdicts for play in run.plays] == [{"CT": Verdict.INCONCLUSIVE}] * 2
    finding = _leg(run.plays[0]).findings[-1].finding
    assert finding.received == "a message that fits no play"
    assert finding.evidence is not None
    assert finding.evidence.exchange == orphan


def test_an_orphan_outside_the_time_of_a_play_does_not_touch_it(court: Court, stored: Step, say: Say) -> None:
    play = court.bind(stored, system="CT", actors=("Modality",))
    court.store(play, sent=False)
    court.wire.seal(play)
    image = say.image("NOBODY", "9.9", "9.9.9")
    orphan = court.wire.dimse(Service.C_STORE, CT, "Image Manager", "Modality", request=image, sent=False)
    run = court.run()
    assert run.orphans == (orphan,)
    assert run.plays[0].verdict is Verdict.PASS


def test_an_orphan_of_another_shape_than_what_is_awaited_does_not_touch_a_leg(
    court: Court, stored: Step, say: Say
) -> None:
    play = court.bind(stored, system="CT", actors=("Modality",))
    court.store(play, sent=False)
    foreign = court.wire.hl7(say.adt("NOBODY"), "Order Filler", None, sent=False)
    court.wire.seal(play)
    run = court.run()
    assert run.orphans == (foreign,)
    assert run.plays[0].verdict is Verdict.PASS


def test_what_could_be_no_transaction_is_no_orphan(court: Court, stored: Step) -> None:
    play = court.bind(stored, system="CT", actors=("Modality",))
    court.store(play, sent=False)
    court.wire.dimse(Service.C_ECHO, "Verification", "Image Manager", "Modality", sent=False)
    court.wire.seal(play)
    assert court.run().orphans == ()


# what went wrong on our side


def test_a_fault_of_ours_in_a_step_is_an_error_with_its_last_line(court: Court, stored: Step) -> None:
    play = court.bind(stored, system="PACS", actors=("Image Manager",))
    cause = court.wire.begin_step(play, "stored")
    court.wire.happened(EventKind.INTERNAL_ERROR, "Traceback\n  somewhere\nKeyError: 'x'\n", step=cause)
    court.wire.end_step(cause, "error")
    court.wire.seal(play)
    step = court.result().steps[0]
    assert step.verdicts[HARNESS] is Verdict.ERROR
    assert step.reason == "KeyError: 'x'"


def test_a_fault_of_ours_outside_any_step_is_an_error_of_the_plays_that_ran(court: Court, stored: Step) -> None:
    play = court.bind(stored, system="CT", actors=("Modality",))
    court.store(play, sent=False)
    court.wire.happened(EventKind.INTERNAL_ERROR, "Traceback\nValueError: boom", actor="Image Manager")
    court.wire.seal(play)
    result = court.result()
    assert result.verdicts == {"CT": Verdict.PASS, HARNESS: Verdict.ERROR}
    assert result.reason == "ValueError: boom"
    assert court.run().exit_code == 2


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_fault_of_ours_while_a_play_did_not_run_is_not_its(court: Court, stored: Step, moment: str) -> None:
    if moment == "before":
        court.wire.happened(EventKind.INTERNAL_ERROR, "boom", actor="Image Manager")
    play = court.bind(stored, system="CT", actors=("Modality",))
    court.store(play, sent=False)
    court.wire.seal(play)
    if moment == "after":
        court.wire.happened(EventKind.INTERNAL_ERROR, "boom", actor="Image Manager")
    assert court.result().verdicts == {"CT": Verdict.PASS}


def test_an_interruption_leaves_what_had_not_come_undecided(court: Court, build: Build, stored: Step) -> None:
    play = court.bind(stored, system="CT", actors=("Modality",))
    court.wire.dimse(Service.C_ECHO, "Verification", "Image Manager", "Modality", sent=False)
    cause = court.wire.begin_step(play, "stored")
    court.wire.happened(EventKind.INTERRUPTED, "interrupted by the user")
    court.wire.end_step(cause, "interrupted")
    court.wire.seal(play)
    run = court.run()
    assert run.interrupted
    assert run.plays[0].verdicts == {"CT": Verdict.INCONCLUSIVE}


# the whole run


def test_a_run_counts_what_was_really_decided(court: Court, stub: Stub, stored: Step, build: Build) -> None:
    silent = build.step("again", "RAD-8", "Modality")
    play = court.bind(stored, silent, system="CT", actors=("Modality",))
    court.store(play, sent=False)
    court.store(play, "again", sent=False)
    court.wire.seal(play)
    stub.outcome["again"] = Outcome.UNDECIDED
    run = court.run()
    assert run.checks == 3
    assert run.believed == 3
    assert run.rules_used == {"rad-8.store/delivered": 2, "rad-8.store/shall-believed": 1}
    assert run.schema == "swf-run/1"


def test_a_step_took_as_long_as_its_events_say(court: Court, stored: Step) -> None:
    play = court.bind(stored, system="CT", actors=("Modality",))
    court.store(play, sent=False)
    court.wire.seal(play)
    result = court.result()
    assert result.steps[0].seconds == 4.0
    assert result.seconds == 6.0
    assert not result.interrupted


def _recorded(court: Court, stored: Step) -> None:
    play = court.bind(stored, system="CT", actors=("Modality",))
    court.store(play, sent=False)
    court.wire.happened(EventKind.NOISE, "\x00 </script> ü")
    court.wire.seal(play)
    court.store(play, sent=False)


def test_judging_twice_gives_the_same(court: Court, stub: Stub, stored: Step) -> None:
    _recorded(court, stored)
    stub.outcome["stored"] = Outcome.VIOLATED
    assert court.run() == court.run()


def test_judging_from_disk_gives_the_same(
    court: Court, stub: Stub, stored: Step, tmp_path: Path, wire_to: Callable[[EvidenceWriter], Wire]
) -> None:
    writer = EvidenceWriter(tmp_path)
    court.wire = wire_to(writer)
    _recorded(court, stored)
    stub.outcome["stored"] = Outcome.VIOLATED
    assert court.plan_ is not None
    writer.plan(court.plan_)
    writer.seal()
    again, read, altered = judge_again(tmp_path, court.build.knowledge, Strictness(), {})
    assert again == court.run()
    assert altered == ()
    payload = again.transcript.exchanges[0].request.payload if again.transcript else None
    assert payload is not None
    assert read(payload) == court.wire.recorder.read(payload)


def test_judging_again_may_be_stricter_and_names_what_was_altered(
    court: Court, stub: Stub, stored: Step, tmp_path: Path, wire_to: Callable[[EvidenceWriter], Wire]
) -> None:
    writer = EvidenceWriter(tmp_path)
    court.wire = wire_to(writer)
    _recorded(court, stored)
    assert court.plan_ is not None
    writer.plan(court.plan_)
    writer.seal()
    plan = tmp_path / "evidence" / "plan.json"
    plan.write_bytes(plan.read_bytes() + b"\n")
    stub.outcome["stored"], stub.row = Outcome.VIOLATED, "should-believed"
    lenient, _, altered = judge_again(tmp_path, court.build.knowledge, Strictness(), {"python": "3"})
    strict, _, _ = judge_again(tmp_path, court.build.knowledge, Strictness(strict=True), {})
    assert altered == ("plan.json",)
    assert (lenient.verdict, strict.verdict) == (Verdict.PASS, Verdict.FAIL)
    assert lenient.environment == {"python": "3"}


def test_a_play_is_judged_by_what_was_recorded_since_it_began(court: Court, stored: Step) -> None:
    play = court.bind(stored, system="CT", actors=("Modality",))
    number = court.store(play, sent=False)
    court.wire.seal(play)
    other = replace(play, id=f"{play.id}[later]")  # type: ignore[arg-type]
    court.wire.begin(other)
    recorder, events = court.wire.recorder, court.wire.recorder.events()
    first, later = (recorder.transcript(begin_of(events, one.id)) for one in (play, other))
    assert [exchange.id for exchange in first.exchanges] == [number]
    assert later.exchanges == ()
    assert later.links == first.links
