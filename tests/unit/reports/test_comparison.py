"""A comparison of two runs, as text, page and data: whatever a run holds, nothing of it gets out of its place."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import pytest
from rich.console import Console

from harness.model.comparison import (
    Comparison,
    Count,
    FieldChange,
    FindingChange,
    Latency,
    Level,
    Moved,
    News,
    Place,
    RuleChange,
    Said,
    Side,
    Timing,
    Way,
)
from harness.model.names import ActorName, ExchangeId, LegId, PlayerName, PlayId, RequirementId, StepId, TransactionId
from harness.model.profile import Citation, Requirement
from harness.model.transcript import Half
from harness.model.verdict import Confidence, Outcome, Verdict
from reports.comparison import comparison_text, count_lines, field_words, finding_groups, said_word, told_verdicts
from reports.comparison_json import comparison_json
from reports.html.comparison import comparison_html

HOSTILE = [
    "<script>alert(1)</script>",
    "\x1b[2J\x1b[31mPASS\r\nverdict: pass",
    '"><img src=x onerror=alert(1)>',
    "</style><h1>",
    "\u202egnorw\u2066",
    "[bold red]PASS[/]",
    "\ud800 alone",
    "{{ 7 * 7 }}{% for x in y %}",
    "x" * 100_000,
]


def requirement(text: str) -> Requirement:
    return Requirement(
        id=RequirementId(text),
        text=text,
        citation=Citation(text=text, confidence=Confidence.BELIEVED, source=""),
        actor=ActorName(text),
        transaction=TransactionId(text),
    )


def side(text: str) -> Side:
    return Side(
        name=text,
        run=text,
        started=text,
        seed=1,
        harness_version=text,
        rule_set=text,
        systems=(text,),
        verdict=Verdict.FAIL,
        exit_code=1,
        plays=1,
    )


def change(news: News, text: str = "x", play: str = "swf.one@2.5.1") -> FindingChange:
    said = Said(outcome=Outcome.VIOLATED, verdict=Verdict.FAIL, violated=2, received=text, exchange=ExchangeId(3))
    met = Said(outcome=Outcome.MET, verdict=Verdict.PASS, violated=0, received=text)
    return FindingChange(
        news=news,
        play=PlayId(play),
        step=StepId(text),
        leg=LegId(text),
        transaction=TransactionId(text),
        requirement=requirement(text),
        actor=ActorName(text),
        player=PlayerName(text),
        path=text,
        before=met if news is News.NEW else said,
        after={News.NEW: said, News.FIXED: met}.get(news),
    )


def everything(text: str) -> Comparison:
    """A comparison that says that text wherever a run may say something."""
    play, step, leg, transaction = PlayId(text), StepId(text), LegId(text), TransactionId(text)
    place = Place(play=play, step=step, before=ExchangeId(1), after=ExchangeId(2))
    latency = Latency(count=3, median=0.01, high=0.02, longest=0.03)
    return Comparison(
        before=side(text),
        after=side(text),
        verdicts=(Moved(level=Level.STEP, id=text, news=News.NEW, before=None, after=Verdict.FAIL, reason=text),),
        findings=tuple(change(news, text, text) for news in News),
        rules=(RuleChange(before=requirement(text), after=requirement("other"), what=("text", "citation")),),
        fields=tuple(
            FieldChange(
                transaction=transaction,
                leg=leg,
                message=text,
                half=half,
                sender=ActorName(text),
                receiver=ActorName(text),
                path=text,
                name=text,
                way=way,
                before=text,
                after=text,
                same_as=text,
                places=(place,),
            )
            for way in Way
            for half in Half
        ),
        counts=(Count(play=play, step=step, leg=leg, transaction=transaction, what=text, before=1, after=2),),
        timings=(
            Timing(
                transaction=transaction,
                leg=leg,
                responder=ActorName(text),
                player=PlayerName(text),
                before=latency,
                after=latency,
                slower=True,
            ),
        ),
        compared=2,
        seconds={play: (1.0, 2.0)},
        notes=(text,),
    )


def printed(found: Comparison, *, terminal: bool = False) -> str:
    stream = io.StringIO()
    comparison_text(found, Console(file=stream, force_terminal=terminal, width=80, color_system=None))
    return stream.getvalue()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_moves_a_cursor_or_breaks_a_line(text: str) -> None:
    shown = printed(everything(text))
    lines = printed(everything("plain")).count("\n")
    assert shown.count("\n") == lines
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)
    assert len(shown) < 60_000


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_becomes_part_of_the_page(text: str) -> None:
    page = comparison_html(everything(text))
    plain = comparison_html(everything("plain"))
    assert re.findall(r"<[a-z0-9]+", page) == re.findall(r"<[a-z0-9]+", plain)
    assert "<script" not in page
    assert "onerror=alert(1)>" not in page
    assert "49" not in page.partition("<body>")[2] or "7 * 7" not in text
    assert len(page) < 120_000


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_the_data_is_whole_and_can_be_written(text: str) -> None:
    data = json.loads(comparison_json(everything(text), 1).encode("utf-8"))
    assert data["exit_code"] == 1
    held = data["fields"][0]["before"]
    assert held == text or text == "\ud800 alone"


def test_the_same_in_several_scenarios_is_told_once() -> None:
    found = (change(News.NEW, play="swf.one@2.5.1"), change(News.NEW, play="swf.two@2.5.1"))
    (group,) = finding_groups(found)
    assert group.where == "swf.one@2.5.1, swf.two@2.5.1"
    count = Count(
        play=PlayId("a"),
        step=StepId("s"),
        leg=LegId("l"),
        transaction=TransactionId("RAD-8"),
        what="C-STORE CT",
        before=1,
        after=2,
    )
    other = Count(
        play=PlayId("b"),
        step=StepId("s"),
        leg=LegId("l"),
        transaction=TransactionId("RAD-8"),
        what="C-STORE CT",
        before=1,
        after=2,
    )
    assert count_lines((count, other)) == ["s [RAD-8 l]  C-STORE CT: 1 -> 2  in a, b"]


def test_a_known_deviation_says_so() -> None:
    said = Said(outcome=Outcome.VIOLATED, verdict=Verdict.FAIL, violated=1, known=True)
    assert said_word(said) == "known fail"
    assert said_word(None) == "not judged"
    warning = Said(outcome=Outcome.VIOLATED, verdict=Verdict.PASS, violated=1)
    assert said_word(warning) == "warning"


def test_steps_of_a_scenario_that_one_run_has_alone_are_not_told() -> None:
    play = Moved(level=Level.PLAY, id="swf.one@2.5.1", news=News.GONE, before=Verdict.PASS, after=None)
    step = Moved(level=Level.STEP, id="swf.one@2.5.1/order", news=News.GONE, before=Verdict.PASS, after=None)
    other = Moved(level=Level.STEP, id="swf.two@2.5.1/order", news=News.GONE, before=Verdict.PASS, after=None)
    assert told_verdicts((play, step, other)) == [play, other]


def test_a_status_is_told_with_its_name() -> None:
    one = everything("plain").fields[0]
    status = FieldChange(
        transaction=one.transaction,
        leg=one.leg,
        message="C-STORE",
        half=Half.RESPONSE,
        sender=one.sender,
        receiver=one.receiver,
        path="Status",
        name="",
        way=Way.OTHER,
        before="0000",
        after="A700",
        places=one.places,
    )
    assert field_words(replace(status, after="zzzz")).endswith("-> zzzz")
    assert field_words(status) == "Status: 0000 Success -> A700 Refused: out of resources"


def test_nothing_that_differs_is_said_in_a_sentence() -> None:
    same = Comparison(before=side("a"), after=side("b"), verdicts=(), findings=())
    assert printed(same).splitlines()[-1] == "findings: none differs"
    assert "<h2>Nothing differs</h2>" in comparison_html(same)
