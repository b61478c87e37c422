"""The gate: a known failure is no news, and nothing beside it is hidden."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.engine.claims import exit_code
from harness.engine.gating import gated
from harness.model.finding import Evidence, Finding
from harness.model.known import EntryState, Gate, KnownAs, KnownDeviation, KnownDeviations
from harness.model.names import (
    HARNESS,
    ActorName,
    CheckName,
    ExchangeId,
    LegId,
    PlayerName,
    PlayId,
    RequirementId,
    ScenarioId,
    StepId,
    TransactionId,
)
from harness.model.profile import Citation, Requirement
from harness.model.run import JudgedFinding, LegResult, PlayResult, StepResult, Why
from harness.model.verdict import Confidence, Outcome, Owner, Verdict, worst

PACS = PlayerName("PACS")
ARCHIVE, MODALITY = ActorName("Image Manager"), ActorName("Modality")
OUTCOMES = {Verdict.PASS: Outcome.MET, Verdict.INCONCLUSIVE: Outcome.UNDECIDED}


def finding(
    requirement: str = "rad-8.store/status",
    verdict: Verdict = Verdict.FAIL,
    *,
    path: str = "Status",
    received: str = "A700",
    player: PlayerName = PACS,
) -> JudgedFinding:
    """A judged finding on the archive."""
    return JudgedFinding(
        finding=Finding(
            check=CheckName("x"),
            requirement=RequirementId(requirement),
            outcome=OUTCOMES.get(verdict, Outcome.VIOLATED),
            actor=ARCHIVE,
            received=received,
            evidence=Evidence(exchange=ExchangeId(1), path=path),
        ),
        requirement=Requirement(
            id=RequirementId(requirement),
            text="",
            citation=Citation("", Confidence.VERIFIED),
            actor=ARCHIVE,
            transaction=TransactionId("RAD-8"),
        ),
        player=player,
        owner=Owner.SYSTEM,
        why=Why(),
        verdict=verdict,
    )


def leg(*findings: JudgedFinding, name: str = "store", **more: object) -> LegResult:
    """A leg to the archive; its verdicts are those of its findings, unless told."""
    verdicts: dict[PlayerName, Verdict] = {}
    for judged in findings:
        verdicts[judged.player] = worst([verdicts.get(judged.player, Verdict.NONE), judged.verdict])
    made = LegResult(
        leg=LegId(name),
        title="",
        verdict=worst(verdicts.values()),
        verdicts=verdicts,
        findings=findings,
        exchanges=(ExchangeId(1),),
        initiator=MODALITY,
        responder=ARCHIVE,
        initiator_player=HARNESS,
        responder_player=PACS,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def play(*legs: LegResult, step: str = "stored", form: str = "2.5.1", interrupted: bool = False) -> PlayResult:
    """A play of one step."""
    verdicts: dict[PlayerName, Verdict] = {}
    for one in legs:
        for player, verdict in one.verdicts.items():
            verdicts[player] = worst([verdicts.get(player, Verdict.NONE), verdict])
    verdict = worst(verdicts.values())
    return PlayResult(
        play=PlayId(f"swf.test@{form}"),
        title="",
        form=form,
        profile="SWF.b",
        scenario_path="",
        verdict=verdict,
        verdicts=verdicts,
        roles={ARCHIVE: PACS},
        interrupted=interrupted,
        steps=(
            StepResult(
                step=StepId(step),
                transaction=TransactionId("RAD-8"),
                title="",
                verdict=verdict,
                verdicts=verdicts,
                legs=legs,
            ),
        ),
    )


def entry(**keys: object) -> KnownDeviation:
    """An entry about `finding()`."""
    made = KnownDeviation(
        scenario=ScenarioId("swf.test"),
        step=StepId("stored"),
        requirement="rad-8.store/status",
        owner="PACS service",
        reason="Repaired in release 5",
        expires="2026-06-30",
        place="k.yaml:2",
    )
    return replace(made, **keys)  # type: ignore[arg-type]


def known(*entries: KnownDeviation, day: str = "2026-05-04") -> KnownDeviations:
    """Entries as a run holds them."""
    placed = tuple(replace(one, place=f"k.yaml:{index}") for index, one in enumerate(entries))
    return KnownDeviations(entries=placed, files=("k.yaml",), sha256="0" * 64, day=day)


PASSED = finding("rad-8.store/kept", Verdict.PASS, path="", received="")


def test_without_known_deviations_everything_stays_as_it_is() -> None:
    plays = (play(leg(finding())),)
    assert gated(KnownDeviations(), plays) == (plays, Gate())


def test_a_known_failure_stays_a_failure_and_is_no_news() -> None:
    marked, gate = gated(known(entry()), [play(leg(finding(), PASSED))])
    assert (marked[0].verdict, marked[0].steps[0].legs[0].findings[0].verdict) == (Verdict.FAIL, Verdict.FAIL)
    assert marked[0].steps[0].legs[0].findings[0].known == KnownAs(entry="k.yaml:0", expires="2026-06-30")
    assert (gate.new, gate.known, gate.expired) == (0, 1, 0)
    assert (gate.uses[0].state, gate.uses[0].failures, gate.uses[0].days) == (EntryState.SEEN, 1, 57)
    assert exit_code(marked) == 0


@pytest.mark.parametrize(
    "other",
    [
        finding("rad-8.store/other"),
        finding(player=PlayerName("Another PACS")),
        finding(path="AffectedSOPInstanceUID"),
        finding(received="0110"),
    ],
)
def test_another_failure_at_the_same_step_is_news(other: JudgedFinding) -> None:
    pinned = entry(system=PACS, path="Status", received="A7*")
    marked, gate = gated(known(pinned), [play(leg(finding(), other))])
    assert (gate.new, gate.known) == (1, 1)
    assert exit_code(marked) == 1


@pytest.mark.parametrize(
    "elsewhere",
    [
        play(leg(finding()), step="stored-again"),
        play(leg(finding()), form="2.3.1"),
        play(leg(finding(), name="to-evidence-creator")),
        replace(play(leg(finding())), play=PlayId("swf.other@2.5.1")),
    ],
)
def test_the_same_failure_elsewhere_is_news(elsewhere: PlayResult) -> None:
    marked, gate = gated(known(entry(form="2.5.1", leg="store")), [elsewhere])
    assert (gate.new, gate.known) == (1, 0)
    assert exit_code(marked) == 1


def test_an_entry_that_pins_nothing_more_is_about_every_form_and_value() -> None:
    _, gate = gated(known(entry()), [play(leg(finding(received="x"))), play(leg(finding()), form="2.3.1")])
    assert (gate.new, gate.known) == (0, 2)


def test_an_item_is_meant_by_its_number_or_by_any() -> None:
    one = finding(path="ReferencedSOPSequence[3].FailureReason")
    for path in ("ReferencedSOPSequence[3].FailureReason", "ReferencedSOPSequence[*].FailureReason", "*.FailureReason"):
        assert gated(known(entry(path=path)), [play(leg(one))])[1].known == 1
    assert gated(known(entry(path="ReferencedSOPSequence[4].FailureReason")), [play(leg(one))])[1].new == 1


def test_absent_pins_that_nothing_came() -> None:
    assert gated(known(entry(received="absent")), [play(leg(finding(received="")))])[1].known == 1
    assert gated(known(entry(received="absent")), [play(leg(finding(received="x")))])[1].new == 1


def test_after_its_last_day_an_entry_excuses_nothing_and_says_so() -> None:
    marked, gate = gated(known(entry(), day="2026-07-01"), [play(leg(finding()))])
    assert (gate.new, gate.known, gate.expired, gate.uses[0].expired) == (0, 0, 1, True)
    assert exit_code(marked) == 1
    marked, gate = gated(known(entry(), day="2026-06-30"), [play(leg(finding()))])
    assert (gate.known, gate.uses[0].days, exit_code(marked)) == (1, 0, 0)


def test_an_entry_that_still_holds_goes_before_one_that_has_expired() -> None:
    two = known(entry(expires="2026-01-31"), entry(requirement="rad-8.store/*"))
    marked, gate = gated(two, [play(leg(finding()))])
    assert [use.failures for use in gate.uses] == [0, 1]
    assert [use.state for use in gate.uses] == [EntryState.SEEN, EntryState.SEEN]
    assert exit_code(marked) == 0


def test_inconclusive_is_known_only_where_an_entry_says_so() -> None:
    unclear = play(leg(finding(verdict=Verdict.INCONCLUSIVE), PASSED))
    marked, gate = gated(known(entry()), [unclear])
    assert (gate.new, exit_code(marked)) == (1, 2)
    marked, gate = gated(known(entry(verdict=Verdict.INCONCLUSIVE)), [unclear, play(leg(PASSED))])
    assert (gate.known, exit_code(marked)) == (1, 0)


def test_a_run_of_which_nothing_was_decided_stays_undecided() -> None:
    unclear = play(leg(finding(verdict=Verdict.INCONCLUSIVE)))
    marked, _ = gated(known(entry(verdict=Verdict.INCONCLUSIVE)), [unclear])
    assert exit_code(marked) == 2


def test_what_is_inconclusive_beside_a_known_failure_is_not_hidden() -> None:
    both = play(leg(finding(), finding("rad-8.store/other", Verdict.INCONCLUSIVE)))
    marked, gate = gated(known(entry()), [both])
    assert (gate.new, gate.known, exit_code(marked)) == (1, 1, 2)


def test_a_check_that_decided_nothing_beside_a_known_failure_is_not_hidden() -> None:
    blind = play(leg(finding(), undecided=(CheckName("dicom.table"),)))
    marked, gate = gated(known(entry()), [blind])
    assert (gate.new, gate.known, exit_code(marked)) == (1, 1, 2)
    undecided = entry(requirement="undecided", verdict=Verdict.INCONCLUSIVE, received="dicom.table")
    marked, gate = gated(known(entry(), undecided), [blind])
    assert (gate.new, gate.known, exit_code(marked)) == (0, 2, 0)


def test_a_transaction_that_is_not_offered_has_a_name() -> None:
    missing = play(leg(verdicts={PACS: Verdict.FAIL}, verdict=Verdict.FAIL, not_offered=PACS, exchanges=()))
    marked, gate = gated(known(entry(requirement="not-offered")), [missing])
    assert (gate.known, exit_code(marked)) == (1, 0)
    assert marked[0].steps[0].legs[0].known is not None
    assert gated(known(entry(requirement="*status")), [missing])[1].new == 1


def test_an_error_of_ours_is_never_known_and_never_hidden() -> None:
    ours = finding("rad-8.store/ours", Verdict.ERROR, player=HARNESS)
    marked, gate = gated(known(entry(), entry(requirement="rad-8.store/*")), [play(leg(finding(), ours))])
    assert gate.new == 1
    assert marked[0].steps[0].legs[0].findings[1].known is None
    assert exit_code(marked) == 2


def test_an_interrupted_run_is_undecided_whatever_is_known() -> None:
    marked, _ = gated(known(entry()), [play(leg(finding(), PASSED), interrupted=True)])
    assert exit_code(marked) == 2


def test_a_finding_on_a_leg_that_is_not_judged_counts_for_nothing() -> None:
    idle = play(leg(finding(), verdicts={}, verdict=Verdict.NONE))
    _, gate = gated(known(entry()), [idle])
    assert (gate.new, gate.known, gate.uses[0].state) == (0, 0, EntryState.GONE)


@pytest.mark.parametrize(
    ("plays", "state"),
    [
        ([play(leg(finding(verdict=Verdict.PASS)))], EntryState.GONE),
        ([play(leg(PASSED))], EntryState.NOT_DECIDED),
        ([play(leg(finding(verdict=Verdict.INCONCLUSIVE)))], EntryState.NOT_DECIDED),
        ([play(leg(finding(verdict=Verdict.PASS)), step="other")], EntryState.NOT_PLAYED),
        ([], EntryState.NOT_PLAYED),
    ],
)
def test_an_entry_is_gone_only_where_its_requirement_was_decided(plays: list[PlayResult], state: EntryState) -> None:
    assert gated(known(entry()), plays)[1].uses[0].state is state


@pytest.mark.parametrize("step", ["rad-8", "rad-8.2", "rad-8.17"])
def test_what_is_known_of_traffic_is_known_however_often_it_comes(step: str) -> None:
    found = replace(play(leg(finding()), step=step), play=PlayId("watched@2.5.1#3"))
    known = KnownDeviations(
        entries=(entry(scenario=ScenarioId("watched"), step=StepId("rad-8")),), files=("k.yaml",), day="2026-01-01"
    )
    _, gate = gated(known, (found,))
    assert (gate.new, gate.known) == (0, 1)
