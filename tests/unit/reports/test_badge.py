"""badge.svg."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.model.verdict import Verdict
from reports.badge import REPORT, badge_words

Sample = Any  # the fixture's class lives in conftest.py

SVG = "{http://www.w3.org/2000/svg}"


def drawn(sample: Sample) -> ET.Element:
    REPORT.write(sample.run, sample.out, sample.payload)
    return ET.fromstring((sample.out / "badge.svg").read_bytes())  # noqa: S314 - we wrote it


def texts(root: ET.Element) -> list[str | None]:
    return [element.text for element in root.iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("verdict", "code", "words"),
    [
        (Verdict.PASS, 0, "pass, 2 scenarios"),
        (Verdict.NONE, 2, "none, 2 scenarios"),
        (Verdict.FAIL, 1, "fail, 1 of 2"),
        (Verdict.FAIL, 0, "fail, 1 of 2, all known"),
        (Verdict.INCONCLUSIVE, 2, "inconclusive, 1 of 2"),
        (Verdict.ERROR, 2, "error, 1 of 2"),
    ],
)
def test_it_says_the_verdict_and_how_many(sample: Sample, verdict: Verdict, code: int, words: str) -> None:
    first, second = sample.run.plays
    run = replace(sample.run, plays=(replace(first, verdict=verdict), second), verdict=verdict, exit_code=code)
    assert texts(drawn(replace(sample, run=run))) == ["SWF tested", words]


def test_an_interrupted_run_is_no_plain_pass(sample: Sample) -> None:
    run = replace(sample.run, verdict=Verdict.PASS, interrupted=True)
    assert badge_words(run) == "interrupted, pass"


def test_every_verdict_has_its_colour(sample: Sample) -> None:
    colours = set()
    for verdict in Verdict:
        root = drawn(replace(sample, run=replace(sample.run, verdict=verdict, exit_code=1)))
        colours.add([rect.get("fill") for rect in root.iter(f"{SVG}rect")][-1])
    assert len(colours) == len(Verdict)


def test_the_words_fit_into_their_half(sample: Sample) -> None:
    root = drawn(sample)
    left, right = [int(rect.get("width", 0)) for rect in root.iter(f"{SVG}rect")][1:]
    assert int(root.get("width", 0)) == left + right
    for text, width in zip(root.iter(f"{SVG}text"), (left, right), strict=True):
        assert int(text.get("textLength", 0)) == width - 12


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '"/><image href="http://example.org/x"/>',
        "\x00\x1b[31m",
        "\udc80\u202e",
        "A" * 1_000_000,
    ],
)
def test_hostile_names_stay_text_in_the_title(sample_with: Callable[[str], Sample], hostile: str) -> None:
    sample = sample_with(hostile)
    system = replace(sample.run.plan.systems[0], name=hostile, version=hostile)
    run = replace(sample.run, plan=replace(sample.run.plan, systems=(system,), started=hostile))
    root = drawn(replace(sample, run=run))
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
        "svg",
        "title",
        "clipPath",
        "rect",
        "g",
        "text",
    }
    assert texts(root)[0] == "SWF tested"
    assert (sample.out / "badge.svg").stat().st_size < 3000
