"""Findings as sentences, in five parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.model.names import ExchangeId, LegId, PlayerName, PlayId, RequirementId, TransactionId
from harness.model.run import Why
from harness.model.verdict import Owner, Reason, Verdict
from reports.grouping import complaints
from reports.reproduction import Reproduction
from reports.wording import (
    break_words,
    by_number,
    claim_words,
    decisive,
    exchange_anchor,
    failure_text,
    first_breaks,
    group_text,
    href,
    not_judged,
    reason_text,
    reasons,
    step_anchor,
    step_summary,
    step_text,
    unexplained,
    verdict_words,
)

Sample = Any  # the fixture's class lives in conftest.py
OUT = Path("out/run-1")
AGAIN = Reproduction(OUT)


def test_a_failure_has_five_parts(sample: Sample) -> None:
    play = sample.run.plays[0]
    step = play.steps[1]
    judged = next(judged for _, judged in decisive(step))
    assert failure_text(play, step, judged, AGAIN).splitlines() == [
        "scenarios/swf/scheduled.scenario.yaml:9  worklist [RAD-5]  FAIL (Order Filler)",
        "  StudyInstanceUID: expected 2.25.181817384620471923847102938471029384 (announced in RAD-4), received absent",
        "  exchange 2, response 1",
        "  RAD TF-2: 4.5 ; PS3.4 Table K.6-1 (believed) ; requirement consistency/study-instance-uid",
        "  see report.html#x2 ; reproduce: swf replay out/run-1 2 --to ADDRESS",
    ]


def test_a_failure_says_whose_it_is_and_why(sample: Sample) -> None:
    play = sample.run.plays[0]
    step = play.steps[1]
    judged = next(judged for _, judged in decisive(step))
    sent = replace(judged, why=Why(reason=Reason.SENT_IT))
    assert failure_text(play, step, sent, AGAIN).splitlines()[3] == "  system under test: sent it"
    after = Why(
        reason=Reason.AFTER_FAULT_OF,
        player=PlayerName("PACS"),
        exchange=ExchangeId(7),
        path="StudyInstanceUID",
        requirement=RequirementId("rad-14.query/matches-key"),
    )
    follows = replace(judged, why=after, owner=Owner.OTHER_SYSTEM, verdict=Verdict.NONE)
    lines = failure_text(play, step, follows, AGAIN).splitlines()
    assert lines[0].endswith("CONSEQUENCE (Order Filler)")
    assert lines[3] == (
        "  another system: follows from an earlier fault (PACS, rad-14.query/matches-key, exchange 7, StudyInstanceUID)"
    )


def test_an_identifier_that_broke_is_named_once_where_it_broke_first(sample: Sample) -> None:
    play = sample.run.plays[0]
    later = replace(play.ledger[2], exchange=ExchangeId(9), place="stored: C-STORE StudyInstanceUID")
    (entry,) = first_breaks(replace(play, ledger=(later, *play.ledger)))
    assert break_words(entry).endswith("(exchange 2, charged to Order Filler, consistency/study-instance-uid)")


def test_an_attribute_inside_a_sequence_names_its_container_in_the_evidence(sample: Sample) -> None:
    play = sample.run.plays[0]
    judged = [judged for _, judged in decisive(play.steps[1])][1]
    lines = failure_text(play, play.steps[1], judged, AGAIN).splitlines()
    assert lines[0].endswith("INCONCLUSIVE (Order Filler)")
    assert lines[1].startswith("  Modality: expected")
    assert lines[2] == "  exchange 2, response 1, ScheduledProcedureStepSequence[0]"


def test_an_hl7_path_is_the_subject_as_it_stands(sample: Sample) -> None:
    play = sample.run.plays[0]
    warning = next(judged for judged in play.steps[0].legs[0].findings if judged.warning)
    lines = failure_text(play, play.steps[0], warning, AGAIN).splitlines()
    assert lines[0].endswith("WARNING (Order Filler)")
    assert lines[1] == "  MSH-9.3: expected ACK, received ACK_O19"


def test_a_finding_without_exchange_is_placed_by_its_step(sample: Sample) -> None:
    play = sample.run.plays[0]
    judged = next(judged for _, judged in decisive(play.steps[1]))
    placed = replace(judged, finding=replace(judged.finding, evidence=None))
    lines = failure_text(play, play.steps[1], placed, AGAIN).splitlines()
    assert lines[1].startswith("  The worklist shows the Study Instance UID")
    assert lines[2] == "  no exchange"
    anchor = "swf.scheduled@2.5.1[Order_Filler]/worklist"
    assert lines[4] == f"  see report.html#{anchor} ; reproduce: swf judge out/run-1"


def test_the_gravest_finding_comes_first_and_declared_ones_are_no_failures(sample: Sample) -> None:
    play = sample.run.plays[0]
    assert [judged.verdict for _, judged in decisive(play.steps[1])] == [Verdict.FAIL, Verdict.INCONCLUSIVE]
    assert list(decisive(play.steps[0])) == []
    declared = next(judged for judged in play.steps[0].legs[0].findings if judged.declared)
    assert verdict_words(declared) == "DECLARED DEVIATION"


def test_a_step_without_findings_says_why(sample: Sample) -> None:
    play = sample.run.plays[0]
    text = step_summary(play, play.steps[4], OUT)
    assert "rescheduled [RAD-4]  INCONCLUSIVE" in text
    assert "to-image-manager: nothing arrived, and the link was never proven" in text
    silent = replace(play.steps[4], legs=())
    assert "no finding says why" in step_summary(play, silent, OUT)


def test_a_passed_step_is_one_line(sample: Sample) -> None:
    play = sample.run.plays[0]
    assert step_summary(play, play.steps[0], OUT) == ("scenarios/swf/scheduled.scenario.yaml:7  order [RAD-2]  PASS")


def test_findings_of_one_requirement_are_told_once(sample: Sample) -> None:
    play = sample.run.plays[0]
    leg = play.steps[1].legs[0]
    judged = next(judged for _, judged in decisive(play.steps[1]))
    step = replace(play.steps[1], legs=(replace(leg, findings=(judged,) * 500),))
    text = step_summary(play, step, OUT)
    assert text.count("FAIL (Order Filler)") == 1
    assert "  500 of this requirement at this step: swf.scheduled@2.5.1[Order Filler] exchange 2 (500 times)" in text


def test_many_requirements_are_counted_not_printed(sample: Sample) -> None:
    play = sample.run.plays[0]
    leg = play.steps[1].legs[0]
    judged = next(judged for _, judged in decisive(play.steps[1]))
    many = [
        replace(judged, requirement=replace(judged.requirement, id=RequirementId(f"mwl-response/{number}")))
        for number in range(50)
    ]
    step = replace(play.steps[1], legs=(replace(leg, findings=tuple(many)),))
    text = step_summary(play, step, OUT)
    assert text.count("FAIL (Order Filler)") == 20
    assert "... and 30 more" in text


def test_a_failure_in_several_plays_names_them(sample: Sample) -> None:
    play = sample.run.plays[0]
    other = replace(play, play=PlayId("swf.scheduled@2.3.1[Order Filler]"))
    run = replace(sample.run, plays=(play, other))
    group = next(group for group in complaints(run) if group.judged.verdict is Verdict.FAIL)
    assert group_text(group, AGAIN).splitlines()[-1] == (
        "  2 of this requirement at this step: swf.scheduled@2.5.1[Order Filler] exchange 2, "
        "swf.scheduled@2.3.1[Order Filler] exchange 2"
    )


def test_steps_without_findings_are_told_by_their_reason(sample: Sample) -> None:
    play = sample.run.plays[0]
    other = replace(play, play=PlayId("swf.scheduled@2.3.1[Order Filler]"))
    run = replace(sample.run, plays=(play, other))
    (group,) = unexplained(run)
    assert group.reasons == ("to-image-manager: nothing arrived, and the link was never proven",)
    assert len(group.members) == 2
    (silent,) = not_judged(run)
    assert silent.reasons == ("to-order-filler: inside the product",)
    assert "reproduce: swf judge" in reason_text(*group.members[0], AGAIN)


def test_a_reason_that_all_legs_share_is_told_once(sample: Sample) -> None:
    step = sample.run.plays[0].steps[2]
    leg = step.legs[0]
    alone = replace(step, reason=leg.reason)
    assert reasons(alone) == ("inside the product",)
    pair = (leg, replace(leg, leg=LegId("to-image-manager")))
    passed = replace(leg, leg=LegId("to-pps-manager"), verdict=Verdict.PASS, reason="")
    assert reasons(replace(alone, legs=pair)) == ("inside the product",)
    assert reasons(replace(alone, legs=(*pair, passed))) == ("to-order-filler, to-image-manager: inside the product",)
    assert reasons(replace(alone, reason="the port is in use")) == (
        "the port is in use",
        "to-order-filler: inside the product",
    )


def test_transactions_are_ordered_by_their_numbers() -> None:
    names = [TransactionId(name) for name in ("RAD-10", "RAD-5", "RAD-\u0665", "X")]
    assert [name for name, _ in by_number(dict.fromkeys(names, Verdict.PASS))] == ["X", "RAD-\u0665", "RAD-5", "RAD-10"]


@pytest.mark.parametrize("hostile", ["\x1b[2J\x07", "a\r\nFAIL (nobody)", "\udc80\u202e", "A" * 1_000_000])
def test_hostile_values_stay_on_their_line(sample_with: Callable[[str], Sample], hostile: str) -> None:
    run = sample_with(hostile).run
    again = Reproduction(OUT, run)
    for text in [step_text(play, step, again) for play in run.plays for step in play.steps]:
        assert text.encode("utf-8").decode("utf-8") == text
        assert all(character == "\n" or character >= " " for character in text)
        assert all(len(line) < 2000 for line in text.splitlines())
        assert not any(line.startswith("FAIL") for line in text.splitlines())


def test_anchors_are_what_the_links_point_to(sample: Sample) -> None:
    play = sample.run.plays[0]
    assert href(exchange_anchor(ExchangeId(7))) == "#x7"
    assert " " not in step_anchor(play, play.steps[0])
    assert href('a"<b') == "#a%22%3Cb"


def test_a_product_is_tested_and_never_certified() -> None:
    assert claim_words("Acme RIS", "SWF.b", "Order Filler") == "Acme RIS: tested against SWF.b Order Filler"
