"""Overrides change what is decided about systems, tell what they changed, and never hide an error of ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.checks.recording import LegView
from harness.engine import judging
from harness.engine.judging import Strictness, judge
from harness.model.finding import Finding
from harness.model.names import HARNESS, ActorName, PlayerName, RequirementId, TransactionId
from harness.model.override import Effect, Override, Overrides, RowChange
from harness.model.plan import Plan
from harness.model.profile import Option, Service
from harness.model.run import JudgedFinding, Run
from harness.model.tables import AttributeRow, AttributeTable
from harness.model.transcript import Half
from harness.model.verdict import Confidence, Outcome, Verdict

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Build, Say, Wire

CT = "CTImageStorage"
ROW = "rad-8.store/shall-believed"
TYPED = "image/PatientComments"
TODAY = "2026-05-04"


def entry(effect: Effect, requirement: str = ROW, **parameters: object) -> Override:
    """An override as it is read; further keys as the model has them."""
    made = Override(
        requirement=requirement,
        effect=effect,
        reason="The scanner is replaced in summer",
        author="HIS team",
        expires="2026-06-30",
        place=f"site.yaml:{len(parameters)}",
    )
    return replace(made, **parameters)  # type: ignore[arg-type]


class Court:
    """A CT stores one image; the check `stub` decides as it is told about whoever it is told."""

    def __init__(self, build: Build, wire: Wire, say: Say) -> None:
        self.build, self.wire, self.say = build, wire, say
        self.outcome = Outcome.VIOLATED
        self.charged = "initiator"
        self.knowledge = replace(build.knowledge, attribute_tables={"image": _table("1")})

    def check(self, view: LegView) -> Iterator[Finding]:
        """The rule as told, and the row of the table as the view's knowledge has it: nobody sends comments."""
        actor = view.initiator if self.charged == "initiator" else view.responder
        row = view.knowledge.attribute_tables["image"].rows["PatientComments"]
        for exchange in view.exchanges:
            at = exchange.evidence("PatientID")
            yield view.finding("stub", view.requirement("shall-believed"), self.outcome, actor, at)
            if row.type == "1":
                yield view.finding("stub", RequirementId(TYPED), Outcome.VIOLATED, actor, at, received="absent")

    def run(self, *overrides: Override, strictness: Strictness | None = None, read: int = 1) -> Run:
        """Record the image of the CT and judge it."""
        step = self.build.step("stored", "RAD-8", "Modality")
        plan = self.build.plan([self.build.scenario(step)], [self.build.system("CT", "Modality")])
        (play,) = self.build.plays(plan)
        self.wire.begin(play)
        cause = self.wire.begin_step(play, "stored")
        image = self.say.image(play.case.patients["main"].id, "1.2", "1.2.3")
        self.wire.dimse(Service.C_STORE, CT, "Image Manager", "Modality", request=image, sent=False)
        self.wire.end_step(cause)
        self.wire.seal(play)
        return self.judged(_overridden(plan, overrides), strictness)

    def judged(self, plan: Plan, strictness: Strictness | None = None) -> Run:
        """Judge what was recorded."""
        return judge(plan, self.wire.transcript(), self.wire.recorder.read, self.knowledge, strictness=strictness)


def _table(type_: str) -> AttributeTable:
    row = AttributeRow(type=type_, confidence=Confidence.VERIFIED, citation="PS3.3 C.7.1.1")
    return AttributeTable(
        transaction=TransactionId("RAD-8"),
        actor=ActorName("Modality"),
        half=Half.REQUEST,
        citation="PS3.3 C.7.1.1",
        rows={"PatientComments": row},
    )


def _overridden(plan: Plan, overrides: Sequence[Override]) -> Plan:
    named = {one.place: (RequirementId(one.requirement),) for one in overrides}
    return replace(plan, overrides=Overrides(entries=tuple(overrides), named=named, sha256="0" * 64, day=TODAY))


@pytest.fixture
def court(build: Build, wire: Wire, say: Say, monkeypatch: pytest.MonkeyPatch) -> Court:
    """A play and a judge with one check."""
    made = Court(build, wire, say)
    monkeypatch.setattr(judging, "leg_checks", lambda: {"stub": made.check})
    monkeypatch.setattr(judging, "play_checks", dict)
    return made


def of(run: Run, requirement: str = ROW) -> JudgedFinding:
    """The one finding on a requirement."""
    (found,) = [
        judged
        for play in run.plays
        for step in play.steps
        for leg in step.legs
        for judged in leg.findings
        if judged.finding.requirement == requirement
    ]
    return found


OFF_TYPED = entry(Effect.OFF, TYPED, place="site.yaml:90")
"""Keeps the table's row out of a test that is about the rule."""


def test_without_overrides_the_system_fails(court: Court) -> None:
    run = court.run()
    assert (run.verdict, run.overrides) == (Verdict.FAIL, ())
    assert of(run).overruled is None


def test_what_is_weakened_warns_and_says_what_it_was(court: Court) -> None:
    run = court.run(entry(Effect.WEAKEN), OFF_TYPED)
    found = of(run)
    assert (found.verdict, found.warning, found.requirement.strength.value) == (Verdict.PASS, True, "SHOULD")
    assert found.overruled is not None
    assert (found.overruled.verdict, found.overruled.outcome) == (Verdict.FAIL, Outcome.VIOLATED)
    assert run.verdict is Verdict.PASS
    use, _ = run.overrides
    assert (use.findings, use.expired) == (1, False)
    assert [(one.before, one.after, one.count) for one in use.changes] == [(Verdict.FAIL, Verdict.PASS, 1)]


