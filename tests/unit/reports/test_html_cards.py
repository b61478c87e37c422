"""Cards of findings, the lines of a message around a judged place, and the first sentence of the page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.model.finding import Evidence
from harness.model.names import ExchangeId
from harness.model.transcript import Half
from harness.model.verdict import Outcome, Verdict
from reports.grouping import complaints
from reports.html.excerpts import Excerpts
from reports.html.findings import Cards, Compared, compared_parts
from reports.html.headline import choices_of, headline_words
from reports.html.page import recorded_of
from reports.reproduction import Reproduction
from tests.unit.reports.conftest import judged

Sample = Any  # the fixture's class lives in conftest.py


def excerpts(sample: Sample, **more: Any) -> Excerpts:
    known = recorded_of(sample.run, sample.payload)
    return Excerpts(known.exchanges, sample.payload, known.marks, **more)


def findings(sample: Sample) -> dict[str, Any]:
    """Findings of the first play by requirement."""
    return {one.requirement.id: one for step in sample.run.plays[0].steps for leg in step.legs for one in leg.findings}


def test_an_excerpt_has_the_place_its_neighbours_and_what_contains_it(sample: Sample) -> None:
    lines = excerpts(sample).of(findings(sample)["mwl-response/Modality"])
    assert [(line.row.row.name, line.here) for line in lines] == [
        ("ScheduledProcedureStepSequence", False),
        ("Modality", True),
        ("ScheduledStationAETitle", False),
        ("ScheduledProcedureStepID", False),
    ]


def test_an_excerpt_shows_what_is_absent_where_it_should_be(sample: Sample) -> None:
    lines = excerpts(sample).of(findings(sample)["consistency/study-instance-uid"])
    here = next(line for line in lines if line.here)
    assert here.row.absent
    assert len(lines) == 3


def test_what_is_left_out_between_two_lines_is_marked(sample: Sample) -> None:
    lines = excerpts(sample).of(findings(sample)["rad-2.to-order-filler/ack-code"])
    assert [(line.row.row.place, line.skipped) for line in lines][:2] == [("MSH", False), ("MSH-9", True)]


def test_without_a_place_or_room_there_is_no_excerpt(sample: Sample) -> None:
    anywhere = judged("a/b", Outcome.VIOLATED, Verdict.FAIL, evidence=Evidence(exchange=ExchangeId(1)))
    nowhere = judged("a/b", Outcome.VIOLATED, Verdict.FAIL)
    unknown = judged(
        "a/b",
        Outcome.VIOLATED,
        Verdict.FAIL,
        evidence=Evidence(exchange=ExchangeId(77), half=Half.REQUEST, path="PID-3"),
    )
    assert [excerpts(sample).of(one) for one in (anywhere, nowhere, unknown)] == [(), (), ()]
    assert excerpts(sample, left=0).of(findings(sample)["mwl-response/Modality"]) == ()


def test_every_card_and_every_further_finding_has_an_anchor_of_its_own(sample: Sample) -> None:
    cards = Cards(Reproduction(sample.out, sample.run), excerpts(sample))
    groups = complaints(sample.run)
    first = [cards.of(group).id for group in groups]
    assert len(set(first)) == len(first)
    assert cards.of(groups[0]).id == f"{first[0]}~2"
    assert cards.of(groups[0], "attention/").id == f"attention/{first[0]}"
    assert "swf.scheduled@2.5.1[Order_Filler]/worklist/consistency/study-instance-uid@x2" in first


def test_a_card_says_what_to_do_next(sample: Sample) -> None:
    cards = Cards(Reproduction(sample.out, sample.run), excerpts(sample))
    found = {card.requirement: card for card in map(cards.of, complaints(sample.run))}
    again = found["consistency/study-instance-uid"]
    assert (again.reproduced, again.anchor) == ("send it again", "x2")
    assert again.reproduce.startswith("swf replay")
    assert found["ct-image/PatientID"].reproduced in ("play it again", "send it again")


@pytest.mark.parametrize(
    ("expected", "received", "parts"),
    [
        ("2.25.1821", "2.25.1899", (("2.25.18", "21", ""), ("2.25.18", "99", ""))),
        ("PAT83719", "PAT9983719", (("PAT", "", "83719"), ("PAT", "99", "83719"))),
        ("ORC-2 value", "ORC-2", (("ORC-2 value", "", ""), ("ORC-2", "", ""))),
        ("a value", "", (("a value", "", ""), ("absent", "", ""))),
        ("CT", "MR", (("CT", "", ""), ("MR", "", ""))),
        ("P6079228287", "WRONG02210095", (("P6079228287", "", ""), ("WRONG02210095", "", ""))),
    ],
)
def test_of_two_values_the_part_that_differs_stands_out(
    expected: str, received: str, parts: tuple[tuple[str, str, str], ...]
) -> None:
    one = judged("a/b", Outcome.VIOLATED, Verdict.FAIL, expected=expected, received=received)
    assert compared_parts(one) == tuple(
        Compared(name, *part) for name, part in zip(("expected", "received"), parts, strict=True)
    )


def test_the_origin_of_an_expected_value_stays_behind_it() -> None:
    one = judged(
        "a/b", Outcome.VIOLATED, Verdict.FAIL, expected="2.25.1821", received="2.25.1899", origin="seen in RAD-4"
    )
    assert compared_parts(one)[0] == Compared("expected", "2.25.18", "21", " (seen in RAD-4)")


def test_the_first_sentence_names_failures_and_what_rests_on_belief(sample: Sample) -> None:
    words = headline_words(sample.run, complaints(sample.run))
    assert words == (
        "The harness or one of its simulated actors did wrong: this run is no statement on a system. "
        "1 requirement violated, 1 of 5 steps failed in 2 scenarios. 21 of 23 checks rest on believed requirements."
    )


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict.PASS, "Nothing was violated in 1 step in 1 scenario."),
        (Verdict.INCONCLUSIVE, "Nothing was violated, and 0 of 1 step in 1 scenario could not be decided."),
        (Verdict.NONE, "Nothing was judged in 1 scenario."),
    ],
)
def test_the_first_sentence_of_a_run_without_failures(sample: Sample, verdict: Verdict, words: str) -> None:
    run = replace(sample.run, plays=sample.run.plays[1:], verdict=verdict, believed=0)
    assert headline_words(run, ()) == words


def test_the_first_sentence_of_nothing(sample: Sample) -> None:
    run = replace(sample.run, plays=(), verdict=Verdict.NONE, believed=0)
    assert headline_words(run, ()) == "Nothing was run."


def test_a_reader_can_choose_by_what_occurs(sample: Sample) -> None:
    choices = {choice.name: choice.values for choice in choices_of(sample.run)}
    assert choices["verdict"] == ("error", "fail", "inconclusive", "pass", "none")
    assert choices["actor"] == ("Image Manager", "Modality", "Order Filler", "Order Placer", "PPS Manager")
    assert choices["transaction"] == ("RAD-2", "RAD-4", "RAD-5", "RAD-6", "RAD-8")