def test_what_is_weakened_still_fails_a_strict_judge(court: Court) -> None:
    run = court.run(entry(Effect.WEAKEN), strictness=Strictness(strict=True))
    assert of(run).verdict is Verdict.FAIL
    assert run.overrides[0].changes == ()


def test_what_is_switched_off_does_not_apply_and_decides_nothing(court: Court) -> None:
    run = court.run(entry(Effect.OFF), OFF_TYPED)
    assert (of(run).finding.outcome, of(run).verdict) == (Outcome.NOT_APPLICABLE, Verdict.NONE)
    assert run.checks == 0
    assert run.plays[0].steps[0].legs[0].reason == "nothing was decided by stub"
    assert run.verdict is Verdict.INCONCLUSIVE


def test_what_was_met_and_is_switched_off_is_told_too(court: Court) -> None:
    court.outcome = Outcome.MET
    run = court.run(entry(Effect.OFF), OFF_TYPED)
    assert [(one.before, one.after) for one in run.overrides[0].changes] == [(Verdict.PASS, Verdict.NONE)]


@pytest.mark.parametrize("effect", [Effect.OFF, Effect.WEAKEN])
def test_an_error_of_ours_stays_one(court: Court, effect: Effect) -> None:
    court.charged = "responder"
    run = court.run(entry(effect), OFF_TYPED)
    assert of(run).player == HARNESS
    assert of(run).verdict is Verdict.ERROR
    assert of(run).overruled is None
    assert run.exit_code == 2
    assert [use.findings for use in run.overrides] == [0, 0]


def test_an_error_of_ours_stays_one_where_a_row_is_changed(court: Court) -> None:
    court.charged = "responder"
    run = court.run(entry(Effect.CHANGE, TYPED, to=RowChange(type="3")))
    assert of(run, TYPED).verdict is Verdict.ERROR


@pytest.mark.parametrize(
    ("limits", "applies"),
    [
        ({"systems": (PlayerName("CT"),)}, True),
        ({"systems": (PlayerName("MR"),)}, False),
        ({"path": "PatientID"}, True),
        ({"path": "Patient*"}, True),
        ({"path": "PatientName"}, False),
        ({"expires": TODAY}, True),
        ({"expires": "2026-05-03"}, False),
    ],
)
def test_an_override_applies_within_its_limits(court: Court, limits: dict[str, object], applies: bool) -> None:
    run = court.run(entry(Effect.OFF, **limits))
    assert (of(run).overruled is not None) is applies
    assert run.overrides[0].findings == int(applies)


def test_an_expired_override_does_not_apply_and_is_told(court: Court) -> None:
    run = court.run(entry(Effect.OFF, expires="2026-05-03"))
    assert run.verdict is Verdict.FAIL
    assert [(use.expired, use.findings, use.changes) for use in run.overrides] == [(True, 0, ())]


def test_the_first_override_that_fits_is_the_one(court: Court) -> None:
    first, second = entry(Effect.WEAKEN, place="a.yaml:2"), entry(Effect.OFF, place="b.yaml:2")
    run = court.run(first, second)
    found = of(run).overruled
    assert found is not None
    assert found.override == "a.yaml:2"
    assert [use.findings for use in run.overrides] == [1, 0]


def test_a_changed_row_is_what_the_system_is_judged_by(court: Court) -> None:
    court.outcome = Outcome.MET
    run = court.run(entry(Effect.CHANGE, TYPED, to=RowChange(type="3")))
    found = of(run, TYPED)
    assert (found.finding.outcome, found.verdict) == (Outcome.NOT_APPLICABLE, Verdict.NONE)
    assert found.requirement.text == "PatientComments is well formed where present"
    assert of(run).overruled is None
    assert [(one.before, one.after) for one in run.overrides[0].changes] == [(Verdict.FAIL, Verdict.NONE)]
    assert run.verdict is Verdict.PASS


def test_a_row_may_be_changed_to_demand_more(court: Court) -> None:
    court.outcome = Outcome.MET
    court.knowledge = replace(court.knowledge, attribute_tables={"image": _table("3")})
    run = court.run(entry(Effect.CHANGE, TYPED, to=RowChange(type="1")))
    found = of(run, TYPED)
    assert (found.verdict, found.finding.received) == (Verdict.FAIL, "absent")
    assert [(one.before, one.after) for one in run.overrides[0].changes] == [(Verdict.NONE, Verdict.FAIL)]


def test_judging_again_repeats_the_judgement_and_the_rule_set_stays_the_shipped_one(court: Court) -> None:
    run = court.run(entry(Effect.OFF), OFF_TYPED)
    again = court.judged(run.plan)
    assert again == run
    assert run.plan.rule_set == court.build.knowledge.rule_set
    assert court.judged(replace(run.plan, overrides=Overrides())).verdict is Verdict.FAIL


def test_what_belongs_to_an_option_that_is_not_claimed_does_not_apply(court: Court) -> None:
    profile = court.knowledge.profiles["SWF"]
    added = Option(actors=(ActorName("Modality"),), means="", citation=profile.citation, requirements=(ROW, TYPED))
    swf = replace(profile, options={"Comments": added})
    court.knowledge = replace(court.knowledge, profiles={**court.knowledge.profiles, "SWF": swf})
    run = court.run(entry(Effect.WEAKEN))
    found = of(run)
    assert (found.finding.outcome, found.finding.received) == (
        Outcome.NOT_APPLICABLE,
        "option Comments is not claimed",
    )
    assert found.overruled is None
    assert run.verdict is Verdict.INCONCLUSIVE
